//! The other way: words to a request, for logs that are read as requests again.

/// Appends the request made of `words` to `out`. O(bytes).
pub fn encode_words<'a>(out: &mut Vec<u8>, words: impl Iterator<Item = &'a [u8]> + Clone) {
    header(out, b'*', words.clone().count());
    for word in words {
        header(out, b'$', word.len());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

fn header(out: &mut Vec<u8>, kind: u8, length: usize) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_may_hold_anything() {
        let mut out = b"before".to_vec();
        encode_words(&mut out, [&b"SET"[..], b"", b"a\r\n\0"].into_iter());
        assert_eq!(out, b"before*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\n\0\r\n");
    }
}
