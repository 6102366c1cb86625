//! `CLIENT CACHING YES|NO`: whether the client keeps what the next command reads.

use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const CACHING: Command = Command {
    spec: Spec {
        name: "caching",
        arity: 3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.0.0",
        summary: "Says whether the keys of the next command are kept by the client.",
        args: &[Arg::one_of("mode", &[Arg::flag("yes", "YES"), Arg::flag("no", "NO")])],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let client = &ctx.session.client;
    if !client.has_flag(flags::TRACKING) {
        return Err(Error::text(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled",
        ));
    }
    let (mode, refusal) = match args.at(2) {
        word if parse::is(word, "yes") => (
            flags::OPT_IN,
            "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
        ),
        word if parse::is(word, "no") => (
            flags::OPT_OUT,
            "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
        ),
        _ => return Err(Error::Syntax),
    };
    if !client.has_flag(mode) {
        return Err(Error::text(refusal));
    }
    client.set_flag(flags::CACHING, true);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn needs_its_mode() {
        check(
            "CLIENT CACHING YES | CLIENT TRACKING on | CLIENT CACHING YES | CLIENT CACHING no | \
             CLIENT CACHING x",
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN \
             or OPTOUT mode enabled | OK | \
             ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode. | \
             ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode. | \
             ERR syntax error",
        );
        check("CLIENT TRACKING on OPTOUT | CLIENT CACHING NO", "OK | OK");
    }
}
