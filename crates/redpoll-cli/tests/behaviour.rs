//! What our client does where redis-cli does something else, or where output depends on chance.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use support::{Server, shown, text};

#[test]
fn latency_in_a_pipe_is_one_line_of_numbers() {
    let server = Server::start(&[]);
    for (form, separator) in [("--raw", " "), ("--csv", ",")] {
        let out =
            server.ours(&["--latency", form, "-i", "0.05", "--latency-sample-rate", "0"], b"");
        assert!(out.status.success(), "{}", shown(&out));
        let line = text(&out);
        let numbers: Vec<f64> =
            line.trim_end().split(separator).map(|word| word.parse().unwrap()).collect();
        let [min, max, average, samples] = numbers[..] else { panic!("not four: {line:?}") };
        assert!(min <= average && average <= max && samples >= 1.0, "{line:?}");
        let decimals = line.split(separator).next().unwrap().split_once('.').unwrap().1;
        assert_eq!(decimals.len(), 3, "{line:?}");
    }
    let out = server.ours(&["--latency", "--json", "-i", "0.02"], b"");
    assert!(text(&out).starts_with("{\"min\": "), "{}", shown(&out));
}

#[test]
fn big_keys_are_found() {
    let server = Server::start(&[]);
    let fill = "rpush l a b c\nset s hello\nhset h f v\nrpush l2 a\n";
    assert!(server.ours(&[], fill.as_bytes()).status.success());
    let out = server.ours(&["--bigkeys"], b"");
    let report = text(&out);
    for line in [
        "Sampled 4 keys in the keyspace!\n",
        "Total key length in bytes is 5 (avg len 1.25)\n",
        "Biggest   list found '\"l\"' has 3 items\n",
        "Biggest string found '\"s\"' has 5 bytes\n",
        "2 lists with 4 items (50.00% of keys, avg size 2.00)\n",
        "0 streams with 0 entries (00.00% of keys, avg size 0.00)\n",
    ] {
        assert!(report.contains(line), "{line:?} is not in\n{report}");
        // The order of types is by chance there, but the lines are these.
        assert!(text(&server.theirs(&["--bigkeys"], b"")).contains(line), "{line}");
    }
    let out = server.ours(&["--memkeys-samples", "5", "--pattern", "l*"], b"");
    assert!(text(&out).contains("Sampled 2 keys in the keyspace!"), "{}", shown(&out));
}

#[test]
fn hot_keys_need_counters() {
    let server = Server::start(&["--maxmemory-policy", "allkeys-lfu"]);
    server.ours(&["-r", "50", "set", "hot", "1"], b"");
    let out = server.ours(&["--hotkeys"], b"");
    assert!(text(&out).contains("keyname: \"hot\"\n"), "{}", shown(&out));
    server.ours(&["config", "set", "maxmemory-policy", "noeviction"], b"");
    server.compare(&["--hotkeys"], b"");
}

#[test]
fn all_keys_are_listed_once() {
    let server = Server::start(&[]);
    let fill: String = (0..500).map(|n| format!("set key:{n} x\n")).collect();
    assert!(server.ours(&[], fill.as_bytes()).status.success());
    for count in ["1", "10", "1000"] {
        let out = server.ours(&["--scan", "--count", count, "--pattern", "key:*"], b"");
        let listed = text(&out);
        let mut keys: Vec<&str> = listed.lines().collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 500);
    }
}

#[test]
fn a_full_reader_is_left_quietly() {
    let server = Server::start(&[]);
    let mut child = spawn(&server, &["-r", "100000", "ping"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "PONG");
    drop(lines);
    let out = child.wait_with_output().unwrap();
    assert_eq!((out.status.code(), out.stderr.len()), (Some(141), 0), "{}", shown(&out));
}

#[test]
fn subscribers_print_messages_as_they_come() {
    let server = Server::start(&[]);
    for version in ["-2", "-3"] {
        let mut child = spawn(&server, &[version, "--csv", "subscribe", "a", "b"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "\"subscribe\",\"a\",1");
        assert_eq!(lines.next().unwrap().unwrap(), "\"subscribe\",\"b\",2");
        assert_eq!(text(&server.ours(&["publish", "b", "hi"], b"")), "1\n");
        assert_eq!(lines.next().unwrap().unwrap(), "\"message\",\"b\",\"hi\"");
        stop(child);
    }
}

#[test]
fn monitors_print_what_others_do() {
    let server = Server::start(&[]);
    let mut child = spawn(&server, &["monitor"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "OK");
    server.ours(&["get", "watched"], b"");
    assert!(lines.next().unwrap().unwrap().ends_with("\"get\" \"watched\""));
    stop(child);
}

#[test]
fn unsubscribing_in_a_pipe_leads_back_to_commands() {
    let server = Server::start(&[]);
    let script = "subscribe a b\nunsubscribe a b\nping\n";
    let out = server.ours(&["--raw"], script.as_bytes());
    assert!(text(&out).ends_with("unsubscribe\nb\n0\nPONG\n"), "{}", shown(&out));
}

#[test]
fn a_lost_server_is_said_and_found_again() {
    let server = Server::start(&[]);
    let mut child = spawn(&server, &["--no-raw"]);
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = |line: &str| {
        writeln!(input, "{line}").unwrap();
        lines.next().unwrap().unwrap()
    };
    assert_eq!(ask("select 1"), "OK");
    assert_eq!(ask("set k v"), "OK");
    // The server closes the connection; the next command finds out before it is sent.
    assert_eq!(text(&server.ours(&["client", "kill", "type", "normal"], b"")), "1\n");
    assert_eq!(ask("get k"), "\"v\"");
    // Inside a transaction nothing may be run on its own instead.
    assert_eq!(ask("multi"), "OK");
    assert_eq!(ask("incr n"), "QUEUED");
    assert_eq!(text(&server.ours(&["client", "kill", "type", "normal"], b"")), "1\n");
    writeln!(input, "incr n").unwrap();
    writeln!(input, "get n").unwrap();
    drop(input);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "Error: Server closed the connection\n");
    assert_eq!(lines.next().unwrap().unwrap(), "(nil)");
    assert!(child.wait().unwrap().success());
}

#[test]
fn shutting_the_server_down_is_no_error() {
    let server = Server::start(&[]);
    server.compare(&["shutdown", "nosave", "now", "bogus"], b"");
    let out = server.ours(&["shutdown", "nosave"], b"");
    assert_eq!((out.status.code(), out.stdout.len(), out.stderr.len()), (Some(0), 0, 0));
}

#[test]
fn help_comes_from_the_server() {
    let server = Server::start(&[]);
    let out = text(&server.ours(&["help", "getdel"], b""));
    assert!(out.contains("GETDEL key\n") && out.contains("group: string"), "{out}");
    assert!(!out.contains('\x1b'), "{out}");
    assert!(text(&server.ours(&[], b"help @list\n")).contains("LPUSH key element"));
}

#[test]
fn hints_follow_what_is_typed() {
    let server = Server::start(&[]);
    let cases = [
        ("GETDEL ", "key"),
        ("client kill", ""),
        (
            "set k v ",
            "[NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT \
          unix-time-milliseconds|KEEPTTL]",
        ),
        ("set k v ex 5 get ", "[NX|XX]"),
        ("zadd z ch ", "[NX|XX] [GT|LT] [INCR] score member [score member ...]"),
        ("zadd z ch 1 ", "member [score member ...]"),
        ("zadd z ch 1 m ", "[score member ...]"),
        ("mset a ", "value [key value ...]"),
        ("blpop a b ", "[key ...] timeout"),
        ("config set ", "parameter value [parameter value ...]"),
        ("geoadd nyc nx ", "[CH] longitude latitude member [longitude latitude member ...]"),
    ];
    for (line, expected) in cases {
        let hint = text(&server.ours(&["--test_hint", line], b""));
        assert_eq!(hint.trim_end(), expected, "{line:?}");
    }
}

#[test]
fn what_this_build_lacks_is_said() {
    let server = Server::start(&[]);
    for option in ["--cluster", "--ldb"] {
        let out = server.ours(&[option, "x"], b"");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1));
        assert!(said.contains("does not have") && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_snapshot_is_fetched() {
    let server = Server::start(&["--repl-diskless-sync-delay", "0"]);
    server.theirs(&["set", "key", "value"], b"");
    server.theirs(&["function", "load", "#!lua name=l\nredis.register_function('f', print)"], b"");
    let is_whole = |bytes: &[u8]| bytes.starts_with(b"REDIS00") && bytes[bytes.len() - 9] == 0xff;
    let holds_key =
        |bytes: &[u8]| bytes.windows(8).any(|part| part == b"\x03key\x05val".as_slice());
    let path = server.file_path("copy.rdb");
    let name = path.to_str().expect("a name");
    for (option, with_key) in [("--rdb", true), ("--functions-rdb", false)] {
        let out = server.ours(&[option, name], b"");
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && said.contains("Transfer finished with success"), "{said}");
        let bytes = std::fs::read(&path).expect("a file");
        assert!(is_whole(&bytes) && holds_key(&bytes) == with_key, "{option}");
    }
    assert!(is_whole(&server.ours(&["--rdb", "-"], b"").stdout));
    let out = server.ours(&["--rdb", "/nowhere/copy.rdb"], b"");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && said.contains("Error opening '/nowhere/copy.rdb'"), "{said}");
}

#[test]
fn a_replica_shows_what_comes() {
    let server = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let mut child = spawn(&server, &["--replica"]);
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    while !lines.next().expect("a line").expect("text").contains("Logging commands") {}
    server.theirs(&["set", "key", "a \"value\""], b"");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    let first = next();
    let first = if first == "\"ping\"" { next() } else { first };
    assert_eq!((&*first, &*next()), ("\"SELECT\",\"0\"", "\"set\",\"key\",\"a \\\"value\\\"\""));
    stop(child);
}

#[test]
fn intrinsic_latency_needs_no_server() {
    let out = support::run(
        env!("CARGO_BIN_EXE_redpoll-cli"),
        support::free_port(),
        &["--intrinsic-latency", "0"],
        b"",
    );
    assert!(out.status.success() && text(&out).contains("total runs"), "{}", shown(&out));
}

#[test]
fn redirections_are_followed_if_asked() {
    let server = Server::start(&[]);
    let cluster = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = cluster.local_addr().unwrap().port();
    let elsewhere = format!("-MOVED 15495 127.0.0.1:{}\r\n", server.port);
    let node = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = cluster.accept().unwrap();
            let mut request = [0; 64];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(elsewhere.as_bytes()).unwrap();
        }
    });
    let ours = env!("CARGO_BIN_EXE_redpoll-cli");
    let followed = support::run(ours, port, &["-c", "set", "a", "1"], b"");
    assert_eq!(text(&followed), "OK\n");
    let plain = support::run(ours, port, &["set", "a", "1"], b"");
    assert!(text(&plain).starts_with("MOVED 15495"), "{}", shown(&plain));
    node.join().unwrap();
}

#[test]
fn the_environment_may_hold_the_password() {
    let server = Server::start(&["--requirepass", "secret"]);
    let out = Command::new(env!("CARGO_BIN_EXE_redpoll-cli"))
        .args(["-p", &server.port.to_string(), "ping"])
        .env("REDISCLI_AUTH", "secret")
        .output()
        .unwrap();
    assert_eq!((text(&out).as_str(), out.stderr.len()), ("PONG\n", 0));
}

#[test]
fn a_timeout_bounds_connecting() {
    let server = Server::start(&[]);
    assert_eq!(text(&server.ours(&["-t", "5", "ping"], b"")), "PONG\n");
}

/// Starts our client with all three streams piped.
fn spawn(server: &Server, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_redpoll-cli"))
        .args(["-p", &server.port.to_string()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("our own client")
}

fn stop(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn shared_memory_finds_the_socket_by_itself_or_says_why_not() {
    // Redis has no shared memory: the socket that is found does instead.
    let server = Server::start(&[]);
    let out = server.ours(&["--shm", "config", "get", "unixsocket"], b"");
    assert_eq!(text(&out), format!("unixsocket\n{}\n", server.socket().display()));
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("Shared memory is refused: ERR unknown command"), "{said}");
    assert!(out.status.success());

    let without = Server::start(&["--unixsocket", ""]);
    let out = without.ours(&["--shm", "ping"], b"");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.starts_with("--shm: shared memory needs the server's Unix socket"), "{said}");
    assert!(!out.status.success());

    let locked = Server::start(&["--requirepass", "pw"]);
    let out = locked.ours(&["--shm", "ping"], b"");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("does not tell where its Unix socket is (NOAUTH"), "{said}");

    let out = server.ours(&["-h", "10.255.255.1", "--shm", "ping"], b"");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("10.255.255.1 is another"), "{said}");
}
