//! Checking a snapshot: every record is read as if it were loaded.

use super::bar::{Bar, Watched};
use redpoll_keyspace::clock;
use redpoll_persist::file::{FileReader, Item, RecordHead, type_name};
use redpoll_persist::{Error, Fault, Object};
use redpoll_types::limits::Limits;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Enough of a record to know what it is.
const HEAD: u64 = 64 << 10;

/// What has been read.
#[derive(Default)]
struct Seen {
    keys: u64,
    expires: u64,
    expired: u64,
    types: BTreeMap<&'static str, u64>,
}

/// Checks a file. Answers whether it can be loaded.
pub fn check_file(path: &Path, out: &mut dyn Write) -> io::Result<bool> {
    let name = path.display();
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            writeln!(out, "Cannot open file {name}: {error}")?;
            return Ok(false);
        }
    };
    writeln!(out, "[offset 0] Checking RDB file {name}")?;
    let sound = check(&mut file, out)?;
    if let Some(end) = sound {
        writeln!(out, "[offset {end}] \\o/ RDB looks OK! \\o/")?;
    }
    Ok(sound.is_some())
}

/// Checks the snapshot that a file begins with. Answers where it ends, if it can be loaded.
pub fn check(file: &mut File, out: &mut dyn Write) -> io::Result<Option<u64>> {
    let mut bar = Bar::new(file.metadata()?.len());
    let (mut seen, mut whole) = (Seen::default(), 0);
    let reader = Watched { inner: Read::by_ref(file), bar: &mut bar };
    let failure = match read(reader, &mut seen, &mut whole, out)? {
        Ok(end) => {
            bar.clear();
            seen.write(out)?;
            return Ok(Some(end));
        }
        Err(failure) => failure,
    };
    bar.clear();
    writeln!(out, "--- RDB ERROR DETECTED ---")?;
    writeln!(out, "[offset {}] {}", failure.offset, failure.fault)?;
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(whole))?;
    Read::by_ref(file).take(HEAD).read_to_end(&mut head)?;
    let head = match failure.fault {
        Fault::Checksum | Fault::Magic | Fault::Version(_) => RecordHead::default(),
        _ => RecordHead::read(&head),
    };
    if let Some(key) = &head.key {
        writeln!(out, "[additional info] Reading key '{}'", key.escape_ascii())?;
    }
    if let Some(code) = head.code {
        writeln!(out, "[additional info] Reading type {code} ({})", type_name(code))?;
    }
    seen.write(out)?;
    let keys = seen.keys;
    writeln!(out, "[info] what was read is whole up to offset {whole}, with {keys} keys")?;
    Ok(None)
}

/// Reads all of a snapshot. `whole` is where the last item ends that could be read.
fn read(
    reader: impl Read,
    seen: &mut Seen,
    whole: &mut u64,
    out: &mut dyn Write,
) -> io::Result<Result<u64, Error>> {
    let mut file = match FileReader::new(reader, true) {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let (limits, now) = (Limits::default(), clock::now_ms());
    loop {
        *whole = file.offset();
        let item = match file.next(&limits) {
            Ok(Some(item)) => item,
            Ok(None) => break,
            Err(error) => return Ok(Err(error)),
        };
        let offset = file.offset();
        match item {
            Item::Record(record) => seen.add(&record.value, record.expiry, now),
            Item::Aux(name, value) => {
                let (name, value) = (name.escape_ascii(), value.escape_ascii());
                writeln!(out, "[offset {offset}] AUX FIELD {name} = '{value}'")?;
            }
            Item::Database(number) => {
                writeln!(out, "[offset {offset}] Selecting DB ID {number}")?;
            }
            Item::EmptyKey(key) => {
                let key = key.escape_ascii();
                writeln!(out, "[offset {offset}] Key '{key}' has no elements; it is left out")?;
            }
            Item::ModuleAux(name) => writeln!(out, "[offset {offset}] MODULE AUX for: {name}")?,
            Item::EarlyFunction(name) => {
                let name = name.escape_ascii();
                writeln!(out, "[offset {offset}] Function of a preview: '{name}'; it is left out")?;
            }
            Item::Function(code) => {
                writeln!(out, "[offset {offset}] Library of functions, {} bytes", code.len())?;
            }
            Item::Sizes(..) => {}
        }
    }
    let offset = file.offset();
    match file.has_checksum() {
        true => writeln!(out, "[offset {offset}] Checksum OK")?,
        false => writeln!(
            out,
            "[offset {offset}] RDB file was saved with checksum disabled: no check performed."
        )?,
    }
    Ok(Ok(offset))
}

impl Seen {
    fn add(&mut self, value: &Object, expiry: Option<i64>, now: i64) {
        self.keys += 1;
        let name = match value {
            Object::Text(_) => "string",
            Object::Value(value) => value.type_of().name(),
        };
        *self.types.entry(name).or_default() += 1;
        if let Some(at) = expiry {
            self.expires += 1;
            self.expired += u64::from(at < now);
        }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "[info] {} keys read", self.keys)?;
        writeln!(out, "[info] {} expires", self.expires)?;
        writeln!(out, "[info] {} already expired", self.expired)?;
        let mut types = self.types.iter();
        types.try_for_each(|(name, count)| writeln!(out, "[info] {count} of type {name}"))
    }
}
