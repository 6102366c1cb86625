//! `GEOSEARCH key FROMMEMBER member|FROMLONLAT longitude latitude BYRADIUS radius unit|BYBOX width
//! height unit|BYPOLYGON num-vertices longitude latitude... [ASC|DESC] [COUNT count [ANY]]
//! [WITHCOORD] [WITHDIST] [WITHHASH]`, `GEOSEARCHSTORE destination source ... [STOREDIST]`.
//!
//! A polygon, which is Valkey's, has a centre of its own and takes no FROM.

use super::arguments::UNIT;
use super::georadius::{COUNT, ORDER, WITH_COORD, WITH_DIST, WITH_HASH};
use super::options::{Kind, Options};
use super::search;
use crate::cost::FEW;
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_types::zset::ZSet;

pub const GEOSEARCH: Command = Command {
    spec: Spec {
        name: "geosearch",
        cost: Some(|keys, args| cost(keys, args, 1, Kind::Search)),
        arity: -7,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        summary: "Searches places in a circle, a box or a polygon.",
        args: &[Arg::key("key", 0), FROM, BY, ORDER, COUNT, WITH_COORD, WITH_DIST, WITH_HASH],
        ..SPEC
    },
    run: |ctx, args| {
        let mut options = Options::default();
        let set = ctx.keys.read::<ZSet>(args.at(1))?;
        options.read(Kind::Search, args, 2, set)?;
        search::run(&mut ctx.reply, ctx.limits, set, &options);
        Ok(())
    },
};

pub const GEOSEARCHSTORE: Command = Command {
    spec: Spec {
        name: "geosearchstore",
        cost: Some(|keys, args| cost(keys, args, 2, Kind::SearchStore)),
        arity: -8,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).ow().update(), KeySpec::at(2).ro().access()],
        summary: "Searches places in a circle, a box or a polygon, and stores them.",
        args: &[
            Arg::key("destination", 0),
            Arg::key("source", 1),
            FROM,
            BY,
            ORDER,
            COUNT,
            Arg::flag("storedist", "STOREDIST").optional(),
        ],
        ..SPEC
    },
    run: |ctx, args| {
        let mut options = Options { target: Some(args.at(1)), ..Options::default() };
        let set = ctx.keys.read::<ZSet>(args.at(2))?;
        options.read(Kind::SearchStore, args, 3, set)?;
        let result = search::run(&mut ctx.reply, ctx.limits, set, &options).unwrap_or_default();
        search::store(ctx, args.at(1), result, "geosearchstore");
        Ok(())
    },
};

/// What a search costs in the index at the `at`th word.
fn cost(keys: &Keys<'_>, args: Args<'_>, at: usize, kind: Kind) -> usize {
    let set = keys.glimpse::<ZSet>(args.at(at));
    let Some(set) = set.filter(|set| set.len() > FEW) else { return keys.elements(args.at(at)) };
    let target = (at == 2).then(|| args.at(1));
    let mut options = Options { target, ..Options::default() };
    options.read(kind, args, at + 1, Some(set)).map_or(0, |()| search::cost(set, &options))
}

const SPEC: Spec = Spec {
    group: Group::Geo,
    since: "6.2.0",
    complexity: "O(N+log(M)) where N is the number of places in the cells around the area and M \
                 of those in the index.",
    ..Spec::EMPTY
};

const FROM: Arg = Arg::one_of(
    "from",
    &[
        Arg::string("member").token("FROMMEMBER"),
        Arg::block("fromlonlat", &[Arg::double("longitude"), Arg::double("latitude")])
            .token("FROMLONLAT"),
    ],
)
.optional();
const BY: Arg = Arg::one_of(
    "by",
    &[
        Arg::block("circle", &[Arg::double("radius").token("BYRADIUS"), UNIT]),
        Arg::block("box", &[Arg::double("width").token("BYBOX"), Arg::double("height"), UNIT]),
        Arg::block(
            "polygon",
            &[
                Arg::integer("num-vertices").token("BYPOLYGON"),
                Arg::block("vertex", &[Arg::double("longitude"), Arg::double("latitude")])
                    .multiple(),
            ],
        ),
    ],
);

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events, configure, raw3};

    const SICILY: &str = "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania | \
                          GEOADD g 12.758489 38.788135 edge1 17.241510 38.788135 edge2";

    #[test]
    fn circles_and_boxes() {
        check(
            &format!(
                "{SICILY} | GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC | \
                 GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHDIST | \
                 GEOSEARCH g BYBOX 400 400 km FROMMEMBER Catania DESC COUNT 2 | \
                 GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 300 km COUNT 1 ANY WITHHASH | \
                 GEOSEARCH none FROMMEMBER x BYRADIUS 1 m"
            ),
            "2 | 2 | [Catania Palermo] | [[Catania 56.4413] [Palermo 190.4424] \
             [edge2 279.7403] [edge1 279.7405]] | [edge2 Palermo] | [[Palermo 3479099956230698]] | \
             []",
        );
        let resp3 = "GEOADD g 1 1 a | GEOSEARCH g FROMMEMBER a BYRADIUS 1 m WITHCOORD WITHDIST";
        assert_eq!(
            raw3(resp3),
            ":1\r\n*1\r\n*3\r\n$1\r\na\r\n$6\r\n0.0000\r\n*2\r\n,0.99999994039535522\r\n\
             ,0.99999945914297683\r\n"
        );
    }

    #[test]
    fn polygons() {
        let corners = "5 12.41098696654226 38.05033923003755 15.107936245794182 \
                       38.00616649901906 18.148439288534455 38.63804787603499 \
                       17.80831874257693 39.50316813110968 12.458468633214036 38.57719533463012";
        check(
            &format!(
                "{SICILY} | GEOSEARCH g BYPOLYGON {corners} | \
                 GEOSEARCH g BYPOLYGON {corners} ASC WITHDIST | \
                 GEOSEARCHSTORE d g BYPOLYGON {corners} COUNT 1 | ZRANGE d 0 -1"
            ),
            "2 | 2 | [Palermo edge2] | [[Palermo 166482.0159] [edge2 180861.7725]] | 1 | \
             [Palermo]",
        );
        let few = "ERR GEOSEARCH BYPOLYGON must have at least 3 vertices";
        check(
            "GEOSEARCH g BYPOLYGON 2 1 1 2 | GEOSEARCH g BYPOLYGON 3 1 1 2 2 3 | \
             GEOSEARCH g BYPOLYGON x 1 1 2 2 3 3 | GEOSEARCH g BYPOLYGON 3 1 1 2 2 3 99 | \
             GEOSEARCH g BYPOLYGON 3 1 1 2 2 3 3 BYRADIUS 1 m | \
             GEOSEARCH g FROMLONLAT 1 1 BYPOLYGON 3 1 1 2 2 3 3 | \
             GEOSEARCH g BYPOLYGON -1 1 1 2 2",
            &format!(
                "{few} | {few} | ERR invalid number of vertices | \
                 ERR invalid longitude,latitude pair 3.000000,99.000000 | ERR syntax error | \
                 ERR syntax error | {few}"
            ),
        );
    }

    #[test]
    fn stores() {
        check(
            &format!(
                "{SICILY} | GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2 | \
                 ZRANGE d 0 -1 WITHSCORES | \
                 GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km COUNT 2 STOREDIST | \
                 ZRANGE d 0 -1 | ZSCORE d Catania | \
                 GEOSEARCHSTORE g g FROMLONLAT 15 37 BYRADIUS 100 km | ZCARD g | \
                 GEOSEARCHSTORE d none FROMMEMBER x BYRADIUS 1 m | EXISTS d"
            ),
            "2 | 2 | 2 | [Palermo 3479099956230698 Catania 3479447370796909] | 2 | \
             [Catania Palermo] | 56.4412578701582 | 1 | 1 | 0 | 0",
        );
        check_events(
            "GEOADD g 1 1 a 2 2 b | GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 999 km | \
             GEOSEARCHSTORE d g FROMLONLAT 9 9 BYRADIUS 1 m",
            "new g, zadd g, new d, geosearchstore d, del d",
            5,
        );
    }

    #[test]
    fn refuses() {
        let syntax = "ERR syntax error";
        let from = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for";
        let by = "ERR exactly one of BYRADIUS and BYBOX can be specified for";
        check(
            "GEOSEARCH g BYRADIUS 1 m ASC DESC ASC | GEOSEARCH g FROMLONLAT 1 1 ASC DESC | \
             GEOSEARCHSTORE d g FROMLONLAT 1 1 ASC DESC | \
             GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m BYBOX 1 1 m | \
             GEOSEARCH g FROMLONLAT 1 1 FROMMEMBER a BYRADIUS 1 m | \
             GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m STOREDIST | \
             GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m STORE d | \
             GEOSEARCH g FROMLONLAT 1 1 BYBOX 1 x m | GEOSEARCH g FROMLONLAT 1 1 BYBOX x 1 m | \
             GEOSEARCH g FROMLONLAT 1 1 BYBOX 1 -1 m | GEOSEARCH g FROMLONLAT 1 1 BYRADIUS 1 m ANY",
            &format!(
                "{from} GEOSEARCH | {by} GEOSEARCH | {by} GEOSEARCHSTORE | {syntax} | {syntax} | \
                 {syntax} | {syntax} | ERR need numeric height | ERR need numeric width | \
                 ERR height or width cannot be negative | \
                 ERR the ANY argument requires COUNT argument"
            ),
        );
        check(
            "GEOADD g 1 1 a | GEOSEARCH g FROMMEMBER x BYRADIUS 1 m | SET t v | \
             GEOSEARCH t FROMMEMBER x BYRADIUS 1 m | \
             GEOSEARCHSTORE d g FROMMEMBER a BYRADIUS 1 m WITHDIST",
            "1 | ERR could not decode requested zset member | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value | \
             ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        );
    }

    #[test]
    fn large_and_small_indexes_answer_alike() {
        let mut server = TestServer::new();
        let mut client = server.client();
        let mut add = |server: &mut TestServer, key: &str| {
            for number in 0..60 {
                let (x, y) = (number % 10, number / 10);
                server.run(&mut client, &format!("GEOADD {key} {x} {y} m{number}"));
            }
        };
        add(&mut server, "small");
        configure(&server, "zset-max-listpack-entries", "8");
        add(&mut server, "large");
        let mut client = server.client();
        for area in ["BYRADIUS 250 km", "BYBOX 500 700 km ASC", "BYRADIUS 250 km COUNT 3 ANY"] {
            let mut search = |key: &str| {
                let line = format!("GEOSEARCH {key} FROMLONLAT 4.4 2.3 {area} WITHDIST");
                server.run(&mut client, &line)
            };
            assert_eq!(search("small"), search("large"));
        }
    }
}
