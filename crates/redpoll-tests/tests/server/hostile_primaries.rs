//! Primaries that say anything, and that stop or go in every phase: their replica answers clients
//! all the while, can be promoted, and follows a good primary afterwards.

use redpoll_tests::replication::{converge, follow, info, is_up};
use redpoll_tests::{Server, Talk, eventually};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

const DEBUG: &[&str] = &["--enable-debug-command", "yes", "--repl-diskless-sync", "no"];

/// An id, as long as ids are.
fn id() -> String {
    "a".repeat(40)
}

/// What a primary says after PSYNC, and whether it closes then.
#[derive(Clone)]
struct Script {
    /// How many questions it answers at all.
    answers: usize,
    says: Vec<u8>,
    /// What it answers who asks for a part of a table.
    shows: Vec<u8>,
    closes: bool,
}

impl Script {
    fn new(says: impl Into<Vec<u8>>) -> Script {
        Script { answers: usize::MAX, says: says.into(), shows: Vec::new(), closes: false }
    }
}

/// Answers one replica.
fn act(stream: &TcpStream, script: &Script, played: &AtomicUsize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    for answered in 0.. {
        let mut line = String::new();
        let words = loop {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(count) = line.strip_prefix('*') {
                break count.trim().parse::<usize>().ok()?;
            }
        };
        let mut names = [String::new(), String::new()];
        for word in 0..words {
            line.clear();
            reader.read_line(&mut line).ok()?;
            line.clear();
            reader.read_line(&mut line).ok()?;
            if let Some(name) = names.get_mut(word) {
                *name = line.trim().to_owned();
            }
        }
        let [name, option] = &names;
        if answered >= script.answers {
            played.fetch_add(1, Relaxed);
            break;
        }
        let answer = match (&**name, &**option) {
            ("PING", _) => &b"+PONG\r\n"[..],
            ("PSYNC", _) => &script.says,
            (_, "TABLE-FETCH") => &script.shows,
            _ => b"+OK\r\n",
        };
        (&*stream).write_all(answer).ok()?;
        if name == "PSYNC" || option == "TABLE-FETCH" {
            played.fetch_add(1, Relaxed);
            break;
        }
    }
    if !script.closes {
        // Until the replica goes.
        std::io::copy(&mut reader, &mut std::io::sink()).ok()?;
    }
    Some(())
}

/// A primary that plays this to everybody; how often it has done so.
fn primary(script: Script) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    let played = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&played);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (script, played) = (script.clone(), Arc::clone(&counted));
            thread::spawn(move || act(&stream, &script, &played));
        }
    });
    (port, played)
}

/// A good snapshot of one key, as it is streamed.
fn snapshot() -> Vec<u8> {
    let server = Server::start(DEBUG);
    server.talk().check("SET theirs 1", "OK");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).expect("it listens");
    stream.write_all(b"REPLCONF capa eof\r\nPSYNC ? -1\r\n").expect("it is sent");
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("$EOF:") {
        line.clear();
        stream.read_line(&mut line).expect("a line");
    }
    let mark = line["$EOF:".len()..].trim().as_bytes().to_owned();
    let mut bytes = Vec::new();
    while !bytes.ends_with(&mark) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a byte");
        bytes.push(byte[0]);
    }
    bytes.truncate(bytes.len() - mark.len());
    bytes
}

/// `+FULLRESYNC` and a whole snapshot, and then this.
fn followed_by(snapshot: &[u8], stream: &[u8]) -> Vec<u8> {
    let head = format!("+FULLRESYNC {} 100\r\n${}\r\n", id(), snapshot.len());
    [head.as_bytes(), snapshot, stream].concat()
}

fn words(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len());
    words.iter().for_each(|word| bytes += &format!("${}\r\n{word}\r\n", word.len()));
    bytes.into_bytes()
}

/// The replica answers, and shows everything that it shows.
#[track_caller]
fn lives(replica: &Server, what: &str) {
    let mut talk = replica.talk();
    for command in ["PING", "INFO everything", "ROLE", "CLIENT LIST", "MEMORY STATS"] {
        let answer = talk.ask(command);
        let refused = answer.starts_with('-') && !answer.starts_with("-LOADING");
        assert!(!refused, "{what}: {command}: {answer}");
    }
}

/// It is promoted, now, and takes writes.
#[track_caller]
fn is_promoted(replica: &Server, what: &str) {
    // What loads may say so; and who blocks may be closed.
    let promote = |talk: &mut Talk| talk.ask("REPLICAOF NO ONE");
    eventually(&format!("it is promoted: {what}"), || promote(&mut replica.talk()) == "OK");
    eventually(&format!("it takes writes: {what}"), || replica.talk().ask("SET mine 1") == "OK");
    assert_eq!(info(replica, "role"), "master", "{what}");
    assert_eq!(replica.talk().ask("GET mine"), "1", "{what}");
}

#[test]
fn what_no_primary_says_is_refused() {
    let (id, good) = (id(), Server::start(DEBUG));
    good.talk().check("SET good 1", "OK");
    let offset = |offset: &str| format!("+FULLRESYNC {id} {offset}\r\n");
    let snapshot = snapshot();
    let mut broken = snapshot.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 0x55;
    let with_length = |length: &str| format!("{}${length}\r\nREDIS0011", offset("7"));
    let scripts: Vec<Vec<u8>> = vec![
        b"+CONTINUE\r\n".to_vec(),
        format!("+CONTINUE {id}\r\n*1\r\n$4\r\nPING\r\n").into(),
        format!("+CONTINUE {}\r\n", "x".repeat(3000)).into(),
        [offset("18446744073709551615").as_bytes(), b"$EOF:", id.as_bytes(), b"\r\n"].concat(),
        [offset("-1").as_bytes(), b"$0\r\n"].concat(),
        offset("99999999999999999999999").into(),
        b"+FULLRESYNC\r\n+FULLRESYNC a b\r\n".to_vec(),
        vec![b'+'; 100_000],
        vec![0; 100_000],
        with_length("18446744073709551615").into(),
        with_length("9223372036854775808").into(),
        with_length("-1").into(),
        with_length("0").into(),
        with_length("EOF:short").into(),
        followed_by(&broken, b""),
        followed_by(&snapshot[..middle], b""),
        followed_by(b"", b""),
        followed_by(&[0xff; 5000], b""),
        b"-ERR unknown\r\n".to_vec(),
        b"-NOMASTERLINK no\r\n".to_vec(),
        b"\r\n\r\n\n\n".to_vec(),
    ];
    let replica = Server::start(DEBUG);
    replica.talk().check("SET old 1", "OK");
    for says in scripts {
        let what = String::from_utf8_lossy(&says[..says.len().min(150)]).into_owned();
        let (port, played) = primary(Script::new(says));
        replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
        eventually(&format!("it is said: {what}"), || played.load(Relaxed) > 0);
        lives(&replica, &what);
        assert_ne!(info(&replica, "master_link_status"), "up", "{what}");
        is_promoted(&replica, &what);
    }
    follow(&replica, &good);
    eventually("the link is up", || is_up(&replica));
    converge(&good, &replica);
    assert!(!replica.log().contains("panicked"), "{}", replica.log());
}

#[test]
fn a_stream_of_anything_ends_the_link_and_nothing_else() {
    let (snapshot, id) = (snapshot(), id());
    let unit = [words(&["MULTI"]), words(&["SET", "half", "1"])].concat();
    let streams: Vec<Vec<u8>> = vec![
        b"hello\r\n".to_vec(),
        b"*99999999999\r\n".to_vec(),
        b"*2147483647\r\n$3\r\nSET\r\n".to_vec(),
        b"*-5\r\n*0\r\n".to_vec(),
        b"*1\r\n$99999999999999999\r\nx".to_vec(),
        b"*1\r\n$-7\r\nPING\r\n".to_vec(),
        b"*3\r\n$3\r\nSET\r\n$1\r\nkXX$1\r\nv\r\n".to_vec(),
        vec![0; 100_000],
        vec![b'*'; 100_000],
        vec![b'\n'; 100_000],
        words(&["SELECT", "9999"]),
        words(&["SELECT", "-1"]),
        words(&["PSYNC", &id, "101"]),
        words(&["PSYNC", "?", "-1"]),
        words(&["SYNC"]),
        words(&["REPLICAOF", "127.0.0.1", "1"]),
        words(&["REPLCONF", "ACK", "9223372036854775807"]),
        words(&["REPLCONF", "GETACK"]),
        words(&["FAILOVER"]),
        words(&["SUBSCRIBE", "c"]),
        words(&["MONITOR"]),
        words(&["QUIT"]),
        words(&["RESET"]),
        words(&["HELLO", "3"]),
        words(&["CLIENT", "REPLY", "SKIP"]),
        words(&["CLIENT", "KILL", "TYPE", "master"]),
        words(&["CLIENT", "PAUSE", "200"]),
        words(&["CLIENT", "TRACKING", "on"]),
        words(&["WATCH", "k"]),
        words(&["BLPOP", "k", "0"]),
        words(&["WAIT", "1", "0"]),
        words(&["XREAD", "BLOCK", "0", "STREAMS", "s", "$"]),
        words(&["EXEC"]),
        words(&["DISCARD"]),
        words(&["SHM.OPEN"]),
        words(&["NOSUCH", "x"]),
        words(&["SET", "k"]),
        unit,
    ];
    let replica = Server::start(DEBUG);
    for stream in streams {
        let what = String::from_utf8_lossy(&stream[..stream.len().min(100)]).into_owned();
        let says = followed_by(&snapshot, &[&stream[..], &words(&["SET", "after", "1"])].concat());
        let (port, played) = primary(Script::new(says));
        replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
        eventually(&format!("it is said: {what}"), || played.load(Relaxed) > 0);
        // Whatever comes of the stream, the snapshot before it was good.
        eventually(&format!("the snapshot is there: {what}"), || {
            replica.talk().ask("GET theirs") == "1"
        });
        lives(&replica, &what);
        is_promoted(&replica, &what);
        assert_ne!(replica.talk().ask("GET half"), "1", "{what}");
        replica.talk().check("FLUSHALL", "OK");
    }
    let good = Server::start(DEBUG);
    good.talk().check("SET good 1", "OK");
    follow(&replica, &good);
    eventually("the link is up", || is_up(&replica));
    converge(&good, &replica);
    assert!(!replica.log().contains("panicked"), "{}", replica.log());
}

/// `+FULLRESYNC`, and the offer of a table that is fetched piece by piece.
fn offer() -> String {
    let token = "7".repeat(64);
    let table = format!("$TABLE:1 token={token} epoch=1 slots=8 slot=4096 keys=9 tcp=same\r\n");
    format!("+FULLRESYNC {} 100\r\n{table}", id())
}

#[test]
fn pieces_of_a_table_that_are_none_are_not_taken_in() {
    let bulk = |len: usize, bytes: &[u8]| [format!("${len}\r\n").as_bytes(), bytes].concat();
    let replica = Server::start(DEBUG);
    replica.talk().check("SET old 1", "OK");
    for (shows, closes) in [
        (Vec::new(), true),
        (Vec::new(), false),
        (bulk(164, &[0; 166]), false),
        (bulk(164, &[0xff; 10]), true),
        (bulk(163, &[0; 165]), false),
        (bulk(165, &[0; 167]), false),
        (bulk(99_999_999_999, &[0; 100_000]), false),
        (bulk(164, &[b'R'; 100_000]), false),
        (b"$-1\r\n".to_vec(), false),
        (b":164\r\n".to_vec(), false),
        (b"-ERR no such chunk of the sync table\r\n".to_vec(), false),
        (b"\r\n\r\n".to_vec(), false),
        (vec![b'$'; 100_000], false),
        (vec![0xfe; 100_000], true),
    ] {
        let what = format!("{:?}", String::from_utf8_lossy(&shows[..shows.len().min(30)]));
        let says = offer() + "C 0 0 164 3\r\nE 1 9\r\n";
        let (port, played) = primary(Script { shows, closes, ..Script::new(says) });
        replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
        // The lane comes after the link.
        eventually(&format!("it is shown: {what}"), || played.load(Relaxed) > 1);
        lives(&replica, &what);
        assert_ne!(info(&replica, "master_link_status"), "up", "{what}");
        is_promoted(&replica, &what);
        assert_eq!(replica.talk().ask("GET old"), "1", "{what}");
    }
    assert!(!replica.log().contains("panicked"), "{}", replica.log());
}

/// Everything that a primary says until its stream is followed, in the middle of which it may stop.
fn phases() -> Vec<(&'static str, Script)> {
    let snapshot = snapshot();
    let after = |answers| Script { answers, ..Script::new("") };
    let (full, table) = (format!("+FULLRESYNC {} 100\r\n", id()), offer());
    let whole = followed_by(&snapshot, b"");
    let middle = whole.len() - snapshot.len() / 2;
    let begun = [words(&["SET", "k", "v"]), b"*3\r\n$3\r\nSE".to_vec()].concat();
    let unit = [words(&["MULTI"]), words(&["SET", "half", "1"])].concat();
    vec![
        ("nothing", after(0)),
        ("after PING", after(1)),
        ("after one REPLCONF", after(2)),
        ("after two", after(3)),
        ("before the answer to PSYNC", Script::new("")),
        ("in its middle", Script::new("+FULLRES")),
        ("behind it", Script::new(full)),
        ("in the middle of a snapshot", Script::new(&whole[..middle])),
        ("behind a table's offer", Script::new(table.clone())),
        ("behind a chunk", Script::new(format!("{table}C 0 0 100 3\r\n"))),
        ("in the middle of a chunk's line", Script::new(format!("{table}C 0 0"))),
        ("behind a snapshot", Script::new(whole)),
        ("in the middle of a command", Script::new(followed_by(&snapshot, &begun))),
        ("in the middle of a unit", Script::new(followed_by(&snapshot, &unit))),
    ]
}

#[test]
fn a_replica_is_promoted_in_every_phase() {
    for load in ["disabled", "swapdb"] {
        // What loads beside its data refuses to be promoted, as Redis does, until the silent
        // primary has been given up.
        let settings = ["--repl-diskless-load", load, "--repl-timeout", "2"];
        let replica = Server::start(&[DEBUG, &settings].concat());
        let good = Server::start(DEBUG);
        good.talk().check("SET good 1", "OK");
        for (phase, script) in phases() {
            let (port, played) = primary(script);
            replica.talk().check("FLUSHALL | SET old 1", "OK | OK");
            replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
            eventually(&format!("it is there: {phase}"), || played.load(Relaxed) > 0);
            lives(&replica, phase);
            is_promoted(&replica, phase);
            let kept = replica.talk().ask("EXISTS old theirs");
            assert_eq!(kept, ":1", "the old data or the new ones: {phase}");
            assert_eq!(replica.talk().ask("EXISTS half"), ":0", "{phase}");
        }
        follow(&replica, &good);
        eventually("the link is up", || is_up(&replica));
        converge(&good, &replica);
        assert!(!replica.log().contains("panicked"), "{}", replica.log());
    }
}

#[test]
fn a_primary_may_go_in_every_phase() {
    let replica = Server::start(DEBUG);
    let good = Server::start(DEBUG);
    good.talk().check("SET good 1", "OK");
    for (phase, script) in phases() {
        let (port, played) = primary(Script { closes: true, ..script });
        replica.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
        eventually(&format!("it goes: {phase}"), || played.load(Relaxed) > 0);
        lives(&replica, phase);
        // Without being promoted before.
        let line = format!("REPLICAOF 127.0.0.1 {}", good.port);
        eventually("it takes another one", || replica.talk().ask(&line) == "OK");
        eventually(&format!("the link is up: {phase}"), || is_up(&replica));
        converge(&good, &replica);
    }
    assert!(!replica.log().contains("panicked"), "{}", replica.log());
}

#[test]
fn who_follows_itself_or_a_circle_can_be_promoted() {
    let [one, two, three] = [(); 3].map(|()| Server::start(DEBUG));
    one.talk().check("SET k v", "OK");
    follow(&one, &one);
    assert_ne!(info(&one, "master_link_status"), "up");
    lives(&one, "it follows itself");
    is_promoted(&one, "it follows itself");
    follow(&two, &one);
    follow(&three, &two);
    eventually("the last one is up", || is_up(&three) && is_up(&two));
    converge(&one, &three);
    follow(&one, &three);
    for server in [&one, &two, &three] {
        lives(server, "a circle");
    }
    // Someone breaks it.
    is_promoted(&two, "a circle");
    two.talk().check("SET k w", "OK");
    for server in [&three, &one] {
        eventually("the link is up", || is_up(server));
        converge(&two, server);
    }
}
