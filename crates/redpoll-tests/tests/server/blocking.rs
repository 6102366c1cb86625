//! Clients that wait for others: blocking commands, subscriptions, watched keys.

use redpoll_tests::{Server, Talk, eventually};
use std::time::{Duration, Instant};

/// Sends a command on a new connection and waits until the server counts one more waiting client.
fn waiting(server: &Server, talk: &mut Talk, command: &str) -> Talk {
    let before = talk.info("blocked_clients");
    let mut waiter = server.talk();
    waiter.send(command);
    eventually("the client waits", || talk.info("blocked_clients") > before);
    waiter
}

#[test]
fn each_blocking_command_is_served_by_another_connection() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let cases = [
        ("BLPOP l m 0", "RPUSH l a b", ":2", "[l a]"),
        ("BRPOP l m 0", "RPUSH m a b", ":2", "[m b]"),
        ("BLMOVE l m LEFT RIGHT 0", "RPUSH l x", ":1", "x"),
        ("BRPOPLPUSH l m 0", "RPUSH l y", ":1", "y"),
        ("BLMPOP 0 2 l m RIGHT COUNT 2", "RPUSH l a b c", ":3", "[l [c b]]"),
        ("BZPOPMIN z y 0", "ZADD z 1 a 2 b", ":2", "[z a 1]"),
        ("BZPOPMAX z y 0", "ZADD y 1 a 2 b", ":2", "[y b 2]"),
        ("BZMPOP 0 1 z MIN", "ZADD z 1 a", ":1", "[z [[a 1]]]"),
        ("XREAD BLOCK 0 STREAMS s t $ $", "XADD t 1 f v", "1-0", "[[t [[1-0 [f v]]]]]"),
    ];
    for (wait, serve, reply, answer) in cases {
        talk.check("FLUSHALL", "OK");
        let mut waiter = waiting(&server, &mut talk, wait);
        talk.check(serve, reply);
        assert_eq!(waiter.receive(), answer, "{wait}");
        waiter.check("PING", "PONG");
    }
}

#[test]
fn consumers_wait_for_entries_for_claims_and_for_bad_news() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.check("XGROUP CREATE s g $ MKSTREAM", "OK");
    let mut first = waiting(&server, &mut talk, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
    talk.check("XADD s 1 f v", "1-0");
    assert_eq!(first.receive(), "[[s [[1-0 [f v]]]]]");
    // Nobody does anything: the entry comes due while the second one waits.
    let start = Instant::now();
    let claim = "XREADGROUP GROUP g b BLOCK 5000 CLAIM 300 STREAMS s >";
    let mut second = waiting(&server, &mut talk, claim);
    let answer = second.receive();
    assert!(answer.starts_with("[[s [[1-0 [f v] :3"), "{answer}");
    assert!(answer.ends_with(" :1]]]]"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let mut third = waiting(&server, &mut talk, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
    talk.check("PEXPIRE s 20", ":1");
    let answer = third.receive();
    assert!(answer.starts_with("-NOGROUP No such key 's'"), "{answer}");
}

#[test]
fn the_first_to_wait_is_the_first_served() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut waiters: Vec<Talk> = (0..5).map(|_| waiting(&server, &mut talk, "BLPOP l 0")).collect();
    talk.check("RPUSH l 0 1 2 3 4 5 | LRANGE l 0 -1", ":6 | [5]");
    for (number, waiter) in waiters.iter_mut().enumerate() {
        assert_eq!(waiter.receive(), format!("[l {number}]"));
    }
}

#[test]
fn a_wait_ends_with_its_time() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    for (command, answer) in [
        ("BLPOP l 0.1", "nil"),
        ("BLMOVE l m LEFT LEFT 0.1", "nil"),
        ("BLMPOP 0.1 1 l LEFT", "nil"),
        ("BZPOPMIN z 0.1", "nil"),
    ] {
        let start = Instant::now();
        assert_eq!(talk.ask(command), answer, "{command}");
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(95), "{command}: {waited:?}");
    }
    let mut raw = server.raw();
    raw.check("BLPOP l 0.01\r\nBLMOVE l m LEFT LEFT 0.01\r\n", "*-1\r\n*-1\r\n");
    talk.check("BLPOP l x", "-ERR timeout is not a float or out of range");
    talk.check("BLPOP l -1", "-ERR timeout is negative");
}

#[test]
fn commands_behind_a_wait_are_answered_after_it() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut raw = server.raw();
    raw.send("PING\r\nBLPOP l 0\r\nECHO behind\r\nLLEN l\r\n");
    eventually("the client waits", || talk.info("blocked_clients") == 1);
    talk.check("RPUSH l a b", ":2");
    raw.expect("+PONG\r\n*2\r\n$1\r\nl\r\n$1\r\na\r\n$6\r\nbehind\r\n:1\r\n");
}

#[test]
fn a_waiter_that_vanishes_takes_nothing() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    drop(waiting(&server, &mut talk, "BLPOP l 0"));
    eventually("nobody waits", || talk.info("blocked_clients") == 0);
    talk.check("RPUSH l a | LLEN l", ":1 | :1");
}

#[test]
fn client_unblock_ends_a_wait() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    for (how, answer) in [
        ("", "nil"),
        ("TIMEOUT", "nil"),
        ("ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK"),
    ] {
        let mut waiter = server.talk();
        let id = waiter.ask("CLIENT ID").trim_start_matches(':').to_owned();
        waiter.send("BLPOP l 0");
        eventually("it waits", || talk.info("blocked_clients") == 1);
        assert_eq!(talk.ask(&format!("CLIENT UNBLOCK {id} {how}")), ":1");
        assert_eq!(waiter.receive(), answer);
        assert_eq!(talk.ask(&format!("CLIENT UNBLOCK {id}")), ":0");
    }
}

#[test]
fn in_a_transaction_nothing_waits() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.check(
        "MULTI | BLPOP l 0 | BLMOVE l m LEFT LEFT 0 | EXEC",
        "OK | QUEUED | QUEUED | [nil nil]",
    );
}

#[test]
fn a_push_inside_a_transaction_serves_after_it() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut waiter = waiting(&server, &mut talk, "BLPOP l 0");
    talk.check(
        "MULTI | RPUSH l a | RPUSH l b | LPOP l | EXEC",
        "OK | QUEUED | QUEUED | QUEUED | [:1 :2 a]",
    );
    assert_eq!(waiter.receive(), "[l b]");
}

#[test]
fn a_chain_of_waiters_is_served_by_one_push() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut last = waiting(&server, &mut talk, "BLPOP c 0");
    let mut second = waiting(&server, &mut talk, "BLMOVE b c LEFT LEFT 0");
    let mut first = waiting(&server, &mut talk, "BLMOVE a b LEFT LEFT 0");
    talk.check("RPUSH a x", ":1");
    assert_eq!((first.receive(), second.receive()), ("x".into(), "x".into()));
    assert_eq!(last.receive(), "[c x]");
    talk.check("EXISTS a b c", ":0");
}

#[test]
fn many_producers_and_consumers_lose_nothing() {
    let server = Server::start(&["--io-threads", "2"]);
    let each = 500;
    let mut seen: Vec<String> = std::thread::scope(|scope| {
        let server = &server;
        let consumers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    let mut talk = server.talk();
                    (0..each).map(|_| talk.ask("BLPOP q 0")).collect::<Vec<String>>()
                })
            })
            .collect();
        for producer in 0..4 {
            scope.spawn(move || {
                let mut talk = server.talk();
                for number in 0..each {
                    talk.ask(&format!("RPUSH q {producer}-{number}"));
                }
            });
        }
        consumers.into_iter().flat_map(|consumer| consumer.join().expect("a consumer")).collect()
    });
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4 * each);
    server.talk().check("EXISTS q", ":0");
}

#[test]
fn subscriptions() {
    let server = Server::start(&["--io-threads", "2"]);
    let mut talk = server.talk();
    let mut sub = server.talk();
    sub.send("SUBSCRIBE a b");
    assert_eq!(
        (sub.receive(), sub.receive()),
        ("[subscribe a :1]".into(), "[subscribe b :2]".into())
    );
    assert_eq!(sub.ask("PSUBSCRIBE a*"), "[psubscribe a* :3]");
    assert_eq!(sub.ask("SSUBSCRIBE s"), "[ssubscribe s :1]");
    talk.check("PUBLISH a m | PUBLISH none m | SPUBLISH s n", ":2 | :0 | :1");
    let seen = (sub.receive(), sub.receive(), sub.receive());
    assert_eq!(seen, ("[message a m]".into(), "[pmessage a* a m]".into(), "[smessage s n]".into()));
    let refusal = "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / \
                   QUIT / RESET are allowed in this context";
    assert_eq!(sub.ask("GET k"), refusal);
    assert_eq!(sub.ask("PING"), "[pong ]");
    assert_eq!(sub.ask("UNSUBSCRIBE a"), "[unsubscribe a :2]");
    talk.check("PUBSUB NUMSUB a b | PUBSUB NUMPAT", "[a :0 b :1] | :1");
    let mut three = Talk::resp3(server.port);
    assert_eq!(three.ask("SUBSCRIBE a"), ">subscribe a :1");
    talk.check("PUBLISH a m", ":2");
    assert_eq!(three.receive(), ">message a m");
    three.check("GET k", "nil");
}

#[test]
fn a_subscriber_sees_messages_in_order() {
    let server = Server::start(&["--io-threads", "2"]);
    let mut sub = server.talk();
    sub.ask("SUBSCRIBE c");
    let mut talk = server.talk();
    for number in 0..2000 {
        assert_eq!(talk.ask(&format!("PUBLISH c {number}")), ":1");
    }
    for number in 0..2000 {
        assert_eq!(sub.receive(), format!("[message c {number}]"));
    }
}

#[test]
fn a_watched_key_that_changes_stops_the_transaction() {
    let server = Server::start(&["--io-threads", "2"]);
    let (mut talk, mut other) = (server.talk(), server.talk());
    let changes =
        ["SET k w", "DEL k", "EXPIRE k 100", "APPEND k x", "FLUSHALL", "RENAME k j", "FLUSHDB"];
    for change in changes {
        talk.check("SET k v | WATCH k", "OK | OK");
        other.ask(change);
        talk.check("MULTI | SET k mine | EXEC", "OK | QUEUED | nil");
    }
    talk.check("SET k v | WATCH k", "OK | OK");
    other.check("GET k | SET elsewhere x", "v | OK");
    talk.check("MULTI | SET k mine | EXEC", "OK | QUEUED | [OK]");
    talk.check("WATCH k | UNWATCH", "OK | OK");
    other.check("SET k w", "OK");
    talk.check("MULTI | GET k | EXEC", "OK | QUEUED | [w]");
    talk.check("WATCH k | SET k own | MULTI | GET k | EXEC", "OK | OK | OK | QUEUED | nil");
    talk.check("SET k v PX 1 | WATCH gone", "OK | OK");
    eventually("the key has expired", || other.ask("EXISTS k") == ":0");
    talk.check("MULTI | PING | EXEC", "OK | QUEUED | [PONG]");
}

#[test]
fn transactions_and_their_faults() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.check("EXEC | DISCARD", "-ERR EXEC without MULTI | -ERR DISCARD without MULTI");
    talk.check(
        "MULTI | MULTI | WATCH k",
        "OK | -ERR MULTI calls can not be nested | -ERR WATCH inside MULTI is not allowed",
    );
    talk.check("DISCARD | MULTI", "OK | OK");
    let unknown = "-ERR unknown command 'NOSUCH', with args beginning with: ";
    assert_eq!(talk.ask("NOSUCH"), unknown);
    talk.check("EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    let wrong = "-WRONGTYPE Operation against a key holding the wrong kind of value";
    talk.check("MULTI | SET k v | LPUSH k x | GET k", "OK | QUEUED | QUEUED | QUEUED");
    talk.check("EXEC", &format!("[OK {wrong} v]"));
    talk.check("MULTI | SET k w | DISCARD | GET k", "OK | QUEUED | OK | v");
}

#[test]
fn keyspace_events_reach_their_subscribers() {
    let server = Server::start(&["--notify-keyspace-events", "KEA"]);
    let mut sub = server.talk();
    assert_eq!(sub.ask("PSUBSCRIBE __key*__:*"), "[psubscribe __key*__:* :1]");
    let mut talk = server.talk();
    talk.check("SET k v PX 20", "OK");
    let seen: Vec<String> = (0..6).map(|_| sub.receive()).collect();
    let event = |kind: &str, what: &str, of: &str| {
        format!("[pmessage __key*__:* __{kind}@0__:{what} {of}]")
    };
    let expected: Vec<String> = ["set", "expire", "expired"]
        .iter()
        .flat_map(|name| [event("keyspace", "k", name), event("keyevent", name, "k")])
        .collect();
    assert_eq!(seen, expected);
}
