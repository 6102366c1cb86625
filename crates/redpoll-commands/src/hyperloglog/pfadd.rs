//! `PFADD key [element...]`: add elements.

use super::value;
use crate::prelude::*;
use redpoll_types::hll;

pub const PFADD: Command = Command {
    spec: Spec {
        name: "pfadd",
        arity: -2,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().insert()],
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Adds elements to a HyperLogLog, which is made if need be.",
        complexity: "O(1) for each element.",
        args: &[Arg::key("key", 0), Arg::string("element").optional().multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, sparse_max) = (args.at(1), ctx.limits.hll_sparse_max_bytes);
    let mut changes = 0;
    let mut add = |bytes: &mut Vec<u8>| {
        for element in args.iter_from(2) {
            changes += u64::from(hll::add(bytes, element, sparse_max)?);
        }
        Ok(())
    };
    let added = match ctx.keys.string_for_write(key)? {
        None => {
            let mut bytes = hll::empty();
            let added = add(&mut bytes);
            changes += 1;
            hll::forget_count(&mut bytes);
            ctx.keys.set_raw(key, bytes);
            added
        }
        Some(text) => {
            value::encoding(text)?;
            ctx.keys.edit_string(key, add)?
        }
    };
    // A corrupt string may have taken some elements before.
    if changes > 0 {
        ctx.wrote(key, Class::String, "pfadd", changes);
    }
    added.map_err(value::error)?;
    ctx.reply.int_bool(changes > 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events, configure};

    #[test]
    fn adds() {
        check(
            "PFADD k | PFADD k | EXISTS k | PFADD k a b | PFADD k b a | PFADD k a c | PFCOUNT k | \
             TYPE k | OBJECT ENCODING k | STRLEN k",
            "1 | 0 | 1 | 1 | 0 | 1 | 3 | string | raw | 27",
        );
        check("PFADD k a | EXPIRE k 10 | PFADD k b | TTL k", "1 | 1 | 1 | 10");
    }

    #[test]
    fn becomes_dense() {
        let mut server = TestServer::new();
        configure(&server, "hll-sparse-max-bytes", "30");
        let mut client = server.client();
        assert_eq!(server.run(&mut client, "PFADD k a b c"), "1");
        assert_eq!(server.run(&mut client, "PFDEBUG ENCODING k"), "sparse");
        assert_eq!(server.run(&mut client, "PFADD k d e f"), "1");
        assert_eq!(server.run(&mut client, "PFDEBUG ENCODING k"), "dense");
        assert_eq!(server.run(&mut client, "PFCOUNT k"), "6");
        assert_eq!(server.run(&mut client, "STRLEN k"), "12304");
    }

    #[test]
    fn refuses_other_strings() {
        let none = "WRONGTYPE Key is not a valid HyperLogLog string value.";
        let wrong = "WRONGTYPE Operation against a key holding the wrong kind of value";
        check(
            "SET k v | PFADD k a | SET k 12 | PFADD k a | PFADD k | SET k '' | PFADD k a | \
             RPUSH l a | PFADD l a | GET k",
            &format!("OK | {none} | OK | {none} | {none} | OK | {none} | 1 | {wrong} | \"\""),
        );
        check(
            "PFADD k a | SETRANGE k 4 x | PFADD k b | SETRANGE k 4 \"\\x01\" | PFADD k zz b",
            &format!("1 | 21 | {none} | 21 | 1"),
        );
    }

    #[test]
    fn tells_of_changes_only() {
        check_events("PFADD k a b | PFADD k b a | PFADD k c", "new k, pfadd k, pfadd k", 4);
    }
}
