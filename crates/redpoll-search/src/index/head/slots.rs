//! An array that grows at the end while others read it, without a lock.

use std::sync::OnceLock;

use super::DOCS_MAX;

/// Slots of a chunk.
const CHUNK: u32 = 128;

type Chunk<T> = Box<[OnceLock<T>]>;

/// Values that are set once, by number.
#[derive(Debug)]
pub struct Slots<T> {
    chunks: [OnceLock<Chunk<T>>; (DOCS_MAX / CHUNK) as usize],
}

impl<T> Slots<T> {
    pub fn new() -> Self {
        Slots { chunks: [const { OnceLock::new() }; (DOCS_MAX / CHUNK) as usize] }
    }

    /// Sets the value of a slot that has none yet.
    pub fn set(&self, index: u32, value: T) {
        let Some(chunk) = self.chunks.get((index / CHUNK) as usize) else { return };
        let new = || std::iter::repeat_with(OnceLock::new).take(CHUNK as usize).collect();
        let chunk = chunk.get_or_init(new);
        let unset = chunk[(index % CHUNK) as usize].set(value);
        debug_assert!(unset.is_ok(), "slot {index} is set twice");
    }

    /// The value of a slot.
    #[inline]
    pub fn get(&self, index: u32) -> Option<&T> {
        self.chunks.get((index / CHUNK) as usize)?.get()?[(index % CHUNK) as usize].get()
    }

    /// Bytes of the chunks.
    pub fn heap_bytes(&self) -> usize {
        let chunks = self.chunks.iter().filter(|chunk| chunk.get().is_some()).count();
        chunks * CHUNK as usize * size_of::<OnceLock<T>>()
    }
}
