//! Long commands beside short ones, on a whole server: answers in parts, clients who do not read,
//! histories of stores under concurrency, and replicas that must come to the same.

use redpoll_tests::linearize::{Model, Operation, Verdict, check};
use redpoll_tests::{Server, Talk, eventually};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// An element of two hundred bytes: the system takes a few megabytes of an answer before its client
/// is seen not to read.
fn element(number: usize) -> String {
    format!("{number:0200}")
}

/// Adds members to a set, or elements to a list.
fn fill(talk: &mut Talk, command: &str, key: &str, range: std::ops::Range<usize>) {
    let elements: Vec<String> = range.map(element).collect();
    for part in elements.chunks(1000) {
        let mut words: Vec<&[u8]> = vec![command.as_bytes(), key.as_bytes()];
        words.extend(part.iter().map(|word| word.as_bytes()));
        talk.ask_words(&words);
    }
}

/// The bytes of the answer of a SMEMBERS or LRANGE of so many of [`fill`]'s elements.
fn answer_len(elements: usize) -> usize {
    format!("*{elements}\r\n").len() + elements * ("$200\r\n\r\n".len() + 200)
}

#[test]
fn an_answer_that_nobody_reads_does_not_gather() {
    const MEMBERS: usize = 100_000;
    let server = Server::start(&["--background-threads", "2"]);
    let mut talk = server.talk();
    fill(&mut talk, "SADD", "s", 0..MEMBERS);
    let before = talk.info("used_memory");
    // More than there are threads: those who do not read keep nobody else waiting.
    let mut slow: Vec<_> = (0..6).map(|_| server.raw()).collect();
    slow.iter_mut().for_each(|raw| raw.send("*2\r\n$8\r\nSMEMBERS\r\n$1\r\ns\r\n"));
    eventually("all wait for their clients", || talk.info("background_held") == 6);
    let grown = talk.info("used_memory").saturating_sub(before);
    assert!(grown < 12 << 20, "{grown} bytes of {} each", answer_len(MEMBERS));
    // What is read is the set as it was.
    fill(&mut talk, "SADD", "s", MEMBERS..MEMBERS + 1000);
    talk.ask("DEL s");
    fill(&mut talk, "RPUSH", "l", 0..20_000);
    assert_eq!(talk.ask("LRANGE l 0 -1").split(' ').count(), 20_000);
    for raw in &mut slow {
        raw.send("PING\r\n");
        raw.expect(format!("*{MEMBERS}\r\n"));
        raw.skip(answer_len(MEMBERS) - format!("*{MEMBERS}\r\n").len());
        raw.expect("+PONG\r\n");
    }
    eventually("nothing runs", || talk.info("background_running") == 0);
}

#[test]
fn a_long_string_goes_out_in_parts() {
    const LEN: usize = 64 << 20;
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.ask(&format!("SETRANGE k {} end", LEN - 3));
    let before = talk.info("used_memory");
    let mut slow = server.raw();
    slow.send("GET k\r\nGETRANGE k -3 -1\r\nGETRANGE k 1 -1\r\nSTRLEN k\r\n");
    eventually("it waits for its client", || talk.info("background_held") == 1);
    let grown = talk.info("used_memory").saturating_sub(before);
    assert!(grown < 4 << 20, "{grown} bytes more");
    // What is read is the string as it was.
    assert_eq!(talk.ask("APPEND k !"), format!(":{}", LEN + 1));
    slow.expect(format!("${LEN}\r\n"));
    slow.skip(LEN - 3);
    slow.expect("end\r\n$3\r\nnd!\r\n");
    slow.expect(format!("${LEN}\r\n"));
    slow.skip(LEN - 3);
    slow.expect(format!("nd!\r\n:{}\r\n", LEN + 1));
    assert_eq!(talk.info("background_finished"), 2);
    assert_eq!(talk.ask("MGET none k none").len(), LEN + 1 + "[nil  nil]".len());
    assert_eq!(talk.ask("GETDEL k").len(), LEN + 1);
    assert_eq!(talk.ask("DEL k"), ":0");
    assert_eq!(talk.info("background_finished"), 4);
}

#[test]
fn memory_is_given_back_when_snapshots_end() {
    const MEMBERS: usize = 100_000;
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let before = talk.info("used_memory");
    fill(&mut talk, "SADD", "s", 0..MEMBERS);
    let mut slow = server.raw();
    slow.send("*2\r\n$8\r\nSMEMBERS\r\n$1\r\ns\r\n");
    eventually("it waits for its client", || talk.info("background_held") == 1);
    talk.ask("DEL s");
    let held = talk.info("used_memory");
    assert!(held > before + (8 << 20), "the snapshot has it: {before} {held}");
    drop(slow);
    eventually("memory is free", || talk.info("used_memory") < before + (4 << 20));
    eventually("it has ended", || talk.info("background_cancelled") == 1);
}

#[test]
fn messages_come_behind_the_answer() {
    let server = Server::start(&["--background-threshold", "1000"]);
    let mut talk = server.talk();
    fill(&mut talk, "SADD", "s", 0..100_000);
    let mut raw = server.raw();
    raw.check("HELLO 3\r\nSUBSCRIBE c\r\n", "%");
    while raw.line() != ":1" {}
    raw.send("SMEMBERS s\r\n");
    eventually("it waits for its client", || talk.info("background_held") == 1);
    talk.ask("PUBLISH c hello");
    raw.expect("~100000\r\n");
    raw.skip(answer_len(100_000) - "*100000\r\n".len());
    raw.expect(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n");
}

#[test]
fn an_operator_sees_and_ends_it() {
    let server = Server::start(&["--background-threshold", "1000"]);
    let mut talk = server.talk();
    fill(&mut talk, "SADD", "s", 0..100_000);
    let mut raw = server.raw();
    raw.check("CLIENT ID\r\n", ":");
    let id = raw.line();
    raw.send("SMEMBERS s\r\n");
    // It is held for moments at first, while the sockets take more and more.
    let (mut list, held) = (String::new(), format!("client :{id} command smembers state held"));
    eventually("it waits for its client", || {
        list = talk.ask("BACKGROUND LIST");
        list.contains(&held)
    });
    assert!(talk.ask(&format!("CLIENT LIST ID {id}")).contains("flags=g"), "{list}");
    let task = list.split(' ').nth(1).expect("its number").trim_start_matches(':').to_owned();
    assert_eq!(talk.ask(&format!("BACKGROUND KILL {task}")), "OK");
    // A part has been sent already: the connection cannot go on.
    raw.read_to_end();
    eventually("it has ended", || talk.info("background_running") == 0);
    assert_eq!(talk.info("background_cancelled"), 1);
}

#[test]
fn a_killed_client_ends_its_command() {
    let server = Server::start(&["--background-threshold", "1000"]);
    let mut talk = server.talk();
    fill(&mut talk, "SADD", "s", 0..100_000);
    let mut raw = server.raw();
    raw.check("CLIENT ID\r\n", ":");
    let id = raw.line();
    raw.send("SMEMBERS s\r\n");
    eventually("it waits for its client", || talk.info("background_held") == 1);
    assert_eq!(talk.ask(&format!("CLIENT KILL ID {id}")), ":1");
    eventually("it has ended", || talk.info("background_running") == 0);
}

#[test]
fn memory_that_runs_short_stores_nothing() {
    let server = Server::start(&["--background-threshold", "1000"]);
    let mut talk = server.talk();
    fill(&mut talk, "SADD", "a", 0..100_000);
    fill(&mut talk, "SADD", "b", 100_000..100_000);
    // The members are shared; the table of the result is not.
    let most = talk.info("used_memory") + (256 << 10);
    assert_eq!(talk.ask(&format!("CONFIG SET maxmemory {most}")), "OK");
    let answer = talk.ask("SUNIONSTORE d a b");
    assert!(answer.starts_with("-OOM "), "{answer}");
    talk.ask("CONFIG SET maxmemory 0");
    assert_eq!(talk.ask("EXISTS d"), ":0");
    assert_eq!(talk.ask("SUNIONSTORE d a b"), ":100000");
}

/// A list that is pushed to all the time while elements are removed from it: the copies never stand
/// still, and the command runs at once in the end.
#[test]
fn what_never_stands_still_is_written_all_the_same() {
    const ELEMENTS: usize = 60_000;
    let server = Server::start(&["--background-threshold", "1000"]);
    let mut talk = server.talk();
    fill(&mut talk, "RPUSH", "l", 0..ELEMENTS);
    let done = AtomicBool::new(false);
    let pushed = thread::scope(|scope| {
        let pushes = scope.spawn(|| {
            let (mut talk, mut pushed) = (server.talk(), 0);
            while !done.load(Relaxed) {
                talk.ask("RPUSH l x");
                pushed += 1;
            }
            pushed
        });
        for round in 0..10 {
            assert_eq!(talk.ask(&format!("LREM l 1 {}", element(59_000 + round))), ":1");
        }
        done.store(true, Relaxed);
        pushes.join().expect("the pushing client")
    });
    assert_eq!(talk.ask("LLEN l"), format!(":{}", ELEMENTS - 10 + pushed));
    let (retried, inlined) = (talk.info("background_retried"), talk.info("background_inlined"));
    assert!(retried > 0, "{retried} {inlined}");
}

/// Two sets that grow, and one that is made of them.
struct Sets;

#[derive(Debug)]
enum Call {
    /// Adds a new member to the first or the second set.
    Add(usize),
    /// Makes the third one their union.
    Unite,
    /// How many members the third one has.
    Count,
    /// How many members the first one has.
    Members,
}

impl Model for Sets {
    type State = [u64; 3];
    type Call = Call;
    type Answer = u64;

    fn apply(state: &mut [u64; 3], call: &Call) -> u64 {
        match call {
            Call::Add(set) => {
                state[*set] += 1;
                1
            }
            Call::Unite => {
                state[2] = state[0] + state[1];
                state[2]
            }
            Call::Count => state[2],
            Call::Members => state[0],
        }
    }
}

#[test]
fn stores_happen_at_one_moment() {
    let server = Server::start(&["--background-threshold", "1"]);
    let (clock, barrier) = (Instant::now(), Barrier::new(5));
    let now = || clock.elapsed().as_nanos() as u64;
    let history: Vec<Operation<Sets>> = thread::scope(|scope| {
        let clients: Vec<_> = (0..5u64)
            .map(|client| {
                let (server, barrier) = (&server, &barrier);
                scope.spawn(move || {
                    let (mut talk, mut history) = (server.talk(), Vec::new());
                    barrier.wait();
                    for round in 0..200u64 {
                        let call = match (client * 7 + round * 5) % 11 {
                            0..4 => Call::Add((round % 2) as usize),
                            4..7 => Call::Unite,
                            7..9 => Call::Count,
                            _ => Call::Members,
                        };
                        let line = match call {
                            Call::Add(set) => format!("SADD s{set} {client}:{round}:{set}"),
                            Call::Unite => "SUNIONSTORE s2 s0 s1".to_owned(),
                            Call::Count => "SCARD s2".to_owned(),
                            Call::Members => "SMEMBERS s0".to_owned(),
                        };
                        let called = now();
                        let text = talk.ask(&line);
                        let returned = now();
                        let answer = match call {
                            Call::Members => {
                                text.split([' ', '[', ']']).filter(|it| !it.is_empty()).count()
                                    as u64
                            }
                            _ => text.trim_start_matches(':').parse().expect("a number"),
                        };
                        history.push(Operation { part: 0, called, returned, call, answer });
                    }
                    history
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().expect("a client")).collect()
    });
    assert_eq!(check(&history, 20_000_000), Verdict::Explained);
    assert!(server.talk().info("background_finished") > 100);
}

/// Clients that change and store at random, in the background, while a replica follows.
fn replicas_come_to_the_same(mode: &str) {
    let settings = ["--background-threshold", "1", "--long-commands", mode];
    let primary = Server::start(&[&settings[..], &["--enable-debug-command", "yes"]].concat());
    let replica = Server::start(&["--enable-debug-command", "yes"]);
    replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    eventually("the replica follows", || {
        replica.talk().ask("INFO replication").contains("master_link_status:up")
    });
    thread::scope(|scope| {
        for client in 0..4u64 {
            let primary = &primary;
            scope.spawn(move || {
                let mut talk = primary.talk();
                let mut seed = client + 1;
                let mut below = |end: u64| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (seed >> 33) % end
                };
                for _ in 0..400 {
                    let (one, other, value) = (below(3), below(3), below(40));
                    let line = match below(13) {
                        0 | 1 => format!("SADD s{one} {value}"),
                        2 => format!("SUNIONSTORE s{one} s{other} s0"),
                        3 => format!("SDIFFSTORE s{one} s{other} s1"),
                        4 => format!("SPOP s{one} 3"),
                        5 => format!("ZADD z{one} {value} m{value}"),
                        6 => format!("ZUNIONSTORE z{one} 2 z{other} s1"),
                        7 => format!("RPUSH l{one} {value} {other}"),
                        8 => format!("LREM l{one} 0 {other}"),
                        9 => format!("LINSERT l{one} BEFORE {other} {value}"),
                        10 => format!("SORT s{one} STORE l{other}"),
                        11 => format!("SORT s{one} BY w* GET w* STORE l{other}"),
                        _ => format!("SET w{value} {one}"),
                    };
                    talk.ask(&line);
                }
            });
        }
    });
    let digest = |server: &Server| server.talk().ask("DEBUG DIGEST");
    eventually("the data agree", || digest(&primary) == digest(&replica));
    assert!(primary.talk().info("background_finished") > 100);
}

#[test]
fn replicas_come_to_the_same_under_snapshot() {
    replicas_come_to_the_same("snapshot");
}

#[test]
fn replicas_come_to_the_same_under_yield() {
    replicas_come_to_the_same("yield");
}

#[test]
fn keys_are_walked_beside_writes() {
    for mode in ["snapshot", "yield"] {
        let server = Server::start(&["--background-threshold", "100", "--long-commands", mode]);
        let mut talk = server.talk();
        for number in 0..20_000 {
            talk.connection.queue(&["SET", &format!("stays:{number}"), "v"]);
            if number % 1000 == 999 {
                talk.connection.flush().expect("the connection is open");
                (0..1000).for_each(|_| drop(talk.receive()));
            }
        }
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let others = scope.spawn(|| {
                let (mut talk, mut number) = (server.talk(), 0u64);
                while !done.load(Relaxed) {
                    talk.ask(&format!("SET comes:{number} v"));
                    talk.ask(&format!("DEL comes:{}", number.saturating_sub(50)));
                    number += 1;
                }
            });
            for _ in 0..20 {
                let all = talk.ask("KEYS *");
                let mut names: Vec<&str> = all.trim_matches(['[', ']']).split(' ').collect();
                names.sort_unstable();
                let count = names.len();
                names.dedup();
                assert_eq!(names.len(), count, "each once ({mode})");
                assert_eq!(names.iter().filter(|name| name.starts_with("stays:")).count(), 20_000);
                // sleep: so that the tables change between two walks, and not only within one.
                thread::sleep(Duration::from_millis(5));
            }
            done.store(true, Relaxed);
            others.join().expect("the other client");
        });
        assert_eq!(talk.info("background_finished"), 20);
    }
}
