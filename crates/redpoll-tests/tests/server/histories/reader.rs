//! Who reads on a replica all the time, and knows what belongs together.

use super::breathe;
use super::writer::{MARKS, mark};
use redpoll_tests::Talk;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How long an answer is waited for: servers are stopped for a while, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads until told to stop.
pub fn read(port: u16, stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        let Some(mut talk) = Talk::try_tcp(port, PATIENCE) else {
            breathe();
            continue;
        };
        while !stop.load(Relaxed) && look(&mut talk).is_some() {
            breathe();
        }
    }
}

/// Looks once; `None` if the server has gone.
fn look(talk: &mut Talk) -> Option<()> {
    let keys: Vec<String> = (0..MARKS).map(mark).collect();
    let marks = talk.try_ask(&format!("MGET {}", keys.join(" ")))?;
    check_refusal(&marks);
    if let Some(marks) = list(&marks) {
        let first = marks.first().expect("marks");
        assert!(marks.iter().all(|other| other == first), "parts of data sets: {marks:?}");
    }
    let begun = talk.try_ask("MULTI")?;
    let queued = [talk.try_ask("GET pair:a")?, talk.try_ask("LINDEX pair:b 0")?];
    let pair = talk.try_ask("EXEC")?;
    if begun == "OK" && queued == ["QUEUED", "QUEUED"] {
        check_refusal(&pair);
    }
    if let Some(pair) = list(&pair) {
        assert!(pair[0] == pair[1], "half a transaction: {pair:?}");
    }
    Some(())
}

/// The only reasons not to answer.
fn check_refusal(answer: &str) {
    let known = ["-LOADING ", "-MASTERDOWN ", "-EXECABORT ", "["];
    assert!(known.iter().any(|start| answer.starts_with(start)), "{answer}");
}

fn list(answer: &str) -> Option<Vec<&str>> {
    Some(answer.strip_prefix('[')?.strip_suffix(']')?.split(' ').collect())
}
