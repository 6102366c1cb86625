//! `PFDEBUG DECODE|ENCODING|GETREG|TODENSE key`: a look into a HyperLogLog.

use super::value;
use crate::prelude::*;
use redpoll_types::hll::{self, Encoding, Registers};

pub const PFDEBUG: Command = Command {
    spec: Spec {
        name: "pfdebug",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::ADMIN),
        keys: &[KeySpec::at(2).rw().access()],
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Shows or changes the inner form of a HyperLogLog.",
        complexity: "N/A",
        args: &[Arg::string("subcommand"), Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (word, key) = (args.at(1), args.at(2));
    let Some(text) = ctx.keys.string_for_write(key)? else {
        return Err(Error::text("ERR The specified key does not exist"));
    };
    let encoding = value::encoding(text)?;
    match word {
        _ if parse::is(word, "getreg") => {
            let mut registers = Registers::new();
            text.with(|bytes| registers.merge(bytes)).map_err(value::error)?;
            make_dense(ctx, key, encoding)?;
            ctx.reply.array(hll::REGISTERS);
            registers.values().iter().for_each(|value| ctx.reply.int(i64::from(*value)));
        }
        _ if parse::is(word, "decode") => {
            if encoding == Encoding::Dense {
                return Err(Error::text("ERR HLL encoding is not sparse"));
            }
            let runs = text.with(hll::decode).map_err(value::error)?;
            ctx.reply.bulk(runs.as_bytes());
        }
        _ if parse::is(word, "encoding") => {
            ctx.reply.simple(if encoding == Encoding::Dense { "dense" } else { "sparse" });
        }
        _ if parse::is(word, "todense") => {
            make_dense(ctx, key, encoding)?;
            ctx.reply.int_bool(encoding == Encoding::Sparse);
        }
        _ => {
            let word = String::from_utf8_lossy(word);
            return Err(Error::text(format!("ERR Unknown PFDEBUG subcommand '{word}'")));
        }
    }
    Ok(())
}

/// Turns the sparse form into the dense one: a change, but one that no event tells of.
fn make_dense(ctx: &mut Ctx<'_>, key: &[u8], encoding: Encoding) -> Result {
    if encoding == Encoding::Sparse {
        ctx.keys.edit_string(key, hll::make_dense)?.map_err(value::error)?;
        ctx.keys.modified(key);
        ctx.keys.effects.dirty += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn looks_into_it() {
        check(
            "PFADD k a | PFDEBUG encoding k | PFDEBUG DECODE k | PFDEBUG TODENSE k | \
             PFDEBUG ENCODING k | PFDEBUG TODENSE k | PFCOUNT k | PFDEBUG DECODE k",
            "1 | sparse | Z:12711 v:2,1 Z:3672 | 1 | dense | 0 | 1 | \
             ERR HLL encoding is not sparse",
        );
        let mut server = TestServer::new();
        let mut client = server.client();
        server.run(&mut client, "PFADD k a");
        let registers = server.run(&mut client, "PFDEBUG GETREG k");
        let values: Vec<&str> = registers.trim_matches(['[', ']']).split(' ').collect();
        assert_eq!((values.len(), values[12711], values[12710]), (16384, "2", "0"));
        assert_eq!(server.run(&mut client, "PFDEBUG ENCODING k"), "dense");
    }

    #[test]
    fn refuses() {
        check(
            "PFDEBUG ENCODING none | PFADD k a | PFDEBUG x k | SET s v | PFDEBUG ENCODING s | \
             APPEND k x | PFDEBUG TODENSE k | PFDEBUG GETREG k",
            "ERR The specified key does not exist | 1 | ERR Unknown PFDEBUG subcommand 'x' | OK | \
             WRONGTYPE Key is not a valid HyperLogLog string value. | 22 | \
             INVALIDOBJ Corrupted HLL object detected | INVALIDOBJ Corrupted HLL object detected",
        );
    }
}
