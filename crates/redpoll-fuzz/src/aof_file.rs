//! Target: any bytes as a file of an append-only log.
//!
//! The first byte says what it begins with: a snapshot, or nothing. A file is loaded, cut off where
//! it ends early, or refused with a place that lies within it; what was cut off loads to its end,
//! and leads to the same data. Whatever was loaded must bear being read and changed.

use crate::exercise::exercise;
use crate::grammar::{Step, decode};
use crate::store::Store;
use crate::{command_sequences, rdb_file};
use redpoll_client::request;
use redpoll_engine::persistence::{Replay, ReplayEnd, ReplayError};
use std::io::Cursor;

/// Keys that are looked at after each file.
const KEYS_MAX: usize = 8;

/// The target.
pub fn run(data: &[u8]) {
    let Some((&head, rest)) = data.split_first() else { return };
    let file = if head % 4 == 1 { [&b"REDIS0010"[..], rest].concat() } else { rest.to_vec() };
    let mut store = Store::default();
    let keys = match load(&store, &file) {
        Ok(ReplayEnd::Whole) => keys(&mut store),
        Ok(ReplayEnd::Cut(offset)) => {
            let found = keys(&mut store);
            let mut again = Store::default();
            let whole = usize::try_from(offset).unwrap_or(usize::MAX);
            let cut = load(&again, &file[..whole]);
            assert!(matches!(cut, Ok(ReplayEnd::Whole)), "{cut:?} of what was cut at {offset}");
            assert_eq!(keys(&mut again), found, "what was cut at {offset} holds something else");
            found
        }
        Err(error) => {
            if let ReplayError::Bad { offset, place, .. } = error {
                assert!(offset <= place && place <= file.len() as u64, "{offset}, {place}");
            }
            keys(&mut store)
        }
    };
    for key in keys.iter().take(KEYS_MAX) {
        exercise(&mut store, key, file.len());
    }
}

fn load(store: &Store, file: &[u8]) -> Result<ReplayEnd, ReplayError> {
    let mut replay = Replay::new(store.engine(), true);
    replay.load(&mut Cursor::new(file)).map(|replayed| replayed.end)
}

fn keys(store: &mut Store) -> Vec<Vec<u8>> {
    let keys = store.run(&["KEYS", "*"]);
    let keys = keys.as_slice().unwrap_or_default().iter();
    let mut keys: Vec<_> = keys.filter_map(|key| key.as_bytes().map(<[u8]>::to_vec)).collect();
    keys.sort();
    keys
}

/// Logs of sequences of commands, with and without a snapshot before them.
pub fn seeds() -> Vec<Vec<u8>> {
    let logs = command_sequences::seeds();
    let logs = logs.iter().map(|seed| [b"\0#TS:1700000000\r\n".to_vec(), log_of(seed)].concat());
    let mut seeds: Vec<_> = logs.collect();
    let tail = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    for file in rdb_file::seeds().iter().filter(|seed| seed[0] == 0) {
        seeds.push([&b"\x01"[..], &file[1..], tail].concat());
    }
    seeds
}

fn log_of(seed: &[u8]) -> Vec<u8> {
    let mut log = Vec::new();
    for step in decode(seed) {
        match step {
            Step::Wait(..) => {}
            Step::Command { words, .. } => request::encode(&mut log, &words),
            Step::Transaction(commands) => {
                request::encode(&mut log, &["MULTI"]);
                commands.iter().for_each(|words| request::encode(&mut log, words));
                request::encode(&mut log, &["EXEC"]);
            }
        }
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_sound() {
        seeds().iter().for_each(|seed| run(seed));
    }

    #[test]
    fn a_long_command_is_looked_at_a_few_times_only() {
        let words: Vec<String> = (0..200_000).map(|number| format!("element:{number}")).collect();
        let head = ["RPUSH", "list"].map(str::to_owned);
        let mut log = Vec::new();
        request::encode(&mut log, &[&head[..], &words].concat());
        let mut store = Store::default();
        assert!(matches!(load(&store, &log), Ok(ReplayEnd::Whole)));
        assert_eq!(store.run(&["LLEN", "list"]).as_i64(), Some(200_000));
    }

    #[test]
    fn a_command_that_waits_or_ends_ends_nothing() {
        let mut log = Vec::new();
        for line in ["SET a 1", "BLPOP none 0", "SET b 1", "QUIT", "SET c 1"] {
            request::encode(&mut log, &line.split(' ').collect::<Vec<_>>());
        }
        let mut store = Store::default();
        assert!(matches!(load(&store, &log), Ok(ReplayEnd::Whole)));
        assert_eq!(keys(&mut store), [b"a", b"b", b"c"]);
    }
}
