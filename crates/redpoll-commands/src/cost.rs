//! What calls cost, in elements: for the metadata of commands that may take long. One element is
//! about what writing a member of a set to a reply takes, some thirty nanoseconds.
//!
//! An estimate is asked for before every call, so it must cost next to nothing where the call does.
//! It must be no more than the truth where that matters: a command that leaves its worker is slower
//! for its own client.

use crate::parse;
use crate::prelude::*;
use redpoll_engine::spec::Cost;
use redpoll_keyspace::Keys;
use redpoll_keyspace::entry::Payload;
use redpoll_types::hash::Hash;
use redpoll_types::value::Typed;

/// Bytes of a string that cost as much as an element, where each is looked at once.
pub const BYTES: usize = 256;
/// Shorter strings are quick to answer, whatever the threshold.
pub const LONG: usize = 1 << 20;
/// Bytes that cost as much where they are packed or unpacked.
const PACKED_BYTES: usize = 16;
/// What merging a HyperLogLog costs.
const MERGE: usize = 200;
/// What it costs to take an element out of a table.
pub const TAKING_OUT: usize = 4;
/// What a byte of a text costs that is taken apart for an index.
const INDEXED_BYTE: usize = 4;
/// Fields of a hash whose lengths are looked at.
const FIELDS: usize = 32;
/// Collections of fewer elements are taken to be walked whole, and counts that are no higher to be
/// there: looking closer is not worth it.
pub const FEW: usize = 1024;

/// All elements at the first key.
pub const FIRST: Option<Cost> = Some(|keys, args| keys.elements(args.at(1)));

/// The same, for a command that locks its keys by itself.
pub const FIRST_LOCKED: Option<Cost> = Some(|keys, args| {
    keys.lock_key(args.at(1));
    let elements = keys.elements(args.at(1));
    keys.unlock_walk();
    elements
});

/// All members of the sets from the first word on.
pub const UNION: Option<Cost> = Some(|keys, args| sum(keys, args.iter_from(1)));
/// The same, behind a destination.
pub const UNION_STORE: Option<Cost> = Some(|keys, args| sum(keys, args.iter_from(2)));
/// All members of the sets that a count stands before.
pub const UNION_COUNTED: Option<Cost> = Some(|keys, args| sum(keys, counted(args, 1)));
/// The same, behind a destination.
pub const UNION_COUNTED_STORE: Option<Cost> = Some(|keys, args| sum(keys, counted(args, 2)));

/// The members of the smallest of several sets, once for each.
pub const INTER: Option<Cost> = Some(|keys, args| smallest(keys, args.iter_from(1)));
/// The same, behind a destination.
pub const INTER_STORE: Option<Cost> = Some(|keys, args| smallest(keys, args.iter_from(2)));
/// The same of sets that a count stands before.
pub const INTER_COUNTED: Option<Cost> = Some(|keys, args| smallest(keys, counted(args, 1)));
/// The same, behind a destination.
pub const INTER_COUNTED_STORE: Option<Cost> = Some(|keys, args| smallest(keys, counted(args, 2)));

/// The members of the first of several sets once for each, or all: what is less.
pub const DIFF: Option<Cost> = Some(|keys, args| difference(keys, args.iter_from(1)));
/// The same, behind a destination.
pub const DIFF_STORE: Option<Cost> = Some(|keys, args| difference(keys, args.iter_from(2)));
/// The same of sets that a count stands before.
pub const DIFF_COUNTED: Option<Cost> = Some(|keys, args| difference(keys, counted(args, 1)));
/// The same, behind a destination.
pub const DIFF_COUNTED_STORE: Option<Cost> = Some(|keys, args| difference(keys, counted(args, 2)));

/// What a change of the hash at the first key costs if an index holds its texts.
pub const INDEXED: Option<Cost> = Some(|keys, args| match keys.keyspace().is_indexed() {
    false => 0,
    true => indexing(keys, args),
});

/// The bytes of the string at the first key.
pub const BYTES_OF_FIRST: Option<Cost> = Some(|keys, args| keys.long_len(args.at(1)) / BYTES);
/// The bytes of the strings from the third word on.
pub const BYTES_OF_SOURCES: Option<Cost> =
    Some(|keys, args| args.iter_from(3).map(|key| keys.long_len(key)).sum::<usize>() / BYTES);

/// What is packed of the first key.
pub const DUMPED: Option<Cost> =
    Some(|keys, args| keys.elements(args.at(1)) + keys.long_len(args.at(1)) / PACKED_BYTES);
/// What is unpacked of the third word.
pub const RESTORED: Option<Cost> = Some(|_, args| args.at(3).len() / PACKED_BYTES);

/// The HyperLogLogs that are merged.
pub const MERGED: Option<Cost> = Some(|_, args| match args.len() {
    // One alone is not.
    ..=2 => 0,
    words => (words - 1) * MERGE,
});

/// The elements between two indices, which stand behind the first key.
pub const BETWEEN: Option<Cost> = Some(|keys, args| {
    let len = keys.elements(args.at(1));
    match (parse::int(args.at(2)), parse::int(args.at(3))) {
        (Ok(start), Ok(stop)) => window(len, start, stop),
        _ => 0,
    }
});

/// As many elements as a COUNT behind the cursor asks for, of those that there are.
pub const SCANNED: Option<Cost> = Some(|keys, args| match option(args, 3, "count") {
    0 => 0,
    count => count.min(keys.elements(args.at(1))),
});

/// As many elements as the second word says, of those that there are.
pub const TAKEN: Option<Cost> = Some(taken);
/// The same where each is taken out of a table.
pub const TAKEN_OUT: Option<Cost> = Some(|keys, args| taken(keys, args) * TAKING_OUT);

/// What COUNT says, of what is at the first of several keys that has anything; a count stands
/// before them.
pub const TAKEN_OF_ONE: Option<Cost> = Some(|keys, args| taken_of_one(keys, args, 1));
/// The same behind a timeout.
pub const TAKEN_OF_ONE_BLOCKING: Option<Cost> = Some(|keys, args| taken_of_one(keys, args, 2));
/// The same as [`TAKEN_OF_ONE`], where each is taken out of a table.
pub const TAKEN_OUT_OF_ONE: Option<Cost> =
    Some(|keys, args| taken_of_one(keys, args, 1) * TAKING_OUT);
/// The same behind a timeout.
pub const TAKEN_OUT_OF_ONE_BLOCKING: Option<Cost> =
    Some(|keys, args| taken_of_one(keys, args, 2) * TAKING_OUT);

/// As many elements drawn at random as the second word says: if it is negative, whatever there is.
pub const DRAWN: Option<Cost> = Some(|keys, args| {
    let Some(Ok(count)) = args.get(2).map(parse::int) else { return 0 };
    let most = count.unsigned_abs() as usize;
    if most <= FEW {
        return most;
    }
    let there = keys.elements(args.at(1));
    if count < 0 && there > 0 { most } else { most.min(there) }
});

/// The number behind a word, which is looked for from the `from`th word on; 0 if there is none.
pub fn option(args: Args<'_>, from: usize, name: &str) -> usize {
    let mut words = args.iter_from(from);
    let value = words.find(|word| parse::is(word, name)).and_then(|_| words.next());
    value.and_then(|value| parse::count(value).ok()).unwrap_or(0)
}

fn taken(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    let Some(Ok(count)) = args.get(2).map(parse::int) else { return 0 };
    let most = count.unsigned_abs() as usize;
    if most <= FEW { most } else { most.min(keys.elements(args.at(1))) }
}

fn taken_of_one(keys: &Keys<'_>, args: Args<'_>, at: usize) -> usize {
    match option(args, at + 3, "count") {
        0 => 0,
        count => {
            let mut lens = counted(args, at).map(|key| keys.elements(key));
            count.min(lens.find(|len| *len > 0).unwrap_or(0))
        }
    }
}

/// The keys that a count, which is the `at`th word, stands before.
fn counted(args: Args<'_>, at: usize) -> impl Iterator<Item = &[u8]> {
    let count = args.get(at).and_then(|word| parse::count(word).ok()).unwrap_or(0);
    args.iter_from(at + 1).take(count)
}

fn sum<'k>(keys: &Keys<'_>, sets: impl Iterator<Item = &'k [u8]>) -> usize {
    sets.map(|key| keys.elements(key)).sum()
}

fn smallest<'k>(keys: &Keys<'_>, sets: impl Iterator<Item = &'k [u8]>) -> usize {
    let (mut smallest, mut count) = (usize::MAX, 0);
    for key in sets {
        smallest = smallest.min(keys.elements(key));
        count += 1;
        if smallest == 0 {
            return 0;
        }
    }
    if count == 0 { 0 } else { smallest.saturating_mul(count) }
}

fn difference<'k>(keys: &Keys<'_>, mut sets: impl Iterator<Item = &'k [u8]>) -> usize {
    let first = sets.next().map_or(0, |key| keys.elements(key));
    let (mut all, mut count) = (first, 1);
    for key in sets {
        all += keys.elements(key);
        count += 1;
    }
    all.min(first.saturating_mul(count))
}

/// How many of `len` elements lie between two indices that may count from the end.
fn window(len: usize, start: i64, stop: i64) -> usize {
    let len = len as i64;
    let absolute = |index: i64| if index < 0 { index.saturating_add(len) } else { index };
    let (start, stop) = (absolute(start).max(0), absolute(stop).min(len - 1));
    usize::try_from(stop.saturating_sub(start).saturating_add(1)).unwrap_or(0)
}

/// The hash is indexed as a whole, whatever of it has changed.
#[cold]
fn indexing(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    if keys.db() != 0 {
        return 0;
    }
    let now = u64::try_from(keys.now()).unwrap_or(0);
    let new: usize = args.iter_from(2).map(<[u8]>::len).sum();
    let old = match keys.peek(args.at(1)).map(|entry| entry.into_payload()) {
        Some(Payload::Value(value)) => Hash::of(value)
            .map_or(0, |hash| hash.live(now).take(FIELDS).map(|field| field.value.len()).sum()),
        _ => 0,
    };
    (new + old) * INDEXED_BYTE
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn windows() {
        for (start, stop, expected) in
            [(0, -1, 10), (2, 4, 3), (-3, -1, 3), (-99, 99, 10), (5, 4, 0), (10, 12, 0)]
        {
            assert_eq!(window(10, start, stop), expected, "{start} {stop}");
        }
        assert_eq!(window(10, i64::MIN, i64::MAX), 10);
        assert_eq!(window(10, i64::MAX, i64::MIN), 0);
        assert_eq!(window(0, 0, -1), 0);
    }
}
