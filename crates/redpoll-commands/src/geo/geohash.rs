//! `GEOHASH key [member...]`: places as the texts that the world calls geohashes.

use crate::prelude::*;
use redpoll_types::geo::{self, Point};
use redpoll_types::zset::ZSet;

pub const GEOHASH: Command = Command {
    spec: Spec {
        name: "geohash",
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Geo,
        since: "3.2.0",
        summary: "Returns the geohash texts of places.",
        complexity: "O(1) for each place.",
        args: &[Arg::key("key", 0), Arg::string("member").optional().multiple()],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let set = ctx.keys.read::<ZSet>(args.at(1))?;
    ctx.reply.array(args.len() - 2);
    for member in args.iter_from(2) {
        match set.and_then(|set| set.score(member)) {
            Some(score) => ctx.reply.bulk(&geo::geohash(Point::from_score(score))),
            None => ctx.reply.null(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers() {
        check(
            "GEOADD g 13.361389 38.115556 Palermo -5.6 42.6 x | GEOHASH g Palermo none x | \
             GEOHASH g | GEOHASH none a | ZADD g -1e300 odd inf odder | GEOHASH g odd odder | \
             SET t v | GEOHASH t a",
            "2 | [sqc8b49rny0 nil ezs42e44yx0] | [] | [nil] | 2 | [00bh0hbj200 bp05b5048p0] | OK \
             | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
