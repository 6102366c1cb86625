//! Clients that ask for more than they read, or for more than their share.
//!
//! Bounds on memory are asserted, with room to spare; times are printed and never asserted.

use redpoll_tests::{Raw, Server, Talk, eventually};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MEGABYTE: usize = 1 << 20;

/// Sends `count` times GET of `key` from another thread, and never waits for an answer.
fn pipeline(server: &Server, key: &str, count: usize) -> (Raw, std::thread::JoinHandle<Raw>) {
    let reader = server.raw();
    let mut writer = reader.twin();
    let request = format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
    let block = request.repeat(1000);
    let sender = std::thread::spawn(move || {
        for _ in 0..count / 1000 {
            writer.send(&block);
        }
        writer
    });
    (reader, sender)
}

#[test]
fn a_million_unread_replies_do_not_fill_the_memory() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let value = "x".repeat(1000);
    talk.ask(&format!("SET big {value}"));
    let (used_before, resident_before) = (talk.info("used_memory"), server.resident());
    let count = 1_000_000;
    let (mut reader, sender) = pipeline(&server, "big", count);
    // The server stops reading when replies are not read: its figures come to rest.
    let mut last = u64::MAX;
    let mut since = Instant::now();
    eventually("the server has stopped serving the pipeline", || {
        assert_eq!(talk.ask("PING"), "PONG");
        let now = talk.info("total_net_output_bytes") / MEGABYTE as u64;
        if now != last {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(300)
    });
    let used = (talk.info("used_memory") - used_before) as usize;
    let resident = server.resident().saturating_sub(resident_before);
    println!("unread: {used} bytes used, {resident} resident");
    assert!(used < 64 * MEGABYTE, "{used} bytes more in use");
    assert!(resident < 128 * MEGABYTE, "{resident} bytes more resident");
    // Once they are read, every one of them comes.
    reader.skip(count * (value.len() + "$1000\r\n\r\n".len()));
    let mut writer = sender.join().expect("the sender");
    writer.send("PING\r\n");
    reader.expect("+PONG\r\n");
}

#[test]
fn a_client_that_never_reads_is_not_waited_for() {
    let server = Server::start(&["--io-threads", "1"]);
    let mut talk = server.talk();
    talk.ask(&format!("SET big {}", "x".repeat(100_000)));
    let mut silent: Vec<Raw> = (0..5).map(|_| server.raw()).collect();
    for raw in &mut silent {
        raw.send("GET big\r\n".repeat(1000));
    }
    for _ in 0..100 {
        talk.check("PING", "PONG");
    }
    drop(silent);
    eventually("they are gone", || talk.info("connected_clients") == 1);
}

/// Measures round trips of one connection while another keeps a deep pipeline going.
#[test]
fn a_deep_pipeline_leaves_room_for_a_single_command() {
    let server = Server::start(&["--io-threads", "1"]);
    let stop = AtomicBool::new(false);
    let mut times: Vec<Duration> = Vec::new();
    std::thread::scope(|scope| {
        let mut greedy = server.raw();
        let stop = &stop;
        scope.spawn(move || {
            let block = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(10_000);
            while !stop.load(Ordering::Relaxed) {
                greedy.send(&block);
                greedy.skip(10_000 * "$-1\r\n".len());
            }
        });
        let mut talk = server.talk();
        for _ in 0..1000 {
            let start = Instant::now();
            assert_eq!(talk.ask("PING"), "PONG");
            times.push(start.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
    });
    times.sort();
    println!("round trip beside a pipeline of 10000: p50 {:?}, p99 {:?}", times[500], times[990]);
}

#[test]
fn a_slow_subscriber_is_disconnected_at_its_limit() {
    let server = Server::start(&["--client-output-buffer-limit", "pubsub 1mb 0 0"]);
    let mut talk = server.talk();
    let mut slow = server.raw();
    slow.check("SUBSCRIBE news\r\n", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    let mut quick = Talk::tcp(server.port);
    quick.check("SUBSCRIBE other", "[subscribe other :1]");
    let message = "m".repeat(100_000);
    eventually("the subscriber is disconnected", || {
        talk.ask(&format!("PUBLISH news {message}")) == ":0"
    });
    talk.check("PUBLISH other hello", ":1");
    assert_eq!(quick.receive(), "[message other hello]");
    // What had been sent before may still be read; then the connection ends.
    slow.read_to_end();
    assert!(talk.info("client_output_buffer_limit_disconnections") >= 1);
}

#[test]
fn a_slow_client_is_disconnected_at_a_hard_limit() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 512kb 0 0"]);
    let mut talk = server.talk();
    talk.ask(&format!("SET big {}", "x".repeat(MEGABYTE)));
    let mut slow = server.raw();
    slow.send("GET big\r\n".repeat(200));
    eventually("the client is disconnected", || talk.info("connected_clients") == 1);
    slow.read_to_end();
    talk.check("PING", "PONG");
}

/// Nothing of what is too much is sent, however the replies have come together; and what the
/// commands were to do is done.
#[test]
fn replies_beyond_a_hard_limit_are_not_begun() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 100kb 0 0"]);
    let mut talk = server.talk();
    talk.ask(&format!("SET big {}", "x".repeat(90_000)));
    let alone = "HSET h a b\r\nHRANDFIELD h -999999999\r\n";
    let pipeline = "SET before 1\r\nGET big\r\nGET big\r\nSET after 1\r\n";
    let transaction = "MULTI\r\nGET big\r\nGET big\r\nSET within 1\r\nEXEC\r\n";
    for requests in [alone, pipeline, transaction] {
        let mut raw = server.raw();
        raw.send(requests);
        let answer = raw.read_to_end();
        assert!(!answer.contains(&b'x'), "{requests}: {} bytes came", answer.len());
    }
    talk.check("MGET before after within", "[1 nil 1]");
    assert_eq!(talk.info("client_output_buffer_limit_disconnections"), 3);
    // Below the limit nothing has changed.
    assert_eq!(talk.ask("GET big").len(), 90_000);
}

/// Many libraries send a whole pipeline before they read the first reply of it.
#[test]
fn who_writes_everything_before_reading_anything_is_not_kept_waiting_for_ever() {
    let server = Server::start(&[]);
    let (mut raw, count) = (server.raw(), 40_000);
    let value = "x".repeat(1000);
    let request = format!("*2\r\n$4\r\nECHO\r\n$1000\r\n{value}\r\n");
    raw.send(request.repeat(count));
    raw.skip(count * (value.len() + "$1000\r\n\r\n".len()));
    raw.check("PING\r\n", "+PONG\r\n");
}

#[test]
fn a_request_beyond_the_query_buffer_limit_ends_the_connection() {
    let server = Server::start(&["--client-query-buffer-limit", "1mb"]);
    let mut talk = server.talk();
    let mut raw = server.raw();
    raw.send("*2\r\n$4\r\nECHO\r\n$3000000\r\n");
    for _ in 0..30 {
        raw.send(vec![b'x'; 100_000]);
    }
    raw.expect_closed();
    talk.check("PING", "PONG");
}
