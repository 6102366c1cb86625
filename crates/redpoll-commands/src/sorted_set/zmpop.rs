//! `ZMPOP numkeys key... MIN|MAX [COUNT count]`: pop from the first sorted set that is there.

use super::ends::{SIDES, Shape, Side, pop};
use crate::cost;
use crate::mpop::ManyPop;
use crate::prelude::*;

pub const ZMPOP: Command = Command {
    spec: Spec {
        name: "zmpop",
        cost: cost::TAKEN_OUT_OF_ONE,
        arity: -4,
        flags: Flags::WRITE.with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::counted(1).rw().access().delete()],
        group: Group::SortedSet,
        since: "7.0.0",
        summary: "Takes members off the first of several sorted sets that has any.",
        complexity: "O(K + M log N) where K is the number of keys, N of members and M of \
                     those taken off.",
        args: &[
            Arg::integer("numkeys"),
            Arg::key("key", 0).multiple(),
            Arg::one_of("where", SIDES),
            Arg::integer("count").token("COUNT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let many = ManyPop::parse(args, 1, ["min", "max"])?;
    if !pop_first(ctx, &many)? {
        ctx.reply.null_array();
    }
    Ok(())
}

/// Pops from the first set that is there; answers false, and has written nothing, if there is none.
pub(super) fn pop_first(ctx: &mut Ctx<'_>, many: &ManyPop<'_>) -> Result<bool> {
    let side = if many.first { Side::Min } else { Side::Max };
    for key in many.keys() {
        if let Some(count) = pop(ctx, key, (side, many.count), Shape::KeyPairs)? {
            ctx.log_as([side.pop_name(), key, count.to_string().as_bytes()]);
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, check_log, raw3};

    #[test]
    fn from_the_first_set() {
        check(
            "ZADD b 1 x 2 y 3 z | ZMPOP 2 a b MIN | ZMPOP 2 a b max COUNT 9 | ZMPOP 2 a b MIN",
            "3 | [b [[x 1]]] | [b [[z 3] [y 2]]] | nil",
        );
        assert_eq!(
            raw3("ZADD z 1 a | ZMPOP 1 z MIN | ZMPOP 1 z MIN"),
            ":1\r\n*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n_\r\n"
        );
        check_log(
            "ZADD z 1 a 2 b | ZMPOP 1 z MAX COUNT 9",
            "SELECT 0 | ZADD z 1 a 2 b | ZPOPMAX z 2",
        );
        check_events("ZADD z 1 a | ZMPOP 1 z MAX", "new z, zadd z, zpopmax z, del z", 2);
    }

    #[test]
    fn refuses() {
        check(
            "ZMPOP 0 a MIN | ZMPOP 2 a MIN | ZMPOP 1 a LEFT | ZMPOP 1 a MIN COUNT 0 | \
             ZMPOP 1 a MIN COUNT",
            "ERR numkeys should be greater than 0 | ERR syntax error | ERR syntax error | \
             ERR count should be greater than 0 | ERR syntax error",
        );
        check(
            "SET t v | ZMPOP 2 t a MIN",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
