//! `GEOADD key [NX|XX] [CH] longitude latitude member...`: add places.

use super::arguments;
use crate::prelude::*;
use redpoll_types::number::write_i64;
use redpoll_types::zset::{Update, Updated, ZSet};

pub const GEOADD: Command = Command {
    spec: Spec {
        name: "geoadd",
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Geo,
        since: "3.2.0",
        summary: "Adds places to a geo index, which is made if need be, or moves them.",
        complexity: "O(log N) for each place, where N is the number of places in the index.",
        args: &[
            Arg::key("key", 0),
            Arg::one_of("condition", &[Arg::flag("nx", "NX"), Arg::flag("xx", "XX")]).optional(),
            Arg::flag("change", "CH").optional(),
            Arg::block(
                "data",
                &[Arg::double("longitude"), Arg::double("latitude"), Arg::string("member")],
            )
            .multiple(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (how, count_changed, at) = options(args)?;
    let score = |index: usize| {
        let point = arguments::point(args.at(index), args.at(index + 1))?;
        Ok::<f64, Error>(point.score())
    };
    // The places are read before anything is changed. The first one, mostly the only one, costs no
    // allocation.
    let first = score(at)?;
    let mut others = Vec::new();
    for index in (at + 3..args.len()).step_by(3) {
        others.push(score(index)?);
    }
    let key = args.at(1);
    log(ctx, args, at, std::iter::once(first).chain(others.iter().copied()));
    let set = match how.only_present {
        true => ctx.keys.write::<ZSet>(key)?,
        false => Some(ctx.keys.write_or_new::<ZSet>(key)?),
    };
    let (mut added, mut changed) = (0u64, 0u64);
    if let Some(set) = set {
        set.expect(1 + others.len(), ctx.limits);
        let members = args.iter_from(at + 2).step_by(3);
        for (score, member) in std::iter::once(first).chain(others).zip(members) {
            match set.update(member, score, how, ctx.limits) {
                Updated::Added(_) => added += 1,
                Updated::Changed(_) => changed += 1,
                Updated::Same(_) | Updated::Refused | Updated::NotANumber => {}
            }
        }
    }
    if added + changed > 0 {
        ctx.wrote(key, Class::ZSet, "zadd", added + changed);
    }
    ctx.reply.int(if count_changed { added + changed } else { added } as i64);
    Ok(())
}

/// How members are added, whether changed ones are counted, and where the first place is.
fn options(args: Args<'_>) -> Result<(Update, bool, usize)> {
    let mut how = Update::default();
    let (mut count_changed, mut at) = (false, 2);
    for word in args.iter_from(2) {
        match word {
            _ if parse::is(word, "nx") => how.only_new = true,
            _ if parse::is(word, "xx") => how.only_present = true,
            _ if parse::is(word, "ch") => count_changed = true,
            _ => break,
        }
        at += 1;
    }
    let words = args.len() - at;
    if words == 0 || !words.is_multiple_of(3) || how.only_new && how.only_present {
        return Err(Error::Syntax);
    }
    Ok((how, count_changed, at))
}

/// What stands in the change log: a ZADD.
fn log(ctx: &mut Ctx<'_>, args: Args<'_>, at: usize, scores: impl Iterator<Item = f64>) {
    if !ctx.keys.is_logging() {
        return;
    }
    let mut words: Vec<Vec<u8>> = vec![b"ZADD".to_vec()];
    words.extend(args.iter().take(at).skip(1).map(<[u8]>::to_vec));
    for (score, member) in scores.zip(args.iter_from(at + 2).step_by(3)) {
        words.push(write_i64(score as i64, &mut [0; 21]).to_vec());
        words.push(member.to_vec());
    }
    ctx.log_as(words.iter().map(Vec::as_slice));
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn adds_and_moves() {
        check(
            "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania | \
             ZRANGE g 0 -1 WITHSCORES | GEOADD g 13.361389 38.115556 Palermo | \
             GEOADD g CH 13.4 38.1 Palermo 15.087269 37.502669 Catania | \
             GEOADD g NX CH 0 0 Palermo | GEOADD g XX 0 0 x | GEOADD g XX CH 0 0 Palermo | \
             ZCARD g | GEOADD none XX 0 0 x | EXISTS none",
            "2 | [Palermo 3479099956230698 Catania 3479447370796909] | 0 | 1 | 0 | 0 | 1 | 2 | 0 \
             | 0",
        );
    }

    #[test]
    fn refuses() {
        let syntax = "ERR syntax error";
        check(
            "GEOADD g 1 2 | GEOADD g 1 2 a 3 | GEOADD g NX XX 1 2 a | GEOADD g NX CH NX | \
             GEOADD g x 2 a | GEOADD g 1 2 a 1 nan b | EXISTS g",
            &format!(
                "ERR wrong number of arguments for 'geoadd' command | {syntax} | {syntax} | \
                 {syntax} | ERR value is not a valid float | ERR value is not a valid float | 0"
            ),
        );
        check(
            "GEOADD g 200 100 a | GEOADD g 1 -86 a | GEOADD g inf 0 a | SET t v | \
             GEOADD t 1 2 a | GEOADD t 1 x a",
            "ERR invalid longitude,latitude pair 200.000000,100.000000 | \
             ERR invalid longitude,latitude pair 1.000000,-86.000000 | \
             ERR invalid longitude,latitude pair inf,0.000000 | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR value is not a valid float",
        );
    }

    #[test]
    fn tells_of_it() {
        check_events(
            "GEOADD g 1 2 a 3 4 b | GEOADD g 1 2 a | GEOADD g 5 6 a",
            "new g, zadd g, zadd g",
            3,
        );
    }
}
