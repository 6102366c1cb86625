//! Argument hints: what may still follow the words typed so far.
//!
//! The words are matched against the command's arguments from left to right. Required arguments
//! come in order; optional ones that stand next to each other in any order, and once a word
//! belongs to what follows them they are over. What is not yet matched is the hint.

use super::docs::{Argument, Command, Docs, Kind};
use crate::words;

/// The syntax of a command's arguments.
pub fn syntax(command: &Command) -> String {
    join(command.arguments.iter().map(whole), " ")
}

/// The hint behind an unfinished line; `None` if its command is not known. The last word counts
/// only when a space follows it.
pub fn hint(docs: &Docs, line: &str) -> Option<String> {
    let mut words: Vec<String> = words::split(line.as_bytes())?
        .into_iter()
        .map(|word| String::from_utf8_lossy(&word).into_owned())
        .collect();
    if !line.ends_with(|c: char| c.is_ascii_whitespace()) {
        words.pop();
    }
    let command = docs.find(&words)?;
    let typed: Vec<&str> = words[command.words.len()..].iter().map(String::as_str).collect();
    let matched = sequence(&command.arguments, &typed)?;
    // Words that nothing explains: better no hint than a wrong one.
    (matched.words == typed.len()).then_some(matched.rest)
}

/// How an argument, or a sequence of them, met the words.
struct Matched {
    /// How many words it took, at least 1 for an argument.
    words: usize,
    /// What of it may still follow.
    rest: String,
    /// Whether nothing more *must* follow.
    complete: bool,
}

/// Matches arguments in order; `None` if a word fits no argument that could be there.
fn sequence(arguments: &[Argument], words: &[&str]) -> Option<Matched> {
    let mut at = 0;
    let mut index = 0;
    let mut rest: Vec<String> = Vec::new();
    let mut complete = true;
    while complete && at < words.len() && index < arguments.len() {
        let group = arguments[index..].iter().take_while(|argument| argument.optional).count();
        let matched = match group {
            0 => one(&arguments[index], &words[at..])?,
            _ => options(&arguments[index..index + group], &words[at..]),
        };
        at += matched.words;
        index += group.max(1);
        complete = matched.complete;
        // A required argument that has begun ends the options before it.
        if group == 0 || at == words.len() || index == arguments.len() {
            rest.push(matched.rest);
        }
    }
    complete &= arguments[index..].iter().all(|argument| argument.optional);
    rest.extend(arguments[index..].iter().map(whole));
    Some(Matched { words: at, rest: join(rest.into_iter(), " "), complete })
}

/// Matches neighbouring optional arguments in any order; none of them is a match too. What may
/// still follow is the rest of the one begun last, then those not used.
fn options(group: &[Argument], words: &[&str]) -> Matched {
    let mut used = vec![false; group.len()];
    let mut last = Matched { words: 0, rest: String::new(), complete: true };
    let mut at = 0;
    loop {
        let fresh = group.iter().enumerate().filter(|(index, _)| !used[*index]);
        let found = fresh
            .filter_map(|(index, argument)| Some((index, one(argument, words.get(at..)?)?)))
            .next();
        let Some((index, matched)) = found else { break };
        used[index] = true;
        at += matched.words;
        last = matched;
    }
    let unused = group.iter().zip(&used).filter(|(_, used)| !**used).map(|(a, _)| whole(a));
    let rest = join(std::iter::once(last.rest).chain(unused), " ");
    Matched { words: at, rest, complete: last.complete }
}

/// Matches one argument with its repetitions.
fn one(argument: &Argument, words: &[&str]) -> Option<Matched> {
    let mut matched = once(argument, words, argument.token.is_some())?;
    if !argument.multiple {
        return Some(matched);
    }
    while matched.complete && matched.words < words.len() {
        let again = argument.token.is_some() && argument.multiple_token;
        let Some(next) = once(argument, &words[matched.words..], again) else { break };
        matched = Matched { words: matched.words + next.words, ..next };
    }
    matched.rest = join([matched.rest, repetition(argument)].into_iter(), " ");
    Some(matched)
}

/// Matches one argument without repetition, with its token in front where there must be one.
fn once(argument: &Argument, words: &[&str], with_token: bool) -> Option<Matched> {
    let token = argument.token.as_deref().filter(|_| with_token);
    let Some(token) = token else { return body(argument, words) };
    let (first, others) = words.split_first()?;
    if !first.eq_ignore_ascii_case(token) {
        return None;
    }
    if argument.kind == Kind::Token {
        return Some(Matched { words: 1, rest: String::new(), complete: true });
    }
    if others.is_empty() {
        return Some(Matched { words: 1, rest: bare(argument), complete: false });
    }
    let matched = body(argument, others)?;
    Some(Matched { words: matched.words + 1, ..matched })
}

/// Matches what an argument consists of.
fn body(argument: &Argument, words: &[&str]) -> Option<Matched> {
    let word = words.first()?;
    let fits = match argument.kind {
        Kind::Block => return sequence(&argument.parts, words).filter(|m| m.words > 0),
        Kind::OneOf => return argument.parts.iter().find_map(|part| one(part, words)),
        Kind::Token => false,
        Kind::Integer => number_like(word, false),
        Kind::Double => number_like(word, true),
        Kind::Word => true,
    };
    fits.then(|| Matched { words: 1, rest: String::new(), complete: true })
}

/// Whether a word begins as a number does.
fn number_like(word: &str, fraction: bool) -> bool {
    let digits = word.trim_start_matches(['-', '+']);
    let dotted = fraction && digits.starts_with('.');
    let named = |name: &str| fraction && digits.to_ascii_lowercase().starts_with(name);
    digits.starts_with(|c: char| c.is_ascii_digit()) || dotted || named("inf") || named("nan")
}

/// The full syntax of an argument of which nothing is typed.
fn whole(argument: &Argument) -> String {
    let token = argument.token.as_deref().map(or_quotes).unwrap_or_default();
    let text = match argument.kind {
        Kind::Token => token.to_owned(),
        _ => join([token.to_owned(), bare(argument)].into_iter(), " "),
    };
    let text =
        if argument.multiple { join([text, repetition(argument)].into_iter(), " ") } else { text };
    if argument.optional { format!("[{text}]") } else { text }
}

/// The syntax of an argument without its token and repetition.
fn bare(argument: &Argument) -> String {
    let parts = argument.parts.iter().map(whole);
    match argument.kind {
        Kind::Block => join(parts, " "),
        Kind::OneOf => join(parts, "|"),
        Kind::Token => String::new(),
        _ => or_quotes(&argument.name).to_owned(),
    }
}

/// The syntax of an argument's further occurrences.
fn repetition(argument: &Argument) -> String {
    let token = argument.token.as_deref().filter(|_| argument.multiple_token).map(or_quotes);
    let text = join([token.unwrap_or_default().to_owned(), bare(argument)].into_iter(), " ");
    format!("[{text} ...]")
}

/// An empty word has to be shown as something.
fn or_quotes(word: &str) -> &str {
    if word.is_empty() { "\"\"" } else { word }
}

/// Joins what is not empty.
fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(name: &str) -> Argument {
        Argument { name: name.to_owned(), ..Argument::default() }
    }

    fn token(name: &str) -> Argument {
        Argument { kind: Kind::Token, token: Some(name.to_owned()), ..word("") }
    }

    fn optional(argument: Argument) -> Argument {
        Argument { optional: true, ..argument }
    }

    /// A command with the shapes that occur: `T key value [NX|XX] [EX seconds] [GET]`,
    /// `M key [key ...]`, `B [LIMIT offset count] dest`.
    fn docs() -> Docs {
        let one_of = |parts| optional(Argument { kind: Kind::OneOf, parts, ..word("") });
        let seconds =
            Argument { kind: Kind::Integer, token: Some("EX".to_owned()), ..word("seconds") };
        let limit = Argument {
            kind: Kind::Block,
            token: Some("LIMIT".to_owned()),
            parts: vec![word("offset"), word("count")],
            ..word("")
        };
        let command = |name: &str, arguments| Command {
            words: vec![name.to_owned()],
            arguments,
            ..Command::default()
        };
        Docs {
            commands: vec![
                command(
                    "T",
                    vec![
                        word("key"),
                        word("value"),
                        one_of(vec![token("NX"), token("XX")]),
                        optional(seconds),
                        optional(token("GET")),
                    ],
                ),
                command("M", vec![Argument { multiple: true, ..word("key") }]),
                command("B", vec![optional(limit), word("dest")]),
            ],
            groups: Vec::new(),
        }
    }

    #[test]
    fn what_is_typed_leaves_the_hint() {
        let cases = [
            ("t ", "key value [NX|XX] [EX seconds] [GET]"),
            ("T k", "key value [NX|XX] [EX seconds] [GET]"),
            ("T k ", "value [NX|XX] [EX seconds] [GET]"),
            ("T k v ", "[NX|XX] [EX seconds] [GET]"),
            ("T k v ex ", "seconds [NX|XX] [GET]"),
            ("T k v get ex 5 ", "[NX|XX]"),
            ("T k v xx get ex 5 ", ""),
            ("M ", "key [key ...]"),
            ("M a b ", "[key ...]"),
            ("B ", "[LIMIT offset count] dest"),
            ("B limit ", "offset count dest"),
            ("B limit 1 ", "count dest"),
            ("B limit 1 2 ", "dest"),
            ("B d ", ""),
        ];
        for (line, expected) in cases {
            assert_eq!(hint(&docs(), line).as_deref(), Some(expected), "{line:?}");
        }
    }

    #[test]
    fn words_that_do_not_fit_give_none() {
        for line in ["T k v bogus ", "T k v ex soon ", "B d d ", "nothing ", "T \"", ""] {
            assert_eq!(hint(&docs(), line), None, "{line:?}");
        }
    }
}
