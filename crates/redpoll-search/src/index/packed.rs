//! Arrays of numbers of as many bits as the largest needs, with access to any of them.

/// An array of numbers of one width.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    /// The numbers' bits, the lowest first, and [`SPARE`] more bytes.
    bytes: Box<[u8]>,
    width: u32,
    len: usize,
}

/// Bytes behind the last number, so that any number can be read as a whole word.
const SPARE: usize = 16;
/// A number of at most so many bits is within eight bytes, wherever it begins in the first.
const NARROW: usize = 57;

impl Packed {
    /// The numbers of `values`, which is gone through twice.
    pub fn new(values: impl Iterator<Item = u64> + Clone) -> Self {
        let mut max = 0;
        let mut len = 0;
        for value in values.clone() {
            max |= value;
            len += 1;
        }
        let width = 64 - max.leading_zeros();
        if width == 0 {
            return Packed { bytes: Box::default(), width, len };
        }
        let mut bytes = Vec::with_capacity((len * width as usize).div_ceil(8) + SPARE);
        let (mut word, mut bits) = (0u128, 0);
        for value in values {
            word |= u128::from(value) << bits;
            bits += width;
            while bits >= 8 {
                bytes.push(word as u8);
                word >>= 8;
                bits -= 8;
            }
        }
        bytes.push(word as u8);
        bytes.resize((len * width as usize).div_ceil(8) + SPARE, 0);
        Packed { bytes: bytes.into(), width, len }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The number at `index`; zero behind the end.
    #[inline]
    pub fn get(&self, index: usize) -> u64 {
        let width = self.width as usize;
        let bit = index * width;
        if width > NARROW {
            return self.get_wide(bit);
        }
        let word = self.bytes.get(bit / 8..).and_then(|bytes| bytes.first_chunk::<8>());
        let word = word.map_or(0, |bytes| u64::from_le_bytes(*bytes));
        word >> (bit % 8) & ((1 << width) - 1)
    }

    #[cold]
    fn get_wide(&self, bit: usize) -> u64 {
        let word = self.bytes.get(bit / 8..).and_then(|bytes| bytes.first_chunk::<16>());
        let word = word.map_or(0, |bytes| u128::from_le_bytes(*bytes));
        (word >> (bit % 8)) as u64 & (u64::MAX >> (64 - self.width))
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_width_is_kept() {
        for width in 0..=64u32 {
            let top = if width == 0 { 0 } else { u64::MAX >> (64 - width) };
            let values: Vec<u64> =
                (0..200u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) & top).collect();
            let packed = Packed::new(values.iter().copied());
            assert_eq!(packed.len(), 200);
            for (index, value) in values.iter().enumerate() {
                assert_eq!(packed.get(index), *value, "width {width}");
            }
            assert_eq!(packed.get(10_000), 0);
        }
    }
}
