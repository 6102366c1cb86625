//! Consumers that read, claim and acknowledge many entries at a time, in the background: none is
//! lost and none delivered twice, and the replica and the log come to the same.

use redpoll_tests::{Server, Talk, eventually};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

const PRODUCERS: usize = 2;
const EACH: usize = 5000;
const TOTAL: usize = PRODUCERS * EACH;

/// The ids in an answer.
fn ids(answer: &str) -> Vec<String> {
    let words = answer.split(['[', ']', ' ']).filter(|word| word.contains('-'));
    words.map(str::to_owned).collect()
}

/// Reads what is new to a group until all has been read; returns what was delivered, and what of
/// that was acknowledged.
fn consume(
    mut talk: Talk,
    (group, consumer, count): (&str, &str, usize),
    delivered: &AtomicUsize,
) -> (Vec<String>, Vec<String>) {
    let (mut got, mut acknowledged) = (Vec::new(), Vec::new());
    while delivered.load(Relaxed) < TOTAL {
        let call =
            format!("XREADGROUP GROUP {group} {consumer} COUNT {count} BLOCK 50 STREAMS x >");
        let new = ids(&talk.ask(&call));
        delivered.fetch_add(new.len(), Relaxed);
        let done: Vec<String> = new.iter().step_by(2).cloned().collect();
        if !done.is_empty() {
            let answer = talk.ask(&format!("XACK x {group} {}", done.join(" ")));
            assert_eq!(answer, format!(":{}", done.len()));
        }
        got.extend(new);
        acknowledged.extend(done);
    }
    (got, acknowledged)
}

/// All that is to be the same everywhere.
fn state(talk: &mut Talk) -> String {
    let lines = ["DEBUG DIGEST", "XPENDING x g", "XPENDING x h", "XINFO GROUPS x"];
    let mut state = lines.map(|line| talk.ask(line)).join("\n");
    for group in ["g", "h"] {
        // Without the times, which pass.
        state += &ids(&talk.ask(&format!("XPENDING x {group} - + 99999"))).join(" ");
    }
    state
}

#[test]
fn consumers_get_each_entry_once() {
    let debug = ["--enable-debug-command", "yes"];
    let background = ["--background-threshold", "1", "--appendonly", "yes"];
    let primary = Server::start(&[&debug[..], &background].concat());
    let replica = Server::start(&debug);
    replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    let mut talk = primary.talk();
    for group in ["g", "h"] {
        assert_eq!(talk.ask(&format!("XGROUP CREATE x {group} 0 MKSTREAM")), "OK");
    }
    let (of_g, of_h) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results: Vec<_> = thread::scope(|scope| {
        for _ in 0..PRODUCERS {
            scope.spawn(|| {
                let mut talk = primary.talk();
                for _ in 0..EACH / 10 {
                    (0..10).for_each(|_| talk.connection.queue(&["XADD", "x", "*", "f", "v"]));
                    talk.connection.flush().expect("the connection is open");
                    (0..10).for_each(|_| drop(talk.receive()));
                }
            });
        }
        scope.spawn(|| {
            let mut talk = primary.talk();
            while of_g.load(Relaxed) < TOTAL {
                talk.ask("XAUTOCLAIM x g claimer 0 - COUNT 1500 JUSTID");
                talk.ask("XREADGROUP GROUP g a COUNT 1500 STREAMS x 0");
            }
        });
        let consumers = [
            ("g", "a", 1500, &of_g),
            ("g", "b", 1000, &of_g),
            ("h", "a", 2000, &of_h),
            ("h", "b", 7, &of_h),
        ];
        let consumers = consumers.map(|(group, consumer, count, delivered)| {
            let talk = primary.talk();
            let consume = move || consume(talk, (group, consumer, count), delivered);
            (group, scope.spawn(consume))
        });
        let results = consumers.into_iter();
        results.map(|(group, it)| (group, it.join().expect("a consumer"))).collect()
    });
    for wanted in ["g", "h"] {
        let (mut delivered, mut acknowledged) = (Vec::new(), BTreeSet::new());
        for (_, (got, done)) in results.iter().filter(|(group, _)| *group == wanted) {
            delivered.extend(got.iter().cloned());
            acknowledged.extend(done.iter().cloned());
        }
        assert_eq!(delivered.len(), TOTAL, "{wanted}: each was delivered once");
        let once: BTreeSet<String> = delivered.into_iter().collect();
        assert_eq!(once.len(), TOTAL, "{wanted}: none was delivered twice");
        let pending = ids(&talk.ask(&format!("XPENDING x {wanted} - + 99999")));
        let expected: Vec<&String> = once.difference(&acknowledged).collect();
        let pending: BTreeSet<&String> = pending.iter().collect();
        assert_eq!(pending, expected.into_iter().collect(), "{wanted}: what is pending");
    }
    assert!(talk.info("background_finished") > 10);
    let there = state(&mut talk);
    eventually("the replica has the same", || state(&mut replica.talk()) == there);
    assert_eq!(talk.ask("DEBUG LOADAOF"), "OK");
    assert_eq!(state(&mut talk), there, "the log has the same");
}
