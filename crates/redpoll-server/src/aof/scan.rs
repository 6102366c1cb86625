//! The commands of a log, one after the other, as bytes.
//!
//! A log is read more strictly than what clients send: no inline commands, no empty ones; and the
//! place where it stops making sense is what the operator needs to know.

use memchr::memchr;

/// The longest line that holds a count.
const LINE_MAX: usize = 64;
/// The longest annotation.
const NOTE_MAX: usize = 1024;

/// What stands at the front of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Bad,
}

/// Looks at the front of `bytes`, of which there is at least one.
pub fn scan(bytes: &[u8]) -> Found {
    if bytes[0] == b'#' {
        return match memchr(b'\n', bytes) {
            Some(end) => Found::Note(end + 1),
            None if bytes.len() > NOTE_MAX => Found::Bad,
            None => Found::More(bytes.len() + 1),
        };
    }
    let (count, mut at) = match number(bytes, 0, b'*') {
        Ok(Some(found)) => found,
        Ok(None) => return Found::More(bytes.len() + 1),
        Err(()) => return Found::Bad,
    };
    if count == 0 {
        return Found::Bad;
    }
    let mut name = None;
    for _ in 0..count {
        let (length, start) = match number(bytes, at, b'$') {
            Ok(Some(found)) => found,
            Ok(None) => return Found::More(bytes.len() + 1),
            Err(()) => return Found::Bad,
        };
        let Some(end) = start.checked_add(length).and_then(|end| end.checked_add(2)) else {
            return Found::Bad;
        };
        if bytes.len() < end {
            return Found::More(end);
        }
        if &bytes[end - 2..end] != b"\r\n" {
            return Found::Bad;
        }
        name.get_or_insert((start, end - 2));
        at = end;
    }
    Found::Command { length: at, name: name.unwrap_or_default() }
}

/// The number on the line at `at`, behind `mark`, and where the line ends; `None` if it has not
/// ended.
fn number(bytes: &[u8], at: usize, mark: u8) -> Result<Option<(usize, usize)>, ()> {
    let line = &bytes[at.min(bytes.len())..];
    let line = &line[..line.len().min(LINE_MAX)];
    match line.first() {
        None => return Ok(None),
        Some(first) if *first != mark => return Err(()),
        Some(_) => {}
    }
    let Some(end) = memchr(b'\n', line) else {
        return if line.len() == LINE_MAX { Err(()) } else { Ok(None) };
    };
    let digits = line[1..end].strip_suffix(b"\r").ok_or(())?;
    let digits = std::str::from_utf8(digits).map_err(|_| ())?;
    let value = digits.parse::<u32>().map_err(|_| ())?;
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
        for bad in ["GET k\r\n", "*0\r\n", "*x\r\n", "*-1\r\n", "*1\r\n:1\r\n", "*1\n$1\na\n"] {
            assert_eq!(scan(bad.as_bytes()), Found::Bad, "{bad:?}");
        }
        assert_eq!(scan(b"*1\r\n$1\r\nabc"), Found::Bad);
        assert_eq!(scan(format!("*{}", "1".repeat(100)).as_bytes()), Found::Bad);
        assert_eq!(scan(format!("#{}", "1".repeat(2000)).as_bytes()), Found::Bad);
    }
}
