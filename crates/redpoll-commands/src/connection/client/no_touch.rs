//! `CLIENT NO-TOUCH ON|OFF`: whether reads leave alone what eviction knows of the keys.

use super::on_or_off;
use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const NO_TOUCH: Command = Command {
    spec: Spec {
        name: "no-touch",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "7.2.0",
        summary: "Lets the connection's reads leave the keys' access times alone.",
        args: &[Arg::one_of("enabled", &[Arg::flag("on", "ON"), Arg::flag("off", "OFF")])],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.session.client.set_flag(flags::NO_TOUCH, on_or_off(args.at(2))?);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers() {
        check("CLIENT NO-TOUCH ON | CLIENT NO-TOUCH off", "OK | OK");
        check("CLIENT NO-TOUCH maybe", "ERR syntax error");
    }
}
