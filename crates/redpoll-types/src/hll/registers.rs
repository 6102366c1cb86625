//! All registers: what unions are computed in.

use super::{DENSE_LEN, ENCODING_AT, Encoding, HEADER, Invalid, REGISTERS};
use super::{dense, encoding, estimate, forget_count, raise, sparse};
use sparse::Cursor;

/// See the module's head.
///
/// Sparse strings of few elements have few registers that are not 0. As long as that is all that
/// was merged, only those are kept: walking all of them would cost more than the rest of a command.
#[derive(Default)]
pub struct Registers {
    /// Numbers and values of registers, a number perhaps more than once: while `all` is absent.
    few: Vec<(u16, u8)>,
    all: Option<Box<[u8; REGISTERS]>>,
    any_dense: bool,
}

/// As many are kept in pairs.
const FEW_MAX: usize = 256;

impl Registers {
    /// All of them 0.
    pub fn new() -> Self {
        Registers::default()
    }

    /// Raises each register to that of `bytes` where it is lower.
    pub fn merge(&mut self, bytes: &[u8]) -> Result<(), Invalid> {
        let data = &bytes[bytes.len().min(HEADER)..];
        match encoding(bytes)? {
            Encoding::Dense => {
                self.any_dense = true;
                for (eight, six) in self.all().chunks_exact_mut(8).zip(data.chunks_exact(6)) {
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
            let registers = first..first + len;
            if registers.end > REGISTERS {
                return Err(Invalid::Corrupt);
            }
            first = registers.end;
            if value == 0 {
                continue;
            }
            if self.all.is_none() && self.few.len() + len <= FEW_MAX {
                self.few.extend(registers.map(|register| (register as u16, value)));
            } else {
                self.all()[registers].iter_mut().for_each(|own| *own = value.max(*own));
            }
        }
        sparse::check_total(first)
    }

    /// Goes over to keeping all.
    fn all(&mut self) -> &mut [u8; REGISTERS] {
        self.all.get_or_insert_with(|| {
            let mut all = Box::new([0; REGISTERS]);
            for (register, value) in self.few.drain(..) {
                let own = &mut all[usize::from(register)];
                *own = value.max(*own);
            }
            all
        })
    }

    /// Numbers and values of those that are not 0, in order.
    fn set(&self) -> Vec<(u16, u8)> {
        if let Some(all) = &self.all {
            return (0..).zip(all.iter().copied()).filter(|&(_, value)| value > 0).collect();
        }
        let mut set = self.few.clone();
        // What each string has given is in order already, and the sort makes use of that.
        set.sort();
        set.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 = next.1;
            }
            same
        });
        set
    }

    /// The values.
    pub fn values(&self) -> Vec<u8> {
        let mut values = vec![0; REGISTERS];
        for (register, value) in self.set() {
            values[usize::from(register)] = value;
        }
        values
    }

    /// The count that they stand for.
    pub fn count(&self) -> u64 {
        let mut histogram = [0; 64];
        match &self.all {
            Some(all) => count_values(&all[..], &mut histogram),
            None => {
                let set = self.set();
                histogram[0] = (REGISTERS - set.len()) as u32;
                for (_, value) in set {
                    histogram[usize::from(value & 63)] += 1;
                }
            }
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
            for (register, value) in self.set() {
                raise(bytes, &mut cursor, usize::from(register), value, sparse_max)?;
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
        let values = match &self.all {
            Some(all) => &all[..],
            None => &self.values()[..],
        };
        for (six, eight) in bytes[HEADER..].chunks_exact_mut(6).zip(values.chunks_exact(8)) {
            let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
            six.copy_from_slice(&dense::squeeze(word));
        }
    }
}

/// Counts the registers of each value; in four parts, as [`dense::histogram`] does.
fn count_values(values: &[u8], histogram: &mut [u32; 64]) {
    let mut parts = [[0u32; 64]; 4];
    for eight in values.chunks_exact(8) {
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
}
