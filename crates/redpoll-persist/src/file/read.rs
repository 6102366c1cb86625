//! Reading a snapshot.

use crate::kind::{self, opcode};
use crate::read::{self, Dialect, Object, module};
use crate::source::{array, byte};
use crate::{Fault, ReadSource, Result, SliceSource, Source, length, text};
use redpoll_types::limits::Limits;
use std::io::Read;

/// A key of a snapshot.
pub struct Record {
    /// The key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Object,
    /// When it expires, in milliseconds since 1970.
    pub expiry: Option<i64>,
    /// For how many seconds it has not been used.
    pub idle: Option<u64>,
    /// How often it is used, as an LFU counter.
    pub frequency: Option<u8>,
}

/// What can be said of a record whose value cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordHead {
    /// The number of its type.
    pub code: Option<u8>,
    /// Its key.
    pub key: Option<Vec<u8>>,
}

impl RecordHead {
    /// Looks at the record at the front of some bytes.
    pub fn read(bytes: &[u8]) -> Self {
        let (mut head, mut source) = (RecordHead::default(), SliceSource::new(bytes));
        // As far as it goes.
        let _ = head.fill(&mut source);
        head
    }

    fn fill(&mut self, source: &mut SliceSource<'_>) -> Result<()> {
        loop {
            match byte(source)? {
                opcode::EXPIRE => source.pass(4)?,
                opcode::EXPIRE_MS => source.pass(8)?,
                opcode::IDLE => length::read_plain(source).map(drop)?,
                opcode::FREQ => source.pass(1)?,
                opcode::SLOT_IMPORT..=opcode::END => return Ok(()),
                code => {
                    self.code = Some(code);
                    self.key = Some(text::read(source)?);
                    return Ok(());
                }
            }
        }
    }
}

/// What a snapshot is made of.
pub enum Item {
    /// A fact about the server that wrote it.
    Aux(Vec<u8>, Vec<u8>),
    /// The keys that follow belong to this database.
    Database(u64),
    /// How many keys the database has, and how many of them expire.
    Sizes(u64, u64),
    /// A key.
    Record(Record),
    /// A key whose collection has no elements. Early versions of Redis could write such ones.
    EmptyKey(Vec<u8>),
    /// The code of a library of functions.
    Function(Vec<u8>),
    /// A library of functions as a preview of Redis 7.0 wrote it; its name.
    EarlyFunction(Vec<u8>),
    /// Data of a module beside the keys, passed over; the module's name.
    ModuleAux(String),
}

/// Bytes that tell a snapshot from other files.
pub const MAGIC_LEN: u64 = 6;

/// Whether a file that begins with these bytes is a snapshot, readable or not.
pub fn is_snapshot(beginning: &[u8]) -> bool {
    beginning.starts_with(b"REDIS") || beginning.starts_with(b"VALKEY")
}

/// What stands at the beginning of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) version: u16,
    pub(super) dialect: Dialect,
}

impl Head {
    pub(super) fn read(source: &mut impl Source) -> Result<Self> {
        let magic: [u8; 9] = array(source)?;
        let (digits, dialect) = match &magic {
            [b'R', b'E', b'D', b'I', b'S', digits @ ..] => (&digits[..], Dialect::Redis),
            [b'V', b'A', b'L', b'K', b'E', b'Y', digits @ ..] => (&digits[..], Dialect::Valkey),
            _ => return Err(source.error(Fault::Magic)),
        };
        let digits = std::str::from_utf8(digits).ok();
        let version = digits.and_then(|digits| digits.parse().ok());
        let version: u16 = version.ok_or_else(|| source.error(Fault::Magic))?;
        if !kind::is_known(version) || (dialect == Dialect::Valkey) != (version >= 80) {
            return Err(source.error(Fault::Version(version)));
        }
        Ok(Head { version, dialect })
    }

    /// Whether a checksum stands at the end, as from version 5 on.
    pub(super) fn has_checksum(self) -> bool {
        self.version >= 5
    }

    /// The checksum at the end; 0: none.
    pub(super) fn stated_checksum(self, source: &mut impl Source) -> Result<u64> {
        if !self.has_checksum() {
            return Ok(0);
        }
        array(source).map(u64::from_le_bytes)
    }
}

/// Reads a snapshot item by item.
pub struct FileReader<R> {
    source: ReadSource<R>,
    head: Head,
    check: bool,
    /// The checksum at the end; 0: none, or not there yet.
    stated: u64,
}

impl<R: Read> FileReader<R> {
    /// Begins to read; `check` says whether the checksum is compared at the end.
    pub fn new(reader: R, check: bool) -> Result<Self> {
        let mut source = ReadSource::new(reader);
        let head = Head::read(&mut source)?;
        Ok(FileReader { source, head, check, stated: 0 })
    }

    /// The version of the file.
    pub fn version(&self) -> u16 {
        self.head.version
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.source.offset()
    }

    /// An error at this place.
    pub fn error(&self, fault: Fault) -> crate::Error {
        self.source.error(fault)
    }

    /// The next item; `None` behind the last.
    pub fn next(&mut self, limits: &Limits) -> Result<Option<Item>> {
        loop {
            match step(&mut self.source, self.head.dialect, limits)? {
                Step::Item(item) => return Ok(Some(item)),
                Step::Nothing => {}
                Step::End => return self.end().map(|()| None),
            }
        }
    }

    /// Whether the file, which has been read to its end, has a checksum.
    pub fn has_checksum(&self) -> bool {
        self.stated != 0
    }

    /// Compares the checksum.
    fn end(&mut self) -> Result<()> {
        let computed = self.source.checksum();
        self.stated = self.head.stated_checksum(&mut self.source)?;
        match self.check && self.stated != 0 && self.stated != computed {
            true => Err(self.source.error(Fault::Checksum)),
            false => Ok(()),
        }
    }
}

/// What one opcode, or a record, has led to.
pub(super) enum Step {
    /// An item.
    Item(Item),
    /// Something that tells nothing.
    Nothing,
    /// The end of the snapshot.
    End,
}

/// Reads a record, or what else stands there.
pub(super) fn step(source: &mut impl Source, dialect: Dialect, limits: &Limits) -> Result<Step> {
    let (mut expiry, mut idle, mut frequency) = (None, None, None);
    loop {
        let code = byte(source)?;
        match code {
            opcode::EXPIRE => {
                expiry = Some(i64::from(i32::from_le_bytes(array(source)?)) * 1000);
            }
            opcode::EXPIRE_MS => expiry = Some(i64::from_le_bytes(array(source)?)),
            opcode::IDLE => idle = Some(length::read_plain(source)?),
            opcode::FREQ => frequency = Some(byte(source)?),
            opcode::END => return Ok(Step::End),
            opcode::SLOT_IMPORT..=opcode::SELECT_DB => {
                return Ok(beside_keys(source, code)?.map_or(Step::Nothing, Step::Item));
            }
            _ => {
                let key = text::read(source)?;
                let value = read::value(source, code, dialect, limits)?;
                return Ok(Step::Item(match value {
                    None => Item::EmptyKey(key),
                    Some(value) => Item::Record(Record { key, value, expiry, idle, frequency }),
                }));
            }
        }
    }
}

/// What an opcode stands for that belongs to no key; `None` for what tells nothing.
fn beside_keys(source: &mut impl Source, code: u8) -> Result<Option<Item>> {
    Ok(Some(match code {
        opcode::SELECT_DB => Item::Database(length::read_plain(source)?),
        opcode::RESIZE_DB => Item::Sizes(length::read_plain(source)?, length::read_plain(source)?),
        opcode::AUX => Item::Aux(text::read(source)?, text::read(source)?),
        opcode::FUNCTION_2 => Item::Function(text::read(source)?),
        opcode::FUNCTION_EARLY => Item::EarlyFunction(early_function(source)?),
        opcode::MODULE_AUX => {
            let name = module::name(length::read_plain(source)?);
            module::skip(source)?;
            Item::ModuleAux(name)
        }
        // The number of a slot, of its keys, and of those that expire.
        opcode::SLOT_INFO => {
            for _ in 0..3 {
                length::read_plain(source)?;
            }
            return Ok(None);
        }
        // The name of the job, and the ranges of its slots.
        opcode::SLOT_IMPORT => {
            text::read(source)?;
            for _ in 0..length::read_plain(source)? {
                length::read_plain(source)?;
                length::read_plain(source)?;
            }
            return Ok(None);
        }
        _ => return Err(source.error(Fault::Type(code))),
    }))
}

/// Name, engine, a description if there is one, and code.
fn early_function(source: &mut impl Source) -> Result<Vec<u8>> {
    let name = text::read(source)?;
    text::read(source)?;
    if length::read_plain(source)? != 0 {
        text::read(source)?;
    }
    text::read(source)?;
    Ok(name)
}
