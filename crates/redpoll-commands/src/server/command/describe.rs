//! A command as COMMAND and COMMAND INFO describe it: an array of ten parts, the last its
//! subcommands.

use crate::prelude::*;
use redpoll_engine::spec::{Begin, Find};
use redpoll_engine::table::CommandTable;
use redpoll_resp::Reply;

/// Flags that are the server's own business.
const HIDDEN: Flags = Flags::MAY_REPLICATE;

/// Describes all commands, subcommands within their containers.
pub(super) fn all(ctx: &mut Ctx<'_>) {
    let commands = &ctx.engine.commands;
    let top = || commands.rows().filter(|(_, row)| row.parent.is_none());
    ctx.reply.array(top().count());
    top().for_each(|(id, _)| one(&mut ctx.reply, commands, id));
}

/// Describes the command of this number.
pub(super) fn one(reply: &mut Reply<'_>, commands: &CommandTable, id: usize) {
    let row = commands.row(id);
    let spec = &row.command.spec;
    let (first, last, step) = legacy_range(spec.keys);
    reply.array(10);
    reply.bulk(row.full_name.as_bytes());
    reply.int(spec.arity.into());
    let hidden = |name: &&str| HIDDEN.names().any(|hidden| hidden == *name);
    let movable = is_movable(spec.keys) && !spec.flags.has(Flags::MOVABLEKEYS);
    let flags = spec.flags.names().filter(|name| !hidden(name));
    statuses(reply, flags.chain(movable.then_some("movablekeys")));
    reply.int(first);
    reply.int(last);
    reply.int(step);
    statuses(reply, spec.categories().names());
    reply.set(spec.tips.len());
    spec.tips.iter().for_each(|tip| reply.bulk(tip.as_bytes()));
    reply.set(spec.keys.len());
    spec.keys.iter().for_each(|keys| key_spec(reply, keys));
    let subcommands = || commands.rows().filter(|(_, row)| row.parent == Some(id));
    match subcommands().count() {
        0 => reply.set(0),
        count => reply.array(count),
    }
    subcommands().for_each(|(sub, _)| one(reply, commands, sub));
}

/// A set of statuses.
pub(super) fn statuses<'a>(reply: &mut Reply<'_>, words: impl Iterator<Item = &'a str>) {
    let words: Vec<&str> = words.collect();
    reply.set(words.len());
    words.iter().for_each(|word| reply.simple(word));
}

fn key_spec(reply: &mut Reply<'_>, keys: &KeySpec) {
    reply.map(3);
    reply.bulk(b"flags");
    statuses(reply, keys.flags.names());
    reply.bulk(b"begin_search");
    match keys.begin {
        Begin::Index(index) => how(reply, "index", &[("index", index as i64)]),
        Begin::Keyword(word, from) => {
            how(reply, "keyword", &[]);
            // The keyword is the one text among numbers.
            reply.map(2);
            reply.bulk(b"keyword");
            reply.bulk(word.as_bytes());
            reply.bulk(b"startfrom");
            reply.int(from.into());
        }
    }
    reply.bulk(b"find_keys");
    match keys.find {
        Find::Range { last, step, limit } => {
            let numbers = [("lastkey", last.into()), ("keystep", step as i64)];
            how(reply, "range", &[numbers[0], numbers[1], ("limit", limit as i64)]);
        }
        Find::Counted { count, first, step } => {
            let numbers = [("keynumidx", count as i64), ("firstkey", first as i64)];
            how(reply, "keynum", &[numbers[0], numbers[1], ("keystep", step as i64)]);
        }
    }
}

/// A way to search, with its numbers; without any, the caller writes the map of its parameters.
fn how(reply: &mut Reply<'_>, kind: &str, numbers: &[(&str, i64)]) {
    reply.map(2);
    reply.bulk(b"type");
    reply.bulk(kind.as_bytes());
    reply.bulk(b"spec");
    if numbers.is_empty() {
        return;
    }
    reply.map(numbers.len());
    for (name, number) in numbers {
        reply.bulk(name.as_bytes());
        reply.int(*number);
    }
}

/// Whether the first, last and step of old say less than the key specifications.
fn is_movable(specs: &[KeySpec]) -> bool {
    let incomplete = |spec: &KeySpec| spec.flags.names().any(|name| name == "incomplete");
    let plain = |spec: &KeySpec| plain_range(spec).is_some();
    match specs {
        [one] => incomplete(one) || !plain(one),
        _ => specs.iter().any(incomplete) || consecutive(specs).count() < specs.len(),
    }
}

/// First, last and step of the keys, as clients of old know them; 0 where that cannot be told.
fn legacy_range(specs: &[KeySpec]) -> (i64, i64, i64) {
    let absolute = |(first, last): (i64, i64)| if last >= 0 { first + last } else { last };
    if let [spec] = specs {
        let (Some(range), Find::Range { step, .. }) = (plain_range(spec), spec.find) else {
            return (0, 0, 0);
        };
        return (range.0, absolute(range), step as i64);
    }
    let mut ranges = consecutive(specs);
    let Some(first) = ranges.next() else { return (0, 0, 0) };
    // A range up to the command's end reaches further than any other.
    let further = |last: i64, range| match absolute(range) {
        end if last < 0 || end < 0 => last.min(end),
        end => last.max(end),
    };
    (first.0, ranges.fold(absolute(first), further), 1)
}

/// The ranges of single steps that follow on each other, from the first one on.
fn consecutive(specs: &[KeySpec]) -> impl Iterator<Item = (i64, i64)> {
    let mut end = None;
    specs.iter().filter_map(move |spec| {
        let (first, last) = plain_range(spec)?;
        let single = matches!(spec.find, Find::Range { step: 1, .. });
        if !single || end.is_some_and(|end| end != first - 1) {
            return None;
        }
        end = Some(if last >= 0 { first + last } else { last });
        Some((first, last))
    })
}

/// Beginning and relative end of a range at a fixed place.
fn plain_range(spec: &KeySpec) -> Option<(i64, i64)> {
    match (spec.begin, spec.find) {
        (Begin::Index(index), Find::Range { last, .. }) => Some((index as i64, last.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_old() {
        let rest = KeySpec::range(1, -1, 1).ro();
        assert_eq!(legacy_range(&[]), (0, 0, 0));
        assert_eq!(legacy_range(&[KeySpec::at(2)]), (2, 2, 1));
        assert_eq!(legacy_range(&[rest]), (1, -1, 1));
        assert_eq!(legacy_range(&[KeySpec::range(1, -1, 2)]), (1, -1, 2));
        assert_eq!(legacy_range(&[KeySpec::at(1), KeySpec::at(2)]), (1, 2, 1));
        assert_eq!(legacy_range(&[KeySpec::at(1), KeySpec::range(2, -1, 1)]), (1, -1, 1));
        assert_eq!(legacy_range(&[KeySpec::at(1), KeySpec::counted(2)]), (1, 1, 1));
        assert_eq!(legacy_range(&[KeySpec::counted(1)]), (0, 0, 0));
    }

    #[test]
    fn which_keys_move() {
        assert!(!is_movable(&[]));
        assert!(!is_movable(&[KeySpec::at(1), KeySpec::at(2)]));
        assert!(is_movable(&[KeySpec::at(1), KeySpec::at(3)]));
        assert!(is_movable(&[KeySpec::at(1), KeySpec::counted(2)]));
        assert!(is_movable(&[KeySpec::after("STORE", 1)]));
        assert!(is_movable(&[KeySpec::at(1).incomplete()]));
    }
}
