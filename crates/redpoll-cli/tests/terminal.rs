//! The interactive mode on a terminal: prompts, editing, hints, completion, history, colours and
//! Ctrl-C. The terminal is a pseudo-terminal; `setsid` (util-linux) makes it the client's own, so
//! that Ctrl-C is a signal as it is for a person.

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use support::Server;

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client on a terminal of its own.
struct Terminal {
    child: Child,
    master: File,
    /// What the client has written since the last time it was waited for.
    screen: String,
}

impl Terminal {
    fn start(server: &Server, arguments: &[&str]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 30, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
        let name = ptsname(&master, Vec::new()).unwrap();
        let open = || {
            let flags = OFlags::RDWR | OFlags::NOCTTY;
            Stdio::from(rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap())
        };
        tcsetwinsize(&master, size).unwrap();
        let child = Command::new("setsid")
            .args(["--ctty", env!("CARGO_BIN_EXE_redpoll-cli"), "-p", &server.port.to_string()])
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env("REDISCLI_HISTFILE", server.file("history", "echo before\n"))
            .env("REDISCLI_RCFILE", "/dev/null")
            .env_remove("NO_COLOR")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .expect("this test needs setsid (apt-get install util-linux)");
        Self { child, master: File::from(master), screen: String::new() }
    }

    fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the client has written `text`, and forgets everything up to its end.
    fn shows(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.screen.find(text) {
                self.screen.drain(..at + text.len());
                return;
            }
            assert!(Instant::now() < until, "{text:?} is not in {:?}", self.screen);
            let mut fds = [PollFd::new(&self.master, PollFlags::IN)];
            let round = Timespec { tv_sec: 1, tv_nsec: 0 };
            if poll(&mut fds, Some(&round)).unwrap() == 0 {
                continue;
            }
            let mut bytes = [0; 4096];
            // Linux fails the read, rather than ending it, when the other side is gone.
            let count = self.master.read(&mut bytes).unwrap_or(0);
            assert!(count > 0, "it ended before {text:?} was in {:?}", self.screen);
            self.screen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    fn ends(mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "it does not end");
            // sleep: the end of a process has no event here that a timeout could bound.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_session_with_prompts_hints_and_colours() {
    let server = Server::start(&[]);
    let prompt = format!("127.0.0.1:{}", server.port);
    let mut terminal = Terminal::start(&server, &[]);
    terminal.shows(&format!("{prompt}> "));
    terminal.types("set k ");
    terminal.shows("\x1b[90mvalue [NX|XX]");
    terminal.types("v\r");
    terminal.shows("OK\r\n");
    terminal.types("GETD\tk\r");
    terminal.shows("\x1b[32m\"v\"\x1b[0m");
    terminal.types("select 3\r");
    terminal.shows(&format!("{prompt}[3]> "));
    terminal.types("multi\r");
    terminal.shows(&format!("{prompt}[3](TX)> "));
    terminal.types("discard\r");
    terminal.shows(&format!("{prompt}[3]> "));
    terminal.types("3 incr n\r");
    terminal.shows("3\x1b[0m\r\n");
    terminal.types("nonsense\r");
    terminal.shows("\x1b[31m(error) ERR unknown command");
    terminal.types("help @list\r");
    terminal.shows("\x1b[1mBLPOP\x1b[0m");
    terminal.types("quit\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn history_is_kept_without_passwords() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::start(&server, &[]);
    terminal.shows("> ");
    // The line from the file, brought back by the arrow key.
    terminal.types("\x1b[A\r");
    terminal.shows("\"before\"");
    terminal.types("auth secret\r");
    terminal.shows("(error)");
    terminal.types("echo after\r");
    terminal.shows("\"after\"");
    // Ctrl-D on an empty line. The terminal must have been told that it is no end of a file.
    terminal.shows("> ");
    terminal.types("\x04");
    let path = server.file_path("history");
    assert_eq!(terminal.ends(), Some(0));
    assert_eq!(fs::read_to_string(path).unwrap(), "echo before\necho before\necho after\n");
}

#[test]
fn control_c_stops_what_waits_and_then_the_session() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::start(&server, &["-n", "2"]);
    terminal.shows("[2]> ");
    terminal.types("blpop nothing 0\r");
    wait_for_client(&server, "cmd=blpop");
    terminal.types("\x03");
    terminal.shows("^C\r\n");
    terminal.shows("[2]> ");
    terminal.types("monitor\r");
    terminal.shows("OK\r\n");
    terminal.types("\x03");
    terminal.shows("[2]> ");
    // On a line with something on it, only the line is dropped.
    terminal.types("echo dropped\x03echo kept\r");
    terminal.shows("\"kept\"");
    terminal.shows("[2]> ");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_subscriber_can_type_between_messages() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::start(&server, &["-3"]);
    terminal.shows("> ");
    terminal.types("subscribe a\r");
    terminal.shows("Reading messages...");
    server.ours(&["publish", "a", "first"], b"");
    terminal.shows("\"first\"");
    terminal.shows("Reading messages...");
    terminal.types("echo typed\r");
    terminal.shows("(subscribed mode)> ");
    terminal.shows("\"typed\"");
    terminal.shows("Reading messages...");
    terminal.types("\x03");
    terminal.shows("> ");
    terminal.types("echo free\r");
    terminal.shows("\"free\"");
    terminal.types("exit\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn a_server_that_comes_back_is_found_again() {
    let server = Server::start(&[]);
    let other = Server::start(&[]);
    let mut terminal = Terminal::start(&server, &[]);
    terminal.shows("> ");
    terminal.types("shutdown nosave\r");
    terminal.shows("not connected> ");
    terminal.types("ping\r");
    terminal.shows("Could not connect to Redis at");
    terminal.shows("not connected> ");
    terminal.types(&format!("connect 127.0.0.1 {}\r", other.port));
    terminal.shows(&format!("127.0.0.1:{}> ", other.port));
    terminal.types("ping\r");
    terminal.shows("PONG");
}

#[test]
fn latency_on_a_terminal_shows_percentiles() {
    let server = Server::start(&[]);
    let mut terminal = Terminal::start(&server, &["--latency", "--latency-sample-rate", "0"]);
    terminal.shows("min: ");
    terminal.shows("p99.9: ");
    terminal.types("\x03");
    assert_eq!(terminal.ends(), Some(130));
}

/// Waits until the server has a client of this kind.
fn wait_for_client(server: &Server, mark: &str) {
    let until = Instant::now() + PATIENCE;
    while !support::text(&server.ours(&["client", "list"], b"")).contains(mark) {
        assert!(Instant::now() < until, "no client with {mark}");
    }
}
