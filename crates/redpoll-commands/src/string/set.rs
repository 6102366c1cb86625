//! `SET key value [options]`.
//!
//! This file is replaced by the whole command; it stands here so that the path from socket to data runs.

use crate::prelude::*;

pub const SET: Command = Command {
    spec: Spec {
        name: "set",
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().update().insert()],
        group: Group::String,
        since: "1.0.0",
        summary: "Sets the string value of a key.",
        args: &[Arg::key("key", 0), Arg::string("value")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let key = args.at(1);
    ctx.keys.set_string(key, args.at(2), Expiry::Clear);
    ctx.wrote(key, Class::String, "set", 1);
    ctx.reply.ok();
    Ok(())
}
