//! HyperLogLog: how many different elements were added, in 12 KiB at most, with an error of 0.81 %.
//!
//! A HyperLogLog is a string in Redis's own format, so that values move between both servers and
//! give the same counts. 14 bits of an element's hash choose one of 16,384 registers, which keeps
//! the longest run of zeros that the rest of any hash began with; the count follows from how many
//! registers have which value.
//!
//! ```text
//! | "HYLL" | encoding 8 | unused 24 | cached count 64, its top bit: out of date | data
//! ```
//!
//! `dense` holds every register in six bits; `sparse` holds runs of equal registers and serves few
//! elements; `registers` are all registers as bytes, for merging and counting; `estimate` makes the
//! count; `hash` the hash.
//!
//! Strings come from outside: whatever their bytes, the functions here answer or refuse.

mod dense;
mod estimate;
mod hash;
mod registers;
mod sparse;
#[cfg(test)]
mod tests;

pub use hash::pattern;
pub use registers::Registers;

use sparse::Cursor;

/// The number of registers.
pub const REGISTERS: usize = 1 << 14;

const HEADER: usize = 16;
const MAGIC: &[u8; 4] = b"HYLL";
const ENCODING_AT: usize = 4;
const CACHE_AT: usize = 8;
/// In the last byte of the header: the cached count is out of date.
const STALE: u8 = 0x80;
const DENSE_LEN: usize = HEADER + REGISTERS * 6 / 8;

/// The form of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Six bits a register.
    Dense,
    /// Runs of equal registers.
    Sparse,
}

/// Why a string is no HyperLogLog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// It has not the head or the length of one.
    Foreign,
    /// It has, but the data make no sense.
    Corrupt,
}

/// An empty one, which is sparse.
pub fn empty() -> Vec<u8> {
    let mut bytes = vec![0; HEADER];
    bytes[..4].copy_from_slice(MAGIC);
    bytes[ENCODING_AT] = 1;
    sparse::push_zeros(&mut bytes, REGISTERS);
    bytes
}

/// The encoding of a string that has the head of a HyperLogLog.
pub fn encoding(bytes: &[u8]) -> Result<Encoding, Invalid> {
    if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
        return Err(Invalid::Foreign);
    }
    match bytes[ENCODING_AT] {
        0 if bytes.len() == DENSE_LEN => Ok(Encoding::Dense),
        1 => Ok(Encoding::Sparse),
        _ => Err(Invalid::Foreign),
    }
}

/// Adds an element, and makes the string dense if it would exceed `sparse_max` bytes. Answers
/// whether anything has changed.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_max: usize) -> Result<bool, Invalid> {
    let (register, value) = pattern(element);
    let mut cursor = Cursor::START;
    raise(bytes, &mut cursor, register, value, sparse_max)
}

/// Raises a register to a value if it is lower. `cursor` lets a sparse search go on where an
/// earlier one for a lower register has ended.
fn raise(
    bytes: &mut Vec<u8>,
    cursor: &mut Cursor,
    register: usize,
    value: u8,
    sparse_max: usize,
) -> Result<bool, Invalid> {
    let mut changed = false;
    if encoding(bytes)? == Encoding::Sparse {
        match sparse::raise(bytes, cursor, register, value, sparse_max)? {
            sparse::Raised::Not => return Ok(false),
            sparse::Raised::Done => changed = true,
            sparse::Raised::TooLarge => make_dense(bytes)?,
        }
    }
    let changed = changed || dense::raise(&mut bytes[HEADER..], register, value);
    if changed {
        forget_count(bytes);
    }
    Ok(changed)
}

/// Turns a sparse string into a dense one; a dense one stays. Answers an error and changes nothing
/// if the data make no sense.
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<(), Invalid> {
    if encoding(bytes)? == Encoding::Dense {
        return Ok(());
    }
    let mut registers = Registers::new();
    registers.merge(bytes)?;
    registers.replace_dense(bytes);
    Ok(())
}

/// The cached count, unless it is out of date.
pub fn cached_count(bytes: &[u8]) -> Option<u64> {
    let cache = bytes.get(CACHE_AT..HEADER)?.try_into().ok()?;
    let count = u64::from_le_bytes(cache);
    (count >> 63 == 0).then_some(count)
}

/// Writes the cached count.
pub fn cache_count(bytes: &mut [u8], count: u64) {
    bytes[CACHE_AT..HEADER].copy_from_slice(&count.to_le_bytes());
}

/// Marks the cached count as out of date.
pub fn forget_count(bytes: &mut [u8]) {
    bytes[HEADER - 1] |= STALE;
}

/// The count, computed anew.
pub fn count(bytes: &[u8]) -> Result<u64, Invalid> {
    let mut histogram = [0; 64];
    match encoding(bytes)? {
        Encoding::Dense => dense::histogram(&bytes[HEADER..], &mut histogram),
        Encoding::Sparse => {
            let mut seen = 0;
            for run in sparse::Runs::new(&bytes[HEADER..]) {
                let (value, len) = run?.parts();
                seen += len;
                histogram[usize::from(value)] += len as u32;
            }
            sparse::check_total(seen)?;
        }
    }
    Ok(estimate::cardinality(&histogram))
}

/// The runs of a sparse string as text, such as `Z:100 v:3,1 z:20`.
pub fn decode(bytes: &[u8]) -> Result<String, Invalid> {
    let mut words = Vec::new();
    for run in sparse::Runs::new(&bytes[HEADER..]) {
        words.push(run?.to_string());
    }
    Ok(words.join(" "))
}
