//! Tests of clients that wait for sorted sets. What all waiting commands have in common is tested
//! with the lists.

use crate::testing::{TestServer, check, play, raw3};

const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn what_is_there_is_answered_at_once() {
    check(
        "ZADD y 1 a 2 b 3 c 4 d | BZPOPMIN x y 0 | BZPOPMAX x y 1 | BZMPOP 0 2 x y MIN COUNT 9",
        "4 | [y a 1] | [y d 4] | [y [[b 2] [c 3]]]",
    );
    assert_eq!(
        raw3("ZADD z 1.5 a 2 b | BZPOPMIN z 0 | BZMPOP 0 1 z MAX"),
        ":2\r\n*3\r\n$1\r\nz\r\n$1\r\na\r\n,1.5\r\n*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nb\r\n,2\r\n"
    );
}

#[test]
fn whoever_waits_is_served_in_turn() {
    play(
        "a: BZPOPMIN x z 0 =
         b: BZPOPMAX z 0 =
         c: BZMPOP 0 1 z MIN COUNT 2 =
         d: BZPOPMIN z 0 =
         p: ZADD z 1 a 2 b 3 c 4 d = 4
         a: = [z a 1]
         b: = [z d 4]
         c: = [z [[b 2] [c 3]]]
         d: =
         p: ZINCRBY z 7 e = 7
         d: = [z e 7]",
    );
}

#[test]
fn every_way_to_make_a_set_serves() {
    play(
        "p: ZADD source 1 a = 1
         a: BZPOPMIN z 0 =
         p: ZUNIONSTORE z 1 source = 1
         a: = [z a 1]
         a: BZPOPMIN z 0 =
         p: ZRANGESTORE z source 0 -1 = 1
         a: = [z a 1]
         a: BZPOPMIN z 0 =
         p: MULTI = OK
         p: ZADD z 5 b = QUEUED
         p: ZREM z b = QUEUED
         p: EXEC = [1 1]
         a: =
         p: ZADD z 6 c = 1
         a: = [z c 6]",
    );
}

#[test]
fn lists_and_sorted_sets_do_not_mix() {
    play(
        "a: BZPOPMIN k 0 =
         b: BLPOP k 0 =
         p: RPUSH k 1 = 1
         a: =
         b: = [k 1]
         p: ZADD k 1 m = 1
         a: = [k m 1]",
    );
    check("RPUSH l a | BZPOPMIN l 0 | BZMPOP 0 1 l MIN", &format!("1 | {WRONG} | {WRONG}"));
}

#[test]
fn waiting_ends_with_the_time() {
    let mut server = TestServer::new();
    let mut client = server.client();
    for command in ["BZPOPMIN z 1", "BZPOPMAX y z 1", "BZMPOP 1 1 z MIN"] {
        assert_eq!(server.raw(&mut client, command), b"");
        let mut out = Vec::new();
        assert!(server.executor.give_up(&mut client, false, &mut out));
        assert_eq!(out, b"*-1\r\n", "{command}");
    }
    check("MULTI | BZPOPMIN z 0 | BZMPOP 0 1 z MAX | EXEC", "OK | QUEUED | QUEUED | [nil nil]");
    check(
        "BZPOPMIN z -1 | BZPOPMAX z x | BZMPOP x 1 z MIN | BZMPOP x 0 z MIN",
        "ERR timeout is negative | ERR timeout is not a float or out of range | \
         ERR timeout is not a float or out of range | ERR numkeys should be greater than 0",
    );
}
