//! Checking an append-only file: every command is whole, and so is every transaction.

use super::bar::Bar;
use super::{Change, rdb};
use crate::aof::manifest::Manifest;
use redpoll_persist::aof::{Found, fill, scan};
use redpoll_persist::file::{MAGIC_LEN, is_snapshot};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// Bytes that tell a manifest.
const FIRST_LINES: u64 = 64 << 10;

/// What came of a file.
enum Checked {
    Valid,
    Empty,
    Truncated,
    TruncatedToTime(i64),
    /// It is not as it should be, and has not been changed.
    Bad,
}

/// Checks a file, or all that a manifest names. Answers whether they can be loaded now.
pub fn check(path: &Path, change: Change, out: &mut dyn Write) -> io::Result<bool> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FIRST_LINES).read_to_end(&mut head));
    if let Err(error) = read {
        writeln!(out, "Cannot open file {}: {error}", path.display())?;
        return Ok(false);
    }
    if is_manifest(&head) {
        return check_parts(path, change, out);
    }
    writeln!(out, "Start checking Old-Style AOF")?;
    let name = path.display().to_string();
    let checked = check_file(path, &name, true, change, out)?;
    say(&checked, "AOF", &name, out)?;
    Ok(!matches!(checked, Checked::Bad))
}

fn is_manifest(head: &[u8]) -> bool {
    let mut lines = head.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.next().is_some_and(|line| line.starts_with(b"file "))
}

/// Checks the files that a manifest names. Only the last one may be cut.
fn check_parts(path: &Path, change: Change, out: &mut dyn Write) -> io::Result<bool> {
    writeln!(out, "Start checking Multi Part AOF")?;
    let manifest = match Manifest::parse(&fs::read_to_string(path)?) {
        Ok(manifest) => manifest,
        Err(refused) => {
            writeln!(out, "*** FATAL AOF MANIFEST FILE ERROR ***")?;
            if let Some((number, line)) = refused.line {
                writeln!(out, "Reading the manifest file, at line {number}\n>>> '{line}'")?;
            }
            writeln!(out, "{}", refused.reason)?;
            return Ok(false);
        }
    };
    let directory = path.parent().unwrap_or(Path::new("."));
    let count = manifest.loaded().count();
    for (index, entry) in manifest.loaded().enumerate() {
        let is_base = manifest.base.as_ref() == Some(entry);
        let (part, name) = (directory.join(&entry.name), &entry.name);
        if is_base {
            let format = if begins_with_snapshot(&part) { "RDB" } else { "RESP" };
            writeln!(out, "Start to check BASE AOF ({format} format).")?;
        } else if index == usize::from(manifest.base.is_some()) {
            writeln!(out, "Start to check INCR files.")?;
        }
        let checked = check_file(&part, name, index + 1 == count, change, out)?;
        say(&checked, if is_base { "BASE AOF" } else { "INCR AOF" }, name, out)?;
        if matches!(checked, Checked::Bad) {
            return Ok(false);
        }
    }
    writeln!(out, "All AOF files and manifest are valid")?;
    Ok(true)
}

fn say(checked: &Checked, kind: &str, name: &str, out: &mut dyn Write) -> io::Result<()> {
    match checked {
        Checked::Valid => writeln!(out, "{kind} {name} is valid"),
        Checked::Empty => writeln!(out, "{kind} {name} is empty"),
        Checked::Truncated => writeln!(out, "Successfully truncated AOF {name}"),
        Checked::TruncatedToTime(time) => {
            writeln!(out, "Successfully truncated AOF {name} to timestamp {time}")
        }
        Checked::Bad => Ok(()),
    }
}

fn begins_with_snapshot(path: &Path) -> bool {
    let mut magic = Vec::new();
    // One that cannot be read is told of when it is checked.
    let _ = File::open(path).and_then(|file| file.take(MAGIC_LEN).read_to_end(&mut magic));
    is_snapshot(&magic)
}

fn check_file(
    path: &Path,
    name: &str,
    is_last: bool,
    change: Change,
    out: &mut dyn Write,
) -> io::Result<Checked> {
    let opened = OpenOptions::new().read(true).write(change != Change::Nothing).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) => {
            writeln!(out, "Cannot open file {}: {error}, aborting...", path.display())?;
            return Ok(Checked::Bad);
        }
    };
    let size = file.metadata()?.len();
    if size == 0 {
        return Ok(Checked::Empty);
    }
    let mut start = 0;
    if begins_with_snapshot(path) {
        let Some(end) = rdb::check(&mut file, out)? else {
            writeln!(out, "RDB preamble of AOF file is not sane, aborting.")?;
            return Ok(Checked::Bad);
        };
        writeln!(out, "RDB preamble is OK, proceeding with AOF tail...")?;
        start = end;
    }
    file.seek(SeekFrom::Start(start))?;
    let until = if let Change::Until(time) = change { Some(time) } else { None };
    let mut walk = Walk { start, whole: start, until, ..Walk::default() };
    walk.run(&mut file, size)?;
    if let Some(wrong) = &walk.wrong {
        writeln!(out, "{wrong}")?;
    }
    if let (Some(time), Some(offset)) = (until, walk.too_late) {
        return truncate_to_time((&file, name), (time, offset), is_last, out);
    }
    let (whole, lines, left) = (walk.whole, walk.lines + 1, size - walk.whole);
    if let (Some(time), 0) = (until, left) {
        writeln!(out, "Truncate nothing in AOF {name} to timestamp {time}")?;
        return Ok(Checked::Valid);
    }
    writeln!(
        out,
        "AOF analyzed: filename={name}, size={size}, ok_up_to={whole}, ok_up_to_line={lines}, \
         diff={left}, commands={}",
        walk.commands
    )?;
    match left {
        0 => Ok(Checked::Valid),
        _ => mend((&file, name), (size, whole), is_last, change, out),
    }
}

/// Cuts off what cannot be read, if that is wanted and allowed and the user agrees.
fn mend(
    (file, name): (&File, &str),
    (size, whole): (u64, u64),
    is_last: bool,
    change: Change,
    out: &mut dyn Write,
) -> io::Result<Checked> {
    if change != Change::Fix {
        writeln!(out, "AOF {name} is not valid. Use the --fix option to try fixing it.")?;
        return Ok(Checked::Bad);
    }
    if !is_last {
        writeln!(out, "Failed to truncate AOF {name} because it is not the last file")?;
        return Ok(Checked::Bad);
    }
    writeln!(
        out,
        "This will shrink the AOF {name} from {size} bytes, with {} bytes, to {whole} bytes",
        size - whole
    )?;
    write!(out, "Continue? [y/N]: ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if !answer.starts_with(['y', 'Y']) {
        writeln!(out, "Aborting...")?;
        return Ok(Checked::Bad);
    }
    file.set_len(whole).and_then(|()| file.sync_all())?;
    Ok(Checked::Truncated)
}

/// Cuts off what came after a time.
fn truncate_to_time(
    (file, name): (&File, &str),
    (time, offset): (i64, u64),
    is_last: bool,
    out: &mut dyn Write,
) -> io::Result<Checked> {
    if offset == 0 {
        writeln!(out, "AOF {name} has nothing before timestamp {time}, aborting...")?;
        return Ok(Checked::Bad);
    }
    if !is_last {
        writeln!(
            out,
            "Failed to truncate AOF {name} to timestamp {time} to offset {offset} because it is \
             not the last file.\nRemove the files behind it, and their lines in the manifest, if \
             that is what you want, and try again."
        )?;
        return Ok(Checked::Bad);
    }
    file.set_len(offset).and_then(|()| file.sync_all())?;
    Ok(Checked::TruncatedToTime(time))
}

/// A walk through the commands of a file.
#[derive(Default)]
struct Walk {
    start: u64,
    /// Where the last command ends that is whole and in no unfinished transaction.
    whole: u64,
    lines: u64,
    commands: u64,
    in_transaction: bool,
    wrong: Option<String>,
    /// The second after which everything is to go, and where the first note of a later one stands.
    until: Option<i64>,
    too_late: Option<u64>,
}

impl Walk {
    fn run(&mut self, file: &mut File, size: u64) -> io::Result<()> {
        let mut bar = Bar::new(size);
        bar.pass(self.start);
        let (mut buffer, mut base, mut wanted) = (Vec::new(), self.start, CHUNK);
        loop {
            let before = buffer.len();
            let at_end = fill(file, &mut buffer, wanted.max(CHUNK))?;
            bar.pass((buffer.len() - before) as u64);
            let mut at = 0;
            wanted = 0;
            while at < buffer.len() {
                let (rest, place) = (&buffer[at..], base + at as u64);
                match scan(rest) {
                    Found::More(more) => {
                        wanted = more;
                        break;
                    }
                    Found::Bad(fault) => {
                        let place = place + fault.at as u64;
                        self.wrong = Some(format!("0x{place:>16x}: {}", fault.what));
                        return Ok(());
                    }
                    Found::Note(length) => {
                        if self.is_too_late(&rest[..length]) {
                            self.too_late = Some(place);
                            return Ok(());
                        }
                        at += length;
                        self.passed(&rest[..length], place);
                    }
                    Found::Command { length, name: (from, to) } => {
                        if !self.follows(&rest[from..to], place) {
                            return Ok(());
                        }
                        self.commands += 1;
                        at += length;
                        self.passed(&rest[..length], place);
                    }
                }
            }
            buffer.drain(..at);
            base += at as u64;
            if at_end {
                break;
            }
        }
        let place = base + buffer.len() as u64;
        if !buffer.is_empty() {
            let more = wanted.saturating_sub(buffer.len());
            self.wrong = Some(format!("0x{place:>16x}: Expected {more} bytes more at least"));
        } else if self.in_transaction {
            let what = "Reached EOF before reading EXEC for MULTI";
            self.wrong = Some(format!("0x{place:>16x}: {what}"));
        }
        Ok(())
    }

    fn passed(&mut self, bytes: &[u8], place: u64) {
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
        if !self.in_transaction {
            self.whole = place + bytes.len() as u64;
        }
    }

    /// Takes note of a command; answers false if it may not stand here.
    fn follows(&mut self, name: &[u8], place: u64) -> bool {
        let (begins, ends) =
            (name.eq_ignore_ascii_case(b"MULTI"), name.eq_ignore_ascii_case(b"EXEC"));
        if begins && self.in_transaction || ends && !self.in_transaction {
            let name = if begins { "MULTI" } else { "EXEC" };
            self.wrong = Some(format!("0x{place:>16x}: Unexpected {name}"));
            return false;
        }
        self.in_transaction = (self.in_transaction || begins) && !ends;
        true
    }

    fn is_too_late(&self, note: &[u8]) -> bool {
        let time = note.strip_prefix(b"#TS:").and_then(|time| std::str::from_utf8(time).ok());
        let time = time.and_then(|time| time.trim_end().parse::<i64>().ok());
        self.until.zip(time).is_some_and(|(until, time)| time > until)
    }
}
