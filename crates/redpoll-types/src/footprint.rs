//! What a heap allocation really takes.
//!
//! MEMORY USAGE should agree with what the allocator hands out, and jemalloc rounds up to size
//! classes: multiples of 8 up to 64, then four steps to each doubling.

/// What `triomphe::Arc` puts before a value.
pub(crate) const ARC_HEADER: usize = size_of::<usize>();

/// Bytes the allocator takes for a request of `bytes`; nothing for nothing.
pub(crate) fn allocated(bytes: usize) -> usize {
    if bytes <= 64 {
        return bytes.next_multiple_of(8);
    }
    let step = 1usize << ((bytes - 1).ilog2() - 2);
    bytes.next_multiple_of(step)
}

/// Bytes of a buffer of `capacity` values.
pub(crate) fn buffer<T>(capacity: usize) -> usize {
    allocated(capacity * size_of::<T>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes() {
        for (asked, given) in [
            (0, 0),
            (1, 8),
            (8, 8),
            (40, 40),
            (65, 80),
            (80, 80),
            (81, 96),
            (113, 128),
            (129, 160),
            (256, 256),
            (257, 320),
            (4097, 5120),
        ] {
            assert_eq!(allocated(asked), given, "{asked}");
        }
    }
}
