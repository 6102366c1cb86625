//! A keyspace simple enough to be right by reading: maps of maps, no encodings, no stripes.
//!
//! It answers the commands that it knows and says of the others that it does not. Expired keys are
//! gone before each command. Where a server is free (which member SPOP takes, the order of
//! SMEMBERS), the model follows the server's answer if that is one of the possible ones.

mod hashes;
mod keys;
mod lists;
mod sets;
mod strings;
mod zsets;

use redpoll_client::Value;
use redpoll_client::value::Double;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The words of a command.
type Words<'a> = &'a [Vec<u8>];
/// The right answer to a command.
type Answer = Result<Value, Fault>;

/// Why there is no plain answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The answer is this error.
    Error(&'static str),
    /// The model does not know.
    Unknown,
}

const WRONG_TYPE: Fault =
    Fault::Error("WRONGTYPE Operation against a key holding the wrong kind of value");
const NOT_INTEGER: Fault = Fault::Error("ERR value is not an integer or out of range");
const OVERFLOW: Fault = Fault::Error("ERR increment or decrement would overflow");

/// What the model says of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is right.
    Right,
    /// The model does not know the command; the data may have changed.
    Unknown,
    /// It should have been this.
    Wrong(String),
}

/// A value of any type.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A string.
    Text(Vec<u8>),
    /// A list.
    List(VecDeque<Vec<u8>>),
    /// A hash.
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    /// A set.
    Set(BTreeSet<Vec<u8>>),
    /// A sorted set.
    Scored(BTreeMap<Vec<u8>, f64>),
    /// A stream: what XRANGE has answered. The model knows of it, but not what becomes of it.
    Stream(String),
}

/// A key's value and when it is over, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The value.
    pub data: Data,
    /// When it is over.
    pub expires: Option<i64>,
}

/// See the module's head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The keys.
    pub entries: BTreeMap<Vec<u8>, Entry>,
    now: i64,
}

/// A type of value that can be looked for under a key.
trait Kind: Default {
    fn of(data: &mut Data) -> Option<&mut Self>;
    fn wrap(self) -> Data;
    fn is_over(&self) -> bool;
}

macro_rules! kind {
    ($type:ty, $variant:ident, $over:expr) => {
        impl Kind for $type {
            fn of(data: &mut Data) -> Option<&mut Self> {
                if let Data::$variant(value) = data { Some(value) } else { None }
            }
            fn wrap(self) -> Data {
                Data::$variant(self)
            }
            fn is_over(&self) -> bool {
                let over: fn(&$type) -> bool = $over;
                over(self)
            }
        }
    };
}

type List = VecDeque<Vec<u8>>;
type Hash = BTreeMap<Vec<u8>, Vec<u8>>;
type Set = BTreeSet<Vec<u8>>;
type Scored = BTreeMap<Vec<u8>, f64>;

kind!(Vec<u8>, Text, |_| false);
kind!(List, List, |list| list.is_empty());
kind!(Hash, Hash, |hash| hash.is_empty());
kind!(Set, Set, |set| set.is_empty());
kind!(Scored, Scored, |scored| scored.is_empty());

impl Model {
    /// Moves the clock and forgets what is over.
    pub fn set_time(&mut self, now: i64) {
        self.now = now;
        self.entries.retain(|_, entry| entry.expires.is_none_or(|at| at > now));
    }

    /// Carries out a command and compares the server's reply with the right one.
    pub fn judge(&mut self, words: &[Vec<u8>], reply: &Value) -> Verdict {
        let name = String::from_utf8_lossy(&words[0]).to_ascii_uppercase();
        let groups = [
            strings::answer,
            keys::answer,
            lists::answer,
            hashes::answer,
            sets::answer,
            zsets::answer,
        ];
        let answers = groups.iter().map(|answer| answer(self, &name, words, reply));
        let answer = answers.into_iter().find(|answer| *answer != Err(Fault::Unknown));
        let right = match answer.unwrap_or(Err(Fault::Unknown)) {
            Ok(value) => value,
            Err(Fault::Error(text)) => Value::Error(text.into()),
            Err(Fault::Unknown) => return Verdict::Unknown,
        };
        if same(&right, reply) { Verdict::Right } else { Verdict::Wrong(format!("{right:?}")) }
    }

    /// The value at a key, for reading.
    fn read<K: Kind>(&mut self, key: &[u8]) -> Result<Option<&mut K>, Fault> {
        match self.entries.get_mut(key) {
            Some(entry) => K::of(&mut entry.data).map(Some).ok_or(WRONG_TYPE),
            None => Ok(None),
        }
    }

    /// A copy of the value at a key; an empty one if there is none.
    fn copy<K: Kind + Clone>(&mut self, key: &[u8]) -> Result<K, Fault> {
        Ok(self.read::<K>(key)?.cloned().unwrap_or_default())
    }

    /// Changes the value at a key, which is made if there is none, and goes if it is empty then.
    fn change<K: Kind, R>(&mut self, key: &[u8], f: impl FnOnce(&mut K) -> R) -> Result<R, Fault> {
        let fresh = || Entry { data: K::default().wrap(), expires: None };
        let entry = self.entries.entry(key.to_vec()).or_insert_with(fresh);
        let value = K::of(&mut entry.data).ok_or(WRONG_TYPE)?;
        let result = f(value);
        if value.is_over() {
            self.entries.remove(key);
        }
        Ok(result)
    }

    /// Puts a value to a key, whatever was there; an empty one leaves the key free.
    fn put<K: Kind>(&mut self, key: &[u8], value: K) {
        self.entries.remove(key);
        if !value.is_over() {
            self.entries.insert(key.to_vec(), Entry { data: value.wrap(), expires: None });
        }
    }
}

/// Whether a reply of RESP2 says what is right. A set may come in any order, a map as a flat array
/// of pairs in any order, a double as its digits.
fn same(right: &Value, reply: &Value) -> bool {
    match (right, reply) {
        (Value::Set(right), Value::Array(reply)) => sorted(right.clone()) == sorted(reply.clone()),
        (Value::Map(right), Value::Array(reply)) => {
            let flat: Vec<Value> =
                right.iter().map(|(a, b)| Value::Array(vec![a.clone(), b.clone()])).collect();
            let pairs: Vec<Value> = reply.chunks(2).map(|p| Value::Array(p.to_vec())).collect();
            sorted(flat) == sorted(pairs)
        }
        (Value::Double(right), Value::Bulk(text)) => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) == Some(right.number)
        }
        (Value::Array(right), Value::Array(reply)) => {
            right.len() == reply.len() && right.iter().zip(reply).all(|(a, b)| same(a, b))
        }
        _ => right == reply,
    }
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(|value| format!("{value:?}"));
    values
}

fn bulk(bytes: &[u8]) -> Value {
    Value::Bulk(bytes.to_vec())
}

fn maybe(bytes: Option<impl AsRef<[u8]>>) -> Value {
    bytes.map_or(Value::Null, |bytes| bulk(bytes.as_ref()))
}

fn bulks<B: AsRef<[u8]>>(items: impl IntoIterator<Item = B>) -> Value {
    Value::Array(items.into_iter().map(|item| bulk(item.as_ref())).collect())
}

fn int(number: usize) -> Value {
    Value::Integer(number as i64)
}

fn truth(truth: bool) -> Value {
    Value::Integer(i64::from(truth))
}

fn ok() -> Value {
    Value::Status(b"OK".to_vec())
}

fn double(number: f64) -> Value {
    Value::Double(Double { number, text: "".into() })
}

/// A decimal integer in its one canonical form.
fn parse_int(word: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(word).ok()?;
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn number(word: &[u8]) -> Result<i64, Fault> {
    parse_int(word).ok_or(NOT_INTEGER)
}

/// An index that may count from the end, as a place from the start.
fn place(index: i64, len: usize) -> Option<usize> {
    let at = if index < 0 { (len as i64).checked_add(index)? } else { index };
    usize::try_from(at).ok().filter(|&at| at < len)
}

/// The places from `start` to `stop`, both counted from the end if negative, the last included.
fn range(start: i64, stop: i64, len: usize) -> std::ops::Range<usize> {
    let from_end = |index: i64| if index < 0 { index.saturating_add(len as i64) } else { index };
    let (start, stop) = (from_end(start).max(0), from_end(stop).min(len as i64 - 1));
    if start > stop { 0..0 } else { start as usize..stop as usize + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[track_caller]
    fn judged(model: &mut Model, line: &str, reply: &Value) -> Verdict {
        model.judge(&words(line), reply)
    }

    #[test]
    fn right_and_wrong_replies_are_told_apart() {
        let mut model = Model::default();
        assert_eq!(judged(&mut model, "SET k v", &ok()), Verdict::Right);
        assert_eq!(judged(&mut model, "GET k", &bulk(b"v")), Verdict::Right);
        assert!(matches!(judged(&mut model, "GET k", &bulk(b"w")), Verdict::Wrong(_)));
        assert!(matches!(judged(&mut model, "GET k", &Value::Null), Verdict::Wrong(_)));
        assert!(matches!(judged(&mut model, "LPUSH k x", &int(1)), Verdict::Wrong(_)));
        let refusal = Value::Error(
            b"WRONGTYPE Operation against a key holding the wrong kind \
            of value"
                .to_vec(),
        );
        assert_eq!(judged(&mut model, "LPUSH k x", &refusal), Verdict::Right);
        assert_eq!(judged(&mut model, "NOSUCH k", &ok()), Verdict::Unknown);
    }

    #[test]
    fn a_free_choice_is_followed_only_among_what_is_possible() {
        let mut model = Model::default();
        assert_eq!(judged(&mut model, "SADD s a b", &int(2)), Verdict::Right);
        assert!(matches!(judged(&mut model, "SPOP s", &bulk(b"c")), Verdict::Wrong(_)));
        assert_eq!(judged(&mut model, "SPOP s", &bulk(b"b")), Verdict::Right);
        assert_eq!(judged(&mut model, "SMEMBERS s", &bulks(["a"])), Verdict::Right);
        assert!(matches!(
            judged(&mut model, "SRANDMEMBER s 2", &bulks(["a", "a"])),
            Verdict::Wrong(_)
        ));
    }

    #[test]
    fn time_ends_keys() {
        let mut model = Model::default();
        model.set_time(1000);
        assert_eq!(judged(&mut model, "SET k v PX 10", &ok()), Verdict::Right);
        model.set_time(1009);
        assert_eq!(judged(&mut model, "PTTL k", &Value::Integer(1)), Verdict::Right);
        model.set_time(1010);
        assert_eq!(judged(&mut model, "GET k", &Value::Null), Verdict::Right);
    }
}
