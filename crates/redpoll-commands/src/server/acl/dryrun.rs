//! `ACL DRYRUN username command [arg ...]`: whether a user may run a command, without running it.

use crate::prelude::*;
use redpoll_engine::acl::check::Call;
use redpoll_engine::acl::{self, Denied, Reason};
use redpoll_engine::table::CommandTable;

pub(super) const DRYRUN: Command = Command {
    spec: Spec {
        name: "dryrun",
        arity: -4,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "7.0.0",
        summary: "Returns whether a user may run a command.",
        args: &[
            Arg::string("username"),
            Arg::string("command"),
            Arg::string("arg").optional().multiple(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let shown = |index: usize| String::from_utf8_lossy(args.at(index)).into_owned();
    let Some(user) = ctx.engine.users.get(args.at(2)) else {
        return Err(Error::text(format!("ERR User '{}' not found", shown(2))));
    };
    let command = args.slice_from(3);
    let table = &ctx.engine.commands;
    let Some(id) = find(table, command) else {
        return Err(Error::text(format!("ERR Command '{}' not found", shown(3))));
    };
    let row = table.row(id);
    if !row.command.spec.accepts(command.len()) {
        return Err(Error::arity(&row.full_name));
    }
    let call = Call { command: row.command, id, args: command, db: ctx.session.db };
    match acl::check(&user, call) {
        Ok(()) => ctx.reply.ok(),
        Err(denied) => {
            let db = call.db.to_string();
            let object = match denied {
                Denied { reason: Reason::Database, index: 0 } => db.as_bytes(),
                _ => denied.object(&row.full_name, command),
            };
            let text = denied.long_message(&user, &row.full_name, object);
            ctx.reply.bulk(text.as_bytes());
        }
    }
    Ok(())
}

/// The command, or its subcommand.
fn find(table: &CommandTable, command: Args<'_>) -> Option<usize> {
    let id = table.find(command.at(0))?;
    if table.row(id).command.spec.subcommands.is_empty() || command.len() == 1 {
        return Some(id);
    }
    table.find_sub(id, command.get(1)?)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn says_what_would_happen() {
        check(
            "ACL SETUSER bob +@read +set +publish +select +sort %R~r %W~w &c db=0,2 | \
             ACL DRYRUN bob GET r | ACL DRYRUN bob GET w | ACL DRYRUN bob SET w v | \
             ACL DRYRUN bob SET w v GET | ACL DRYRUN bob DEL r | ACL DRYRUN bob PUBLISH d m | \
             ACL DRYRUN bob SELECT 2 | ACL DRYRUN bob SELECT 1 | \
             ACL DRYRUN bob SORT r STORE w | ACL DRYRUN bob SORT r STORE r BY store ALPHA",
            "OK | OK | User bob has no permissions to access the 'w' key | OK | \
             User bob has no permissions to access the 'w' key | \
             User bob has no permissions to run the 'del' command | \
             User bob has no permissions to access the 'd' channel | OK | \
             User bob has no permissions to access the '1' database | OK | \
             User bob has no permissions to access the 'r' key",
        );
    }

    #[test]
    fn refusals() {
        check(
            "ACL DRYRUN nobody GET k | ACL DRYRUN default NOPE k | ACL DRYRUN default GET | \
             ACL DRYRUN default CONFIG NOPE",
            "ERR User 'nobody' not found | ERR Command 'NOPE' not found | \
             ERR wrong number of arguments for 'get' command | ERR Command 'CONFIG' not found",
        );
    }
}
