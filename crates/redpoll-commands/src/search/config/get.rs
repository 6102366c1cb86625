//! `FT.CONFIG GET option`: what settings are.

use super::named;
use crate::prelude::*;
use redpoll_resp::Proto;

pub(super) const GET: Command = Command {
    spec: Spec {
        name: "get",
        arity: 3,
        flags: Flags::READONLY,
        acl: Acl::ADMIN,
        group: Group::Search,
        since: "1.0.0",
        summary: "Returns settings of searches.",
        complexity: "O(1)",
        args: &[Arg::string("option")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let config = ctx.engine.search.config.read().clone();
    let settings: Vec<_> = named(args.at(2)).collect();
    let pairs = ctx.reply.proto() == Proto::Resp2;
    match pairs {
        true => ctx.reply.array(settings.len()),
        false => ctx.reply.map(settings.len()),
    }
    for setting in settings {
        if pairs {
            ctx.reply.array(2);
        }
        ctx.reply.bulk(setting.name.as_bytes());
        ctx.reply.bulk(setting.value(&ctx.engine.config, &config).as_bytes());
    }
    Ok(())
}
