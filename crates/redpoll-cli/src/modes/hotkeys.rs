//! `--hotkeys`: the keys with the highest access counters. The server keeps such counters only
//! while it evicts by LFU.

use std::sync::atomic::Ordering;
use std::thread;

use redpoll_client::Value;

use super::scanner::{Progress, Scanner};
use crate::interrupt;
use crate::session::Session;
use crate::stop::Stop;
use crate::words;

/// How many keys are shown.
const SHOWN: usize = 16;

/// Walks through all keys, says when a hotter one turns up, and lists the hottest.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let stopped = interrupt::flag();
    let mut progress = Progress::new(session)?;
    session.print(
        b"\n# Scanning the entire keyspace to find hot keys as well as\n\
          # average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n\
          # per 100 SCAN commands (not usually needed).\n\n",
    )?;
    let mut hottest = Hottest::default();
    let mut scanner = Scanner::default();
    let mut rounds = 0u64;
    while let Some(keys) = scanner.round(session)? {
        rounds += 1;
        let label = progress.label();
        let counters = counters(session, &keys)?;
        for (key, counter) in keys.iter().zip(counters) {
            progress.sampled += 1;
            if hottest.offer(counter, key) {
                let key = words::quoted(key);
                let line = format!("{label} Hot key '{key}' found so far with counter {counter}\n");
                session.print(line.as_bytes())?;
            }
        }
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        if rounds.is_multiple_of(100) {
            thread::sleep(session.options.interval);
        }
    }
    let label = match stopped.load(Ordering::Relaxed) {
        true => progress.label() + " ",
        false => String::new(),
    };
    let mut text = format!(
        "\n-------- summary -------\n\n{label}Sampled {} keys in the keyspace!\n",
        progress.sampled
    );
    for (counter, key) in hottest.keys.iter().rev() {
        text += &format!("hot key found with counter: {counter}\tkeyname: {key}\n");
    }
    session.print(text.as_bytes())
}

fn counters(session: &mut Session, keys: &[Vec<u8>]) -> Result<Vec<i64>, Stop> {
    let commands: Vec<Vec<&[u8]>> =
        keys.iter().map(|key| vec![&b"OBJECT"[..], b"FREQ", key]).collect();
    let replies = session
        .ask_all(&commands)
        .map_err(|error| Stop::failed(format!("Error getting freq: {error}")))?;
    let mut counters = Vec::with_capacity(keys.len());
    for (reply, key) in replies.iter().zip(keys) {
        match reply {
            Value::Integer(counter) => counters.push(*counter),
            Value::Error(text) => {
                let text = String::from_utf8_lossy(text);
                return Err(Stop::failed(format!("Error: {text}")));
            }
            _ => {
                let key = words::quoted(key);
                eprintln!("Warning: OBJECT freq on '{key}' failed (may have been deleted)");
                counters.push(0);
            }
        }
    }
    Ok(counters)
}

/// The hottest keys seen, coldest first.
#[derive(Default)]
struct Hottest {
    keys: Vec<(i64, String)>,
}

impl Hottest {
    /// Takes a key in if it is hot enough; says whether it was.
    fn offer(&mut self, counter: i64, key: &[u8]) -> bool {
        let full = self.keys.len() == SHOWN;
        let least = if full { self.keys.first().map_or(0, |(least, _)| *least) } else { 0 };
        if counter <= least {
            return false;
        }
        if full {
            self.keys.remove(0);
        }
        let at = self.keys.partition_point(|(other, _)| *other < counter);
        self.keys.insert(at, (counter, words::quoted(key)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_are_kept_in_order() {
        let mut hottest = Hottest::default();
        assert!(!hottest.offer(0, b"cold"));
        for counter in [5, 9, 7] {
            assert!(hottest.offer(counter, b"k"));
        }
        assert_eq!(hottest.keys.iter().map(|(c, _)| *c).collect::<Vec<_>>(), [5, 7, 9]);
        for _ in 0..SHOWN {
            hottest.offer(6, b"k");
        }
        assert_eq!(hottest.keys.len(), SHOWN);
        assert_eq!(hottest.keys[0].0, 6);
        assert!(!hottest.offer(6, b"k"));
    }
}
