//! Whatever is written while long commands are on their way: each answers what was there at its
//! moment, and a store's result is that of the moment at which it becomes visible.

use crate::testing::{TestServer, configure};
use proptest::prelude::*;
use redpoll_engine::Session;

/// Reads of all of a collection of each type, and what depends on many keys.
const READS: [&str; 11] = [
    "SMEMBERS s",
    "HGETALL h",
    "LRANGE l 0 -1",
    "ZRANGE z 0 -1 WITHSCORES",
    "XRANGE x - +",
    "XREAD STREAMS x 0",
    "BITCOUNT b",
    "DUMP b",
    "SORT l ALPHA",
    "SUNION s n",
    "ZDIFF 2 z n WITHSCORES",
];

/// Stores, each with what its target must be afterwards.
const STORES: [(&str, &str); 6] = [
    ("SUNIONSTORE d s n", "SORT d ALPHA"),
    ("SDIFFSTORE d s n", "SORT d ALPHA"),
    ("ZUNIONSTORE d 2 z n", "ZRANGE d 0 -1 WITHSCORES"),
    ("ZRANGESTORE d z 0 -1", "ZRANGE d 0 -1 WITHSCORES"),
    ("SORT l ALPHA STORE d", "LRANGE d 0 -1"),
    ("BITOP NOT d b", "DUMP d"),
];

/// A server with large collections of every type, in several chunks each.
fn filled() -> (TestServer, Session) {
    let mut server = TestServer::in_background("snapshot");
    let mut session = server.client();
    let numbers: Vec<usize> = (0..600).collect();
    let words = |each: &dyn Fn(usize) -> String| -> String {
        numbers.iter().map(|&number| each(number)).collect::<Vec<_>>().join(" ")
    };
    for line in [
        format!("SADD s {}", words(&|it| format!("member:{it}"))),
        format!("SADD n {}", words(&|it| format!("member:{}", it * 3))),
        format!("HSET h {}", words(&|it| format!("field:{it} value:{it}"))),
        format!("RPUSH l {}", words(&|it| format!("element:{}", it * 7919 % 600))),
        format!("ZADD z {}", words(&|it| format!("{} member:{it}", it % 50))),
        format!("SETRANGE b 3000 {}", "b".repeat(600)),
    ] {
        server.run(&mut session, &line);
    }
    for number in numbers {
        server.run(&mut session, &format!("XADD x {}-1 field value:{number}", number + 1));
    }
    server.waits_to_work = true;
    (server, session)
}

/// A write at random to one of them.
fn write() -> impl Strategy<Value = String> {
    (0..24usize, 0..700usize, 0..700usize).prop_map(|(kind, a, b)| match kind {
        0 => format!("SADD s new:{a}"),
        1 => format!("SREM s member:{a} member:{b}"),
        2 => "SPOP s".to_owned(),
        3 => format!("SMOVE s n member:{a}"),
        4 => format!("HSET h field:{a} {b}"),
        5 => format!("HDEL h field:{a} field:{b}"),
        6 => format!("HINCRBY h count:{} {b}", a % 3),
        7 => format!("LSET l {} {b}", a % 300),
        8 => format!("LPUSH l {a} {b}"),
        9 => "RPOP l".to_owned(),
        10 => "LMOVE l l LEFT RIGHT".to_owned(),
        11 => format!("LTRIM l {} -{}", a % 20, 1 + b % 20),
        12 => format!("ZADD z {b} member:{a}"),
        13 => format!("ZINCRBY z {a} member:{b}"),
        14 => format!("ZREM z member:{a} member:{b}"),
        15 => format!("ZREMRANGEBYRANK z {} {}", a % 500, a % 500 + b % 10),
        16 => format!("XADD x * field {a}"),
        17 => format!("XDEL x {a}-1 {b}-1"),
        18 => format!("XTRIM x MAXLEN {}", 400 + a % 200),
        19 => format!("SETBIT b {} 1", a * 40),
        20 => format!("APPEND b {a}"),
        21 => format!("SETRANGE b {} {b}", a * 5),
        22 => format!("DEL {}", ["s", "h", "l", "z", "x", "b", "n"][a % 7]),
        _ => format!("RENAME {} m", ["s", "h", "l", "z", "x", "b", "n"][a % 7]),
    })
}

/// What a command answers at once.
fn at_once(server: &mut TestServer, session: &mut Session, line: &str) -> Vec<u8> {
    session.long_commands = Some(redpoll_config::LongCommands::Inline);
    let answer = server.raw(session, line);
    assert!(!session.is_away(), "{line}");
    answer
}

/// What a client gets in the end.
fn answer(server: &mut TestServer, session: &mut Session) -> Vec<u8> {
    let mut out = Vec::new();
    server.work();
    server.come_back(session, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn answers_are_of_their_moments(
        rounds in prop::collection::vec(
            (0..READS.len(), prop::collection::vec(write(), 0..12)),
            1..24,
        ),
    ) {
        let (mut server, mut other) = filled();
        let mut waiting: Vec<(Session, &str, Vec<u8>)> = Vec::new();
        for (read, writes) in rounds {
            let (mut session, line) = (server.client(), READS[read]);
            let expected = at_once(&mut server, &mut other, line);
            let got = server.raw(&mut session, line);
            match session.is_away() {
                true => waiting.push((session, line, expected)),
                false => prop_assert_eq!(got, expected, "{}", line),
            }
            for line in writes {
                at_once(&mut server, &mut other, &line);
            }
        }
        for (mut session, line, expected) in waiting {
            prop_assert_eq!(answer(&mut server, &mut session), expected, "{}", line);
        }
    }

    #[test]
    fn stores_are_of_the_moment_they_are_seen(
        rounds in prop::collection::vec(
            (0..STORES.len(), prop::collection::vec(write(), 0..6)),
            1..12,
        ),
    ) {
        let (mut server, mut other) = filled();
        for (store, writes) in rounds {
            let (store, read) = STORES[store];
            let mut session = server.client();
            server.raw(&mut session, store);
            let has_left = session.is_away();
            for line in writes {
                at_once(&mut server, &mut other, &line);
            }
            if !has_left {
                continue;
            }
            answer(&mut server, &mut session);
            let stored = at_once(&mut server, &mut other, read);
            at_once(&mut server, &mut other, store);
            prop_assert_eq!(stored, at_once(&mut server, &mut other, read), "{}", store);
        }
    }
}

/// A client that waits with a count: what it has come for is gone when its command runs.
#[test]
fn who_finds_nothing_any_more_waits() {
    let mut server = TestServer::in_background("snapshot");
    server.waits_to_work = true;
    let (mut one, mut other) = (server.client(), server.client());
    for (fill, pop, expected) in [
        ("RPUSH k a b", "BLMPOP 0 1 k LEFT COUNT 5", "[k [c]]"),
        ("ZADD k 1 a", "BZMPOP 0 1 k MIN COUNT 5", "[k [[c 2]]]"),
        ("XADD k 1 f v", "XREAD BLOCK 0 STREAMS k 0", ""),
    ] {
        at_once(&mut server, &mut other, fill);
        server.raw(&mut one, pop);
        assert!(one.is_away(), "{pop}");
        at_once(&mut server, &mut other, "DEL k");
        let got = answer(&mut server, &mut one);
        assert!(!one.is_away(), "{pop}");
        if expected.is_empty() {
            // It reads what was there at its moment.
            assert!(got.starts_with(b"*1\r\n"), "{pop}");
            continue;
        }
        assert_eq!(got, b"", "{pop}");
        assert!(one.waiting.is_some(), "{pop}");
        let again = if fill.starts_with("RPUSH") { "RPUSH k c" } else { "ZADD k 2 c" };
        at_once(&mut server, &mut other, again);
        assert_eq!(server.receive(&mut one), expected, "{pop}");
    }
}

/// The limits of the small forms do not matter: a task is what it is by its cost.
#[test]
fn small_calls_stay_and_large_ones_leave() {
    let (mut server, mut other) = filled();
    configure(&server, "background-threshold", "500");
    for (line, leaves) in [
        ("LPOP l 10", false),
        ("LPOP l 550", true),
        ("RPUSH l a", false),
        ("ZPOPMIN z 10", false),
        ("ZPOPMAX z 400", true),
        ("LMPOP 2 none l LEFT COUNT 3", false),
        ("SRANDMEMBER s 20", false),
        ("SRANDMEMBER s -800", true),
        ("HRANDFIELD h 580 WITHVALUES", true),
        ("XREAD COUNT 9 STREAMS x 0", false),
        ("XREAD COUNT 2000 STREAMS x 0", true),
        ("XREAD STREAMS x 599-9", false),
        ("ZREMRANGEBYSCORE z 0 1", false),
    ] {
        let mut session = server.client();
        server.raw(&mut session, line);
        assert_eq!(session.is_away(), leaves, "{line}");
        answer(&mut server, &mut session);
    }
    assert!(!at_once(&mut server, &mut other, "LLEN l").is_empty());
}
