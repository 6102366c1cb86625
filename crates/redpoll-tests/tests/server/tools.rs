//! Debian's redis-cli and redis-benchmark against the server (package `redis-tools`).

use redpoll_tests::Server;
use std::process::Output;

fn text(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{:?}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn redis_benchmark_runs_its_own_tests_without_an_error() {
    let server = Server::start(&[]);
    for extra in [&["-P", "16"][..], &["-P", "1", "-c", "5"], &["-P", "16", "-r", "1000"]] {
        let mut arguments = vec!["-q", "-n", "1000"];
        arguments.extend(extra);
        let said = text(&server.run("redis-benchmark", &arguments));
        assert!(!said.to_lowercase().contains("error"), "{extra:?}: {said}");
        let results = said.matches(" requests per second").count();
        assert!(results >= 18, "{results} results: {said}");
    }
}

#[test]
fn redis_cli_talks_scans_and_finds_big_keys() {
    let server = Server::start(&[]);
    let cli = |arguments: &[&str]| text(&server.run("redis-cli", arguments));
    assert_eq!(cli(&["SET", "greeting", "hello world"]), "OK\n");
    assert_eq!(cli(&["GET", "greeting"]), "hello world\n");
    assert_eq!(cli(&["-3", "HSET", "hash", "field", "value"]), "1\n");
    assert_eq!(cli(&["-3", "--json", "HGETALL", "hash"]), "{\"field\":\"value\"}\n");
    assert_eq!(cli(&["--scan", "--pattern", "g*"]), "greeting\n");
    assert_eq!(cli(&["-r", "3", "INCR", "counter"]), "1\n2\n3\n");
    let big = cli(&["--bigkeys"]);
    assert!(big.contains("Sampled 3 keys"), "{big}");
    let memory = cli(&["--memkeys"]);
    assert!(memory.contains("Sampled 3 keys"), "{memory}");
    let info = cli(&["INFO", "server"]);
    assert!(info.contains("redis_version:7.") && info.contains("tcp_port:"), "{info}");
}

#[test]
fn redis_cli_loads_a_pipe() {
    let server = Server::start(&[]);
    let script = "for i in $(seq 10000); do printf 'SET key:%s %s\\r\\n' $i $i; done | \
                  redis-cli -h 127.0.0.1 -p \"$0\" --pipe";
    let output = std::process::Command::new("sh")
        .args(["-c", script, &server.port.to_string()])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("errors: 0, replies: 10000"), "{said}");
    server.talk().check("DBSIZE", ":10000");
}
