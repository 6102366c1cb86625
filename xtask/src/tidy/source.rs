//! A small lexer: which bytes of a Rust file are code, and which are comments.
//!
//! It keeps the two apart as texts of the same length, in which everything else is blank, so that a
//! place in one is the same place in the other and in the file. Strings are blank in both: what a
//! string says is neither code nor comment. It knows nested block comments, escapes, raw strings
//! and the difference between a lifetime and a character; it never fails, whatever it reads.

/// A Rust file told apart into code and comments.
pub struct Source {
    /// The code; comments, and the contents of strings and characters, are spaces.
    pub code: String,
    /// The comments with their slashes; everything else is spaces.
    pub comments: String,
    /// Where each line starts.
    starts: Vec<usize>,
    /// For each line, whether it belongs to an item under `#[cfg(test)]`.
    test_lines: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Text,
}

impl Source {
    /// Reads a file.
    pub fn new(text: &str) -> Source {
        let kinds = classify(text.as_bytes());
        let keep = |wanted: Kind| -> String {
            let bytes = text
                .bytes()
                .zip(&kinds)
                .map(|(byte, kind)| if byte == b'\n' || *kind == wanted { byte } else { b' ' });
            String::from_utf8_lossy(&bytes.collect::<Vec<u8>>()).into_owned()
        };
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1));
        let mut source = Source {
            code: keep(Kind::Code),
            comments: keep(Kind::Comment),
            test_lines: vec![false; starts.len()],
            starts,
        };
        source.mark_tests();
        source
    }

    /// The line of a byte, counted from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// Whether a line (counted from 1) belongs to an item under `#[cfg(test)]`.
    pub fn is_test(&self, line: usize) -> bool {
        self.test_lines.get(line.wrapping_sub(1)).copied().unwrap_or(false)
    }

    /// Every place where `word` stands in the code as a whole word.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let bytes = self.code.as_bytes();
        let ident = |at: usize| bytes.get(at).is_some_and(|byte| is_ident(*byte));
        let places = self.code.match_indices(word).map(|(at, _)| at);
        places.filter(move |at| !ident(at.wrapping_sub(1)) && !ident(at + word.len()))
    }

    /// The end of the block that opens at the first of `open` after `from`: the offset of its
    /// closing brace. `None` when a `;` comes first, or when it never closes.
    pub fn block_after(&self, from: usize) -> Option<(usize, usize)> {
        let rest = self.code.get(from..)?;
        let mut nested = 0usize;
        let mut open = None;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'(' | b'[' => nested += 1,
                b')' | b']' => nested = nested.saturating_sub(1),
                b';' if nested == 0 => return None,
                b'{' if nested == 0 => {
                    open = Some(from + at);
                    break;
                }
                _ => {}
            }
        }
        let open = open?;
        let mut depth = 0usize;
        for (at, byte) in self.code.get(open..)?.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some((open, open + at));
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn mark_tests(&mut self) {
        let places: Vec<usize> =
            self.code.match_indices("#[cfg(test)]").map(|(at, found)| at + found.len()).collect();
        for at in places {
            let Some((_, end)) = self.block_after(at) else { continue };
            let (first, last) = (self.line_of(at), self.line_of(end));
            for line in first..=last {
                if let Some(mark) = self.test_lines.get_mut(line - 1) {
                    *mark = true;
                }
            }
        }
    }
}

/// Whether a byte can be part of an identifier.
pub fn is_ident(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn classify(text: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let (kind, end) = token(text, at);
        let end = end.clamp(at + 1, text.len());
        kinds[at..end].fill(kind);
        at = end;
    }
    kinds
}

/// The kind of what starts at `at`, and where it ends.
fn token(text: &[u8], at: usize) -> (Kind, usize) {
    let rest = &text[at..];
    let inside_word = at > 0 && is_ident(text[at - 1]);
    match rest {
        [b'/', b'/', ..] => {
            let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            (Kind::Comment, at + length)
        }
        [b'/', b'*', ..] => (Kind::Comment, at + block_comment(rest)),
        [b'"', ..] => (Kind::Text, at + quoted(rest)),
        [b'r', ..] | [b'b', b'r', ..] | [b'c', b'r', ..] if !inside_word => {
            let prefix = if rest[0] == b'r' { 1 } else { 2 };
            match raw_string(&rest[prefix..]) {
                Some(length) => (Kind::Text, at + prefix + length),
                None => (Kind::Code, at + 1),
            }
        }
        [b'\'', ..] => match character(rest) {
            Some(length) => (Kind::Text, at + length),
            None => (Kind::Code, at + 1),
        },
        _ => (Kind::Code, at + 1),
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a raw string whose `#`s or quote start at `rest`, or `None` if it is none.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    if rest.get(hashes) != Some(&b'"') {
        return None;
    }
    let closes = |at: &usize| {
        rest[*at] == b'"' && rest[at + 1..].iter().take_while(|b| **b == b'#').count() >= hashes
    };
    let close = (hashes + 1..rest.len()).find(closes);
    Some(close.map_or(rest.len(), |at| at + 1 + hashes))
}

/// The length of a character literal, or `None` for a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        let close = rest.iter().skip(3).position(|byte| *byte == b'\'')?;
        return Some(close + 4);
    }
    // One character of up to four bytes, then the closing quote.
    let close = rest.iter().skip(2).take(4).position(|byte| *byte == b'\'')? + 2;
    let inner = std::str::from_utf8(rest.get(1..close)?).ok()?;
    (inner.chars().count() == 1).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let source = Source::new(text);
        assert_eq!(source.code.len(), text.len());
        assert_eq!(source.comments.len(), text.len());
        source.code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code("let a = \"b // c\"; // d\ne"), "let a = ; e");
        assert_eq!(code("a /* b /* c */ d */ e"), "a e");
        assert_eq!(code(r##"a r#"b " c"# d br"e" f"##), "a d f");
        assert_eq!(code(r#"x "a\"b" y"#), "x y");
        assert_eq!(code("r\"never closed"), "");
    }

    #[test]
    fn lifetimes_are_not_characters() {
        assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
        assert_eq!(
            code(r"let a = '\''; let b = '{'; let c = 'é';"),
            "let a = ; let b = ; let c = ;"
        );
        assert_eq!(code(r"b'\n', b'"), "b , b'");
    }

    #[test]
    fn raw_identifiers_and_words_that_end_in_r_are_code() {
        assert_eq!(code("r#type bar\"x\" for"), "r#type bar for");
    }

    #[test]
    fn words_are_whole_words() {
        let source = Source::new("unsafe_code unsafe { } \"unsafe\" // unsafe");
        assert_eq!(source.words("unsafe").collect::<Vec<_>>(), [12]);
    }

    #[test]
    fn lines_and_test_items() {
        let source = Source::new("a\n#[cfg(test)]\nmod tests {\n  b\n}\nc\n");
        let marks: Vec<bool> = (1..=7).map(|line| source.is_test(line)).collect();
        assert_eq!(marks, [false, true, true, true, true, false, false]);
        assert_eq!((source.line_of(0), source.line_of(2), source.line_of(1)), (1, 2, 1));
    }

    #[test]
    fn blocks_are_found_past_parentheses() {
        let source = Source::new("fn f(a: [u8; 2]) -> u8 { { } } fn g();");
        assert_eq!(source.block_after(0), Some((23, 29)));
        assert_eq!(source.block_after(31), None);
    }
}
