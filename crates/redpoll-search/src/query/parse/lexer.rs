//! From the query's text to tokens.
//!
//! The longest token wins, and what is no token (a stray comma, an apostrophe) is skipped as white
//! space is: a query typed by a person finds something rather than fails.

use std::ops::Range;

use super::super::Dialect;

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Where it begins.
    pub(super) offset: usize,
    /// Its text without quotes, stars and sigils.
    pub(super) text: Range<usize>,
    /// What an error message shows: the token's text, or that of the last token that had any.
    pub(super) near: Range<usize>,
}

/// The kinds of tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Term,
    /// `as`, which is a word except in a vector query.
    As,
    /// `ismissing`, which is a word unless a parenthesis follows.
    IsMissing,
    /// A number with a sign, a fraction or an exponent, or infinity.
    Number(f64),
    /// Digits only.
    Size(f64),
    Modifier,
    /// `$name`, with the sign before it.
    Attribute {
        negative: bool,
    },
    Compare(Comparison),
    Exact,
    /// A word with stars at its ends. `param`: the word is a parameter's name.
    Affix {
        open: Ends,
        param: bool,
    },
    Wildcard {
        param: bool,
    },
    Arrow,
    Quote,
    Or,
    OpenParen,
    CloseParen,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Colon,
    Semicolon,
    Minus,
    Tilde,
    Star,
    Percent,
    End,
}

/// `==` and its kin, between a field and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Where the stars stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) before: bool,
    pub(super) after: bool,
}

/// The tokens of `query`, [`Kind::End`] last.
pub(super) fn tokens(query: &[u8], dialect: Dialect) -> Vec<Token> {
    let mut lexer =
        Lexer { query, modern: dialect.is_modern(), at: 0, near: 0..0, out: Vec::new() };
    while lexer.at < query.len() {
        lexer.step();
    }
    let (near, offset) = (lexer.near.clone(), lexer.out.last().map_or(0, |last| last.offset));
    lexer.out.push(Token { kind: Kind::End, offset, text: near.clone(), near });
    lexer.out
}

struct Lexer<'a> {
    query: &'a [u8],
    /// Whether this is a dialect after the first.
    modern: bool,
    at: usize,
    near: Range<usize>,
    out: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self) {
        let start = self.at;
        match self.query[start] {
            b'@' => self.modifier(start),
            b'$' => self.attribute(start),
            b'*' => self.star(start),
            quote @ (b'"' | b'\'') => self.quoted(start, quote),
            b'w' if self.modern => self.wildcard(start),
            byte => match punctuation(byte) {
                Some(kind) => self.mark(start, kind),
                None => self.word(start),
            },
        }
    }

    /// A token without a text of its own.
    fn mark(&mut self, start: usize, kind: Kind) {
        self.at = start + 1;
        self.out.push(Token {
            kind,
            offset: start,
            text: self.near.clone(),
            near: self.near.clone(),
        });
    }

    fn push(&mut self, kind: Kind, offset: usize, text: Range<usize>, end: usize) {
        self.at = end;
        self.near = text.clone();
        self.out.push(Token { kind, offset, near: text.clone(), text });
    }

    /// A word, a number, an arrow; anything else is skipped.
    fn word(&mut self, start: usize) {
        if self.query[start..].starts_with(b"=>") {
            let near = start + 1..(start + 3).min(self.query.len());
            return self.push(Kind::Arrow, start, near, start + 2);
        }
        let term = self.term_end(start);
        let number = self.number_end(start);
        let infinity = self.infinity_end(start);
        let end = [term, number, infinity].into_iter().flatten().max().unwrap_or(start);
        if end == start {
            self.at = start + 1;
            if self.query[start] == b'-' {
                self.mark(start, Kind::Minus);
            }
            return;
        }
        let affixed = term == Some(end) || number == Some(end);
        if affixed && self.query.get(end) == Some(&b'*') {
            let open = Ends { before: false, after: true };
            return self.push(Kind::Affix { open, param: false }, start, start..end, end + 1);
        }
        let text = &self.query[start..end];
        let kind = if number == Some(end) {
            self.numeric(text)
        } else if infinity == Some(end) {
            Kind::Number(if text[0] == b'-' { f64::NEG_INFINITY } else { f64::INFINITY })
        } else if self.modern && text.eq_ignore_ascii_case(b"as") {
            Kind::As
        } else if self.modern && text.eq_ignore_ascii_case(b"ismissing") {
            Kind::IsMissing
        } else {
            Kind::Term
        };
        self.push(kind, start, start..end, end);
    }

    fn numeric(&self, text: &[u8]) -> Kind {
        let value =
            std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        match self.modern && text.iter().all(u8::is_ascii_digit) {
            true => Kind::Size(value),
            false => Kind::Number(value),
        }
    }

    fn modifier(&mut self, start: usize) {
        let Some(end) = self.term_end(start + 1) else {
            self.at = start + 1;
            return;
        };
        let name = start + 1..end;
        match self.modern.then(|| self.comparison(end)).flatten() {
            None => self.push(Kind::Modifier, start, name, end),
            Some((operator, operator_at, value)) => {
                self.push(Kind::Modifier, start, name, end);
                self.push(Kind::Compare(operator), start, operator_at.clone(), operator_at.end);
                let text = &self.query[value.clone()];
                let sign = usize::from(matches!(text[0], b'+' | b'-'));
                if text.get(sign) == Some(&b'$') {
                    let (negative, name) = (text[0] == b'-', value.start + sign + 1..value.end);
                    self.push(Kind::Attribute { negative }, start, name, value.end);
                } else {
                    let infinite = self.infinity_end(value.start) == Some(value.end);
                    let kind = match infinite {
                        true if text[0] == b'-' => Kind::Number(f64::NEG_INFINITY),
                        true => Kind::Number(f64::INFINITY),
                        false => self.numeric(text),
                    };
                    self.push(kind, start, value.clone(), value.end);
                }
            }
        }
    }

    /// An operator and a number or parameter after a field's name.
    fn comparison(&self, end: usize) -> Option<(Comparison, Range<usize>, Range<usize>)> {
        let at = self.after_spaces(end);
        let (operator, bytes) = match self.query.get(at..)? {
            [b'=', b'=', ..] => (Comparison::Equal, 2),
            [b'!', b'=', ..] => (Comparison::NotEqual, 2),
            [b'>', b'=', ..] => (Comparison::GreaterOrEqual, 2),
            [b'<', b'=', ..] => (Comparison::LessOrEqual, 2),
            [b'>', ..] => (Comparison::Greater, 1),
            [b'<', ..] => (Comparison::Less, 1),
            _ => return None,
        };
        let value = self.after_spaces(at + bytes);
        let sign = usize::from(matches!(self.query.get(value), Some(b'+' | b'-')));
        let parameter = match self.query.get(value + sign) {
            Some(b'$') => self.term_end(value + sign + 1),
            _ => None,
        };
        let ends = [self.number_end(value), self.infinity_end(value), parameter];
        let end = ends.into_iter().flatten().max()?;
        Some((operator, at..at + bytes, value..end))
    }

    fn attribute(&mut self, start: usize) {
        let Some(end) = self.term_end(start + 1) else {
            self.at = start + 1;
            return;
        };
        if self.modern && self.query.get(end) == Some(&b'*') {
            let open = Ends { before: false, after: true };
            return self.push(Kind::Affix { open, param: true }, start, start + 1..end, end + 1);
        }
        self.push(Kind::Attribute { negative: false }, start, start + 1..end, end);
    }

    /// A star alone, or one before a word.
    fn star(&mut self, start: usize) {
        let word = start + 1;
        let (text, end, param) = match self.query.get(word) {
            Some(b'$') if self.modern => match self.term_end(word + 1) {
                Some(end) => (word + 1..end, end, true),
                None => return self.mark(start, Kind::Star),
            },
            Some(quote @ (b'"' | b'\'')) if self.modern => match self.exact_end(word, *quote) {
                Some(end) => (word + 1..end - 1, end, false),
                None => return self.mark(start, Kind::Star),
            },
            _ => match self.term_end(word).max(self.number_end(word)) {
                Some(end) => (word..end, end, false),
                None => return self.mark(start, Kind::Star),
            },
        };
        let after = self.query.get(end) == Some(&b'*');
        let open = Ends { before: true, after };
        self.push(Kind::Affix { open, param }, start, text, end + usize::from(after));
    }

    fn quoted(&mut self, start: usize, quote: u8) {
        if !self.modern {
            return match quote {
                b'"' => self.mark(start, Kind::Quote),
                _ => self.at = start + 1,
            };
        }
        if let Some(end) = self.exact_end(start, quote) {
            let text = start + 1..end - 1;
            if self.query.get(end) == Some(&b'*') {
                let open = Ends { before: false, after: true };
                return self.push(Kind::Affix { open, param: false }, start, text, end + 1);
            }
            return self.push(Kind::Exact, start, text, end);
        }
        if self.query.get(start + 1) == Some(&quote) {
            return self.push(Kind::Term, start, start + 1..start + 1, start + 2);
        }
        match quote {
            b'"' => self.mark(start, Kind::Quote),
            _ => self.at = start + 1,
        }
    }

    /// `w'pattern'`, or a word.
    fn wildcard(&mut self, start: usize) {
        let Some(end) = self.wildcard_end(start + 1) else {
            return self.word(start);
        };
        let param = self.query[start + 2] == b'$';
        let text = start + 2 + usize::from(param)..end - 1;
        self.push(Kind::Wildcard { param }, start, text, end);
    }

    fn wildcard_end(&self, start: usize) -> Option<usize> {
        let quote = *self.query.get(start).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let mut at = start + 1;
        loop {
            match *self.query.get(at)? {
                b'\\' => at += 2,
                byte if byte == quote => break,
                _ => at += 1,
            }
        }
        (at > start + 1).then_some(at + 1)
    }

    /// Where a quoted text ends, quote and all. A quote after a backslash belongs to the text if a
    /// later one closes it.
    fn exact_end(&self, start: usize, quote: u8) -> Option<usize> {
        let mut found = None;
        for at in start + 1..self.query.len() {
            if self.query[at] != quote {
                continue;
            }
            if at > start + 1 {
                found = Some(at + 1);
            }
            if self.query[at - 1] != b'\\' || at == start + 1 {
                break;
            }
        }
        found
    }

    /// Where the word that begins at `start` ends; none if none begins there.
    fn term_end(&self, start: usize) -> Option<usize> {
        let mut at = start;
        while let Some(&byte) = self.query.get(at) {
            let next = self.query.get(at + 1);
            match byte {
                b'_' => at += 1,
                b'\\' if next.is_some_and(|next| is_escapable(*next)) => at += 2,
                byte if byte.is_ascii_punctuation() || is_space_or_control(byte) => break,
                _ => at += 1,
            }
        }
        (at > start).then_some(at)
    }

    fn number_end(&self, start: usize) -> Option<usize> {
        let digits = |from: usize| {
            let rest = self.query.get(from..).unwrap_or_default();
            from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let signs: &[u8] = if self.modern { b"+-" } else { b"-" };
        let signed = self.query.get(start).is_some_and(|byte| signs.contains(byte));
        let whole = start + usize::from(signed);
        let mut end = digits(whole);
        let has_whole = end > whole;
        if self.query.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            let has_fraction = fraction > end + 1;
            if has_fraction && (has_whole || self.modern) {
                end = fraction;
            } else if has_whole && self.modern {
                end += 1;
            }
        }
        if end == whole {
            return None;
        }
        if matches!(self.query.get(end), Some(b'e' | b'E')) {
            let signed = self.query.get(end + 1).is_some_and(|byte| signs.contains(byte));
            let exponent = end + 1 + usize::from(signed);
            if digits(exponent) > exponent {
                end = digits(exponent);
            }
        }
        Some(end)
    }

    fn infinity_end(&self, start: usize) -> Option<usize> {
        let signed = matches!(self.query.get(start), Some(b'+' | b'-'));
        let word = start + usize::from(signed);
        let text = self.query.get(word..word + 3)?;
        let is_infinity = text == b"inf" || self.modern && text.eq_ignore_ascii_case(b"inf");
        is_infinity.then_some(word + 3)
    }

    fn after_spaces(&self, from: usize) -> usize {
        let rest = self.query.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_space(**byte)).count()
    }
}

fn punctuation(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'|' => Kind::Or,
        b'(' => Kind::OpenParen,
        b')' => Kind::CloseParen,
        b'{' => Kind::OpenBrace,
        b'}' => Kind::CloseBrace,
        b'[' => Kind::OpenBracket,
        b']' => Kind::CloseBracket,
        b':' => Kind::Colon,
        b';' => Kind::Semicolon,
        b'~' => Kind::Tilde,
        b'%' => Kind::Percent,
        _ => return None,
    })
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn is_space_or_control(byte: u8) -> bool {
    is_space(byte) || byte.is_ascii_control()
}

fn is_escapable(byte: u8) -> bool {
    byte.is_ascii_punctuation() || is_space(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lex(query: &str) -> String {
        let tokens = tokens(query.as_bytes(), Dialect::Two);
        let show = |token: &Token| {
            let text = &query[token.text.clone()];
            match token.kind {
                Kind::Term | Kind::Exact | Kind::Modifier => format!("{:?}({text})", token.kind),
                Kind::Affix { open, param } => {
                    let (before, after) =
                        (["", "*"][open.before as usize], ["", "*"][open.after as usize]);
                    format!("{before}{}{text}{after}", ["", "$"][param as usize])
                }
                Kind::Attribute { negative } => format!("{}${text}", ["", "-"][negative as usize]),
                Kind::Wildcard { .. } => format!("w({text})"),
                kind => format!("{kind:?}"),
            }
        };
        tokens.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_and_numbers() {
        assert_eq!(lex("hello wor*"), "Term(hello) wor* End");
        assert_eq!(lex("*llo *ell* *"), "*llo *ell* Star End");
        assert_eq!(
            lex("12 1.5 -3 .5 1e3 12abc"),
            "Size(12.0) Number(1.5) Number(-3.0) Number(0.5) Number(1000.0) Term(12abc) End"
        );
        assert_eq!(
            lex("-inf +inf Inf info"),
            "Number(-inf) Number(inf) Number(inf) Term(info) End"
        );
        assert_eq!(lex("a,b'c.d"), "Term(a) Term(b) Term(c) Term(d) End");
        assert_eq!(lex("-foo"), "Minus Term(foo) End");
        assert_eq!(lex(r"a\-b \x"), r"Term(a\-b) Term(x) End");
        assert_eq!(lex("AS ismissing"), "As IsMissing End");
    }

    #[test]
    fn quotes() {
        assert_eq!(lex(r#""a b" 'c' """#), "Exact(a b) Exact(c) Term() End");
        assert_eq!(lex(r#""a \" b" c""#), r#"Exact(a \" b) Term(c) Quote End"#);
        assert_eq!(lex(r#""foo"#), "Quote Term(foo) End");
        assert_eq!(lex(r#"*"a b"* "c"*"#), "*a b* c* End");
        assert_eq!(lex("w'he?l*' word w''"), "w(he?l*) Term(word) Term(w) Term() End");
    }

    #[test]
    fn fields_and_parameters() {
        assert_eq!(lex("@a:b"), "Modifier(a) Colon Term(b) End");
        assert_eq!(
            lex("@a>=5 @b == -$p"),
            "Modifier(a) Compare(GreaterOrEqual) Size(5.0) Modifier(b) Compare(Equal) -$p End"
        );
        assert_eq!(lex("@a != 1.5"), "Modifier(a) Compare(NotEqual) Number(1.5) End");
        assert_eq!(lex("$a $b*"), "$a $b* End");
        assert_eq!(
            lex("*=>[KNN 3 @v $b]"),
            "Star Arrow OpenBracket Term(KNN) Size(3.0) Modifier(v) $b CloseBracket End"
        );
    }

    #[test]
    fn any_bytes_can_be_lexed() {
        for length in 0..4 {
            let mut bytes = vec![0u8; length];
            for seed in 0..5000u32 {
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = (seed.wrapping_mul(2_654_435_761) >> (at * 7)) as u8;
                }
                tokens(&bytes, Dialect::One);
                tokens(&bytes, Dialect::Two);
            }
        }
    }
}
