//! `GETEX key [EX seconds | PX milliseconds | EXAT … | PXAT … | PERSIST]`: read a string and change
//! when it expires.

use super::expiry::{Unit, expiry_args};
use crate::cost;
use crate::prelude::*;
use redpoll_config::Config;
use redpoll_types::number::write_i64;

pub const GETEX: Command = Command {
    spec: Spec {
        name: "getex",
        cost: cost::BYTES_OF_FIRST,
        arity: -2,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().access().update()],
        group: Group::String,
        since: "6.2.0",
        summary: "Returns the string value of a key and sets or removes its time to live.",
        args: &[Arg::key("key", 0), expiry_args!(Arg::flag("persist", "PERSIST"))],
        ..Spec::EMPTY
    },
    run,
};

/// What becomes of the expiry.
#[derive(Clone, Copy)]
enum Change<'a> {
    Nothing,
    Persist,
    Deadline(Unit, &'a [u8]),
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(1);
    let change = change(args)?;
    let now = ctx.keys.now();
    let Some(text) = ctx.keys.string(key)? else {
        ctx.reply.null();
        return Ok(());
    };
    let deadline = match change {
        Change::Deadline(unit, word) => Some((unit, unit.deadline(word, now, "getex")?)),
        _ => None,
    };
    text.with(|bytes| ctx.reply.bulk(bytes));
    match (change, deadline) {
        (_, Some((unit, at))) if unit.is_absolute() && ctx.keys.is_past(at) => {
            ctx.keys.delete(key);
            ctx.wrote(key, Class::Generic, "del", 1);
            ctx.log_removal(key, Config::lazyfree_lazy_expire);
        }
        (_, Some((_, at))) => {
            ctx.keys.set_expiry(key, Some(at));
            ctx.wrote(key, Class::Generic, "expire", 1);
            ctx.log_as([b"PEXPIREAT", key, write_i64(at, &mut [0; 21])]);
        }
        (Change::Persist, None) if ctx.keys.expiry(key).flatten().is_some() => {
            ctx.keys.set_expiry(key, None);
            ctx.wrote(key, Class::Generic, "persist", 1);
            ctx.log_as([b"PERSIST", key]);
        }
        _ => {}
    }
    Ok(())
}

fn change(args: Args<'_>) -> Result<Change<'_>> {
    let mut change = Change::Nothing;
    let mut words = args.iter_from(2);
    while let Some(word) = words.next() {
        let unit = Unit::of_option(word);
        change = match (unit, change) {
            (None, Change::Nothing | Change::Persist) if parse::is(word, "PERSIST") => {
                Change::Persist
            }
            (Some(unit), Change::Nothing) => {
                Change::Deadline(unit, words.next().ok_or(Error::Syntax)?)
            }
            (Some(unit), Change::Deadline(before, _)) if unit == before => {
                Change::Deadline(unit, words.next().ok_or(Error::Syntax)?)
            }
            _ => return Err(Error::Syntax),
        };
    }
    Ok(change)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn reads_and_changes_the_expiry() {
        check("SET k v EX 10 | GETEX k | TTL k", "OK | v | 10");
        check("SET k v | GETEX k EX 5 | PTTL k | GETEX k px 7 | PTTL k", "OK | v | 5000 | v | 7");
        check("SET k v EX 10 | GETEX k PERSIST | TTL k", "OK | v | -1");
        check("SET k v | GETEX k EXAT 1700000009 | TTL k", "OK | v | 9");
        check("SET k v | GETEX k PXAT 1700000000000 | EXISTS k", "OK | v | 0");
        check("GETEX k EX 5 | GETEX k EX bad | EXISTS k", "nil | nil | 0");
    }

    #[test]
    fn refuses_bad_options() {
        let syntax = "ERR syntax error";
        for options in ["EX", "PERSIST EX 1", "EX 1 PERSIST", "EX 1 PX 1", "KEEPTTL", "NX", "GET"] {
            check(&format!("SET k v | GETEX k {options}"), &format!("OK | {syntax}"));
        }
        check("SET k v | GETEX k EX 0", "OK | ERR invalid expire time in 'getex' command");
        check("SET k v | GETEX k PX x", "OK | ERR value is not an integer or out of range");
    }
}
