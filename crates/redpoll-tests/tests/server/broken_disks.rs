//! Disks that fail in ways that only the system or a library can bring about: flushes that fail, a
//! file system that is full or may only be read.
//!
//! Calls fail through a small library in C that is loaded before all others (`faulty.c`). A file
//! system of its own is one in memory, in a namespace that goes with the server; where the system
//! allows no such thing to whoever runs the tests, these say so and leave it at that.

use super::faults::{Limited, MISCONF_SAVE, home};
use redpoll_tests::server::compile_library;
use redpoll_tests::{Server, eventually};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

const EVERYSEC: [&str; 6] = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
const ALWAYS: [&str; 6] = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];

/// The library, compiled.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = std::env::current_exe().expect("the path of this test");
        let target = target.with_file_name(format!("faulty-{}.so", std::process::id()));
        compile_library("faulty.c", &target);
        target
    })
}

/// A server whose calls fail as a file says.
struct Faulty {
    own: Limited,
    faults: PathBuf,
}

impl Faulty {
    fn start(directory: &Path, settings: &[&str]) -> Self {
        let faults = directory.with_extension("faults");
        let mut command = Command::new("env");
        command.arg(format!("FAULTS={}", faults.display()));
        command.arg(format!("LD_PRELOAD={}", library().display()));
        Faulty { own: Limited::start_by(command, directory, settings), faults }
    }

    /// From now on, these calls fail.
    fn fail(&self, calls: &str) {
        fs::write(&self.faults, calls).expect("a file");
    }

    fn kill(&mut self) {
        let _ = self.own.child.kill();
        self.own.ends();
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.faults);
    }
}

fn restart(directory: &Path, settings: &[&str]) -> Server {
    Server::start(&[&["--dir", directory.to_str().expect("a name")], settings].concat())
}

/// The error that `strerror(EIO)` names.
const EIO: &str = "Input/output error";

#[test]
fn what_a_failed_flush_may_have_lost_is_written_anew() {
    let directory = home();
    let mut server = Faulty::start(&directory, &EVERYSEC);
    let mut client = server.own.talk();
    client.check("SET before 1 | WAITAOF 1 0 5000", "OK | [:1 :0]");
    let kept = fs::metadata(directory.join("appendonlydir/appendonly.aof.1.incr.aof"));
    let kept = kept.expect("the log").len();
    server.fail("fdatasync 5 incr");
    // It is accepted, and what the system could not write it forgets.
    client.check("SET doubtful 1", "OK");
    let refused = format!("-MISCONF Errors writing to the AOF file: {EIO}");
    eventually("writes are refused", || client.ask("SET b 1") == refused);
    client.check("GET doubtful | WAITAOF 1 0 50", "1 | [:0 :0]");
    assert!(client.ask("INFO persistence").contains("aof_last_write_status:err"));
    server.fail("");
    eventually("writes are taken again", || client.ask("SET after 1") == "OK");
    client.check("WAITAOF 1 0 30000", "[:1 :0]");
    let log = server.own.log();
    for words in [
        &*format!("Error writing to the AOF file: {EIO}"),
        "AOF write error looks solved",
        "writing all data anew",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    server.kill();
    // Whatever became of the old file: nobody reads it any more.
    let old = directory.join("appendonlydir/appendonly.aof.1.incr.aof");
    if let Ok(file) = fs::OpenOptions::new().write(true).open(old) {
        file.set_len(kept).expect("a shorter file");
    }
    let again = restart(&directory, &EVERYSEC);
    again.talk().check("EXISTS before doubtful after", ":3");
}

#[test]
fn while_a_flush_takes_long_no_more_than_two_seconds_are_at_stake() {
    let directory = home();
    let mut server = Faulty::start(&directory, &EVERYSEC);
    server.own.talk().check("SET before 1", "OK");
    server.fail("fdatasync 8000 incr");
    let begun = Instant::now();
    let port = server.own.port;
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        let mut told = Vec::new();
        while stream.write_all(b"INCR n\r\n").is_ok() {
            let mut reply = [0; 64];
            let Ok(1..) = stream.read(&mut reply) else { break };
            told.push(Instant::now());
        }
        told
    });
    // sleep: the flush is to take longer than may be lost.
    thread::sleep(Duration::from_millis(5000));
    let killed_at = Instant::now();
    server.kill();
    let told = client.join().expect("a client");
    let old = told.iter().filter(|at| killed_at.duration_since(**at) > Duration::from_secs(2));
    let old = old.count() as u64;
    assert!(old > 0 && begun.elapsed() > Duration::from_secs(5));
    let there = restart(&directory, &EVERYSEC).talk().ask("GET n");
    let there: u64 = there.parse().expect("a number");
    assert!(there >= old, "{there} are there, {old} must be");
}

#[test]
fn with_always_a_flush_that_fails_ends_the_server() {
    let directory = home();
    let mut server = Faulty::start(&directory, &ALWAYS);
    server.own.talk().check("SET before 1", "OK");
    server.fail("fdatasync 5 incr");
    assert_eq!(server.own.talk().try_ask("SET after 1"), None);
    assert_eq!(server.own.ends(), Some(1));
    let log = server.own.log();
    assert!(log.contains(&format!("Error writing to the AOF file: {EIO}")), "{log}");
    assert!(log.contains("Can't recover from AOF write error when the AOF fsync policy"), "{log}");
    restart(&directory, &ALWAYS).talk().check("GET before", "1");
}

#[test]
fn a_write_that_fails_leaves_no_half_of_a_command() {
    let directory = home();
    let mut server = Faulty::start(&directory, &EVERYSEC);
    let mut client = server.own.talk();
    // It is on disk before the disk fails: else it would be what fails.
    client.check("SET before 1 | WAITAOF 1 0 5000", "OK | [:1 :0]");
    // A file system that has gone over to be read only.
    server.fail("write 30 incr");
    client.check("SET later 1", "OK");
    let refused = "-MISCONF Errors writing to the AOF file: Read-only file system";
    eventually("writes are refused", || client.ask("SET b 1") == refused);
    assert!(client.ask("SHUTDOWN NOSAVE NOW").starts_with("-ERR Errors trying to SHUTDOWN"));
    server.fail("");
    eventually("writes are taken again", || client.ask("SET after 1") == "OK");
    // No flush has failed: there is nothing to mend.
    client.check("WAITAOF 1 0 5000", "[:1 :0]");
    assert_eq!(client.info("aof_rewrites"), 0);
    server.kill();
    restart(&directory, &EVERYSEC).talk().check("EXISTS before later after", ":3");
}

#[test]
fn a_snapshot_that_cannot_be_flushed_or_named_is_none() {
    let directory = home();
    let server = Faulty::start(&directory, &["--save", "10000 1"]);
    let mut client = server.own.talk();
    client.check("SET a 1 | SAVE", "OK | OK");
    for (fault, why) in [("fsync 5 temp-", EIO), ("rename 28 dump.rdb", "No space left on device")]
    {
        client.check("SET a 2", "OK");
        server.fail(fault);
        client.check("BGSAVE", "Background saving started");
        eventually("it fails", || client.ask("INFO persistence").contains("bgsave_status:err"));
        client.check("SET a 3", MISCONF_SAVE);
        let log = server.own.log();
        assert!(log.contains(&format!("Failed saving the DB in dump.rdb: {why}")), "{log}");
        let files: Vec<_> = fs::read_dir(&directory).expect("the directory").flatten().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        server.fail("");
        client.check("BGSAVE", "Background saving started");
        eventually("it succeeds", || client.ask("INFO persistence").contains("bgsave_status:ok"));
    }
    client.check("SET a 4", "OK");
}

/// A server in a namespace of its own, whose data lie on a file system in memory.
struct Mounted {
    own: Limited,
    directory: PathBuf,
}

impl Mounted {
    /// `None`: the system allows no such thing.
    fn start(directory: &Path, size: &str, settings: &[&str]) -> Option<Self> {
        let allowed = Command::new("unshare")
            .args(["--mount", "mount", "-t", "tmpfs", "tmpfs"])
            .arg(directory)
            .stderr(Stdio::null())
            .status();
        if !allowed.is_ok_and(|status| status.success()) {
            eprintln!("no file system can be mounted here: nothing is tested");
            drop(fs::remove_dir_all(directory));
            return None;
        }
        let mut command = Command::new("unshare");
        let script = format!("mount -t tmpfs -o size={size} tmpfs \"$0\" && exec \"$@\"");
        command.args(["--mount", "sh", "-c", &script]).arg(directory);
        let own = Limited::start_by(command, directory, settings);
        Some(Mounted { own, directory: directory.to_owned() })
    }

    /// Runs something where the server's files are.
    fn inside(&self, words: &[&str]) {
        let done = Command::new("nsenter")
            .args(["--target", &self.own.child.id().to_string(), "--mount"])
            .args(words)
            .arg(&self.directory)
            .status();
        assert!(done.expect("nsenter (package util-linux)").success(), "{words:?}");
    }
}

#[test]
fn a_directory_that_may_only_be_read_stops_writes_until_it_may_be_written() {
    let directory = home();
    let settings = ["--save", "10000 1"];
    let Some(server) = Mounted::start(&directory, "8m", &settings) else { return };
    let mut client = server.own.talk();
    client.check("SET a 1 | SAVE", "OK | OK");
    server.inside(&["mount", "-o", "remount,ro"]);
    client.check("BGSAVE", "Background saving started");
    eventually("it fails", || client.ask("INFO persistence").contains("bgsave_status:err"));
    client.check("SET a 2", MISCONF_SAVE);
    let log = server.own.log();
    assert!(log.contains("Failed saving the DB in dump.rdb: Read-only file system"), "{log}");
    // The log cannot be turned on either, and is not.
    assert!(client.ask("CONFIG SET appendonly yes").starts_with("-ERR"));
    client.check("CONFIG GET appendonly", "[appendonly no]");
    assert!(client.ask("SAVE").starts_with("-ERR"));
    server.inside(&["mount", "-o", "remount,rw"]);
    client.check("BGSAVE", "Background saving started");
    eventually("it succeeds", || client.ask("INFO persistence").contains("bgsave_status:ok"));
    client.check("SET a 3 | CONFIG SET appendonly yes", "OK | OK");
    client.check("WAITAOF 1 0 5000", "[:1 :0]");
}

#[test]
fn a_file_system_that_is_full_is_waited_for() {
    let directory = home();
    let settings =
        [&EVERYSEC[..], &["--rdbcompression", "no", "--enable-debug-command", "yes"]].concat();
    let Some(server) = Mounted::start(&directory, "256k", &settings) else { return };
    let mut client = server.own.talk();
    let value = "x".repeat(50_000);
    let refused = "-MISCONF Errors writing to the AOF file: No space left on device";
    let mut accepted = 0;
    eventually("writes are refused", || {
        let answer = client.ask(&format!("SET key:{accepted} {value}"));
        accepted += u64::from(answer == "OK");
        assert!(answer == "OK" || answer == refused, "{answer}");
        answer != "OK"
    });
    client.check("BGREWRITEAOF", "Background append only file rewriting started");
    eventually("it fails", || client.ask("INFO persistence").contains("bgrewrite_status:err"));
    server.inside(&["mount", "-o", "remount,size=16m"]);
    eventually("writes are taken again", || client.ask("SET after 1") == "OK");
    client.check("WAITAOF 1 0 5000", "[:1 :0]");
    client.check("BGREWRITEAOF", "Background append only file rewriting started");
    eventually("it succeeds", || client.ask("INFO persistence").contains("bgrewrite_status:ok"));
    client.check("DEBUG LOADAOF", "OK");
    client.check("DBSIZE | GET after", &format!(":{} | 1", accepted + 1));
}
