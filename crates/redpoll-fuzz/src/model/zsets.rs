//! Sorted sets.

use super::{Answer, Fault, Model, Scored, Words, bulk, double, int, number, range};
use redpoll_client::Value;

const NOT_A_NUMBER: Fault = Fault::Error("ERR resulting score is not a number (NaN)");

/// Members with their scores, in order.
type Ranked = Vec<(Vec<u8>, f64)>;

pub(super) fn answer(model: &mut Model, name: &str, w: Words<'_>, _reply: &Value) -> Answer {
    let [_, key, rest @ ..] = w else { return Err(Fault::Unknown) };
    match (name, rest) {
        ("ZADD", words) => add(model, key, words),
        ("ZINCRBY", [by, member]) => increase(model, key, score(by)?, member),
        ("ZREM", members) => model.change(key, |set: &mut Scored| {
            int(members.iter().filter(|member| set.remove(*member).is_some()).count())
        }),
        ("ZSCORE", [member]) => Ok(maybe_score(model.copy::<Scored>(key)?.get(member))),
        ("ZMSCORE", members) => {
            let set = model.copy::<Scored>(key)?;
            Ok(Value::Array(members.iter().map(|member| maybe_score(set.get(member))).collect()))
        }
        ("ZRANK" | "ZREVRANK", [member]) => {
            let ranked = ranked(model, key, name == "ZREVRANK")?;
            Ok(ranked.iter().position(|(m, _)| m == member).map_or(Value::Null, int))
        }
        ("ZCARD", []) => Ok(int(model.copy::<Scored>(key)?.len())),
        ("ZCOUNT", [min, max]) => Ok(int(by_score(model, key, min, max)?.len())),
        _ => by_range(model, name, key, rest),
    }
}

/// The commands that name members by their rank or score.
fn by_range(model: &mut Model, name: &str, key: &[u8], rest: Words<'_>) -> Answer {
    match (name, rest) {
        ("ZRANGE", [start, stop]) => Ok(shown(&by_rank(model, key, start, stop, false)?, false)),
        ("ZRANGE", [start, stop, option]) if option == b"REV" => {
            Ok(shown(&by_rank(model, key, start, stop, true)?, false))
        }
        ("ZRANGE", [start, stop, option]) if option == b"WITHSCORES" => {
            Ok(shown(&by_rank(model, key, start, stop, false)?, true))
        }
        ("ZRANGE", [min, max, by, _limit, offset, count]) if by == b"BYSCORE" => {
            let found = by_score(model, key, min, max)?;
            let (offset, count) = (number(offset)? as usize, number(count)? as usize);
            Ok(shown(&found.into_iter().skip(offset).take(count).collect(), false))
        }
        ("ZRANGEBYSCORE", [min, max]) => Ok(shown(&by_score(model, key, min, max)?, false)),
        ("ZREVRANGEBYSCORE", [max, min]) => {
            let mut found = by_score(model, key, min, max)?;
            found.reverse();
            Ok(shown(&found, false))
        }
        ("ZPOPMIN" | "ZPOPMAX", [count]) => {
            let count = usize::try_from(number(count)?).map_err(|_| Fault::Unknown)?;
            let mut found = ranked(model, key, name == "ZPOPMAX")?;
            found.truncate(count);
            remove(model, key, &found)?;
            Ok(shown(&found, true))
        }
        ("ZREMRANGEBYRANK", [start, stop]) => {
            let found = by_rank(model, key, start, stop, false)?;
            remove(model, key, &found)
        }
        ("ZREMRANGEBYSCORE", [min, max]) => {
            let found = by_score(model, key, min, max)?;
            remove(model, key, &found)
        }
        ("ZUNIONSTORE", [two, a, b]) if two == b"2" => {
            let (mut union, b) = (scores_of(model, a)?, scores_of(model, b)?);
            for (member, score) in b {
                let sum = union.get(&member).map_or(score, |old| add_scores(*old, score));
                union.insert(member, sum);
            }
            store(model, key, union)
        }
        ("ZINTERSTORE", [two, a, b]) if two == b"2" => {
            let (a, b) = (scores_of(model, a)?, scores_of(model, b)?);
            let both = |(member, score): (Vec<u8>, f64)| {
                b.get(&member).map(|other| (member.clone(), add_scores(score, *other)))
            };
            let both = a.into_iter().filter_map(both).collect();
            store(model, key, both)
        }
        _ => Err(Fault::Unknown),
    }
}

fn score(word: &[u8]) -> Result<f64, Fault> {
    let text = std::str::from_utf8(word).map_err(|_| Fault::Unknown)?;
    text.parse().map_err(|_| Fault::Unknown)
}

fn maybe_score(score: Option<&f64>) -> Value {
    score.map_or(Value::Null, |score| double(*score))
}

/// A sum in which opposite infinities make zero, as in unions and intersections.
fn add_scores(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if sum.is_nan() { 0.0 } else { sum }
}

fn add(model: &mut Model, key: &[u8], words: Words<'_>) -> Answer {
    let flags =
        words.iter().take_while(|word| word[..].first().is_some_and(u8::is_ascii_uppercase));
    let flags: Vec<&[u8]> = flags.map(Vec::as_slice).collect();
    let has = |flag: &str| flags.contains(&flag.as_bytes());
    let pairs = &words[flags.len()..];
    if has("INCR") {
        return increase(model, key, score(&pairs[0])?, &pairs[1]);
    }
    let mut set = model.copy::<Scored>(key)?;
    let (mut added, mut changed) = (0, 0);
    for pair in pairs.chunks(2) {
        let new = score(&pair[0])?;
        match set.get(&pair[1]).copied() {
            Some(_) if has("NX") => continue,
            Some(old) if (has("GT") && new <= old) || (has("LT") && new >= old) => continue,
            None if has("XX") => continue,
            Some(old) => changed += usize::from(old != new),
            None => added += 1,
        }
        set.insert(pair[1].clone(), new);
    }
    if !set.is_empty() {
        model.change(key, |old: &mut Scored| *old = set)?;
    }
    Ok(int(added + if has("CH") { changed } else { 0 }))
}

fn increase(model: &mut Model, key: &[u8], by: f64, member: &[u8]) -> Answer {
    let old = model.copy::<Scored>(key)?.get(member).copied().unwrap_or(0.0);
    let new = old + by;
    if new.is_nan() {
        return Err(NOT_A_NUMBER);
    }
    model.change(key, |set: &mut Scored| set.insert(member.to_vec(), new))?;
    Ok(double(new))
}

fn ranked(model: &mut Model, key: &[u8], reverse: bool) -> Result<Ranked, Fault> {
    let mut all: Ranked = model.copy::<Scored>(key)?.into_iter().collect();
    // The map is in the order of members, and the sort keeps that among equal scores.
    all.sort_by(|(_, a), (_, b)| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    if reverse {
        all.reverse();
    }
    Ok(all)
}

fn by_rank(
    model: &mut Model,
    key: &[u8],
    start: &[u8],
    stop: &[u8],
    reverse: bool,
) -> Result<Ranked, Fault> {
    let (start, stop) = (number(start)?, number(stop)?);
    let all = ranked(model, key, reverse)?;
    Ok(all[range(start, stop, all.len())].to_vec())
}

fn by_score(model: &mut Model, key: &[u8], min: &[u8], max: &[u8]) -> Result<Ranked, Fault> {
    let bound = |word: &[u8]| match word.strip_prefix(b"(") {
        Some(rest) => Ok((score(rest)?, true)),
        None => Ok((score(word)?, false)),
    };
    let ((min, above), (max, below)) = (bound(min)?, bound(max)?);
    let inside = |score: f64| {
        (if above { score > min } else { score >= min })
            && (if below { score < max } else { score <= max })
    };
    Ok(ranked(model, key, false)?.into_iter().filter(|(_, score)| inside(*score)).collect())
}

fn remove(model: &mut Model, key: &[u8], found: &Ranked) -> Answer {
    model.change(key, |set: &mut Scored| {
        set.retain(|member, _| found.iter().all(|(gone, _)| gone != member));
        int(found.len())
    })
}

/// The scores of a sorted set, or 1 for each member of a set.
fn scores_of(model: &mut Model, key: &[u8]) -> Result<Scored, Fault> {
    match model.copy::<Scored>(key) {
        Ok(scores) => Ok(scores),
        Err(_) => {
            let set = model.copy::<super::Set>(key)?;
            Ok(set.into_iter().map(|member| (member, 1.0)).collect())
        }
    }
}

fn store(model: &mut Model, key: &[u8], set: Scored) -> Answer {
    let len = set.len();
    model.put(key, set);
    Ok(int(len))
}

fn shown(found: &Ranked, with_scores: bool) -> Value {
    let mut items = Vec::new();
    for (member, score) in found {
        items.push(bulk(member));
        if with_scores {
            items.push(double(*score));
        }
    }
    Value::Array(items)
}
