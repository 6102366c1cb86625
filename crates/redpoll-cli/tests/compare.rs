//! Our output beside redis-cli's, byte for byte, against a real redis-server.

mod support;

use support::{Server, free_port, run, shown};

/// Fills a server with one key of each type.
fn filled(settings: &[&str]) -> Server {
    let server = Server::start(settings);
    let lines = "set str hello\nset bin \"\\x00\\xff\\\"\\\\\\n\\t\"\nset utf \"caf\\xc3\\xa9\"\n\
        set empty \"\"\nset n 12\nrpush list a b c d e f g h i j k\nsadd set only\n\
        hset hash f v\nzadd zset 1.5 m\nxadd stream 1-1 f v g w\nxadd stream 1-2 f x\n\
        set 3 numeric\npfadd hll a\ngeoadd geo 13.5 38.25 place\n";
    let output = server.theirs(&[], lines.as_bytes());
    assert!(output.status.success(), "{}", shown(&output));
    server
}

/// Commands whose replies do not depend on time or chance, each as its words.
const COMMANDS: &[&[&str]] = &[
    &["ping"],
    &["get", "str"],
    &["get", "bin"],
    &["get", "utf"],
    &["get", "empty"],
    &["get", "nothing"],
    &["strlen", "str"],
    &["lrange", "list", "0", "-1"],
    &["lrange", "list", "0", "0"],
    &["lrange", "nothing", "0", "-1"],
    &["mget", "str", "nothing", "bin"],
    &["smembers", "set"],
    &["smembers", "nothing"],
    &["hgetall", "hash"],
    &["hgetall", "nothing"],
    &["zrange", "zset", "0", "-1", "withscores"],
    &["zscore", "zset", "m"],
    &["zmscore", "zset", "m", "x"],
    &["xrange", "stream", "-", "+"],
    &["xread", "streams", "stream", "0"],
    &["xinfo", "stream", "stream"],
    &["lpush", "str", "x"],
    &["nosuchcommand", "a", "b"],
    &["get"],
    &["config", "get", "maxmemory*"],
    &["config", "get", "nothing"],
    &["command", "info", "get", "nothing"],
    &["command", "getkeys", "mset", "a", "b", "c", "d"],
    &["acl", "getuser", "default"],
    &["memory", "doctor"],
    &["latency", "doctor"],
    &["latency", "histogram", "nothing"],
    &["object", "help"],
    &["cluster", "info"],
    &["geopos", "geo", "place", "nothing"],
    &["time", "extra"],
    &["eval", "return {1,'two',{3,{ok='four'}},false,{err='ERR five'}}", "0"],
    &["eval", "return redis.error_reply('MY bad')", "0"],
    &["eval", "redis.setresp(3); return {map={a=1}}", "0"],
    &["eval", "redis.setresp(3); return {set={a=true}}", "0"],
    &["eval", "redis.setresp(3); return {double=1.5}", "0"],
    &["eval", "redis.setresp(3); return {map={a={1,2}}}", "0"],
    &["debug", "protocol", "attrib"],
    &["select", "3"],
    &["select", "99"],
    &["exec"],
    &["hello", "9"],
    &["echo", ""],
    &["echo", "\n"],
];

#[test]
fn replies_in_every_form_and_protocol() {
    let server = filled(&["--enable-debug-command", "local"]);
    let forms: [&[&str]; 9] = [
        &[],
        &["--raw"],
        &["--no-raw"],
        &["--no-raw", "-3"],
        &["--raw", "-3"],
        &["--csv"],
        &["--csv", "-3"],
        &["--json"],
        &["--quoted-json"],
    ];
    for form in forms {
        for command in COMMANDS {
            if command.first() == Some(&"debug") {
                continue;
            }
            server.compare(&[form, command].concat(), b"");
        }
    }
    let out = server.ours(&["--no-raw", "-3", "debug", "protocol", "attrib"], b"");
    let expected = "1| \"key-popularity\" => \n   1) \"key:123\"\n   2) (integer) 90\n\
        \"Some real reply following the attribute\"\n";
    assert_eq!(support::text(&out), expected);
}

#[test]
fn every_type_of_the_protocol() {
    let server = Server::start(&["--enable-debug-command", "local"]);
    let kinds = [
        "string", "integer", "double", "null", "array", "set", "map", "verbatim", "true", "false",
        "push",
    ];
    for kind in kinds {
        for form in ["--no-raw", "--raw", "--csv", "--json", "--quoted-json"] {
            for version in ["-2", "-3"] {
                // A push is no reply: redis-cli waits for one that never comes.
                if kind == "push" {
                    continue;
                }
                server.compare(&[version, form, "debug", "protocol", kind], b"");
            }
        }
    }
    // redis-cli ends with "Unknown reply type" here.
    let out = server.ours(&["-3", "--no-raw", "debug", "protocol", "bignum"], b"");
    let digits = "1234567999999999999999999999999999999";
    assert_eq!(support::text(&out), format!("(big number) {digits}\n"));
}

#[test]
fn options_and_their_effects() {
    let server = filled(&[]);
    let cases: &[&[&str]] = &[
        &["-r", "3", "echo", "again"],
        &["-r", "0", "echo", "again"],
        &["-r", "2", "-i", "0.01", "echo", "again"],
        &["-d", ",", "lrange", "list", "0", "2"],
        &["-D", "|", "get", "str"],
        &["-D", "", "--raw", "get", "str"],
        &["-n", "2", "dbsize"],
        &["-n", "99", "dbsize"],
        &["-e", "lpush", "str", "x"],
        &["-e", "get", "str"],
        &["--quoted-input", "get", "\"s\\x74r\""],
        &["--quoted-input", "get", "\"open"],
        &["-a", "wrong", "ping"],
        &["-a", "wrong", "--no-auth-warning", "ping"],
        &["--user", "u", "--pass", "wrong", "--no-auth-warning", "ping"],
        &["--scan", "--pattern", "h*ll"],
        &["--scan", "--pattern", "nothing*"],
        &["--no-raw", "--scan", "--pattern", "bin"],
        &["--no-raw", "--scan", "--quoted-pattern", "\"b\\x69n\""],
        &["--quoted-pattern", "\"open"],
        &["-3", "-2", "ping"],
        &["-c", "-s", "x"],
        &["-p"],
        &["--unknown"],
        &["-u", "http://x"],
        &["-u", "redis://x%"],
        &["-X", "tag", "set", "k", "other"],
        &["-x", "-X", "tag", "set"],
    ];
    for arguments in cases {
        server.compare(arguments, b"");
    }
    server.compare(&["-x", "set", "from-stdin"], b"line\nline\0\n");
    server.compare(&["get", "from-stdin"], b"");
    server.compare(&["-X", "tag", "set", "tag", "tag"], b"k");
    let uri = format!("redis://127.0.0.1:{}/1", server.port);
    server.compare(&["-u", &uri, "client", "getname"], b"");
    let socket = server.socket();
    server.compare(&["-s", socket.to_str().unwrap(), "get", "str"], b"");
}

#[test]
fn lines_from_a_pipe() {
    let server = Server::start(&[]);
    let scripts = [
        "set str hello\nget str\nget nothing\n",
        "get str",
        "\n  \nping\n",
        "3 incr many\n0 incr many\nget many\n",
        "get \"open\nping\n",
        "set str x\nget \"str\"\nget 'str'\nget \"s\\x74r\"\n",
        "multi\nset a 1\nselect 3\nexec\nget a\n",
        "multi\nselect 4\ndiscard\ndbsize\n",
        "multi\nbad\nexec\nping\n",
        "select 2\nset in-two 1\nselect 0\nget in-two\n",
        "ping\nquit\nping\n",
        "ping\nexit\n",
        ":set hints\n:set bogus\n:bogus\n",
        "restart\n",
        "hello 9\nhset hash f v\nhgetall hash\n",
        "client setname me\nreset\nclient getname\n",
        "info nothing\nping\n",
        "watch a\nmulti\nincr n\nexec\n",
    ];
    for script in scripts {
        for form in ["--raw", "--no-raw"] {
            // Both clients find the same keys.
            let script = format!("eval \"redis.call('flushall')\" 0\n{script}");
            server.compare(&[form], script.as_bytes());
        }
    }
}

#[test]
fn scripts_from_a_file() {
    let server = filled(&[]);
    let script = server.file("script.lua", "return {KEYS, ARGV, #KEYS}");
    let script = script.to_str().unwrap();
    for words in [&["a", "b", ",", "c"][..], &["a"], &[",", "x"], &[]] {
        for form in ["--raw", "--no-raw", "--json"] {
            server.compare(&[&[form, "--eval", script], words].concat(), b"");
        }
    }
    server.compare(&["--eval", "/no/such/file"], b"");
}

#[test]
fn bulk_loading() {
    let server = filled(&[]);
    let resp = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n".repeat(3000);
    server.compare(&["--pipe"], resp.as_bytes());
    server.compare(&["--pipe"], b"SET a 1\nINCR a\nLPUSH a x\nGET a");
    server.compare(&["--pipe"], b"");
}

#[test]
fn servers_that_are_not_there() {
    let port = free_port();
    let ours = env!("CARGO_BIN_EXE_redpoll-cli");
    let cases: [(&[&str], &[u8]); 8] = [
        (&["ping"], b""),
        (&[], b"ping\n"),
        (&["--latency"], b""),
        (&["--scan"], b""),
        (&["--pipe"], b""),
        (&["--eval", "/no/such/file"], b""),
        (&["-s", "/no/such/socket", "ping"], b""),
        (&["-h", "::1", "ping"], b""),
    ];
    for (arguments, stdin) in cases {
        let theirs = run("redis-cli", port, arguments, stdin);
        let ours = run(ours, port, arguments, stdin);
        assert_eq!(shown(&ours), shown(&theirs), "{arguments:?}");
    }
}

#[test]
fn passwords() {
    let server = Server::start(&["--requirepass", "secret"]);
    for arguments in [
        &["ping"][..],
        &["-a", "secret", "ping"],
        &["-a", "wrong", "--no-auth-warning", "ping"],
        &["--user", "default", "--pass", "secret", "ping"],
        &["-a", "secret", "-n", "3", "client", "no-evict", "on"],
        &["-3", "ping"],
        &["--json", "ping"],
        &["-a", "secret", "--json", "-n", "1", "ping"],
        &["--scan"],
        &["--bigkeys"],
    ] {
        server.compare(arguments, b"");
    }
    server.compare(&["--no-raw"], b"get a\nauth wrong\nauth secret\nget a\n");
}
