//! Lines of redis.conf: splitting into arguments, and quoting arguments so that they split again.
//!
//! The same syntax serves configuration files, command-line overrides and values of several words.
//! Its rules are Redis's: an argument ends at white space; `"…"` knows `\n \r \t \a \b \xHH` and a
//! backslash before any other byte; `'…'` knows `\'` only; after a closing quote there must be
//! white space or the end. A NUL byte ends the line, because Redis keeps lines as C strings.

/// Splits a line into its arguments, or `None` if its quotes do not balance.
///
/// An empty line gives no arguments. O(line).
#[must_use]
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let end = line.iter().position(|byte| *byte == 0).unwrap_or(line.len());
    let mut rest = &line[..end];
    let mut args = Vec::new();
    loop {
        rest = skip_space(rest);
        if rest.is_empty() {
            return Some(args);
        }
        let (arg, after) = next_arg(rest)?;
        args.push(arg);
        rest = after;
    }
}

/// Appends `arg` in double quotes to `line`, with all but printable ASCII escaped.
pub fn push_quoted(line: &mut Vec<u8>, arg: &[u8]) {
    line.push(b'"');
    for &byte in arg {
        match byte {
            b'\\' | b'"' => line.extend([b'\\', byte]),
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            b'\t' => line.extend(b"\\t"),
            0x07 => line.extend(b"\\a"),
            0x08 => line.extend(b"\\b"),
            b' '..=b'~' => line.push(byte),
            _ => line.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    line.push(b'"');
}

/// `arg` in double quotes; see [`push_quoted`].
#[must_use]
pub fn quote(arg: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(arg.len() + 2);
    push_quoted(&mut quoted, arg);
    quoted
}

/// White space of the C locale, which is one byte (vertical tab) more than Rust's ASCII white
/// space.
pub(crate) fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn skip_space(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_space(*byte)).unwrap_or(line.len());
    &line[start..]
}

/// Takes the argument at the front of `line`, which starts with no white space.
fn next_arg(mut line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut arg = Vec::new();
    loop {
        line = match line {
            [] => return Some((arg, line)),
            // Vertical tab and form feed separate arguments but do not end one.
            [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] => return Some((arg, rest)),
            [b'"', rest @ ..] => return closed(double_quoted(rest, &mut arg)?).map(|r| (arg, r)),
            [b'\'', rest @ ..] => return closed(single_quoted(rest, &mut arg)?).map(|r| (arg, r)),
            [byte, rest @ ..] => {
                arg.push(*byte);
                rest
            }
        }
    }
}

/// What follows a closing quote, if it may follow one.
fn closed(rest: &[u8]) -> Option<&[u8]> {
    rest.first().is_none_or(|byte| is_space(*byte)).then_some(rest)
}

fn double_quoted<'a>(mut line: &'a [u8], arg: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, rest) = match line {
            [] => return None,
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b'x', high, low, rest @ ..] if is_hex(*high) && is_hex(*low) => {
                (hex(*high) << 4 | hex(*low), rest)
            }
            [b'\\', escaped, rest @ ..] => (unescape(*escaped), rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        arg.push(byte);
        line = rest;
    }
}

fn single_quoted<'a>(mut line: &'a [u8], arg: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let (byte, rest) = match line {
            [] => return None,
            [b'\'', rest @ ..] => return Some(rest),
            [b'\\', b'\'', rest @ ..] => (b'\'', rest),
            [byte, rest @ ..] => (*byte, rest),
        };
        arg.push(byte);
        line = rest;
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

/// The value of a hexadecimal digit.
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

    fn split(line: &str) -> Option<Vec<String>> {
        let args = split_args(line.as_bytes())?;
        Some(args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect())
    }

    #[test]
    fn plain_words() {
        assert_eq!(split("  port   7000\t"), Some(vec!["port".into(), "7000".into()]));
        assert_eq!(split(" \x0b\x0c "), Some(vec![]));
        assert_eq!(split("a\x0bb c"), Some(vec!["a\x0bb".into(), "c".into()]));
        assert_eq!(split("a b\0 c"), Some(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn quotes() {
        assert_eq!(split(r#"a "b c" 'd e' """#).unwrap(), ["a", "b c", "d e", ""]);
        assert_eq!(split(r#""\x41\n\r\t\a\b\q\"\\""#).unwrap(), ["A\n\r\t\x07\x08q\"\\"]);
        assert_eq!(split(r#""\xZ1" 'it\'s' '\n'"#).unwrap(), ["xZ1", "it's", "\\n"]);
        // A quote in the middle of a word opens too, and the word goes on from what it has.
        assert_eq!(split(r#"ab"c d""#).unwrap(), ["abc d"]);
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in [r#"""#, "'", r#""a"#, "'a", r#""a"b"#, "'a'b", r#""a\""#, "'a\\'", r#""\"#] {
            assert_eq!(split(line), None, "{line}");
        }
    }

    #[test]
    fn quoting_escapes_what_is_not_printable() {
        assert_eq!(quote(b"a\"\\\n\r\t\x07\x08\x00\xff~ "), br#""a\"\\\n\r\t\a\b\x00\xff~ ""#);
    }

    proptest! {
        #[test]
        fn quoted_arguments_split_again(
            args in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
        ) {
            let line = args.iter().map(|arg| quote(arg)).collect::<Vec<_>>().join(&b' ');
            prop_assert_eq!(split_args(&line), Some(args));
        }

        #[test]
        fn never_panics(line in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = split_args(&line);
        }

        #[test]
        fn never_panics_on_what_looks_like_quotes(line in r#"["'\\x0a ]{0,20}"#) {
            let _ = split_args(line.as_bytes());
        }
    }
}
