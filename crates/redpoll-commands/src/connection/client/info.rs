//! `CLIENT INFO`: the connection's line of CLIENT LIST.

use super::line;
use crate::prelude::*;

pub(super) const INFO: Command = Command {
    spec: Spec {
        name: "info",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.2.0",
        summary: "Returns what is known of the connection.",
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = ctx.keys.now();
    super::refresh(ctx, args);
    let mut text = String::new();
    line::push(&mut text, ctx.engine, &ctx.session.client, now);
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn has_the_fields_of_redis_in_their_order() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.now += 5000;
        server.run(&mut session, "CLIENT SETNAME me");
        server.run(&mut session, "CLIENT SETINFO lib-name lib");
        server.run(&mut session, "CLIENT SETINFO lib-ver 1.2");
        server.run(&mut session, "SELECT 3");
        let line = server.run(&mut session, "CLIENT INFO");
        let total = line.split("tot-mem=").nth(1).and_then(|rest| rest.split(' ').next());
        let total = total.expect("a size");
        assert!(total.parse::<usize>().is_ok_and(|total| total > 0), "{line}");
        let expected = format!(
            "id=1 addr= laddr= fd=0 name=me age=5 idle=0 flags=N db=3 sub=0 psub=0 ssub=0 multi=-1 \
             qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 \
             tot-mem={total} events=r cmd=client|info user=default redir=-1 resp=2 lib-name=lib \
             lib-ver=1.2 watch=0 tot-net-in=0 tot-net-out=0 tot-cmds=4 capa= transport=tcp\n"
        );
        assert_eq!(line, expected);
    }

    #[test]
    fn shows_state_as_letters() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "CLIENT NO-EVICT ON");
        server.run(&mut session, "CLIENT NO-TOUCH ON");
        let line = server.run(&mut session, "CLIENT INFO");
        assert!(line.contains(" flags=eT "), "{line}");
        server.run(&mut session, "HELLO 3");
        server.run(&mut session, "SUBSCRIBE a b");
        server.run(&mut session, "PSUBSCRIBE p");
        server.run(&mut session, "SSUBSCRIBE s");
        let line = server.run(&mut session, "CLIENT INFO");
        assert!(line.contains(" flags=PeT db=0 sub=2 psub=1 ssub=1 multi=-1 "), "{line}");
        assert!(line.contains(" resp=3 "), "{line}");
    }
}
