//! What clients with caches of their own are told, and when.

use crate::testing::{TestServer, check, check_after, configure, play};
use redpoll_engine::Session;

/// A client that speaks RESP3, and what it has done.
fn client3(server: &mut TestServer, commands: &[&str]) -> Session {
    let mut session = server.client();
    session.set_proto(redpoll_resp::Proto::Resp3);
    for command in commands {
        server.run(&mut session, command);
    }
    session
}

#[test]
fn options_are_checked() {
    check("CLIENT TRACKING maybe | CLIENT TRACKING on x", "ERR syntax error | ERR syntax error");
    check(
        "CLIENT TRACKING on REDIRECT 77 | CLIENT TRACKING on REDIRECT x",
        "ERR The client ID you want redirect to does not exist | \
         ERR value is not an integer or out of range",
    );
    check(
        "CLIENT TRACKING on PREFIX a | CLIENT TRACKING on BCAST OPTIN | \
         CLIENT TRACKING on OPTIN OPTOUT | CLIENT TRACKING on REDIRECT 1 REDIRECT 1",
        "ERR PREFIX option requires BCAST mode to be enabled | \
         ERR OPTIN and OPTOUT are not compatible with BCAST | \
         ERR You can't specify both OPTIN mode and OPTOUT mode | \
         ERR A client can only redirect to a single other client",
    );
    let switched = "ERR You can't switch BCAST mode on/off before disabling tracking for this \
                    client, and then re-enabling it with a different mode.";
    check(
        "CLIENT TRACKING on | CLIENT TRACKING on BCAST | CLIENT TRACKING off | \
         CLIENT TRACKING on BCAST | CLIENT TRACKING on",
        &format!("OK | {switched} | OK | OK | {switched}"),
    );
    let switched = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this \
                    client, and then re-enabling it with a different mode.";
    check(
        "CLIENT TRACKING on OPTIN | CLIENT TRACKING on OPTOUT | CLIENT TRACKING on",
        &format!("OK | {switched} | OK"),
    );
}

#[test]
fn prefixes_must_not_overlap() {
    let overlap = |which: &str, one: &str, other: &str| {
        format!(
            "ERR Prefix '{one}' overlaps with {which} prefix '{other}'. Prefixes for a single \
             client must not overlap."
        )
    };
    check(
        "CLIENT TRACKING on BCAST PREFIX FOO PREFIX BAR | CLIENT TRACKING on BCAST PREFIX FOOD | \
         CLIENT TRACKING on BCAST PREFIX x PREFIX xy | CLIENT TRACKING on BCAST PREFIX ba",
        &format!(
            "OK | {} | {} | OK",
            overlap("an existing", "FOOD", "FOO"),
            overlap("another provided", "x", "xy")
        ),
    );
}

#[test]
fn what_was_read_is_told_once() {
    let mut server = TestServer::new();
    let mut reader = client3(&mut server, &["CLIENT TRACKING ON", "MGET a b", "EXISTS c"]);
    let mut writer = server.client();
    server.run(&mut writer, "MSET a 1 b 2 other 3");
    assert_eq!(server.receive(&mut reader), "[invalidate [a]] [invalidate [b]]");
    server.run(&mut writer, "MSET a 1 b 2");
    assert_eq!(server.receive(&mut reader), "");
    server.run(&mut writer, "LPUSH c x");
    assert_eq!(server.receive(&mut reader), "[invalidate [c]]");
    // Writes are not reads.
    server.run(&mut reader, "GETSET a 5");
    server.run(&mut writer, "SET a 2");
    assert_eq!(server.receive(&mut reader), "");
    assert_eq!(server.engine.keyspace.read_counts(), (0, 0));
}

#[test]
fn ones_own_writes_are_told_behind_the_reply() {
    let mut server = TestServer::new();
    let mut own = client3(&mut server, &["CLIENT TRACKING ON", "GET a", "GET b"]);
    assert_eq!(server.run(&mut own, "SET a 1"), "OK [invalidate [a]]");
    for command in ["MULTI", "SET b 1", "GET b"] {
        server.run(&mut own, command);
    }
    assert_eq!(server.run(&mut own, "EXEC"), "[OK 1] [invalidate [b]]");
    // EXEC has read it again.
    assert_eq!(server.run(&mut own, "DEL b"), "1 [invalidate [b]]");
    server.run(&mut own, "CLIENT TRACKING ON NOLOOP");
    server.run(&mut own, "GET a");
    assert_eq!(server.run(&mut own, "SET a 2"), "OK");
}

#[test]
fn in_a_pipeline_the_message_follows_its_command() {
    let mut server = TestServer::new();
    let mut own = client3(&mut server, &["CLIENT TRACKING ON", "GET a"]);
    let replies = server.raw(&mut own, "SET a 1\r\nGET a");
    let expected = "+OK\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n$1\r\n1\r\n";
    assert_eq!(String::from_utf8_lossy(&replies), expected);
}

#[test]
fn redirection() {
    play(
        "told: CLIENT ID = 1
         reader: CLIENT TRACKING on REDIRECT 1 = OK
         reader: CLIENT GETREDIR = 1
         reader: GET k = nil
         writer: SET k v = OK
         told: =",
    );
    let mut server = TestServer::new();
    let mut told = server.client();
    server.run(&mut told, "SUBSCRIBE __redis__:invalidate");
    told.publish_figures(server.now);
    let mut reader = client3(&mut server, &["CLIENT TRACKING on REDIRECT 1", "GET k"]);
    let mut writer = server.client();
    server.run(&mut writer, "SET k v");
    assert_eq!(server.receive(&mut told), "[message __redis__:invalidate [k]]");
    server.run(&mut writer, "FLUSHALL");
    assert_eq!(server.receive(&mut told), "[message __redis__:invalidate nil]");
    server.run(&mut reader, "GET k");
    server.executor.disconnect(&mut told);
    server.run(&mut writer, "SET k v");
    assert_eq!(server.receive(&mut reader), "[tracking-redir-broken 1]");
    assert_eq!(
        server.run(&mut reader, "CLIENT TRACKINGINFO"),
        "{flags [on broken_redirect] redirect 1 prefixes []}"
    );
    assert!(server.run(&mut reader, "CLIENT INFO").contains(" flags=tR "));
}

#[test]
fn prefixes_are_told_of_every_change() {
    let mut server = TestServer::new();
    let mut some = client3(&mut server, &["CLIENT TRACKING on BCAST PREFIX a PREFIX b"]);
    let mut all = client3(&mut server, &["CLIENT TRACKING on BCAST NOLOOP"]);
    let mut writer = server.client();
    server.run(&mut writer, "MSET b1 1 c1 1 b0 1 a 1");
    assert_eq!(server.receive(&mut some), "[invalidate [a]] [invalidate [b0 b1]]");
    assert_eq!(server.receive(&mut all), "[invalidate [a b0 b1 c1]]");
    assert_eq!(server.run(&mut all, "SET b 1"), "OK");
    assert_eq!(server.receive(&mut some), "[invalidate [b]]");
    assert_eq!(server.run(&mut some, "SET b 1"), "OK [invalidate [b]]");
    assert_eq!(server.engine.tracking.prefix_count(), 3);
    server.run(&mut some, "CLIENT TRACKING off");
    server.executor.disconnect(&mut all);
    assert_eq!(server.engine.tracking.prefix_count(), 0);
    assert_eq!((server.engine.tracking.client_count(), server.engine.tracking.wanted()), (0, 0));
}

#[test]
fn opting_in_and_out() {
    let mut server = TestServer::new();
    let mut chosen = client3(&mut server, &["CLIENT TRACKING on OPTIN", "GET a"]);
    for command in ["CLIENT CACHING yes", "CLIENT ID", "GET b", "GET c", "CLIENT CACHING yes"] {
        server.run(&mut chosen, command);
    }
    for command in ["MULTI", "GET d", "GET e", "EXEC", "GET f"] {
        server.run(&mut chosen, command);
    }
    let mut writer = server.client();
    server.run(&mut writer, "MSET a 1 b 1 c 1 d 1 e 1 f 1");
    let told = "[invalidate [b]] [invalidate [d]] [invalidate [e]]";
    assert_eq!(server.receive(&mut chosen), told);
    let mut out = client3(&mut server, &["CLIENT TRACKING on OPTOUT", "CLIENT CACHING no"]);
    server.run(&mut out, "GET a");
    server.run(&mut out, "GET b");
    server.run(&mut writer, "MSET a 1 b 1");
    assert_eq!(server.receive(&mut out), "[invalidate [b]]");
}

#[test]
fn time_and_flushes_are_told() {
    let mut server = TestServer::new();
    let commands = ["SET a 1 PX 10", "SET b 1 PX 90", "CLIENT TRACKING on", "MGET a b"];
    let mut reader = client3(&mut server, &commands);
    server.now += 15;
    server.executor.expire_due(server.now + 20);
    assert_eq!(server.receive(&mut reader), "[invalidate [a]]");
    server.now += 100;
    assert_eq!(server.run(&mut reader, "GET b"), "nil [invalidate [b]]");
    server.run(&mut reader, "GET a");
    let mut writer = server.client();
    for command in ["FLUSHDB", "FLUSHALL", "SWAPDB 0 1"] {
        server.run(&mut writer, command);
        assert_eq!(server.receive(&mut reader), "[invalidate nil]", "{command}");
    }
    assert_eq!(server.engine.keyspace.read_counts(), (0, 0));
    assert_eq!(server.run(&mut reader, "FLUSHDB"), "OK [invalidate nil]");
}

#[test]
fn a_waiting_client_is_told_behind_its_answer() {
    let mut server = TestServer::new();
    let commands = ["CLIENT TRACKING on", "LRANGE to 0 -1"];
    let mut waiting = client3(&mut server, &commands);
    assert_eq!(server.run(&mut waiting, "BLMOVE from to LEFT LEFT 0"), "");
    let mut writer = server.client();
    server.run(&mut writer, "RPUSH from x");
    assert_eq!(server.receive(&mut waiting), "x [invalidate [to]]");
}

#[test]
fn the_table_is_bounded() {
    let mut server = TestServer::new();
    configure(&server, "tracking-table-max-keys", "2");
    let mut reader = client3(&mut server, &["CLIENT TRACKING on", "MGET a b"]);
    assert_eq!(server.run(&mut reader, "GET c"), "nil");
    let told = server.run(&mut reader, "PING");
    assert!(told.starts_with("[invalidate [") && told.ends_with("]] PONG"), "{told}");
    assert_eq!(server.engine.keyspace.read_counts(), (2, 2));
}

#[test]
fn replies_may_be_off() {
    let mut server = TestServer::new();
    let mut own = client3(&mut server, &["CLIENT TRACKING on", "GET a", "CLIENT REPLY OFF"]);
    assert_eq!(server.run(&mut own, "SET a 1"), "[invalidate [a]]");
}

#[test]
fn is_told_of() {
    check_after(
        |server| drop(server.client()),
        "CLIENT TRACKING on BCAST PREFIX b PREFIX a NOLOOP | CLIENT TRACKINGINFO | \
         CLIENT GETREDIR | CLIENT TRACKING off | CLIENT TRACKING on OPTIN REDIRECT 1 | \
         CLIENT CACHING yes | CLIENT TRACKINGINFO | RESET | CLIENT TRACKINGINFO",
        "OK | [flags [on bcast noloop] redirect 0 prefixes [a b]] | 0 | OK | OK | OK | \
         [flags [on optin caching-yes] redirect 1 prefixes []] | RESET | \
         [flags [off] redirect -1 prefixes []]",
    );
    let mut server = TestServer::new();
    let mut reader = client3(&mut server, &["CLIENT TRACKING on", "MGET a b"]);
    let mut bcast = client3(&mut server, &["CLIENT TRACKING on BCAST"]);
    let info = server.run(&mut reader, "INFO everything");
    for field in [
        "tracking_clients:2",
        "tracking_total_keys:2",
        "tracking_total_items:2",
        "tracking_total_prefixes:1",
    ] {
        assert!(info.contains(&format!("\r\n{field}\r\n")), "{field}");
    }
    let line = server.run(&mut bcast, "CLIENT INFO");
    assert!(line.contains(" flags=tB ") && line.contains(" redir=0 "), "{line}");
}
