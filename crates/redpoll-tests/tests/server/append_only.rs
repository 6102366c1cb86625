//! The append-only file: nothing that was acknowledged is lost, whatever ends the server.

use redpoll_tests::server::{new_directory, program};
use redpoll_tests::{Server, eventually};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// A data directory that is removed when the test has passed.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        Home(new_directory())
    }

    /// Starts a server that logs, with these further settings.
    fn start(&self, more: &[&str]) -> Server {
        Server::start(&self.settings(more))
    }

    fn settings<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let name = self.0.to_str().expect("a name");
        let own = ["--dir", name, "--save", "", "--appendonly", "yes"];
        [&own[..], &["--enable-debug-command", "yes"], more].concat()
    }

    fn log(&self, name: &str) -> PathBuf {
        self.0.join("appendonlydir").join(name)
    }

    /// What a server says that does not start.
    fn refusal(&self, more: &[&str]) -> String {
        let output = Command::new(program())
            .args(["--port", "0", "--unixsocket", "socket"])
            .args(self.settings(more))
            .output()
            .expect("the program");
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !thread::panicking() {
            drop(fs::remove_dir_all(&self.0));
        }
    }
}

const INCREMENT: &str = "appendonly.aof.1.incr.aof";

#[test]
fn data_are_there_after_every_kind_of_end() {
    let home = Home::new();
    let mut server = home.start(&["--appendfsync", "always"]);
    let mut digest = write_all_types(&server);
    for preamble in ["yes", "no"] {
        server.signal("KILL");
        server.wait();
        server = home.start(&["--appendfsync", "always"]);
        let mut client = server.talk();
        assert_eq!(client.ask("DEBUG DIGEST"), digest);
        client.check(&format!("CONFIG SET aof-use-rdb-preamble {preamble}"), "OK");
        client.check("BGREWRITEAOF", "Background append only file rewriting started");
        client.check(&format!("SET during {preamble} | FUNCTION STATS"), FUNCTION_STATS);
        eventually("the rewrite ends", || client.info("aof_rewrite_in_progress") == 0);
        client.check(&format!("SET after {preamble}"), "OK");
        digest = client.ask("DEBUG DIGEST");
        client.check("DEBUG LOADAOF", "OK");
        assert_eq!(client.ask("DEBUG DIGEST"), digest);
    }
    server.talk().send("SHUTDOWN");
    assert!(server.wait().success());
    let server = home.start(&[]);
    assert_eq!(server.talk().ask("DEBUG DIGEST"), digest);
    server.talk().check("FCALL f 0", "1");
}

const FUNCTION_STATS: &str = "OK | [running_script nil engines [LUA [libraries_count :1 \
                              functions_count :1]]]";

/// Something of each type, and a function; answers the digest.
fn write_all_types(server: &Server) -> String {
    let mut client = server.talk();
    client.check(
        "SET a 1 | RPUSH l x y | HSET h f v g w | HPEXPIRE h 1000000 FIELDS 1 f | SADD s 1 2 x",
        "OK | :2 | :2 | [:1] | :3",
    );
    client.check("ZADD z 1.5 m -inf n | XADD x 1-1 f v | XGROUP CREATE x g 0", ":2 | 1-1 | OK");
    client.ask("XREADGROUP GROUP g c STREAMS x >");
    client.check(
        "FT.SUGADD t hello 1.5 PAYLOAD p | FT.SUGADD t help 2 | TYPE t",
        ":1 | :2 | trietype0",
    );
    client.check("SET e v EX 1000 | SELECT 5 | INCR n | SELECT 0", "OK | OK | :1 | OK");
    client.check("MULTI | INCR a | INCR a | EXEC", "OK | QUEUED | QUEUED | [:2 :3]");
    client.ask("SPOP s");
    let code = b"#!lua name=lib\nredis.register_function('f', function() return '1' end)";
    client.ask_words(&[b"FUNCTION", b"LOAD", code]);
    client.ask("DEBUG DIGEST")
}

#[test]
fn it_is_turned_on_and_off() {
    let home = Home::new();
    let name = home.0.to_str().expect("a name");
    let mut server = Server::start(&["--dir", name, "--save", "", "--enable-debug-command", "yes"]);
    let mut client = server.talk();
    client.check("SET a 1 | CONFIG SET appendonly yes | INCR a", "OK | OK | :2");
    assert_eq!(client.info("aof_enabled"), 1);
    eventually("the first base is there", || client.info("aof_rewrite_in_progress") == 0);
    client.check("INCR a | WAITAOF 1 0 5000", ":3 | [:1 :0]");
    client.check("CONFIG SET appendonly no | INCR a", "OK | :4");
    assert_eq!(client.info("aof_enabled"), 0);
    client.check("CONFIG SET appendonly yes | INCR a", "OK | :5");
    eventually("the second base is there", || client.info("aof_rewrite_in_progress") == 0);
    client.check("WAITAOF 1 0 5000", "[:1 :0]");
    server.signal("KILL");
    server.wait();
    home.start(&[]).talk().check("GET a", "5");
    let left: Vec<_> = fs::read_dir(home.log("")).expect("the directory").flatten().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_log_that_ends_early_is_cut() {
    let home = Home::new();
    stop(home.start(&[]), "SET a 1 | SET b 1");
    let path = home.log(INCREMENT);
    let whole = fs::read(&path).expect("the log");
    let write = |tail: &[u8]| fs::write(&path, [&whole[..], tail].concat()).expect("a file");
    write(b"*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$5\r\nab");
    let said = home.refusal(&["--aof-load-truncated", "no"]);
    let place = format!("what is whole ends at offset {}.", whole.len());
    assert!(said.contains(&place) && said.contains("--check-aof --fix"), "{said}");
    home.start(&[]).talk().check("EXISTS a b c", ":2");
    assert_eq!(fs::read(&path).expect("the log"), whole);
    write(b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$1\r\n1\r\n");
    home.start(&[]).talk().check("EXISTS a b c", ":2");
    assert_eq!(fs::read(&path).expect("the log"), whole);
}

/// Runs commands and ends the server.
fn stop(mut server: Server, commands: &str) {
    let mut client = server.talk();
    commands.split(" | ").for_each(|command| drop(client.ask(command)));
    client.send("SHUTDOWN");
    assert!(server.wait().success());
}

#[test]
fn a_damaged_log_ends_the_start() {
    let home = Home::new();
    stop(home.start(&[]), "SET a 1");
    let path = home.log(INCREMENT);
    let whole = fs::read(&path).expect("the log");
    fs::write(&path, [&whole[..], b"nonsense"].concat()).expect("a file");
    let said = home.refusal(&[]);
    let place = format!(
        "Bad file format reading the append only file {INCREMENT} at offset {}",
        whole.len()
    );
    assert!(said.contains(&place), "{said}");
    fs::write(&path, [&whole[..], b"*1\r\n$4\r\nNOPE\r\n"].concat()).expect("a file");
    assert!(home.refusal(&[]).contains("Unknown command 'NOPE' reading the append only"));
    fs::remove_file(&path).expect("the log goes");
    assert!(home.refusal(&[]).contains("The append log file appendonly.aof.1.incr.aof"));
    fs::write(home.log("appendonly.aof.manifest"), "file x seq 1\n").expect("a file");
    let said = home.refusal(&[]);
    assert!(said.contains("Invalid AOF manifest file format"), "{said}");
    assert!(said.contains("at line 1"), "{said}");
}

#[test]
fn redis_goes_on_where_we_end_and_we_where_it_ends() {
    let home = Home::new();
    let more = ["--aof-timestamp-enabled", "yes", "--set-max-intset-entries", "2"];
    stop(home.start(&more), "RPUSH l a | SADD s 1 2 3 | SET e v EX 1000 | BGREWRITEAOF | INCR n");
    let name = home.0.to_str().expect("a name");
    let settings = ["--dir", name, "--save", "", "--appendonly", "yes"];
    stop(Server::redis(&settings), "RPUSH l b | INCR n | HSET h f v");
    let checked = Command::new("redis-check-aof").arg(home.log("appendonly.aof.manifest")).output();
    assert!(checked.expect("the program").status.success());
    stop(home.start(&more), "RPUSH l c | INCR n | BGREWRITEAOF");
    let server = Server::redis(&settings);
    server.talk().check("LRANGE l 0 -1 | GET n | HGET h f | SCARD s", "[a b c] | 3 | v | :3");
}

#[test]
fn the_single_file_of_old_versions_is_taken_over() {
    let home = Home::new();
    let old = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    fs::write(home.0.join("appendonly.aof"), old).expect("a file");
    stop(home.start(&[]), "INCR a");
    assert!(!Path::new(&home.0.join("appendonly.aof")).exists());
    home.start(&[]).talk().check("GET a", "2");
    let manifest = fs::read_to_string(home.log("appendonly.aof.manifest")).expect("a manifest");
    let expected =
        "file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n";
    assert_eq!(manifest, expected);
}

#[test]
fn it_is_rewritten_when_it_has_grown() {
    let home = Home::new();
    let server = home.start(&["--auto-aof-rewrite-min-size", "20kb"]);
    let mut client = server.talk();
    for _ in 0..40 {
        client.ask(&format!("SET k {}", "x".repeat(1000)));
    }
    eventually("it is rewritten", || client.info("aof_rewrites") > 0);
    eventually("that ends", || client.info("aof_rewrite_in_progress") == 0);
    assert!(client.info("aof_current_size") < 30_000);
}

#[test]
fn what_expires_is_gone_after_a_restart_and_what_was_kept_is_not() {
    let home = Home::new();
    let mut server = home.start(&["--appendfsync", "always"]);
    let mut client = server.talk();
    client.check("SET gone 1 PX 150 | SET kept 1 PX 150 | PERSIST kept", "OK | OK | :1");
    client.check(
        "HSET h f v g w | HPEXPIRE h 150 FIELDS 2 f g | HPERSIST h FIELDS 1 f",
        ":2 | [:1 :1] | [:1]",
    );
    server.signal("KILL");
    server.wait();
    // sleep: the server is not there while time passes.
    thread::sleep(Duration::from_millis(200));
    let server = home.start(&[]);
    server.talk().check("EXISTS gone kept | GET kept | HMGET h f g", ":1 | 1 | [v nil]");
}
