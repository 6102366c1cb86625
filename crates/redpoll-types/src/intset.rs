//! Intset: a sorted array of distinct integers in one run of bytes.
//!
//! The compact form of a set whose members are all integers, in Redis's intset format to the
//! letter, so that RDB files and DUMP payloads copy it as it is:
//!
//! ```text
//! | width of a member: u32 (2, 4 or 8) | members: u32 | member … member |   (little endian)
//! ```
//!
//! All members have the width that the widest needs; it grows and never shrinks. The box is exactly
//! sized. Looking up is O(log n), changing is O(n), and callers keep intsets short.

use crate::listpack::Corrupt;
use crate::rng::Rng;
use redpoll_memory::tiers;

/// Bytes before the first member.
const HEADER: usize = 8;
/// Most members callers should let an intset have, whatever the configuration says.
pub const MEMBERS_MAX: usize = 1 << 30;

/// A sorted set of integers in one exactly sized run of bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct IntSet {
    bytes: Box<[u8]>,
}

/// Bytes a member takes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Two = 2,
    Four = 4,
    Eight = 8,
}

impl Width {
    /// The width that holds `value`.
    fn of(value: i64) -> Self {
        if i16::try_from(value).is_ok() {
            Self::Two
        } else if i32::try_from(value).is_ok() {
            Self::Four
        } else {
            Self::Eight
        }
    }
}

impl Default for IntSet {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for IntSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}

impl IntSet {
    /// An intset without members.
    pub fn new() -> Self {
        Self { bytes: Box::new([2, 0, 0, 0, 0, 0, 0, 0]) }
    }

    /// Takes over bytes of any origin after checking all of them: sizes agree, members ascend. Like
    /// Redis it refuses an intset without members, which no writer stores. O(n).
    pub fn from_bytes(bytes: Box<[u8]>) -> Result<Self, Corrupt> {
        if bytes.len() < HEADER || !matches!(bytes[..4], [2 | 4 | 8, 0, 0, 0]) {
            return Err(Corrupt);
        }
        let set = Self { bytes: tiers::place(bytes.into_vec()).into_boxed_slice() };
        let members = (set.len() as u64).checked_mul(set.width() as u64).ok_or(Corrupt)?;
        if set.is_empty() || members + HEADER as u64 != set.bytes.len() as u64 {
            return Err(Corrupt);
        }
        if !set.iter().is_sorted_by(|left, right| left < right) {
            return Err(Corrupt);
        }
        Ok(set)
    }

    /// The bytes in Redis's format.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Length of [`IntSet::as_bytes`], which is also the heap memory held.
    pub fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        let [.., a, b, c, d] = self.bytes[..HEADER] else { return 0 };
        u32::from_le_bytes([a, b, c, d]) as usize
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The member of `index` in ascending order.
    pub fn get(&self, index: usize) -> Option<i64> {
        (index < self.len()).then(|| self.at(index))
    }

    /// The smallest and the largest member.
    pub fn range(&self) -> Option<(i64, i64)> {
        Some((self.get(0)?, self.get(self.len() - 1)?))
    }

    /// Whether `value` is a member. O(log n).
    pub fn contains(&self, value: i64) -> bool {
        self.search(value).is_ok()
    }

    /// Adds `value`; returns whether it was not there. O(n).
    pub fn insert(&mut self, value: i64) -> bool {
        let Err(index) = self.search(value) else { return false };
        let width = Width::of(value);
        if width > self.width() {
            self.widen(width);
        }
        let width = self.width();
        let at = HEADER + index * width as usize;
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        bytes.reserve_exact(width as usize);
        bytes.splice(at..at, value.to_le_bytes()[..width as usize].iter().copied());
        self.bytes = bytes.into_boxed_slice();
        tiers::settle_box(&mut self.bytes, width as usize);
        self.write_len(self.len() + 1);
        true
    }

    /// Removes `value`; returns whether it was there. O(n).
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.search(value) else { return false };
        self.remove_at(index);
        true
    }

    /// Removes and returns the member of `index`. O(n).
    pub fn take(&mut self, index: usize) -> Option<i64> {
        let value = self.get(index)?;
        self.remove_at(index);
        Some(value)
    }

    /// A member, each with equal probability; `None` when empty.
    pub fn random(&self, rng: &mut (impl Rng + ?Sized)) -> Option<i64> {
        self.get(rng.below(self.len() as u64) as usize)
    }

    /// The members in ascending order.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.bytes[HEADER..].chunks_exact(self.width() as usize))
    }

    fn width(&self) -> Width {
        match self.bytes[0] {
            2 => Width::Two,
            4 => Width::Four,
            _ => Width::Eight,
        }
    }

    fn at(&self, index: usize) -> i64 {
        let width = self.width() as usize;
        let start = HEADER + index * width;
        read(&self.bytes[start..start + width])
    }

    /// The index of `value`, or where it would stand.
    fn search(&self, value: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        // Ascending insertion is the common way to fill a set.
        if high > 0 && self.at(high - 1) < value {
            return Err(high);
        }
        while low < high {
            let middle = low.midpoint(high);
            match self.at(middle).cmp(&value) {
                std::cmp::Ordering::Equal => return Ok(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// Rewrites all members at a larger width.
    fn widen(&mut self, width: Width) {
        let mut bytes = tiers::with_capacity(HEADER + self.len() * width as usize);
        bytes.extend_from_slice(&(width as u32).to_le_bytes());
        bytes.extend_from_slice(&self.bytes[4..HEADER]);
        for value in self.iter() {
            bytes.extend_from_slice(&value.to_le_bytes()[..width as usize]);
        }
        self.bytes = bytes.into_boxed_slice();
    }

    fn remove_at(&mut self, index: usize) {
        let width = self.width() as usize;
        let at = HEADER + index * width;
        let mut bytes = std::mem::take(&mut self.bytes).into_vec();
        bytes.drain(at..at + width);
        self.bytes = bytes.into_boxed_slice();
        self.write_len(self.len() - 1);
    }

    fn write_len(&mut self, len: usize) {
        let len = u32::try_from(len).expect("callers keep to MEMBERS_MAX");
        self.bytes[4..HEADER].copy_from_slice(&len.to_le_bytes());
    }
}

/// A little-endian signed integer of 2, 4 or 8 bytes.
#[inline]
fn read(bytes: &[u8]) -> i64 {
    match *bytes {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => i64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

/// The members of an intset in ascending order; made by [`IntSet::iter`].
#[derive(Clone)]
pub struct Iter<'a>(std::slice::ChunksExact<'a, u8>);

impl Iterator for Iter<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        self.0.next().map(read)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<i64> {
        self.0.next_back().map(read)
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a IntSet {
    type Item = i64;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::rng::SmallRng;

    fn of(values: &[i64]) -> IntSet {
        let mut set = IntSet::new();
        for &value in values {
            set.insert(value);
        }
        set
    }

    #[test]
    fn bytes_are_the_public_format() {
        assert_eq!(IntSet::new().as_bytes(), [2, 0, 0, 0, 0, 0, 0, 0]);
        let mut set = of(&[5, -1, 256, 5]);
        let short = [2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 5, 0, 0, 1];
        assert_eq!(set.as_bytes(), short);
        assert_eq!(IntSet::from_bytes(Box::new(short)).as_ref(), Ok(&set));
        set.insert(-32769);
        let longer = [
            4, 0, 0, 0, 4, 0, 0, 0, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0,
            1, 0, 0,
        ];
        assert_eq!(set.as_bytes(), longer);
        set.remove(-32769);
        assert_eq!(set.as_bytes()[0], 4, "the width stays");
        set.insert(i64::MAX);
        assert_eq!(set.as_bytes()[0], 8);
        assert_eq!(set.range(), Some((-1, i64::MAX)));
    }

    #[test]
    fn corrupt_bytes_are_refused() {
        for bytes in [
            &[][..],
            &[2, 0, 0, 0, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &[3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0],
            &[2, 0, 0, 1, 1, 0, 0, 0, 1, 0],
            &[2, 0, 0, 0, 2, 0, 0, 0, 1, 0],
            &[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0],
            &[2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0],
            &[8, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(IntSet::from_bytes(bytes.into()), Err(Corrupt), "{bytes:?}");
        }
    }

    #[test]
    fn random_reaches_every_member() {
        let set = of(&[1, 2, 3, 70_000]);
        let mut rng = SmallRng::new(2);
        let drawn: BTreeSet<_> = (0..200).filter_map(|_| set.random(&mut rng)).collect();
        assert_eq!(drawn.len(), 4);
        assert_eq!(IntSet::new().random(&mut rng), None);
    }

    fn value() -> impl Strategy<Value = i64> {
        prop_oneof![-20i64..20, any::<i16>().prop_map(i64::from), any::<i64>()]
    }

    proptest! {
        #[test]
        fn behaves_like_a_set(ops in proptest::collection::vec((0u8..4, value()), 0..80)) {
            let (mut set, mut model) = (IntSet::new(), BTreeSet::new());
            for (op, value) in ops {
                match op {
                    0 => prop_assert_eq!(set.remove(value), model.remove(&value)),
                    1 => {
                        let index = value.unsigned_abs() as usize % 50;
                        let taken = model.iter().nth(index).copied();
                        prop_assert_eq!(set.take(index), taken);
                        taken.map(|value| model.remove(&value));
                    }
                    _ => prop_assert_eq!(set.insert(value), model.insert(value)),
                }
                prop_assert_eq!(set.contains(value), model.contains(&value));
                prop_assert_eq!(set.len(), model.len());
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert!(set.iter().rev().eq(model.iter().rev().copied()));
            let again = IntSet::from_bytes(set.as_bytes().into());
            prop_assert_eq!(again.is_err(), model.is_empty());
            prop_assert!(again.map_or(true, |again| again == set));
        }

        #[test]
        fn any_bytes_are_refused_or_safe(
            width in prop_oneof![Just(2u8), Just(4), Just(8), any::<u8>()],
            len in 0u8..5,
            rest in proptest::collection::vec(any::<u8>(), 0..33),
            cut in prop_oneof![4 => Just(0usize), 1 => 1usize..9],
        ) {
            let mut bytes = vec![width, 0, 0, 0, len, 0, 0, 0];
            bytes.truncate(8 - cut);
            bytes.extend(rest);
            if let Ok(mut set) = IntSet::from_bytes(bytes.into()) {
                let members: BTreeSet<_> = set.iter().collect();
                prop_assert_eq!(members.len(), set.len());
                set.insert(i64::MIN);
                prop_assert!(set.contains(i64::MIN) && set.remove(i64::MIN));
            }
        }
    }
}
