//! `FT.DEL index key [DD]`: remove a document. It goes in any case, with `DD` or without.

use crate::prelude::*;
use crate::search::common;

pub const DEL: Command = Command {
    spec: Spec {
        name: "ft.del",
        arity: -3,
        flags: Flags::WRITE,
        keys: &[KeySpec::at(2).rm().delete()],
        group: Group::Search,
        since: "1.0.0",
        deprecated: Some(("2.0.0", "`DEL`")),
        summary: "Removes a hash that an index holds.",
        complexity: "O(1)",
        args: &[
            Arg::string("index"),
            Arg::key("key", 0),
            Arg::flag("delete_document", "DD").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 4 {
        return Err(Error::arity("ft.del"));
    }
    common::index(ctx, args.at(1))?;
    let key = args.at(2);
    let removed = ctx.keys.delete(key);
    if removed {
        ctx.wrote(key, Class::Generic, "del", 1);
    }
    ctx.reply.int_bool(removed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn removes() {
        check(
            "FT.CREATE i SCHEMA t TEXT | HSET a t x | HSET b t x | FT.DEL i a | FT.DEL i b DD | \
             FT.DEL i a | FT.SEARCH i x NOCONTENT | FT.DEL none a",
            "OK | 1 | 1 | 1 | 1 | 0 | [0] | none: no such index",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "FT.CREATE i SCHEMA t TEXT | HSET a t x | FT.DEL i a",
            "new a, hset a, del a",
            3,
        );
    }
}
