//! Reading a snapshot.

use crate::kind::{self, opcode};
use crate::read::{self, Dialect, Object, module};
use crate::source::{array, byte};
use crate::{Fault, ReadSource, Result, Source, length, text};
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

/// What a snapshot is made of.
pub enum Item {
    /// A fact about the server that wrote it.
    Aux(Vec<u8>, Vec<u8>),
    /// The keys that follow belong to this database.
    Database(u64),
    /// How many keys the database has, and how many of them expire.
    Sizes(u64, u64),
    /// A key.
    Record(Box<Record>),
    /// A key whose collection has no elements. Early versions of Redis could write such ones.
    EmptyKey(Vec<u8>),
    /// The code of a library of functions.
    Function(Vec<u8>),
    /// A library of functions as a preview of Redis 7.0 wrote it; its name.
    EarlyFunction(Vec<u8>),
    /// Data of a module beside the keys, passed over; the module's name.
    ModuleAux(String),
}

/// Reads a snapshot item by item.
pub struct FileReader<R> {
    source: ReadSource<R>,
    version: u16,
    dialect: Dialect,
    check: bool,
}

impl<R: Read> FileReader<R> {
    /// Begins to read; `check` says whether the checksum is compared at the end.
    pub fn new(reader: R, check: bool) -> Result<Self> {
        let mut source = ReadSource::new(reader);
        let magic: [u8; 9] = array(&mut source)?;
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
        Ok(FileReader { source, version, dialect, check })
    }

    /// The version of the file.
    pub fn version(&self) -> u16 {
        self.version
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
        let source = &mut self.source;
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
                opcode::END => return self.end().map(|()| None),
                opcode::SLOT_IMPORT..=opcode::SELECT_DB => {
                    if let Some(item) = beside_keys(source, code)? {
                        return Ok(Some(item));
                    }
                }
                _ => {
                    let key = text::read(source)?;
                    let value = read::value(source, code, self.dialect, limits)?;
                    return Ok(Some(match value {
                        None => Item::EmptyKey(key),
                        Some(value) => {
                            let record = Record { key, value, expiry, idle, frequency };
                            Item::Record(Box::new(record))
                        }
                    }));
                }
            }
        }
    }

    /// Compares the checksum, which files have from version 5 on.
    fn end(&mut self) -> Result<()> {
        if self.version < 5 {
            return Ok(());
        }
        let computed = self.source.checksum();
        let stated = u64::from_le_bytes(array(&mut self.source)?);
        match self.check && stated != 0 && stated != computed {
            true => Err(self.source.error(Fault::Checksum)),
            false => Ok(()),
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
