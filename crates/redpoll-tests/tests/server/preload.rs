//! Unchanged programs whose connections go through shared memory: with libredpoll_preload.so before
//! them. Each case of `tests/clients/python/preload.py` is one way of using sockets.

use redpoll_tests::{Server, server};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| server::artifact("redpoll-preload", "libredpoll_preload.so"))
}

/// A program with the library before it.
fn with_library(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LD_PRELOAD", library()).env_remove("REDISCLI_AUTH").stdin(Stdio::null());
    command
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("it is needed for this test: {error}"))
}

/// Runs cases, each against this server.
#[track_caller]
fn check(server: &Server, cases: &[&str]) {
    let script =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/python/preload.py");
    let output = output(with_library("python3").arg(script).arg(server.socket()).args(cases));
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{cases:?}: {}\n{said}{errors}", output.status);
    assert_eq!(said.lines().count(), cases.len(), "{said}");
}

#[test]
fn python_reads_and_writes_in_every_way() {
    check(&Server::start(&[]), &["calls", "transactions_and_messages", "logins"]);
}

#[test]
fn python_sends_large_values_and_pipelines() {
    check(&Server::start(&[]), &["pipelines_and_large_values"]);
}

#[test]
fn python_waits_in_every_way() {
    let cases = ["blocking_and_timeouts", "select", "poll", "epoll", "epoll_edges", "asyncio"];
    check(&Server::start(&[]), &cases);
}

#[test]
fn python_has_threads_processes_and_signals() {
    check(&Server::start(&[]), &["threads", "descriptors", "closed_unseen", "fork", "signals"]);
}

#[test]
fn other_sockets_are_left_alone() {
    check(&Server::start(&[]), &["others_are_left_alone"]);
}

#[test]
fn a_killed_server_is_noticed() {
    check(&Server::start(&[]), &["a_killed_server"]);
}

#[test]
fn redis_cli_goes_through_shared_memory() {
    let server = Server::start(&[]);
    let socket = server.socket();
    let script = format!(
        "printf 'SET k v\\nGET k\\nCLIENT INFO\\n' | redis-cli -s {socket}; \
         redis-cli -s {socket} --scan; redis-cli -s {socket} -r 3 INCR n; \
         redis-cli -s {socket} -3 --json HGETALL none; \
         for i in $(seq 5000); do printf 'SET key:%s %s\\r\\n' $i $i; done | \
         redis-cli -s {socket} --pipe",
        socket = socket.display()
    );
    let output = output(with_library("sh").args(["-c", &script]));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("OK\nv\n"), "{said}");
    assert!(said.contains("transport=shm"), "{said}");
    assert!(said.contains("\nk\n1\n2\n3\n{}\n"), "{said}");
    assert!(said.contains("errors: 0, replies: 5000"), "{said}");
    server.talk().check("DBSIZE", ":5002");
}

#[test]
fn redis_benchmark_runs_its_tests_through_shared_memory() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    for extra in [&["-P", "16"][..], &["-P", "1", "-c", "5"], &["--threads", "2", "-c", "10"]] {
        let mut benchmark = with_library("redis-benchmark");
        benchmark.arg("-s").arg(server.socket()).args(["-q", "-n", "1000"]).args(extra);
        let output = output(&mut benchmark);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.to_lowercase().contains("error"), "{said}");
        let results = said.matches(" requests per second").count();
        assert!(results >= 18, "{results} results: {said}");
    }
    assert!(talk.info("shm_total_connections") > 500);
    assert_eq!(talk.info("shm_broken_connections"), 0);
}

#[test]
fn it_can_be_turned_off_and_told_which_sockets() {
    let server = Server::start(&[]);
    let script = "printf 'PING\\nPING\\nCLIENT INFO\\n' | redis-cli -s \"$0\"";
    let transport = |name: &str, value: &str| {
        let mut shell = with_library("sh");
        shell.args(["-c", script]).arg(server.socket()).env(name, value);
        let output = output(&mut shell);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        said.rsplit("transport=").next().unwrap_or_default().trim().to_owned()
    };
    assert_eq!(transport("REDPOLL_PRELOAD", "off"), "unix");
    assert_eq!(transport("REDPOLL_PRELOAD", "on"), "shm");
    assert_eq!(transport("REDPOLL_PRELOAD_SOCKETS", "/another:/one"), "unix");
    let named = format!("/another:{}", server.socket().display());
    assert_eq!(transport("REDPOLL_PRELOAD_SOCKETS", &named), "shm");
}
