//! INFO's section `Keysizes`: how long the strings are and how many elements the collections have,
//! by powers of two.
//!
//! It walks over all keys, one stripe locked at a time, so it is shown only if it is asked for by
//! name.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_keyspace::StrRef;
use redpoll_keyspace::entry::Payload;
use redpoll_types::value::Value;

/// Enough for all sizes.
const BINS: usize = 65;

/// What is counted, in the order in which it is shown.
const NAMES: [&str; 5] =
    ["strings_sizes", "lists_items", "sets_items", "zsets_items", "hashes_items"];

/// The counts of one database: by what is counted, then by power of two.
type Counts = [[usize; BINS]; NAMES.len()];

/// The counts of all databases.
#[derive(Debug, Default)]
pub struct Sizes(Vec<Counts>);

impl Sizes {
    /// Walks over all keys. O(keys).
    pub fn take(ctx: &mut Ctx<'_>) -> Self {
        let keyspace = ctx.keys.keyspace();
        let mut sizes = vec![[[0; BINS]; NAMES.len()]; keyspace.databases()];
        for number in 0..keyspace.stripes() {
            for (db, counts) in ctx.keys.stripe(number).dbs().iter().zip(&mut sizes) {
                for entry in db.table.iter() {
                    if let Some((name, size)) = size(entry.payload()) {
                        counts[name][bin(size)] += 1;
                    }
                }
            }
        }
        ctx.keys.unlock_walk();
        Sizes(sizes)
    }
}

/// What a value counts as, and its size.
fn size(payload: Payload<'_, Value>) -> Option<(usize, usize)> {
    if let Payload::Value(value) = &payload {
        if let Value::List(list) = value {
            return Some((1, list.len()));
        } else if let Value::Set(set) = value {
            return Some((2, set.len()));
        } else if let Value::ZSet(set) = value {
            return Some((3, set.len()));
        } else if let Value::Hash(hash) = value {
            return Some((4, hash.len()));
        }
    }
    let text = StrRef::of(payload).ok()?;
    Some((0, text.len()))
}

/// 0 for 0, and one more than the power of two that a size reaches.
fn bin(size: usize) -> usize {
    size.checked_ilog2().map_or(0, |log| log as usize + 1)
}

/// The lowest size in a bin, with a letter for its thousands.
fn label(bin: usize) -> String {
    let Some(log) = bin.checked_sub(1) else { return "0".to_owned() };
    let units = ["", "K", "M", "G", "T", "P", "E"];
    format!("{}{}", 1 << (log % 10), units[log / 10])
}

pub(super) fn write(text: &mut Text, _ctx: &Ctx<'_>, survey: &Survey) {
    for (number, counts) in survey.sizes.0.iter().enumerate() {
        for (name, bins) in NAMES.iter().zip(counts) {
            let shown = bins.iter().enumerate().filter(|(_, count)| **count > 0);
            let shown: Vec<_> =
                shown.map(|(bin, count)| format!("{}={count}", label(bin))).collect();
            if !shown.is_empty() {
                text.field(&format!("db{number}_distrib_{name}"), shown.join(","));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;

    #[test]
    fn sizes_fall_into_powers_of_two() {
        let labels =
            |sizes: &[usize]| -> Vec<_> { sizes.iter().map(|&size| label(bin(size))).collect() };
        assert_eq!(labels(&[0, 1, 2, 3, 4, 1023]), ["0", "1", "2", "2", "4", "512"]);
        assert_eq!(labels(&[1024, 3 << 20, 1 << 30]), ["1K", "2M", "1G"]);
        assert_eq!(label(bin(usize::MAX)), "8E");
    }

    #[test]
    fn counts_every_type_of_every_database() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let long = format!("SET long {}", "v".repeat(2000));
        for command in [
            "SET a ''",
            "SET b 123",
            "SET c 12",
            &long,
            "RPUSH l 1 2 3",
            "SADD s 1",
            "ZADD z 1 a 2 b",
            "SELECT 2",
            "HSET h a 1 b 2 c 3 d 4",
        ] {
            server.run(&mut session, command);
        }
        assert_eq!(
            server.run(&mut session, "INFO keysizes"),
            "# Keysizes\r\ndb0_distrib_strings_sizes:0=1,2=2,1K=1\r\n\
             db0_distrib_lists_items:2=1\r\n\
             db0_distrib_sets_items:1=1\r\ndb0_distrib_zsets_items:2=1\r\n\
             db2_distrib_hashes_items:4=1\r\n"
        );
        assert!(!server.run(&mut session, "INFO everything").contains("Keysizes"));
    }
}
