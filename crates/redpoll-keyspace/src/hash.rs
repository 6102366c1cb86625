//! The hash of a key: seeded at random for each process, so that nobody can choose keys that
//! collide.
//!
//! One 64-bit hash serves everything: its top bits choose the stripe, others the segment, the
//! bucket and the tag that a slot keeps.

use ahash::RandomState;
use std::sync::LazyLock;

static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The process's hash function. Copying it costs a pointer.
#[derive(Clone, Copy)]
pub struct KeyHash(&'static RandomState);

impl KeyHash {
    /// The process's one hash function.
    pub fn new() -> Self {
        KeyHash(&STATE)
    }

    /// The hash of `key`. O(length).
    #[inline]
    pub fn of(self, key: &[u8]) -> u64 {
        self.0.hash_one(Bytes(key))
    }
}

impl Default for KeyHash {
    fn default() -> Self {
        KeyHash::new()
    }
}

/// Hashes the bytes alone, without the length prefix that a slice's `Hash` adds.
struct Bytes<'a>(&'a [u8]);

impl std::hash::Hash for Bytes<'_> {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(self.0);
    }
}
