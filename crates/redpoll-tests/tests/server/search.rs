//! Searches on a whole server: long ones in the background, in each mode; their ends; long texts
//! that are indexed aside; settings that outlive a restart.

use redpoll_client::{Config, Endpoint, SharedMemory};
use redpoll_tests::server::{Place, compile_library, free_port, new_directory, program};
use redpoll_tests::{PATIENCE, Server, Talk, eventually};
use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const DOCUMENTS: usize = 20_000;

/// An index over documents that all have the word `all`, and a fifth of them `fifth`.
fn fill(talk: &mut Talk, documents: usize) {
    let create = "FT.CREATE i PREFIX 1 d: SCHEMA t TEXT n NUMERIC SORTABLE g TAG";
    assert_eq!(talk.ask(create), "OK");
    for number in 0..documents {
        let fifth = if number % 5 == 0 { "fifth" } else { "other" };
        let text = format!("all {fifth} word{} {:0200}", number % 1000, number);
        let (key, group) = (format!("d:{number}"), format!("g{}", number % 7));
        let (value, number) = (text.as_bytes(), number.to_string());
        let words = [&b"HSET"[..], key.as_bytes(), b"t", value, b"n", number.as_bytes(), b"g"];
        talk.ask_words(&[&words[..], &[group.as_bytes()]].concat());
    }
}

/// The number of results that a search tells.
fn count(answer: &str) -> u64 {
    let number = answer.trim_matches(['[', ']']).split(' ').next().unwrap_or_default();
    number.trim_start_matches(':').parse().unwrap_or_else(|_| panic!("no count: {answer}"))
}

#[test]
fn answers_are_the_same_in_every_mode() {
    let server = Server::start(&["--background-threshold", "1000", "--search-timeout", "0"]);
    let mut talk = server.talk();
    fill(&mut talk, DOCUMENTS);
    let queries = [
        "FT.SEARCH i fifth NOCONTENT WITHSCORES",
        "FT.SEARCH i all|fifth NOCONTENT LIMIT 3 4",
        "FT.SEARCH i wor* NOCONTENT",
        "FT.SEARCH i -fifth NOCONTENT SORTBY n DESC DIALECT 2",
        "FT.SEARCH i word7 LIMIT 0 100",
        "FT.AGGREGATE i all GROUPBY 1 @g REDUCE COUNT 0 AS c SORTBY 2 @g ASC",
        "FT.AGGREGATE i fifth LOAD 1 @t APPLY strlen(@t) AS l GROUPBY 1 @l REDUCE SUM 1 @n AS s",
        "FT.TAGVALS i g",
    ];
    let mut ask = |mode: &str| {
        assert_eq!(talk.ask(&format!("CONFIG SET search-mode {mode}")), "OK");
        queries.map(|query| talk.ask(query))
    };
    let want = ask("safe");
    assert_eq!(count(&want[0]), DOCUMENTS as u64 / 5);
    assert_eq!((ask("parallel"), ask("slices")), (want.clone(), want));
    assert!(talk.info("search_total_long_queries") >= 8);
    assert_eq!(talk.info("search_long_queries_running"), 0);
    assert_eq!(talk.ask("FT.CONFIG GET WORKERS"), format!("[[WORKERS {}]]", cores()));
    assert_eq!(talk.ask("FT.CONFIG SET WORKERS 0"), "OK");
    assert_eq!(talk.ask("CONFIG GET search-mode"), "[search-mode safe]");
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn counts_are_those_of_one_moment() {
    for mode in ["parallel", "slices"] {
        let server = Server::start(&["--background-threshold", "500", "--search-mode", mode]);
        let mut talk = server.talk();
        fill(&mut talk, 3000);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            // Each document is written again and again, and never goes away.
            scope.spawn(|| {
                let mut writer = server.talk();
                for round in (0..).take_while(|_| !over.load(Relaxed)) {
                    writer.ask(&format!("HSET d:{} n {round}", round % 3000));
                }
            });
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut talk = server.talk();
                        for _ in 0..60 {
                            assert_eq!(count(&talk.ask("FT.SEARCH i all NOCONTENT")), 3000);
                            let union = talk.ask("FT.SEARCH i fifth|other NOCONTENT LIMIT 0 0");
                            assert_eq!(count(&union), 3000);
                        }
                    })
                })
                .collect();
            readers.into_iter().for_each(|reader| reader.join().expect("no wrong count"));
            over.store(true, Relaxed);
        });
    }
}

#[test]
fn an_operator_ends_a_search() {
    let server = Server::start(&["--background-threshold", "1000"]);
    let mut talk = server.talk();
    fill(&mut talk, DOCUMENTS);
    let mut raw = server.raw();
    // Nobody reads the documents.
    let fields = "RETURN 18 t AS a t AS b t AS c t AS d t AS e t AS f";
    raw.send(format!("FT.SEARCH i all LIMIT 0 20000 {fields} TIMEOUT 0\r\n"));
    let mut list = String::new();
    eventually("it waits for its client", || {
        list = talk.ask("BACKGROUND LIST");
        list.contains("command ft.search state held")
    });
    // Its turn is over: others are not kept waiting.
    assert_eq!(talk.info("search_long_queries_running"), 0);
    assert_eq!(count(&talk.ask("FT.SEARCH i all LIMIT 0 1")), DOCUMENTS as u64);
    let task = list.split(' ').nth(1).expect("its number").trim_start_matches(':').to_owned();
    assert_eq!(talk.ask(&format!("BACKGROUND KILL {task}")), "OK");
    raw.read_to_end();
    eventually("it has ended", || talk.info("background_running") == 0);
}

#[test]
fn clients_that_go_away_leave_nothing_behind() {
    for mode in ["parallel", "slices"] {
        let server = Server::start(&["--background-threshold", "100", "--search-mode", mode]);
        let mut talk = server.talk();
        fill(&mut talk, 5000);
        for _ in 0..20 {
            let mut gone: Vec<_> = (0..10).map(|_| server.raw()).collect();
            for raw in &mut gone {
                raw.send("FT.AGGREGATE i all LOAD * GROUPBY 1 @t REDUCE COUNT 0\r\n");
            }
        }
        eventually("all has ended", || {
            let left = ["background_running", "background_queued", "search_long_queries_running"];
            left.iter().all(|field| talk.info(field) == 0)
        });
        assert_eq!(talk.info("search_long_queries_waiting"), 0);
        assert_eq!(count(&talk.ask("FT.SEARCH i all NOCONTENT")), 5000);
    }
}

#[test]
fn time_runs_out() {
    let server = Server::start(&["--background-threshold", "1000", "--search-timeout", "1"]);
    let mut talk = server.talk();
    fill(&mut talk, DOCUMENTS);
    let long = "FT.AGGREGATE i all LOAD * GROUPBY 1 @t REDUCE COUNT 0 \
                GROUPBY 0 REDUCE COUNT 0 AS c";
    let counted = |answer: &str| answer.contains(&format!("[c {DOCUMENTS}]"));
    assert_eq!(talk.ask("FT.CONFIG SET ON_TIMEOUT fail"), "OK");
    assert!(talk.ask(long).contains("Timeout limit was reached"));
    let profiled = long.replacen("FT.AGGREGATE i", "FT.PROFILE i AGGREGATE QUERY", 1);
    let profile = talk.ask(&profiled);
    assert!(profile.contains("Warning [Timeout limit was reached] Iterators profile"), "{profile}");
    assert_eq!(talk.ask("FT.CONFIG SET ON_TIMEOUT return"), "OK");
    assert!(!counted(&talk.ask(long)));
    assert!(talk.info("search_total_query_timeouts") >= 2);
    assert!(counted(&talk.ask(&format!("{long} TIMEOUT 0"))));
}

#[test]
fn the_slow_log_tells_the_plan() {
    let server = Server::start(&["--slowlog-log-slower-than", "0"]);
    let mut talk = server.talk();
    fill(&mut talk, 10);
    talk.ask_words(&[b"FT.SEARCH", b"i", b"@t:(fifth other)", b"VERBATIM"]);
    let log = talk.ask("SLOWLOG GET 1");
    assert!(log.contains("INTERSECT { @t:fifth @t:other }"), "{log}");
    talk.ask("FT.SEARCH none x");
    let log = talk.ask("SLOWLOG GET 1");
    assert!(!log.contains("INTERSECT"), "{log}");
}

#[test]
fn long_texts_are_indexed_aside() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.ask("FT.CREATE i SCHEMA t TEXT n NUMERIC");
    let long = |word: &str| format!("{word} {}", "filler text of no importance ".repeat(1000));
    let before = talk.info("background_finished");
    for number in 0..10 {
        let (key, text) = (format!("d:{number}"), long("first"));
        talk.ask_words(&[b"HSET", key.as_bytes(), b"t", text.as_bytes(), b"n", b"1"]);
        assert_eq!(count(&talk.ask("FT.SEARCH i first NOCONTENT")), number + 1);
    }
    assert!(talk.info("background_finished") >= before + 10);
    // A short change of a long hash takes as long as a long one.
    let before = talk.info("background_finished");
    talk.ask("HINCRBY d:1 n 5");
    assert_eq!(talk.info("background_finished"), before + 1);
    assert_eq!(count(&talk.ask("FT.SEARCH i @n:[6,6] NOCONTENT")), 1);
    // Whoever writes last is what is found.
    thread::scope(|scope| {
        for writer in ["red", "green", "blue"] {
            let (server, text) = (&server, long(writer));
            scope.spawn(move || {
                let mut talk = server.talk();
                for _ in 0..30 {
                    talk.ask_words(&[b"HSET", b"d:0", b"t", text.as_bytes()]);
                    thread::yield_now();
                }
            });
        }
    });
    let text = talk.ask("HGET d:0 t");
    let last = text.split(' ').next().expect("a word");
    for word in ["red", "green", "blue", "first"] {
        let wanted = if word == "first" { 9 } else { u64::from(word == last) };
        assert_eq!(count(&talk.ask(&format!("FT.SEARCH i {word} NOCONTENT"))), wanted, "{word}");
    }
    assert_eq!(talk.info("background_faults"), 0);
}

#[test]
fn writers_that_are_too_fast_are_held_back() {
    // Nobody merges.
    let program = paused("search-");
    let place = Place { program: &program, namespace: None, port: None };
    let server = Server::start_there(&place, &[]);
    // It is the server now, and has the library.
    std::fs::remove_dir_all(program.parent().expect("a directory")).expect("removed");
    let mut talk = server.talk();
    talk.ask("FT.CREATE i PREFIX 1 d: SCHEMA t TEXT");
    let mut shared = Config::new(Endpoint::Unix(server.socket()));
    shared.io_timeout = Some(PATIENCE);
    shared.shared_memory = SharedMemory::Require;
    let over = &AtomicBool::new(false);
    let talks = [server.talk(), server.talk(), Talk::with(&shared)];
    let written: usize = thread::scope(|scope| {
        let writers = talks.into_iter().enumerate();
        let writers: Vec<_> = writers
            .map(|(number, talk)| scope.spawn(move || write_until(over, talk, number)))
            .collect();
        // Eleven heads of 4096 documents are one too many.
        while talk.info("search_total_writers_held_back") < 20
            && talk.info("search_number_of_documents") < 60_000
        {
            thread::yield_now();
        }
        over.store(true, Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("every reply")).sum()
    });
    let held_back = talk.info("search_total_writers_held_back");
    assert!(held_back >= 20, "{held_back} times with {written} documents");
    assert_eq!(count(&talk.ask("FT.SEARCH i common NOCONTENT LIMIT 0 0")), written as u64);
}

/// A program that is the server, whose threads of such names stand still.
fn paused(names: &str) -> PathBuf {
    let directory = new_directory();
    let (library, script) = (directory.join("paused.so"), directory.join("server"));
    compile_library("paused.c", &library);
    let (library, server) = (library.display(), program().display());
    let text = format!("#!/bin/sh\nPAUSED={names} LD_PRELOAD={library} exec {server} \"$@\"\n");
    std::fs::write(&script, text).expect("a file");
    std::fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("its mode");
    script
}

/// Writes documents by pipelines, with other commands among them, and reads every reply. How many.
fn write_until(over: &AtomicBool, mut talk: Talk, writer: usize) -> usize {
    let queue = format!("q:{writer}");
    let mut written = 0;
    while !over.load(Relaxed) {
        for number in written..written + 200 {
            talk.connection.queue(&["HSET", &format!("d:{writer}:{number}"), "t", "common"]);
        }
        talk.connection.queue(&["BLPOP", &queue, "0.001"]);
        talk.send("PING");
        for _ in 0..200 {
            assert_eq!(talk.receive(), ":1");
        }
        assert_eq!((talk.receive(), talk.receive()), ("nil".into(), "PONG".into()));
        written += 200;
    }
    written
}

#[test]
fn settings_outlive_a_restart() {
    let directory = new_directory();
    let file = directory.join("redis.conf");
    std::fs::write(&file, "").expect("a file");
    let start = || {
        let port = free_port();
        let child = Command::new(program())
            .arg(&file)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .current_dir(&directory)
            .stdout(Stdio::null())
            .spawn()
            .expect("the program");
        eventually("it is ready", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok() && Talk::tcp(port).ask("PING") == "PONG"
        });
        (child, Talk::tcp(port))
    };
    let (mut child, mut talk) = start();
    talk.check(
        "FT.CONFIG SET TIMEOUT 77 | FT.CONFIG SET SAFEMODE true | FT.CONFIG SET MAXEXPANSIONS 9 | \
         FT.CONFIG SET TIMEOUT x | FT.CONFIG SET NONE 1 | CONFIG REWRITE",
        "OK | OK | OK | -Could not convert argument to expected type | -No such option | OK",
    );
    child.kill().and_then(|()| child.wait()).expect("the end");
    let (mut child, mut talk) = start();
    talk.check(
        "FT.CONFIG GET TIMEOUT | FT.CONFIG GET SAFEMODE | CONFIG GET search-max-prefix-expansions",
        "[[TIMEOUT 77]] | [[SAFEMODE true]] | [search-max-prefix-expansions 9]",
    );
    child.kill().and_then(|()| child.wait()).expect("the end");
    std::fs::remove_dir_all(directory).expect("it is there");
}
