//! `FUNCTION RESTORE payload [FLUSH|APPEND|REPLACE]`: add the libraries of a dump.

use crate::prelude::*;
use crate::scripting::restore_libraries;
use redpoll_script::{Restore, read_dump};

pub(super) const RESTORE: Command = Command {
    spec: Spec {
        name: "restore",
        arity: -3,
        flags: Flags::NOSCRIPT.with(Flags::WRITE).with(Flags::DENYOOM),
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Adds the libraries of a dump.",
        complexity: "O(N), N being the functions in the payload",
        args: &[
            Arg::string("serialized-value"),
            Arg::one_of(
                "policy",
                &[
                    Arg::flag("flush", "FLUSH"),
                    Arg::flag("append", "APPEND"),
                    Arg::flag("replace", "REPLACE"),
                ],
            )
            .optional(),
        ],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 4 {
        return Err(parse::bad_subcommand(args));
    }
    let policy = match args.get(3) {
        None => Restore::Append,
        Some(word) if parse::is(word, "append") => Restore::Append,
        Some(word) if parse::is(word, "replace") => Restore::Replace,
        Some(word) if parse::is(word, "flush") => Restore::Flush,
        Some(_) => {
            return Err(Error::text(
                "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
            ));
        }
    };
    let codes =
        read_dump(args.at(2)).map_err(|error| Error::text(format!("ERR {}", error.message())))?;
    restore_libraries(ctx.engine, &codes, policy)?;
    ctx.keys.effects.dirty += 1;
    ctx.reply.ok();
    Ok(())
}
