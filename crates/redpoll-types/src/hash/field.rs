//! A field of a big hash: name, value and expiry in one allocation.
//!
//! ```text
//! | name's length * 2 + whether it expires | expiry: u64, if it does | name | value |
//! ```
//!
//! Redis allocates name and value apart and points to both from a dictEntry; here a table slot
//! points to one exactly sized block. Numbers are little endian; the first takes seven bits a byte,
//! and a set top bit means that more follow.

use super::Expiry;
use crate::footprint;
use crate::parts::Block;
use crate::table::Keyed;
use redpoll_memory::tiers;

/// Bytes of an expiry.
const EXPIRY: usize = size_of::<u64>();

/// The block of a field.
pub(super) struct Field(Box<[u8]>);

/// What the head of a block says.
struct Head {
    /// Where the expiry is, if there is one, and else the name.
    len: usize,
    name_len: usize,
    expires: bool,
}

impl Head {
    fn name_start(&self) -> usize {
        self.len + if self.expires { EXPIRY } else { 0 }
    }

    fn value_start(&self) -> usize {
        self.name_start() + self.name_len
    }
}

impl Clone for Field {
    fn clone(&self) -> Self {
        Self(tiers::copy(&self.0))
    }
}

impl Field {
    pub(super) fn new(name: &[u8], value: &[u8], expiry: Expiry) -> Self {
        let mut head = [0; 10];
        let mut head_len = 0;
        let mut rest = (name.len() as u64) << 1 | u64::from(expiry.is_some());
        while rest > 0x7f {
            head[head_len] = rest as u8 | 0x80;
            head_len += 1;
            rest >>= 7;
        }
        head[head_len] = rest as u8;
        head_len += 1;
        let expiry_len = if expiry.is_some() { EXPIRY } else { 0 };
        let mut block = tiers::with_capacity(head_len + expiry_len + name.len() + value.len());
        block.extend_from_slice(&head[..head_len]);
        if let Some(at_ms) = expiry {
            block.extend_from_slice(&at_ms.to_le_bytes());
        }
        block.extend_from_slice(name);
        block.extend_from_slice(value);
        Self(block.into_boxed_slice())
    }

    /// The block, to be moved to another tier.
    pub(super) fn part(&mut self) -> Block<'_> {
        Block::Whole(&mut self.0)
    }

    #[inline]
    fn head(&self) -> Head {
        let (mut number, mut len) = (0usize, 0);
        for &byte in &self.0 {
            number |= ((byte & 0x7f) as usize) << (7 * len);
            len += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Head { len, name_len: number >> 1, expires: number & 1 == 1 }
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.0[self.head().value_start()..]
    }

    pub(super) fn expiry(&self) -> Expiry {
        let head = self.head();
        if !head.expires {
            return None;
        }
        let bytes = self.0.get(head.len..head.len + EXPIRY)?;
        bytes.try_into().ok().map(u64::from_le_bytes)
    }

    /// Replaces value and expiry; in place where the block keeps its size.
    pub(super) fn set(&mut self, value: &[u8], expiry: Expiry) {
        let head = self.head();
        let start = head.value_start();
        let same_len = self.0.len() - start == value.len();
        if !same_len || head.expires != expiry.is_some() {
            *self = Self::new(self.key(), value, expiry);
            return;
        }
        self.0[start..].copy_from_slice(value);
        self.write_expiry(head.len, expiry);
    }

    /// Replaces the expiry only.
    pub(super) fn set_expiry(&mut self, expiry: Expiry) {
        let head = self.head();
        if head.expires == expiry.is_some() {
            self.write_expiry(head.len, expiry);
        } else {
            *self = Self::new(self.key(), self.value(), expiry);
        }
    }

    fn write_expiry(&mut self, at: usize, expiry: Expiry) {
        if let Some(at_ms) = expiry {
            self.0[at..at + EXPIRY].copy_from_slice(&at_ms.to_le_bytes());
        }
    }
}

impl Keyed for Field {
    #[inline]
    fn key(&self) -> &[u8] {
        let head = self.head();
        &self.0[head.name_start()..head.value_start()]
    }

    fn heap_bytes(&self) -> usize {
        footprint::allocated(self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_field_costs_one_byte_more_than_its_text() {
        assert_eq!(Field::new(b"name", b"value", None).0.len(), 10);
        assert_eq!(Field::new(&[b'n'; 64], b"", None).0.len(), 66);
        assert_eq!(Field::new(b"name", b"value", Some(7)).0.len(), 18);
    }

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..20),
            (50usize..300).prop_map(|len| vec![b'x'; len]),
            (16_000usize..17_000).prop_map(|len| vec![b'y'; len]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn parts_come_back(
            name in bytes(),
            values in proptest::collection::vec((bytes(), any::<Option<u64>>()), 1..5),
        ) {
            let mut field = Field::new(&name, b"first", None);
            for (value, expiry) in values {
                field.set(&value, expiry);
                prop_assert_eq!((field.key(), field.value()), (&name[..], &value[..]));
                prop_assert_eq!(field.expiry(), expiry);
                for expiry in [Some(1), Some(u64::MAX), None, expiry] {
                    field.set_expiry(expiry);
                    prop_assert_eq!((field.key(), field.value()), (&name[..], &value[..]));
                    prop_assert_eq!(field.expiry(), expiry);
                }
            }
        }
    }
}
