//! Strings read as HyperLogLogs.

use crate::prelude::*;
use redpoll_keyspace::StrRef;
use redpoll_types::hll::{self, Encoding, Invalid, Registers};

/// Redis's words for what is wrong with a string.
pub fn error(invalid: Invalid) -> Error {
    Error::text(match invalid {
        Invalid::Foreign => "WRONGTYPE Key is not a valid HyperLogLog string value.",
        Invalid::Corrupt => "INVALIDOBJ Corrupted HLL object detected",
    })
}

/// The encoding of a string that has the head of a HyperLogLog.
pub fn encoding(text: StrRef<'_>) -> Result<Encoding> {
    text.with(hll::encoding).map_err(error)
}

/// Merges the HyperLogLogs at these keys; a key that is not there counts as an empty one.
pub fn merge<'k>(ctx: &mut Ctx<'_>, keys: impl Iterator<Item = &'k [u8]>) -> Result<Registers> {
    let mut registers = Registers::new();
    for key in keys {
        if let Some(text) = ctx.keys.string(key)? {
            text.with(|bytes| registers.merge(bytes)).map_err(error)?;
        }
    }
    Ok(registers)
}
