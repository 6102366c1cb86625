//! Scripts on servers that refuse writes: replicas, servers without replicas, without a disk,
//! without memory; and scripts in a CLIENT PAUSE. And libraries of functions in snapshots.

use super::eval;
use crate::testing::{Disk, TestServer, check};
use redpoll_engine::Session;
use redpoll_engine::replication::Primary;
use redpoll_types::rng::SmallRng;

const LIBRARY: &str = "#!lua name=lib
    redis.register_function('writes', function(keys) return redis.call('set', keys[1], 'f') end)
    redis.register_function{function_name='reads', flags={'no-writes'}, callback=function(keys)
        return redis.call('get', keys[1])
    end}
    redis.register_function{function_name='stale', flags={'no-writes', 'allow-stale'},
        callback=function(keys, args) return redis.call(args[1], keys[1]) end}";

/// Loads a library whose code may span lines.
fn load(server: &mut TestServer, session: &mut Session, code: &str) -> String {
    server.run(session, &format!("FUNCTION LOAD \"{}\"", code.replace('\n', "\\n")))
}

fn follow(server: &TestServer) {
    let primary = Primary { host: "127.0.0.1".to_owned(), port: 1 };
    let mut keys = server.engine.keyspace.keys(0, server.now);
    keys.lock_all();
    server.engine.follow(&keys, Some(primary), &mut SmallRng::new(1));
}

#[test]
fn on_a_replica() {
    let mut server = TestServer::new();
    let mut session = server.client();
    assert_eq!(load(&mut server, &mut session, LIBRARY), "lib");
    server.run(&mut session, "SET k v");
    follow(&server);
    let readonly = "READONLY You can't write against a read only replica.";
    assert_eq!(server.run(&mut session, "FCALL writes 1 k"), readonly);
    assert_eq!(server.run(&mut session, "FCALL reads 1 k"), "v");
    assert_eq!(load(&mut server, &mut session, LIBRARY), readonly);
    assert_eq!(server.run(&mut session, "FUNCTION FLUSH"), readonly);
    // Without flags a script runs until it writes.
    let script = "return redis.call('get', KEYS[1]) .. redis.pcall('del', KEYS[1])['err']";
    assert_eq!(eval(&mut server, &mut session, script, "1 k"), format!("v{readonly}"));
    let reply = eval(&mut server, &mut session, "return redis.call('del', KEYS[1])", "1 k");
    assert!(reply.starts_with(readonly), "{reply}");
    assert_eq!(eval(&mut server, &mut session, "#!lua\nreturn 1", "0"), readonly);
    assert_eq!(eval(&mut server, &mut session, "#!lua flags=no-writes\nreturn 1", "0"), "1");
    server.run(&mut session, "MULTI");
    assert_eq!(server.run(&mut session, "FCALL writes 1 k"), readonly);
    let aborted = "EXECABORT Transaction discarded because of previous errors.";
    assert_eq!(server.run(&mut session, "EXEC"), aborted);
}

#[test]
fn on_a_replica_that_is_not_to_serve_old_data() {
    let mut server = TestServer::new();
    let mut session = server.client();
    load(&mut server, &mut session, LIBRARY);
    server.run(&mut session, "CONFIG SET replica-serve-stale-data no");
    follow(&server);
    let down = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
    assert_eq!(server.run(&mut session, "FCALL reads 1 k"), down);
    assert_eq!(eval(&mut server, &mut session, "return 1", "0"), down);
    assert!(server.run(&mut session, "FCALL stale 1 server info").starts_with("# Server"));
    let reply = server.run(&mut session, "FCALL stale 1 k get");
    assert!(reply.starts_with("ERR Can not execute the command on a stale replica"), "{reply}");
}

#[test]
fn without_replicas() {
    let mut server = TestServer::new();
    let mut session = server.client();
    load(&mut server, &mut session, LIBRARY);
    server.run(&mut session, "SET k v");
    server.run(&mut session, "CONFIG SET min-replicas-to-write 1");
    let refusal = "NOREPLICAS Not enough good replicas to write.";
    assert_eq!(server.run(&mut session, "FCALL writes 1 k"), refusal);
    assert_eq!(server.run(&mut session, "FCALL reads 1 k"), "v");
    let reply = eval(&mut server, &mut session, "return redis.call('del', KEYS[1])", "1 k");
    assert!(reply.starts_with(refusal), "{reply}");
    assert_eq!(eval(&mut server, &mut session, "return redis.call('get', KEYS[1])", "1 k"), "v");
}

#[test]
fn without_a_disk() {
    let mut server = TestServer::new();
    let disk = Disk::of(&server);
    let mut session = server.client();
    load(&mut server, &mut session, LIBRARY);
    disk.break_down(true);
    server.run(&mut session, "BGSAVE");
    let text = "MISCONF Redis is configured to save RDB snapshots, but";
    assert!(server.run(&mut session, "FCALL writes 1 k").starts_with(text));
    assert_eq!(server.run(&mut session, "FCALL reads 1 k"), "nil");
    let reply = eval(&mut server, &mut session, "return redis.call('del', KEYS[1])", "1 k");
    assert!(reply.starts_with(text), "{reply}");
    disk.break_down(false);
    server.run(&mut session, "BGSAVE");
    assert_eq!(server.run(&mut session, "FCALL writes 1 k"), "OK");
}

#[test]
fn a_pause_waits_for_what_may_write() {
    let mut server = TestServer::new();
    let mut session = server.client();
    load(&mut server, &mut session, LIBRARY);
    server.run(&mut session, "SET k v PX 50");
    server.run(&mut session, "CLIENT PAUSE 1000 WRITE");
    assert_eq!(server.run(&mut session, "FCALL reads 1 k"), "v");
    assert_eq!(eval(&mut server, &mut session, "#!lua flags=no-writes\nreturn 1", "0"), "1");
    // Nothing expires meanwhile, but nobody sees it either.
    server.now += 100;
    assert_eq!(server.run(&mut session, "GET k"), "nil");
    assert_eq!(server.executor.expire_due(server.now), 0);
    let mut writer = server.client();
    assert_eq!(server.run(&mut writer, "SET k"), "ERR wrong number of arguments for 'set' command");
    server.run(&mut session, "CLIENT UNPAUSE");
    assert_eq!(server.executor.expire_due(server.now), 1);
}

#[test]
fn libraries_are_part_of_snapshots() {
    let mut server = TestServer::new();
    server.engine.config.force("enable-debug-command", b"yes").expect("a valid value");
    let disk = Disk::of(&server);
    let mut session = server.client();
    load(&mut server, &mut session, LIBRARY);
    server.run(&mut session, "SET k v");
    assert_eq!(server.run(&mut session, "DEBUG RELOAD"), "OK");
    assert_eq!(server.run(&mut session, "FCALL reads 1 k"), "v");
    // What is there already is refused, unless it is to be replaced.
    let failed = "ERR Error trying to load the RDB dump, check server logs.";
    assert_eq!(server.run(&mut session, "DEBUG RELOAD NOFLUSH"), failed);
    let other = "#!lua name=other\nredis.register_function('more', function() return 1 end)";
    load(&mut server, &mut session, other);
    assert_eq!(server.run(&mut session, "DEBUG RELOAD NOSAVE NOFLUSH MERGE"), "OK");
    assert_eq!(server.run(&mut session, "FCALL more 0"), "1");
    // One without keys, and one with a library that does not load.
    server.run(&mut session, "FLUSHALL");
    server.run(&mut session, "SAVE");
    let mut second = TestServer::new();
    let disk_of_second = Disk::of(&second);
    disk_of_second.put("dump.rdb", &disk.file("dump.rdb").expect("a snapshot"));
    second.engine.config.force("enable-debug-command", b"yes").expect("a valid value");
    let mut session = second.client();
    assert_eq!(second.run(&mut session, "DEBUG RELOAD NOSAVE"), "OK");
    assert_eq!(second.run(&mut session, "FCALL more 0"), "1");
    let bad = b"REDIS0010\xf5\x08#!lua x=\xff\0\0\0\0\0\0\0\0";
    disk_of_second.put("dump.rdb", bad);
    assert_eq!(second.run(&mut session, "DEBUG RELOAD NOSAVE"), failed);
}

#[test]
fn blocking_reads_are_refused() {
    check(
        "EVAL \"return redis.pcall('xread', 'BLOCK', 0, 'STREAMS', KEYS[1], '$')\" 1 s",
        "ERR xread command is not allowed with BLOCK option from scripts",
    );
}
