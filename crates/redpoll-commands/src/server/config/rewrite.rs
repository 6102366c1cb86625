//! `CONFIG REWRITE`: write the present values into the configuration file.

use crate::prelude::*;
use redpoll_engine::acl::file;

pub(super) const REWRITE: Command = Command {
    spec: Spec {
        name: "rewrite",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.8.0",
        summary: "Writes the present configuration into its file.",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    rewrite(ctx, false)
}

/// Writes the file; `whole`: with a line for every directive.
pub(in crate::server) fn rewrite(ctx: &mut Ctx<'_>, whole: bool) -> Result {
    let users = ctx.engine.users.all();
    let users: Vec<Vec<u8>> = users.iter().map(|user| file::config_line(user)).collect();
    let rewritten = match whole {
        true => ctx.engine.config.rewrite_whole(Some(&users)),
        false => ctx.engine.config.rewrite(Some(&users)),
    };
    rewritten.map_err(|error| Error::text(format!("ERR {error}")))?;
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn needs_a_file() {
        check("CONFIG REWRITE", "ERR The server is running without a config file");
    }
}
