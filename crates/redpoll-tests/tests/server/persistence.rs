//! Snapshots on disk, and keys that move between servers.

use redpoll_tests::server::new_directory;
use redpoll_tests::{Server, eventually};
use std::fs;

/// Settings of a server that keeps its data in this directory.
fn settings(directory: &str) -> [&str; 4] {
    ["--dir", directory, "--enable-debug-command", "yes"]
}

#[test]
fn data_are_there_after_a_restart() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let mut server = Server::start(&settings(name));
    let mut client = server.talk();
    client.check(
        "SET a 1 | RPUSH l x y | HSET h f v | SADD s 1 2 | ZADD z 1.5 m",
        "OK | :2 | :1 | :2 | :1",
    );
    client.check("XADD x 1-1 f v | SET e v EX 1000 | SELECT 5 | SET other 1", "1-1 | OK | OK | OK");
    client.check("FT.SUGADD t hello 1 PAYLOAD p | FT.SUGADD t help 2", ":1 | :2");
    let digest = client.ask("DEBUG DIGEST");
    client.send("SHUTDOWN SAVE");
    assert!(server.wait().success());
    let server = Server::start(&settings(name));
    let mut client = server.talk();
    assert_eq!(client.ask("DEBUG DIGEST"), digest);
    assert_eq!(client.info("rdb_last_load_keys_loaded"), 9);
    client.check("SET more 1 | BGSAVE", "OK | Background saving started");
    eventually("the snapshot is written", || client.info("rdb_bgsave_in_progress") == 0);
    assert_eq!(client.info("rdb_changes_since_last_save"), 0);
    let left: Vec<_> = fs::read_dir(&directory).expect("the directory").flatten().collect();
    assert!(left.iter().all(|file| !file.file_name().to_string_lossy().starts_with("temp-")));
    drop(fs::remove_dir_all(directory));
}

#[test]
fn a_save_point_saves_by_itself() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let server = Server::start(&["--dir", name, "--save", "1 2"]);
    let mut client = server.talk();
    client.check("MSET a 1 b 2 | SET c 3", "OK | OK");
    eventually("a save point saves", || client.info("rdb_saves") == 1);
    assert!(directory.join("dump.rdb").exists());
    drop(fs::remove_dir_all(directory));
}

#[test]
fn a_damaged_file_ends_the_start() {
    let directory = new_directory();
    fs::write(directory.join("dump.rdb"), b"REDIS0010\xfe\x00\x63\x01k").expect("a file");
    let output = std::process::Command::new(redpoll_tests::server::program())
        .args(["--port", "0", "--unixsocket", "socket", "--dir"])
        .arg(&directory)
        .output()
        .expect("the program");
    let log = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains("no value is of the type 99 (offset 14)"), "{log}");
    assert!(log.contains("Terminating server after rdb file reading failure."), "{log}");
    drop(fs::remove_dir_all(directory));
}

#[test]
fn a_failed_end_is_no_end() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let mut server = Server::start(&["--dir", name, "--save", "100 1"]);
    let mut client = server.talk();
    client.check("SET a 1", "OK");
    fs::create_dir(directory.join("dump.rdb")).expect("a directory in the file's place");
    assert_eq!(client.ask("SHUTDOWN"), "-ERR Errors trying to SHUTDOWN. Check logs.");
    assert!(server.is_running());
    client.check("GET a", "1");
    client.send("SHUTDOWN NOSAVE");
    assert!(server.wait().success());
    drop(fs::remove_dir_all(directory));
}

#[test]
fn keys_move_between_servers() {
    let (source, target) = (Server::start(&["--save", ""]), Server::start(&["--save", ""]));
    let (mut here, mut there) = (source.talk(), target.talk());
    let port = target.port;
    here.check("SET a 1 PX 100000 | RPUSH l x y | SET taken 1", "OK | :2 | OK");
    there.check("SET taken 2", "OK");
    let migrate = |rest: &str| format!("MIGRATE 127.0.0.1 {port} {rest}");
    assert_eq!(here.ask(&migrate("a 0 5000")), "OK");
    here.check("EXISTS a", ":0");
    there.check("GET a", "1");
    let busy = "-ERR Target instance replied with error: BUSYKEY Target key name already exists.";
    let port = port.to_string();
    let words = ["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS", "l", "taken", "nope"];
    assert_eq!(here.ask_words(&words.map(str::as_bytes)), busy);
    here.check("EXISTS l taken", ":1");
    there.check("LRANGE l 0 -1 | GET taken", "[x y] | 2");
    assert_eq!(here.ask(&migrate("taken 0 5000 COPY REPLACE")), "OK");
    here.check("EXISTS taken", ":1");
    there.check("GET taken", "1");
    assert_eq!(here.ask(&migrate("nope 0 5000")), "NOKEY");
    let text = "-IOERR error or timeout connecting to the client";
    assert_eq!(here.ask("MIGRATE 127.0.0.1 1 taken 0 500"), text);
}

#[test]
fn functions_are_there_after_a_restart() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let mut server = Server::start(&settings(name));
    let mut client = server.talk();
    let code = b"#!lua name=lib\nredis.register_function('f', function() return 'hello' end)";
    assert_eq!(client.ask_words(&[b"FUNCTION", b"LOAD", code]), "lib");
    client.send("SHUTDOWN SAVE");
    assert!(server.wait().success());
    let server = Server::start(&settings(name));
    server.talk().check("FCALL f 0", "hello");
    drop(server);
    drop(fs::remove_dir_all(directory));
}

#[test]
fn clients_are_answered_while_data_are_loaded() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let mut server = Server::start(&settings(name));
    let mut client = server.talk();
    client.check("DEBUG POPULATE 2000", "OK");
    client.send("SHUTDOWN SAVE");
    assert!(server.wait().success());
    let slowly = [&settings(name)[..], &["--key-load-delay", "20000"]].concat();
    let mut server = Server::start_loading(&slowly);
    let mut client = server.talk();
    client.check("GET key:1", "-LOADING Redis is loading the dataset in memory");
    assert_eq!(client.info("loading"), 1);
    client.check("CONFIG GET databases", "[databases 16]");
    // The end comes before the data are there, and leaves the file as it is.
    client.send("SHUTDOWN");
    assert!(server.wait().success());
    let server = Server::start(&settings(name));
    eventually("the data are there", || server.talk().ask("DBSIZE") == ":2000");
    drop(server);
    drop(fs::remove_dir_all(directory));
}

#[test]
fn the_log_says_how_far_it_has_come() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let slowly = ["--rdb-key-save-delay", "3000", "--key-load-delay", "3000"];
    let server = Server::start(&[&settings(name)[..], &slowly].concat());
    let mut client = server.talk();
    client.check("DEBUG POPULATE 1000 | BGSAVE", "OK | Background saving started");
    eventually("a line about saving", || server.log().contains(" of 1000 keys"));
    assert!(server.log().contains("Saving: "), "{}", server.log());
    let (done, total) =
        (client.info("current_save_keys_processed"), client.info("current_save_keys_total"));
    assert!(total == 0 || (done <= total && total == 1000), "{done} of {total}");
    eventually("it is saved", || client.info("rdb_bgsave_in_progress") == 0);
    drop(server);
    let server = Server::start_loading(&[&settings(name)[..], &slowly].concat());
    eventually("a line about loading", || server.log().contains("Loading: "));
    assert!(server.log().contains("% of 0 MB, about "), "{}", server.log());
    drop(server);
    drop(fs::remove_dir_all(directory));
}

#[test]
fn a_snapshot_is_given_up_when_there_is_no_point_in_it() {
    let directory = new_directory();
    let name = directory.to_str().expect("a name");
    let slowly = [&settings(name)[..], &["--rdb-key-save-delay", "10000000"]].concat();
    let mut server = Server::start(&slowly);
    let mut client = server.talk();
    client.check("SET k v | BGSAVE", "OK | Background saving started");
    assert_eq!(client.info("rdb_bgsave_in_progress"), 1);
    let busy = "-ERR Background save already in progress";
    client.check("SAVE | BGSAVE | BGSAVE SCHEDULE", &format!("{busy} | {busy} | {busy}"));
    client.check("FLUSHALL", "OK");
    eventually("it is given up", || client.info("rdb_bgsave_in_progress") == 0);
    assert!(client.ask("INFO persistence").contains("rdb_last_bgsave_status:ok"));
    client.check("SET k v | BGSAVE", "OK | Background saving started");
    client.send("SHUTDOWN NOSAVE");
    assert!(server.wait().success());
    let left: Vec<_> = fs::read_dir(&directory).expect("the directory").flatten().collect();
    assert!(left.iter().all(|file| !file.file_name().to_string_lossy().ends_with(".rdb")));
    drop(fs::remove_dir_all(directory));
}

#[test]
fn a_signal_can_be_taken_back() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut client = server.talk();
    client.check("DEBUG PAUSE-CRON 1", "OK");
    server.signal("TERM");
    eventually("it has come", || client.ask("SHUTDOWN ABORT") == "OK");
    client.check("DEBUG PAUSE-CRON 0 | PING", "OK | PONG");
    assert!(server.log().contains("Shutdown manually aborted."));
}
