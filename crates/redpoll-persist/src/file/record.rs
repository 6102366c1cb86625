//! What a snapshot is made of, written one by one: to a file, or to anything else that takes bytes.

use crate::kind::opcode;
use crate::{Sink, ValueRef, length, text};

/// A fact about the server or its data.
pub fn aux(out: &mut impl Sink, name: &[u8], value: &[u8], compress: bool) {
    out.put(&[opcode::AUX]);
    text::write(out, name, false);
    text::write(out, value, compress);
}

/// The database that the keys which follow belong to.
pub fn select(out: &mut impl Sink, number: usize) {
    out.put(&[opcode::SELECT_DB]);
    length::write(out, number as u64);
}

/// The code of a library of functions.
pub fn function(out: &mut impl Sink, code: &[u8], compress: bool) {
    out.put(&[opcode::FUNCTION_2]);
    text::write(out, code, compress);
}

/// A key and what goes with it.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// The key.
    pub key: &'a [u8],
    /// Its value.
    pub value: ValueRef<'a>,
    /// When it expires, in milliseconds since 1970.
    pub expiry: Option<i64>,
    /// For how many seconds it has not been used.
    pub idle: Option<u64>,
    /// How often it is used, as an LFU counter.
    pub frequency: Option<u8>,
}

impl Key<'_> {
    /// Writes it.
    pub fn write(self, out: &mut impl Sink, compress: bool) {
        if let Some(at) = self.expiry {
            out.put(&[opcode::EXPIRE_MS]);
            out.put(&at.to_le_bytes());
        }
        if let Some(seconds) = self.idle {
            out.put(&[opcode::IDLE]);
            length::write(out, seconds);
        }
        if let Some(counter) = self.frequency {
            out.put(&[opcode::FREQ, counter]);
        }
        out.put(&[self.value.code()]);
        text::write(out, self.key, compress);
        self.value.write(out, compress);
    }
}
