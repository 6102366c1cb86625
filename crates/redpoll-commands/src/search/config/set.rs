//! `FT.CONFIG SET option value`: change a setting.

use crate::prelude::*;
use redpoll_config::SetContext;
use redpoll_engine::search::{ConfigError, SETTINGS};

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
    let option = String::from_utf8_lossy(args.at(2)).to_ascii_uppercase();
    let value = String::from_utf8_lossy(args.at(3)).into_owned();
    let setting = SETTINGS.iter().find(|setting| setting.name == option);
    let setting = setting.ok_or(Error::text("No such option"))?;
    let settings = ctx.engine.search.config.read().clone();
    let pairs = setting.directives(&settings, &value).map_err(|error| match error {
        ConfigError::Fixed => Error::text("Not modifiable at runtime"),
        ConfigError::BadValue => bad_value(),
    })?;
    let engine = ctx.engine;
    let context = SetContext { loading: engine.is_loading(), ..SetContext::default() };
    let set = engine.config.set_many_with(context, &pairs, |changed| engine.apply_config(changed));
    set.map_err(|_| bad_value())?;
    engine.config_changed();
    ctx.reply.ok();
    Ok(())
}

fn bad_value() -> Error {
    Error::text("Could not convert argument to expected type")
}
