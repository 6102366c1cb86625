//! Hashes.

use super::{Answer, Fault, Hash, Model, Words, bulk, int, maybe, number, parse_int, truth};
use redpoll_client::Value;

pub(super) fn answer(model: &mut Model, name: &str, w: Words<'_>, _reply: &Value) -> Answer {
    let [_, key, rest @ ..] = w else { return Err(Fault::Unknown) };
    match (name, rest) {
        ("HSET", pairs) if pairs.len() >= 2 && pairs.len().is_multiple_of(2) => {
            model.change(key, |hash: &mut Hash| {
                let mut new = |pair: &[Vec<u8>]| hash.insert(pair[0].clone(), pair[1].clone());
                int(pairs.chunks(2).filter(|pair| new(pair).is_none()).count())
            })
        }
        ("HSETNX", [field, value]) => model.change(key, |hash: &mut Hash| {
            let free = !hash.contains_key(field);
            hash.entry(field.clone()).or_insert_with(|| value.clone());
            truth(free)
        }),
        ("HGET", [field]) => Ok(maybe(model.copy::<Hash>(key)?.get(field))),
        ("HMGET", fields) => {
            let hash = model.copy::<Hash>(key)?;
            Ok(Value::Array(fields.iter().map(|field| maybe(hash.get(field))).collect()))
        }
        ("HDEL", fields) => model.change(key, |hash: &mut Hash| {
            int(fields.iter().filter(|field| hash.remove(*field).is_some()).count())
        }),
        ("HLEN", []) => Ok(int(model.copy::<Hash>(key)?.len())),
        ("HEXISTS", [field]) => Ok(truth(model.copy::<Hash>(key)?.contains_key(field))),
        ("HSTRLEN", [field]) => Ok(int(model.copy::<Hash>(key)?.get(field).map_or(0, Vec::len))),
        ("HKEYS", []) => Ok(any_order(model.copy::<Hash>(key)?.keys())),
        ("HVALS", []) => Ok(any_order(model.copy::<Hash>(key)?.values())),
        ("HGETALL", []) => {
            let hash = model.copy::<Hash>(key)?;
            Ok(Value::Map(hash.iter().map(|(field, value)| (bulk(field), bulk(value))).collect()))
        }
        ("HINCRBY", [field, by]) => {
            let by = number(by)?;
            let old = match model.copy::<Hash>(key)?.get(field) {
                Some(text) => {
                    parse_int(text).ok_or(Fault::Error("ERR hash value is not an integer"))
                }
                None => Ok(0),
            };
            let new = old?.checked_add(by).ok_or(super::OVERFLOW)?;
            model.change(key, |hash: &mut Hash| {
                hash.insert(field.clone(), new.to_string().into())
            })?;
            Ok(Value::Integer(new))
        }
        _ => Err(Fault::Unknown),
    }
}

fn any_order<'a>(items: impl Iterator<Item = &'a Vec<u8>>) -> Value {
    Value::Set(items.map(|item| bulk(item)).collect())
}
