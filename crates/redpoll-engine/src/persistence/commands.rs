//! A snapshot as commands: the base of an append-only file that is to hold nothing but commands
//! (`aof-use-rdb-preamble no`).
//!
//! Collections are written as the commands that people would use, a few dozen elements each; what
//! these cannot say (streams with their groups, hashes with fields that expire) as RESTORE.

use super::snapshot::{Progress, Snapshot, value_of};
use redpoll_keyspace::Keys;
use redpoll_persist::{ValueRef, payload};
use redpoll_resp::request::encode_words;
use redpoll_types::listpack::Element;
use redpoll_types::number::format_f64;
use redpoll_types::suggestions::Suggestions;
use redpoll_types::value::Value;
use std::io::{self, Write};

/// Elements that one command adds.
const TOGETHER: usize = 64;
/// What is gathered before it is written.
const BUFFER: usize = 256 << 10;

impl Snapshot {
    /// Writes all of it, libraries of functions too, as commands; behind a note of the time,
    /// in seconds since 1970, if there is one.
    pub(super) fn write_commands(
        mut self,
        keys: &mut Keys<'_>,
        out: &mut dyn Write,
        time: Option<i64>,
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        if let Some(seconds) = time {
            buffer.extend_from_slice(format!("#TS:{seconds}\r\n").as_bytes());
        }
        for library in self.libraries() {
            say(&mut buffer, &[b"FUNCTION", b"LOAD", &library.code]);
        }
        let mut db = 0;
        for record in self.searches() {
            if record.db != db {
                db = record.db;
                say(&mut buffer, &[b"SELECT", db.to_string().as_bytes()]);
            }
            encode_words(&mut buffer, record.words.iter().map(|word| &**word));
        }
        let (mut failure, mut selected) = (None, None);
        self.each(keys, &Progress::default(), |entry| {
            if selected != Some(entry.db) {
                selected = Some(entry.db);
                say(&mut buffer, &[b"SELECT", entry.db.to_string().as_bytes()]);
            }
            write_key(&mut buffer, entry.key, value_of(&entry), entry.expiry);
            if buffer.len() >= BUFFER {
                failure = out.write_all(&buffer).err();
                buffer.clear();
            }
            failure.is_none()
        });
        match failure {
            Some(error) => Err(error),
            None => out.write_all(&buffer),
        }
    }
}

fn say(out: &mut Vec<u8>, words: &[&[u8]]) {
    encode_words(out, words.iter().copied());
}

fn write_key(out: &mut Vec<u8>, key: &[u8], value: ValueRef<'_>, expiry: Option<i64>) {
    match value {
        ValueRef::Text(text) => say(out, &[b"SET", key, text]),
        ValueRef::Int(value) => say(out, &[b"SET", key, value.to_string().as_bytes()]),
        ValueRef::Value(Value::Str(text)) => say(out, &[b"SET", key, text.as_bytes()]),
        ValueRef::Value(Value::List(list)) => {
            add(out, b"RPUSH", key, 1, list.iter().map(text));
        }
        ValueRef::Value(Value::Set(set)) => add(out, b"SADD", key, 1, set.iter().map(text)),
        ValueRef::Value(Value::ZSet(zset)) => {
            let pairs = zset.iter();
            let words = pairs.flat_map(|(member, score)| [format_f64(score).into(), text(member)]);
            add(out, b"ZADD", key, 2, words);
        }
        ValueRef::Value(Value::Hash(hash)) if hash.volatile_len() == 0 => {
            let words = hash.iter().flat_map(|field| [text(field.name), text(field.value)]);
            add(out, b"HSET", key, 2, words);
        }
        ValueRef::Value(Value::Suggestions(suggestions)) => suggest(out, key, suggestions),
        ValueRef::Value(_) => return restore(out, key, value, expiry),
    }
    if let Some(at) = expiry {
        say(out, &[b"PEXPIREAT", key, at.to_string().as_bytes()]);
    }
}

fn suggest(out: &mut Vec<u8>, key: &[u8], suggestions: &Suggestions) {
    suggestions.each(|text, score, payload| {
        let score = format_f64(score);
        let words = [b"FT.SUGADD", key, text, score.as_bytes()];
        let payload = payload.map(|payload| [b"PAYLOAD", payload]);
        encode_words(out, words.into_iter().chain(payload.into_iter().flatten()));
    });
}

fn restore(out: &mut Vec<u8>, key: &[u8], value: ValueRef<'_>, expiry: Option<i64>) {
    let mut packed = Vec::new();
    payload::write(&mut packed, value, false);
    let at = expiry.unwrap_or(0).to_string();
    say(out, &[b"RESTORE", key, at.as_bytes(), &packed, b"ABSTTL"]);
}

/// Adds elements of so many words each to a collection.
fn add(
    out: &mut Vec<u8>,
    command: &[u8],
    key: &[u8],
    words_each: usize,
    mut words: impl Iterator<Item = Vec<u8>>,
) {
    loop {
        let some: Vec<Vec<u8>> = words.by_ref().take(TOGETHER * words_each).collect();
        if some.is_empty() {
            return;
        }
        let words = [command, key].into_iter().chain(some.iter().map(|word| &word[..]));
        encode_words(out, words);
    }
}

fn text(element: Element<'_>) -> Vec<u8> {
    element.as_bytes(&mut [0; 21]).to_vec()
}
