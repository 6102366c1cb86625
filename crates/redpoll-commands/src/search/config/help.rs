//! `FT.CONFIG HELP option`: what settings mean.

use super::named;
use crate::prelude::*;
use redpoll_resp::Proto;

pub(super) const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 3,
        flags: Flags::READONLY,
        acl: Acl::ADMIN,
        group: Group::Search,
        since: "1.0.0",
        summary: "Tells what settings of searches mean.",
        complexity: "O(1)",
        args: &[Arg::string("option")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let config = ctx.engine.search.config.read().clone();
    let settings: Vec<_> = named(args.at(2)).collect();
    let lists = ctx.reply.proto() == Proto::Resp2;
    match lists {
        true => ctx.reply.array(settings.len()),
        false => ctx.reply.map(settings.len()),
    }
    for setting in settings {
        if lists {
            ctx.reply.array(5);
        }
        ctx.reply.bulk(setting.name.as_bytes());
        if !lists {
            ctx.reply.map(2);
        }
        ctx.reply.bulk(b"Description");
        ctx.reply.bulk(setting.help.as_bytes());
        ctx.reply.bulk(b"Value");
        ctx.reply.bulk(setting.value(&ctx.engine.config, &config).as_bytes());
    }
    Ok(())
}
