//! `MGET key [key …]`: several strings at once.

use crate::cost;
use crate::prelude::*;
use redpoll_keyspace::StrRef;

pub const MGET: Command = Command {
    spec: Spec {
        name: "mget",
        arity: -2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::range(1, -1, 1).ro().access()],
        group: Group::String,
        since: "1.0.0",
        summary: "Returns the string values of several keys at one moment.",
        complexity: "O(N) where N is the number of keys.",
        args: &[Arg::key("key", 0).multiple()],
        tips: &["request_policy:multi_shard"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let mark = ctx.reply.mark();
    ctx.reply.array(args.len() - 1);
    for key in args.iter_from(1) {
        match ctx.keys.string(key) {
            Ok(Some(StrRef::Long(text))) if text.as_bytes().len() >= cost::LONG => {
                ctx.reply.rewind(mark);
                return answer_long(ctx, args);
            }
            Ok(Some(text)) => text.with(|bytes| ctx.reply.bulk(bytes)),
            // A key of another type has no string value, which is no error here.
            Ok(None) | Err(_) => ctx.reply.null(),
        }
    }
    Ok(())
}

/// Answers strings of which some are so long that copying them takes its time.
#[cold]
fn answer_long(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    // They are looked up once more, here or in the background.
    ctx.keys.effects.undo();
    let bytes: usize = args.iter_from(1).map(|key| ctx.keys.long_len(key)).sum();
    if ctx.leaves(bytes / cost::BYTES) {
        return Ok(());
    }
    ctx.reply.array(args.len() - 1);
    for key in args.iter_from(1) {
        match ctx.keys.string(key) {
            Ok(Some(text)) => text.with(|bytes| ctx.reply.long_bulk(bytes)),
            Ok(None) | Err(_) => ctx.reply.null(),
        }
        ctx.reply.flow();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn long_strings() {
        const LEN: usize = 1 << 20;
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, &format!("SETRANGE k {} x", LEN - 1));
        server.run(&mut session, "SET a 1");
        let answer = server.run(&mut session, "MGET a none k");
        assert_eq!(answer.len(), LEN + "[1 nil ]".len());
        assert_eq!(server.executor.stats().hits.get(), 2);
    }

    #[test]
    fn one_reply_for_each_key() {
        check("SET a 1 | SET b x | MGET a b c a", "OK | OK | [1 x nil 1]");
    }
}
