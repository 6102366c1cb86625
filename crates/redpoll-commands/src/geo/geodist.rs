//! `GEODIST key member1 member2 [M|KM|FT|MI]`: the distance between two places.

use super::arguments::{self, UNIT};
use crate::prelude::*;
use redpoll_types::geo::{self, Point};
use redpoll_types::zset::ZSet;

pub const GEODIST: Command = Command {
    spec: Spec {
        name: "geodist",
        arity: -4,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Geo,
        since: "3.2.0",
        summary: "Returns the distance between two places.",
        args: &[
            Arg::key("key", 0),
            Arg::string("member1"),
            Arg::string("member2"),
            UNIT.optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let unit = match args.len() {
        4 => 1.0,
        5 => arguments::unit(args.at(4))?,
        _ => return Err(Error::Syntax),
    };
    let set = ctx.keys.read::<ZSet>(args.at(1))?;
    let place = |member| set.and_then(|set| set.score(member)).map(Point::from_score);
    match (place(args.at(2)), place(args.at(3))) {
        (Some(one), Some(other)) => {
            let distance = one.distance(other) / unit;
            ctx.reply.bulk(geo::distance_text(distance).as_bytes());
        }
        _ => ctx.reply.null(),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers() {
        check(
            "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania | \
             GEODIST g Palermo Catania | GEODIST g Palermo Catania km | \
             GEODIST g Catania Palermo MI | GEODIST g Palermo Catania ft | \
             GEODIST g Palermo Palermo | GEODIST g Palermo x | GEODIST none a b",
            "2 | 166274.1516 | 166.2742 | 103.3182 | 545518.8700 | 0.0000 | nil | nil",
        );
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | GEODIST t a b x | GEODIST t a b m x | GEODIST t a b",
            "OK | ERR unsupported unit provided. please use M, KM, FT, MI | ERR syntax error | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
