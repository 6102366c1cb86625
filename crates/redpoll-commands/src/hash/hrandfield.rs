//! `HRANDFIELD key [count [WITHVALUES]]`.

use super::fields;
use crate::answer::{self, Bound};
use crate::cost;
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_resp::{Proto, Reply};
use redpoll_types::hash::{FieldRef, Hash};
use redpoll_types::rng::{Rng, SmallRng};

pub const HRANDFIELD: Command = Command {
    spec: Spec {
        name: "hrandfield",
        cost: cost::DRAWN,
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Hash,
        since: "6.2.0",
        summary: "Returns fields of a hash that are chosen at random.",
        complexity: "O(N) where N is the number of fields returned.",
        args: &[Arg::key("key", 0), OPTIONS],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

const OPTIONS: Arg = Arg::block(
    "options",
    &[Arg::integer("count"), Arg::flag("withvalues", "WITHVALUES").optional()],
)
.optional();

/// Hashes up to this size are laid out before many draws: a field of a listpack costs a walk.
const LAID_OUT_MAX: usize = 1024;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = fields::now(ctx);
    let Some(count) = args.get(2) else {
        let hash = ctx.keys.read::<Hash>(args.at(1))?;
        let field = hash.and_then(|hash| hash.random(now, ctx.rng));
        answer::element_or_null(&mut ctx.reply, field.map(|field| field.name));
        return Ok(());
    };
    let (count, repeating) = parse::random_count(count)?;
    let with_values = args.len() > 3;
    if args.len() > 4 || (with_values && !args.is(3, "withvalues")) {
        return Err(Error::Syntax);
    }
    if with_values && count > i64::MAX as usize / 2 {
        return Err(Error::text("ERR value is out of range"));
    }
    let bound = Bound::of(ctx);
    let hash = ctx.keys.read::<Hash>(args.at(1))?.filter(|hash| fields::live_len(hash, now) > 0);
    let mut writer = Writer { reply: &mut ctx.reply, with_values };
    match hash {
        None => writer.head(0),
        Some(hash) if repeating => draw(hash, (count, bound), now, ctx.rng, &mut writer)?,
        Some(hash) => {
            let chosen = hash.sample(count, now, ctx.rng);
            writer.head(chosen.len());
            chosen.into_iter().for_each(|field| {
                writer.field(field);
                writer.reply.flow();
            });
        }
    }
    Ok(())
}

/// Answers `count` fields, each drawn from all that have not expired, of which there is one at
/// least.
fn draw(
    hash: &Hash,
    (count, bound): (usize, Bound),
    now: u64,
    rng: &mut SmallRng,
    writer: &mut Writer<'_, '_>,
) -> Result {
    let start = writer.reply.mark();
    writer.head(count);
    let mut laid_out = Vec::new();
    if count > 1 && hash.len() <= LAID_OUT_MAX {
        laid_out.extend(hash.live(now));
    }
    for _ in 0..count {
        step(1);
        let field = match laid_out.len() {
            0 => hash.random(now, rng),
            len => laid_out.get(rng.below(len as u64) as usize).copied(),
        };
        field.into_iter().for_each(|field| writer.field(field));
        if !bound.allows(writer.reply, start)? {
            break;
        }
    }
    Ok(())
}

/// Fields in the form that the protocol has for them: pairs in RESP3, one after the other in RESP2.
struct Writer<'r, 'o> {
    reply: &'r mut Reply<'o>,
    with_values: bool,
}

impl Writer<'_, '_> {
    fn head(&mut self, fields: usize) {
        let flat = self.with_values && self.reply.proto() == Proto::Resp2;
        self.reply.array(if flat { 2 * fields } else { fields });
    }

    fn field(&mut self, field: FieldRef<'_>) {
        if self.with_values && self.reply.proto() == Proto::Resp3 {
            self.reply.array(2);
        }
        answer::element(self.reply, field.name);
        if self.with_values {
            answer::element(self.reply, field.value);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    #[test]
    fn one() {
        check("HSET h a 1 | HRANDFIELD h | HRANDFIELD none", "1 | a | nil");
    }

    #[test]
    fn several() {
        check(
            "HSET h a 1 b 2 | HRANDFIELD h 0 | HRANDFIELD h 2 | HRANDFIELD h 5 withvalues | \
             HRANDFIELD none 2 | HRANDFIELD none -2 WITHVALUES",
            "2 | [] | [a b] | [a 1 b 2] | [] | []",
        );
        check(
            "HSET h a 1 | HRANDFIELD h -3 | HRANDFIELD h -2 WITHVALUES",
            "1 | [a a a] | \
               [a 1 a 1]",
        );
        assert_eq!(
            raw3("HSET h a 1 | HRANDFIELD h 1 WITHVALUES | HRANDFIELD h -1 WITHVALUES"),
            ":1\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n",
        );
    }

    #[test]
    fn refuses() {
        check(
            "HRANDFIELD h x | HRANDFIELD h 1 x | HRANDFIELD h 1 withvalues x | \
             HRANDFIELD h -9223372036854775807 withvalues | HRANDFIELD h -9223372036854775808",
            "ERR value is not an integer or out of range | ERR syntax error | ERR syntax error | \
             ERR value is out of range | ERR value is out of range, value must between \
             -9223372036854775807 and 9223372036854775807",
        );
        check(
            "SET t v | HRANDFIELD t | HRANDFIELD t 1",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
