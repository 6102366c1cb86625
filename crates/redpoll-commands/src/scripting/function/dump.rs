//! `FUNCTION DUMP`: all libraries as one string, to be restored elsewhere.

use crate::prelude::*;

pub(super) const DUMP: Command = Command {
    spec: Spec {
        name: "dump",
        arity: 2,
        flags: Flags::NOSCRIPT,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Returns all libraries in the form that FUNCTION RESTORE takes.",
        complexity: "O(N), N being the functions",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let libraries = ctx.engine.scripts.libraries();
    let payload = redpoll_script::dump(libraries.iter().map(|library| &*library.code));
    ctx.reply.bulk(&payload);
    Ok(())
}
