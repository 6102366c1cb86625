//! Tests of scripts and functions as clients see them.

use crate::testing::{TestServer, check, check_events, configure, play};
use redpoll_engine::Session;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

mod states;
mod users;

/// Runs a script whose text may span lines and hold quotes.
fn eval(server: &mut TestServer, session: &mut Session, script: &str, rest: &str) -> String {
    let quoted = script.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    server.run(session, &format!("EVAL \"{quoted}\" {rest}"))
}

fn on(script: &str, place: &str) -> String {
    format!("script: {}, on @user_script:{place}.", redpoll_script::sha1(script.as_bytes()))
}

#[test]
fn scripts_run_commands() {
    check("EVAL \"return redis.call('set', KEYS[1], ARGV[1])\" 1 k v | GET k", "OK | v");
    check("EVAL \"return {KEYS[1], ARGV[1], #KEYS, #ARGV}\" 1 a b c", "[a b 1 2]");
    check(
        "EVAL \"return redis.call('nosuch')\" 0",
        &format!(
            "ERR Unknown Redis command called from script {}",
            on("return redis.call('nosuch')", "1")
        ),
    );
    check("EVAL \"return 1\" x", "ERR value is not an integer or out of range");
    check("EVAL \"return 1\" 2 a", "ERR Number of keys can't be greater than number of args");
    check("EVAL \"return 1\" -1", "ERR Number of keys can't be negative");
    check("EVAL \"return redis.call('blpop', 'l', 0)\" 1 l", "nil");
    check(
        "EVAL \"redis.call('select', 5) return redis.call('set', 'k', 'v')\" 0 | GET k | SELECT \
         5 | GET k",
        "OK | nil | OK | v",
    );
    check(
        "HELLO 3 | EVAL \"return redis.call('hgetall', 'h')\" 0",
        "{server redis version 7.2.4 proto 3 id 1 mode standalone role master modules []} | []",
    );
    check(
        "HSET h a 1 | EVAL \"redis.setresp(3) return redis.call('hgetall', KEYS[1])\" 1 h",
        "1 | [a 1]",
    );
}

#[test]
fn the_cache_knows_scripts() {
    let sha = redpoll_script::sha1(b"return 7");
    check(
        &format!(
            "SCRIPT LOAD \"return 7\" | EVALSHA {sha} 0 | EVALSHA {} 0 | SCRIPT EXISTS {sha} x | \
             SCRIPT SHOW {sha} | SCRIPT FLUSH | SCRIPT EXISTS {sha} | EVALSHA {sha} 0",
            sha.to_uppercase()
        ),
        &format!(
            "{sha} | 7 | 7 | [1 0] | return 7 | OK | [0] | NOSCRIPT No matching script. Please \
             use EVAL."
        ),
    );
    check(&format!("EVAL \"return 7\" 0 | EVALSHA {sha} 0 | EVALSHA_RO {sha} 0"), "7 | 7 | 7");
    check(
        "SCRIPT LOAD \"return (\"",
        "ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'",
    );
    check(
        "SCRIPT KILL | FUNCTION KILL",
        "NOTBUSY No scripts in execution right now. | NOTBUSY No scripts in execution right now.",
    );
    check("SCRIPT DEBUG NO | SCRIPT DEBUG x", "OK | ERR Use SCRIPT DEBUG YES/SYNC/NO");
    check("SCRIPT FLUSH now", "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    let mut server = TestServer::new();
    let mut session = server.client();
    for number in 0..600 {
        server.run(&mut session, &format!("EVAL \"return {number}\" 0"));
    }
    assert_eq!(server.engine.scripts.script_count(), 500);
    assert_eq!(server.engine.scripts.evicted_scripts(), 100);
    let first = redpoll_script::sha1(b"return 0");
    assert!(server.run(&mut session, &format!("EVALSHA {first} 0")).starts_with("NOSCRIPT"));
}

#[test]
fn what_a_script_may_do() {
    let refused = "ERR Write commands are not allowed from read-only scripts.";
    let script = "return redis.call('set', 'k', 'v')";
    check(&format!("EVAL_RO \"{script}\" 1 k"), &format!("{refused} {}", on(script, "1")));
    check("EVAL_RO \"return redis.call('get', 'k')\" 1 k", "nil");
    let script = "return redis.call('multi')";
    check(
        &format!("EVAL \"{script}\" 0"),
        &format!("ERR This Redis command is not allowed from script {}", on(script, "1")),
    );
    let script = "return redis.call('get')";
    check(
        &format!("EVAL \"{script}\" 0"),
        &format!("ERR Wrong number of args calling Redis command from script {}", on(script, "1")),
    );
    check(
        "EVAL_RO \"#!lua\\nreturn 1\" 0 | EVAL_RO \"#!lua flags=no-writes\\nreturn 1\" 0 | \
         EVAL \"#!lua flags=x\\nreturn 1\" 0 | EVAL \"#!js\\nreturn 1\" 0",
        "ERR Can not execute a script with write flag using *_ro command. | 1 | \
         ERR Unexpected flag in script shebang: x | \
         ERR Unexpected engine in script shebang: #!js",
    );
}

#[test]
fn keys_that_were_not_declared() {
    check(
        "EVAL \"redis.call('set', 'a', 1) redis.call('set', 'b', 2) return \
         #redis.call('keys', '*')\" 0 | DBSIZE",
        "2 | 2",
    );
    // What was done before the script began again is done once.
    check(
        "SET a 1 EX 100 | RPUSH l x | EVAL \"redis.call('incr', KEYS[1]) redis.call('rpush', \
         KEYS[2], 'y') redis.call('del', KEYS[3]) redis.call('incr', 'b') return \
         redis.call('incr', KEYS[1])\" 3 a l gone | GET a | TTL a | LRANGE l 0 -1 | GET b",
        "OK | 1 | 3 | 3 | 100 | [x y] | 1",
    );
    check_events(
        "EVAL \"redis.call('incr', KEYS[1]) redis.call('incr', 'b')\" 1 a",
        "new a, incrby a, new b, incrby b",
        2,
    );
    check(
        "EVAL \"redis.call('set', KEYS[1], 1) return redis.call('publish', 'c', 'x')\" 1 a | GET a",
        "0 | 1",
    );
    check(
        "EVAL \"redis.call('set', KEYS[1], 1) redis.call('flushall') return \
         redis.call('dbsize')\" 1 a",
        "0",
    );
}

#[test]
fn scripts_in_transactions() {
    check(
        "MULTI | EVAL \"return redis.call('incr', 'undeclared')\" 0 | EVAL \"return \
         redis.call('incr', KEYS[1])\" 1 k | EXEC",
        "OK | QUEUED | QUEUED | [1 1]",
    );
    check(
        "WATCH k | EVAL \"return redis.call('incr', KEYS[1])\" 1 k | MULTI | PING | EXEC",
        "OK | 1 | OK | QUEUED | nil",
    );
}

#[test]
fn those_who_wait_are_served() {
    play(
        "a: BLPOP l 0 =
         b: EVAL \"redis.call('rpush', 'l', 'x') return redis.call('llen', 'l')\" 0 = 1
         a: = [l x]
         a: BLPOP l 0 =
         b: EVAL \"redis.call('rpush', KEYS[1], 'x') redis.call('lpop', KEYS[1]) return 1\" 1 l = 1
         a: =
         b: EVAL \"return redis.call('rpush', KEYS[1], 'y')\" 1 l = 1
         a: = [l y]",
    );
}

#[test]
fn errors_are_counted_once() {
    let mut server = TestServer::new();
    let mut session = server.client();
    let count = |server: &TestServer| server.engine.stats.errors();
    for (script, expected) in [
        ("return redis.call('select', 99)", 1),
        ("return redis.pcall('select', 99)", 1),
        ("redis.pcall('select', 99) return 1", 1),
        ("return redis.call('nosuch')", 1),
        ("return redis.error_reply('x')", 1),
        ("error('x')", 1),
        ("return redis.pcall('select')", 1),
    ] {
        server.engine.stats.reset();
        eval(&mut server, &mut session, script, "0");
        assert_eq!(count(&server), [("ERR".to_owned(), expected)], "{script}");
    }
}

#[test]
fn functions() {
    let library = "\"#!lua name=lib\\nlocal n = 40\\nredis.register_function('f', function(keys, \
                   args) return redis.call('set', keys[1], args[1]) end)\\n\
                   redis.register_function{function_name='g', callback=function() return n + 2 \
                   end, flags={'no-writes'}, description='d'}\"";
    check(
        &format!(
            "FUNCTION LOAD {library} | FCALL f 1 k v | FCALL G 0 | FCALL_RO g 0 | FCALL_RO f 1 k v \
             | FUNCTION LOAD {library} | FUNCTION LOAD REPLACE {library} | FUNCTION LIST | \
             FUNCTION STATS | FUNCTION DELETE lib | FCALL g 0 | FUNCTION DELETE lib"
        ),
        "lib | OK | 42 | 42 | ERR Can not execute a script with write flag using *_ro command. | \
         ERR Library 'lib' already exists | lib | [[library_name lib engine LUA functions [[name f \
         description nil flags []] [name g description d flags [no-writes]]]]] | \
         [running_script nil engines [LUA [libraries_count 1 functions_count 2]]] | OK | \
         ERR Function not found | ERR Library not found",
    );
    check("FUNCTION LOAD \"#!lua name=a\\nreturn 1\"", "ERR No functions registered");
    check(
        "FUNCTION LOAD \"#!lua name=a\\nfoo()\"",
        "ERR Error registering functions: ERR user_function:2: Script attempted to access \
         nonexistent global variable 'foo'",
    );
    check(
        "FUNCTION LOAD \"#!lua name=a\\n(\"",
        "ERR Error compiling function: user_function:2: unexpected symbol near '<eof>'",
    );
    check("FUNCTION LOAD x", "ERR Missing library metadata");
    check("FUNCTION RESTORE x", "ERR DUMP payload version or checksum are wrong");
    check("FUNCTION FLUSH now", "ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
    check("FCALL nosuch 0", "ERR Function not found");
}

#[test]
fn libraries_reach_every_thread() {
    let mut server = TestServer::new();
    let mut session = server.client();
    let library = "FUNCTION LOAD REPLACE \"#!lua name=lib\\nredis.register_function('f', \
                   function() return $ end)\"";
    for version in ["1", "2"] {
        server.run(&mut session, &library.replace('$', version));
        let beside = || {
            let mut other = TestServer::beside(&server);
            let mut session = other.client();
            other.run(&mut session, "FCALL f 0")
        };
        let answer = std::thread::scope(|scope| scope.spawn(beside).join());
        assert_eq!(answer.expect("no panic"), version);
        assert_eq!(server.run(&mut session, "FCALL f 0"), version);
    }
}

#[test]
fn a_dump_restores_elsewhere() {
    let mut server = TestServer::new();
    let mut session = server.client();
    server.run(
        &mut session,
        "FUNCTION LOAD \"#!lua name=lib\\nredis.register_function('f', function() return 7 end)\"",
    );
    let raw = server.raw(&mut session, "FUNCTION DUMP");
    let start = raw.iter().position(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let payload = raw[start..raw.len() - 2].iter().map(|byte| format!("\\x{byte:02x}"));
    let payload: String = payload.collect();
    let restore = format!("FUNCTION RESTORE \"{payload}\"");
    assert_eq!(server.run(&mut session, &restore), "ERR Library lib already exists");
    assert_eq!(server.run(&mut session, &format!("{restore} REPLACE")), "OK");
    assert_eq!(server.run(&mut session, "FUNCTION FLUSH"), "OK");
    assert_eq!(server.run(&mut session, &restore), "OK");
    assert_eq!(server.run(&mut session, "FCALL f 0"), "7");
    assert_eq!(server.run(&mut session, &format!("{restore} FLUSH")), "OK");
}

#[test]
fn monitors_see_scripts_before_their_commands() {
    let mut server = TestServer::new();
    let (mut monitor, mut client) = (server.client(), server.client_from("here:1", ""));
    server.run(&mut monitor, "MONITOR");
    server.run(&mut client, "EVAL \"return redis.call('get', KEYS[1])\" 1 k");
    let mut seen = Vec::new();
    monitor.client.take_outbox(&mut seen);
    let seen = String::from_utf8_lossy(&seen);
    let (first, second) = seen.split_once("\r\n").expect("two lines");
    assert!(first.contains("[0 here:1] \"EVAL\""), "{seen}");
    assert!(second.contains("[0 lua] \"get\" \"k\""), "{seen}");
}

/// Accounts between which money moves by every kind of step there is; whoever looks at all of them
/// at once must always see the same sum.
#[test]
fn nothing_comes_between_the_steps_of_a_script() {
    const ACCOUNTS: usize = 12;
    const TOTAL: usize = 1200;
    let mut server = TestServer::new();
    configure(&server, "slowlog-log-slower-than", "-1");
    let mut session = server.client();
    for account in 0..ACCOUNTS {
        server.run(&mut session, &format!("SET account:{account} 100"));
    }
    let over = Arc::new(AtomicBool::new(false));
    let names: String = (0..ACCOUNTS).map(|account| format!(" account:{account}")).collect();
    std::thread::scope(|scope| {
        let mut movers = Vec::new();
        for mover in 0..4usize {
            let mut server = TestServer::beside(&server);
            movers.push(scope.spawn(move || {
                let mut session = server.client();
                for step in 0..300usize {
                    let from = (step * 7 + mover) % ACCOUNTS;
                    let to = (step * 5 + mover * 3 + 1) % ACCOUNTS;
                    move_money(&mut server, &mut session, (mover, step), (from, to));
                }
            }));
        }
        for watcher in 0..2 {
            let (mut server, over, names) =
                (TestServer::beside(&server), Arc::clone(&over), names.clone());
            scope.spawn(move || {
                let mut session = server.client();
                while !over.load(Relaxed) {
                    let seen = match watcher {
                        0 => server.run(&mut session, &format!("MGET{names}")),
                        _ => eval(
                            &mut server,
                            &mut session,
                            "local t = {} for i = 0, 11 do t[i + 1] = redis.call('get', 'account:' \
                             .. i) end return t",
                            "0",
                        ),
                    };
                    let sum: usize = seen
                        .trim_matches(['[', ']'])
                        .split(' ')
                        .flat_map(str::parse::<usize>)
                        .sum();
                    assert_eq!(sum, TOTAL, "{seen}");
                }
            });
        }
        let done: Vec<_> = movers.into_iter().map(|mover| mover.join()).collect();
        over.store(true, Relaxed);
        assert!(done.iter().all(Result::is_ok));
    });
    let seen = server.run(&mut session, &format!("MGET{names}"));
    let sum: usize = seen.trim_matches(['[', ']']).split(' ').flat_map(str::parse::<usize>).sum();
    assert_eq!(sum, TOTAL);
}

/// Moves one coin: in a script that declares both accounts, one of them, or none; or in a
/// transaction. Each script is a new one now and then, so that it has to find out what it needs.
fn move_money(
    server: &mut TestServer,
    session: &mut Session,
    (mover, step): (usize, usize),
    (from, to): (usize, usize),
) {
    let transfer = format!(
        "-- {mover} {}\nif tonumber(redis.call('get', ARGV[1])) > 0 then redis.call('decr', \
         ARGV[1]) redis.call('incr', ARGV[2]) return 1 end return 0",
        step / 3
    );
    let (from, to) = (format!("account:{from}"), format!("account:{to}"));
    match step % 4 {
        0 => eval(server, session, &transfer, &format!("2 {from} {to} {from} {to}")),
        1 => eval(server, session, &transfer, &format!("1 {from} {from} {to}")),
        2 => eval(server, session, &transfer, &format!("0 {from} {to}")),
        _ => {
            server.run(session, "MULTI");
            server.run(session, &format!("INCR {to}"));
            server.run(session, &format!("DECR {from}"));
            server.run(session, "EXEC")
        }
    };
}
