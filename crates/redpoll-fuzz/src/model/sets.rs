//! Sets.

use super::{Answer, Fault, Model, Set, Words, bulk, int, number, truth};
use redpoll_client::Value;

pub(super) fn answer(model: &mut Model, name: &str, w: Words<'_>, reply: &Value) -> Answer {
    let [_, key, rest @ ..] = w else { return Err(Fault::Unknown) };
    match (name, rest) {
        ("SADD", members) => model.change(key, |set: &mut Set| {
            int(members.iter().filter(|member| set.insert(member.to_vec())).count())
        }),
        ("SREM", members) => model.change(key, |set: &mut Set| {
            int(members.iter().filter(|member| set.remove(*member)).count())
        }),
        ("SISMEMBER", [member]) => Ok(truth(model.copy::<Set>(key)?.contains(member))),
        ("SMISMEMBER", members) => {
            let set = model.copy::<Set>(key)?;
            Ok(Value::Array(members.iter().map(|member| truth(set.contains(member))).collect()))
        }
        ("SCARD", []) => Ok(int(model.copy::<Set>(key)?.len())),
        ("SMEMBERS", []) => Ok(any_order(model.copy::<Set>(key)?)),
        ("SINTER" | "SUNION" | "SDIFF", _) => Ok(any_order(combine(model, &name[1..], &w[1..])?)),
        ("SINTERSTORE" | "SUNIONSTORE" | "SDIFFSTORE", sources) => {
            let result = combine(model, &name[1..name.len() - 5], sources)?;
            let len = result.len();
            model.put(key, result);
            Ok(int(len))
        }
        ("SINTERCARD", [a, b, _limit, limit]) if key == b"2" => {
            let limit = number(limit)?;
            let len = combine(model, "INTER", &[a.clone(), b.clone()])?.len() as i64;
            Ok(Value::Integer(if limit == 0 { len } else { len.min(limit) }))
        }
        ("SMOVE", [to, member]) => {
            let there = model.copy::<Set>(key)?.contains(member);
            // The destination's type is looked at even where there is nothing to move, unless
            // the source is missing.
            if !model.entries.contains_key(key) {
                return Ok(truth(false));
            }
            model.read::<Set>(to)?;
            if there && key != to {
                model.change(key, |set: &mut Set| set.remove(member))?;
                model.change(to, |set: &mut Set| set.insert(member.clone()))?;
            }
            Ok(truth(there))
        }
        ("SPOP", []) => {
            let set = model.copy::<Set>(key)?;
            follow_one(&set, reply)?;
            model.change(key, |set: &mut Set| reply.as_bytes().is_some_and(|m| set.remove(m)))?;
            Ok(reply.clone())
        }
        ("SPOP", [count]) => {
            let count = usize::try_from(number(count)?).map_err(|_| Fault::Unknown)?;
            let set = model.copy::<Set>(key)?;
            let taken = follow_distinct(&set, count, reply)?;
            model.change(key, |set: &mut Set| set.retain(|member| !taken.contains(member)))?;
            Ok(reply.clone())
        }
        ("SRANDMEMBER", []) => {
            follow_one(&model.copy::<Set>(key)?, reply)?;
            Ok(reply.clone())
        }
        ("SRANDMEMBER", [count]) => {
            let count = number(count)?;
            let Ok(count) = usize::try_from(count) else { return Err(Fault::Unknown) };
            follow_distinct(&model.copy::<Set>(key)?, count, reply)?;
            Ok(reply.clone())
        }
        _ => Err(Fault::Unknown),
    }
}

/// One member of the set, or null if it is empty.
fn follow_one(set: &Set, reply: &Value) -> Result<(), Fault> {
    match reply {
        Value::Bulk(member) if set.contains(member) => Ok(()),
        Value::Null if set.is_empty() => Ok(()),
        _ => Err(Fault::Error("a member of the set")),
    }
}

/// So many different members of the set, or all of them.
fn follow_distinct(set: &Set, count: usize, reply: &Value) -> Result<Set, Fault> {
    let items = reply.as_slice().ok_or(Fault::Error("an array of members"))?;
    let taken: Set = items.iter().filter_map(|item| Some(item.as_bytes()?.to_vec())).collect();
    let right =
        taken.len() == items.len() && taken.is_subset(set) && taken.len() == count.min(set.len());
    if right { Ok(taken) } else { Err(Fault::Error("so many different members of the set")) }
}

fn combine(model: &mut Model, how: &str, keys: &[Vec<u8>]) -> Result<Set, Fault> {
    let sets: Vec<Set> = keys.iter().map(|key| model.copy::<Set>(key)).collect::<Result<_, _>>()?;
    let join = |a: Set, b: &Set| match how {
        "INTER" => &a & b,
        "UNION" => &a | b,
        _ => &a - b,
    };
    let mut sets = sets.iter();
    let first = sets.next().cloned().unwrap_or_default();
    Ok(sets.fold(first, join))
}

fn any_order(set: Set) -> Value {
    Value::Set(set.iter().map(|member| bulk(member)).collect())
}
