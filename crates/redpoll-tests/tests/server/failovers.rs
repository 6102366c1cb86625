//! FAILOVER with every option, to replicas that answer and to such that do not: no write is lost,
//! none is done twice, and writers wait for a bounded time.

use redpoll_tests::replication::{converge, follow, info, is_up};
use redpoll_tests::{PATIENCE, Server, Talk, eventually};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const DEBUG: &[&str] = &["--enable-debug-command", "yes"];

/// Two servers, the second of which follows the first, and its place.
fn pair() -> ([Server; 2], String) {
    let pair = [Server::start(DEBUG), Server::start(DEBUG)];
    pair[0].talk().check("SET k 0", "OK");
    follow(&pair[1], &pair[0]);
    eventually("it is online", || info(&pair[0], "slave0").contains("state=online"));
    let place = format!("127.0.0.1 {}", pair[1].port);
    (pair, place)
}

fn failover_state(server: &Server) -> String {
    info(server, "master_failover_state")
}

#[test]
fn options_that_do_not_fit_change_nothing() {
    let ([primary, replica], place) = pair();
    let mut talk = primary.talk();
    let syntax = "-ERR syntax error";
    let forced = "-ERR FAILOVER with force option requires both a timeout and target HOST and IP.";
    for (options, answer) in [
        ("TO", syntax),
        ("TO 127.0.0.1", syntax),
        ("TO 127.0.0.1 x", "-ERR value is not an integer or out of range"),
        ("TO 127.0.0.1 99999999", "-ERR FAILOVER target HOST and PORT is not a replica."),
        ("TO 127.0.0.1 -1", "-ERR FAILOVER target HOST and PORT is not a replica."),
        ("TIMEOUT", syntax),
        ("TIMEOUT 0", "-ERR FAILOVER timeout must be greater than 0"),
        ("TIMEOUT -9223372036854775808", "-ERR FAILOVER timeout must be greater than 0"),
        ("TIMEOUT 5 TIMEOUT 6", syntax),
        ("ABORT", "-ERR No failover in progress."),
        ("ABORT TIMEOUT 5", syntax),
        ("FORCE", forced),
        ("FORCE x", syntax),
    ] {
        assert_eq!(talk.ask(&format!("FAILOVER {options}")), answer, "{options}");
    }
    talk.check(&format!("FAILOVER TO {place} FORCE"), forced);
    talk.check(&format!("FAILOVER TO {place} TO {place}"), syntax);
    assert_eq!(failover_state(&primary), "no-failover");
    assert!(is_up(&replica));
    talk.check("SET k 1", "OK");
}

#[test]
fn a_replica_that_does_not_answer_is_not_handed_over_to() {
    let ([primary, replica], place) = pair();
    replica.signal("STOP");
    let mut talk = primary.talk();
    // Something that it lacks.
    talk.check("SET k 1", "OK");
    for (failover, abort) in [
        ("FAILOVER TIMEOUT 200".to_owned(), false),
        (format!("FAILOVER TO {place} TIMEOUT 200"), false),
        ("FAILOVER".to_owned(), true),
        (format!("FAILOVER TO {place}"), true),
        ("FAILOVER TIMEOUT 9223372036854775807".to_owned(), true),
    ] {
        assert_eq!(talk.ask(&failover), "OK", "{failover}");
        assert_eq!(talk.ask("FAILOVER"), "-ERR FAILOVER already in progress.", "{failover}");
        assert_eq!(talk.ask("GET k"), "1", "{failover}: reads do not wait");
        let mut writer = primary.talk();
        writer.send("SET k 1");
        if abort {
            assert_eq!(failover_state(&primary), "waiting-for-sync");
            assert_eq!(talk.ask("FAILOVER ABORT"), "OK", "{failover}");
        }
        assert_eq!(writer.receive(), "OK", "{failover}: the write goes on");
        assert_eq!(failover_state(&primary), "no-failover");
        assert_eq!(info(&primary, "role"), "master");
    }
    replica.signal("CONT");
    converge(&primary, &replica);
}

#[test]
fn force_hands_over_to_whom_does_not_answer_until_it_is_given_up() {
    let ([primary, replica], place) = pair();
    replica.signal("STOP");
    let mut talk = primary.talk();
    talk.check("SET k 1", "OK");
    talk.check(&format!("FAILOVER TO {place} FORCE TIMEOUT 100"), "OK");
    eventually("it hands over", || failover_state(&primary) == "failover-in-progress");
    talk.check("REPLICAOF NO ONE", "-ERR REPLICAOF not allowed while failing over.");
    talk.check("FAILOVER ABORT", "OK");
    // Connections may have been closed as the role changed.
    let mut talk = primary.talk();
    talk.check("SET k 2", "OK");
    assert_eq!(info(&primary, "role"), "master");
    assert_eq!(failover_state(&primary), "no-failover");
    replica.signal("CONT");
    // It may have been asked to take over and do so now; then it is told.
    let back = replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    assert!(back.starts_with("OK"), "{back}");
    eventually("the link is up", || is_up(&replica));
    converge(&primary, &replica);
    assert_eq!(replica.talk().ask("GET k"), "2");
}

/// Counts up at whichever of the two is the primary, and answers how often that was confirmed.
fn count_up(servers: &[Server; 2], key: usize, stop: &AtomicBool) -> usize {
    let mut confirmed = 0;
    let connect = |at: usize| Talk::try_tcp(servers[at].port, PATIENCE);
    let (mut at, mut talk) = (0, connect(0));
    while !stop.load(Relaxed) {
        let answer = talk.as_mut().and_then(|talk| talk.try_ask(&format!("INCR n:{key}")));
        match answer {
            Some(answer) if answer.starts_with(':') => confirmed += 1,
            // A write that is refused has not been done.
            Some(_) => {
                at = 1 - at;
                talk = connect(at);
            }
            None => panic!("a connection was closed in the middle of a write"),
        }
    }
    confirmed
}

#[test]
fn who_writes_while_it_goes_to_and_fro_is_counted_once() {
    let (pair, _) = pair();
    let stop = AtomicBool::new(false);
    let confirmed: Vec<usize> = thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|key| {
                let (pair, stop) = (&pair, &stop);
                scope.spawn(move || count_up(pair, key, stop))
            })
            .collect();
        let mut at = 0;
        for round in 0..6 {
            let (from, to) = (&pair[at], &pair[1 - at]);
            let command = match round % 3 {
                0 => "FAILOVER".to_owned(),
                1 => "FAILOVER TIMEOUT 30000".to_owned(),
                _ => format!("FAILOVER TO 127.0.0.1 {} FORCE TIMEOUT 30000", to.port),
            };
            eventually("it can be handed over", || from.talk().ask(&command) == "OK");
            eventually("it has been", || {
                info(to, "role") == "master" && failover_state(from) == "no-failover"
            });
            eventually("the link is up", || is_up(from));
            at = 1 - at;
        }
        stop.store(true, Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("it has counted")).collect()
    });
    converge(&pair[0], &pair[1]);
    for (key, confirmed) in confirmed.iter().enumerate() {
        assert!(*confirmed > 0);
        for server in &pair {
            assert_eq!(server.talk().ask(&format!("GET n:{key}")), confirmed.to_string());
        }
    }
    assert!(pair.iter().all(|server| !server.log().contains("panicked")));
}
