//! Where bytes go that are written.

/// Takes bytes. It never fails in the middle: one that stands for a file remembers its first error
/// and tells it at the end, so that the codec of values is free of it.
pub trait Sink {
    /// Takes these bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
