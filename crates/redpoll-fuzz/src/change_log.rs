//! Target: a sequence of commands, and the change log's commands on a second engine beside it.
//!
//! A replica and an append-only file know nothing but the change log, so whatever a command does
//! must be in it: a second engine that does what is logged, at the same time, must hold the same
//! data.
//! What depends on chance, on time or on what was there is where this fails first.

use crate::command_sequences::dump;
use crate::grammar::{Step, decode};
use crate::store::{Store, show};
use redpoll_engine::change_log::Sink;
use redpoll_resp::{Batch, Limits, Parser};
use std::sync::{Arc, Mutex};

/// The log's bytes that the follower has not taken yet.
#[derive(Default)]
struct Pending(Mutex<Vec<u8>>);

impl Sink for Pending {
    fn append(&self, bytes: &[u8]) -> bool {
        self.0.lock().expect("no panic while it is held").extend_from_slice(bytes);
        true
    }
}

/// The target.
pub fn run(data: &[u8]) {
    let mut pair = Pair::default();
    for step in decode(data) {
        match step {
            Step::Wait(millis, active) => pair.store.advance(millis, active),
            Step::Command { words, damaged } => {
                pair.run(&words);
                if damaged {
                    // A damaged word may have begun a transaction, or subscribed to something.
                    pair.run(&[b"RESET".to_vec()]);
                }
            }
            Step::Transaction(commands) => {
                pair.run(&[b"MULTI".to_vec()]);
                commands.iter().for_each(|words| pair.run(words));
                pair.run(&[b"EXEC".to_vec()]);
            }
        }
        pair.follow();
    }
    pair.compare();
}

struct Pair {
    store: Store,
    pending: Arc<Pending>,
    follower: Store,
    /// What has been run, and what was logged of it, for the message of a failure.
    history: Vec<String>,
}

impl Default for Pair {
    fn default() -> Self {
        let (store, pending) = (Store::default(), Arc::new(Pending::default()));
        let mut keys = store.engine().keyspace.keys(0, store.now);
        keys.lock_all();
        store.engine().change_log.attach(&keys, pending.clone());
        drop(keys);
        Pair { store, pending, follower: Store::default(), history: Vec::new() }
    }
}

impl Pair {
    fn run(&mut self, words: &[Vec<u8>]) {
        self.history.push(format!("{} {}", self.store.now, show(words)));
        self.store.run(words);
    }

    /// Lets the follower do what has been logged since.
    fn follow(&mut self) {
        self.follower.now = self.store.now;
        let mut bytes = std::mem::take(&mut *self.pending.0.lock().expect("as above"));
        let mut batch = Batch::default();
        let limits = Limits::default();
        let parsed = Parser::default().parse(&mut bytes, &limits, usize::MAX, &mut batch);
        assert_eq!((parsed.consumed, parsed.error), (bytes.len(), None), "{}", self.tail());
        for index in 0..batch.len() {
            let words: Vec<&[u8]> = batch.command(index, &bytes).iter().collect();
            self.history.push(format!("    logged: {}", show(&words)));
            let reply = self.follower.run(&words);
            assert!(!reply.is_error(), "{reply:?} to the last of\n{}", self.tail());
        }
    }

    fn compare(&mut self) {
        let (leads, follows) = (dump(&mut self.store), dump(&mut self.follower));
        for (key, entry) in &leads {
            let key_shown = key.escape_ascii();
            assert_eq!(follows.get(key), Some(entry), "{key_shown}, after\n{}", self.tail());
        }
        assert_eq!(leads.len(), follows.len(), "keys, after\n{}", self.tail());
    }

    fn tail(&self) -> String {
        self.history.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs lines on the first engine, and compares what the second makes of the log.
    fn check(lines: &[&str]) -> String {
        let mut pair = Pair::default();
        for line in lines {
            match line.strip_prefix('~') {
                Some(millis) => pair.store.advance(millis.parse().expect("a number"), true),
                None => {
                    pair.run(&line.split(' ').map(Into::into).collect::<Vec<Vec<u8>>>());
                }
            }
            pair.follow();
        }
        pair.compare();
        let logged = pair.history.iter().filter_map(|line| line.strip_prefix("    logged: "));
        logged.filter(|line| !line.starts_with("SELECT")).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn what_stands_for_itself_is_logged_as_it_came() {
        assert_eq!(check(&["SET k v", "GET k", "del none", "incr n"]), "SET k v | incr n");
    }

    #[test]
    fn times_are_absolute_and_removals_are_said() {
        let logged = check(&["SET k v PX 10", "~50", "SET j v EX 1", "EXPIRE j 0"]);
        let at = 1_700_000_000_010_i64;
        assert_eq!(
            logged,
            format!("SET k v PXAT {at} | DEL k | SET j v PXAT {} | DEL j", at + 1040)
        );
    }

    #[test]
    fn transactions_stay_together() {
        let logged = check(&["MULTI", "SET a 1", "SPOP none", "SET b 2", "EXEC"]);
        assert_eq!(logged, "MULTI | SET a 1 | SET b 2 | EXEC");
        assert_eq!(check(&["MULTI", "SET a 1", "GET a", "EXEC"]), "SET a 1");
    }

    #[test]
    fn a_command_that_fails_leaves_nothing() {
        assert_eq!(
            check(&["SET k v", "GEOADD k 1 1 a", "MULTI", "GEOADD k 1 1 a", "EXEC"]),
            "SET k v"
        );
    }

    #[test]
    fn an_empty_flush_is_logged_too() {
        assert_eq!(check(&["FLUSHALL"]), "FLUSHALL");
    }

    #[test]
    fn fields_that_expire_are_said() {
        let logged = check(&["HSET h a 1 b 2", "HPEXPIRE h 10 FIELDS 1 a", "~50", "HGET h a"]);
        let at = 1_700_000_000_010_i64;
        assert_eq!(logged, format!("HSET h a 1 b 2 | HPEXPIREAT h {at} FIELDS 1 a | HDEL h a"));
    }

    #[test]
    fn streams_are_logged_by_what_came_of_them() {
        let logged = check(&[
            "XADD s * f v",
            "XADD s MAXLEN ~ 0 1700000000001-* f v",
            "XTRIM s MINID ~ 5",
            "XADD s IDMP p i * f v",
            "XADD s IDMP p i * f v",
        ]);
        assert_eq!(
            logged,
            "XADD s 1700000000000-0 f v | XADD s MAXLEN = 0 1700000000001-0 f v | MULTI | \
             XADD s 1700000000001-1 f v | XIDMPRECORD s p i 1700000000001-1 | EXEC"
        );
    }

    #[test]
    fn groups_are_logged_entry_by_entry() {
        let logged = check(&[
            "XADD s 1 f v",
            "XGROUP CREATE s g 0",
            "XREADGROUP GROUP g a STREAMS s >",
            "~5",
            "XREADGROUP GROUP g b CLAIM 5 STREAMS s >",
            "XCLAIM s g b 0 1 JUSTID",
            "XDEL s 1",
            "XAUTOCLAIM s g b 0 -",
        ]);
        let time = 1_700_000_000_000_i64;
        let claim = |owner: &str, time: i64, deliveries: u32| {
            format!(
                "XCLAIM s g {owner} 0 1-0 TIME {time} RETRYCOUNT {deliveries} FORCE JUSTID LASTID \
                 1-0"
            )
        };
        assert_eq!(
            logged,
            format!(
                "XADD s 1-0 f v | XGROUP CREATE s g 0 | MULTI | {} | XGROUP SETID s g 1-0 \
                 ENTRIESREAD 1 | EXEC | {} | {} | XDEL s 1 | XACK s g 1-0",
                claim("a", time, 1),
                claim("b", time + 5, 2),
                claim("b", time + 5, 2)
            )
        );
    }
}
