//! Values of modules: few of them can be read, but all can be passed over.

use crate::kind::module::{DOUBLE, END, FLOAT, SIGNED, STRING, UNSIGNED};
use crate::source::array;
use crate::{Fault, Result, Source, length, text};

/// Passes over what a module has written, up to its end.
pub(crate) fn skip(source: &mut impl Source) -> Result<()> {
    let mut scratch = Vec::new();
    loop {
        match length::read_plain(source)? {
            END => return Ok(()),
            SIGNED | UNSIGNED => {
                length::read_plain(source)?;
            }
            FLOAT => {
                array::<4>(source)?;
            }
            DOUBLE => {
                array::<8>(source)?;
            }
            STRING => text::read_into(source, &mut scratch)?,
            _ => return Err(source.error(Fault::Module)),
        }
    }
}

/// Expects a part of this kind.
pub(super) fn part(source: &mut impl Source, kind: u64) -> Result<()> {
    match length::read_plain(source)? {
        found if found == kind => Ok(()),
        _ => Err(source.error(Fault::Module)),
    }
}

/// The name of a module's type: nine letters of six bits, and a version in the lowest ten bits.
pub(crate) fn name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |place: u32| LETTERS[(id >> (58 - 6 * place)) as usize & 63] as char;
    (0..9).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceSource;

    #[test]
    fn everything_is_passed_over() {
        let bytes = [1, 5, 2, 6, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, b'x', 0, 9];
        let mut source = SliceSource::new(&bytes);
        assert_eq!(skip(&mut source), Ok(()));
        assert_eq!(source.offset(), 22);
        assert_eq!(skip(&mut source).unwrap_err().fault, Fault::Module);
        assert_eq!(name(0), "AAAAAAAAA");
        assert_eq!(name(crate::kind::module::SUGGESTIONS << 10 | 1), "trietype0");
    }
}
