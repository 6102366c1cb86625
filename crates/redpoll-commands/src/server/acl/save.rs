//! `ACL SAVE`: write the users to the ACL file.

use crate::prelude::*;
use redpoll_engine::acl::file;

pub(super) const SAVE: Command = Command {
    spec: Spec {
        name: "save",
        arity: 2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Writes the users to the ACL file.",
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        complexity: "O(N), N being the users",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let config = &ctx.engine.config;
    if config.aclfile().is_empty() {
        return Err(super::no_file());
    }
    let users = ctx.engine.users.all();
    let text = file::write(users.iter().map(|user| &**user));
    config.write_acl_file(&text).map_err(|error| {
        Error::text(format!("ERR There was an error trying to save the ACLs: {error}"))
    })?;
    ctx.reply.ok();
    Ok(())
}
