//! Target: a sequence of commands, on the engine and on a model beside it.
//!
//! Every reply must be well-formed, every reply that the model knows must be the model's, and in
//! the end the data must be the same. After a command that the model does not know (a damaged one,
//! or one it was never taught) it takes over what the engine holds, and goes on from there.

use crate::grammar::{Step, decode};
use crate::model::{Data, Entry, Model, Verdict};
use crate::store::{Store, show};
use redpoll_client::Value;
use std::collections::BTreeMap;

/// Commands that the model need not know, as they change nothing.
const READING: &[&str] = &[
    "OBJECT",
    "SCAN",
    "LCS",
    "HSCAN",
    "SSCAN",
    "ZSCAN",
    "HRANDFIELD",
    "ZRANDMEMBER",
    "LPOS",
    "ZLEXCOUNT",
    "ZDIFF",
];

/// The target.
pub fn run(data: &[u8]) {
    let mut run = Run::default();
    for step in decode(data) {
        match step {
            Step::Wait(millis, active) => run.store.advance(millis, active),
            Step::Command { words, damaged } => run.command(&words, damaged),
            Step::Transaction(commands) => run.transaction(&commands),
        }
    }
    run.compare();
}

#[derive(Default)]
struct Run {
    store: Store,
    model: Model,
    /// What has been run, for the message of a failure.
    log: Vec<String>,
}

impl Run {
    fn command(&mut self, words: &[Vec<u8>], damaged: bool) {
        self.model.set_time(self.store.now);
        self.log.push(format!("{} {}", self.store.now, show(words)));
        let reply = self.store.run(words);
        if damaged {
            if !reply.is_error() {
                self.adopt();
            }
            // A damaged word may have begun a transaction, or subscribed to something.
            self.store.run(&["RESET"]);
        } else {
            self.judge(words, &reply);
        }
    }

    fn transaction(&mut self, commands: &[Vec<Vec<u8>>]) {
        self.model.set_time(self.store.now);
        self.log.push(format!("{} MULTI", self.store.now));
        self.store.run(&["MULTI"]);
        let mut queued = Vec::new();
        for words in commands {
            self.log.push(format!("    {}", show(words)));
            if !self.store.run(words).is_error() {
                queued.push(words);
            }
        }
        let reply = self.store.run(&["EXEC"]);
        if queued.len() < commands.len() {
            assert!(reply.is_error(), "a transaction with a refused command: {reply:?}");
            return;
        }
        let replies = reply.as_slice().unwrap_or_else(|| panic!("EXEC: {reply:?}"));
        assert_eq!(replies.len(), commands.len(), "{}", self.tail());
        // A command that the model does not know leaves it behind until the end.
        let mut known = true;
        for (words, reply) in commands.iter().zip(replies) {
            known = known && self.follow(words, reply);
        }
        if !known {
            self.adopt();
        }
    }

    fn judge(&mut self, words: &[Vec<u8>], reply: &Value) {
        if !self.follow(words, reply) {
            self.adopt();
        }
    }

    /// Lets the model carry out a command. False if it cannot.
    fn follow(&mut self, words: &[Vec<u8>], reply: &Value) -> bool {
        let name = String::from_utf8_lossy(&words[0]);
        if READING.contains(&&*name) || is_unknown(reply) {
            return true;
        }
        match self.model.judge(words, reply) {
            Verdict::Right => true,
            Verdict::Unknown => reply.is_error(),
            Verdict::Wrong(right) => {
                panic!("{}\n  answered {reply:?}\n  right is {right}", self.tail())
            }
        }
    }

    fn tail(&self) -> String {
        self.log.join("\n")
    }

    fn adopt(&mut self) {
        self.model.entries = dump(&mut self.store);
    }

    fn compare(&mut self) {
        self.model.set_time(self.store.now);
        let there = dump(&mut self.store);
        for (key, entry) in &self.model.entries {
            let found = there.get(key);
            let key = key.escape_ascii();
            assert_eq!(found, Some(entry), "{key} in the end, after\n{}", self.tail());
        }
        assert_eq!(there.len(), self.model.entries.len(), "keys, after\n{}", self.tail());
    }
}

/// Whether the server does not have the command (yet).
fn is_unknown(reply: &Value) -> bool {
    reply.error_text().is_some_and(|text| text.starts_with(b"ERR unknown command"))
}

/// Everything that the engine holds, by its commands for reading.
pub(crate) fn dump(store: &mut Store) -> BTreeMap<Vec<u8>, Entry> {
    let keys = texts(&store.run(&["KEYS", "*"]));
    let mut entries = BTreeMap::new();
    for key in keys {
        let data = data(store, &key);
        let at = store.run(&[b"PEXPIRETIME", &key[..]]).as_i64().expect("a time");
        entries.insert(key, Entry { data, expires: (at >= 0).then_some(at) });
    }
    entries
}

fn data(store: &mut Store, key: &[u8]) -> Data {
    let kind = store.run(&[b"TYPE", key]);
    match kind.as_str().unwrap_or_default() {
        "string" => {
            let value = store.run(&[b"GET", key]);
            Data::Text(value.as_bytes().expect("a string").to_vec())
        }
        "list" => Data::List(texts(&store.run(&[b"LRANGE", key, b"0", b"-1"])).into()),
        "hash" => {
            let flat = texts(&store.run(&[b"HGETALL", key]));
            Data::Hash(flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
        }
        "set" => Data::Set(texts(&store.run(&[b"SMEMBERS", key])).into_iter().collect()),
        "zset" => {
            let flat = texts(&store.run(&[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]));
            let score = |text: &[u8]| std::str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            let pair = |pair: &[Vec<u8>]| (pair[0].clone(), score(&pair[1]).expect("a score"));
            Data::Scored(flat.chunks(2).map(pair).collect())
        }
        other => panic!("{} is of type {other}", key.escape_ascii()),
    }
}

fn texts(reply: &Value) -> Vec<Vec<u8>> {
    let items = reply.as_slice().unwrap_or_else(|| panic!("an array, not {reply:?}"));
    items.iter().map(|item| item.as_bytes().expect("text").to_vec()).collect()
}

/// Inputs to begin with: each template with a few arguments, and mixtures.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..40_usize).map(|number| (0..100 + number * 20).map(|_| random()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of one undamaged command by the number of its template, with its arguments.
    fn command(number: u8, arguments: &[u8]) -> Vec<u8> {
        [&[255, number], arguments].concat()
    }

    #[test]
    fn the_server_knows_every_template() {
        for number in 0..=255 {
            let Some(Step::Command { words, .. }) = decode(&command(number, &[])).pop() else {
                panic!("a command");
            };
            let reply = Store::default().run(&words);
            assert!(!is_unknown(&reply), "{}", show(&words));
        }
    }

    #[test]
    fn the_model_knows_most_templates() {
        let known = (0..=255).filter(|&number| {
            let Some(Step::Command { words, .. }) = decode(&command(number, &[])).pop() else {
                panic!("a command");
            };
            let reply = Store::default().run(&words);
            Model::default().judge(&words, &reply) == Verdict::Right
        });
        assert!(known.count() > 180);
    }

    #[test]
    #[should_panic(expected = "in the end")]
    fn data_that_differs_in_the_end_is_noticed() {
        let mut run = Run::default();
        run.store.run(&["SET", "k", "v"]);
        run.model
            .entries
            .insert(b"k".to_vec(), Entry { data: Data::Text(b"w".to_vec()), expires: None });
        run.compare();
    }
}
