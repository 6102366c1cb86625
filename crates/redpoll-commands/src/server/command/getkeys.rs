//! `COMMAND GETKEYS command ...` and `COMMAND GETKEYSANDFLAGS command ...`: a command's keys, and
//! what happens to them.

use super::describe::statuses;
use crate::prelude::*;
use redpoll_engine::spec::{KeyFlags, KeyPosition};

pub(super) const GETKEYS: Command = Command {
    spec: Spec {
        name: "getkeys",
        arity: -3,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "2.8.13",
        summary: "Returns the keys of a command.",
        args: &[Arg::string("command"), Arg::string("arg").optional().multiple()],
        complexity: "O(N), N being the words of the command",
        ..Spec::EMPTY
    },
    run: |ctx, args| run(ctx, args, false),
};

pub(super) const GETKEYSANDFLAGS: Command = Command {
    spec: Spec {
        name: "getkeysandflags",
        arity: -3,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "7.0.0",
        summary: "Returns the keys of a command, and what happens to them.",
        args: &[Arg::string("command"), Arg::string("arg").optional().multiple()],
        complexity: "O(N), N being the words of the command",
        ..Spec::EMPTY
    },
    run: |ctx, args| run(ctx, args, true),
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, with_flags: bool) -> Result {
    let command = args.slice_from(2);
    let keys = keys(ctx, command)?;
    ctx.reply.array(keys.len());
    for KeyPosition { index, flags } in keys {
        if with_flags {
            ctx.reply.array(2);
        }
        ctx.reply.bulk(command.get(index).unwrap_or_default());
        if with_flags {
            statuses(&mut ctx.reply, flags.names());
        }
    }
    Ok(())
}

fn keys(ctx: &Ctx<'_>, command: Args<'_>) -> Result<Vec<KeyPosition>> {
    let table = &ctx.engine.commands;
    let found = command.get(0).and_then(|name| table.find(name));
    let found = found.and_then(|id| match table.row(id).command.spec.subcommands {
        [] => Some(id),
        _ if command.len() == 1 => Some(id),
        _ => table.find_sub(id, command.get(1)?),
    });
    let spec = match found {
        Some(id) => &table.row(id).command.spec,
        None => return Err(Error::text("ERR Invalid command specified")),
    };
    let is_key = |flags: KeyFlags| flags.names().all(|name| name != "not_key");
    if !spec.keys.iter().any(|keys| is_key(keys.flags)) {
        return Err(Error::text("ERR The command has no key arguments"));
    }
    if !spec.accepts(command.len()) {
        return Err(Error::text("ERR Invalid number of arguments specified for command"));
    }
    let mut positions = spec.key_uses(command);
    positions.retain(|position| is_key(position.flags));
    if positions.is_empty() && !spec.flags.has(Flags::NO_MANDATORY_KEYS) {
        return Err(Error::text("ERR Invalid arguments specified for command"));
    }
    Ok(positions)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn finds_keys() {
        check("COMMAND GETKEYS GET k | COMMAND GETKEYS WATCH a b c", "[k] | [a b c]");
        check("COMMAND GETKEYSANDFLAGS getdel k", "[[k [RW access delete]]]");
        check("COMMAND GETKEYSANDFLAGS SET k v", "[[k [OW update]]]");
        check("COMMAND GETKEYSANDFLAGS SET k v EX 1 GET", "[[k [RW access update]]]");
    }

    #[test]
    fn refusals() {
        check("COMMAND GETKEYS nope k", "ERR Invalid command specified");
        check("COMMAND GETKEYS config nope", "ERR Invalid command specified");
        check("COMMAND GETKEYS PING x", "ERR The command has no key arguments");
        check("COMMAND GETKEYS SPUBLISH c m", "ERR The command has no key arguments");
        check("COMMAND GETKEYS GET k l", "ERR Invalid number of arguments specified for command");
    }
}
