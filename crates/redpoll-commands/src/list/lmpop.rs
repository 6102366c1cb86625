//! `LMPOP numkeys key... LEFT|RIGHT [COUNT count]`: pop from the first list that is there.

use super::ends::{SIDES, pop_many, pop_name};
use crate::cost;
use crate::mpop::ManyPop;
use crate::prelude::*;
use redpoll_types::list::End;

pub const LMPOP: Command = Command {
    spec: Spec {
        name: "lmpop",
        cost: cost::TAKEN_OF_ONE,
        arity: -4,
        flags: Flags::WRITE.with(Flags::MOVABLEKEYS),
        keys: &[KeySpec::counted(1).rw().access().delete()],
        group: Group::List,
        since: "7.0.0",
        summary: "Takes elements off the first of several lists that has any.",
        complexity: "O(N+M) where N is the number of keys and M that of elements returned.",
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
    let pop = ManyPop::parse(args, 1, ["left", "right"])?;
    if !pop_first(ctx, &pop)? {
        ctx.reply.null_array();
    }
    Ok(())
}

/// Pops from the first list that is there; answers false, and has written nothing, if there is
/// none.
pub(super) fn pop_first(ctx: &mut Ctx<'_>, pop: &ManyPop<'_>) -> Result<bool> {
    let end = if pop.first { End::Front } else { End::Back };
    for key in pop.keys() {
        if let Some(count) = pop_many(ctx, key, (end, pop.count), Some(key))? {
            ctx.log_as([pop_name(end), key, count.to_string().as_bytes()]);
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, check_log};

    #[test]
    fn from_the_first_list() {
        check(
            "RPUSH b 1 2 3 | LMPOP 2 a b LEFT | LMPOP 2 a b right COUNT 5 | LMPOP 2 a b LEFT",
            "3 | [b [1]] | [b [3 2]] | nil",
        );
        check("RPUSH a x | RPUSH b y | LMPOP 2 b a LEFT COUNT 10", "1 | 1 | [b [y]]");
        check_log("RPUSH l a b | LMPOP 1 l LEFT COUNT 9", "SELECT 0 | RPUSH l a b | LPOP l 2");
        check_events("RPUSH l a b | LMPOP 1 l LEFT COUNT 9", "new l, rpush l, lpop l, del l", 4);
    }

    #[test]
    fn refuses() {
        check(
            "LMPOP 0 a LEFT | LMPOP x a LEFT | LMPOP -1 a LEFT",
            "ERR numkeys should be greater than 0 | ERR numkeys should be greater than 0 | \
             ERR numkeys should be greater than 0",
        );
        check(
            "LMPOP 2 a LEFT | LMPOP 1 a UP | LMPOP 1 a LEFT COUNT | LMPOP 1 a LEFT X 1 | \
             LMPOP 1 a LEFT COUNT 1 COUNT 1 | LMPOP 9223372036854775807 a LEFT",
            "ERR syntax error | ERR syntax error | ERR syntax error | ERR syntax error | \
             ERR syntax error | ERR syntax error",
        );
        check(
            "LMPOP 1 a LEFT COUNT 0 | LMPOP 1 a LEFT COUNT x",
            "ERR count should be greater than 0 | ERR count should be greater than 0",
        );
        check(
            "SET t v | LMPOP 2 t a LEFT",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
