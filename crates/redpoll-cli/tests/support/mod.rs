//! A real redis-server for a test, and the two clients to be compared.
//!
//! These tests need `redis-server` and `redis-cli` (Debian: `apt-get install redis-server`); the
//! first test that misses them says so.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A server on a free loopback port and a Unix socket in a directory of its own, stopped when
/// dropped.
pub struct Server {
    child: Child,
    directory: PathBuf,
    /// The port on 127.0.0.1.
    pub port: u16,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// Starts a server with further settings (`--name value …`).
    pub fn start(settings: &[&str]) -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("redpoll-cli-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory for the server");
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            // Another process may take the port between looking and listening: then once more.
            let port = free_port();
            let mut child = spawn(&directory, port, settings);
            while Instant::now() < until {
                if redpoll_client::Connection::open(&redpoll_client::Config::tcp("127.0.0.1", port))
                    .and_then(|mut connection| connection.command(&["PING"]))
                    .is_ok()
                {
                    return Self { child, directory, port };
                }
                if child.try_wait().expect("the server's state").is_some() {
                    break;
                }
                // sleep: a port that nobody listens on yet has no event to wait for.
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = child.kill();
            let _ = child.wait();
            assert!(Instant::now() < until, "redis-server did not start within 20 seconds");
        }
    }

    /// The Unix socket's path.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// A file for the test beside the server's.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.file_path(name);
        fs::write(&path, content).expect("a file for the test");
        path
    }

    /// Where such a file is.
    pub fn file_path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Runs our client against this server.
    pub fn ours(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        run(env!("CARGO_BIN_EXE_redpoll-cli"), self.port, arguments, stdin)
    }

    /// Runs the installed redis-cli against this server.
    pub fn theirs(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        run("redis-cli", self.port, arguments, stdin)
    }

    /// Runs both and demands the same bytes on stdout and stderr and the same exit code.
    pub fn compare(&self, arguments: &[&str], stdin: &[u8]) {
        let theirs = self.theirs(arguments, stdin);
        let ours = self.ours(arguments, stdin);
        assert_eq!(shown(&ours), shown(&theirs), "arguments: {arguments:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port on which nobody listens at the moment.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// Runs a client; `-h` and `-p` stand in front of its arguments.
pub fn run(program: &str, port: u16, arguments: &[&str], stdin: &[u8]) -> Output {
    let port = port.to_string();
    let mut child = Command::new(program)
        .args(["-h", "127.0.0.1", "-p", &port])
        .args(arguments)
        .env_remove("REDISCLI_AUTH")
        .env_remove("FAKETTY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    let mut input = child.stdin.take().expect("stdin is a pipe");
    // A client may end without reading all of it.
    let _ = input.write_all(stdin);
    drop(input);
    child.wait_with_output().expect("the client's output")
}

/// Everything a caller sees, for comparing and for messages.
pub fn shown(output: &Output) -> String {
    format!(
        "code {:?}\n--- stdout\n{}\n--- stderr\n{}",
        output.status.code(),
        output.stdout.escape_ascii().to_string().replace("\\n", "\n"),
        output.stderr.escape_ascii().to_string().replace("\\n", "\n")
    )
}

/// The text of stdout.
pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn spawn(directory: &PathBuf, port: u16, settings: &[&str]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--unixsocket"])
        .arg(directory.join("socket"))
        .args(settings)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("this test needs redis-server (apt-get install redis-server): {error}")
        })
}
