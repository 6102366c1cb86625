//! All registers, a byte each: what unions are computed in.

use super::{DENSE_LEN, ENCODING_AT, Encoding, HEADER, Invalid, REGISTERS};
use super::{dense, encoding, estimate, forget_count, raise, sparse};
use sparse::Cursor;

/// See the module's head.
pub struct Registers {
    values: Box<[u8; REGISTERS]>,
    any_dense: bool,
}

impl Default for Registers {
    fn default() -> Self {
        Self::new()
    }
}

impl Registers {
    /// All of them 0.
    pub fn new() -> Self {
        Registers { values: Box::new([0; REGISTERS]), any_dense: false }
    }

    /// Raises each register to that of `bytes` where it is lower.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Invalid> {
        let data = &bytes[bytes.len().min(HEADER)..];
        match encoding(bytes)? {
            Encoding::Dense => {
                self.any_dense = true;
                for (eight, six) in self.values.chunks_exact_mut(8).zip(data.chunks_exact(6)) {
                    for (own, other) in eight.iter_mut().zip(dense::spread(six).to_le_bytes()) {
                        *own = other.max(*own);
                    }
                }
                Ok(())
            }
            Encoding::Sparse => self.merge_sparse(data),
        }
    }

    fn merge_sparse(&mut self, data: &[u8]) -> Result<(), Invalid> {
        let mut first = 0;
        for run in sparse::Runs::new(data) {
            let (value, len) = run?.parts();
            if value > 0 {
                let registers = self.values.get_mut(first..first + len);
                for own in registers.ok_or(Invalid::Corrupt)? {
                    *own = value.max(*own);
                }
            }
            first += len;
        }
        sparse::check_total(first)
    }

    /// The values.
    pub fn values(&self) -> &[u8] {
        &self.values[..]
    }

    /// The count that they stand for.
    pub fn count(&self) -> u64 {
        let mut histogram = [0; 64];
        let mut parts = [[0u32; 64]; 4];
        for eight in self.values.chunks_exact(8) {
            // Sparse ones are mostly zeros.
            if eight == [0; 8] {
                histogram[0] += 8;
                continue;
            }
            for (at, value) in eight.iter().enumerate() {
                parts[at % 4][usize::from(value & 63)] += 1;
            }
        }
        for part in parts {
            histogram.iter_mut().zip(part).for_each(|(all, some)| *all += some);
        }
        estimate::cardinality(&histogram)
    }

    /// Raises the registers of `bytes` to these, which `bytes` has been merged into. If anything
    /// that was merged was dense, it is made dense.
    pub fn store(&self, bytes: &mut Vec<u8>, sparse_max: usize) -> Result<(), Invalid> {
        if self.any_dense {
            self.replace_dense(bytes);
        } else {
            let mut cursor = Cursor::START;
            for (register, &value) in self.values.iter().enumerate() {
                if value == 0 {
                    continue;
                }
                raise(bytes, &mut cursor, register, value, sparse_max)?;
                if encoding(bytes)? == Encoding::Dense {
                    self.replace_dense(bytes);
                    break;
                }
            }
        }
        forget_count(bytes);
        Ok(())
    }

    /// Makes the data of `bytes` these registers in the dense form; the header keeps the rest.
    pub(super) fn replace_dense(&self, bytes: &mut Vec<u8>) {
        bytes.resize(DENSE_LEN, 0);
        bytes[ENCODING_AT] = 0;
        let sixes = bytes[HEADER..].chunks_exact_mut(6);
        for (six, eight) in sixes.zip(self.values.chunks_exact(8)) {
            let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
            six.copy_from_slice(&dense::squeeze(word));
        }
    }
}
