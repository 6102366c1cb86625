//! `GEORADIUS key longitude latitude radius unit [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count
//! [ANY]] [ASC|DESC] [STORE key|STOREDIST key]`, `GEORADIUSBYMEMBER key member radius unit ...`,
//! and those that only read: `GEORADIUS_RO`, `GEORADIUSBYMEMBER_RO`.
//!
//! STORE may be given several times, and the last one counts; the key specifications tell the
//! first. So the commands that may store lock their keys themselves.

use super::arguments::{self, UNIT};
use super::options::{self, Kind, Options};
use super::search;
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_types::geo::Form;
use redpoll_types::zset::ZSet;

pub const GEORADIUS: Command = Command {
    spec: Spec {
        name: "georadius",
        cost: Some(|keys, args| cost(keys, args, FROM_POINT, true)),
        beyond: Some(|args| stores(args, FROM_POINT) > 1),
        arity: -6,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::MOVABLEKEYS),
        keys: &[
            KeySpec::at(1).ro().access(),
            KeySpec::after("STORE", 6).ow().update(),
            KeySpec::after("STOREDIST", 6).ow().update(),
        ],
        locks: Locks::Own,
        since: "3.2.0",
        summary: "Searches places within a distance from a point; may store them.",
        args: &[
            Arg::key("key", 0),
            Arg::double("longitude"),
            Arg::double("latitude"),
            Arg::double("radius"),
            UNIT,
            WITH_COORD,
            WITH_DIST,
            WITH_HASH,
            COUNT,
            ORDER,
            STORE,
        ],
        deprecated: Some((
            "6.2.0",
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
        )),
        ..SPEC
    },
    run: |ctx, args| from_point(ctx, args, true),
};

pub const GEORADIUS_RO: Command = Command {
    spec: Spec {
        name: "georadius_ro",
        cost: Some(|keys, args| cost(keys, args, FROM_POINT, false)),
        arity: -6,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        since: "3.2.10",
        summary: "Searches places within a distance from a point.",
        args: &[
            Arg::key("key", 0),
            Arg::double("longitude"),
            Arg::double("latitude"),
            Arg::double("radius"),
            UNIT,
            WITH_COORD,
            WITH_DIST,
            WITH_HASH,
            COUNT,
            ORDER,
        ],
        deprecated: Some(("6.2.0", "`GEOSEARCH` with the `BYRADIUS` argument")),
        ..SPEC
    },
    run: |ctx, args| from_point(ctx, args, false),
};

pub const GEORADIUSBYMEMBER: Command = Command {
    spec: Spec {
        name: "georadiusbymember",
        cost: Some(|keys, args| cost(keys, args, FROM_MEMBER, true)),
        beyond: Some(|args| stores(args, FROM_MEMBER) > 1),
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::MOVABLEKEYS),
        keys: &[
            KeySpec::at(1).ro().access(),
            KeySpec::after("STORE", 5).ow().update(),
            KeySpec::after("STOREDIST", 5).ow().update(),
        ],
        locks: Locks::Own,
        since: "3.2.0",
        summary: "Searches places within a distance from a place of the index; may store them.",
        args: &[
            Arg::key("key", 0),
            Arg::string("member"),
            Arg::double("radius"),
            UNIT,
            WITH_COORD,
            WITH_DIST,
            WITH_HASH,
            COUNT,
            ORDER,
            STORE,
        ],
        deprecated: Some((
            "6.2.0",
            "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
        )),
        ..SPEC
    },
    run: |ctx, args| from_member(ctx, args, true),
};

pub const GEORADIUSBYMEMBER_RO: Command = Command {
    spec: Spec {
        name: "georadiusbymember_ro",
        cost: Some(|keys, args| cost(keys, args, FROM_MEMBER, false)),
        arity: -5,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        since: "3.2.10",
        summary: "Searches places within a distance from a place of the index.",
        args: &[
            Arg::key("key", 0),
            Arg::string("member"),
            Arg::double("radius"),
            UNIT,
            WITH_COORD,
            WITH_DIST,
            WITH_HASH,
            COUNT,
            ORDER,
        ],
        deprecated: Some(("6.2.0", "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")),
        ..SPEC
    },
    run: |ctx, args| from_member(ctx, args, false),
};

const SPEC: Spec = Spec {
    group: Group::Geo,
    complexity: "O(N+log(M)) where N is the number of places in the cells around the area and M \
                 of those in the index.",
    ..Spec::EMPTY
};

pub const WITH_COORD: Arg = Arg::flag("withcoord", "WITHCOORD").optional();
pub const WITH_DIST: Arg = Arg::flag("withdist", "WITHDIST").optional();
pub const WITH_HASH: Arg = Arg::flag("withhash", "WITHHASH").optional();
pub const COUNT: Arg = Arg::block(
    "count-block",
    &[Arg::integer("count").token("COUNT"), Arg::flag("any", "ANY").optional()],
)
.optional();
pub const ORDER: Arg =
    Arg::one_of("order", &[Arg::flag("asc", "ASC"), Arg::flag("desc", "DESC")]).optional();
const STORE: Arg = Arg::one_of(
    "store",
    &[
        Arg::key("storekey", 1).shown_as("key").token("STORE"),
        Arg::key("storedistkey", 2).shown_as("key").token("STOREDIST"),
    ],
)
.optional();

/// Where the options begin: behind a point, and behind a member.
const FROM_POINT: usize = 6;
const FROM_MEMBER: usize = 5;

fn from_point(ctx: &mut Ctx<'_>, args: Args<'_>, may_store: bool) -> Result {
    search_from(ctx, args, FROM_POINT, may_store)
}

fn from_member(ctx: &mut Ctx<'_>, args: Args<'_>, may_store: bool) -> Result {
    search_from(ctx, args, FROM_MEMBER, may_store)
}

fn search_from(ctx: &mut Ctx<'_>, args: Args<'_>, at: usize, may_store: bool) -> Result {
    lock(ctx, args, at, may_store)?;
    let set = ctx.keys.read::<ZSet>(args.at(1))?;
    let options = read(set, args, at, may_store)?;
    let result = search::run(&mut ctx.reply, ctx.limits, set, &options);
    store(ctx, &options, result);
    Ok(())
}

/// What is asked for.
fn read<'a>(set: Option<&ZSet>, args: Args<'a>, at: usize, may_store: bool) -> Result<Options<'a>> {
    let mut options = Options::default();
    if at == FROM_POINT {
        options.centre = Some(arguments::point(args.at(2), args.at(3))?);
    } else if let Some(set) = set {
        options.centre = Some(options::place_of(set, args.at(2))?);
    }
    // Without an index, a member's distance is not looked at.
    if at == FROM_POINT || set.is_some() {
        options.form = Some({
            let (radius, unit) = arguments::radius(args.at(at - 2), args.at(at - 1))?;
            (Form::Circle(radius), unit)
        });
    }
    options.read(Kind::Radius { may_store }, args, at, set)?;
    Ok(options)
}

/// What a search costs; those that store lock by themselves. One that names two targets runs at
/// once: the key specifications find the first of them only.
fn cost(keys: &mut Keys<'_>, args: Args<'_>, at: usize, may_store: bool) -> usize {
    if !may_store {
        return cost_of(keys, args, at, false);
    }
    if stores(args, at) > 1 {
        return 0;
    }
    keys.lock_key(args.at(1));
    let cost = cost_of(keys, args, at, true);
    keys.unlock_walk();
    cost
}

fn cost_of(keys: &Keys<'_>, args: Args<'_>, at: usize, may_store: bool) -> usize {
    let set = keys.glimpse::<ZSet>(args.at(1));
    let Some(set) = set.filter(|set| set.len() > FEW) else { return keys.elements(args.at(1)) };
    read(Some(set), args, at, may_store).map_or(0, |options| search::cost(set, &options))
}

fn store(ctx: &mut Ctx<'_>, options: &Options<'_>, result: Option<ZSet>) {
    if let (Some(target), Some(result)) = (options.target, result) {
        search::store(ctx, target, result, "georadiusstore");
    }
}

/// Locks the index and the last word that may be a target.
fn lock(ctx: &mut Ctx<'_>, args: Args<'_>, at: usize, may_store: bool) -> Result {
    if !may_store {
        return Ok(());
    }
    let target = targets(args, at).last();
    ctx.keys.lock_keys([args.at(1), target.unwrap_or(args.at(1))].into_iter());
    if target.is_some() { ctx.may_still_write() } else { Ok(()) }
}

/// How many targets are named.
fn stores(args: Args<'_>, at: usize) -> usize {
    targets(args, at).count()
}

/// The words that may be targets.
fn targets<'a>(args: Args<'a>, mut at: usize) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(move || {
        while at + 1 < args.len() {
            let is = |word| args.is(at, word);
            let stores = is("store") || is("storedist");
            let target = args.at(at + 1);
            at += if stores || is("count") { 2 } else { 1 };
            if stores {
                return Some(target);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    const SICILY: &str = "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania";

    #[test]
    fn searches() {
        check(
            &format!(
                "{SICILY} | GEORADIUS g 15 37 200 km WITHDIST | GEORADIUS g 15 37 200 km ASC | \
                 GEORADIUS g 15 37 200 km WITHHASH WITHCOORD COUNT 1 | \
                 GEORADIUS_RO g 15 37 100 km | GEORADIUSBYMEMBER g Palermo 200 km DESC | \
                 GEORADIUSBYMEMBER_RO g Palermo 1 m | GEORADIUS none 15 37 1 km | \
                 GEORADIUSBYMEMBER none x -1 x | GEORADIUSBYMEMBER_RO none x y z COUNT 1"
            ),
            "2 | [[Palermo 190.4424] [Catania 56.4413]] | [Catania Palermo] | \
             [[Catania 3479447370796909 [15.08726745843887329 37.50266842333162032]]] | [Catania] \
             | [Catania Palermo] | [Palermo] | [] | [] | []",
        );
    }

    #[test]
    fn stores() {
        check(
            &format!(
                "{SICILY} | GEORADIUS g 15 37 200 km STORE d | ZRANGE d 0 -1 WITHSCORES | \
                 GEORADIUS g 15 37 200 km STOREDIST d COUNT 1 | ZRANGE d 0 -1 | \
                 GEORADIUSBYMEMBER g Palermo 10 km STORE a STOREDIST g | ZSCORE g Palermo | \
                 EXISTS a | GEORADIUS none 1 1 1 m STORE d | EXISTS d | \
                 MULTI | GEORADIUSBYMEMBER g Palermo 1 m STORE x | EXEC"
            ),
            "2 | 2 | [Palermo 3479099956230698 Catania 3479447370796909] | 1 | [Catania] | 1 | 0 \
             | 0 | 0 | 0 | OK | QUEUED | [1]",
        );
        check_events(
            &format!(
                "{SICILY} | GEORADIUS g 15 37 200 km STORE d | GEORADIUS g 0 0 1 m STORE d | \
                 GEORADIUS g 0 0 1 m STORE d"
            ),
            "new g, zadd g, new d, georadiusstore d, del d",
            5,
        );
    }

    #[test]
    fn refuses() {
        let syntax = "ERR syntax error";
        check(
            &format!(
                "{SICILY} | GEORADIUS g x 1 1 m | GEORADIUS g 200 1 1 m | GEORADIUS g 1 1 x m | \
                 GEORADIUS g 1 1 -1 m | GEORADIUS g 1 1 1 x | GEORADIUS g 1 1 1 m COUNT 0 | \
                 GEORADIUS g 1 1 1 m COUNT x | GEORADIUS g 1 1 1 m COUNT | \
                 GEORADIUS g 1 1 1 m STORE | GEORADIUS_RO g 1 1 1 m STORE d | \
                 GEORADIUS g 1 1 1 m BYBOX 1 1 m | GEORADIUSBYMEMBER g x 1 m"
            ),
            &format!(
                "2 | ERR value is not a valid float | \
                 ERR invalid longitude,latitude pair 200.000000,1.000000 | \
                 ERR need numeric radius | ERR radius cannot be negative | \
                 ERR unsupported unit provided. please use M, KM, FT, MI | \
                 ERR COUNT must be > 0 | ERR value is not an integer or out of range | {syntax} | \
                 {syntax} | {syntax} | {syntax} | ERR could not decode requested zset member"
            ),
        );
        check(
            "GEORADIUS g 1 1 1 m ANY | GEORADIUS g 1 1 1 m STORE d WITHDIST | SET t v | \
             GEORADIUS t x 1 1 m | GEORADIUSBYMEMBER_RO t x 1 m",
            "ERR the ANY argument requires COUNT argument | \
             ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and \
             WITHCOORD options | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
