//! LZF, the compression of strings in snapshots: fast, small, and fixed by the format.
//!
//! ```text
//! 000lllll                     l + 1 bytes as they are, which follow
//! lllooooo oooooooo            l + 2 bytes (l from 1 to 6) as they stand o + 1 bytes before
//! 111ooooo llllllll oooooooo   l + 9 bytes as they stand o + 1 bytes before
//! ```

mod compress;
mod decompress;

pub(crate) use compress::compress;
pub(crate) use decompress::decompress;

/// The longest run of bytes as they are.
const LITERAL_MAX: usize = 32;
/// The longest copy.
const COPY_MAX: usize = 264;
/// The farthest back that a copy can begin.
const BACK_MAX: usize = 1 << 13;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn round(text: &[u8]) -> Option<usize> {
        let packed = compress(text, text.len())?;
        let mut out = Vec::new();
        decompress(&packed, text.len() as u64, &mut out).expect("what was compressed");
        assert_eq!(out, text);
        Some(packed.len())
    }

    #[test]
    fn repetition_shrinks() {
        assert!(round(&[b'x'; 100_000]).unwrap() < 1200);
        assert!(round(&b"abcdefgh".repeat(1000)).unwrap() < 130);
        assert_eq!(round(b"abcdefghijklmnopqrstuvwxyz"), None);
        let far: Vec<u8> = (0..20_000u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
        round(&[&far[..], &far[..]].concat());
    }

    proptest! {
        #[test]
        fn goes_round(text in prop::collection::vec(0u8..4, 0..3000)) {
            round(&text);
        }

        #[test]
        fn damage_does_no_harm(
            packed in prop::collection::vec(any::<u8>(), 0..200),
            len in 0u64..9999,
        ) {
            let mut out = Vec::new();
            let done = decompress(&packed, len, &mut out);
            prop_assert!(done.is_none() || out.len() as u64 == len);
        }
    }
}
