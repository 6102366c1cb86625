//! Whether a user may run a command: the one place where this is decided, for clients, EXEC,
//! scripts and ACL DRYRUN.

use super::patterns::Access;
use super::selector::Selector;
use super::user::User;
use crate::spec::{Command, Flags, KeyFlags, Spec};
use redpoll_resp::Args;
use redpoll_types::number::parse_i64;

/// What was refused. Where several selectors refuse for different reasons, the last of these is
/// told: it comes from the selector that allowed most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The command.
    Command,
    /// A key.
    Key,
    /// A login; never the outcome of a check.
    Auth,
    /// A channel.
    Channel,
    /// A database.
    Database,
}

impl Reason {
    /// All of them, in their order.
    pub const ALL: [Reason; 5] =
        [Reason::Command, Reason::Key, Reason::Auth, Reason::Channel, Reason::Database];

    /// As ACL LOG calls it.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Auth => "auth",
            Reason::Channel => "channel",
            Reason::Database => "database",
        }
    }
}

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denied {
    /// What was refused.
    pub reason: Reason,
    /// The word that it was refused for; 0 is the command.
    pub index: usize,
}

impl Denied {
    /// The command, key, channel or database that was refused.
    pub fn object<'a>(&self, full_name: &'a str, args: Args<'a>) -> &'a [u8] {
        match self.index {
            0 => full_name.as_bytes(),
            index => args.get(index).unwrap_or_default(),
        }
    }

    /// Why, as an error without its code word.
    pub fn message(&self, user: &User, full_name: &str) -> String {
        match self.reason {
            Reason::Command | Reason::Auth => self.long_message(user, full_name, b""),
            Reason::Key => "No permissions to access a key".to_owned(),
            Reason::Channel => "No permissions to access a channel".to_owned(),
            Reason::Database => "No permissions to access a database".to_owned(),
        }
    }

    /// Why, with the key or channel it is about: for ACL DRYRUN.
    pub fn long_message(&self, user: &User, full_name: &str, object: &[u8]) -> String {
        let (user, object) = (user.display_name(), String::from_utf8_lossy(object));
        let what = match self.reason {
            Reason::Command | Reason::Auth => format!("run the '{full_name}' command"),
            Reason::Key => format!("access the '{object}' key"),
            Reason::Channel => format!("access the '{object}' channel"),
            Reason::Database => format!("access the '{object}' database"),
        };
        format!("User {user} has no permissions to {what}")
    }
}

type Result = std::result::Result<(), Denied>;

/// A call of a command, to be checked.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The command.
    pub command: &'static Command,
    /// Its number in the command table.
    pub id: usize,
    /// Its words.
    pub args: Args<'a>,
    /// The selected database.
    pub db: usize,
}

/// Whether a user may make this call. O(selectors × keys × patterns), and nothing for a user who
/// may do everything.
pub fn check(user: &User, call: Call<'_>) -> Result {
    if user.is_unrestricted() {
        return Ok(());
    }
    let mut worst = Denied { reason: Reason::Command, index: 0 };
    for selector in &user.selectors {
        match check_selector(selector, call) {
            Ok(()) => return Ok(()),
            Err(denied) => worst = worst.max(denied),
        }
    }
    Err(worst)
}

/// Whether a user may make this call and, beyond it, access any key so: what SORT needs whose BY
/// and GET read keys that follow from the data.
pub fn check_with_any_key(user: &User, call: Call<'_>, access: Access) -> bool {
    let passes = |selector: &Selector| {
        check_selector(selector, call).is_ok() && selector.keys.allow_any(access)
    };
    user.is_unrestricted() || user.selectors.iter().any(passes)
}

fn check_selector(selector: &Selector, call: Call<'_>) -> Result {
    let (spec, args) = (&call.command.spec, call.args);
    if !spec.flags.has(Flags::NO_AUTH) && !selector.commands.allow(call.id, args.get(1)) {
        return Err(Denied { reason: Reason::Command, index: 0 });
    }
    if !selector.databases.are_all() {
        check_databases(selector, call)?;
    }
    if !selector.keys.are_all() && !spec.keys.is_empty() {
        check_keys(selector, spec, args)?;
    }
    if !selector.channels.are_all() && spec.flags.has(Flags::PUBSUB) {
        check_channels(selector, spec, args)?;
    }
    Ok(())
}

fn check_keys(selector: &Selector, spec: &Spec, args: Args<'_>) -> Result {
    let check = |index: usize, flags: KeyFlags| {
        let key = args.get(index).unwrap_or_default();
        match flags.is_no_key() || selector.keys.allow(key, access(flags)) {
            true => Ok(()),
            false => Err(Denied { reason: Reason::Key, index }),
        }
    };
    if let (Some(index), [one]) = (spec.single_key(args), spec.keys)
        && !one.flags.varies()
    {
        return if index < args.len() { check(index, one.flags) } else { Ok(()) };
    }
    spec.key_uses(args).into_iter().try_for_each(|position| check(position.index, position.flags))
}

/// What a selector must allow for what a command does to a key. A key of which only something like
/// its length is used needs nothing, but must match a pattern.
fn access(flags: KeyFlags) -> Access {
    let read = if flags.uses_data() { Access::READ } else { Access::NONE };
    if flags.changes_data() { read.with(Access::WRITE) } else { read }
}

fn check_channels(selector: &Selector, spec: &Spec, args: Args<'_>) -> Result {
    let (end, is_pattern) = match spec.name {
        "publish" | "spublish" => (args.len().min(2), false),
        "subscribe" | "ssubscribe" => (args.len(), false),
        "psubscribe" => (args.len(), true),
        // Taking a subscription back needs no permission.
        _ => return Ok(()),
    };
    for index in 1..end {
        if !selector.channels.allow(args.get(index).unwrap_or_default(), is_pattern) {
            return Err(Denied { reason: Reason::Channel, index });
        }
    }
    Ok(())
}

/// The databases that a command names, and the selected one if it works on data.
fn check_databases(selector: &Selector, call: Call<'_>) -> Result {
    let (spec, args) = (&call.command.spec, call.args);
    let named = |index: usize| {
        let number = args.get(index).and_then(parse_i64);
        match number.and_then(|number| usize::try_from(number).ok()) {
            Some(db) if !selector.databases.allow(db) => {
                Err(Denied { reason: Reason::Database, index })
            }
            // The command itself refuses what is no number.
            _ => Ok(()),
        }
    };
    match spec.name {
        "select" => return named(1),
        "swapdb" => return named(1).and_then(|()| named(2)),
        "move" => named(2)?,
        "copy" => {
            let option = (3..args.len()).find(|&index| args.is(index, "DB"));
            option.map_or(Ok(()), |index| named(index + 1))?;
        }
        "flushall" => return Err(Denied { reason: Reason::Database, index: 0 }),
        _ => {}
    }
    let works_on_data =
        !spec.keys.is_empty() || spec.flags.has(Flags::WRITE) || spec.flags.has(Flags::READONLY);
    match works_on_data && !selector.databases.allow(call.db) {
        true => Err(Denied { reason: Reason::Database, index: 0 }),
        false => Ok(()),
    }
}
