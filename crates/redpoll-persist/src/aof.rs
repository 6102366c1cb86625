//! The commands of an append-only file, one after the other, as bytes.
//!
//! A log is read more strictly than what clients send: no inline commands, no empty ones; and the
//! place where it stops making sense is what the operator needs to know.

use memchr::memchr;
use redpoll_types::number::parse_i64;
use std::io::{self, Read};

/// The longest line that holds a count.
const LINE_MAX: usize = 64;
/// The longest annotation.
const NOTE_MAX: usize = 1024;

/// What stands at the front of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A command of so many bytes; its first word lies there.
    Command {
        /// Its bytes.
        length: usize,
        /// Where its first word begins and ends.
        name: (usize, usize),
    },
    /// An annotation (a time) of so many bytes.
    Note(usize),
    /// More bytes are needed: so many altogether, at least.
    More(usize),
    /// Neither.
    Bad(Fault),
}

/// What is wrong, and where from the front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place, in bytes.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

#[cold]
fn bad(at: usize, what: impl Into<String>) -> Fault {
    Fault { at, what: what.into() }
}

/// Reads until the buffer holds `wanted` bytes, or twice what it holds: what is there is looked at
/// anew each time. Answers whether the file is at its end.
pub fn fill(file: &mut impl Read, buffer: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let missing = wanted.max(buffer.len() * 2).saturating_sub(buffer.len());
    let count = file.take(missing as u64).read_to_end(buffer)?;
    Ok(count < missing)
}

/// Looks at the front of `bytes`, of which there is at least one.
pub fn scan(bytes: &[u8]) -> Found {
    if bytes[0] == b'#' {
        return match memchr(b'\n', bytes) {
            Some(end) => Found::Note(end + 1),
            None if bytes.len() > NOTE_MAX => Found::Bad(bad(0, "An annotation without an end")),
            None => Found::More(bytes.len() + 1),
        };
    }
    match command(bytes) {
        Ok(Some(found)) => found,
        Ok(None) => Found::More(bytes.len() + 1),
        Err(fault) => Found::Bad(fault),
    }
}

/// The command at the front; `None` if a line of it has not ended.
fn command(bytes: &[u8]) -> Result<Option<Found>, Fault> {
    let Some((count, mut at)) = number(bytes, 0, b'*')? else { return Ok(None) };
    if count == 0 {
        return Err(bad(0, "A command without words"));
    }
    let mut name = None;
    for _ in 0..count {
        let Some((length, start)) = number(bytes, at, b'$')? else { return Ok(None) };
        let end = start.checked_add(length).and_then(|end| end.checked_add(2));
        let end = end.ok_or_else(|| bad(at, "A word that is too long"))?;
        if bytes.len() < end {
            return Ok(Some(Found::More(end)));
        }
        let (one, other) = (bytes[end - 2], bytes[end - 1]);
        if (one, other) != (b'\r', b'\n') {
            return Err(bad(end - 2, format!("Expected \\r\\n, got: {one:02x}{other:02x}")));
        }
        name.get_or_insert((start, end - 2));
        at = end;
    }
    Ok(Some(Found::Command { length: at, name: name.unwrap_or_default() }))
}

/// The number on the line at `at`, behind `mark`, and where the line ends; `None` if it has not
/// ended.
fn number(bytes: &[u8], at: usize, mark: u8) -> Result<Option<(usize, usize)>, Fault> {
    let line = &bytes[at.min(bytes.len())..];
    let line = &line[..line.len().min(LINE_MAX)];
    match line.first() {
        None => return Ok(None),
        Some(&first) if first != mark => {
            let (mark, first) = (char::from(mark), first.escape_ascii());
            return Err(bad(at, format!("Expected prefix '{mark}', got: '{first}'")));
        }
        Some(_) => {}
    }
    let no_number = || bad(at, "Expected a number and \\r\\n");
    let Some(end) = memchr(b'\n', line) else {
        return if line.len() == LINE_MAX { Err(no_number()) } else { Ok(None) };
    };
    let digits = line[1..end].strip_suffix(b"\r").ok_or_else(no_number)?;
    // As strict as the parser of requests, which will run the command: no sign, no leading zero.
    let value = parse_i64(digits).and_then(|value| u32::try_from(value).ok());
    let value = value.ok_or_else(no_number)?;
    Ok(Some((value as usize, at + end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_notes() {
        let set = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1";
        assert_eq!(scan(set), Found::Command { length: 20, name: (8, 11) });
        assert_eq!(scan(b"#TS:1\r\n*1"), Found::Note(7));
        for cut in 1..20 {
            assert!(matches!(scan(&set[..cut]), Found::More(more) if more > cut), "{cut}");
        }
        assert_eq!(scan(b"*1\r\n$100\r\nx"), Found::More(112));
        assert_eq!(scan(b"#TS"), Found::More(4));
    }

    #[test]
    fn what_is_neither() {
        for bad in [
            "GET k\r\n",
            "*0\r\n",
            "*x\r\n",
            "*-1\r\n",
            "*1\r\n:1\r\n",
            "*1\n$1\na\n",
            "*01\r\n$1\r\na\r\n",
            "*1\r\n$01\r\na\r\n",
            "*+1\r\n$1\r\na\r\n",
        ] {
            assert!(matches!(scan(bad.as_bytes()), Found::Bad(_)), "{bad:?}");
        }
        let fault = |bytes: &[u8]| match scan(bytes) {
            Found::Bad(Fault { at, what }) => format!("{at}: {what}"),
            other => format!("{other:?}"),
        };
        assert_eq!(fault(b"GET k\r\n"), "0: Expected prefix '*', got: 'G'");
        assert_eq!(fault(b"*1\r\n:1\r\n"), "4: Expected prefix '$', got: ':'");
        assert_eq!(fault(b"*1\r\n$1\r\nabc"), "9: Expected \\r\\n, got: 6263");
        let number = "0: Expected a number and \\r\\n";
        assert_eq!(fault(format!("*{}", "1".repeat(100)).as_bytes()), number);
        let note = fault(format!("#{}", "1".repeat(2000)).as_bytes());
        assert_eq!(note, "0: An annotation without an end");
    }
}
