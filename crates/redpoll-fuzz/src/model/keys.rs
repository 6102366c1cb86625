//! Keys of any type, and their time.

use super::{Answer, Data, Fault, Model, Words, int, number, ok, truth};
use redpoll_client::Value;

pub(super) fn answer(model: &mut Model, name: &str, w: Words<'_>, reply: &Value) -> Answer {
    match (name, w) {
        ("DEL" | "UNLINK", [_, keys @ ..]) => {
            Ok(int(keys.iter().filter(|key| model.entries.remove(*key).is_some()).count()))
        }
        ("EXISTS" | "TOUCH", [_, keys @ ..]) => {
            Ok(int(keys.iter().filter(|key| model.entries.contains_key(*key)).count()))
        }
        ("TYPE", [_, key]) => {
            let name = match model.entries.get(key).map(|entry| &entry.data) {
                None => "none",
                Some(Data::Text(_)) => "string",
                Some(Data::List(_)) => "list",
                Some(Data::Hash(_)) => "hash",
                Some(Data::Set(_)) => "set",
                Some(Data::Scored(_)) => "zset",
                Some(Data::Stream(_)) => "stream",
            };
            Ok(Value::Status(name.into()))
        }
        // Keys that are over count until somebody has noticed.
        ("DBSIZE", [_]) => match reply.as_i64() {
            Some(size) if size >= model.entries.len() as i64 => Ok(reply.clone()),
            _ => Ok(int(model.entries.len())),
        },
        ("FLUSHALL", [_]) => {
            model.entries.clear();
            Ok(ok())
        }
        ("RANDOMKEY", [_]) => match reply {
            Value::Bulk(key) if model.entries.contains_key(key) => Ok(reply.clone()),
            _ if model.entries.is_empty() => Ok(Value::Null),
            _ => Err(Fault::Error("a key that is there")),
        },
        ("PEXPIRE", [_, key, millis]) => expire(model, key, number(millis)?, b""),
        ("PEXPIRE", [_, key, millis, option]) => expire(model, key, number(millis)?, option),
        ("PERSIST", [_, key]) => {
            let taken = model.entries.get_mut(key).and_then(|entry| entry.expires.take());
            Ok(truth(taken.is_some()))
        }
        ("PTTL", [_, key]) => Ok(Value::Integer(match model.entries.get(key) {
            None => -2,
            Some(entry) => entry.expires.map_or(-1, |at| at - model.now),
        })),
        ("RENAME", [_, from, to]) => {
            let entry = model.entries.remove(from).ok_or(NO_KEY)?;
            model.entries.insert(to.clone(), entry);
            Ok(ok())
        }
        ("RENAMENX", [_, from, to]) => {
            if !model.entries.contains_key(from) {
                return Err(NO_KEY);
            }
            let free = !model.entries.contains_key(to);
            if free && let Some(entry) = model.entries.remove(from) {
                model.entries.insert(to.clone(), entry);
            }
            Ok(truth(free))
        }
        ("COPY", [_, from, to, replace @ ..]) => copy(model, from, to, !replace.is_empty()),
        _ => Err(Fault::Unknown),
    }
}

const NO_KEY: Fault = Fault::Error("ERR no such key");

fn expire(model: &mut Model, key: &[u8], millis: i64, option: &[u8]) -> Answer {
    let at = model.now.checked_add(millis).ok_or(Fault::Unknown)?;
    let Some(entry) = model.entries.get_mut(key) else { return Ok(truth(false)) };
    // A key without an end counts as one that never ends.
    let old = entry.expires.unwrap_or(i64::MAX);
    let allowed = match option {
        b"NX" => entry.expires.is_none(),
        b"XX" => entry.expires.is_some(),
        b"GT" => at > old,
        b"LT" => at < old,
        _ => true,
    };
    if allowed {
        entry.expires = Some(at);
        if millis <= 0 {
            model.entries.remove(key);
        }
    }
    Ok(truth(allowed))
}

fn copy(model: &mut Model, from: &[u8], to: &[u8], replace: bool) -> Answer {
    if from == to {
        return Err(Fault::Error("ERR source and destination objects are the same"));
    }
    let Some(entry) = model.entries.get(from).cloned() else { return Ok(truth(false)) };
    if model.entries.contains_key(to) && !replace {
        return Ok(truth(false));
    }
    model.entries.insert(to.to_vec(), entry);
    Ok(truth(true))
}
