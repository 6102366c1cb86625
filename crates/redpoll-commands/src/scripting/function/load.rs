//! `FUNCTION LOAD [REPLACE] code`: add a library.

use crate::prelude::*;
use crate::scripting::state::with_state;

pub(super) const LOAD: Command = Command {
    spec: Spec {
        name: "load",
        arity: -3,
        flags: Flags::NOSCRIPT.with(Flags::WRITE).with(Flags::DENYOOM),
        // Libraries belong to snapshots, whose place in the change log is exact.
        locks: Locks::All,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Adds a library of functions.",
        complexity: "O(1), apart from compiling the code",
        args: &[Arg::flag("replace", "REPLACE").optional(), Arg::string("function-code")],
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let last = args.len() - 1;
    for option in args.iter_from(2).take(last - 2) {
        if !parse::is(option, "replace") {
            let option = String::from_utf8_lossy(option);
            return Err(Error::text(format!("ERR Unknown option given: {option}")));
        }
    }
    let replace = last > 2;
    let (engine, code) = (ctx.engine, args.at(last));
    let name = with_state(engine, |state| {
        let name = redpoll_script::library_name(code);
        if let Ok(name) = &name
            && !replace
            && engine.scripts.libraries().iter().any(|library| library.name == *name)
        {
            return Err(Error::text(format!("ERR Library '{name}' already exists")));
        }
        let library = state.read_library(engine, code)?;
        let name = library.name.clone();
        let added = engine.scripts.add_library(library, replace);
        added.map_err(|why| Error::text(format!("ERR {why}")))?;
        Ok(name)
    })?;
    ctx.keys.effects.dirty += 1;
    ctx.reply.bulk(name.as_bytes());
    Ok(())
}
