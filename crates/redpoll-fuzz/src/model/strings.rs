//! Strings.

use super::{
    Answer, Data, Entry, Fault, Model, NOT_INTEGER, OVERFLOW, Words, bulk, int, maybe, number, ok,
    parse_int, range, truth,
};
use redpoll_client::Value;

pub(super) fn answer(model: &mut Model, name: &str, w: Words<'_>, _reply: &Value) -> Answer {
    match (name, w) {
        ("SET", [_, key, value, options @ ..]) => set(model, key, value, options),
        ("GET", [_, key]) => Ok(maybe(model.read::<Vec<u8>>(key)?)),
        ("STRLEN", [_, key]) => Ok(int(model.copy::<Vec<u8>>(key)?.len())),
        ("GETDEL", [_, key]) => {
            let old = model.read::<Vec<u8>>(key)?.cloned();
            model.entries.remove(key);
            Ok(maybe(old))
        }
        ("GETSET", [_, key, value]) => {
            let old = model.read::<Vec<u8>>(key)?.cloned();
            model.put(key, value.clone());
            Ok(maybe(old))
        }
        ("SETNX", [_, key, value]) => {
            let free = !model.entries.contains_key(key);
            if free {
                model.put(key, value.clone());
            }
            Ok(truth(free))
        }
        ("APPEND", [_, key, value]) => model.change(key, |text: &mut Vec<u8>| {
            text.extend(value);
            int(text.len())
        }),
        ("INCR", [_, key]) => add(model, key, Some(1)),
        ("DECR", [_, key]) => add(model, key, Some(-1)),
        ("INCRBY", [_, key, by]) => add(model, key, Some(number(by)?)),
        ("DECRBY", [_, key, by]) => match number(by)? {
            i64::MIN => Err(Fault::Error("ERR decrement would overflow")),
            by => add(model, key, Some(-by)),
        },
        ("GETRANGE", [_, key, start, stop]) => {
            let (start, stop) = (number(start)?, number(stop)?);
            let text = model.copy::<Vec<u8>>(key)?;
            // Two places before the start make nothing, even where both would be cut to it.
            let nothing = start < 0 && stop < 0 && start > stop;
            let stop = if stop < 0 { stop.saturating_add(text.len() as i64).max(0) } else { stop };
            Ok(bulk(if nothing { &[] } else { &text[range(start, stop, text.len())] }))
        }
        ("SETRANGE", [_, key, at, value]) => set_range(model, key, number(at)?, value),
        ("MSET", [_, pairs @ ..]) => {
            pairs.chunks(2).for_each(|pair| model.put(&pair[0], pair[1].clone()));
            Ok(ok())
        }
        ("MSETNX", [_, pairs @ ..]) => {
            let free = pairs.chunks(2).all(|pair| !model.entries.contains_key(&pair[0]));
            if free {
                pairs.chunks(2).for_each(|pair| model.put(&pair[0], pair[1].clone()));
            }
            Ok(truth(free))
        }
        ("DELIFEQ" | "DELEX", [_, key, rest @ ..]) => delete(model, name, key, rest),
        ("MGET", [_, keys @ ..]) => {
            let one = |key: &Vec<u8>| maybe(model.read::<Vec<u8>>(key).ok().flatten());
            Ok(Value::Array(keys.iter().map(one).collect()))
        }
        _ => Err(Fault::Unknown),
    }
}

fn set(model: &mut Model, key: &[u8], value: &[u8], options: Words<'_>) -> Answer {
    let has = |word: &str| options.iter().any(|option| option == word.as_bytes());
    let mut expires = None;
    if let [px, millis] = options
        && px == b"PX"
    {
        let millis = number(millis)?;
        if millis <= 0 {
            return Err(Fault::Error("ERR invalid expire time in 'set' command"));
        }
        expires = Some(model.now + millis);
    }
    let old = match has("GET") {
        true => Some(model.read::<Vec<u8>>(key)?.cloned()),
        false => None,
    };
    let compare = options.windows(2).find_map(|pair| match &pair[0][..] {
        b"IFEQ" => Some((&pair[1], true)),
        b"IFNE" => Some((&pair[1], false)),
        _ => None,
    });
    if let Some((word, same)) = compare
        && !is_as_expected(model, key, word, same)?
    {
        return Ok(old.map_or(Value::Null, maybe));
    }
    let before = model.entries.get(key);
    if (has("NX") && before.is_some()) || (has("XX") && before.is_none()) {
        return Ok(Value::Null);
    }
    if has("KEEPTTL") {
        expires = before.and_then(|entry| entry.expires);
    }
    model.entries.insert(key.to_vec(), Entry { data: Data::Text(value.to_vec()), expires });
    Ok(old.map_or_else(ok, maybe))
}

/// Whether the value is the word, or another if that is expected.
fn is_as_expected(model: &mut Model, key: &[u8], word: &[u8], same: bool) -> Result<bool, Fault> {
    Ok((model.read::<Vec<u8>>(key)?.is_some_and(|value| value == word)) == same)
}

/// DELEX and DELIFEQ.
fn delete(model: &mut Model, name: &str, key: &[u8], rest: Words<'_>) -> Answer {
    let holds = match rest {
        [] => true,
        [word] if name == "DELIFEQ" => is_as_expected(model, key, word, true)?,
        [how, word] if matches!(&how[..], b"IFEQ" | b"IFNE") && name == "DELEX" => {
            let text = "ERR Key should be of string type if conditions are specified";
            is_as_expected(model, key, word, how == b"IFEQ").map_err(|_| Fault::Error(text))?
        }
        _ => return Err(Fault::Unknown),
    };
    Ok(truth(holds && model.entries.remove(key).is_some()))
}

fn add(model: &mut Model, key: &[u8], by: Option<i64>) -> Answer {
    let old = match model.read::<Vec<u8>>(key)? {
        Some(text) => parse_int(text).ok_or(NOT_INTEGER)?,
        None => 0,
    };
    let new = by.and_then(|by| old.checked_add(by)).ok_or(OVERFLOW)?;
    model.change(key, |text: &mut Vec<u8>| *text = new.to_string().into_bytes())?;
    Ok(Value::Integer(new))
}

fn set_range(model: &mut Model, key: &[u8], at: i64, value: &[u8]) -> Answer {
    let at = usize::try_from(at).map_err(|_| Fault::Error("ERR offset is out of range"))?;
    let len = model.copy::<Vec<u8>>(key)?.len();
    if value.is_empty() {
        return Ok(int(len));
    }
    model.change(key, |text: &mut Vec<u8>| {
        text.resize(len.max(at + value.len()), 0);
        text[at..at + value.len()].copy_from_slice(value);
        int(text.len())
    })
}
