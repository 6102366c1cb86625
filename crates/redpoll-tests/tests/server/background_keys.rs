//! Long answers whose length is not known before: KEYS, SCAN and XREAD on a whole server go to
//! their clients in parts, too, and what those do not read does not gather in memory.

use redpoll_tests::{Server, Talk, eventually};

const KEYS: usize = 60_000;
/// The bytes of one of [`fill`]'s names in a reply.
const NAME: usize = "$200\r\n\r\n".len() + 200;

fn name(number: usize) -> String {
    format!("{number:0200}")
}

/// Sets keys with names of two hundred bytes.
fn fill(talk: &mut Talk, range: std::ops::Range<usize>) {
    let names: Vec<String> = range.map(name).collect();
    for part in names.chunks(1000) {
        let mut words: Vec<&[u8]> = vec![b"MSET"];
        part.iter().for_each(|name| words.extend([name.as_bytes(), b"v"]));
        assert_eq!(talk.ask_words(&words), "OK");
    }
}

#[test]
fn names_that_nobody_reads_do_not_gather() {
    let server = Server::start(&["--background-threads", "2"]);
    let mut talk = server.talk();
    fill(&mut talk, 0..KEYS);
    let before = talk.info("used_memory");
    let requests = ["KEYS *\r\n", "KEYS 0*\r\n", "SCAN 0 COUNT 1000000\r\n"];
    let mut slow: Vec<_> = requests.iter().map(|_| server.raw()).collect();
    slow.iter_mut().zip(requests).for_each(|(raw, request)| raw.send(request));
    eventually("all wait for their clients", || talk.info("background_held") == 3);
    let grown = talk.info("used_memory").saturating_sub(before);
    assert!(grown < 6 << 20, "{grown} bytes of {} each", KEYS * NAME);
    // What is read are the names as they were.
    fill(&mut talk, KEYS..KEYS + 1000);
    for number in 0..500 {
        talk.ask(&format!("DEL {}", name(number * 100)));
    }
    assert_eq!(talk.ask("DBSIZE"), format!(":{}", KEYS + 500));
    for (number, raw) in slow.iter_mut().enumerate() {
        raw.send("PING\r\n");
        let head = if number == 2 { "*2\r\n$1\r\n0\r\n" } else { "" };
        raw.expect(format!("{head}*{KEYS}\r\n"));
        raw.skip(KEYS * NAME);
        raw.expect("+PONG\r\n");
    }
    eventually("nothing runs", || talk.info("background_running") == 0);
    assert_eq!(talk.info("background_faults"), 0);
}

/// There are few seats for snapshots: who does not read gives his back when others want it.
#[test]
fn clients_who_do_not_read_keep_nobody_waiting() {
    let server = Server::start(&["--background-threads", "2"]);
    let mut talk = server.talk();
    fill(&mut talk, 0..KEYS);
    let mut slow: Vec<_> = (0..7).map(|_| server.raw()).collect();
    for (number, raw) in slow.iter_mut().enumerate() {
        raw.send(if number % 2 == 0 { "KEYS *\r\n" } else { "KEYS 0*\r\n" });
    }
    let all = talk.ask("KEYS *");
    assert_eq!(all.split(' ').count(), KEYS);
    assert_eq!(talk.ask("KEYS *000").split(' ').count(), KEYS / 1000);
    for raw in &mut slow {
        raw.expect(format!("*{KEYS}\r\n"));
        raw.skip(KEYS * NAME);
    }
    eventually("nothing runs", || talk.info("background_running") == 0);
}

#[test]
fn entries_that_nobody_reads_do_not_gather() {
    const ENTRIES: usize = 60_000;
    let server = Server::start(&["--background-threads", "2"]);
    let mut talk = server.talk();
    for number in 0..ENTRIES {
        let (id, value) = (format!("{}-1", number + 100_000), name(number));
        talk.connection.queue(&["XADD", "x", &id, "f", &value]);
        if number % 1000 == 999 {
            talk.connection.flush().expect("the connection is open");
            (0..1000).for_each(|_| drop(talk.receive()));
        }
    }
    let before = talk.info("used_memory");
    let mut slow = server.raw();
    slow.send("XREAD STREAMS x 0\r\n");
    eventually("it waits for its client", || talk.info("background_held") == 1);
    let grown = talk.info("used_memory").saturating_sub(before);
    assert!(grown < 3 << 20, "{grown} bytes more");
    talk.ask("XTRIM x MAXLEN 10");
    slow.send("PING\r\n");
    slow.expect(format!("*1\r\n*2\r\n$1\r\nx\r\n*{ENTRIES}\r\n"));
    slow.skip(ENTRIES * ("*2\r\n$8\r\n100000-1\r\n*2\r\n$1\r\nf\r\n".len() + NAME));
    slow.expect("+PONG\r\n");
}
