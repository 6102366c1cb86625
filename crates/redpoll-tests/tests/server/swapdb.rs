//! `repl-diskless-load swapdb`: a replica answers from its old data until the new take their place.

use redpoll_tests::replication::{converge, follow, info, is_up};
use redpoll_tests::{Server, eventually};

const SWAP: &[&str] = &["--repl-diskless-load", "swapdb", "--enable-debug-command", "yes"];
const OLD: &str = "#!lua name=old\nredis.register_function{function_name='was', \
                   flags={'no-writes'}, callback=function() return 1 end}";
const NEW: &str = "#!lua name=new\nredis.register_function{function_name='is', \
                   flags={'no-writes'}, callback=function() return 2 end}";

fn fill(primary: &Server) {
    let mut talk = primary.talk();
    for number in 0..400 {
        talk.ask(&format!("SET k:{number} {}", "v".repeat(number)));
        talk.ask(&format!("RPUSH list:{} {number}", number % 9));
        talk.ask(&format!("HSET hash:{} f{number} {number}", number % 5));
    }
    talk.check("SET both new PX 10000000 | SELECT 7 | SET k 7", "OK | OK | OK");
    talk.ask_words(&[b"FUNCTION", b"LOAD", NEW.as_bytes()]);
}

/// A primary that takes its time, and a replica with data of its own, which begins to load.
fn begin(primary: &[&str], replica: &[&str]) -> (Server, Server) {
    let primary = Server::start(&[primary, SWAP].concat());
    let replica = Server::start(&[replica, SWAP].concat());
    fill(&primary);
    primary.talk().check("CONFIG SET rdb-key-save-delay 3000", "OK");
    let mut talk = replica.talk();
    talk.check("SET old data | SET both old | SELECT 3 | SET k 3", "OK | OK | OK | OK");
    talk.ask_words(&[b"FUNCTION", b"LOAD", OLD.as_bytes()]);
    (primary, replica)
}

fn loads(replica: &Server) -> bool {
    replica.talk().info("async_loading") == 1
}

/// By a table or as a stream.
fn swaps(ways: &[&str]) {
    let (primary, replica) = begin(&["--repl-diskless-sync-delay", "0"], ways);
    let mut watching = replica.talk();
    watching.check("WATCH both | MULTI | PING", "OK | OK | QUEUED");
    let mut unmoved = replica.talk();
    unmoved.check("WATCH nothing | MULTI | PING", "OK | OK | QUEUED");
    let mut caching = redpoll_tests::talk::Talk::resp3(replica.port);
    caching.check("CLIENT TRACKING ON | GET both", "OK | old");
    follow(&replica, &primary);
    eventually("it loads", || loads(&replica));
    let mut talk = replica.talk();
    talk.check("GET old | GET both | FCALL was 0 | DBSIZE", "data | old | :1 | :2");
    assert_eq!(talk.info("loading"), 0);
    assert!(talk.info("loading_start_time") > 0);
    let loading = "LOADING Redis is loading the dataset in memory";
    for refused in ["SAVE", "BGSAVE", "REPLICAOF NO ONE"] {
        assert!(talk.ask(refused).contains(loading), "{refused}");
    }
    assert!(loads(&replica), "it took too little time to see anything");
    primary.talk().check("SET late 1 | CONFIG SET rdb-key-save-delay 0", "OK | OK");
    eventually("the link is up", || is_up(&replica));
    converge(&primary, &replica);
    assert!(!loads(&replica));
    talk.check("GET old | GET both | GET late | FCALL is 0", "nil | new | 1 | :2");
    assert!(talk.ask("FCALL was 0").contains("Function not found"));
    talk.check("SELECT 3 | GET k | SELECT 7 | GET k", "OK | nil | OK | 7");
    watching.check("EXEC", "nil");
    unmoved.check("EXEC", "[PONG]");
    assert!(caching.receive().contains("invalidate"), "caches are told");
    // What expires is known.
    primary.talk().check("PEXPIRE both 1", ":1");
    eventually("it has expired", || replica.talk().ask("GET both") == "nil");
    converge(&primary, &replica);
    let log = replica.log();
    assert!(log.contains("Swapping active DB with loaded DB"), "{log}");
}

#[test]
fn a_table_is_loaded_beside_the_old_data() {
    swaps(&["--repl-sync", "onesided"]);
    swaps(&["--repl-sync", "onesided", "--repl-sync-carriers", "tcp"]);
}

#[test]
fn a_stream_is_loaded_beside_the_old_data() {
    swaps(&["--repl-sync", "stream"]);
}

#[test]
fn what_breaks_off_changes_nothing() {
    for way in ["auto", "stream"] {
        let own = ["--repl-diskless-sync-delay", "0"];
        let (primary, replica) = begin(&own, &["--repl-sync", way]);
        follow(&replica, &primary);
        eventually("it loads", || loads(&replica));
        primary.signal("KILL");
        drop(primary);
        eventually("it is noticed", || !loads(&replica));
        let mut talk = replica.talk();
        talk.check("GET old | GET both | FCALL was 0 | DBSIZE", "data | old | :1 | :2");
        talk.check(
            "REPLICAOF NO ONE | SET old more | BGSAVE",
            "OK | OK | Background saving started",
        );
    }
}

#[test]
fn a_save_that_runs_meanwhile_holds_the_old_data() {
    let (primary, replica) = begin(&["--repl-diskless-sync-delay", "0"], &[]);
    let mut talk = replica.talk();
    for number in 0..500 {
        talk.ask(&format!("SET mine:{number} {number}"));
    }
    talk.check("CONFIG SET rdb-key-save-delay 8000 | BGSAVE", "OK | Background saving started");
    primary.talk().check("CONFIG SET rdb-key-save-delay 0", "OK");
    follow(&replica, &primary);
    eventually("the link is up", || is_up(&replica));
    assert_eq!(info(&replica, "master_link_status"), "up");
    assert_eq!(talk.info("rdb_bgsave_in_progress"), 1, "the save took too little time");
    talk.check("GET mine:1 | GET both | CONFIG SET rdb-key-save-delay 0", "nil | new | OK");
    eventually("the save is done", || talk.info("rdb_bgsave_in_progress") == 0);
    converge(&primary, &replica);
    // What was saved is the old data, all of them and nothing else.
    let saved = Server::start(SWAP);
    let path = replica.socket().with_file_name("dump.rdb");
    std::fs::copy(path, saved.socket().with_file_name("dump.rdb")).expect("a snapshot");
    saved
        .talk()
        .check("DEBUG RELOAD NOSAVE | DBSIZE | GET both | GET mine:7", "OK | :502 | old | 7");
}
