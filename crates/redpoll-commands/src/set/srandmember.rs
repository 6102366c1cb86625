//! `SRANDMEMBER key [count]`.

use crate::answer::{self, Bound};
use crate::cost;
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_resp::Reply;
use redpoll_types::rng::{Rng, SmallRng};
use redpoll_types::set::Set;

pub const SRANDMEMBER: Command = Command {
    spec: Spec {
        name: "srandmember",
        cost: cost::DRAWN,
        history: &[("2.6.0", "The count.")],
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns members of a set that are chosen at random.",
        complexity: "O(1) without a count, otherwise O(N) where N is its absolute value.",
        args: &[Arg::key("key", 0), Arg::integer("count").since("2.6.0").optional()],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// Sets up to this size are laid out before many draws: an element of a listpack costs a walk.
const LAID_OUT_MAX: usize = 1024;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 3 {
        return Err(Error::Syntax);
    }
    let count = args.get(2).map(parse::random_count).transpose()?;
    let bound = Bound::of(ctx);
    let set = ctx.keys.read::<Set>(args.at(1))?;
    let reply = &mut ctx.reply;
    match (count, set) {
        (None, set) => match set.and_then(|set| set.random(ctx.rng)) {
            Some(member) => answer::element(reply, member),
            None => reply.null(),
        },
        (Some(_), None) => reply.array(0),
        (Some((count, true)), Some(set)) => draw(set, (count, bound), ctx.rng, reply)?,
        (Some((count, false)), Some(set)) if count >= set.len() => {
            reply.array(set.len());
            answer::elements(reply, set.iter());
        }
        (Some((count, false)), Some(set)) => {
            reply.array(count);
            let chosen = set.sample(count, ctx.rng);
            answer::elements(reply, chosen.into_iter());
        }
    }
    Ok(())
}

/// Answers `count` members, each drawn from the whole set.
fn draw(
    set: &Set,
    (count, bound): (usize, Bound),
    rng: &mut SmallRng,
    reply: &mut Reply<'_>,
) -> Result {
    let start = reply.mark();
    reply.array(count);
    let mut laid_out = Vec::new();
    if count > 1 && set.len() <= LAID_OUT_MAX {
        laid_out.extend(set.iter());
    }
    for _ in 0..count {
        step(1);
        let member = match laid_out.len() {
            0 => set.random(rng),
            len => laid_out.get(rng.below(len as u64) as usize).copied(),
        };
        // A set at a key is never empty.
        member.into_iter().for_each(|member| answer::element(reply, member));
        if !bound.allows(reply, start)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn one() {
        check("SADD s a | SRANDMEMBER s | SCARD s | SRANDMEMBER none", "1 | a | 1 | nil");
    }

    #[test]
    fn distinct_ones() {
        check(
            "SADD s a b c | SRANDMEMBER s 0 | SRANDMEMBER s 3 | SRANDMEMBER s 9 | \
             SRANDMEMBER none 2",
            "3 | [] | [a b c] | [a b c] | []",
        );
        check("SADD s a b c d | SRANDMEMBER s 2", "4 | [a b]");
    }

    #[test]
    fn the_same_several_times() {
        check("SADD s a | SRANDMEMBER s -3 | SRANDMEMBER none -3", "1 | [a a a] | []");
        let mut server = TestServer::new();
        let mut client = server.client();
        let many: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
        server.run(&mut client, &format!("SADD s {}", many.join(" ")));
        for count in [1, 50, 5000] {
            let reply = server.run(&mut client, &format!("SRANDMEMBER s -{count}"));
            let members: Vec<&str> = reply.trim_matches(['[', ']']).split(' ').collect();
            assert_eq!(members.len(), count);
            assert!(members.iter().all(|member| many.iter().any(|other| other == member)));
        }
    }

    #[test]
    fn refuses() {
        check(
            "SRANDMEMBER s x | SRANDMEMBER s 1 2 | SRANDMEMBER s -9223372036854775808",
            "ERR value is not an integer or out of range | ERR syntax error | \
             ERR value is out of range, value must between -9223372036854775807 and \
             9223372036854775807",
        );
        check(
            "SET t v | SRANDMEMBER t | SRANDMEMBER t 0",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
