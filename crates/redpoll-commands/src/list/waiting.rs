//! Tests of clients that wait for lists: who is served, when, from what, and in which order.

use crate::testing::{TestServer, check, check_events, check_log, play, raw3};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn what_is_there_is_answered_at_once() {
    check(
        "RPUSH b 1 2 3 4 | BLPOP a b 0 | BRPOP a b 1 | BLMPOP 0 2 a b LEFT COUNT 9",
        "4 | [b 1] | [b 4] | [b [2 3]]",
    );
    check(
        "RPUSH s 1 2 3 | BLMOVE s d LEFT RIGHT 0 | BRPOPLPUSH s d 0 | LRANGE d 0 -1",
        "3 | 1 | 3 | [3 1]",
    );
    check_log(
        "RPUSH s a b | BLMOVE s d left RIGHT 0 | BRPOPLPUSH s d 0",
        "SELECT 0 | RPUSH s a b | LMOVE s d left RIGHT | RPOPLPUSH s d",
    );
    check_events("RPUSH l a | BLPOP none l 0", "new l, rpush l, lpop l, del l", 2);
}

#[test]
fn a_push_is_answered_before_the_pusher_goes_on() {
    play(
        "a: BLPOP l 0 =
         b: RPUSH l x y = 2
         b: LRANGE l 0 -1 = [y]
         a: = [l x]
         a: LLEN l = 1",
    );
    play(
        "a: BLMPOP 0 2 k l RIGHT COUNT 2 =
         b: RPUSH l x y z = 3
         a: = [l [z y]]
         b: LRANGE l 0 -1 = [x]",
    );
    // The pusher's reply counts what it has pushed, though the waiter has taken it.
    play(
        "a: BRPOP l 0 =
         b: LPUSH l x = 1
         b: SADD l free = 1
         a: = [l x]",
    );
}

#[test]
fn the_first_come_is_the_first_served() {
    play(
        "a: BLPOP l 0 =
         b: BRPOP l 0 =
         c: BLPOP l 0 =
         p: RPUSH l 1 = 1
         a: = [l 1]
         b: =
         a: BLPOP l 0 =
         p: RPUSH l 1 2 3 4 = 4
         b: = [l 4]
         c: = [l 1]
         a: = [l 2]
         p: LRANGE l 0 -1 = [3]",
    );
}

#[test]
fn the_first_key_with_data_is_taken() {
    play(
        "a: BLPOP x y z 0 =
         p: RPUSH z 1 = 1
         a: = [z 1]
         p: RPUSH x 1 = 1
         p: LLEN x = 1",
    );
    // All keys that a transaction has filled are there when the waiter is served.
    play(
        "a: BLPOP x y 0 =
         p: MULTI = OK
         p: RPUSH y 1 = QUEUED
         p: RPUSH x 2 = QUEUED
         p: EXEC = [1 1]
         a: = [x 2]",
    );
    play(
        "a: BLPOP l l 0 =
         p: RPUSH l 1 2 = 2
         a: = [l 1]
         a: BLPOP l l 0 = [l 2]
         p: RPUSH l 3 = 1
         p: LLEN l = 1",
    );
}

#[test]
fn waiters_see_transactions_as_a_whole() {
    play(
        "a: BLPOP l 0 =
         p: MULTI = OK
         p: RPUSH l 1 = QUEUED
         p: LPUSH l 0 = QUEUED
         p: EXEC = [1 2]
         a: = [l 0]",
    );
    play(
        "a: BLPOP l 0 =
         p: MULTI = OK
         p: RPUSH l 1 = QUEUED
         p: RPOP l = QUEUED
         p: EXEC = [1 1]
         a: =
         p: MULTI = OK
         p: RPUSH l 1 = QUEUED
         p: LPOP l = QUEUED
         p: SET l text = QUEUED
         p: EXEC = [1 1 OK]
         a: =
         p: GETDEL l = text
         p: RPUSH l 2 = 1
         a: = [l 2]",
    );
}

#[test]
fn in_transactions_nobody_waits() {
    play(
        "a: MULTI = OK
         a: BLPOP l 0 = QUEUED
         a: BLMPOP 0 1 l LEFT = QUEUED
         a: BLMOVE l d LEFT LEFT 0 = QUEUED
         a: BRPOPLPUSH l d 0 = QUEUED
         a: RPUSH l 1 = QUEUED
         a: BRPOP l 0 = QUEUED
         a: EXEC = [nil nil nil nil 1 [l 1]]",
    );
}

#[test]
fn moves_serve_those_who_wait_for_the_target() {
    play(
        "a: BLMOVE s t LEFT RIGHT 0 =
         b: BRPOPLPUSH t u 0 =
         c: BLPOP u 0 =
         p: RPUSH s 1 = 1
         a: = 1
         b: = 1
         c: = [u 1]
         p: SADD s free = 1
         p: SADD t free = 1
         p: SADD u free = 1",
    );
    // In a circle it comes to where it began, and there it stays: all have been served.
    play(
        "a: BLMOVE x y LEFT RIGHT 0 =
         b: BLMOVE y x LEFT RIGHT 0 =
         p: RPUSH x 1 = 1
         a: = 1
         b: = 1
         p: LRANGE x 0 -1 = [1]",
    );
    play(
        "a: BRPOPLPUSH l l 0 =
         b: BLPOP l 0 =
         p: RPUSH l 1 2 = 2
         a: = 2
         b: = [l 2]
         p: LRANGE l 0 -1 = [1]",
    );
}

#[test]
fn keys_of_one_change_come_before_what_it_causes() {
    // k1 and k2 are filled by the transaction, k3 only by serving a: it is k3's turn last.
    play(
        "a: BLMOVE k1 k3 LEFT LEFT 0 =
         b: BLPOP k3 k2 0 =
         c: BLPOP k3 0 =
         p: MULTI = OK
         p: RPUSH k1 1 = QUEUED
         p: RPUSH k2 2 = QUEUED
         p: EXEC = [1 1]
         a: = 1
         b: = [k3 1]
         c: =
         p: LRANGE k2 0 -1 = [2]",
    );
}

#[test]
fn values_of_other_types_are_no_answer() {
    let commands = "SET l v | BLPOP l 0 | BLMPOP 0 1 l LEFT | BLMOVE l d LEFT LEFT 0".to_string();
    check(&commands, &format!("OK | {WRONG} | {WRONG} | {WRONG}"));
    check("RPUSH s a | SET d v | BRPOPLPUSH s d 0", &format!("1 | OK | {WRONG}"));
    play(
        "a: BLPOP l 0 =
         p: SADD l x = 1
         a: =
         p: SPOP l = x
         p: RPUSH l x = 1
         a: = [l x]",
    );
    // The first key in order is not a list by then: the command is refused as it would be anew.
    play(&format!(
        "a: BLPOP k l 0 =
         p: SET k v = OK
         a: =
         p: RPUSH l x = 1
         a: = {WRONG}
         p: LLEN l = 1"
    ));
    play(&format!(
        "a: BLMOVE s d LEFT LEFT 0 =
         b: BLPOP s 0 =
         p: SET d v = OK
         a: =
         p: RPUSH s x y = 2
         a: = {WRONG}
         b: = [s x]
         p: LRANGE s 0 -1 = [y]"
    ));
}

#[test]
fn waiting_ends_with_the_time() {
    play(
        "a: BLPOP l 0.1 =
         b: BLMOVE l d LEFT LEFT 0.2 =
         p: ~99 = ~
         a: =
         p: ~1 = ~
         a: = nil
         b: =
         p: RPUSH l x = 1
         b: = x
         a: =
         p: LLEN d = 1",
    );
    let mut server = TestServer::new();
    let mut client = server.client();
    for (command, reply) in [
        ("BLPOP l 1", "*-1\r\n"),
        ("BLMPOP 1 1 l LEFT", "*-1\r\n"),
        ("BLMOVE l d LEFT LEFT 1", "*-1\r\n"),
        ("BRPOPLPUSH l d 1", "*-1\r\n"),
    ] {
        assert_eq!(server.raw(&mut client, command), b"");
        assert_eq!(server.engine.waiters.len(), 1);
        let mut out = Vec::new();
        assert!(server.executor.give_up(&mut client, false, &mut out));
        assert_eq!(out, reply.as_bytes(), "{command}");
        assert!(client.waiting.is_none());
    }
    assert!(server.engine.waiters.is_empty());
    assert_eq!(raw3("MULTI | BLPOP l 0 | EXEC"), "+OK\r\n+QUEUED\r\n*1\r\n_\r\n");
}

#[test]
fn timeouts_are_checked() {
    let (negative, none) =
        ("ERR timeout is negative", "ERR timeout is not a float or out of range");
    check(
        "BLPOP l -1 | BRPOP l x | BLMOVE a b LEFT LEFT -0.5 | BRPOPLPUSH a b nan",
        &format!("{negative} | {none} | {negative} | {none}"),
    );
    check(
        "BLMPOP -1 1 l LEFT | BLMPOP -1 0 l LEFT | BLMPOP x 1 l UP",
        &format!("{negative} | ERR numkeys should be greater than 0 | ERR syntax error"),
    );
    let far = "ERR timeout is out of range";
    check(
        "BLPOP l 9223372036854775 | BLPOP l inf | BLPOP l 0x7fffffffffffff | BLPOP l 0x | \
         BLPOP l 0x+1",
        &format!("{far} | {far} | {far} | {none} | {none}"),
    );
    check(
        "RPUSH l a | BLPOP l 0x10 | MULTI | BLPOP l -0.0001 | EXEC",
        "1 | [l a] | OK | QUEUED | [nil]",
    );
    check("BLMOVE a b X LEFT -1", "ERR syntax error");
}

#[test]
fn a_client_that_has_gone_gets_nothing() {
    let mut server = TestServer::new();
    let (mut gone, mut stays, mut pusher) = (server.client(), server.client(), server.client());
    server.run(&mut gone, "BLPOP k l 0");
    server.run(&mut stays, "BLPOP l 0");
    server.executor.disconnect(&mut gone);
    server.run(&mut pusher, "RPUSH l 1");
    assert_eq!(server.receive(&mut gone), "");
    assert_eq!(server.receive(&mut stays), "[l 1]");
    assert!(server.engine.waiters.is_empty());
    server.run(&mut pusher, "RPUSH k 1");
    assert_eq!(server.run(&mut pusher, "LLEN k"), "1");
}

#[test]
fn a_wait_can_be_ended_by_others() {
    let mut server = TestServer::new();
    let (mut client, mut pusher) = (server.client(), server.client());
    for (error, reply) in [
        (true, &b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"[..]),
        (false, &b"*-1\r\n"[..]),
    ] {
        server.run(&mut client, "BLPOP l 0");
        let mut out = Vec::new();
        assert!(server.executor.give_up(&mut client, error, &mut out));
        assert_eq!(out, reply);
    }
    server.run(&mut pusher, "RPUSH l 1");
    assert_eq!(server.run(&mut pusher, "LLEN l"), "1");
    // Too late: the answer is there, and only the answer.
    server.run(&mut client, "BLPOP k 0");
    server.run(&mut pusher, "RPUSH k 1");
    let mut out = Vec::new();
    assert!(server.executor.give_up(&mut client, true, &mut out));
    assert_eq!(out, b"");
    assert_eq!(server.receive(&mut client), "[k 1]");
}

#[test]
fn who_wants_no_replies_gets_none() {
    play(
        "a: CLIENT REPLY OFF =
         a: BLPOP l 0 =
         p: RPUSH l 1 2 = 2
         a: =
         a: CLIENT REPLY ON = OK
         p: LRANGE l 0 -1 = [2]",
    );
    play(
        "a: CLIENT REPLY SKIP =
         a: BLPOP l 0 =
         p: RPUSH l 1 = 1
         a: =
         a: LLEN l = 0",
    );
}

#[test]
fn a_waiter_speaks_its_own_protocol_in_its_own_database() {
    let mut server = TestServer::new();
    let (mut client, mut pusher) = (server.client(), server.client());
    client.set_proto(redpoll_resp::Proto::Resp3);
    client.db = 3;
    server.run(&mut client, "BLMOVE l d LEFT LEFT 0");
    server.run(&mut pusher, "RPUSH l 1");
    assert_eq!(server.receive(&mut client), "");
    pusher.db = 3;
    server.run(&mut pusher, "RPUSH l 2");
    assert_eq!(server.receive(&mut client), "2");
    assert_eq!(server.run(&mut pusher, "LLEN d"), "1");
}

#[test]
fn a_watched_key_changes_when_a_waiter_is_served() {
    play(
        "a: BRPOPLPUSH s d 0 =
         w: WATCH d = OK
         w: MULTI = OK
         w: PING = QUEUED
         p: RPUSH s 1 = 1
         w: EXEC = nil
         a: = 1",
    );
    play(
        "a: BRPOPLPUSH s d 0 =
         w: WATCH d = OK
         w: MULTI = OK
         w: PING = QUEUED
         w: EXEC = [PONG]
         p: RPUSH s 1 = 1",
    );
}

#[test]
fn many_waiters_are_served_in_turn() {
    let mut server = TestServer::new();
    let mut pusher = server.client();
    let mut clients: Vec<_> = (0..500).map(|_| server.client()).collect();
    for client in &mut clients {
        server.run(client, "BLPOP a b c d 0");
    }
    for number in 0..250 {
        server.run(&mut pusher, &format!("RPUSH c {number}"));
    }
    let elements: Vec<String> = (250..600).map(|number| number.to_string()).collect();
    server.run(&mut pusher, &format!("RPUSH d {}", elements.join(" ")));
    for (number, client) in clients.iter_mut().enumerate() {
        let key = if number < 250 { "c" } else { "d" };
        assert_eq!(server.receive(client), format!("[{key} {number}]"));
    }
    assert_eq!(server.run(&mut pusher, "LLEN d"), "100");
    assert!(server.engine.waiters.is_empty());
    let observed = (0..server.engine.keyspace.stripes())
        .map(|stripe| server.engine.keyspace.lock(stripe).observed_counts())
        .fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    assert_eq!(observed, (0, 0));
}

/// Runs `command` again and again, on a thread of its own, until `total` elements have been
/// received.
fn consume(server: &TestServer, command: &str, total: usize, received: &AtomicUsize) {
    let mut server = TestServer::beside(server);
    let mut client = server.client();
    while received.load(Relaxed) < total {
        let mut reply = server.run(&mut client, command);
        while reply.is_empty() && received.load(Relaxed) < total {
            std::thread::yield_now();
            reply = server.receive(&mut client);
        }
        if reply.starts_with('[') {
            received.fetch_add(1, Relaxed);
        }
    }
    server.executor.disconnect(&mut client);
}

#[test]
fn no_wake_up_is_lost_between_threads() {
    const EACH: usize = 1500;
    let server = TestServer::new();
    let received = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for command in ["BLPOP a b 0", "BRPOP c a 0", "BLPOP b c 0"] {
            scope.spawn(|| consume(&server, command, 2 * EACH, &received));
        }
        scope.spawn(|| consume(&server, "BLMOVE b c LEFT LEFT 0", 2 * EACH, &received));
        for key in ["a", "b"] {
            let server = &server;
            scope.spawn(move || {
                let mut server = TestServer::beside(server);
                let mut client = server.client();
                for number in 0..EACH {
                    server.run(&mut client, &format!("RPUSH {key} {number}"));
                }
            });
        }
    });
    assert_eq!(received.into_inner(), 2 * EACH);
    let mut server = server;
    let mut client = server.client();
    assert_eq!(server.run(&mut client, "LMPOP 3 a b c LEFT"), "nil");
    assert!(server.engine.waiters.is_empty());
}
