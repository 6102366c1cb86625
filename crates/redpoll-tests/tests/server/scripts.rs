//! Scripts that take long: what other clients get meanwhile, and how such a script ends.

use redpoll_tests::{Server, Talk, eventually};

const BUSY: &str =
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

fn server(workers: &str) -> Server {
    Server::start(&["--io-threads", workers, "--busy-reply-threshold", "50"])
}

/// Starts a script and waits until the server is busy with it.
fn busy(server: &Server, words: &[&str]) -> (Talk, Talk) {
    let (mut runs, mut other) = (server.talk(), server.talk());
    runs.connection.queue(words);
    runs.connection.flush().expect("the connection is open");
    eventually("the server is busy", || other.ask("PING").starts_with("-BUSY"));
    (runs, other)
}

#[test]
fn others_are_told_and_may_end_it() {
    // With one worker, all clients are on the thread that runs the script.
    for workers in ["1", "3"] {
        let server = server(workers);
        let endless = ["EVAL", "while true do end", "1", "k"];
        let (mut runs, mut other) = busy(&server, &endless);
        for command in ["GET k", "SET other v", "PING", "KEYS *", "FLUSHALL", "EVALSHA x 0"] {
            assert_eq!(other.ask(command), BUSY, "{command}");
        }
        assert!(other.ask("FUNCTION KILL").starts_with("-BUSY"));
        assert!(other.ask("SHUTDOWN").starts_with("-BUSY"));
        // New connections are served, too.
        assert_eq!(server.talk().ask("GET k"), BUSY);
        other.check("SCRIPT KILL", "OK");
        let answer = runs.receive();
        assert!(answer.starts_with("-ERR Script killed by user with SCRIPT KILL..."), "{answer}");
        eventually("the server is back", || other.ask("PING") == "PONG");
        runs.check("SET k v | GET k", "OK | v");
        other.check("SCRIPT KILL", "-NOTBUSY No scripts in execution right now.");
    }
}

#[test]
fn those_who_wait_for_its_locks_are_told() {
    let server = Server::start(&["--io-threads", "4", "--busy-reply-threshold", "1000"]);
    let mut waiters: Vec<Talk> = (0..6).map(|_| server.talk()).collect();
    let mut runs = server.talk();
    runs.connection.queue(&["EVAL", "redis.call('get', KEYS[1]) while true do end", "1", "k"]);
    runs.connection.flush().expect("the connection is open");
    let sha = "40eaf62f364de575da80e7a0d0bbe478d507d3e6";
    eventually("the script runs", || server.talk().ask(&format!("SCRIPT EXISTS {sha}")) != "[:0]");
    // sleep: a script is cached a moment before it has its locks, which nothing tells.
    std::thread::sleep(std::time::Duration::from_millis(100));
    // They come before the threshold and wait for the key, or for all keys.
    for (index, waiter) in waiters.iter_mut().enumerate() {
        waiter.send(["GET k", "MSET a 1 k 2", "FLUSHALL"][index % 3]);
    }
    for waiter in &mut waiters {
        assert_eq!(waiter.receive(), BUSY);
    }
    waiters[0].check("SCRIPT KILL", "OK");
    assert!(runs.receive().contains("killed"));
    for waiter in &mut waiters {
        eventually("the server is back", || waiter.ask("GET k") == "nil");
    }
}

#[test]
fn transactions_are_given_up() {
    let server = server("2");
    let mut waiter = server.talk();
    waiter.check("WATCH k | MULTI | GET k", "OK | OK | QUEUED");
    let (mut runs, mut other) = busy(&server, &["EVAL", "while true do end", "1", "k"]);
    assert!(waiter.ask("EXEC").starts_with("-EXECABORT Transaction discarded because of: BUSY"));
    other.check("MULTI", "OK");
    assert_eq!(other.ask("GET k"), BUSY);
    other.check("DISCARD", "OK");
    other.check("SCRIPT KILL", "OK");
    assert!(runs.receive().contains("killed"));
    eventually("the server is back", || waiter.ask("PING") == "PONG");
    waiter.check("MULTI | GET k | EXEC", "OK | QUEUED | [nil]");
}

#[test]
fn what_has_written_cannot_be_ended() {
    let mut server = server("1");
    let script = "redis.call('set', KEYS[1], 'v') while true do end";
    let (_runs, mut other) = busy(&server, &["EVAL", script, "1", "k"]);
    assert!(other.ask("SCRIPT KILL").starts_with("-UNKILLABLE"));
    other.send("SHUTDOWN NOSAVE");
    eventually("the server ends", || !server.is_running());
}

#[test]
fn functions_have_their_own_end() {
    let server = server("2");
    let mut talk = server.talk();
    let library = "#!lua name=lib\nredis.register_function{function_name='f', \
                   callback=function() while true do end end, flags={'no-writes'}}";
    assert_eq!(talk.ask_words(&[b"FUNCTION", b"LOAD", library.as_bytes()]), "lib");
    let (mut runs, mut other) = busy(&server, &["FCALL", "f", "0"]);
    let text = "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN \
                NOSAVE.";
    assert_eq!(other.ask("GET k"), text);
    assert_eq!(other.ask("SCRIPT KILL"), text);
    let stats = other.ask("FUNCTION STATS");
    assert!(
        stats.starts_with("[running_script [name f command [FCALL f 0] duration_ms :"),
        "{stats}"
    );
    other.check("FUNCTION KILL", "OK");
    assert!(runs.receive().contains("killed"));
}

#[test]
fn a_script_in_a_transaction_is_no_exception() {
    let server = server("1");
    let mut runs = server.talk();
    runs.check("MULTI", "OK");
    assert_eq!(runs.ask_words(&[b"EVAL", b"while true do end", b"0"]), "QUEUED");
    let (mut runs, mut other) = {
        let mut other = server.talk();
        runs.send("EXEC");
        eventually("the server is busy", || other.ask("PING").starts_with("-BUSY"));
        (runs, other)
    };
    other.check("SCRIPT KILL", "OK");
    assert!(runs.receive().contains("killed"));
}

/// Clients that come and go, wait and subscribe while the server is busy are well afterwards.
#[test]
fn nothing_is_lost_meanwhile() {
    let server = server("1");
    let (mut waits, mut subscribed) = (server.talk(), server.talk());
    waits.send("BLPOP l 0.2");
    let _ = subscribed.ask("SUBSCRIBE c");
    let gone = server.talk();
    let (mut runs, mut other) = busy(&server, &["EVAL", "while true do end", "1", "l"]);
    drop(gone);
    let mut watches = server.talk();
    assert_eq!(watches.ask("WATCH l"), BUSY);
    drop(watches);
    runs.send("PING");
    // sleep: the time of the waiting client is to be over, which it must not hear of yet.
    std::thread::sleep(std::time::Duration::from_millis(300));
    other.check("SCRIPT KILL", "OK");
    assert!(runs.receive().contains("killed"));
    assert_eq!(runs.receive(), "PONG");
    assert_eq!(waits.receive(), "nil");
    eventually("the server is back", || other.ask("PING") == "PONG");
    other.check("PUBLISH c x", ":1");
    assert_eq!(subscribed.receive(), "[message c x]");
}

#[test]
fn memory_that_is_short() {
    let server = Server::start(&["--maxmemory", "1"]);
    let mut talk = server.talk();
    let mut eval = |script: &str| talk.ask_words(&[b"EVAL", script.as_bytes(), b"1", b"k"]);
    let answer = eval("return redis.call('set', KEYS[1], 'v')");
    assert!(
        answer.starts_with("-OOM command not allowed when used memory > 'maxmemory'. script: ")
    );
    assert_eq!(eval("return redis.call('get', KEYS[1])"), "nil");
    let refused = "-OOM command not allowed when used memory > 'maxmemory'.";
    assert_eq!(eval("#!lua\nreturn 1"), refused);
    assert_eq!(eval("#!lua flags=no-writes\nreturn 1"), ":1");
    let allowed = "#!lua flags=allow-oom\nreturn redis.call('set', KEYS[1], 'v')";
    assert_eq!(eval(allowed), "OK");
    // Once it has written, a script goes on.
    let rest = "redis.call('del', KEYS[1]) return redis.call('set', KEYS[1], 'w')";
    assert_eq!(eval(rest), "OK");
}

#[test]
fn a_script_without_end_in_memory_is_an_error() {
    let server = Server::start(&["--script-memory-limit", "16mb"]);
    let mut talk = server.talk();
    for script in [
        "local s = 'a' while true do s = s .. s end",
        "return string.rep('x', 1e9)",
        "local t = {} while true do t[#t + 1] = {1} end",
    ] {
        let answer = talk.ask_words(&[b"EVAL", script.as_bytes(), b"0"]);
        assert!(answer.contains("script-memory-limit"), "{script}: {answer}");
    }
    talk.check("PING", "PONG");
    assert_eq!(talk.ask_words(&[b"EVAL", b"return #string.rep('x', 1e6)", b"0"]), ":1000000");
}
