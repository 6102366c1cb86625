//! `FUNCTION RESTORE payload [FLUSH|APPEND|REPLACE]`: add the libraries of a dump.

use crate::prelude::*;
use crate::scripting::state::with_state;
use redpoll_script::{Restore, read_dump};

pub(super) const RESTORE: Command = Command {
    spec: Spec {
        name: "restore",
        arity: -3,
        flags: Flags::NOSCRIPT.with(Flags::WRITE).with(Flags::DENYOOM),
        // Libraries belong to snapshots, whose place in the change log is exact.
        locks: Locks::All,
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
    let engine = ctx.engine;
    with_state(engine, |state| {
        let read = codes.iter().map(|code| state.read_library(engine, code));
        let libraries = read.collect::<Result<Vec<_>>>()?;
        let restored = engine.scripts.restore(libraries, policy);
        restored.map_err(|why| Error::text(format!("ERR {why}")))
    })?;
    ctx.keys.effects.dirty += 1;
    ctx.reply.ok();
    Ok(())
}
