//! Lists.

use super::{Answer, Fault, List, Model, Words, bulk, bulks, int, maybe, number, ok, place, range};
use redpoll_client::Value;

pub(super) fn answer(model: &mut Model, name: &str, w: Words<'_>, _reply: &Value) -> Answer {
    match (name, w) {
        ("LPUSH" | "RPUSH" | "LPUSHX" | "RPUSHX", [_, key, values @ ..]) => {
            let old = model.copy::<List>(key)?;
            if name.ends_with('X') && old.is_empty() {
                return Ok(int(0));
            }
            model.change(key, |list: &mut List| {
                for value in values.iter().cloned() {
                    if name.starts_with('L') {
                        list.push_front(value)
                    } else {
                        list.push_back(value)
                    }
                }
                int(list.len())
            })
        }
        ("LPOP" | "RPOP", [_, key]) => Ok(maybe(pop(model, key, name.starts_with('L'), 1)?.pop())),
        ("LPOP" | "RPOP", [_, key, count]) => {
            let count = count_of(count)?;
            if model.copy::<List>(key)?.is_empty() {
                return Ok(Value::Null);
            }
            Ok(bulks(pop(model, key, name.starts_with('L'), count)?))
        }
        ("BLPOP", [_, keys @ .., _timeout]) => {
            for key in keys {
                if let Some(value) = pop(model, key, true, 1)?.pop() {
                    return Ok(bulks([key, &value]));
                }
            }
            Ok(Value::Null)
        }
        ("LMPOP", [_, two, a, b, _left, _count, count]) if two == b"2" => {
            let count = count_of(count).ok().filter(|&count| count > 0);
            let Some(count) = count else {
                return Err(Fault::Error("ERR count should be greater than 0"));
            };
            for key in [a, b] {
                let values = pop(model, key, true, count)?;
                if !values.is_empty() {
                    return Ok(Value::Array(vec![bulk(key), bulks(values)]));
                }
            }
            Ok(Value::Null)
        }
        _ => by_place(model, name, w),
    }
}

/// The commands that name places or values in a list.
fn by_place(model: &mut Model, name: &str, w: Words<'_>) -> Answer {
    match (name, w) {
        ("LLEN", [_, key]) => Ok(int(model.copy::<List>(key)?.len())),
        ("LRANGE", [_, key, start, stop]) => {
            let (start, stop) = (number(start)?, number(stop)?);
            let list = model.copy::<List>(key)?;
            Ok(bulks(list.range(range(start, stop, list.len()))))
        }
        ("LINDEX", [_, key, index]) => {
            let list = model.copy::<List>(key)?;
            Ok(maybe(place(number(index)?, list.len()).and_then(|at| list.get(at))))
        }
        ("LTRIM", [_, key, start, stop]) => {
            let (start, stop) = (number(start)?, number(stop)?);
            model.change(key, |list: &mut List| {
                *list = list.range(range(start, stop, list.len())).cloned().collect();
                ok()
            })
        }
        ("LSET", [_, key, index, value]) => {
            let len = model.copy::<List>(key)?.len();
            if len == 0 {
                return Err(Fault::Error("ERR no such key"));
            }
            let at = place(number(index)?, len);
            let at = at.ok_or(Fault::Error("ERR index out of range"))?;
            model.change(key, |list: &mut List| {
                list[at] = value.clone();
                ok()
            })
        }
        ("LREM", [_, key, count, value]) => remove(model, key, number(count)?, value),
        ("LINSERT", [_, key, side, pivot, value]) => {
            let list = model.copy::<List>(key)?;
            let Some(at) = list.iter().position(|item| item == pivot) else {
                return Ok(Value::Integer(if list.is_empty() { 0 } else { -1 }));
            };
            model.change(key, |list: &mut List| {
                list.insert(at + usize::from(side == b"AFTER"), value.clone());
                int(list.len())
            })
        }
        ("RPOPLPUSH", [_, from, to]) => shift(model, from, to, false, true),
        ("LMOVE", [_, from, to, out, into]) => {
            shift(model, from, to, out == b"LEFT", into == b"LEFT")
        }
        _ => Err(Fault::Unknown),
    }
}

fn count_of(word: &[u8]) -> Result<usize, Fault> {
    usize::try_from(number(word)?).map_err(|_| Fault::Unknown)
}

/// Takes up to `count` values from an end; nothing if there is no list.
fn pop(model: &mut Model, key: &[u8], left: bool, count: usize) -> Result<Vec<Vec<u8>>, Fault> {
    model.change(key, |list: &mut List| {
        let take = |_| if left { list.pop_front() } else { list.pop_back() };
        (0..count).map_while(take).collect()
    })
}

fn remove(model: &mut Model, key: &[u8], count: i64, value: &[u8]) -> Answer {
    model.change(key, |list: &mut List| {
        let mut left = match usize::try_from(count.unsigned_abs()) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(count) => count,
        };
        let before = list.len();
        let mut keep = |item: &Vec<u8>| {
            let gone = item == value && left > 0;
            left -= usize::from(gone);
            !gone
        };
        if count < 0 {
            let mut kept: List = list.iter().rev().filter(|item| keep(item)).cloned().collect();
            kept.make_contiguous().reverse();
            *list = kept;
        } else {
            list.retain(|item| keep(item));
        }
        int(before - list.len())
    })
}

fn shift(model: &mut Model, from: &[u8], to: &[u8], left: bool, into_left: bool) -> Answer {
    if model.copy::<List>(from)?.is_empty() {
        return Ok(Value::Null);
    }
    model.read::<List>(to)?;
    // Within one list the key never goes, not even for a moment, so its time stays.
    let expires = model.entries.get(from).and_then(|entry| entry.expires);
    let value = pop(model, from, left, 1)?.pop().ok_or(Fault::Unknown)?;
    model.change(to, |list: &mut List| match into_left {
        true => list.push_front(value.clone()),
        false => list.push_back(value.clone()),
    })?;
    if from == to
        && let Some(entry) = model.entries.get_mut(to)
    {
        entry.expires = expires;
    }
    Ok(bulk(&value))
}
