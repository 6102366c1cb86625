//! First syncs from a sync table: by shared memory, by TCP, and what happens when something breaks.

use redpoll_tests::replication::{converge, follow, info, is_up};
use redpoll_tests::server::free_port;
use redpoll_tests::{Server, eventually};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

const DEBUG: &[&str] = &["--enable-debug-command", "yes"];
/// A small table: slots of 128 kB.
const SMALL: &[&str] = &["--repl-sync-memory", "1mb"];

fn start(settings: &[&[&str]]) -> Server {
    Server::start(&[DEBUG, &settings.concat()].concat())
}

/// Values of every type, small and large, with expiries, in several databases; a library.
fn fill(server: &Server) {
    let mut talk = server.talk();
    for number in 0..300 {
        talk.ask(&format!("SET k:{number} {}", "v".repeat(number * 20)));
        talk.ask(&format!("SET int:{number} {number}"));
        talk.ask(&format!("RPUSH list:{} {number} {}", number % 7, "x".repeat(number)));
        talk.ask(&format!("HSET hash:{} f{number} {number}", number % 5));
        talk.ask(&format!("ZADD zset {number}.5 m{number}"));
        talk.ask(&format!("SADD set:{} {number} m{number}", number % 3));
        talk.ask(&format!("XADD stream {number}-1 f {number}"));
        talk.ask(&format!("FT.SUGADD suggestions text{number} {number}"));
    }
    talk.ask("XGROUP CREATE stream g 5-1");
    talk.ask("HPEXPIRE hash:1 100000000 FIELDS 1 f1");
    talk.ask("SETRANGE large 1500000 x");
    for _ in 0..40 {
        talk.ask(&format!("RPUSH large-list {}", "y".repeat(10_000)));
    }
    talk.ask("PFADD hll a b c");
    talk.ask("SELECT 9");
    talk.ask("SET elsewhere 1 EX 1000");
    talk.ask("SET by-then 1 PX 1");
    talk.ask_words(&[
        b"FUNCTION",
        b"LOAD",
        b"#!lua name=l\nredis.register_function{function_name='f', flags={'no-writes'}, \
          callback=function() return 7 end}",
    ]);
}

/// Values of a slot of usual size, and of several.
fn fill_slots(server: &Server) {
    let mut talk = server.talk();
    for (key, len) in [("larger", 3_000_000), ("largest", 9_000_000)] {
        talk.ask(&format!("SETRANGE {key} {len} x"));
        talk.ask(&format!("SETRANGE {key} {} beginning", len / 3));
    }
}

/// Changes data until told to stop.
fn keep_writing(server: &Server, stop: &AtomicBool) {
    let mut talk = server.talk();
    let mut number = 0;
    while !stop.load(Relaxed) {
        number += 1;
        talk.ask(&format!("INCR n:{}", number % 50));
        talk.ask(&format!("APPEND k:{} more", number % 300));
        talk.ask(&format!("LPUSH large-list {number}"));
        talk.ask(&format!("HINCRBY hash:{} n 1", number % 5));
        talk.ask("SPOP set:1");
        talk.ask(&format!("FT.SUGADD suggestions text{} 1 INCR", number % 400));
    }
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// A first sync by a carrier while data changes.
fn syncs_by(carrier: &str, memory: &[&str]) {
    let carriers = ["--repl-sync-carriers", carrier, "--repl-sync", "onesided"];
    let (primary, replica) = (start(&[memory]), start(&[&carriers]));
    fill(&primary);
    if memory.is_empty() {
        fill_slots(&primary);
    }
    replica.talk().check("SET old data | SELECT 3 | SET old data", "OK | OK | OK");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        scope.spawn(|| keep_writing(&primary, &stop));
        follow(&replica, &primary);
        eventually("the link is up", || is_up(&replica));
        let mut talk = replica.talk();
        let seen = talk.ask("GET n:1");
        eventually("the replica follows", || talk.ask("GET n:1") != seen);
    });
    converge(&primary, &replica);
    replica.talk().check("GET old | FCALL f 0", "nil | :7");
    assert_eq!(info(&replica, "master_last_sync_carrier"), carrier);
    assert_eq!(info(&primary, "sync_table_passes"), "1");
    eventually("the table is closed", || info(&primary, "sync_table_active") == "0");
    let log = replica.log();
    let done = format!("Finished with success by {carrier}");
    assert!(log.contains(&done) && log.contains("MB/s"), "{log}");
    // It goes on where it was when the link breaks.
    replica.talk().check("CLIENT KILL TYPE master", ":1");
    primary.talk().ask("SET late 1");
    converge(&primary, &replica);
    assert_eq!(primary.talk().info("sync_full"), 1);
}

#[test]
fn by_shared_memory() {
    syncs_by("shm", &[]);
}

#[test]
fn by_shared_memory_through_a_small_window() {
    syncs_by("shm", SMALL);
}

#[test]
fn by_tcp() {
    syncs_by("tcp", &[]);
}

#[test]
fn by_tcp_through_a_small_window() {
    syncs_by("tcp", SMALL);
}

#[test]
fn an_empty_data_set_is_one_too() {
    let (primary, replica) = (start(&[]), start(&[]));
    replica.talk().check("SET old data", "OK");
    follow(&replica, &primary);
    eventually("the link is up", || is_up(&replica));
    replica.talk().check("DBSIZE", ":0");
    assert_eq!(info(&replica, "master_last_sync_carrier"), "shm");
}

#[test]
fn one_pass_serves_all_who_come_in_time() {
    let primary = start(&[SMALL, &["--repl-sync-share-window", "2000"]]);
    fill(&primary);
    let replicas: Vec<Server> = (0..3).map(|_| start(&[])).collect();
    replicas.iter().for_each(|replica| follow(replica, &primary));
    replicas.iter().for_each(|replica| converge(&primary, replica));
    replicas.iter().for_each(|replica| eventually("the link is up", || is_up(replica)));
    assert_eq!(info(&primary, "sync_table_passes"), "1");
    eventually("all are served", || info(&primary, "sync_table_served") == "3");
    // The bytes were laid out once.
    let laid: u64 = info(&primary, "sync_table_bytes").parse().expect("a number");
    let read = |replica| info(replica, "master_last_sync_bytes").parse::<u64>().expect("a number");
    replicas.iter().for_each(|replica| assert_eq!(read(replica), laid));
}

#[test]
fn who_comes_late_gets_the_next_table() {
    let primary = start(&[&["--rdb-key-save-delay", "20000"]]);
    for number in 0..50 {
        primary.talk().ask(&format!("SET k:{number} v"));
    }
    let (first, second) = (start(&[]), start(&[]));
    follow(&first, &primary);
    eventually("the first reads", || info(&primary, "sync_table_readers") == "1");
    primary.talk().ask("SET between 1");
    follow(&second, &primary);
    converge(&primary, &first);
    converge(&primary, &second);
    assert_eq!(info(&primary, "sync_table_passes"), "2");
}

#[test]
fn a_stream_where_either_side_wants_one() {
    let stream: &[&str] = &["--repl-sync", "stream", "--repl-diskless-sync", "no"];
    let hurry: &[&str] = &["--repl-diskless-sync", "no"];
    for (ours, theirs) in [(stream, &[][..]), (hurry, stream)] {
        let (primary, replica) = (start(&[ours]), start(&[theirs]));
        fill(&primary);
        follow(&replica, &primary);
        converge(&primary, &replica);
        eventually("the link is up", || is_up(&replica));
        assert_eq!(info(&replica, "master_last_sync_carrier"), "stream");
        assert_eq!(info(&primary, "sync_table_passes"), "0");
    }
}

#[test]
fn carriers_that_are_not_allowed_are_not_taken() {
    let (primary, replica) = (start(&[&["--repl-sync-carriers", "tcp"]]), start(&[]));
    fill(&primary);
    follow(&replica, &primary);
    converge(&primary, &replica);
    eventually("the link is up", || is_up(&replica));
    assert_eq!(info(&replica, "master_last_sync_carrier"), "tcp");
}

#[test]
fn passwords_and_tls_are_for_lanes_too() {
    let authority = redpoll_tests::Authority::new();
    let own = authority.sign("server");
    let (ports, file) = ([free_port(), free_port()].map(|port| port.to_string()), authority.file());
    let serve = |port: &str, more: &[&str]| {
        let keys = ["--tls-cert-file", &own.certificate, "--tls-key-file", &own.key];
        let tls = ["--tls-port", port, "--tls-ca-cert-file", &file, "--tls-replication", "yes"];
        start(&[&keys, &tls, more, &["--repl-sync-carriers", "tcp"]])
    };
    let primary = serve(&ports[0], &[]);
    let replica = serve(&ports[1], &["--masterauth", "secret", "--masteruser", "mate"]);
    fill(&primary);
    let user = "ACL SETUSER mate on >secret +psync +replconf +ping";
    primary.talk().check(&format!("{user} | ACL SETUSER default nopass"), "OK | OK");
    assert_eq!(replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", ports[0])), "OK");
    converge(&primary, &replica);
    eventually("the link is up", || is_up(&replica));
    assert_eq!(info(&replica, "master_last_sync_carrier"), "tcp");
}

/// A primary on a port of its own that takes its time to lay out what it has.
fn slow_primary(port: &str, directory: &str) -> Server {
    let own = ["--port", port, "--dir", directory, "--save", "3600 1"];
    let mut server = start(&[&own]);
    server.port = port.parse().expect("a port");
    server
}

#[test]
fn a_primary_that_dies_in_the_middle_is_found_again() {
    let path = redpoll_tests::server::new_directory();
    std::fs::create_dir_all(&path).expect("a directory");
    let (port, directory) = (free_port().to_string(), path.display().to_string());
    let primary = slow_primary(&port, &directory);
    fill(&primary);
    primary.talk().check("SAVE | CONFIG SET rdb-key-save-delay 5000", "OK | OK");
    primary.talk().check("CONFIG SET repl-sync-share-window 3000", "OK");
    let (empty, full) = (start(&[]), start(&[]));
    full.talk().check("SET old data", "OK");
    for replica in [&empty, &full] {
        follow(replica, &primary);
    }
    eventually("both read", || info(&primary, "sync_table_readers") == "2");
    let reads = |replica: &Server| info(replica, "master_sync_in_progress") == "1";
    eventually("it comes", || reads(&empty) && reads(&full));
    assert_eq!(full.talk().ask("GET old"), "data");
    primary.signal("KILL");
    drop(primary);
    eventually("it is noticed", || !reads(&empty) && !reads(&full));
    assert_eq!(full.talk().ask("GET old"), "data", "the old data stay");
    eventually("no half is left", || empty.talk().ask("DBSIZE") == ":0");
    let primary = slow_primary(&port, &directory);
    converge(&primary, &empty);
    converge(&primary, &full);
    let _ = std::fs::remove_dir_all(path);
}

#[test]
fn a_replica_that_dies_in_the_middle_holds_nothing() {
    let primary = start(&[&["--rdb-key-save-delay", "2000"]]);
    fill(&primary);
    let dying = start(&[]);
    follow(&dying, &primary);
    eventually("it reads", || info(&primary, "sync_table_readers") == "1");
    dying.signal("KILL");
    drop(dying);
    eventually("the table is closed", || info(&primary, "sync_table_active") == "0");
    primary.talk().check("CONFIG SET rdb-key-save-delay 0", "OK");
    let replica = start(&[]);
    follow(&replica, &primary);
    converge(&primary, &replica);
}

/// Says what a replica says that can read tables, and reads nothing.
fn sleeper(primary: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", primary.port)).expect("it listens");
    let words = "REPLCONF capa eof capa psync2 capa redpoll-table-1\r\nPSYNC ? -1\r\n";
    stream.write_all(words.as_bytes()).expect("it is sent");
    stream
}

#[test]
fn a_slow_replica_does_not_hold_others_up_for_ever() {
    let primary = start(&[SMALL, &["--repl-sync-share-window", "1000"]]);
    fill(&primary);
    let _sleeper = sleeper(&primary);
    let replica = start(&[]);
    follow(&replica, &primary);
    eventually("both read", || info(&primary, "sync_table_readers") == "2");
    converge(&primary, &replica);
    assert_eq!(info(&primary, "sync_table_dropped"), "1");
    let log = primary.log();
    assert!(log.contains("(sync table): others wait for it"), "{log}");
}

#[test]
fn a_replica_that_reads_nothing_is_let_go() {
    let primary = start(&[SMALL, &["--repl-timeout", "1"]]);
    fill(&primary);
    let mut sleeper = sleeper(&primary);
    eventually("it is let go", || info(&primary, "sync_table_dropped") == "1");
    assert_eq!(info(&primary, "sync_table_active"), "0");
    let mut got = Vec::new();
    sleeper.read_to_end(&mut got).expect("the end");
    let got = String::from_utf8_lossy(&got);
    assert!(got.contains("$TABLE:1 token="), "{got}");
}

/// Answers PSYNC with a table, and everything else with OK.
fn offer_a_table(mut stream: TcpStream, behind: &str, without: &AtomicUsize) {
    let (mut command, mut reads_tables) = ([0; 4096], false);
    while let Ok(count @ 1..) = stream.read(&mut command) {
        let is = |name: &[u8]| command[..count].windows(name.len()).any(|at| at == name);
        reads_tables |= is(b"redpoll-table-1");
        let mut answer = if is(b"PING") { "+PONG\r\n" } else { "+OK\r\n" }.to_owned();
        if is(b"PSYNC") {
            without.fetch_add(usize::from(!reads_tables), Relaxed);
            let (id, token) = ("a".repeat(40), "7".repeat(64));
            answer = format!(
                "+FULLRESYNC {id} 7\r\n$TABLE:1 token={token} epoch=1 slots=8 slot=4096 keys=9 \
                 tcp=same\r\n{behind}"
            );
        }
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A primary that answers PSYNC with a table that is not to be had, and then anything.
fn hostile_primary(behind: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let without = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&without);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || offer_a_table(stream, behind, &counted));
        }
    });
    (port, without)
}

#[test]
fn a_hostile_primary_changes_nothing_and_is_asked_for_a_stream_at_last() {
    for behind in [
        "C 0 0 100 3\r\n",
        "C 0 9 100 3\r\n",
        "C 7 0 100 3\r\n",
        "C 0 0 4294967295 3\r\n",
        "E 0 9\r\n",
        "E 5 5\r\n",
        "nonsense\r\n",
    ] {
        let (port, without) = hostile_primary(behind);
        let replica = start(&[]);
        let mut talk = replica.talk();
        talk.check("SET old v", "OK");
        talk.check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
        eventually("a stream is asked for", || without.load(Relaxed) > 0);
        talk.check("GET old", "v");
        assert_eq!(replica.talk().ask("PING"), "PONG", "{behind}");
    }
}

#[test]
fn progress_is_shown() {
    let primary = start(&[&["--rdb-key-save-delay", "1000"], SMALL]);
    for number in 0..1000 {
        primary.talk().ask(&format!("SET k:{number} {}", "v".repeat(1000)));
    }
    let replica = start(&[]);
    let cli = redpoll_tests::server::artifact("redpoll-cli", "redpoll-cli").display().to_string();
    follow(&replica, &primary);
    eventually("chunks come", || !["", "0"].contains(&&*info(&replica, "master_sync_chunks")));
    for field in ["keys", "total_keys", "bytes_per_sec", "seconds_left", "read_bytes"] {
        let value = info(&replica, &format!("master_sync_{field}"));
        // The sync may be over by now.
        assert!(value.parse::<f64>().is_ok_and(|it| it >= 0.0) || is_up(&replica), "{field}");
    }
    let shown = replica.run(&cli, &["--sync-stat", "-i", "0.05"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.lines().count() > 1 && text.contains("shm "), "{text}");
    assert!(text.contains("the last full sync came by shm: 1000 keys"), "{text}");
    let of_primary = primary.run(&cli, &["--sync-stat"]);
    let text = String::from_utf8_lossy(&of_primary.stdout).into_owned();
    assert!(text.contains("1 of 1 replicas are online"), "{text}");
}

#[test]
fn a_chain_reads_a_table_of_a_replica() {
    let (first, second, third) = (start(&[]), start(&[]), start(&[]));
    fill(&first);
    follow(&second, &first);
    converge(&first, &second);
    first.talk().check("SELECT 5 | SET there 1", "OK | OK");
    follow(&third, &second);
    converge(&first, &third);
    // The stream went on in the database that it was in.
    let mut talk = first.talk();
    talk.check("SELECT 5 | SET there 2", "OK | OK");
    converge(&first, &third);
    eventually("the link is up", || is_up(&third));
    assert_eq!(info(&third, "master_last_sync_carrier"), "shm");
}

/// The change log is turned on with a primary's first sync. What takes its own locks may wait for
/// them at that moment, and is to be logged all the same.
#[test]
fn what_scripts_and_transactions_write_while_the_first_sync_begins_is_not_lost() {
    for _ in 0..5 {
        let (primary, replica) = (start(&[]), start(&[]));
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let (primary, stop) = (&primary, &stop);
                scope.spawn(move || {
                    let mut talk = primary.talk();
                    let mut number = 0;
                    while !stop.load(Relaxed) {
                        number += 1;
                        let script = "\"redis.call('set', KEYS[1] .. ARGV[1], 1)\"";
                        talk.ask(&format!("EVAL {script} 1 s{writer} {number}"));
                        talk.ask("MULTI");
                        talk.ask(&format!("SET t{writer}:{number} 1"));
                        talk.ask("EXEC");
                    }
                });
            }
            follow(&replica, &primary);
            eventually("the link is up", || is_up(&replica));
            stop.store(true, Relaxed);
        });
        converge(&primary, &replica);
    }
}
