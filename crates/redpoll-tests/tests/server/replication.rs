//! Replication: between servers of ours, and with redis-server on either side.

use redpoll_tests::replication::{converge, follow, is_up};
use redpoll_tests::server::free_port;
use redpoll_tests::{Server, eventually};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const DEBUG: &[&str] = &["--enable-debug-command", "yes"];

/// Values of several kinds, some of which expire.
fn fill(server: &Server) {
    let mut talk = server.talk();
    for number in 0..200 {
        talk.ask(&format!("SET k:{number} {}", "v".repeat(number * 10)));
        talk.ask(&format!("RPUSH list:{} {number} x", number % 7));
        talk.ask(&format!("HSET hash:{} f{number} {number}", number % 5));
        talk.ask(&format!("ZADD zset {number}.5 m{number}"));
        talk.ask(&format!("SADD set:{} {number}", number % 3));
    }
    talk.ask("SELECT 9");
    talk.ask("SET elsewhere 1 EX 1000");
}

/// Changes data, by commands whose effect depends on chance and time too, until told to stop.
fn keep_writing(server: &Server, stop: &AtomicBool) {
    let mut talk = server.talk();
    let mut number = 0;
    while !stop.load(Relaxed) {
        number += 1;
        talk.ask(&format!("INCR n:{}", number % 50));
        talk.ask(&format!("SADD s {number}"));
        talk.ask("SPOP s");
        talk.ask(&format!("SET t:{} v PX 20", number % 20));
        talk.ask("MULTI");
        talk.ask(&format!("LPUSH l {number}"));
        talk.ask("LTRIM l 0 20");
        talk.ask("EXEC");
    }
}

/// Ends the writer, whether the test goes on or fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A first sync while data changes, and following from then on.
fn syncs_under_load(primary: &Server, replica: &Server) {
    fill(primary);
    replica.talk().ask("SET old data");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| keep_writing(primary, &stop));
        follow(replica, primary);
        let up = || replica.talk().ask("INFO replication").contains("master_link_status:up");
        eventually("the link is up", up);
        let mut talk = replica.talk();
        let seen = talk.ask("GET n:1");
        eventually("the replica follows", || talk.ask("GET n:1") != seen);
    });
    converge(primary, replica);
    assert_eq!(replica.talk().ask("GET old"), "nil");
}

#[test]
fn ours_follows_ours() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    syncs_under_load(&primary, &replica);
    primary.talk().check("SET k v | WAIT 1 5000", "OK | :1");
    let refused = "-READONLY You can't write against a read only replica.";
    replica.talk().check("GET k | SET k w", &format!("v | {refused}"));
    let role = primary.talk().ask("ROLE");
    assert!(role.contains(&replica.port.to_string()), "{role}");
}

#[test]
fn ours_follows_redis() {
    let (primary, replica) = (Server::redis(DEBUG), Server::start(DEBUG));
    syncs_under_load(&primary, &replica);
    primary.talk().check("SET k v | WAIT 1 5000", "OK | :1");
}

#[test]
fn redis_follows_ours() {
    let (primary, replica) = (Server::start(DEBUG), Server::redis(DEBUG));
    syncs_under_load(&primary, &replica);
    primary.talk().check("SET k v | WAIT 1 5000", "OK | :1");
}

#[test]
fn a_chain_goes_on_when_its_head_is_replaced() {
    let (first, second) = (Server::start(DEBUG), Server::start(DEBUG));
    let third = Server::start(DEBUG);
    fill(&first);
    follow(&second, &first);
    converge(&first, &second);
    follow(&third, &second);
    converge(&first, &third);
    first.talk().ask("SET k 1");
    converge(&first, &third);
    second.talk().check("REPLICAOF NO ONE | SET k 2", "OK | OK");
    converge(&second, &third);
    // The old primary comes back as a replica of the new one. It has nothing that the other lacks.
    follow(&first, &second);
    converge(&second, &first);
    let syncs = |server: &Server, field: &str| server.talk().info(field);
    assert_eq!(syncs(&second, "sync_full"), 1, "the third never needed another snapshot");
    // The third has come back to learn the new id.
    assert_eq!(syncs(&second, "sync_partial_ok"), 2, "nor the first");
}

#[test]
fn a_replica_leaves_expiry_to_its_primary() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    follow(&replica, &primary);
    primary.talk().ask("DEBUG SET-ACTIVE-EXPIRE 0");
    // A snapshot would not hold what has expired by then.
    let up = || replica.talk().ask("INFO replication").contains("master_link_status:up");
    eventually("the link is up", up);
    primary.talk().ask("SET k v PX 30");
    eventually("it is there", || replica.talk().ask("DBSIZE") == ":1");
    eventually("its time is over", || replica.talk().ask("GET k") == "nil");
    replica.talk().check("EXISTS k | DBSIZE", ":0 | :1");
    primary.talk().check("EXISTS k", ":0");
    eventually("it is gone", || replica.talk().ask("DBSIZE") == ":0");
}

#[test]
fn writes_wait_for_enough_replicas() {
    let primary = Server::start(&["--min-replicas-to-write", "1"]);
    let refused = "-NOREPLICAS Not enough good replicas to write.";
    primary.talk().check("SET k v | GET k", &format!("{refused} | nil"));
    let replica = Server::start(&[]);
    follow(&replica, &primary);
    eventually("a replica is near", || primary.talk().ask("SET k v") == "OK");
}

#[test]
fn a_primary_that_goes_away_is_found_again() {
    let replica = Server::start(DEBUG);
    let primary = Server::start(DEBUG);
    follow(&replica, &primary);
    primary.talk().ask("SET k v");
    converge(&primary, &replica);
    drop(primary);
    let down = || replica.talk().ask("INFO replication").contains("master_link_status:down");
    eventually("the link is down", down);
    assert_eq!(replica.talk().ask("GET k"), "v");
}

#[test]
fn messages_reach_those_who_listen_at_a_replica() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    follow(&replica, &primary);
    let mut listener = replica.talk();
    listener.check("SUBSCRIBE c", "[subscribe c :1]");
    eventually("the replica follows", || {
        primary.talk().ask("SET k v");
        replica.talk().ask("GET k") == "v"
    });
    primary.talk().check(
        "PUBLISH c one | MULTI | SET k w | PUBLISH c two | EXEC",
        ":0 | OK | QUEUED | QUEUED | [OK :0]",
    );
    assert_eq!(listener.receive(), "[message c one]");
    assert_eq!(listener.receive(), "[message c two]");
    converge(&primary, &replica);
}

/// The first words that ROLE answers.
/// A sentinel closes the connections of those whose role it changes: then it is asked again.
fn role(server: &Server) -> String {
    let role = std::iter::repeat_with(|| server.talk().try_ask("ROLE")).flatten().next();
    let role = role.expect("an answer at last");
    if role.contains("master") { "primary".to_owned() } else { "replica".to_owned() }
}

#[test]
fn a_failover_loses_nothing() {
    let (first, second, third) = (Server::start(DEBUG), Server::start(DEBUG), Server::start(DEBUG));
    follow(&second, &first);
    follow(&third, &first);
    converge(&first, &second);
    converge(&first, &third);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| keep_writing(&first, &stop));
        let online = || first.talk().ask("INFO replication").matches("state=online").count() == 2;
        eventually("both replicas follow", online);
        let target = format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 20000", second.port);
        assert_eq!(first.talk().ask(&target), "OK");
        let over = || first.talk().ask("INFO replication").contains("state:no-failover");
        eventually("the failover is over", over);
    });
    assert_eq!((role(&first), role(&second)), ("replica".to_owned(), "primary".to_owned()));
    follow(&third, &second);
    second.talk().ask("SET k v");
    converge(&second, &first);
    converge(&second, &third);
    assert_eq!(second.talk().info("sync_full"), 0, "both went on where they were");
    let refused = "-ERR FAILOVER is not valid when server is a replica.";
    first.talk().check("FAILOVER", refused);
}

#[test]
fn who_waits_is_told_when_the_server_becomes_a_replica() {
    let (primary, replica) = (Server::start(&[]), Server::start(&[]));
    let mut waiting = replica.talk();
    waiting.send("BLPOP k 0");
    eventually("the client waits", || replica.talk().info("blocked_clients") == 1);
    follow(&replica, &primary);
    assert!(waiting.receive().starts_with("-UNBLOCKED force unblock"));
    eventually("the connection ends", || replica.talk().info("blocked_clients") == 0);
}

#[test]
fn links_are_clients() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    primary.talk().ask("SET first 1");
    follow(&replica, &primary);
    converge(&primary, &replica);
    let lists = |server: &Server, filter: &str| server.talk().ask(&format!("CLIENT LIST {filter}"));
    // The data may be equal a moment before the link is up.
    eventually("a replica is listed", || lists(&primary, "TYPE replica").contains("flags=S"));
    eventually("a primary is listed", || lists(&replica, "TYPE master").contains("flags=M"));
    let line = lists(&replica, "TYPE master");
    assert!(line.contains(&format!(" addr=127.0.0.1:{} laddr=127.0.0.1:", primary.port)), "{line}");
    assert!(line.contains(" user=(superuser) "), "{line}");
    replica.talk().check("CLIENT KILL TYPE master", ":1");
    eventually("it is made anew", || primary.talk().info("sync_partial_ok") == 1);
    primary.talk().check("SELECT 9 | SET k v", "OK | OK");
    converge(&primary, &replica);
    primary.talk().check("CLIENT KILL TYPE replica", ":1");
    eventually("it is made anew", || primary.talk().info("sync_partial_ok") == 2);
    // The stream was in database 9 when it broke.
    let mut talk = primary.talk();
    talk.check("SELECT 9 | SET k w", "OK | OK");
    converge(&primary, &replica);
    assert!(primary.talk().info("total_net_repl_output_bytes") > 100);
    let (all, come) = ("total_net_input_bytes", "total_net_repl_input_bytes");
    let come = replica.talk().info(come);
    assert!(come > 0 && replica.talk().info(all) > come);
}

#[test]
fn a_replica_that_starts_again_goes_on_from_its_file() {
    let primary = Server::start(DEBUG);
    fill(&primary);
    let path = redpoll_tests::server::new_directory();
    std::fs::create_dir_all(&path).expect("a directory");
    let directory = path.display().to_string();
    let port = primary.port.to_string();
    let settings = ["--dir", &directory, "--save", "3600 1"];
    let mut replica = Server::start(&[&settings[..], DEBUG].concat());
    follow(&replica, &primary);
    converge(&primary, &replica);
    replica.talk().check("SAVE", "OK");
    replica.signal("TERM");
    replica.wait();
    primary.talk().check("SET late 1 | INCR late", "OK | :2");
    let of = format!("127.0.0.1 {port}");
    let again = [&settings[..], DEBUG, &["--replicaof", &of]].concat();
    let replica = Server::start(&again);
    converge(&primary, &replica);
    let mut talk = primary.talk();
    assert_eq!((talk.info("sync_full"), talk.info("sync_partial_ok")), (1, 1));
    drop(replica);
    // It may have been removed with the server's own.
    let _ = std::fs::remove_dir_all(path);
}

#[test]
fn links_over_tls() {
    let authority = redpoll_tests::Authority::new();
    let own = authority.sign("server");
    let (ports, file) = ([free_port(), free_port()].map(|port| port.to_string()), authority.file());
    let start = |port: &str| {
        let keys = ["--tls-cert-file", &own.certificate, "--tls-key-file", &own.key];
        let more = ["--tls-port", port, "--tls-ca-cert-file", &file, "--tls-replication", "yes"];
        Server::start(&[&keys[..], &more, DEBUG].concat())
    };
    let (primary, replica) = (start(&ports[0]), start(&ports[1]));
    fill(&primary);
    let answer = replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", ports[0]));
    assert_eq!(answer, "OK");
    converge(&primary, &replica);
    primary.talk().ask("SET k v");
    converge(&primary, &replica);
    let shown = primary.talk().ask("INFO replication");
    assert!(shown.contains(&format!("port={},state=online", ports[1])), "{shown}");
}

#[test]
fn a_replica_whose_keys_have_all_expired_still_answers() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    follow(&replica, &primary);
    converge(&primary, &replica);
    primary.talk().ask("DEBUG SET-ACTIVE-EXPIRE 0");
    primary.talk().check("SET a 1 PX 20 | SET b 1 PX 20", "OK | OK");
    eventually("they are there", || replica.talk().ask("DBSIZE") == ":2");
    eventually("their time is over", || replica.talk().ask("EXISTS a b") == ":0");
    assert!(["a", "b"].contains(&&*replica.talk().ask("RANDOMKEY")), "one of them, as in Redis");
    replica.talk().check("KEYS * | TTL a | DBSIZE", "[] | :-2 | :2");
    assert_eq!(replica.talk().ask("SCAN 0 COUNT 1000"), "[0 []]");
}

const MISSING: &str = "-ERR Function not found";

/// Loads a library with a function.
fn load(server: &Server, library: &str, function: &str) {
    let code = format!(
        "#!lua name={library}\nredis.register_function('{function}', function() return 1 end)"
    );
    let words: [&[u8]; 3] = [b"FUNCTION", b"LOAD", code.as_bytes()];
    assert_eq!(server.talk().ask_words(&words), library);
}

/// A primary and a replica, one of which may be redis-server.
fn functions_follow(primary: &Server, replica: &Server) {
    load(primary, "lib", "f");
    follow(replica, primary);
    // With the snapshot, and then with the stream.
    eventually("the function is there", || replica.talk().ask("FCALL f 0") != MISSING);
    load(primary, "other", "g");
    primary.talk().check("FUNCTION DELETE lib", "OK");
    let list = |server: &Server| server.talk().ask("FUNCTION LIST");
    eventually("the libraries agree", || list(primary) == list(replica));
    primary.talk().check("FUNCTION FLUSH", "OK");
    eventually("there are none", || list(replica) == "[]");
}

#[test]
fn functions_come_along() {
    functions_follow(&Server::start(&[]), &Server::start(&[]));
    functions_follow(&Server::redis(&[]), &Server::start(&[]));
    functions_follow(&Server::start(&[]), &Server::redis(&[]));
}

#[test]
fn a_script_chooses_who_hears_of_its_writes() {
    let (primary, replica) = (Server::start(&[]), Server::start(&[]));
    follow(&replica, &primary);
    eventually("the link is up", || {
        replica.talk().ask("INFO replication").contains("master_link_status:up")
    });
    let script = "redis.set_repl(redis.REPL_AOF) redis.call('set', KEYS[1], 1) \
                  redis.set_repl(redis.REPL_NONE) redis.call('set', KEYS[2], 1) \
                  redis.set_repl(redis.REPL_REPLICA) redis.call('set', KEYS[3], 1) \
                  redis.set_repl(redis.REPL_ALL) redis.call('set', KEYS[4], 1)";
    let names: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
    let words = [&[&b"EVAL"[..], script.as_bytes(), b"4"], &names[..]].concat();
    assert_eq!(primary.talk().ask_words(&words), "nil");
    // And the same where the keys are not declared.
    let roaming = script.replace("KEYS[", "'x' .. ARGV[");
    let words = [&[&b"EVAL"[..], roaming.as_bytes(), b"0"], &names[..]].concat();
    assert_eq!(primary.talk().ask_words(&words), "nil");
    eventually("the last ones are there", || replica.talk().ask("EXISTS d xd") == ":2");
    replica.talk().check("EXISTS a b xa xb | EXISTS c xc", ":0 | :2");
}

#[test]
fn a_replica_that_was_stopped_goes_on() {
    let (primary, replica) = (Server::start(&[]), Server::start(&[]));
    follow(&replica, &primary);
    eventually("the link is up", || {
        replica.talk().ask("INFO replication").contains("master_link_status:up")
    });
    replica.signal("STOP");
    primary.talk().check("SET k v", "OK");
    replica.signal("CONT");
    eventually("the write is there", || replica.talk().ask("GET k") == "v");
    assert!(!replica.log().contains("Connection with master lost"), "{}", replica.log());
    assert_eq!(primary.talk().info("sync_partial_ok"), 0);
}

#[test]
fn a_pause_of_a_replica_holds_the_stream_up() {
    let (primary, replica) = (Server::start(&[]), Server::start(&[]));
    follow(&replica, &primary);
    primary.talk().check("SET k v", "OK");
    eventually("the write is there", || replica.talk().ask("GET k") == "v");
    replica.talk().check("CLIENT PAUSE 100000 WRITE", "OK");
    primary.talk().check("SET k w", "OK");
    eventually("it has come and waits", || {
        let mut talk = replica.talk();
        talk.info("slave_read_repl_offset") > talk.info("slave_repl_offset")
    });
    replica.talk().check("GET k | CLIENT UNPAUSE", "v | OK");
    eventually("it is carried out", || replica.talk().ask("GET k") == "w");
}

#[test]
fn who_can_be_sent_to_the_primary_is() {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    primary.talk().check("SET k v", "OK");
    let there = format!("-REDIRECT 127.0.0.1:{}", primary.port);
    let mut before = replica.talk();
    before.check("CLIENT CAPA redirect | MULTI | SET k w", "OK | OK | QUEUED");
    follow(&replica, &primary);
    converge(&primary, &replica);
    eventually("the link is up", || is_up(&replica));
    before.check("EXEC | EXEC", &format!("{there} | -ERR EXEC without MULTI"));
    let mut talk = replica.talk();
    let refused = "-READONLY You can't write against a read only replica.";
    talk.check("GET k | SET k w", &format!("v | {refused}"));
    talk.check(
        "CLIENT CAPA redirect | GET k | SET k w | PING",
        &format!("OK | {there} | {there} | PONG"),
    );
    talk.check("MULTI | SET k w", &format!("OK | {there}"));
    talk.check("EXEC", "-EXECABORT Transaction discarded because of previous errors.");
    talk.check("READONLY | GET k | SET k w", &format!("OK | v | {there}"));
    talk.check("READWRITE | GET k", &format!("OK | {there}"));
    replica.talk().check("REPLICAOF NO ONE", "OK");
    talk.check("GET k | SET k w", "v | OK");
}
