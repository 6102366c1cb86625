//! The server is killed in the middle of its work, again and again, and what it then finds in its
//! log is compared with the history of what each client did.
//!
//! Each client's operations have numbers and follow one another, every second one a transaction
//! over several keys, some in pipelines. Whatever the moment, the data must be what the first so
//! many operations of each client have made: all that were acknowledged, none in part, none out of
//! order. `REDPOLL_TEST_KILLS=500` sets how often (docs/testing.md).

use redpoll_tests::server::new_directory;
use redpoll_tests::{Server, Talk};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 4;
/// With `everysec`, so much may be lost at worst.
const LOSS_MAX: Duration = Duration::from_secs(2);

/// What a client has done.
#[derive(Default)]
struct History {
    /// Operations sent.
    sent: u64,
    /// Operations acknowledged, and when, since the last start.
    acknowledged: u64,
    times: Vec<(u64, Instant)>,
}

fn rounds(default: u64) -> u64 {
    let wanted = std::env::var("REDPOLL_TEST_KILLS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The commands of an operation: all numbers in a list, and those of transactions in other keys.
fn operation(client: usize, number: u64) -> (String, usize) {
    let push = format!("RPUSH log:{client} {number}\r\n");
    if number % 2 == 1 {
        return (push, 1);
    }
    let rest = format!("SET last:{client} {number}\r\nHINCRBY counts {client} 1\r\n");
    let more = format!("RPUSH all {client}:{number}\r\n");
    (format!("MULTI\r\n{push}{rest}{more}EXEC\r\n"), 5 + 1 + 4)
}

/// Works until the server is gone.
fn work(port: u16, client: usize, history: &mut History, killed: &AtomicBool) {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
    stream.set_nodelay(true).expect("an option");
    let mut replies = BufReader::new(stream.try_clone().expect("another handle"));
    let mut stream = stream;
    loop {
        // Pipelines of one to three operations.
        let count = history.sent % 3 + 1;
        let mut requests = String::new();
        let mut lines = Vec::new();
        for number in history.sent + 1..=history.sent + count {
            let (request, expected) = operation(client, number);
            requests += &request;
            lines.push((number, expected));
        }
        history.sent += count;
        if stream.write_all(requests.as_bytes()).is_err() {
            break;
        }
        for (number, expected) in lines {
            let mut line = String::new();
            for _ in 0..expected {
                line.clear();
                match replies.read_line(&mut line) {
                    Ok(1..) if line.ends_with('\n') => {}
                    _ => {
                        assert!(killed.load(SeqCst), "the server has gone by itself");
                        return;
                    }
                }
                assert!(!line.starts_with('-'), "{line}");
            }
            history.acknowledged = number;
            history.times.push((number, Instant::now()));
        }
    }
    assert!(killed.load(SeqCst), "the server has gone by itself");
}

/// Compares what is there with what a client did; `least` is what must be there.
fn compare(talk: &mut Talk, client: usize, history: &mut History, least: u64) {
    let log = talk.ask(&format!("LRANGE log:{client} 0 -1"));
    let log: Vec<u64> = log
        .trim_matches(['[', ']'])
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect();
    let there = log.len() as u64;
    assert!((1..=there).eq(log), "client {client}: something is missing in the middle");
    assert!(there >= least, "client {client}: {there} operations are there, {least} must be");
    assert!(there <= history.sent, "client {client}: {there} of {} sent", history.sent);
    let whole = there / 2;
    let last = if whole == 0 { "nil".to_owned() } else { (whole * 2).to_string() };
    talk.check(&format!("GET last:{client}"), &last);
    let count = if whole == 0 { "nil".to_owned() } else { whole.to_string() };
    talk.check(&format!("HGET counts {client}"), &count);
    let all = talk.ask("LRANGE all 0 -1");
    let own = format!("{client}:");
    let all = all.trim_matches(['[', ']']).split_whitespace();
    let all: Vec<u64> = all.filter_map(|word| word.strip_prefix(&own)?.parse().ok()).collect();
    assert!((1..=whole).map(|number| number * 2).eq(all), "client {client}: the common list");
    // From here on, this is what it has done.
    *history = History { sent: there, acknowledged: there, times: Vec::new() };
}

/// Kills the server so many times; `least` says what of a history must be there after a kill at
/// that moment.
fn kill_again_and_again(policy: &str, rounds: u64, least: fn(&History, Instant) -> u64) {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let settings = ["--dir", name, "--save", "", "--appendonly", "yes", "--appendfsync", policy];
    let mut histories: Vec<History> = (0..CLIENTS).map(|_| History::default()).collect();
    let mut killed_at = Instant::now();
    for round in 0..rounds {
        let mut server = Server::start(&settings);
        let mut talk = server.talk();
        for (client, history) in histories.iter_mut().enumerate() {
            let least = least(history, killed_at);
            compare(&mut talk, client, history, least);
        }
        match round % 4 {
            1 => drop(talk.ask("BGREWRITEAOF")),
            2 => drop(talk.ask("BGSAVE")),
            3 => drop(talk.ask("CONFIG SET aof-use-rdb-preamble no")),
            _ => {}
        }
        let killed = AtomicBool::new(false);
        killed_at = thread::scope(|scope| {
            for (client, history) in histories.iter_mut().enumerate() {
                let (port, killed) = (server.port, &killed);
                scope.spawn(move || work(port, client, history, killed));
            }
            // sleep: the moment of the kill is to be any.
            thread::sleep(Duration::from_millis(60 + 53 * (round % 7)));
            killed.store(true, SeqCst);
            // Its end may come much later: not before the disk has done what it was asked for.
            let killed_at = Instant::now();
            server.signal("KILL");
            server.wait();
            killed_at
        });
    }
    let server = Server::start(&settings);
    for (client, history) in histories.iter_mut().enumerate() {
        let least = least(history, killed_at);
        assert!(history.acknowledged > 0, "client {client} has done nothing");
        compare(&mut server.talk(), client, history, least);
    }
    drop(server);
    drop(fs::remove_dir_all(directory));
}

#[test]
fn with_always_all_that_was_acknowledged_is_there() {
    kill_again_and_again("always", rounds(8), |history, _| history.acknowledged);
}

#[test]
fn with_everysec_the_last_two_seconds_at_most_are_missing() {
    kill_again_and_again("everysec", rounds(6), |history, killed_at| {
        let old = |(_, at): &&(u64, Instant)| killed_at.duration_since(*at) > LOSS_MAX;
        let safe = history.times.iter().rev().find(old).map(|(number, _)| *number);
        // What was there at the last start stays in any case.
        let before = history.times.first().map_or(history.acknowledged, |(number, _)| number - 1);
        safe.unwrap_or(before)
    });
}
