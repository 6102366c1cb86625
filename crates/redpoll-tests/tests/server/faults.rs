//! Disks that fail: writes are refused as Redis refuses them, the log says why, and the server goes
//! on when the disk does.
//!
//! A full disk is a limit on the size of files, which every user can set for his own processes and
//! lift again (`prlimit`); a directory that is gone is one that somebody has moved. Flushes that
//! fail and file systems of their own: `broken_disks`.

use redpoll_tests::server::{new_directory, program};
use redpoll_tests::{Server, Talk, eventually};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

/// A server on a disk with a fault. Its directory is removed when it is dropped.
pub(super) struct Limited {
    pub child: Child,
    log: PathBuf,
    directory: PathBuf,
    pub(super) port: u16,
}

impl Limited {
    /// One whose files may not grow beyond a size, for the present.
    fn start(directory: &Path, settings: &[&str]) -> Self {
        // Whoever ignores the signal gets an error from the write instead.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        Self::start_by(shell, directory, settings)
    }

    /// One that is started by a command to which its own is added.
    pub fn start_by(mut command: Command, directory: &Path, settings: &[&str]) -> Self {
        let port = redpoll_tests::server::free_port();
        let log = directory.with_extension("log");
        let child = command
            .arg(program())
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--dir"])
            .arg(directory)
            .args(settings)
            .stdout(fs::File::create(&log).expect("a file"))
            .stdin(Stdio::null())
            .spawn()
            .expect("a shell");
        let own = Limited { child, log, directory: directory.to_owned(), port };
        eventually("it is ready", || own.log().contains("Ready to accept connections"));
        own
    }

    /// Files may have so many bytes at most; `unlimited` lifts that.
    fn limit(&self, bytes: &str) {
        let done = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string(), &format!("--fsize={bytes}:unlimited")])
            .status()
            .expect("prlimit (package util-linux)");
        assert!(done.success());
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn talk(&self) -> Talk {
        Talk::tcp(self.port)
    }

    /// Waits for its end.
    pub fn ends(&mut self) -> Option<i32> {
        self.child.wait().expect("its end").code()
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the server's log\n{}", self.log());
        }
        drop(fs::remove_file(&self.log));
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// A new directory.
pub(super) fn home() -> PathBuf {
    let directory = new_directory();
    fs::create_dir_all(&directory).expect("a directory");
    directory
}

pub(super) const MISCONF_SAVE: &str = "-MISCONF Redis is configured to save RDB snapshots, but \
    it's currently unable to persist to disk. Commands that may modify the data set are disabled, \
    because this instance is configured to report errors during writes if RDB snapshotting fails \
    (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB \
    error.";

#[test]
fn a_full_disk_stops_writes_until_a_snapshot_succeeds() {
    let directory = home();
    let own = Limited::start(&directory, &["--save", "10000 1", "--rdbcompression", "no"]);
    let mut client = own.talk();
    let value = "x".repeat(20_000);
    client.check(&format!("SET a {value}"), "OK");
    own.limit("10000");
    client.check("BGSAVE", "Background saving started");
    eventually("it fails", || client.ask("INFO persistence").contains("bgsave_status:err"));
    client.check("SET b 1 | GET none", &format!("{MISCONF_SAVE} | nil"));
    let log = own.log();
    assert!(log.contains("Failed saving the DB in dump.rdb: File too large"), "{log}");
    assert_eq!(fs::read_dir(&directory).expect("the directory").count(), 0);
    client.check("CONFIG SET stop-writes-on-bgsave-error no | SET b 1", "OK | OK");
    client.check("CONFIG SET stop-writes-on-bgsave-error yes", "OK");
    client.check("SET b 2", MISCONF_SAVE);
    own.limit("unlimited");
    client.check("BGSAVE", "Background saving started");
    eventually("it succeeds", || client.ask("INFO persistence").contains("bgsave_status:ok"));
    client.check("SET b 3", "OK");
}

#[test]
fn a_full_disk_under_the_log_is_waited_for() {
    let directory = home();
    let settings = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
    let mut own = Limited::start(&directory, &settings);
    let mut client = own.talk();
    client.check("SET before 1", "OK");
    own.limit("20000");
    let value = "x".repeat(30_000);
    // It is accepted, and cannot be written.
    client.check(&format!("SET large {value}"), "OK");
    let refused = "-MISCONF Errors writing to the AOF file: File too large";
    eventually("writes are refused", || client.ask("SET b 1") == refused);
    client.check("GET before | DEL before", &format!("1 | {refused}"));
    assert!(client.ask("INFO persistence").contains("aof_last_write_status:err"));
    assert!(own.log().contains("Error writing to the AOF file: File too large"), "{}", own.log());
    own.limit("unlimited");
    eventually("writes are taken again", || client.ask("SET after 1") == "OK");
    let log = own.log();
    assert!(log.contains("AOF write error looks solved. The server can write again."), "{log}");
    assert!(client.ask("INFO persistence").contains("aof_last_write_status:ok"));
    client.check("WAITAOF 1 0 5000", "[:1 :0]");
    let _ = own.child.kill();
    own.ends();
    // Nothing that was accepted is lost, and the log is whole.
    let again =
        Server::start(&[&["--dir", directory.to_str().expect("a name")], &settings[..]].concat());
    again.talk().check("STRLEN large | EXISTS before after b", ":30000 | :2");
    assert!(!again.log().contains("short read"), "{}", again.log());
}

#[test]
fn with_always_a_log_that_cannot_be_written_ends_the_server() {
    let directory = home();
    let settings = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    let mut own = Limited::start(&directory, &settings);
    own.talk().check("SET before 1", "OK");
    own.limit("20000");
    // Nobody is told that it was done.
    own.talk().send(&format!("SET large {}", "x".repeat(30_000)));
    assert_eq!(own.ends(), Some(1));
    let log = own.log();
    assert!(log.contains("Can't recover from AOF write error when the AOF fsync policy"), "{log}");
    let again =
        Server::start(&[&["--dir", directory.to_str().expect("a name")], &settings[..]].concat());
    again.talk().check("GET before | EXISTS large", "1 | :0");
}

#[test]
fn a_rewrite_that_finds_no_room_leaves_the_log_as_it_is() {
    let directory = home();
    let settings = ["--save", "", "--appendonly", "yes", "--rdbcompression", "no"];
    let mut own = Limited::start(&directory, &settings);
    let mut client = own.talk();
    for number in 0..10 {
        client.check(&format!("SET {number} {}", "x".repeat(3000)), "OK");
    }
    own.limit("40000");
    client.ask("BGREWRITEAOF");
    let status = "aof_last_bgrewrite_status:";
    eventually("it ends", || client.info("aof_rewrite_in_progress") == 0);
    assert!(client.ask("INFO persistence").contains(&format!("{status}ok")));
    own.limit("20000");
    client.ask("BGREWRITEAOF");
    eventually("it fails", || client.ask("INFO persistence").contains(&format!("{status}err")));
    client.check("SET after 1 | WAITAOF 1 0 5000", "OK | [:1 :0]");
    let names = fs::read_dir(&directory).expect("the directory").flatten();
    let temporary = names.filter(|file| file.file_name().to_string_lossy().starts_with("temp-"));
    assert_eq!(temporary.count(), 0);
    let _ = own.child.kill();
    own.ends();
    let again =
        Server::start(&[&["--dir", directory.to_str().expect("a name")], &settings[..]].concat());
    again.talk().check("DBSIZE | GET after", ":11 | 1");
}

#[test]
fn a_directory_that_is_gone_stops_writes_until_it_is_back() {
    let outer = home();
    let (directory, moved) = (outer.join("data"), outer.join("moved"));
    fs::create_dir_all(&directory).expect("a directory");
    let name = directory.to_str().expect("a name");
    let protected = ["--enable-protected-configs", "yes"];
    let server = Server::start(&[&["--dir", name, "--save", "10000 1"], &protected[..]].concat());
    let mut client = server.talk();
    client.check("SET a 1", "OK");
    // The working directory follows the move; only its removal takes it away.
    fs::rename(&directory, &moved).expect("a new name");
    client.check("SAVE", "OK");
    assert!(moved.join("dump.rdb").exists());
    fs::remove_dir_all(&moved).expect("it goes");
    client.check("BGSAVE", "Background saving started");
    eventually("it fails", || client.ask("INFO persistence").contains("bgsave_status:err"));
    client.check("SET a 2", MISCONF_SAVE);
    assert!(client.ask("SAVE").starts_with("-ERR"));
    assert!(server.log().contains("Failed saving the DB"), "{}", server.log());
    fs::create_dir_all(&directory).expect("a directory");
    client.check(&format!("CONFIG SET dir {name}"), "OK");
    client.check("BGSAVE", "Background saving started");
    eventually("it succeeds", || client.ask("INFO persistence").contains("bgsave_status:ok"));
    client.check("SET a 3", "OK");
    drop(server);
    drop(fs::remove_dir_all(outer));
}
