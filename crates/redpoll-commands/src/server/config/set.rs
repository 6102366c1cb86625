//! `CONFIG SET parameter value ...`: change parameters, all or none.

use crate::prelude::*;
use crate::server::local;
use redpoll_config::{Directive, Flags as DirectiveFlags, SetContext};

pub(super) const SET: Command = Command {
    spec: Spec {
        name: "set",
        history: &[("7.0.0", "Takes several parameters.")],
        arity: -4,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "2.0.0",
        summary: "Changes configuration parameters, all or none.",
        args: &[Arg::block("data", &[Arg::string("parameter"), Arg::string("value")]).multiple()],
        tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
        complexity: "O(N), N being the parameters",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if !args.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    let pairs: Vec<(&[u8], &[u8])> = (2..args.len())
        .step_by(2)
        .filter_map(|index| Some((args.get(index)?, args.get(index + 1)?)))
        .collect();
    hide_secrets(ctx, args);
    let engine = ctx.engine;
    let local = local::is_local(&ctx.session.client);
    let loading = engine.is_loading() || engine.is_loading_beside();
    let context = SetContext { loading, local };
    let set = engine.config.set_many_with(context, &pairs, |changed| engine.apply_config(changed));
    if let Err(error) = set {
        return Err(Error::text(String::from_utf8_lossy(&error.reply()).into_owned()));
    }
    ctx.engine.config_changed();
    ctx.reply.ok();
    Ok(())
}

/// Passwords must not show in SLOWLOG.
fn hide_secrets(ctx: &mut Ctx<'_>, args: Args<'_>) {
    for index in (2..args.len()).step_by(2) {
        let directive = args.get(index).and_then(Directive::find);
        if directive.is_some_and(|found| found.flags.contains(DirectiveFlags::SENSITIVE)) {
            ctx.session.secret_words.push(index + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn changes_take_effect() {
        check(
            "CONFIG SET timeout 5 maxclients 7 | CONFIG GET timeout maxclients",
            "OK | [timeout 5 maxclients 7]",
        );
    }

    #[test]
    fn all_or_none() {
        check(
            "CONFIG SET timeout 5 nope 1 | CONFIG GET timeout",
            "ERR Unknown option or number of arguments for CONFIG SET - 'nope' | [timeout 0]",
        );
        check(
            "CONFIG SET timeout x",
            "ERR CONFIG SET failed (possibly related to argument \
              'timeout') - argument couldn't be parsed into an integer",
        );
        check(
            "CONFIG SET databases 3",
            "ERR CONFIG SET failed (possibly related to argument \
              'databases') - can't set immutable config",
        );
        check("CONFIG SET timeout", "ERR wrong number of arguments for 'config|set' command");
        check("CONFIG SET timeout 1 hz", "ERR syntax error");
    }

    #[test]
    fn passwords_do_not_show_in_the_slow_log() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "CONFIG SET slowlog-log-slower-than 0");
        server.run(&mut session, "CONFIG SET timeout 1 requirepass hush");
        let words = server.engine.slowlog.newest(1).remove(0).words;
        assert_eq!(words.join(&b' '), b"CONFIG SET timeout 1 requirepass (redacted)");
    }
}
