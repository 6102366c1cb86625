//! `ACL GETUSER username`: what a user may do, in parts.

use crate::prelude::*;
use redpoll_engine::acl::Selector;

pub(super) const GETUSER: Command = Command {
    spec: Spec {
        name: "getuser",
        arity: 3,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Returns what a user may do.",
        args: &[Arg::string("username")],
        complexity: "O(N), N being the passwords and rules of the user",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let Some(user) = ctx.engine.users.get(args.at(2)) else {
        ctx.reply.null();
        return Ok(());
    };
    let flags: Vec<&str> = user.flags().collect();
    ctx.reply.map(3 + fields(user.root()));
    ctx.reply.bulk(b"flags");
    ctx.reply.set(flags.len());
    flags.iter().for_each(|flag| ctx.reply.bulk(flag.as_bytes()));
    ctx.reply.bulk(b"passwords");
    ctx.reply.array(user.passwords.len());
    user.passwords.iter().for_each(|hash| ctx.reply.bulk(hash.digits().as_bytes()));
    selector(ctx, user.root());
    ctx.reply.bulk(b"selectors");
    let more = &user.selectors[1..];
    ctx.reply.array(more.len());
    for one in more {
        ctx.reply.map(fields(one));
        selector(ctx, one);
    }
    Ok(())
}

/// The parts of a selector: Redis's three, and that of databases where they are restricted.
fn fields(selector: &Selector) -> usize {
    3 + usize::from(!selector.databases.are_all())
}

fn selector(ctx: &mut Ctx<'_>, selector: &Selector) {
    let reply = &mut ctx.reply;
    reply.bulk(b"commands");
    reply.bulk(&selector.commands.describe());
    reply.bulk(b"keys");
    reply.bulk(&selector.keys.describe());
    reply.bulk(b"channels");
    reply.bulk(&selector.channels.describe());
    if !selector.databases.are_all() {
        reply.bulk(b"databases");
        reply.bulk(selector.databases.describe().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn the_parts_of_a_user() {
        check(
            "ACL GETUSER default | ACL GETUSER nobody",
            "[flags [on nopass sanitize-payload] passwords [] commands +@all keys ~* channels &* \
             selectors []] | nil",
        );
        check(
            "ACL SETUSER bob db=3,1 ~k (+get) | HELLO 3 | ACL GETUSER bob",
            "OK | {server redis version 7.2.4 proto 3 id 1 mode standalone role master modules []} \
             | {flags [off sanitize-payload] passwords [] commands -@all keys ~k channels \"\" \
             databases db=1,3 selectors [{commands -@all +get keys \"\" channels \"\"}]}",
        );
    }
}
