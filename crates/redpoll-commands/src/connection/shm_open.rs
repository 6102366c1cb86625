//! `SHM.OPEN version [RING bytes]`: go on through shared memory. `SHM.OPEN 1 name`, where it is
//! allowed: the same by the older protocol, whose clients bring the memory.
//!
//! What makes the memory and sends its descriptor has the connection's stream, which a command does
//! not see. So the command checks what it can see and notes the wish; the answer follows from
//! there.

use crate::prelude::*;
use redpoll_engine::client::flags;
use redpoll_engine::shared_memory::RingsWanted;
use redpoll_shm::layout::VERSION;
use redpoll_shm::legacy;
use std::sync::atomic::Ordering::Relaxed;

pub const SHM_OPEN: Command = Command {
    spec: Spec {
        name: "shm.open",
        arity: -2,
        flags: Flags::NOSCRIPT
            .with(Flags::NO_MULTI)
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::FAST),
        group: Group::Connection,
        since: "8.0.0",
        summary: "Lets the connection go on through shared memory.",
        args: &[
            Arg::integer("version"),
            Arg::one_of("memory", &[Arg::integer("bytes").token("RING"), Arg::string("name")])
                .optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let wish = check(ctx, args);
    if wish.is_err() {
        ctx.engine.shared_memory.refused.fetch_add(1, Relaxed);
    }
    ctx.session.rings_wanted = Some(wish?);
    Ok(())
}

/// What the client wants, if it may have it.
fn check(ctx: &Ctx<'_>, args: Args<'_>) -> Result<RingsWanted> {
    let config = &ctx.engine.config;
    let version = parse::int(args.at(1)).ok();
    let is = |wanted: u32| version == Some(i64::from(wanted));
    let wanted = match () {
        () if is(VERSION) => RingsWanted::OfBytes(ring_size(ctx, args)?),
        () if is(legacy::VERSION) && config.shm_legacy() => {
            if args.len() != 3 {
                return Err(Error::Syntax);
            }
            let name = args.at(2);
            legacy::check_name(name).map_err(|refusal| Error::text(format!("ERR {refusal}")))?;
            RingsWanted::Named(name.to_vec())
        }
        () => {
            let supported = match config.shm_legacy() {
                true => format!("{}, {VERSION}", legacy::VERSION),
                false => VERSION.to_string(),
            };
            return Err(Error::text(format!(
                "ERR unsupported version of the shared-memory protocol; supported: {supported}"
            )));
        }
    };
    let client = &ctx.session.client;
    if client.has_flag(flags::RINGS) {
        return Err(Error::text("ERR this connection uses shared memory already"));
    }
    // The older protocol needs no descriptor to be passed.
    if !client.origin.unix && matches!(wanted, RingsWanted::OfBytes(_)) {
        return Err(Error::text(match config.unixsocket() {
            Some(path) => format!(
                "ERR shared memory is for clients on this host: connect to the Unix socket {}",
                path.to_str_lossy()
            ),
            None => "ERR shared memory is for clients of the Unix socket, and this server has \
                     none: set `unixsocket`"
                .to_owned(),
        }));
    }
    if !config.shm_enabled() {
        return Err(Error::text("ERR shared memory is disabled (shm-enabled no)"));
    }
    Ok(wanted)
}

/// The size of the rings, which may be a wish.
fn ring_size(ctx: &Ctx<'_>, args: Args<'_>) -> Result<usize> {
    let most = usize::try_from(ctx.engine.config.shm_ring_size()).unwrap_or(usize::MAX);
    let wanted = match args.len() {
        2 => most,
        4 if parse::is(args.at(2), "ring") => {
            usize::try_from(parse::int_in(args.at(3), 1..=i64::MAX)?).unwrap_or(most)
        }
        _ => return Err(Error::Syntax),
    };
    Ok(wanted.min(most))
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};
    use redpoll_engine::shared_memory::RingsWanted;

    #[test]
    fn refusals() {
        check("SHM.OPEN", "ERR wrong number of arguments for 'shm.open' command");
        let version = "ERR unsupported version of the shared-memory protocol; supported: 2";
        for bad in ["1 /name", "3", "-1", "x", "99999999999999999999"] {
            check(&format!("SHM.OPEN {bad}"), version);
        }
        check("SHM.OPEN 2 RING", "ERR syntax error");
        check("SHM.OPEN 2 RING x", "ERR value is not an integer or out of range");
        check("SHM.OPEN 2 SIZE 4096", "ERR syntax error");
        check("SHM.OPEN 2 RING 4096 1", "ERR syntax error");
        check(
            "SHM.OPEN 2",
            "ERR shared memory is for clients of the Unix socket, and this server has none: set \
             `unixsocket`",
        );
        check(
            "MULTI | SHM.OPEN 2 | EXEC",
            "OK | ERR Command not allowed inside a transaction | \
             EXECABORT Transaction discarded because of previous errors.",
        );
    }

    #[test]
    fn over_tcp_it_names_the_socket() {
        let mut server = TestServer::new();
        let path = b"/tmp/redpoll.sock";
        server.engine.config.force("unixsocket", path).expect("a path");
        let mut session = server.client();
        assert_eq!(
            server.run(&mut session, "SHM.OPEN 2"),
            "ERR shared memory is for clients on this host: connect to the Unix socket \
             /tmp/redpoll.sock"
        );
        assert_eq!(session.rings_wanted, None);
    }

    #[test]
    fn the_older_protocol_is_asked_for_by_name() {
        let mut server = TestServer::new();
        server.engine.config.force("shm-legacy", b"yes").expect("a switch");
        let mut session = server.client();
        let mut ask = |words: &str| server.run(&mut session, words);
        let version = "ERR unsupported version of the shared-memory protocol; supported: 1, 2";
        for bad in ["0 /name", "3 /name", "100", "x /name", "-1 /name"] {
            assert_eq!(ask(&format!("SHM.OPEN {bad}")), version);
        }
        assert_eq!(ask("SHM.OPEN 1"), "ERR syntax error");
        assert_eq!(ask("SHM.OPEN 1 /a b"), "ERR syntax error");
        for bad in ["name", "/", "/..", "/a/b", "/../passwd", &format!("/{}", "x".repeat(37))] {
            let reply = ask(&format!("SHM.OPEN 1 {bad}"));
            assert!(reply.starts_with("ERR the name of shared memory is"), "{bad}: {reply}");
        }
        assert_eq!(session.rings_wanted, None);
        server.run(&mut session, "SHM.OPEN 1 /name");
        assert_eq!(session.rings_wanted, Some(RingsWanted::Named(b"/name".to_vec())));
    }
}
