//! `TIME`: the server's clock.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_keyspace::clock;

pub const TIME: Command = Command {
    spec: Spec {
        name: "time",
        arity: 1,
        flags: Flags::LOADING.with(Flags::STALE).with(Flags::FAST),
        group: Group::Server,
        since: "2.6.0",
        summary: "Returns the server's clock: seconds since 1970, and microseconds.",
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// The one command whose answer is the clock itself, to the microsecond. In a script or
/// transaction, for which time stands still, to the millisecond.
fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let now = match ctx.mode {
        Mode::Script | Mode::Transaction => ctx.keys.now() * 1000,
        Mode::Alone | Mode::Resumed | Mode::Background { .. } => clock::now_us(),
    };
    ctx.reply.array(2);
    ctx.reply.bulk_int(now / 1_000_000);
    ctx.reply.bulk_int(now % 1_000_000);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn two_numbers() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let reply = server.run(&mut session, "TIME");
        let numbers: Vec<i64> =
            reply.trim_matches(['[', ']']).split(' ').flat_map(|word| word.parse()).collect();
        assert!(numbers.len() == 2 && numbers[0] > 1_700_000_000, "{reply}");
        assert!((0..1_000_000).contains(&numbers[1]), "{reply}");
    }

    #[test]
    fn stands_still_in_scripts() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let line = "EVAL \"return redis.call('time')\" 0";
        assert_eq!(server.run(&mut session, line), "[1700000000 0]");
    }
}
