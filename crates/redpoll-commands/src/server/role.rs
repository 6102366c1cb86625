//! `ROLE`: a primary without replicas.

use crate::prelude::*;

pub const ROLE: Command = Command {
    spec: Spec {
        name: "role",
        arity: 1,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE).with(Flags::FAST),
        acl: Acl::ADMIN.with(Acl::DANGEROUS),
        group: Group::Server,
        since: "2.8.12",
        summary: "Tells whether the server is a primary or a replica, and of whom.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    ctx.reply.array(3);
    ctx.reply.bulk(b"master");
    ctx.reply.int(0);
    ctx.reply.array(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn primary() {
        check("ROLE", "[master 0 []]");
    }
}
