//! The quoting of command lines: words in, words out.
//!
//! Redis's line syntax is its own, not the shell's: double quotes know `\xHH` and C's escapes,
//! single quotes know only `\'`, and a closing quote must end its word.

/// Splits a line into words. `None` where a quote is not closed, or is followed by something
/// else than space. O(line).
pub fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start_with_vt();
        if rest.first().is_none_or(|byte| *byte == 0) {
            return Some(words);
        }
        let (word, after) = take_word(rest)?;
        words.push(word);
        rest = after;
    }
}

/// The one word that `text` quotes; `None` where it is not exactly one.
pub fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let mut words = split(text)?;
    if words.len() == 1 { words.pop() } else { None }
}

/// Appends `bytes` in double quotes, with everything but printable ASCII escaped, so that
/// [`split`] reads the same bytes again.
pub fn quote(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    out.push(b'"');
}

/// [`quote`] as a string; it is always ASCII.
pub fn quoted(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() + 2);
    quote(&mut out, bytes);
    String::from_utf8_lossy(&out).into_owned()
}

trait TrimStart {
    fn trim_ascii_start_with_vt(&self) -> &Self;
}

impl TrimStart for [u8] {
    /// As `trim_ascii_start`, with C's vertical tab among the spaces.
    fn trim_ascii_start_with_vt(&self) -> &Self {
        let spaces = self.iter().take_while(|byte| is_space(**byte)).count();
        &self[spaces..]
    }
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Takes the word that `rest` begins with.
fn take_word(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    while let Some((&byte, after)) = rest.split_first() {
        match byte {
            b' ' | b'\n' | b'\r' | b'\t' | 0 => break,
            b'"' | b'\'' => {
                rest = take_quoted(after, byte, &mut word)?;
                return match rest.first() {
                    Some(next) if !is_space(*next) => None,
                    _ => Some((word, rest)),
                };
            }
            _ => {
                word.push(byte);
                rest = after;
            }
        }
    }
    Some((word, rest))
}

/// Appends what stands up to the closing `mark`; returns what comes after it.
fn take_quoted<'a>(mut rest: &'a [u8], mark: u8, word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        rest = match rest {
            [] => return None,
            [b'\\', b'x', high, low, after @ ..]
                if mark == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                word.push(hex(*high) << 4 | hex(*low));
                after
            }
            [b'\\', escaped, after @ ..] if mark == b'"' => {
                word.push(unescape(*escaped));
                after
            }
            [b'\\', b'\'', after @ ..] if mark == b'\'' => {
                word.push(b'\'');
                after
            }
            [byte, after @ ..] if *byte == mark => return Some(after),
            [byte, after @ ..] => {
                word.push(*byte);
                after
            }
        }
    }
}

fn unescape(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(line: &str) -> Option<Vec<String>> {
        let words = split(line.as_bytes())?;
        Some(words.iter().map(|word| word.escape_ascii().to_string()).collect())
    }

    #[test]
    fn words_and_quotes() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("  \t ", &[]),
            ("get  k", &["get", "k"]),
            (r#"set k "a b""#, &["set", "k", "a b"]),
            (r#""\x00\xfF\n\q""#, &[r"\x00\xff\nq"]),
            (r#"'a\'b\n'"#, &[r"a\'b\\n"]),
            (r#"pre"fix""#, &["prefix"]),
            (r#""" ''"#, &["", ""]),
            (r#""\xzz""#, &["xzz"]),
        ];
        for (line, expected) in cases {
            let expected: Vec<String> = expected.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(words(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn open_and_glued_quotes_are_refused() {
        for line in ["\"a", "'a", "\"a\"b", "'a''b'", "\"\\", "x \"a\\\""] {
            assert_eq!(words(line), None, "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn quoting_is_undone_by_splitting(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(unquote(quoted(&bytes).as_bytes()), Some(bytes));
        }

        #[test]
        fn any_line_is_split_or_refused(line in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = split(&line);
        }
    }
}
