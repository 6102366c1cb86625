//! `REPLCONF option value ...`: what a replica tells its primary of itself and of its progress.

use crate::prelude::*;
use redpoll_sync::Token;
use redpoll_sync::wire::CAPABILITY;

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
    if args.is(1, "table-fetch") {
        return table_fetch(ctx, args);
    }
    if args.is(1, "table-done") {
        return table_done(ctx, args);
    }
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
                return Err(Error::text(format!(
                    "ERR REPLCONF ip-address provided by replica instance is too long: {} bytes",
                    address.len()
                )));
            }
            announced.address = Some(address);
        } else if parse::is(option, "capa") {
            announced.eof |= parse::is(value, "eof");
            announced.psync2 |= parse::is(value, "psync2");
            announced.table |= parse::is(value, CAPABILITY);
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

/// `TABLE-DONE number…`: a replica is done with chunks of the sync table.
fn table_done(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let number = |index| u64::try_from(parse::int(args.at(index)).ok()?).ok();
    let numbers: Vec<u64> = (2..args.len()).filter_map(number).collect();
    ctx.engine.replication.table_done(&ctx.session.client, &numbers, ctx.keys.now());
    // No reply, as with ACK.
    Ok(())
}

/// Bytes that one TABLE-FETCH may ask for: so many keep a thread for a fraction of a millisecond.
const FETCH_MAX: usize = 1 << 20;

/// `TABLE-FETCH token number from len`: bytes of a chunk, for a replica that cannot reach the
/// table's memory.
fn table_fetch(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    ctx.session.secret_words.push(2);
    let no_such = || Error::text("ERR no such chunk of the sync table");
    if args.len() != 6 {
        return Err(Error::Syntax);
    }
    let token = Token::parse(args.at(2)).ok_or_else(no_such)?;
    let number = |index: usize| u64::try_from(parse::int(args.at(index))?).map_err(|_| no_such());
    let (number, from, len) = (number(3)?, number(4)?, number(5)?);
    let (from, len) = (usize::try_from(from), usize::try_from(len));
    let (from, len) = (from.map_err(|_| no_such())?, len.map_err(|_| no_such())?);
    if len > FETCH_MAX {
        return Err(no_such());
    }
    let (tables, reply) = (&ctx.engine.replication.tables, &mut ctx.reply);
    tables.fetch(&token, (number, from, len), |bytes| reply.bulk(bytes)).ok_or_else(no_such)?;
    ctx.engine.replication.note_sent(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestServer, check};
    use redpoll_sync::Window;
    use redpoll_sync::chunk::{Kind, Sum};
    use std::sync::Arc;
    use std::time::Duration;

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
    fn chunks_of_a_table_are_for_those_who_read_it() {
        let mut server = TestServer::new();
        let (mut replica, mut lane) = (server.client(), server.client());
        assert_eq!(server.run(&mut replica, "REPLCONF capa redpoll-table-1"), "OK");
        assert!(replica.announced.as_ref().is_some_and(|announced| announced.table));
        let token = Token::new().expect("chance");
        let fetch =
            |from: usize, len: usize| format!("REPLCONF table-fetch {token} 0 {from} {len}");
        let refused = "ERR no such chunk of the sync table";
        assert_eq!(server.run(&mut lane, &fetch(64, 3)), refused);

        let window = Arc::new(Window::new(1 << 20, 1).expect("memory"));
        let tables = &server.engine.replication.tables;
        tables.open(Arc::clone(&window));
        window.admit(replica.client.id, token.clone()).expect("room");
        let mut slot = window.acquire(Duration::ZERO).expect("a slot");
        slot.room()[..3].copy_from_slice(b"abc");
        slot.publish(3, Kind::Whole, 1, Sum::default()).expect("a reader");
        let slot = window.acquire(Duration::ZERO).expect("a slot");
        slot.publish(3, Kind::Whole, 1, Sum::default()).expect("a reader");
        assert_eq!(server.run(&mut lane, &fetch(64, 3)), "abc");
        assert_eq!(server.run(&mut lane, &fetch(65, 1)), "b");
        for (from, len) in [(64, 4), (68, 0), (i64::MAX as usize, 1), (0, 2 << 20)] {
            assert_eq!(server.run(&mut lane, &fetch(from, len)), refused, "{from} {len}");
        }
        let other = Token::new().expect("chance");
        let line = format!("REPLCONF table-fetch {other} 0 64 3");
        assert_eq!(server.run(&mut lane, &line), refused);
        assert_eq!(server.run(&mut lane, "REPLCONF table-fetch x 0 64 3"), refused);
        assert_eq!(server.run(&mut lane, "REPLCONF table-fetch x 0"), "ERR syntax error");
        // Only who reads the table can be done with a chunk of it.
        assert_eq!(server.run(&mut lane, "REPLCONF table-done 0"), "");
        assert!(!window.drain(Duration::ZERO));
        for numbers in ["", "5", "-5", "x 7", "0"] {
            assert_eq!(server.run(&mut replica, &format!("REPLCONF table-done {numbers}")), "");
            assert!(!window.drain(Duration::ZERO));
        }
        assert_eq!(server.run(&mut replica, "REPLCONF table-done 0 3 1"), "");
        assert!(window.drain(Duration::ZERO));
        server.engine.replication.tables.close(&window);
        assert_eq!(server.run(&mut lane, &fetch(64, 3)), refused);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        check("REPLCONF x", "ERR syntax error");
        let text = "ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes";
        check(&format!("REPLCONF ip-address {}", "a".repeat(256)), text);
        check("REPLCONF what 1", "ERR Unrecognized REPLCONF option: what");
        check(
            "REPLCONF version 8.0.0 rdb-filter-only functions | REPLCONF rdb-filter-only data",
            "OK | ERR Unsupported rdb-filter-only option: data",
        );
    }
}
