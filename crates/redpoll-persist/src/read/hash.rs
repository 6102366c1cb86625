//! Hashes: fields one by one or packed, and with expiries as Redis 7.4 and Valkey 9 have them.

use super::packed;
use crate::source::array;
use crate::{Fault, Result, Source, length, text};
use redpoll_types::hash::Hash;
use redpoll_types::limits::Limits;
use redpoll_types::listpack::Listpack;

/// The latest time at which a field may expire in Redis: 46 bits of milliseconds.
const EXPIRY_MAX: u64 = (1 << 46) - 1;
/// What Valkey writes for a field that does not expire.
const NEVER: i64 = -1;

/// Fields one by one.
pub(super) fn plain(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let count = length::read_plain(source)?;
    let mut fields = Fields::new(count, limits);
    for _ in 0..count {
        fields.read(source)?;
        fields.put(source, None)?;
    }
    Ok(fields.hash)
}

/// Valkey 9: each field with an expiry behind it.
pub(super) fn valkey(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let count = length::read_plain(source)?;
    let mut fields = Fields::new(count, limits);
    for _ in 0..count {
        fields.read(source)?;
        let expiry = match i64::from_le_bytes(array(source)?) {
            NEVER => None,
            at => Some(u64::try_from(at).map_err(|_| source.error(Fault::Time))?),
        };
        fields.put(source, expiry)?;
    }
    Ok(fields.hash)
}

/// Redis 7.4: each field behind its expiry, counted from the earliest one.
pub(super) fn metadata(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let earliest = u64::from_le_bytes(array(source)?);
    with_metadata(source, limits, |number| earliest.checked_add(number - 1))
}

/// Redis 7.4 before its release: each field behind its expiry.
pub(super) fn metadata_early(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    with_metadata(source, limits, Some)
}

fn with_metadata(
    source: &mut impl Source,
    limits: &Limits,
    expiry: impl Fn(u64) -> Option<u64>,
) -> Result<Hash> {
    let count = length::read_plain(source)?;
    let mut fields = Fields::new(count, limits);
    for _ in 0..count {
        let expiry = match length::read_plain(source)? {
            0 => None,
            number => {
                let at = expiry(number).filter(|&at| at <= EXPIRY_MAX);
                Some(at.ok_or_else(|| source.error(Fault::Time))?)
            }
        };
        fields.read(source)?;
        fields.put(source, expiry)?;
    }
    Ok(fields.hash)
}

/// A zipmap.
pub(super) fn zipmap(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let pack = packed::zipmap(source)?;
    of_listpack(source, pack, false, limits)
}

/// A ziplist of names and values.
pub(super) fn ziplist(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let pack = packed::ziplist(source)?;
    of_listpack(source, pack, false, limits)
}

/// A listpack of names and values.
pub(super) fn listpack(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let pack = packed::listpack(source)?;
    of_listpack(source, pack, false, limits)
}

/// Redis 7.4: a listpack of names, values and expiries, behind the earliest expiry.
pub(super) fn listpack_ex(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    // The listpack knows it, too.
    let _earliest: [u8; 8] = array(source)?;
    listpack_ex_early(source, limits)
}

/// Redis 7.4 before its release: a listpack of names, values and expiries.
pub(super) fn listpack_ex_early(source: &mut impl Source, limits: &Limits) -> Result<Hash> {
    let pack = packed::listpack(source)?;
    of_listpack(source, pack, true, limits)
}

fn of_listpack(
    source: &impl Source,
    pack: Listpack,
    with_expiry: bool,
    limits: &Limits,
) -> Result<Hash> {
    let hash = Hash::from_listpack(pack, with_expiry, limits);
    hash.map_err(|corrupt| source.error(corrupt.into()))
}

/// A hash in the making, and the field that was read last.
struct Fields<'a> {
    hash: Hash,
    name: Vec<u8>,
    value: Vec<u8>,
    limits: &'a Limits,
}

impl<'a> Fields<'a> {
    fn new(count: u64, limits: &'a Limits) -> Self {
        let mut hash = Hash::new();
        hash.expect(usize::try_from(count).unwrap_or(usize::MAX), limits);
        Fields { hash, name: Vec::new(), value: Vec::new(), limits }
    }

    fn read(&mut self, source: &mut impl Source) -> Result<()> {
        text::read_into(source, &mut self.name)?;
        text::read_into(source, &mut self.value)
    }

    fn put(&mut self, source: &impl Source, expiry: Option<u64>) -> Result<()> {
        match self.hash.restore(&self.name, &self.value, expiry, self.limits) {
            true => Ok(()),
            false => Err(source.error(Fault::Duplicate)),
        }
    }
}
