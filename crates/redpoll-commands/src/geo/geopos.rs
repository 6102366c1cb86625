//! `GEOPOS key [member...]`: the coordinates of places.

use super::arguments;
use crate::prelude::*;
use redpoll_types::geo::Point;
use redpoll_types::zset::ZSet;

pub const GEOPOS: Command = Command {
    spec: Spec {
        name: "geopos",
        arity: -2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Geo,
        since: "3.2.0",
        summary: "Returns the longitudes and latitudes of places.",
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
            Some(score) => arguments::answer(&mut ctx.reply, Point::from_score(score)),
            None => ctx.reply.null_array(),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    #[test]
    fn answers() {
        check(
            "GEOADD g 13.361389 38.115556 Palermo 0 0 zero | GEOPOS g Palermo none zero | \
             GEOPOS g | GEOPOS none a | SET t v | GEOPOS t a",
            "2 | [[13.36138933897018433 38.11555639549629859] nil \
             [0.00000268220901489 0.00000126736058093]] | [] | [nil] | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
        assert_eq!(
            raw3("GEOADD g 13.361389 38.115556 a | GEOPOS g a x"),
            ":1\r\n*2\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n_\r\n"
        );
    }
}
