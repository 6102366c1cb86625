//! The parts of a large value, to be moved between the tiers of memory one by one.
//!
//! A large list, hash, set, sorted set or stream is a structure of nodes, which lie in DRAM always,
//! and blocks that hold the elements: listpacks of some kilobytes, fields, members. A visitor is
//! shown a few of the blocks at a time and may move each. Blocks and nodes that a snapshot shares
//! are left out: who takes a snapshot reads them without a lock.
//!
//! A member of a sorted set is referred to from two indexes, so that one which moves is looked up
//! in the other (O(1)). What the inner nodes of its tree compare with is never far: there a search
//! would pay for it at each level.

use crate::listpack::Listpack;
use crate::value::Value;
use crate::zset::member::Part;
use redpoll_memory::tiers::{self, Tier};

/// A block that holds elements of a large value.
pub enum Block<'a> {
    /// Many elements of a list.
    Pack(&'a mut Listpack),
    /// One element, exactly sized.
    Whole(&'a mut Box<[u8]>),
    /// Entries of a stream.
    Open(&'a mut Vec<u8>),
    /// A member of a sorted set.
    Member(Part<'a>),
}

impl Block<'_> {
    /// How many bytes it has; of a far member some more. Looks at nothing that may be far.
    pub fn len(&self) -> usize {
        match self {
            Block::Member(part) => part.len(),
            Block::Pack(_) | Block::Whole(_) | Block::Open(_) => self.plain().len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where it lies.
    pub fn tier(&self) -> Tier {
        match self {
            Block::Member(part) => part.tier(),
            Block::Pack(_) | Block::Whole(_) | Block::Open(_) => tiers::tier_of(self.plain()),
        }
    }

    /// The bytes of a block with one owner.
    fn plain(&self) -> &[u8] {
        match self {
            Block::Pack(pack) => pack.as_bytes(),
            Block::Whole(bytes) => bytes,
            Block::Open(bytes) => bytes,
            Block::Member(_) => &[],
        }
    }

    /// Moves it to a tier; returns how many bytes have moved. O(bytes).
    pub fn relocate(&mut self, tier: Tier) -> usize {
        let is_moved = match self {
            Block::Pack(pack) => return pack.relocate(tier),
            Block::Whole(bytes) => tiers::relocate_box(bytes, tier),
            Block::Open(bytes) => tiers::relocate(bytes, tier),
            Block::Member(part) => return part.relocate(tier),
        };
        if is_moved { self.plain().len() } else { 0 }
    }
}

impl Value {
    /// Whether the value is a large one with parts of its own.
    pub fn has_parts(&self) -> bool {
        match self {
            Value::List(list) => list.as_packed().is_none(),
            Value::Set(set) => set.has_table(),
            Value::Hash(hash) => hash.as_packed().is_none(),
            Value::ZSet(zset) => zset.as_packed().is_none(),
            Value::Stream(stream) => !stream.log().is_empty(),
            Value::Str(_) | Value::Suggestions(_) => false,
        }
    }

    /// Shows some parts of a large value, about `count` or until the visitor has enough (false),
    /// and answers where to go on: `None` when all have been shown. Begins at 0. What is added and
    /// removed in between may be shown or not, also twice. O(count · log parts).
    pub fn visit_parts(
        &mut self,
        from: u64,
        count: usize,
        visit: &mut dyn FnMut(Block<'_>) -> bool,
    ) -> Option<u64> {
        match self {
            Value::List(list) => list.visit_parts(from, count, visit),
            Value::Set(set) => set.visit_parts(from, count, visit),
            Value::Hash(hash) => hash.visit_parts(from, count, visit),
            Value::ZSet(zset) => zset.visit_parts(from, count, visit),
            Value::Stream(stream) => stream.log_mut().visit_parts(from, count, visit),
            Value::Str(_) | Value::Suggestions(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{Hash, Ttl};
    use crate::limits::Limits;
    use crate::list::List;
    use crate::set::Set;
    use crate::stream::Stream;
    use crate::zset::ZSet;
    use proptest::prelude::*;

    /// A value of each kind that can have parts, of so many elements of about this size.
    fn values(count: usize, size: usize) -> Vec<Value> {
        let limits = Limits::default();
        let (mut list, mut hash, mut set) = (List::new(), Hash::new(), Set::new());
        let (mut zset, mut stream) = (ZSet::new(), Stream::default());
        for number in 0..count {
            let text = format!("{number}:{}", "x".repeat(size + number % 7));
            list.push_back(text.as_bytes(), &limits);
            set.add(text.as_bytes(), &limits);
            zset.insert(text.as_bytes(), number as f64, &limits);
            hash.set(text.as_bytes(), text.as_bytes(), Ttl::Clear, 0, &limits);
            let words = [&b"field"[..], text.as_bytes()];
            let id = crate::stream::StreamId::new(number as u64 + 1, 0);
            stream.log_mut().add(id, words.into_iter(), &limits);
        }
        let tables = [Value::Hash(hash), Value::Set(set), Value::ZSet(zset)];
        let others = [Value::List(list), Value::Stream(stream)];
        tables.into_iter().chain(others).collect()
    }

    fn address(part: &Block<'_>) -> usize {
        match part {
            Block::Member(member) => member.bytes().as_ptr().addr(),
            _ => part.plain().as_ptr().addr(),
        }
    }

    /// The addresses of all parts that a visitor is shown.
    fn addresses(value: &mut Value, step: usize) -> Vec<usize> {
        let (mut from, mut found) = (0, Vec::new());
        loop {
            let next = value.visit_parts(from, step, &mut |part| {
                found.push(address(&part));
                true
            });
            match next {
                Some(next) => from = next,
                None => return found,
            }
        }
    }

    #[test]
    fn small_values_have_none() {
        for mut value in values(20, 20).into_iter().take(4) {
            assert!(!value.has_parts());
            assert_eq!(addresses(&mut value, 10), []);
        }
    }

    #[test]
    fn what_a_snapshot_shares_is_left_out_until_it_is_gone() {
        for mut value in values(700, 90) {
            let all = addresses(&mut value, 10).len();
            assert!(all > 5);
            let snapshot = value.clone();
            assert_eq!(addresses(&mut value, 10), [], "{}", value.encoding());
            drop(snapshot);
            assert_eq!(addresses(&mut value, 10).len(), all);
        }
    }

    proptest! {
        #[test]
        fn each_part_is_shown_once(count in 200usize..1500, step in 1usize..200) {
            for mut value in values(count, 90) {
                let all = addresses(&mut value, usize::MAX);
                prop_assert_eq!(addresses(&mut value, step), all.clone());
                let mut distinct = all.clone();
                distinct.sort_unstable();
                distinct.dedup();
                prop_assert_eq!(distinct.len(), all.len());
                if matches!(value, Value::Hash(_) | Value::Set(_) | Value::ZSet(_)) {
                    prop_assert_eq!(all.len(), count);
                }
            }
        }
    }
}
