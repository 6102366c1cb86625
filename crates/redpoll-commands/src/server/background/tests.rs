//! Long commands beside short ones: order, atomicity, endings and limits. Nothing here depends on
//! threads or time: what has left its worker runs when the test says so.

use crate::testing::{TestServer, configure};
use redpoll_engine::Session;

/// A server whose long commands wait until the test lets them run.
fn server(mode: &str) -> TestServer {
    let mut server = TestServer::in_background(mode);
    server.waits_to_work = true;
    server
}

fn fill(server: &mut TestServer, session: &mut Session, lines: &[&str]) {
    server.waits_to_work = false;
    lines.iter().for_each(|line| drop(server.run(session, line)));
    server.waits_to_work = true;
}

/// What a client has got whose command was in the background.
fn reply(server: &mut TestServer, session: &mut Session) -> String {
    let mut out = Vec::new();
    server.come_back(session, &mut out);
    String::from_utf8(out).expect("text")
}

fn count(server: &TestServer, name: &str) -> u64 {
    let mut other = TestServer::beside(server);
    let mut session = other.client();
    let info = other.run(&mut session, "INFO background");
    let line = info.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.and_then(|value| value.parse().ok()).expect("a figure")
}

#[test]
fn an_answer_is_of_the_moment_of_its_request() {
    let mut server = server("snapshot");
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD s a", "RPUSH l 1 2", "HSET h f v"]);
    for (request, change, expected) in [
        ("SMEMBERS s", "SADD s b", "*1\r\n$1\r\na\r\n"),
        ("LRANGE l 0 -1", "LSET l 0 x", "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"),
        ("HGETALL h", "DEL h", "*2\r\n$1\r\nf\r\n$1\r\nv\r\n"),
    ] {
        assert_eq!(server.run(&mut one, request), "");
        assert!(one.is_away());
        // Others notice nothing.
        server.run(&mut other, change);
        assert_eq!(reply(&mut server, &mut one), "");
        server.work();
        assert_eq!(reply(&mut server, &mut one), expected, "{request}");
        assert!(!one.is_away());
    }
    assert_eq!(count(&server, "background_finished"), 3);
}

#[test]
fn keys_are_those_of_one_moment_once_it_has_begun() {
    for mode in ["snapshot", "yield"] {
        let mut server = TestServer::in_background(mode);
        let mut session = server.client();
        let names: Vec<String> = (0..3000).map(|number| format!("k:{number}")).collect();
        for name in &names {
            server.run(&mut session, &format!("SET {name} v"));
        }
        let all_at_once = server.run(&mut session, "KEYS *");
        server.run(&mut session, "SET gone v PXAT 1");
        let all = server.run(&mut session, "KEYS *");
        assert_eq!(all_at_once.len(), all.len());
        // The same by SCAN, if it is to take all of the walk at once.
        for scan in ["SCAN 0 COUNT 9999", "SCAN 0 COUNT 9999 MATCH k:*"] {
            let scanned = server.run(&mut session, scan);
            assert!(scanned.starts_with("[0 [k:"), "{scan}");
            assert_eq!(scanned.len(), all.len() + "[0 ]".len(), "{scan}");
        }
        assert_eq!(server.run(&mut session, "SCAN 0 COUNT 9999 TYPE set"), "[0 []]");
        let mut found: Vec<&str> = all.trim_matches(['[', ']']).split(' ').collect();
        found.sort_unstable();
        let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "{mode}");
        assert_eq!(server.run(&mut session, "KEYS k:299?").matches("k:").count(), 10);
        assert_eq!(server.run(&mut session, "KEYS none*"), "[]");
        assert_eq!(server.run(&mut session, "KEYS k:7"), "[k:7]");
    }
}

/// A step ends where its answer gets long, and the walk goes on from there.
#[test]
fn a_scan_of_very_many_ends_its_steps_sooner() {
    for mode in ["snapshot", "yield"] {
        let mut server = TestServer::in_background(mode);
        let mut session = server.client();
        for number in 0..4000 {
            server.run(&mut session, &format!("SET key:{number} v"));
        }
        let mut found = std::collections::BTreeSet::new();
        let (mut cursor, mut steps) = ("0".to_owned(), 0);
        while steps == 0 || cursor != "0" {
            let scan = format!("SCAN {cursor} COUNT 9999 TYPE string");
            let answer = server.run(&mut session, &scan);
            assert!(answer.len() < 20 << 10);
            let (next, keys) = answer.trim_matches(['[', ']']).split_once(" [").expect("two parts");
            found.extend(keys.split(' ').map(str::to_owned));
            (cursor, steps) = (next.to_owned(), steps + 1);
        }
        assert_eq!(found.len(), 4000, "{mode}");
        assert!((3..12).contains(&steps), "{steps}");
    }
}

#[test]
fn further_commands_wait_for_the_answer() {
    let mut server = server("snapshot");
    let mut session = server.client();
    fill(&mut server, &mut session, &["SADD s a"]);
    server.waits_to_work = false;
    assert_eq!(server.run(&mut session, "SET k 1\r\nSMEMBERS s\r\nGET k"), "OK [a] 1");
    // Transactions and scripts are one step.
    assert_eq!(
        server.run(
            &mut session,
            "MULTI\r\nSMEMBERS s\r\nEXEC\r\nEVAL \"return redis.call('smembers','s')\" 1 s"
        ),
        "OK QUEUED [[a]] [a]"
    );
    assert_eq!(count(&server, "background_finished"), 1);
}

#[test]
fn a_store_that_nobody_disturbs_is_logged_as_it_came() {
    let mut server = server("snapshot");
    let log = server.log();
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD a 1 2", "SADD b 3", "SET d old"]);
    log.take();
    server.run(&mut one, "SUNIONSTORE d a b");
    assert_eq!(server.run(&mut other, "GET d"), "old");
    server.work();
    assert_eq!(reply(&mut server, &mut one), ":3\r\n");
    assert_eq!(log.take(), "SUNIONSTORE d a b");
    assert_eq!(server.run(&mut other, "SCARD d"), "3");
}

#[test]
fn a_store_whose_source_changes_begins_again() {
    let mut server = server("snapshot");
    let log = server.log();
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD a 1 2", "SADD b 3"]);
    log.take();
    server.run(&mut one, "SUNIONSTORE d a b");
    server.run(&mut other, "SADD a 9");
    server.work();
    assert_eq!(reply(&mut server, &mut one), ":4\r\n");
    assert_eq!(log.take(), "SADD a 9, SUNIONSTORE d a b");
    assert_eq!(count(&server, "background_retried"), 1);
}

#[test]
fn under_yield_a_store_is_logged_by_its_value() {
    let mut server = server("yield");
    let log = server.log();
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD a 1 2", "SADD b 3"]);
    log.take();
    server.run(&mut one, "SUNIONSTORE d a b");
    server.run(&mut other, "SADD a 9");
    server.work();
    assert_eq!(reply(&mut server, &mut one), ":3\r\n");
    let logged = log.take();
    assert!(logged.starts_with("SADD a 9, RESTORE d 0 "), "{logged}");
    // What is changed in place is never overwritten.
    fill(&mut server, &mut other, &["RPUSH l a b a"]);
    server.run(&mut one, "LREM l 0 a");
    server.run(&mut other, "RPUSH l c a");
    server.work();
    assert_eq!(reply(&mut server, &mut one), ":3\r\n");
    server.waits_to_work = false;
    assert_eq!(server.run(&mut other, "LRANGE l 0 -1"), "[b c]");
}

#[test]
fn what_has_expired_meanwhile_has_changed() {
    let mut server = server("snapshot");
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD a 1 2", "SADD b 3"]);
    let soon = server.now + 10;
    server.run(&mut other, &format!("PEXPIREAT a {soon}"));
    server.run(&mut one, "SUNIONSTORE d a b");
    server.run(&mut other, &format!("PEXPIREAT a {}", soon - 5000));
    server.work();
    assert_eq!(reply(&mut server, &mut one), ":1\r\n");
}

#[test]
fn a_client_that_goes_away_ends_its_command() {
    let mut server = server("snapshot");
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD a 1 2"]);
    server.run(&mut one, "SUNIONSTORE d a");
    server.executor.disconnect(&mut one);
    server.work();
    assert_eq!(server.run(&mut other, "EXISTS d"), "0");
    assert_eq!(count(&server, "background_cancelled"), 1);
    let stripes = 0..server.engine.keyspace.stripes();
    let watched = stripes.map(|it| server.engine.keyspace.lock(it).observed_counts().0);
    assert_eq!(watched.sum::<usize>(), 0);
}

#[test]
fn a_task_is_shown_and_killed() {
    let mut server = server("snapshot");
    let (mut one, mut other) = (server.client(), server.client());
    fill(&mut server, &mut other, &["SADD a 1 2", "SADD b 3"]);
    server.run(&mut one, "SUNIONSTORE d a b");
    let client = one.client.id;
    let list = server.run(&mut other, "BACKGROUND LIST");
    let expected = format!(
        "[[id 1 client {client} command sunionstore state queued cost 3 done 0 reply-bytes 0"
    );
    assert!(list.starts_with(&expected), "{list}");
    let line = server.run(&mut other, &format!("CLIENT LIST ID {client}"));
    assert!(line.contains(" flags=g "), "{line}");
    assert_eq!(server.run(&mut other, "BACKGROUND KILL 1"), "OK");
    assert_eq!(server.run(&mut other, "BACKGROUND KILL 99"), "ERR No such task");
    server.work();
    assert_eq!(reply(&mut server, &mut one), "-ERR the command was ended by BACKGROUND KILL\r\n");
    assert_eq!(server.run(&mut other, "EXISTS d"), "0");
    assert_eq!(server.run(&mut other, "BACKGROUND LIST"), "[]");
    assert_eq!(server.run(&mut one, "PING"), "PONG");
}

#[test]
fn a_full_queue_refuses() {
    let mut server = server("snapshot");
    configure(&server, "background-queue-max", "2");
    let mut sessions: Vec<Session> = (0..4).map(|_| server.client()).collect();
    fill(&mut server, &mut sessions[3], &["SADD s a"]);
    for session in &mut sessions[..2] {
        assert_eq!(server.run(session, "SMEMBERS s"), "");
    }
    let refused = server.run(&mut sessions[2], "SMEMBERS s");
    assert_eq!(refused, "BUSY the queue of long commands is full (background-queue-max)");
    assert_eq!(server.run(&mut sessions[2], "SCARD s"), "1");
    server.work();
    assert_eq!(server.run(&mut sessions[2], "SMEMBERS s"), "");
}

#[test]
fn a_connection_chooses() {
    let mut server = server("snapshot");
    let mut session = server.client();
    fill(&mut server, &mut session, &["SADD s a"]);
    server.run(&mut session, "CLIENT LONG-COMMANDS INLINE");
    assert_eq!(server.run(&mut session, "SMEMBERS s"), "[a]");
    server.run(&mut session, "CLIENT LONG-COMMANDS DEFAULT");
    assert_eq!(server.run(&mut session, "SMEMBERS s"), "");
}

#[test]
fn chance_is_logged_by_what_it_came_to() {
    let mut server = server("snapshot");
    let mut one = server.client();
    fill(&mut server, &mut one, &["SADD s a b c"]);
    server.run(&mut one, "SPOP s 2");
    // Somebody listens only now.
    let log = server.log();
    server.work();
    let popped = reply(&mut server, &mut one);
    assert!(popped.starts_with("*2\r\n"), "{popped}");
    assert!(log.take().starts_with("SREM s "), "SPOP cannot be repeated");
}

#[test]
fn help_names_the_subcommands() {
    let mut server = TestServer::new();
    let mut session = server.client();
    assert!(server.run(&mut session, "BACKGROUND HELP").contains("KILL <id>"));
}
