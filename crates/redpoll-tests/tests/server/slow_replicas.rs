//! Replicas that take nothing for a while: what waits for them is kept once, and each gets all of
//! it.

use redpoll_tests::replication::{follow, is_up};
use redpoll_tests::{Server, eventually};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::thread;

const REPLICAS: usize = 10;
const VALUE: usize = 1 << 20;
const VALUES: usize = 50;

/// A primary whose backlog is small, and that somebody has followed.
fn primary() -> Server {
    let primary = Server::start(&["--repl-backlog-size", "1mb"]);
    let replica = Server::start(&[]);
    follow(&replica, &primary);
    eventually("the link is up", || is_up(&replica));
    primary
}

/// Follows from an offset on.
fn follower(primary: &Server, id: &str, offset: u64) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", primary.port)).expect("it listens");
    let words = format!("REPLCONF capa psync2\r\nPSYNC {id} {offset}\r\n");
    stream.write_all(words.as_bytes()).expect("it is sent");
    let mut stream = BufReader::new(stream);
    let mut lines = [String::new(), String::new()];
    lines.iter_mut().for_each(|line| assert!(stream.read_line(line).is_ok()));
    assert_eq!(lines, ["+OK\r\n".to_owned(), format!("+CONTINUE {id}\r\n")]);
    stream
}

fn text(primary: &Server, section: &str, field: &str) -> String {
    let info = primary.talk().ask(&format!("INFO {section}"));
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_default().to_owned()
}

#[test]
fn what_waits_for_many_is_kept_once_and_comes_whole() {
    let primary = primary();
    let number =
        |section, field| text(&primary, section, field).parse::<usize>().expect("a number");
    let id = text(&primary, "replication", "master_replid");
    let begun = number("replication", "master_repl_offset") as u64;
    let followers: Vec<_> = (0..REPLICAS).map(|_| follower(&primary, &id, begun + 1)).collect();
    let used = number("memory", "used_memory");
    let value = vec![b'v'; VALUE];
    let mut talk = primary.talk();
    for at in 0..VALUES {
        // The value of one key, so that the data do not grow.
        assert_eq!(talk.ask_words(&[b"SET", b"k", &value[at..]]), "OK");
    }
    let stream = VALUES * VALUE;
    let waits = number("memory", "mem_clients_slaves");
    assert!((stream / 2..2 * stream).contains(&waits), "{waits} bytes for {stream}");
    let grown = number("memory", "used_memory").saturating_sub(used);
    assert!(grown < 2 * stream, "{grown} bytes for {stream}");
    assert!(number("memory", "mem_not_counted_for_evict") > stream / 2);
    assert!(number("replication", "repl_backlog_histlen") <= 1 << 20);
    let clients = primary.talk().ask("CLIENT LIST TYPE replica");
    let omem = clients.lines().filter_map(|line| line.split_once(" omem=")?.1.split_once(' '));
    let omem: Vec<usize> = omem.filter_map(|(bytes, _)| bytes.parse().ok()).collect();
    assert_eq!(omem.iter().filter(|bytes| **bytes > stream / 2).count(), REPLICAS, "{omem:?}");
    let whole = (number("replication", "master_repl_offset") as u64 - begun) as usize;
    let read = move |mut stream: BufReader<TcpStream>| {
        let mut got = vec![0; whole];
        stream.read_exact(&mut got).expect("all of it");
        // It stays until all have been compared.
        (stream, got)
    };
    let first = {
        let all: Vec<_> = followers.into_iter().map(|it| thread::spawn(move || read(it))).collect();
        let mut all = all.into_iter().map(|it| it.join().expect("it has read"));
        let first = all.next().expect("one");
        assert!(all.all(|(_stream, got)| got == first.1), "all have got the same");
        first
    };
    let sets = first.1.windows(5).filter(|at| at == b"\r\nSET").count();
    assert_eq!(sets, VALUES);
    eventually("it is freed", || number("memory", "mem_clients_slaves") < stream / 10);
}

#[test]
fn who_is_too_far_behind_is_let_go_and_keeps_nothing() {
    let primary = primary();
    let number = |field| text(&primary, "memory", field).parse::<usize>().expect("a number");
    let id = text(&primary, "replication", "master_replid");
    let begun: u64 = text(&primary, "replication", "master_repl_offset").parse().expect("one");
    let limit: &[&[u8]] =
        &[b"CONFIG", b"SET", b"client-output-buffer-limit", b"replica 20971520 0 0"];
    assert_eq!(primary.talk().ask_words(limit), "OK");
    let mut slow = follower(&primary, &id, begun + 1);
    let value = vec![b'v'; VALUE];
    for _ in 0..VALUES {
        assert_eq!(primary.talk().ask_words(&[b"SET", b"k", &value]), "OK");
    }
    eventually("it is let go", || number("mem_clients_slaves") < 20 << 20);
    let mut got = Vec::new();
    // It may be told that it has not read everything.
    let _ = slow.read_to_end(&mut got);
    assert!(got.len() < VALUES * VALUE, "{}", got.len());
    assert!(primary.log().contains("closed for overcoming of output buffer limits"));
}
