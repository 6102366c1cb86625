//! Glob patterns as Redis matches them: `*`, `?`, `[a-z]`, `[^a-z]` and `\` before a literal.
//!
//! KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL rules all share this one function, so its corner
//! cases are visible to users and are Redis's own: a class without its `]` ends with the pattern,
//! `[]` is an empty class, a range may be given backwards, and bytes in a range compare as signed
//! values.
//!
//! Redis recurses at each `*`. Here a mismatch goes back to the last `*` only, which finds the same
//! matches (a longer match of an earlier `*` cannot help a later one) in at most
//! pattern × text steps, without recursion and without allocation.

/// Whether `text` as a whole matches `pattern`. `nocase` ignores the case of ASCII letters.
///
/// An empty text matches an empty pattern only, not even `*`: callers for whom `*` means everything
/// (KEYS, SCAN) test for it beforehand, as Redis does, which also spares the matching.
///
/// At most O(pattern × text) steps, O(pattern + text) with no more than one `*`.
#[must_use]
pub fn glob_match(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut rest, mut left) = (pattern, text);
    // Where to go on after a mismatch: the pattern after the last `*`, and the text it was tried
    // on.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = rest {
            let after = skip_stars(after);
            if after.is_empty() {
                return true;
            }
            rest = after;
            retry = Some((after, left));
        }
        match step(rest, left, nocase) {
            Some((after, tail)) if !tail.is_empty() => {
                rest = after;
                left = tail;
            }
            Some((after, _)) if skip_stars(after).is_empty() => return true,
            _ => match retry {
                Some((after, [_, shorter @ ..])) if !shorter.is_empty() => {
                    rest = after;
                    left = shorter;
                    retry = Some((after, shorter));
                }
                _ => return false,
            },
        }
    }
}

/// Whether `pattern` holds a character that makes it more than a plain name, by CONFIG GET's rule.
#[must_use]
pub fn has_wildcard(pattern: &[u8]) -> bool {
    pattern.iter().any(|byte| matches!(byte, b'[' | b'*' | b'?'))
}

fn skip_stars(mut pattern: &[u8]) -> &[u8] {
    while let [b'*', rest @ ..] = pattern {
        pattern = rest;
    }
    pattern
}

/// Matches one byte of `text` with the front of `pattern`, which is not a `*`. What is left of
/// both.
#[inline]
fn step<'a, 'b>(pattern: &'a [u8], text: &'b [u8], nocase: bool) -> Option<(&'a [u8], &'b [u8])> {
    let (&byte, tail) = text.split_first()?;
    let (matched, rest) = match pattern {
        [] => return None,
        [b'?', rest @ ..] => (true, rest),
        [b'[', class @ ..] => match_class(class, byte, nocase),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (same(*literal, byte, nocase), rest),
    };
    matched.then_some((rest, tail))
}

/// Matches `byte` with a class, given from after its `[`. Returns also the pattern after the class.
fn match_class(class: &[u8], byte: u8, nocase: bool) -> (bool, &[u8]) {
    let (negated, mut rest) = match class {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    loop {
        rest = match rest {
            // An escaped byte counts as it stands, even where case is ignored.
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [b']', rest @ ..] => return (found != negated, rest),
            [] => return (found != negated, rest),
            [first, b'-', last, rest @ ..] => {
                found |= in_range(*first, *last, byte, nocase);
                rest
            }
            [literal, rest @ ..] => {
                found |= same(*literal, byte, nocase);
                rest
            }
        };
    }
}

fn in_range(first: u8, last: u8, byte: u8, nocase: bool) -> bool {
    // The ends are ordered before their case is folded, as Redis does it.
    let (low, high) = if first as i8 > last as i8 { (last, first) } else { (first, last) };
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() as i8 } else { byte as i8 };
    (fold(low)..=fold(high)).contains(&fold(byte))
}

fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || (nocase && a.eq_ignore_ascii_case(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        for text in matching {
            assert!(glob_match(pattern.as_bytes(), text.as_bytes(), false), "{pattern} {text}");
        }
        for text in others {
            assert!(!glob_match(pattern.as_bytes(), text.as_bytes(), false), "{pattern} {text}");
        }
    }

    #[test]
    fn wildcards() {
        check("h?llo", &["hello", "hxllo"], &["hllo", "heello", ""]);
        check("h*llo", &["hllo", "heeeello", "hllollo"], &["hell", "xhllo"]);
        check("*", &["a", "abc"], &[""]);
        check("**a**", &["a", "ba", "ab"], &["b", ""]);
        check("a*", &["a", "ab"], &["ba"]);
        check("*a*b*c", &["abc", "xaxbxc", "aabbcc", "abcabc"], &["acb", "abcd"]);
        check("", &[""], &["a"]);
    }

    #[test]
    fn classes() {
        check("h[ae]llo", &["hello", "hallo"], &["hillo", "h[ae]llo"]);
        check("h[^e]llo", &["hallo"], &["hello"]);
        check("h[a-c]llo", &["hbllo"], &["hdllo", "h-llo"]);
        check("h[c-a]llo", &["hbllo"], &["hdllo"]);
        check("[a\\]b]", &["a", "]", "b"], &["\\"]);
        check("a\\*", &["a*"], &["ab", "a\\*"]);
        check("a\\", &["a\\"], &["a"]);
    }

    #[test]
    fn malformed_classes_end_with_the_pattern() {
        check("[ab", &["a", "b"], &["c", "["]);
        check("[", &[], &["[", "a"]);
        check("[^", &["a", "["], &["", "aa"]);
        check("[]", &[], &["a", "]"]);
        check("[^]", &["a", "]"], &[]);
        check("[]a]", &[], &["a", "a]"]);
        check("[a-]", &["a", "]", "^"], &["-", "b"]);
    }

    #[test]
    fn case_is_ignored_on_request_but_not_for_escapes_in_classes() {
        assert!(glob_match(b"MAX*[A-C]", b"maxmemoryb", true));
        assert!(!glob_match(b"MAX*", b"maxmemory", false));
        assert!(glob_match(b"\\M", b"m", true));
        assert!(!glob_match(b"[\\M]", b"m", true));
    }

    #[test]
    fn high_bytes_order_below_ascii_in_ranges() {
        assert!(glob_match(b"[\x80-z]", b"a", false));
        assert!(glob_match(b"[\xb0-\xd1]", b"\xc0", false));
        assert!(!glob_match(b"[a-\xff]", b"z", false));
    }

    #[test]
    fn a_hostile_pattern_ends_quickly() {
        let pattern = [b"a*".repeat(20_000), b"b".to_vec()].concat();
        assert!(!glob_match(&pattern, &b"a".repeat(100), false));
        let nested = [b"*a".repeat(50), b"*b".to_vec()].concat();
        assert!(!glob_match(&nested, &b"a".repeat(20_000), false));
    }

    /// The same rules by plain recursion over all choices: the model.
    fn model(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|skip| model(rest, &text[skip..], nocase)),
            _ => step(pattern, text, nocase).is_some_and(|(p, t)| model(p, t, nocase)),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_plain_recursion(
            pattern in r"[abA*?\[\]^\\-]{0,9}",
            text in r"[abA\]\\^-]{1,9}",
            nocase: bool,
        ) {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(glob_match(pattern, text, nocase), model(pattern, text, nocase));
        }

        #[test]
        fn never_panics(
            pattern in prop::collection::vec(any::<u8>(), 0..40),
            text in prop::collection::vec(any::<u8>(), 0..40),
            nocase: bool,
        ) {
            let _ = glob_match(&pattern, &text, nocase);
        }

        #[test]
        fn an_escaped_text_matches_itself(text in prop::collection::vec(any::<u8>(), 0..40)) {
            let pattern: Vec<u8> = text.iter().flat_map(|byte| [b'\\', *byte]).collect();
            prop_assert!(glob_match(&pattern, &text, false));
        }
    }
}
