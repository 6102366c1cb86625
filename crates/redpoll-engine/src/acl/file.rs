//! Users as text: the ACL file, and the `user` lines of redis.conf.
//!
//! A file is taken whole or not at all: the new users take the old ones' place only if every line
//! was right; else all that is wrong with it is told, with line numbers.

use super::rule::{self, Grammar, RuleError};
use super::user::User;
use super::users::Users;
use redpoll_config::quote::push_quoted;

/// The users of an ACL file, or all that is wrong with it in one line.
pub fn parse(
    users: &Users,
    text: &[u8],
    file: &str,
    grammar: &Grammar<'_>,
) -> Result<Vec<User>, String> {
    let mut found: Vec<User> = Vec::new();
    let mut errors = String::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = trim(line);
        if line.is_empty() {
            continue;
        }
        let place = Place { file, line: index + 1 };
        match parse_line(users, line, &place, &found, grammar) {
            Ok(user) => found.push(user),
            Err(error) => errors.push_str(&error),
        }
    }
    if errors.is_empty() {
        return Ok(found);
    }
    errors.push_str(
        "WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
    );
    Err(errors)
}

struct Place<'a> {
    file: &'a str,
    line: usize,
}

fn parse_line(
    users: &Users,
    line: &[u8],
    place: &Place<'_>,
    known: &[User],
    grammar: &Grammar<'_>,
) -> Result<User, String> {
    let Place { file, line: number } = place;
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [b"user", name, rules @ ..] = &words[..] else {
        return Err(format!(
            "{file}:{number} should start with user keyword followed by the username. "
        ));
    };
    let shown = String::from_utf8_lossy(name);
    if rule::has_space(name) {
        return Err(format!("'{file}:{number}: username '{shown}' contains invalid characters. "));
    }
    if known.iter().any(|user| *user.name == **name) {
        return Err(format!("WARNING: Duplicate user '{shown}' found on line {number}. "));
    }
    let rules = rule::join_selectors(rules)
        .map_err(|_| format!("{file}:{number}: Unmatched parenthesis in selector definition."))?;
    let id = if *name == super::DEFAULT_USER { 0 } else { users.next_id() };
    apply_all(User::new(name, id, grammar), &rules, place, grammar)
}

/// Applies the rules of a line. Unknown commands are all told; of other errors only the first, as
/// it may have led to the next, and without the word, which may be a password.
fn apply_all(
    mut user: User,
    rules: &[Vec<u8>],
    Place { file, line }: &Place<'_>,
    grammar: &Grammar<'_>,
) -> Result<User, String> {
    let (mut errors, mut told) = (String::new(), false);
    for word in rules {
        let word = trim(word);
        let Err(error) = rule::apply(&mut user, word, grammar) else { continue };
        let reason = error.message();
        if error == RuleError::Unknown {
            let word = String::from_utf8_lossy(word);
            errors.push_str(&format!(
                "{file}:{line}: Error in applying operation '{word}': {reason}. "
            ));
        } else if !told {
            errors.push_str(&format!("{file}:{line}: {reason}. "));
            told = true;
        }
    }
    if errors.is_empty() { Ok(user) } else { Err(errors) }
}

/// The text of an ACL file with these users.
pub fn write<'u>(users: impl IntoIterator<Item = &'u User>) -> Vec<u8> {
    let line = |user: &User| [b"user ", &*line(user), b"\n"].concat();
    users.into_iter().flat_map(line).collect()
}

/// A user as ACL LIST shows it, without the word `user`.
pub fn line(user: &User) -> Vec<u8> {
    [&*user.name, b" ", &*user.describe()].concat()
}

/// A user as redis.conf has it, without the word `user`: words with quotes are quoted themselves.
pub fn config_line(user: &User) -> Vec<u8> {
    let mut text = Vec::new();
    for word in line(user).split(|byte| *byte == b' ') {
        if !text.is_empty() {
            text.push(b' ');
        }
        match word.iter().any(|byte| matches!(byte, b'"' | b'\'')) || word.is_empty() {
            true => push_quoted(&mut text, word),
            false => text.extend_from_slice(word),
        }
    }
    text
}

fn trim(word: &[u8]) -> &[u8] {
    word.trim_ascii()
}
