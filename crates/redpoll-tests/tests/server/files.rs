//! Files of data: checked, repaired, cut and damaged at every byte, and shared with Redis.

use redpoll_tests::server::{new_directory, program};
use redpoll_tests::{Server, eventually};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs a check of the program; answers what it says and its exit code.
fn check(arguments: &[&OsStr], input: &str) -> (String, Option<i32>) {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    // It may not ask for anything, and have ended.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let Output { status, stdout, .. } = child.wait_with_output().expect("its end");
    (String::from_utf8_lossy(&stdout).into_owned(), status.code())
}

fn check_rdb(path: &Path) -> (String, Option<i32>) {
    check(&["--check-rdb".as_ref(), path.as_os_str()], "")
}

fn check_aof(options: &[&str], path: &Path, input: &str) -> (String, Option<i32>) {
    let options = ["--check-aof"].iter().chain(options).map(OsStr::new);
    check(&options.chain([path.as_os_str()]).collect::<Vec<_>>(), input)
}

/// Debian's tool must agree that a file is sound.
#[track_caller]
fn redis_accepts(tool: &str, path: &Path) {
    let output = Command::new(tool).arg(path).output().expect("the program");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{tool}: {said}");
}

/// Something of every type and every encoding that Redis 7.0 knows; a function, too.
const DATA: &[&str] = &[
    "SET int 12345",
    "SET negative -7",
    "SET short hello",
    "SET expiring v PX 100000000",
    "RPUSH list a b 3 -4000 500000",
    "SADD ints 1 2 300 -70000 5000000000",
    "SADD words a b 3",
    "HSET hash f v g 2",
    "ZADD zset 1 a 2.5 b -inf c +inf d 1048576.125 e",
    "XADD stream 1-1 f v g w",
    "XADD stream 1-2 f v g w",
    "XADD stream 2-1 other v",
    "XDEL stream 1-2",
    "XGROUP CREATE stream group 0",
    "XREADGROUP GROUP group consumer COUNT 1 STREAMS stream >",
    "XGROUP CREATECONSUMER stream group idle",
    "PFADD hll a b c",
    "GEOADD geo 13.36 38.11 palermo",
    "SETBIT bits 70 1",
    "SELECT 9",
    "SET elsewhere 1",
    "SELECT 0",
];

/// Writes all types; `large` of them in their large encodings as well.
fn fill(server: &Server, large: bool) {
    let mut client = server.talk();
    for line in DATA {
        let reply = client.ask(line);
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
    let code = b"#!lua name=lib\nredis.register_function('f', function() return 'hello' end)";
    client.ask_words(&[b"FUNCTION", b"LOAD", code]);
    if !large {
        return;
    }
    client.ask(&format!("SET long {}", "long ".repeat(500).trim_end().replace(' ', "_")));
    for number in 0..700 {
        client.ask(&format!("RPUSH large:list {number} element:{number}"));
        client.ask(&format!("SADD large:ints {}", number * 1000));
        client.ask(&format!("SADD large:words word:{number}"));
        client.ask(&format!("HSET large:hash field:{number} {number}"));
        client.ask(&format!("ZADD large:zset {number}.25 member:{number}"));
        client.ask(&format!("XADD large:stream {}-1 n {number}", number + 1));
    }
    client.ask(&format!("RPUSH list:plain {}", "x".repeat(20_000)));
}

fn directory_of(path: &Path) -> &str {
    path.to_str().expect("a name")
}

/// Ends a server with its snapshot on disk.
fn save_and_stop(mut server: Server) {
    server.talk().send("SHUTDOWN SAVE");
    assert!(server.wait().success());
}

#[test]
fn snapshots_go_to_redis_and_back() {
    let directory = new_directory();
    let settings = ["--dir", directory_of(&directory), "--enable-debug-command", "yes"];
    let ours = Server::start(&settings);
    fill(&ours, true);
    let digest = ours.talk().ask("DEBUG DIGEST");
    save_and_stop(ours);
    let file = directory.join("dump.rdb");
    assert!(fs::read(&file).expect("the file").starts_with(b"REDIS0010"));
    redis_accepts("redis-check-rdb", &file);
    let (said, code) = check_rdb(&file);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("] Checksum OK\n") && said.contains("\\o/ RDB looks OK! \\o/"), "{said}");
    for compressed in ["yes", "no"] {
        let theirs = Server::redis(&settings);
        assert_eq!(theirs.talk().ask("DEBUG DIGEST"), digest);
        assert_eq!(theirs.talk().ask("FCALL f 0"), "hello");
        theirs.talk().ask(&format!("CONFIG SET rdbcompression {compressed}"));
        save_and_stop(theirs);
        assert_eq!(check_rdb(&file).1, Some(0));
        let ours = Server::start(&settings);
        assert_eq!(ours.talk().ask("DEBUG DIGEST"), digest);
        assert_eq!(ours.talk().ask("FCALL f 0"), "hello");
        for log in ["Loading RDB produced by version 7.0", "DB loaded from disk: "] {
            assert!(ours.log().contains(log), "{log}: {}", ours.log());
        }
        save_and_stop(ours);
    }
    drop(fs::remove_dir_all(directory));
}

#[test]
fn append_only_directories_go_to_redis_and_back() {
    for preamble in ["yes", "no"] {
        let directory = new_directory();
        let common = ["--dir", directory_of(&directory), "--enable-debug-command", "yes"];
        let log = ["--save", "", "--appendonly", "yes", "--aof-use-rdb-preamble", preamble];
        let settings = [&common[..], &log].concat();
        let mut ours = Server::start(&settings);
        fill(&ours, true);
        rewrite(&ours);
        // Some of it behind the base.
        fill_again(&ours);
        let digest = ours.talk().ask("DEBUG DIGEST");
        ours.talk().send("SHUTDOWN");
        assert!(ours.wait().success());
        let manifest = directory.join("appendonlydir/appendonly.aof.manifest");
        redis_accepts("redis-check-aof", &manifest);
        let (said, code) = check_aof(&[], &manifest, "");
        assert_eq!(code, Some(0), "{said}");
        assert!(said.ends_with("All AOF files and manifest are valid\n"), "{said}");
        let mut theirs = Server::redis(&settings);
        assert_eq!(theirs.talk().ask("DEBUG DIGEST"), digest, "preamble {preamble}");
        rewrite(&theirs);
        theirs.talk().ask("SET more 1");
        let digest = theirs.talk().ask("DEBUG DIGEST");
        theirs.talk().send("SHUTDOWN");
        assert!(theirs.wait().success());
        assert_eq!(check_aof(&[], &manifest, "").1, Some(0));
        let ours = Server::start(&settings);
        assert_eq!(ours.talk().ask("DEBUG DIGEST"), digest, "preamble {preamble}");
        assert_eq!(ours.talk().ask("FCALL f 0"), "hello");
        drop(ours);
        drop(fs::remove_dir_all(directory));
    }
}

fn rewrite(server: &Server) {
    let mut client = server.talk();
    client.ask("BGREWRITEAOF");
    eventually("the rewrite ends", || client.info("aof_rewrite_in_progress") == 0);
    assert!(client.ask("INFO persistence").contains("aof_last_bgrewrite_status:ok"));
}

fn fill_again(server: &Server) {
    let mut client = server.talk();
    client.check("INCR int | RPUSH list z | HDEL hash g", ":12346 | :6 | :1");
    client.ask("SPOP ints 1");
}

/// A small file with every type, as bytes.
fn small_snapshot() -> Vec<u8> {
    let directory = new_directory();
    let server = Server::start(&["--dir", directory_of(&directory)]);
    fill(&server, false);
    save_and_stop(server);
    let bytes = fs::read(directory.join("dump.rdb")).expect("the file");
    drop(fs::remove_dir_all(directory));
    bytes
}

/// What the check says of a damaged snapshot is always a place within it; it never breaks down.
#[test]
fn a_snapshot_cut_or_damaged_anywhere_is_refused_with_the_place() {
    let whole = small_snapshot();
    let directory = new_directory();
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("dump.rdb");
    // Each start of a program takes a while: every place belongs to the tests of the codec.
    for cut in (0..whole.len()).step_by(37) {
        fs::write(&file, &whole[..cut]).expect("a file");
        let (said, code) = check_rdb(&file);
        assert_eq!(code, Some(1), "cut at {cut}: {said}");
        assert!(said.contains("--- RDB ERROR DETECTED ---\n[offset "), "cut at {cut}: {said}");
    }
    for at in (9..whole.len()).step_by(41) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        fs::write(&file, &damaged).expect("a file");
        let (said, code) = check_rdb(&file);
        assert_eq!(code, Some(1), "damaged at {at}: {said}");
        assert!(said.contains("[info] what was read is whole up to offset "), "{at}: {said}");
    }
    let refused = Command::new(program())
        .args(["--port", "0", "--unixsocket", "socket", "--dir", directory_of(&directory)])
        .output()
        .expect("the program");
    assert_eq!(refused.status.code(), Some(1));
    let log = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        log.contains("the snapshot file cannot be loaded: ") && log.contains("(offset "),
        "{log}"
    );
    drop(fs::remove_dir_all(directory));
}

#[test]
fn the_check_names_the_key_that_cannot_be_read() {
    let directory = new_directory();
    fs::create_dir_all(&directory).expect("a directory");
    let file = directory.join("x.rdb");
    let head = b"REDIS0010\xfa\x01a\x01b\xfe\x00\x00\x04good\x01v";
    fs::write(&file, [&head[..], b"\x10\x03bad\x05abcde\xff"].concat()).expect("a file");
    let (said, code) = check_rdb(&file);
    assert_eq!(code, Some(1));
    for line in [
        "[offset 14] AUX FIELD a = 'b'\n",
        "[offset 16] Selecting DB ID 0\n",
        "[offset 35] integrity check failed: a packed value contradicts itself\n",
        "[additional info] Reading key 'bad'\n",
        "[additional info] Reading type 16 (hash-listpack)\n",
        "[info] 1 keys read\n",
        "[info] what was read is whole up to offset 24, with 1 keys\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    drop(fs::remove_dir_all(directory));
}

fn command(words: &[&str]) -> String {
    let word = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    format!("*{}\r\n{}", words.len(), words.iter().map(word).collect::<String>())
}

/// A log with notes of the time, its first `count` commands, and their end.
fn small_log(directory: &Path) -> (PathBuf, String) {
    fs::create_dir_all(directory).expect("a directory");
    let text = [
        "#TS:100\r\n".to_owned(),
        command(&["SELECT", "0"]),
        command(&["SET", "a", "1"]),
        "#TS:200\r\n".to_owned(),
        command(&["MULTI"]),
        command(&["SET", "b", "2"]),
        command(&["EXEC"]),
    ];
    (directory.join("appendonly.aof"), text.concat())
}

#[test]
fn a_log_is_checked_and_mended() {
    let directory = new_directory();
    let (file, whole) = small_log(&directory);
    let write = |text: &str| fs::write(&file, text).expect("a file");
    let analyzed = |size: usize, sound: usize| format!("size={size}, ok_up_to={sound}, ");
    write(&whole);
    let (said, code) = check_aof(&[], &file, "");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&analyzed(whole.len(), whole.len())), "{said}");
    let with_exec = whole.len() - command(&["EXEC"]).len();
    let before_multi = with_exec - command(&["SET", "b", "2"]).len() - command(&["MULTI"]).len();
    for (text, sound, words) in [
        (format!("{whole}*1\r\n$4\r\nPI"), whole.len(), "Expected 4 bytes more at least"),
        (format!("{whole}nonsense"), whole.len(), "Expected prefix '*', got: 'n'"),
        (format!("{whole}*1\r\n:4\r\n"), whole.len(), "Expected prefix '$', got: ':'"),
        (whole[..with_exec].to_owned(), before_multi, "Reached EOF before reading EXEC for MULTI"),
        (format!("{whole}{}", command(&["EXEC"])), whole.len(), "Unexpected EXEC"),
    ] {
        write(&text);
        let (said, code) = check_aof(&[], &file, "");
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words), "{words}: {said}");
        assert!(said.contains(&analyzed(text.len(), sound)), "{said}");
        assert!(said.contains("is not valid. Use the --fix option to try fixing it."), "{said}");
        let (said, code) = check_aof(&["--fix"], &file, "n\n");
        assert_eq!((code, fs::read_to_string(&file).ok()), (Some(1), Some(text)), "{said}");
        let (said, code) = check_aof(&["--fix"], &file, "y\n");
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("Successfully truncated AOF"), "{said}");
        assert_eq!(fs::read_to_string(&file).expect("the file"), whole[..sound]);
        redis_accepts("redis-check-aof", &file);
    }
    write(&whole);
    let (said, code) = check_aof(&["--truncate-to-timestamp", "300"], &file, "");
    assert!(code == Some(0) && said.contains("Truncate nothing in AOF"), "{said}");
    let (said, code) = check_aof(&["--truncate-to-timestamp", "150"], &file, "");
    assert!(code == Some(0) && said.contains("Successfully truncated AOF"), "{said}");
    let left = whole.find("#TS:200").expect("a note");
    assert_eq!(fs::read_to_string(&file).expect("the file"), whole[..left]);
    let (said, code) = check_aof(&["--truncate-to-timestamp", "50"], &file, "");
    assert!(code == Some(1) && said.contains("has nothing before timestamp 50"), "{said}");
    drop(fs::remove_dir_all(directory));
}

#[test]
fn only_the_last_part_of_a_log_is_mended() {
    let directory = new_directory();
    let (_, whole) = small_log(&directory);
    let manifest = directory.join("m");
    let lines = "file one seq 1 type i\nfile two seq 2 type i\n";
    fs::write(&manifest, lines).expect("a file");
    fs::write(directory.join("one"), format!("{whole}*1")).expect("a file");
    fs::write(directory.join("two"), &whole).expect("a file");
    let (said, code) = check_aof(&["--fix"], &manifest, "y\n");
    assert_eq!(code, Some(1));
    assert!(said.contains("Failed to truncate AOF one because it is not the last file"), "{said}");
    fs::rename(directory.join("one"), directory.join("three")).expect("a new name");
    fs::rename(directory.join("two"), directory.join("one")).expect("a new name");
    fs::rename(directory.join("three"), directory.join("two")).expect("a new name");
    let (said, code) = check_aof(&["--fix"], &manifest, "y\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("INCR AOF one is valid\n"), "{said}");
    assert!(said.contains("Successfully truncated AOF two\nAll AOF files"), "{said}");
    fs::write(&manifest, "file one seq 1 type i\nfile\n").expect("a file");
    let (said, code) = check_aof(&[], &manifest, "");
    assert!(code == Some(1) && said.contains("at line 2\n"), "{said}");
    assert_eq!(check_aof(&[], Path::new("not-there"), "").1, Some(1));
    drop(fs::remove_dir_all(directory));
}

/// Starts from a log cut at many places; what is there is what whole commands have made.
#[test]
fn a_log_cut_anywhere_is_loaded_up_to_there() {
    let directory = new_directory();
    let (file, whole) = small_log(&directory);
    let home = directory.join("appendonlydir");
    let settings = ["--dir", directory_of(&directory), "--save", "", "--appendonly", "yes"];
    for cut in (1..=whole.len()).step_by(23).chain([whole.len()]) {
        drop(fs::remove_dir_all(&home));
        fs::write(&file, &whole[..cut]).expect("a file");
        let server = Server::start(&settings);
        let there = server.talk().ask("MGET a b");
        let set = whole.find("#TS:200").expect("a note");
        let expected = match cut {
            _ if cut == whole.len() => "[1 2]",
            _ if cut >= set => "[1 nil]",
            _ => "[nil nil]",
        };
        assert_eq!(there, expected, "cut at {cut}: {}", server.log());
    }
    drop(fs::remove_dir_all(directory));
}

#[test]
fn clients_see_how_far_loading_has_come() {
    let directory = new_directory();
    let settings = ["--dir", directory_of(&directory), "--enable-debug-command", "yes"];
    let server = Server::start(&settings);
    server.talk().check("DEBUG POPULATE 5000 key 100", "OK");
    save_and_stop(server);
    let size = fs::metadata(directory.join("dump.rdb")).expect("the file").len();
    let slowly = [&settings[..], &["--key-load-delay", "2000"]].concat();
    let mut server = Server::start_loading(&slowly);
    let mut client = server.talk();
    eventually("some is loaded", || client.info("loading_loaded_bytes") > 0);
    assert_eq!(client.info("loading_total_bytes"), size);
    assert!(client.info("loading_loaded_bytes") < size);
    let info = client.ask("INFO persistence");
    for field in ["loading_start_time:1", "loading_rdb_used_mem:", "loading_loaded_perc:"] {
        assert!(info.contains(field), "{field}: {info}");
    }
    assert!(info.contains("loading_eta_seconds:"), "{info}");
    client.send("SHUTDOWN NOSAVE");
    assert!(server.wait().success());
    drop(fs::remove_dir_all(directory));
}
