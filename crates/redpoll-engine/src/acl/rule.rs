//! The words of ACL SETUSER: `on`, `>password`, `+get`, `~key:*`, `(…)`.
//!
//! What Redis accepts is accepted, and what it refuses is refused with its words. Stricter than
//! Redis are three cases that its own description of a user could not be read back from: a first
//! argument with white space or quotes, words within parentheses that hold a quote or end in a
//! parenthesis, and `%` without any access (which Redis dies of).

use super::password::PasswordHash;
use super::patterns::{Access, Databases};
use super::selector::Selector;
use super::user::User;
use crate::spec::Acl;
use crate::table::CommandTable;
use redpoll_config::quote::split_args;

/// What the words of a rule are read by.
#[derive(Clone, Copy)]
pub struct Grammar<'a> {
    /// The commands there are, by their own names: `rename-command` does not change rules.
    pub commands: &'a CommandTable,
    /// Whether a new selector allows every channel.
    pub channels_by_default: bool,
    /// The number of databases.
    pub databases: usize,
}

/// Why a rule was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleError {
    /// No such command or category.
    Unknown,
    /// Not a rule, or a pattern with white space.
    Syntax,
    /// A key pattern although all keys are allowed.
    KeysAreAll,
    /// A channel pattern although all channels are allowed.
    ChannelsAreAll,
    /// A password to remove that is not there.
    NoSuchPassword,
    /// Not a hash.
    BadHash,
    /// A first argument of a subcommand.
    FirstArgOfSubcommand,
    /// A database that there is not.
    NoSuchDatabase,
    /// A user that is defined twice.
    Duplicate,
}

impl RuleError {
    /// In Redis's words.
    pub fn message(self) -> &'static str {
        match self {
            RuleError::Unknown => "Unknown command or category name in ACL",
            RuleError::Syntax => "Syntax error",
            RuleError::KeysAreAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and \
                 does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            RuleError::ChannelsAreAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and \
                 does not have any effect. Try 'resetchannels' to start with an empty list of \
                 channels"
            }
            RuleError::NoSuchPassword => {
                "The password you are trying to remove from the user does not exist"
            }
            RuleError::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase \
                 hexadecimal characters"
            }
            RuleError::FirstArgOfSubcommand => {
                "Allowing first-arg of a subcommand is not supported"
            }
            RuleError::NoSuchDatabase => "The provided database ID is out of range",
            RuleError::Duplicate => {
                "Duplicate user found. A user can only be defined once in config files"
            }
        }
    }
}

type Result = std::result::Result<(), RuleError>;

/// Whether a name or pattern holds what would part it from the rest of a line.
pub fn has_space(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x0b))
}

/// Joins the words of selectors that came as several: `(+get`, `~k)`. The error is the word whose
/// parenthesis is not closed.
pub fn join_selectors<'w>(words: &[&'w [u8]]) -> std::result::Result<Vec<Vec<u8>>, &'w [u8]> {
    let mut joined: Vec<Vec<u8>> = Vec::new();
    let mut open = None;
    for &word in words {
        match (open, joined.last_mut()) {
            (Some(_), Some(selector)) => {
                selector.push(b' ');
                selector.extend_from_slice(word);
            }
            _ => {
                joined.push(word.to_vec());
                open = word.starts_with(b"(").then_some(word);
            }
        }
        if word.ends_with(b")") {
            open = None;
        }
    }
    open.map_or(Ok(joined), Err)
}

/// Applies one rule to a user.
pub fn apply(user: &mut User, word: &[u8], grammar: &Grammar<'_>) -> Result {
    match word.to_ascii_lowercase().as_slice() {
        b"" => {}
        b"on" => user.enabled = true,
        b"off" => user.enabled = false,
        b"skip-sanitize-payload" => user.skips_sanitizing = true,
        b"sanitize-payload" => user.skips_sanitizing = false,
        b"nopass" => (user.nopass, user.passwords) = (true, Vec::new()),
        b"resetpass" => (user.nopass, user.passwords) = (false, Vec::new()),
        b"clearselectors" => user.selectors.truncate(1),
        b"reset" => *user = User::new(&user.name, user.id, grammar),
        _ => match word {
            [b'>', password @ ..] => add_password(user, PasswordHash::of(password)),
            [b'#', digits @ ..] => add_password(user, hash(digits)?),
            [b'<', password @ ..] => remove_password(user, &PasswordHash::of(password))?,
            [b'!', digits @ ..] => remove_password(user, &hash(digits)?)?,
            [b'(', rules @ .., b')'] => user.selectors.push(in_parentheses(rules, grammar)?),
            _ => apply_to_selector(user.root_mut(), word, grammar)?,
        },
    }
    Ok(())
}

fn hash(digits: &[u8]) -> std::result::Result<PasswordHash, RuleError> {
    PasswordHash::parse(digits).ok_or(RuleError::BadHash)
}

fn add_password(user: &mut User, hash: PasswordHash) {
    user.nopass = false;
    if !user.passwords.contains(&hash) {
        user.passwords.push(hash);
    }
}

fn remove_password(user: &mut User, hash: &PasswordHash) -> Result {
    let index = user.passwords.iter().position(|known| known == hash);
    user.passwords.remove(index.ok_or(RuleError::NoSuchPassword)?);
    Ok(())
}

fn in_parentheses(rules: &[u8], grammar: &Grammar<'_>) -> std::result::Result<Selector, RuleError> {
    let mut selector = Selector::new(grammar);
    if rules.contains(&0) {
        // Splitting would end there, and the rest be lost.
        return Err(RuleError::Syntax);
    }
    for word in split_args(rules).ok_or(RuleError::Syntax)? {
        if word.ends_with(b")") || word.iter().any(|byte| matches!(byte, b'"' | b'\'')) {
            return Err(RuleError::Syntax);
        }
        apply_to_selector(&mut selector, &word, grammar)?;
    }
    Ok(selector)
}

fn apply_to_selector(selector: &mut Selector, word: &[u8], grammar: &Grammar<'_>) -> Result {
    match word.to_ascii_lowercase().as_slice() {
        b"allkeys" | b"~*" => selector.keys.set_all(true),
        b"resetkeys" => selector.keys.set_all(false),
        b"allchannels" | b"&*" => selector.channels.set_all(true),
        b"resetchannels" => selector.channels.set_all(false),
        b"allcommands" | b"+@all" => selector.commands.set_all(true),
        b"nocommands" | b"-@all" => selector.commands.set_all(false),
        b"alldbs" => selector.databases = Databases::all(),
        b"resetdbs" => selector.databases = Databases::only(Vec::new()),
        [b'd', b'b', b'=', numbers @ ..] => {
            selector.databases = databases(numbers, grammar.databases)?;
        }
        _ => match word {
            [b'~', pattern @ ..] => add_keys(selector, pattern, Access::ALL)?,
            [b'%', rest @ ..] => {
                let (access, pattern) = access(rest, selector)?;
                add_keys(selector, pattern, access)?;
            }
            [b'&', pattern @ ..] => add_channels(selector, pattern)?,
            [sign @ (b'+' | b'-'), b'@', name @ ..] => {
                let category = category(name).ok_or(RuleError::Unknown)?;
                let allowed = *sign == b'+';
                selector.commands.set_category(grammar.commands, name, category, allowed);
            }
            [b'+', name @ ..] => allow(selector, name, grammar.commands)?,
            [b'-', name @ ..] => {
                let id = grammar.commands.find_original(name).ok_or(RuleError::Unknown)?;
                selector.commands.set_command(grammar.commands, id, false);
            }
            _ => return Err(RuleError::Syntax),
        },
    }
    Ok(())
}

/// The category of this name, in any case.
pub fn category(name: &[u8]) -> Option<Acl> {
    let found =
        Acl::NAMES.iter().find(|(_, known)| known.as_bytes()[1..].eq_ignore_ascii_case(name));
    found.map(|(category, _)| *category)
}

fn allow(selector: &mut Selector, name: &[u8], table: &CommandTable) -> Result {
    let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
        let id = table.find_original(name).ok_or(RuleError::Unknown)?;
        selector.commands.set_command(table, id, true);
        return Ok(());
    };
    let (command, arg) = (&name[..bar], &name[bar + 1..]);
    let id = table.find_original(command).ok_or(RuleError::Unknown)?;
    let row = table.row(id);
    if row.parent.is_some() {
        return Err(RuleError::FirstArgOfSubcommand);
    }
    if arg.is_empty() {
        return Err(RuleError::Syntax);
    }
    if !row.command.spec.subcommands.is_empty() {
        let sub = table.find_original(name).ok_or(RuleError::Unknown)?;
        selector.commands.set_command(table, sub, true);
        return Ok(());
    }
    if has_space(arg) || arg.iter().any(|byte| matches!(byte, b'"' | b'\'')) {
        return Err(RuleError::Syntax);
    }
    selector.commands.add_first_arg(id, arg, name);
    Ok(())
}

/// The letters between `%` and `~`, and the pattern behind.
fn access<'w>(
    word: &'w [u8],
    selector: &Selector,
) -> std::result::Result<(Access, &'w [u8]), RuleError> {
    if selector.keys.are_all() {
        return Err(RuleError::KeysAreAll);
    }
    let end = word.iter().position(|byte| *byte == b'~').ok_or(RuleError::Syntax)?;
    let mut access = Access::NONE;
    for letter in &word[..end] {
        let more = match letter {
            b'R' | b'r' => Access::READ,
            b'W' | b'w' => Access::WRITE,
            _ => return Err(RuleError::Syntax),
        };
        if access.has(more) {
            return Err(RuleError::Syntax);
        }
        access = access.with(more);
    }
    if access == Access::NONE {
        return Err(RuleError::Syntax);
    }
    Ok((access, &word[end + 1..]))
}

fn add_keys(selector: &mut Selector, pattern: &[u8], access: Access) -> Result {
    if selector.keys.are_all() {
        return Err(RuleError::KeysAreAll);
    }
    if has_space(pattern) {
        return Err(RuleError::Syntax);
    }
    selector.keys.add(pattern, access);
    Ok(())
}

fn add_channels(selector: &mut Selector, pattern: &[u8]) -> Result {
    if selector.channels.are_all() {
        return Err(RuleError::ChannelsAreAll);
    }
    if has_space(pattern) {
        return Err(RuleError::Syntax);
    }
    selector.channels.add(pattern);
    Ok(())
}

fn databases(numbers: &[u8], count: usize) -> std::result::Result<Databases, RuleError> {
    let number = |word: &[u8]| {
        let digits = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
        let word = std::str::from_utf8(word).ok().filter(|_| digits).ok_or(RuleError::Syntax)?;
        let number = word.parse().ok().filter(|number| *number < count);
        number.ok_or(RuleError::NoSuchDatabase)
    };
    let numbers = numbers.split(|byte| *byte == b',').map(number);
    numbers.collect::<std::result::Result<_, _>>().map(Databases::only)
}
