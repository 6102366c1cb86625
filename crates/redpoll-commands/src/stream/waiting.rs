//! Tests of clients that wait for entries.

use crate::testing::{TestServer, play, raw3};

const WRONG: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
const GONE: &str = "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";

#[test]
fn all_readers_get_what_comes() {
    play(
        "a: XREAD BLOCK 0 STREAMS s $ =
         b: XREAD BLOCK 0 STREAMS t s 0 $ =
         c: XREAD BLOCK 0 STREAMS s 5 =
         p: XADD s 1 f v = 1-0
         a: = [[s [[1-0 [f v]]]]]
         b: = [[s [[1-0 [f v]]]]]
         c: =
         p: XADD s 6 f v = 6-0
         c: = [[s [[6-0 [f v]]]]]",
    );
}

#[test]
fn the_newest_entry_is_that_of_the_call() {
    play(
        "p: XADD s 1 f v = 1-0
         a: XREAD BLOCK 0 STREAMS s $ =
         p: XDEL s 1 = 1
         a: =
         p: MULTI = OK
         p: XADD s 2 f v = QUEUED
         p: XADD s 3 f v = QUEUED
         p: EXEC = [2-0 3-0]
         a: = [[s [[2-0 [f v]] [3-0 [f v]]]]]",
    );
    // A stream that is made anew begins where the reader has come to, or it does not see it.
    play(
        "p: XADD s 5 f v = 5-0
         a: XREAD BLOCK 0 STREAMS s $ =
         p: DEL s = 1
         p: XADD s 1 f v = 1-0
         a: =
         p: XADD s 6 f v = 6-0
         a: = [[s [[6-0 [f v]]]]]",
    );
    play(
        "p: XGROUP CREATE s g $ MKSTREAM = OK
         a: XREAD BLOCK 0 STREAMS s + =
         p: XADD s 1 f v = 1-0
         a: = [[s [[1-0 [f v]]]]]",
    );
}

#[test]
fn in_transactions_nobody_waits() {
    play(
        "a: MULTI = OK
         a: XREAD BLOCK 0 STREAMS s $ = QUEUED
         a: EXEC = [nil]",
    );
    assert_eq!(raw3("MULTI | XREAD BLOCK 0 STREAMS s $ | EXEC"), "+OK\r\n+QUEUED\r\n*1\r\n_\r\n");
}

#[test]
fn other_types_do_not_disturb_readers() {
    play(
        "a: XREAD BLOCK 0 STREAMS s 0 =
         p: RPUSH s x = 1
         a: =
         p: DEL s = 1
         p: XADD s 1 f v = 1-0
         a: = [[s [[1-0 [f v]]]]]",
    );
}

#[test]
fn each_entry_goes_to_one_consumer() {
    play(
        "p: XGROUP CREATE s g $ MKSTREAM = OK
         a: XREADGROUP GROUP g a BLOCK 0 STREAMS s > =
         b: XREADGROUP GROUP g b BLOCK 0 STREAMS s > =
         p: XADD s 1 f v = 1-0
         a: = [[s [[1-0 [f v]]]]]
         b: =
         p: XADD s 2 f v = 2-0
         b: = [[s [[2-0 [f v]]]]]
         p: XPENDING s g = [2 1-0 2-0 [[a 1] [b 1]]]",
    );
}

#[test]
fn those_who_need_a_group_are_told_that_it_is_gone() {
    for (command, reply) in [
        ("XGROUP DESTROY s g", "1"),
        ("DEL s", "1"),
        ("FLUSHALL", "OK"),
        ("FLUSHDB ASYNC", "OK"),
        ("RENAME s t", "OK"),
        ("MOVE s 1", "1"),
        ("SWAPDB 0 1", "OK"),
    ] {
        play(&format!(
            "l: BLPOP s 0 =
             p: XGROUP CREATE s g $ MKSTREAM = OK
             a: XREADGROUP GROUP g a BLOCK 0 STREAMS s > =
             p: {command} = {reply}
             a: = {GONE}
             l: ="
        ));
    }
    play(&format!(
        "p: XGROUP CREATE s g $ MKSTREAM = OK
         a: XREADGROUP GROUP g a BLOCK 0 STREAMS s > =
         p: SET s v = OK
         a: = {WRONG}"
    ));
    play(&format!(
        "p: XGROUP CREATE s g $ MKSTREAM = OK
         a: XREADGROUP GROUP g a BLOCK 0 STREAMS s > =
         p: MULTI = OK
         p: DEL s = QUEUED
         p: SADD s m = QUEUED
         p: EXEC = [1 1]
         a: = {WRONG}"
    ));
    play(
        "p: XGROUP CREATE s g $ MKSTREAM = OK
         a: XREADGROUP GROUP g a BLOCK 0 STREAMS s > =
         p: MULTI = OK
         p: DEL s = QUEUED
         p: XGROUP CREATE s g $ MKSTREAM = QUEUED
         p: EXEC = [1 OK]
         a: =
         p: XADD s 1 f v = 1-0
         a: = [[s [[1-0 [f v]]]]]",
    );
}

#[test]
fn a_stream_that_expires_ends_the_wait() {
    let mut server = TestServer::new();
    let (mut reader, mut other) = (server.client(), server.client());
    for by_lookup in [true, false] {
        server.run(&mut other, "XGROUP CREATE s g $ MKSTREAM");
        server.run(&mut other, "PEXPIRE s 100");
        assert_eq!(server.run(&mut reader, "XREADGROUP GROUP g a BLOCK 0 STREAMS s >"), "");
        server.run(&mut other, "~101");
        match by_lookup {
            true => drop(server.run(&mut other, "EXISTS s")),
            false => drop(server.executor.expire_due(server.now + 20)),
        }
        assert_eq!(server.receive(&mut reader), GONE);
        assert!(server.engine.waiters.is_empty());
    }
}

#[test]
fn claims_come_due_while_waiting() {
    play(
        "p: XADD s 1 f v = 1-0
         p: XGROUP CREATE s g 0 = OK
         p: XREADGROUP GROUP g p STREAMS s > = [[s [[1-0 [f v]]]]]
         a: XREADGROUP GROUP g a BLOCK 0 CLAIM 100 STREAMS s > =
         p: ~99 = ~
         a: =
         p: ~1 = ~
         a: = [[s [[1-0 [f v] 100 1]]]]
         p: XPENDING s g = [1 1-0 1-0 [[a 1]]]",
    );
    play(
        "p: XADD s 1 f v = 1-0
         p: XGROUP CREATE s g 0 = OK
         p: XREADGROUP GROUP g p STREAMS s > = [[s [[1-0 [f v]]]]]
         a: XREADGROUP GROUP g a BLOCK 500 CLAIM 100 STREAMS s > =
         p: XNACK s g FAIL IDS 1 1 = 1
         a: = [[s [[1-0 [f v] 1700000000000 1]]]]
         p: XACK s g 1 = 1
         a: XREADGROUP GROUP g a BLOCK 500 CLAIM 100 STREAMS s > =
         p: ~400 = ~
         a: =
         p: ~100 = ~
         a: = nil",
    );
}

#[test]
fn waiting_ends_with_the_time() {
    play(
        "a: XREAD BLOCK 100 STREAMS s $ =
         p: ~100 = ~
         a: = nil
         p: XADD s 1 f v = 1-0
         a: =",
    );
}
