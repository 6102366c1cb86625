//! Glob patterns of KEYS and the SCAN family, sorted by what they really ask.
//!
//! Most patterns are no more than `*`, a name, or `prefix*`. Those are told apart once, so that a
//! walk over millions of keys compares bytes instead of interpreting a pattern.

use redpoll_config::glob_match;

/// A pattern, ready to be matched many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern<'a> {
    /// `*`: everything, the empty text included.
    Any,
    /// A text without special characters: itself.
    Literal(&'a [u8]),
    /// A text and a `*` behind it.
    Prefix(&'a [u8]),
    /// Anything else.
    Glob(&'a [u8]),
}

impl<'a> Pattern<'a> {
    /// The pattern as Redis reads it.
    pub fn new(pattern: &'a [u8]) -> Self {
        let is_special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
        match pattern {
            b"*" => Pattern::Any,
            [prefix @ .., b'*'] if !prefix.iter().any(is_special) => Pattern::Prefix(prefix),
            _ if pattern.iter().any(is_special) => Pattern::Glob(pattern),
            _ => Pattern::Literal(pattern),
        }
    }

    /// Whether `text` matches.
    #[inline]
    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Pattern::Any => true,
            Pattern::Literal(literal) => text == *literal,
            Pattern::Prefix(prefix) => text.starts_with(prefix),
            Pattern::Glob(pattern) => glob_match(pattern, text, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_are_told_apart() {
        assert_eq!(Pattern::new(b"*"), Pattern::Any);
        assert_eq!(Pattern::new(b"a]b"), Pattern::Literal(b"a]b"));
        assert_eq!(Pattern::new(b"user:*"), Pattern::Prefix(b"user:"));
        for glob in [&b"a*b"[..], b"**", b"a\\*", b"a?*", b"[a]*"] {
            assert_eq!(Pattern::new(glob), Pattern::Glob(glob));
        }
    }

    proptest! {
        #[test]
        fn they_match_as_globs_do(pattern in r"[ab*?\[\]\\]{0,4}", text in "[ab]{1,4}") {
            let expected = glob_match(pattern.as_bytes(), text.as_bytes(), false);
            prop_assert_eq!(Pattern::new(pattern.as_bytes()).matches(text.as_bytes()), expected);
        }
    }
}
