//! Groups of streams that are changed in the background while others change them, too: whatever
//! happens meanwhile, the end is as if the command had run at once at the moment of its commit.

use crate::testing::{Kept, TestServer, configure};
use proptest::prelude::*;
use redpoll_engine::Session;
use redpoll_keyspace::Owned;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// More than what a call asks for that nothing is looked up for.
const ENTRIES: usize = 1500;

/// A stream with two groups, and entries that are pending for a consumer.
fn made() -> Owned {
    let mut server = TestServer::new();
    let mut session = server.client();
    configure(&server, "stream-node-max-entries", "20");
    for number in 1..=ENTRIES {
        server.run(&mut session, &format!("XADD x {number}-1 f v"));
    }
    for line in [
        "XGROUP CREATE x g 0",
        "XGROUP CREATE x h 0",
        "XREADGROUP GROUP g old COUNT 200 STREAMS x >",
        "XREADGROUP GROUP h old COUNT 900 STREAMS x >",
        "XACK x g 3-1 4-1 5-1",
    ] {
        server.run(&mut session, line);
    }
    let mut keys = server.engine.keyspace.keys(0, server.now);
    keys.lock_key(b"x");
    keys.copy(b"x").expect("the stream").0
}

/// Gives a server that stream.
fn fill(server: &TestServer) {
    static STREAM: OnceLock<Owned> = OnceLock::new();
    let mut keys = server.engine.keyspace.keys(0, server.now);
    keys.lock_key(b"x");
    keys.put(b"x", STREAM.get_or_init(made).clone(), None);
}

/// A server with that stream, and what it logs.
fn filled() -> (TestServer, Session, Arc<Kept>) {
    let server = TestServer::in_background("snapshot");
    fill(&server);
    let (session, log) = (server.client(), server.log());
    (server, session, log)
}

/// What takes long.
fn long() -> impl Strategy<Value = String> {
    (0..11usize).prop_map(|kind| match kind {
        0 => "XREADGROUP GROUP g c COUNT 1100 STREAMS x >".to_owned(),
        1 => "XREADGROUP GROUP g c STREAMS x >".to_owned(),
        2 => "XREADGROUP GROUP g c COUNT 1100 NOACK STREAMS x >".to_owned(),
        3 => "XREADGROUP GROUP g c CLAIM 0 COUNT 1100 STREAMS x >".to_owned(),
        4 => "XREADGROUP GROUP h old STREAMS x 0".to_owned(),
        5 => "XAUTOCLAIM x h c 0 - COUNT 5000".to_owned(),
        6 => (1..=1100).fold("XCLAIM x h c 0".to_owned(), |mut line, number| {
            let _ = write!(line, " {number}-1");
            line + if number == 1100 { " JUSTID" } else { "" }
        }),
        7 => "XGROUP DELCONSUMER x h old".to_owned(),
        8 => "XTRIM x MAXLEN 700 DELREF".to_owned(),
        9 => "XTRIM x MINID 150-1 ACKED".to_owned(),
        _ => "XADD x MAXLEN 700 DELREF * f v".to_owned(),
    })
}

/// What others do, none of which takes long.
fn change() -> impl Strategy<Value = String> {
    (0..14usize, 1..=ENTRIES).prop_map(|(kind, number)| match kind {
        0..3 => "XADD x * f v".to_owned(),
        3 => format!("XACK x g {}-1 {number}-1", number % 200),
        4 => format!("XACK x h {}-1", number % 900),
        5 => "XREADGROUP GROUP g d COUNT 2 STREAMS x >".to_owned(),
        6 => "XREADGROUP GROUP h old COUNT 3 STREAMS x >".to_owned(),
        7 => format!("XDEL x {number}-1"),
        8 => format!("XTRIM x MAXLEN {}", 1000 + number % 600),
        9 => format!("XCLAIM x g d 0 {}-1", number % 200),
        10 => format!("XGROUP SETID x g {number}-1"),
        11 => "XGROUP DESTROY x h".to_owned(),
        12 => "XGROUP CREATECONSUMER x g new".to_owned(),
        _ => "PEXPIRE x 100000".to_owned(),
    })
}

/// All that there is to see.
fn state(server: &mut TestServer) -> String {
    let mut session = server.client();
    let lines = ["XINFO STREAM x FULL COUNT 0", "PEXPIRETIME x", "XINFO GROUPS x"];
    lines.map(|line| server.run(&mut session, line)).join("\n")
}

/// What is the same on a replica.
fn replicated(server: &mut TestServer) -> String {
    let mut session = server.client();
    configure(server, "long-commands", "inline");
    let lines =
        ["XRANGE x - +", "XPENDING x g - + 9999", "XPENDING x h - + 9999", "XINFO GROUPS x"];
    lines.map(|line| server.run(&mut session, line)).join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_is_as_if_it_had_run_at_once(
        long in long(),
        meanwhile in proptest::collection::vec(change(), 0..4),
    ) {
        let (mut server, mut other, log) = filled();
        let mut one = server.client();
        server.waits_to_work = true;
        prop_assert_eq!(server.run(&mut one, &long), "");
        prop_assert!(one.is_away(), "{}", long);
        server.waits_to_work = false;
        meanwhile.iter().for_each(|line| drop(server.run(&mut other, line)));
        server.work();
        let mut answer = Vec::new();
        server.come_back(&mut one, &mut answer);

        // After all of that, or before: where it has changed nothing.
        let orders = [true, false].map(|last| {
            let (mut server, mut session, _) = filled();
            configure(&server, "long-commands", "inline");
            let first = if last { Vec::new() } else { server.raw(&mut session, &long) };
            meanwhile.iter().for_each(|line| drop(server.run(&mut session, line)));
            let answer = if last { server.raw(&mut session, &long) } else { first };
            (String::from_utf8_lossy(&answer).into_owned(), state(&mut server))
        });
        let there = (String::from_utf8_lossy(&answer).into_owned(), state(&mut server));
        prop_assert!(orders.contains(&there), "{:?} is none of {:?}", there, orders);

        let mut replica = TestServer::new();
        fill(&replica);
        let mut primary = replica.client();
        log.commands().iter().for_each(|line| drop(replica.run(&mut primary, line)));
        prop_assert_eq!(replicated(&mut server), replicated(&mut replica));
    }
}

fn count(server: &mut TestServer, name: &str) -> String {
    let mut session = server.client();
    let info = server.run(&mut session, "INFO background");
    let line = info.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.expect("a figure").to_owned()
}

/// What others do that does not matter to a command, and what does.
#[test]
fn who_disturbs_whom() {
    const READ: &str = "XREADGROUP GROUP g c COUNT 1100 STREAMS x >";
    const TO_THE_END: &str = "XREADGROUP GROUP g c STREAMS x >";
    const CLAIM: &str = "XAUTOCLAIM x h c 0 - COUNT 5000";
    for (long, change, retried) in [
        (READ, "XADD x * f v", "0"),
        (READ, "XREADGROUP GROUP h other COUNT 9 STREAMS x >", "0"),
        (READ, "XGROUP DESTROY x h", "0"),
        (READ, "XACK x g 100-1", "1"),
        (READ, "XACK x g 999-1", "1"),
        (READ, "XADD x MAXLEN 1400 * f v", "1"),
        (READ, "XDEL x 1499-1", "1"),
        (TO_THE_END, "XADD x * f v", "1"),
        (CLAIM, "XADD x * f v", "0"),
        (CLAIM, "XACK x g 100-1", "0"),
        ("XTRIM x MAXLEN 700 DELREF", "XADD x * f v", "1"),
        ("XTRIM x MAXLEN 700 DELREF", "XACK x g 100-1", "1"),
        ("XTRIM x MAXLEN 700 ACKED", "SET y 1", "0"),
    ] {
        let (mut server, mut other, _) = filled();
        let mut one = server.client();
        server.waits_to_work = true;
        assert_eq!(server.run(&mut one, long), "");
        server.waits_to_work = false;
        server.run(&mut other, change);
        server.work();
        server.come_back(&mut one, &mut Vec::new());
        assert!(!one.is_away(), "{long} beside {change}");
        assert_eq!(count(&mut server, "background_retried"), retried, "{long} beside {change}");
        assert_eq!(count(&mut server, "background_inlined"), "0", "{long} beside {change}");
    }
}

/// A replica that comes while a command is away gets what stands for it.
#[test]
fn who_begins_to_listen_hears_of_it() {
    let mut server = TestServer::in_background("snapshot");
    let mut one = server.client();
    for line in ["XADD s 1 f v", "XADD s 2 f v", "XGROUP CREATE s g 0"] {
        server.run(&mut one, line);
    }
    server.waits_to_work = true;
    assert_eq!(server.run(&mut one, "XREADGROUP GROUP g c STREAMS s >"), "");
    let log = server.log();
    server.work();
    server.come_back(&mut one, &mut Vec::new());
    let logged = log.take();
    assert_eq!(logged.matches("XCLAIM s g c 0 ").count(), 2, "{logged}");
    assert!(logged.ends_with("XGROUP SETID s g 2-0 ENTRIESREAD 2, EXEC"), "{logged}");
}

/// A command that finds nothing waits as ever.
#[test]
fn a_reader_that_finds_nothing_waits() {
    let mut server = TestServer::in_background("snapshot");
    let (mut one, mut other) = (server.client(), server.client());
    for line in ["XADD s 1 f v", "XGROUP CREATE s g 0", "XREADGROUP GROUP g c STREAMS s >"] {
        server.run(&mut one, line);
    }
    assert_eq!(server.run(&mut one, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"), "");
    assert!(one.waiting.is_some());
    server.run(&mut other, "XADD s 2 f v");
    assert_eq!(server.receive(&mut one), "[[s [[2-0 [f v]]]]]");
}
