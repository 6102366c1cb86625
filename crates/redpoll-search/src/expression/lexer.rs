//! The tokens of an expression.

use super::{Arithmetic, Comparison};
use crate::escape::{is_escapable, unescape};

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) offset: usize,
    /// What an error message shows: the token's text, or that of the last one that had any.
    pub(super) near: (usize, usize),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Number(f64),
    /// The text between the quotes, its escapes taken out.
    Text(Vec<u8>),
    Symbol,
    Field,
    Arithmetic(Arithmetic),
    Comparison(Comparison),
    And,
    Or,
    Not,
    Open,
    Close,
    Comma,
    End,
}

/// The tokens of `text`; what is no token is skipped, as white space is.
pub(super) fn tokens(text: &[u8]) -> Vec<Token> {
    let mut out = Vec::new();
    let (mut at, mut near) = (0, (0, 0));
    while at < text.len() {
        // After an operand a sign is an operator: `@a-5` is a difference.
        let operand_before = out.last().is_some_and(|token: &Token| {
            matches!(
                token.kind,
                Kind::Number(_) | Kind::Text(_) | Kind::Symbol | Kind::Field | Kind::Close
            )
        });
        match token(text, at, operand_before) {
            None => at += 1,
            Some((kind, from, end)) => {
                let named =
                    matches!(kind, Kind::Number(_) | Kind::Text(_) | Kind::Symbol | Kind::Field);
                if named {
                    near = (from, end);
                }
                out.push(Token { kind, offset: at, near });
                at = end;
            }
        }
    }
    let offset = out.last().map_or(0, |token| token.offset);
    out.push(Token { kind: Kind::End, offset, near });
    out
}

/// The token at `at`: its kind, where its text begins, where it ends.
fn token(text: &[u8], at: usize, operand_before: bool) -> Option<(Kind, usize, usize)> {
    let rest = &text[at..];
    let byte = rest[0];
    if (byte.is_ascii_digit() || (matches!(byte, b'+' | b'-') && !operand_before))
        && let Some(end) = number_end(rest)
    {
        return Some((Kind::Number(number(&rest[..end])), at, at + end));
    }
    match byte {
        b'"' | b'\'' => {
            let end = text_end(rest)?;
            return Some((Kind::Text(unescape(&rest[1..end - 1])), at + 1, at + end));
        }
        b'@' => {
            let end = name_end(rest, 1);
            return (end > 1).then_some((Kind::Field, at + 1, at + end));
        }
        byte if byte.is_ascii_alphabetic() => {
            let part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            let end = rest.iter().take_while(part).count();
            let infinity = rest[..end].eq_ignore_ascii_case(b"inf");
            let kind = if infinity { Kind::Number(f64::INFINITY) } else { Kind::Symbol };
            return Some((kind, at, at + end));
        }
        _ => {}
    }
    let (kind, bytes) = operator(rest)?;
    Some((kind, at, at + bytes))
}

fn operator(rest: &[u8]) -> Option<(Kind, usize)> {
    Some(match rest {
        [b'=', b'=', ..] => (Kind::Comparison(Comparison::Equal), 2),
        [b'!', b'=', ..] => (Kind::Comparison(Comparison::NotEqual), 2),
        [b'<', b'=', ..] => (Kind::Comparison(Comparison::LessOrEqual), 2),
        [b'>', b'=', ..] => (Kind::Comparison(Comparison::GreaterOrEqual), 2),
        [b'&', b'&', ..] => (Kind::And, 2),
        [b'|', b'|', ..] => (Kind::Or, 2),
        [b'<', ..] => (Kind::Comparison(Comparison::Less), 1),
        [b'>', ..] => (Kind::Comparison(Comparison::Greater), 1),
        [b'!', ..] => (Kind::Not, 1),
        [b'(', ..] => (Kind::Open, 1),
        [b')', ..] => (Kind::Close, 1),
        [b',', ..] => (Kind::Comma, 1),
        [b'+', ..] => (Kind::Arithmetic(Arithmetic::Add), 1),
        [b'-', ..] => (Kind::Arithmetic(Arithmetic::Subtract), 1),
        [b'*', ..] => (Kind::Arithmetic(Arithmetic::Multiply), 1),
        [b'/', ..] => (Kind::Arithmetic(Arithmetic::Divide), 1),
        [b'%', ..] => (Kind::Arithmetic(Arithmetic::Remainder), 1),
        [b'^', ..] => (Kind::Arithmetic(Arithmetic::Power), 1),
        _ => return None,
    })
}

fn number(text: &[u8]) -> f64 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

fn number_end(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let whole = usize::from(matches!(text[0], b'+' | b'-'));
    let mut end = digits(whole);
    if end == whole {
        let infinity = text.get(whole..whole + 3)?.eq_ignore_ascii_case(b"inf");
        return infinity.then_some(whole + 3);
    }
    if text.get(end) == Some(&b'.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let exponent = end + 1 + usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        if digits(exponent) > exponent {
            end = digits(exponent);
        }
    }
    Some(end)
}

/// Where the text that begins with a quote ends, if it does.
fn text_end(text: &[u8]) -> Option<usize> {
    let quote = text[0];
    let mut at = 1;
    loop {
        match *text.get(at)? {
            b'\\' => at += 2,
            b'\n' => return None,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

fn name_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = text.get(at) {
        let next = text.get(at + 1);
        match byte {
            b'_' => at += 1,
            b'\\' if next.is_some_and(|next| is_escapable(*next)) => at += 2,
            byte if byte.is_ascii_punctuation()
                || byte.is_ascii_whitespace()
                || byte.is_ascii_control() =>
            {
                break;
            }
            _ => at += 1,
        }
    }
    at.min(text.len())
}
