//! `REPLCONF option value ...`: what a replica tells its primary of itself and of its progress.

use crate::prelude::*;

pub const REPLCONF: Command = Command {
    spec: Spec {
        name: "replconf",
        arity: -1,
        flags: Flags::ADMIN
            .with(Flags::NOSCRIPT)
            .with(Flags::LOADING)
            .with(Flags::STALE)
            .with(Flags::ALLOW_BUSY),
        group: Group::Server,
        since: "3.0.0",
        summary: "Tells a primary of a replica's address, abilities and progress.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len().is_multiple_of(2) {
        return Err(Error::Syntax);
    }
    let mut announced = ctx.session.announced.clone().unwrap_or_default();
    for index in (1..args.len()).step_by(2) {
        let (option, value) = (args.at(index), args.at(index + 1));
        if parse::is(option, "ack") {
            // No reply: it would be taken for a part of the stream.
            return acknowledge(ctx, args);
        } else if parse::is(option, "getack") {
            return Ok(());
        } else if parse::is(option, "listening-port") {
            let port = parse::int(value)?;
            announced.port = u16::try_from(port).unwrap_or(0);
        } else if parse::is(option, "ip-address") {
            let address = String::from_utf8_lossy(value).into_owned();
            if address.len() > 255 {
                return Err(Error::text(
                    "ERR REPLCONF ip-address provided by replica instance is too long: more than \
                     255 bytes",
                ));
            }
            announced.address = Some(address);
        } else if parse::is(option, "capa") {
            announced.eof |= parse::is(value, "eof");
            announced.psync2 |= parse::is(value, "psync2");
        } else if parse::is(option, "version") {
            // What a replica of Valkey is. There is nothing that would be done otherwise for it.
        } else if parse::is(option, "rdb-filter-only") {
            // What the snapshot is to hold: nothing, or functions. Data cannot be asked for.
            announced.without_data = true;
            for filter in value.split(|byte| *byte == b' ').filter(|filter| !filter.is_empty()) {
                if !parse::is(filter, "functions") {
                    let filter = String::from_utf8_lossy(filter);
                    let text = format!("ERR Unsupported rdb-filter-only option: {filter}");
                    return Err(Error::text(text));
                }
            }
        } else if parse::is(option, "rdb-only") {
            announced.snapshot_only = parse::int(value)? == 1;
        } else {
            let option = String::from_utf8_lossy(option);
            return Err(Error::text(format!("ERR Unrecognized REPLCONF option: {option}")));
        }
    }
    ctx.session.announced = Some(announced);
    ctx.reply.ok();
    Ok(())
}

fn acknowledge(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let offset = |index: usize| {
        let offset = args.get(index).and_then(|word| parse::int(word).ok());
        offset.and_then(|offset| u64::try_from(offset).ok())
    };
    let Some(acknowledged) = offset(2) else { return Ok(()) };
    let persisted = offset(4).filter(|_| args.is(3, "fack"));
    let now = ctx.keys.now();
    let client = &ctx.session.client;
    if ctx.engine.replication.acknowledge(client, acknowledged, persisted, now) {
        ctx.engine.serve_acknowledged();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn is_told_of_abilities() {
        let mut server = TestServer::new();
        let mut client = server.client();
        let line = "REPLCONF listening-port 7000 capa eof capa psync2 ip-address host";
        assert_eq!(server.run(&mut client, line), "OK");
        let announced = client.announced.clone().unwrap_or_default();
        assert_eq!((announced.port, announced.eof, announced.psync2), (7000, true, true));
        assert_eq!(server.run(&mut client, "REPLCONF ack 100"), "");
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        check("REPLCONF x", "ERR syntax error");
        check("REPLCONF what 1", "ERR Unrecognized REPLCONF option: what");
        check(
            "REPLCONF version 8.0.0 rdb-filter-only functions | REPLCONF rdb-filter-only data",
            "OK | ERR Unsupported rdb-filter-only option: data",
        );
    }
}
