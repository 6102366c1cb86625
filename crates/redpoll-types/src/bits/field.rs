//! Integers of 1 to 64 bits at any bit offset.

/// The type of an integer: `i8`, `u63`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    signed: bool,
    width: u32,
}

/// What happens to a number that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOverflow {
    /// It loses its high bits.
    #[default]
    Wrap,
    /// It becomes the nearest one that fits.
    Saturate,
    /// It is refused.
    Fail,
}

impl Field {
    /// Reads a type: `i1` to `i64`, `u1` to `u63`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (&sign, width) = text.split_first()?;
        let signed = match sign {
            b'i' => true,
            b'u' => false,
            _ => return None,
        };
        let width = u32::try_from(crate::number::parse_i64(width)?).ok()?;
        (1..=if signed { 64 } else { 63 }).contains(&width).then_some(Field { signed, width })
    }

    /// The number of bits.
    pub fn width(self) -> u64 {
        u64::from(self.width)
    }

    /// The integer at a bit offset; bits behind the string's end are 0.
    pub fn get(self, bytes: &[u8], offset: u64) -> i64 {
        let (at, window) = window(bytes, offset);
        let word = window_word(bytes.get(at..).unwrap_or_default());
        self.cut((word >> (window - self.width)) as u64)
    }

    /// Writes the low bits of `value` at a bit offset. All bytes must be there.
    pub fn set(self, bytes: &mut [u8], offset: u64, value: i64) {
        let (at, window) = window(bytes, offset);
        let rest = &mut bytes[at..];
        let shift = window - self.width;
        let mask = (u128::MAX >> (128 - self.width)) << shift;
        let word = window_word(rest) & !mask | ((value as u128) << shift) & mask;
        // The window's highest byte comes first.
        for (byte, new) in rest.iter_mut().zip(&word.to_be_bytes()[16 - WINDOW_BYTES..]) {
            *byte = *new;
        }
    }

    /// The sum of `value` and `more` as the type can hold it; `None` if it cannot and that is to
    /// fail. An unsigned type takes `value` as unsigned.
    pub fn add(self, value: i64, more: i64, on_overflow: OnOverflow) -> Option<i64> {
        let value = if self.signed { i128::from(value) } else { i128::from(value as u64) };
        let sum = value + i128::from(more);
        let (min, max) = match self.signed {
            true => (-1 << (self.width - 1), (1 << (self.width - 1)) - 1),
            false => (0, (1 << self.width) - 1),
        };
        match on_overflow {
            _ if (min..=max).contains(&sum) => Some(sum as i64),
            OnOverflow::Wrap => Some(self.cut(sum as u64)),
            OnOverflow::Saturate => Some(sum.clamp(min, max) as i64),
            OnOverflow::Fail => None,
        }
    }

    /// The low bits of a word as an integer of the type.
    fn cut(self, word: u64) -> i64 {
        let unused = 64 - self.width;
        match self.signed {
            true => (word << unused) as i64 >> unused,
            false => (word << unused >> unused) as i64,
        }
    }
}

/// An integer of 64 bits touches nine bytes at most.
const WINDOW_BYTES: usize = 9;

/// The byte that holds a bit, and how many bits of its window are from that bit on.
fn window(bytes: &[u8], offset: u64) -> (usize, u32) {
    let at = usize::try_from(offset / 8).unwrap_or(bytes.len());
    (at, WINDOW_BYTES as u32 * 8 - (offset % 8) as u32)
}

/// The first nine bytes, highest first, zeros where there are none.
fn window_word(bytes: &[u8]) -> u128 {
    let mut window = [0; 16];
    let len = bytes.len().min(WINDOW_BYTES);
    window[16 - WINDOW_BYTES..][..len].copy_from_slice(&bytes[..len]);
    u128::from_be_bytes(window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits;
    use proptest::prelude::*;

    fn field(text: &str) -> Field {
        Field::parse(text.as_bytes()).expect("a type")
    }

    #[test]
    fn types() {
        for text in ["i1", "i64", "u1", "u63"] {
            assert!(Field::parse(text.as_bytes()).is_some(), "{text}");
        }
        for text in ["", "i", "i0", "i65", "u64", "u0", "x8", "I8", "i08", "i-8", "8", "i8 "] {
            assert_eq!(Field::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn overflow() {
        use OnOverflow::*;
        for (kind, value, more, on_overflow, sum) in [
            ("u8", 255, 1, Wrap, Some(0)),
            ("u8", 255, 1, Saturate, Some(255)),
            ("u8", 255, 1, Fail, None),
            ("u8", 0, -1, Wrap, Some(255)),
            ("u8", 0, -1, Saturate, Some(0)),
            ("u8", 254, 1, Fail, Some(255)),
            ("u8", -1, 0, Saturate, Some(255)),
            ("i8", 127, 1, Wrap, Some(-128)),
            ("i8", 127, 1, Saturate, Some(127)),
            ("i8", -128, -1, Wrap, Some(127)),
            ("i8", -128, -1, Saturate, Some(-128)),
            ("i8", 300, 0, Wrap, Some(44)),
            ("i64", i64::MAX, 1, Wrap, Some(i64::MIN)),
            ("i64", i64::MIN, -1, Saturate, Some(i64::MIN)),
            ("i64", i64::MIN, i64::MIN, Fail, None),
            ("u63", i64::MAX, i64::MAX, Wrap, Some(i64::MAX - 1)),
            ("u63", i64::MAX, i64::MIN, Saturate, Some(0)),
            ("i1", 0, 1, Wrap, Some(-1)),
        ] {
            assert_eq!(field(kind).add(value, more, on_overflow), sum, "{kind} {value} {more}");
        }
    }

    proptest! {
        #[test]
        fn reads_and_writes_bit_by_bit(
            mut bytes in prop::collection::vec(any::<u8>(), 9..40),
            signed: bool,
            width in 1..64u32,
            offset: u64,
            value: i64,
        ) {
            let field = Field { signed, width };
            let bits = bytes.len() as u64 * 8;
            let offset = offset % (bits - u64::from(width) + 1);
            let before = bytes.clone();
            field.set(&mut bytes, offset, value);
            let cut = field.cut(value as u64);
            prop_assert_eq!(field.get(&bytes, offset), cut);
            for bit in 0..bits {
                let inside = (offset..offset + u64::from(width)).contains(&bit);
                let expected = match inside {
                    true => value >> (offset + u64::from(width) - 1 - bit) & 1 == 1,
                    false => bits::get(&before, bit),
                };
                prop_assert_eq!(bits::get(&bytes, bit), expected);
            }
        }

        #[test]
        fn reads_anywhere(bytes in prop::collection::vec(any::<u8>(), 0..20), offset: u64) {
            for offset in [offset, offset % 200] {
                let naive = (0..13).fold(0, |word, bit| {
                    word << 1 | i64::from(bits::get(&bytes, offset.saturating_add(bit)))
                });
                prop_assert_eq!(field("u13").get(&bytes, offset), naive);
            }
        }
    }
}
