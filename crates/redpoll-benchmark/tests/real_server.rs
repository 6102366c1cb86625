//! The program as a whole against Debian's redis-server, beside Debian's redis-benchmark.
//!
//! What scripts read is compared with what the original prints on the same machine, with numbers
//! taken out. Both programs must be installed (`redis-server`, `redis-tools`).

use redpoll_client::{Config, Connection, Endpoint, Value};
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A redis-server of one test, in a directory of its own, gone when the test is over.
struct Server {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Server {
    fn start(name: &str) -> Server {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let directory =
            std::env::temp_dir().join(format!("redpoll-benchmark-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a temporary directory");
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--unixsocket", "socket"])
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        let server = Server { process, port, directory };
        let start = Instant::now();
        while server.connect().is_none() {
            assert!(start.elapsed() < Duration::from_secs(10), "redis-server does not answer");
            // sleep: another process starts, and its socket gives no sign before it is there
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    fn connect(&self) -> Option<Connection> {
        Connection::open(&Config::tcp("127.0.0.1", self.port)).ok()
    }

    fn ask(&self, command: &[&str]) -> Value {
        let mut connection = self.connect().expect("the server answers");
        connection.command(command).expect("a reply")
    }

    /// Runs a program against this server: what it printed, what it complained of, its exit code.
    fn run(&self, program: &str, arguments: &str) -> (String, String, Option<i32>) {
        let output = Command::new(program)
            .args(["-p", &self.port.to_string()])
            .args(arguments.split_whitespace())
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .output()
            .expect("the program can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr), output.status.code())
    }

    fn ours(&self, arguments: &str) -> (String, String, Option<i32>) {
        self.run(env!("CARGO_BIN_EXE_redpoll-benchmark"), arguments)
    }

    fn theirs(&self, arguments: &str) -> String {
        self.run("redis-benchmark", arguments).0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The lines without what is drawn over, with each run of digits and dots as `#`, blanks before it
/// taken away, and without the lines whose number depends on the measurement.
fn shape(output: &str) -> Vec<String> {
    let lines = output.lines().map(|line| line.rsplit('\r').next().unwrap_or(line));
    let mut shaped = Vec::new();
    for line in lines {
        let mut out = String::new();
        for c in line.chars() {
            if c.is_ascii_digit() || (c == '.' && out.ends_with('#')) {
                while out.ends_with("  ") {
                    out.pop();
                }
                if !out.ends_with('#') {
                    out.push('#');
                }
            } else {
                out.push(c);
            }
        }
        if shaped.last() != Some(&out) || !out.contains("cumulative count") {
            shaped.push(out);
        }
    }
    shaped
}

#[test]
fn the_full_report_has_the_same_lines() {
    let server = Server::start("report");
    for arguments in [
        "-n 500 -t set,get",
        "-n 500 -c 4 -P 8 -d 100 -t mset -r 10",
        "-n 500 --threads 2 -t ping",
        "-n 300 set key:__rand_int__ value",
    ] {
        let (ours, complaints, code) = server.ours(arguments);
        assert_eq!((complaints.as_str(), code), ("", Some(0)), "{arguments}");
        assert_eq!(shape(&ours), shape(&server.theirs(arguments)), "{arguments}");
    }
}

#[test]
fn the_short_styles_have_the_same_lines() {
    let server = Server::start("short");
    for arguments in ["-n 100 -q", "-n 100 --csv", "-n 100 -q -t lrange_300,spop", "-q -t no"] {
        let (ours, _, code) = server.ours(arguments);
        assert_eq!(code, Some(0), "{arguments}");
        assert_eq!(shape(&ours), shape(&server.theirs(arguments)), "{arguments}");
    }
}

#[test]
fn sequential_numbers_make_each_key_once() {
    let server = Server::start("sequential");
    let (_, _, code) = server
        .ours("-t set -n 5003 -r 5003 --sequential -P 10 --threads 2 -d 16 -q --json all.json");
    assert_eq!(code, Some(0));
    assert_eq!(server.ask(&["DBSIZE"]), Value::Integer(5003));
    assert_eq!(server.ask(&["STRLEN", "key:000000005002"]), Value::Integer(16));
    let json = fs::read_to_string(server.directory.join("all.json")).expect("the file is there");
    assert!(json.contains("\"requests\": 5003,"), "{json}");
}

#[test]
fn every_way_in_works() {
    let server = Server::start("ways");
    let common = "-n 200 -q -t incr";
    for arguments in
        ["-s socket", "-3 --enable-tracking", "--dbnum 3", "-k 0 --dbnum 3", "-h localhost"]
    {
        let (text, complaints, code) = server.ours(&format!("{arguments} {common}"));
        assert_eq!(code, Some(0), "{arguments}: {complaints}");
        assert!(text.starts_with("INCR: "), "{arguments}: {text}");
    }
    assert_eq!(server.ask(&["CONFIG", "SET", "requirepass", "pw"]), Value::Status(b"OK".to_vec()));
    let (_, complaints, code) = server.ours(common);
    let refusal = format!("Node 127.0.0.1:{} replied with error:\nNOAUTH ", server.port);
    assert!(complaints.starts_with(&refusal), "{complaints}");
    assert_eq!(code, Some(1));
    let uri = format!("-u redis://:pw@127.0.0.1:{}/3", server.port);
    for arguments in ["-a pw", "-a pw --user default", uri.as_str()] {
        let (_, complaints, code) = server.ours(&format!("{arguments} {common}"));
        assert_eq!(code, Some(0), "{arguments}: {complaints}");
    }
    let unix = Config::new(Endpoint::Unix(server.directory.join("socket")));
    let mut connection = Connection::open(&Config { password: Some("pw".into()), ..unix })
        .expect("the Unix socket answers");
    // 200 from the URI's database, and twice 200 from --dbnum.
    let _ = connection.command(&["SELECT", "3"]).expect("a reply");
    let counted = connection.command(&["GET", "counter:__rand_int__"]).expect("a reply");
    assert_eq!(counted.as_str(), Some("600"));
}

#[test]
fn an_error_reply_is_told_and_ends_the_run() {
    let server = Server::start("error");
    let (_, complaints, code) = server.ours("-n 100 nosuchcommand a");
    let text = "Error from server: ERR unknown command 'nosuchcommand', with args beginning with:";
    assert!(complaints.starts_with(text), "{complaints}");
    assert_eq!(code, Some(1));
}

#[test]
fn a_duration_ends_a_test_and_the_charts_are_drawn() {
    let server = Server::start("duration");
    let (text, _, code) = server.ours("--duration 0.2 -c 2 -q -t ping_inline --plot load.svg");
    assert_eq!(code, Some(0));
    assert!(text.starts_with("PING_INLINE: "), "{text}");
    let drawing = fs::read_to_string(server.directory.join("load.svg")).expect("the file is there");
    assert!(drawing.contains("PING_INLINE") && drawing.ends_with("</svg>\n"));
}
