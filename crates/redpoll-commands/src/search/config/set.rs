//! `FT.CONFIG SET option value`: change a setting.

use crate::prelude::*;
use redpoll_engine::search::ConfigError;

pub(super) const SET: Command = Command {
    spec: Spec {
        name: "set",
        arity: 4,
        flags: Flags::NONE,
        acl: Acl::ADMIN,
        group: Group::Search,
        since: "1.0.0",
        summary: "Changes a setting of searches.",
        complexity: "O(1)",
        args: &[Arg::string("option"), Arg::string("value")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let name = String::from_utf8_lossy(args.at(2)).to_ascii_uppercase();
    let value = String::from_utf8_lossy(args.at(3)).into_owned();
    let set = ctx.engine.search.config.write().set(&name, &value);
    set.map_err(|error| match error {
        ConfigError::Unknown => Error::text("No such option"),
        ConfigError::Fixed => Error::text("Not modifiable at runtime"),
        ConfigError::BadValue => Error::text("Could not convert argument to expected type"),
    })?;
    ctx.reply.ok();
    Ok(())
}
