//! `CLIENT NO-EVICT ON|OFF`: whether the connection may be closed to save memory.

use super::on_or_off;
use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const NO_EVICT: Command = Command {
    spec: Spec {
        name: "no-evict",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "7.0.0",
        summary: "Exempts the connection from being closed to save memory.",
        args: &[Arg::one_of("enabled", &[Arg::flag("on", "ON"), Arg::flag("off", "OFF")])],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.session.client.set_flag(flags::NO_EVICT, on_or_off(args.at(2))?);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers() {
        check("CLIENT NO-EVICT on | CLIENT NO-EVICT OFF", "OK | OK");
        check("CLIENT NO-EVICT maybe", "ERR syntax error");
    }
}
