//! Inline commands: a line of words, as a person types it into telnet.
//!
//! Words are separated by blanks; double quotes allow `\n \r \t \b \a \xHH` and any escaped byte,
//! single quotes only `\'`. A closing quote must be followed by a blank or the end of the line.

use super::{ProtocolError, Span};

/// Splits `line` (without its `\n`) into words, unquoting them in place: an unquoted word is never
/// longer than its quoted form.
pub(super) fn split(line: &mut [u8], spans: &mut Vec<Span>) -> Result<(), ProtocolError> {
    let mut line = Line { read: 0, write: 0, bytes: line };
    loop {
        while line.peek().is_some_and(is_blank) {
            line.read += 1;
        }
        if line.peek().is_none() {
            return Ok(());
        }
        line.write = line.read;
        let start = line.write;
        line.word()?;
        spans.push(Span::new(start, line.write));
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

struct Line<'a> {
    bytes: &'a mut [u8],
    read: usize,
    write: usize,
}

impl Line<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.read).copied()
    }

    fn put(&mut self, byte: u8) {
        self.bytes[self.write] = byte;
        self.write += 1;
    }

    fn word(&mut self) -> Result<(), ProtocolError> {
        while let Some(byte) = self.peek() {
            // C programs end a line at a NUL; so does Redis here.
            if is_blank(byte) || byte == 0 {
                self.read += usize::from(byte != 0);
                if byte == 0 {
                    self.read = self.bytes.len();
                }
                return Ok(());
            }
            self.read += 1;
            match byte {
                b'"' => self.double_quoted()?,
                b'\'' => self.single_quoted()?,
                _ => self.put(byte),
            }
        }
        Ok(())
    }

    fn double_quoted(&mut self) -> Result<(), ProtocolError> {
        loop {
            let byte = self.next()?;
            match byte {
                b'"' => return self.closed(),
                b'\\' => self.escape()?,
                _ => self.put(byte),
            }
        }
    }

    fn escape(&mut self) -> Result<(), ProtocolError> {
        let byte = self.next()?;
        if byte == b'x' {
            let digits = self.bytes.get(self.read..self.read + 2);
            let hex = |byte: u8| char::from(byte).to_digit(16);
            if let Some(&[high, low]) = digits
                && let (Some(high), Some(low)) = (hex(high), hex(low))
            {
                self.read += 2;
                self.put((high * 16 + low) as u8);
                return Ok(());
            }
        }
        self.put(match byte {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'a' => 7,
            other => other,
        });
        Ok(())
    }

    fn single_quoted(&mut self) -> Result<(), ProtocolError> {
        loop {
            match self.next()? {
                b'\'' => return self.closed(),
                b'\\' if self.peek() == Some(b'\'') => {
                    self.read += 1;
                    self.put(b'\'');
                }
                byte => self.put(byte),
            }
        }
    }

    fn next(&mut self) -> Result<u8, ProtocolError> {
        let byte = self.peek().ok_or(ProtocolError::UnbalancedQuotes)?;
        self.read += 1;
        Ok(byte)
    }

    fn closed(&self) -> Result<(), ProtocolError> {
        match self.peek() {
            Some(byte) if !is_blank(byte) => Err(ProtocolError::UnbalancedQuotes),
            _ => Ok(()),
        }
    }
}
