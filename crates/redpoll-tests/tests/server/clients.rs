//! Clients as the server sees them: limits on their number, CLIENT KILL, LIST, PAUSE, REPLY.

use redpoll_tests::{Server, Talk, eventually};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn beyond_maxclients_a_client_is_told_so() {
    let server = Server::start(&["--maxclients", "3"]);
    let mut raws: Vec<_> = (0..3).map(|_| server.raw()).collect();
    for raw in &mut raws {
        raw.check("PING\r\n", "+PONG\r\n");
    }
    let mut one_more = server.raw();
    one_more.expect("-ERR max number of clients reached\r\n");
    one_more.expect_closed();
    drop(raws.pop());
    eventually("there is room again", || {
        let mut raw = server.raw();
        raw.send("PING\r\n");
        raw.line() == "+PONG"
    });
}

#[test]
fn kill_by_address_number_and_type() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut other = server.talk();
    let id = other.ask("CLIENT ID").trim_start_matches(':').to_owned();
    let list = talk.ask(&format!("CLIENT LIST ID {id}"));
    let address = list.split("addr=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    talk.check(&format!("CLIENT KILL {address}"), "OK");
    assert!(other.connection.receive().is_err(), "the connection has ended");
    talk.check(&format!("CLIENT KILL {address}"), "-ERR No such client");

    let mut other = server.talk();
    let id = other.ask("CLIENT ID").trim_start_matches(':').to_owned();
    talk.check(&format!("CLIENT KILL ID {id} | CLIENT KILL ID {id}"), ":1 | :0");
    assert!(other.connection.receive().is_err(), "the connection has ended");

    let mut subscriber = server.talk();
    subscriber.ask("SUBSCRIBE c");
    talk.check("CLIENT KILL TYPE pubsub", ":1");
    assert!(subscriber.connection.receive().is_err(), "the connection has ended");
    eventually("nobody listens", || talk.ask("PUBLISH c m") == ":0");
    talk.check("CLIENT KILL ID x", "-ERR client-id should be greater than 0");
    talk.check("CLIENT KILL TYPE x", "-ERR Unknown client type 'x'");
    talk.check("PING", "PONG");
}

#[test]
fn a_client_may_kill_itself() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let id = talk.ask("CLIENT ID").trim_start_matches(':').to_owned();
    talk.check(&format!("CLIENT KILL ID {id} SKIPME no"), ":1");
    assert!(talk.connection.receive().is_err(), "the connection has ended");
}

#[test]
fn kill_ends_a_wait() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut waiting = server.talk();
    let id = waiting.ask("CLIENT ID").trim_start_matches(':').to_owned();
    waiting.send("BLPOP l 0");
    eventually("it waits", || talk.info("blocked_clients") == 1);
    talk.check(&format!("CLIENT KILL ID {id}"), ":1");
    assert!(waiting.connection.receive().is_err(), "the connection has ended");
    eventually("nobody waits", || talk.info("blocked_clients") == 0);
    talk.check("RPUSH l a | LLEN l", ":1 | :1");
}

#[test]
fn list_info_and_names() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.check("CLIENT GETNAME | CLIENT SETNAME me | CLIENT GETNAME", "nil | OK | me");
    talk.check("CLIENT SETINFO lib-name tests | CLIENT SETINFO LIB-VER 1.0", "OK | OK");
    let info = talk.ask("CLIENT INFO");
    for part in ["name=me", "lib-name=tests", "lib-ver=1.0", "db=0", "cmd=client|info", "resp=2"] {
        assert!(info.split_whitespace().any(|field| field == part), "{part} in {info}");
    }
    let mut other = Talk::resp3(server.port);
    other.ask("SELECT 5");
    let list = talk.ask("CLIENT LIST");
    assert_eq!(list.lines().count(), 2, "{list}");
    assert!(list.contains("db=5") && list.contains("resp=3"), "{list}");
    let refusal = talk.ask_words(&[b"CLIENT", b"SETNAME", b"two words"]);
    let expected = "-ERR Client names cannot contain spaces, newlines or special characters.";
    assert_eq!(refusal, expected);
}

#[test]
fn pause_holds_writes_and_unpause_lets_them_go() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut writer = server.talk();
    writer.check("PING", "PONG");
    talk.check("CLIENT PAUSE 100000000 WRITE | GET k", "OK | nil");
    writer.send("SET k v");
    writer.send("GET k");
    // Reads go on for everybody else, and the write has not happened in the meantime.
    for _ in 0..50 {
        talk.check("EXISTS k", ":0");
    }
    talk.check("CLIENT UNPAUSE", "OK");
    assert_eq!((writer.receive(), writer.receive()), ("OK".into(), "v".into()));
}

#[test]
fn pause_ends_by_itself() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let start = Instant::now();
    talk.check("CLIENT PAUSE 300 ALL", "OK");
    talk.check("PING", "PONG");
    assert!(start.elapsed() >= Duration::from_millis(290), "{:?}", start.elapsed());
}

#[test]
fn replies_can_be_switched_off() {
    let server = Server::start(&[]);
    let mut raw = server.raw();
    raw.send("CLIENT REPLY OFF\r\nPING\r\nSET k v\r\nCLIENT REPLY ON\r\n");
    raw.expect("+OK\r\n");
    raw.check("CLIENT REPLY SKIP\r\nPING\r\nGET k\r\n", "$1\r\nv\r\n");
}

#[test]
fn idle_clients_are_disconnected_and_subscribers_are_not() {
    let server = Server::start(&["--timeout", "1"]);
    let mut subscriber = server.talk();
    subscriber.ask("SUBSCRIBE c");
    let mut waiting = server.talk();
    waiting.send("BLPOP l 0");
    let mut idle = server.raw();
    idle.check("PING\r\n", "+PONG\r\n");
    idle.expect_closed();
    let mut talk = server.talk();
    talk.check("PUBLISH c m | RPUSH l a", ":1 | :1");
    assert_eq!(subscriber.receive(), "[message c m]");
    assert_eq!(waiting.receive(), "[l a]");
}

#[test]
fn thousands_of_connections_come_and_go() {
    let server = Server::start(&[]);
    for _ in 0..10 {
        let mut raws: Vec<_> = (0..200).map(|_| server.raw()).collect();
        for raw in &mut raws {
            raw.send("PING\r\n");
        }
        for raw in &mut raws {
            raw.expect("+PONG\r\n");
        }
    }
    let mut talk = server.talk();
    eventually("all have gone", || talk.info("connected_clients") == 1);
    assert!(talk.info("total_connections_received") >= 2001);
}

#[test]
fn monitor_shows_commands() {
    let server = Server::start(&[]);
    let mut monitor = server.raw();
    monitor.check("MONITOR\r\n", "+OK\r\n");
    server.talk().check("SET k v", "OK");
    let line = monitor.line();
    assert!(line.starts_with('+') && line.ends_with("\"SET\" \"k\" \"v\""), "{line}");
}

/// Many come at once, before the server has looked at the first of them.
#[test]
fn maxclients_holds_in_a_rush() {
    let server = Server::start(&["--maxclients", "5"]);
    let mut talk = server.talk();
    talk.check("PING", "PONG");
    let rush: Vec<_> = (0..40).map(|_| server.raw()).collect();
    eventually("the rest is refused", || talk.info("rejected_connections") == 36);
    assert_eq!(talk.info("connected_clients"), 5);
    drop(rush);
}

#[test]
fn a_server_that_sleeps_answers_nobody() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let (mut sleeper, mut other) = (server.talk(), server.talk());
    sleeper.send("DEBUG SLEEP 1");
    eventually("an answer takes long", || {
        let asked = Instant::now();
        other.check("PING", "PONG");
        asked.elapsed() > Duration::from_millis(200)
    });
    assert_eq!(sleeper.receive(), "OK");
}

/// Of what has come meanwhile, what has taken long before is done last, whoever came first.
#[test]
fn who_asks_for_little_does_not_wait_for_those_who_ask_for_much() {
    let server = Server::start(&["--enable-debug-command", "yes", "--io-threads", "1"]);
    let [mut sleeper, mut long, mut short] = [(); 3].map(|()| server.talk());
    let script = b"for i = 1, 100000 do end return redis.call('APPEND', KEYS[1], 'l')";
    let call = format!("EVALSHA {} 1 log", sleeper.ask_words(&[b"SCRIPT", b"LOAD", script]));
    eventually("the server knows what takes long", || {
        long.ask(&call);
        (0..50).for_each(|_| drop(short.ask("APPEND log s")));
        short.check("DEL log", ":1");
        sleeper.send("DEBUG SLEEP 0.2");
        // sleep: nothing tells that the worker is asleep; if it is not yet, this is tried again.
        thread::sleep(Duration::from_millis(50));
        long.send(&call);
        // sleep: as before, for what has been sent to arrive.
        thread::sleep(Duration::from_millis(50));
        short.send("APPEND log s");
        assert_eq!(sleeper.receive(), "OK");
        assert!([&mut long, &mut short].map(Talk::receive).concat().starts_with(':'));
        sleeper.ask("GET log") == "sl"
    });
}

/// A pipeline of long commands lets others in.
#[test]
fn who_sends_much_at_once_does_not_keep_others_waiting_for_all_of_it() {
    const SENT: usize = 30;
    let server = Server::start(&["--enable-debug-command", "yes", "--io-threads", "1"]);
    let (mut raw, mut other) = (server.raw(), server.talk());
    eventually("another one comes in between", || {
        raw.send("DEBUG SLEEP 0.01\r\nAPPEND log l\r\n".repeat(SENT));
        // sleep: the worker is to be in the midst of it; if it is not, this is tried again.
        thread::sleep(Duration::from_millis(20));
        let seen = other.ask("GET log").len();
        (1..=SENT).for_each(|count| raw.expect(format!("+OK\r\n:{count}\r\n")));
        other.check("DEL log", ":1");
        seen < SENT
    });
}

#[test]
fn what_comes_behind_a_long_command_sees_what_has_expired() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut raw = server.raw();
    raw.check("SET k v PX 50\r\nDEBUG SLEEP 0.1\r\nGET k\r\n", "+OK\r\n+OK\r\n$-1\r\n");
}

#[test]
fn what_a_client_was_told_before_a_command_comes_before_its_reply() {
    let server = Server::start(&[]);
    let (mut cache, mut writer) = (server.raw(), server.talk());
    cache.send("HELLO 3\r\n");
    cache.send("CLIENT TRACKING ON\r\nPING\r\n");
    while cache.line() != "+PONG" {}
    for _ in 0..300 {
        cache.check("GET k\r\n", "_\r\n");
        assert_eq!(writer.ask("UNLINK k other"), ":0");
        assert_eq!(writer.ask("SET k v"), "OK");
        cache.check("PING\r\n", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n+PONG\r\n");
        assert_eq!(writer.ask("DEL k"), ":1");
    }
}
