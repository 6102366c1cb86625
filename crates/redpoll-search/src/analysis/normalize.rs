//! Out of escapes, into lower case.

pub use redpoll_types::text::lower_case;

/// A word in the form that the index keeps: without escapes and control characters, in lower case.
pub fn normalize(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    normalize_into(word, &mut out);
    out
}

/// Appends the normal form of `word`.
pub(super) fn normalize_into(word: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut escaped = false;
    let mut ascii = true;
    for &byte in word {
        if byte == b'\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        if !byte.is_ascii_control() {
            ascii &= byte.is_ascii();
            out.push(byte.to_ascii_lowercase());
        }
    }
    if !ascii {
        let lower = lower_case(&out[start..]);
        out.truncate(start);
        out.extend_from_slice(&lower);
    }
}

#[cfg(test)]
mod tests {
    use super::normalize;

    #[test]
    fn takes_escapes_and_cases_away() {
        assert_eq!(normalize(br"Foo\-Bar"), b"foo-bar");
        assert_eq!(normalize(br"a\\b\"), br"a\b");
        assert_eq!(normalize("ÄÖÜ Straße ÇA".as_bytes()), "äöü straße ça".as_bytes());
        assert_eq!(normalize(b"a\x01b\x7fC"), b"abc");
    }

    #[test]
    fn what_is_no_text_stays_as_it_is() {
        assert_eq!(normalize(b"\xffA\xc3"), b"\xffa\xc3");
        assert_eq!(normalize(b"\xc3\x84\xff\xc3\x84"), b"\xc3\xa4\xff\xc3\xa4");
    }
}
