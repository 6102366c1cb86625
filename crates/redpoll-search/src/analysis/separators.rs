//! Where words end.

/// Whether `byte` stands between words: white space and all punctuation but the underscore and the
/// backslash, which takes a separator's meaning away. Bytes beyond ASCII are always part of a word.
pub const fn is_separator(byte: u8) -> bool {
    match byte {
        b'_' | b'\\' => false,
        b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ' => true,
        _ => byte.is_ascii_punctuation(),
    }
}

/// Walks over the stretches of a text that lie between separators. They still hold their escapes.
pub(super) struct Stretches<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Stretches<'a> {
    /// The stretches of `text`.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Stretches { text, at: 0 }
    }
}

impl<'a> Iterator for Stretches<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while self.text.get(self.at).is_some_and(|byte| is_separator(*byte)) {
            self.at += 1;
        }
        let start = self.at;
        let mut escaped = false;
        while let Some(&byte) = self.text.get(self.at) {
            if !escaped && is_separator(byte) {
                break;
            }
            escaped = !escaped && byte == b'\\';
            self.at += 1;
        }
        (self.at > start).then(|| (start, &self.text[start..self.at]))
    }
}

#[cfg(test)]
mod tests {
    use super::Stretches;

    fn cut(text: &str) -> Vec<(usize, String)> {
        Stretches::new(text.as_bytes())
            .map(|(at, stretch)| (at, String::from_utf8_lossy(stretch).into_owned()))
            .collect()
    }

    #[test]
    fn cuts_at_spaces_and_punctuation() {
        let want = [(0, "foo"), (4, "bar_baz"), (14, "qux")];
        assert_eq!(cut("foo.bar_baz, \tqux!"), want.map(|(at, word)| (at, word.to_owned())));
        assert_eq!(cut(""), []);
        assert_eq!(cut(" ,. "), []);
    }

    #[test]
    fn an_escaped_separator_does_not_cut() {
        assert_eq!(cut(r"foo\-bar baz"), [(0, r"foo\-bar".to_owned()), (9, "baz".to_owned())]);
        assert_eq!(cut(r"foo\\-bar"), [(0, r"foo\\".to_owned()), (6, "bar".to_owned())]);
        assert_eq!(cut(r"foo\"), [(0, r"foo\".to_owned())]);
    }
}
