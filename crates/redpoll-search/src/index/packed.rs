//! Arrays of numbers of as many bits as the largest needs, with access to any of them.

/// An array of numbers of one width.
#[derive(Debug, Clone, Default)]
pub struct Packed {
    words: Box<[u64]>,
    width: u32,
    len: usize,
}

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
        let mut words = vec![0u64; (len * width as usize).div_ceil(64)];
        if width > 0 {
            let mut bit = 0;
            for value in values {
                let (word, shift) = (bit / 64, bit % 64);
                words[word] |= value << shift;
                if shift + width as usize > 64 {
                    words[word + 1] |= value >> (64 - shift);
                }
                bit += width as usize;
            }
        }
        Packed { words: words.into(), width, len }
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
        let (word, shift) = (bit / 64, bit % 64);
        let Some(low) = self.words.get(word) else { return 0 };
        let mut value = low >> shift;
        if shift + width > 64 {
            value |= self.words.get(word + 1).copied().unwrap_or(0) << (64 - shift);
        }
        if width == 64 { value } else { value & ((1u64 << width) - 1) }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.words.len() * 8
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
