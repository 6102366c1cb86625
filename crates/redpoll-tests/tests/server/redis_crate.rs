//! The `redis` crate as programs use it, in both protocols.

use redis::{Commands, ConnectionLike, ControlFlow, PubSubCommands, RedisResult, Value};
use redpoll_tests::{PATIENCE, Server, eventually};
use std::collections::{BTreeMap, BTreeSet};

/// Runs a test once with each protocol, on an empty server each.
fn both(test: impl Fn(&redis::Client)) {
    for protocol in ["resp2", "resp3"] {
        let server = Server::start(&["--io-threads", "2"]);
        let url = format!("redis://127.0.0.1:{}/?protocol={protocol}", server.port);
        test(&redis::Client::open(url).expect("a client"));
    }
}

fn connect(client: &redis::Client) -> redis::Connection {
    let connection = client.get_connection().expect("a connection");
    connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    connection
}

#[test]
fn strings_and_expiry() -> RedisResult<()> {
    both(|client| strings(connect(client)).expect("no error"));
    Ok(())
}

fn strings(mut c: redis::Connection) -> RedisResult<()> {
    let bytes: Vec<u8> = (0..=255).collect();
    let _: () = c.set("k", &bytes)?;
    assert_eq!(c.get::<_, Vec<u8>>("k")?, bytes);
    assert_eq!(c.get::<_, Option<String>>("none")?, None);
    assert_eq!(c.incr::<_, _, i64>("n", 5)?, 5);
    assert_eq!(c.decr::<_, _, i64>("n", 7)?, -2);
    assert_eq!(c.incr::<_, _, f64>("f", 0.5)?, 0.5);
    assert_eq!(c.append::<_, _, usize>("a", "xyz")?, 3);
    assert_eq!(c.getrange::<_, String>("a", 1, -1)?, "yz");
    assert_eq!(c.setrange::<_, _, usize>("a", 5, "!")?, 6);
    let _: () = c.mset(&[("m1", "1"), ("m2", "2")])?;
    assert_eq!(
        c.mget::<_, Vec<Option<String>>>(&["m1", "none", "m2"])?,
        [Some("1".into()), None, Some("2".into())]
    );
    assert!(c.set_nx::<_, _, bool>("once", 1)?);
    assert!(!c.set_nx::<_, _, bool>("once", 2)?);
    let options = redis::SetOptions::default()
        .conditional_set(redis::ExistenceCheck::XX)
        .get(true)
        .with_expiration(redis::SetExpiry::EX(100));
    assert_eq!(c.set_options::<_, _, Option<i64>>("once", 3, options)?, Some(1));
    assert!((1..=100).contains(&c.ttl::<_, i64>("once")?));
    assert!(c.persist::<_, bool>("once")?);
    assert_eq!(c.ttl::<_, i64>("once")?, -1);
    assert!(c.pexpire::<_, bool>("once", 20)?);
    eventually("the key expires", || !c.exists::<_, bool>("once").expect("an answer"));
    assert_eq!(c.get_del::<_, Option<i64>>("n")?, Some(-2));
    let error = redis::cmd("INCR").arg("a").query::<i64>(&mut c).expect_err("no integer");
    assert_eq!(error.detail(), Some("value is not an integer or out of range"));
    let error = c.lpush::<_, _, i64>("a", 1).expect_err("no list");
    assert_eq!(error.code(), Some("WRONGTYPE"));
    Ok(())
}

#[test]
fn lists() {
    both(|client| {
        let mut c = connect(client);
        check_lists(&mut c).expect("no error");
        let mut other = connect(client);
        let waiter = std::thread::spawn(move || {
            other.blpop::<_, (String, i64)>(&["queue", "other"], 0.0).expect("an answer")
        });
        let mut pushed = 0;
        eventually("the waiter is served", || {
            if !waiter.is_finished() && pushed == 0 {
                pushed = c.rpush::<_, _, i64>("queue", 42).expect("an answer");
            }
            waiter.is_finished()
        });
        assert_eq!(waiter.join().expect("the waiter"), ("queue".to_owned(), 42));
    });
}

fn check_lists(c: &mut redis::Connection) -> RedisResult<()> {
    assert_eq!(c.rpush::<_, _, i64>("l", &[1, 2, 3, 4, 5])?, 5);
    assert_eq!(c.lpush::<_, _, i64>("l", 0)?, 6);
    assert_eq!(c.lrange::<_, Vec<i64>>("l", 1, -2)?, [1, 2, 3, 4]);
    assert_eq!(c.lindex::<_, i64>("l", -1)?, 5);
    assert_eq!(c.lpop::<_, Vec<i64>>("l", std::num::NonZeroUsize::new(2))?, [0, 1]);
    assert_eq!(c.linsert_before::<_, _, _, i64>("l", 4, 33)?, 5);
    assert_eq!(c.lrem::<_, _, i64>("l", 0, 33)?, 1);
    let _: () = c.lset("l", 0, 22)?;
    let _: () = c.ltrim("l", 0, 1)?;
    assert_eq!(c.lrange::<_, Vec<i64>>("l", 0, -1)?, [22, 3]);
    let moved: i64 = c.lmove("l", "m", redis::Direction::Left, redis::Direction::Right)?;
    assert_eq!((moved, c.llen::<_, i64>("l")?, c.llen::<_, i64>("m")?), (22, 1, 1));
    Ok(())
}

#[test]
fn hashes_sets_and_sorted_sets() {
    both(|client| {
        let mut c = connect(client);
        check_hashes(&mut c).expect("no error");
        check_sets(&mut c).expect("no error");
        check_sorted_sets(&mut c).expect("no error");
    });
}

fn check_hashes(c: &mut redis::Connection) -> RedisResult<()> {
    let _: () = c.hset_multiple("h", &[("a", 1), ("b", 2)])?;
    let all: BTreeMap<String, i64> = c.hgetall("h")?;
    assert_eq!(all, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    assert_eq!(c.hincr::<_, _, _, i64>("h", "a", 10)?, 11);
    assert_eq!(c.hget::<_, _, Option<i64>>("h", "none")?, None);
    assert_eq!(c.hdel::<_, _, i64>("h", &["a", "none"])?, 1);
    assert_eq!(c.hkeys::<_, Vec<String>>("h")?, ["b"]);
    assert!(c.hexists::<_, _, bool>("h", "b")?);
    for number in 0..1000 {
        let _: () = c.hset("big", format!("f{number}"), number)?;
    }
    let seen: BTreeMap<String, i64> =
        c.hscan::<_, (String, i64)>("big")?.collect::<RedisResult<_>>()?;
    assert_eq!(seen.len(), 1000);
    Ok(())
}

fn check_sets(c: &mut redis::Connection) -> RedisResult<()> {
    assert_eq!(c.sadd::<_, _, i64>("s", &["a", "b", "c", "a"])?, 3);
    assert_eq!(c.sadd::<_, _, i64>("t", &["b", "c", "d"])?, 3);
    let set = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(c.sinter::<_, BTreeSet<String>>(&["s", "t"])?, set(&["b", "c"]));
    assert_eq!(c.sunion::<_, BTreeSet<String>>(&["s", "t"])?, set(&["a", "b", "c", "d"]));
    assert_eq!(c.sdiff::<_, BTreeSet<String>>(&["s", "t"])?, set(&["a"]));
    assert!(c.sismember::<_, _, bool>("s", "a")?);
    assert!(c.smove::<_, _, _, bool>("s", "t", "a")?);
    assert_eq!(c.scard::<_, i64>("t")?, 4);
    let popped: String = c.spop("s")?;
    assert!(["b", "c"].contains(&popped.as_str()));
    Ok(())
}

fn check_sorted_sets(c: &mut redis::Connection) -> RedisResult<()> {
    let scores = [(1.5, "a"), (f64::INFINITY, "z"), (-2.0, "m")];
    assert_eq!(c.zadd_multiple::<_, _, _, i64>("z", &scores)?, 3);
    let all: Vec<(String, f64)> = c.zrange_withscores("z", 0, -1)?;
    assert_eq!(all, [("m".into(), -2.0), ("a".into(), 1.5), ("z".into(), f64::INFINITY)]);
    assert_eq!(c.zrangebyscore::<_, _, _, Vec<String>>("z", "(-2", 2)?, ["a"]);
    assert_eq!(c.zincr::<_, _, _, f64>("z", "a", 1)?, 2.5);
    assert_eq!(c.zrank::<_, _, Option<i64>>("z", "a")?, Some(1));
    assert_eq!(c.zscore::<_, _, Option<f64>>("z", "none")?, None);
    assert_eq!(c.zpopmin::<_, Vec<(String, f64)>>("z", 1)?, [("m".into(), -2.0)]);
    assert_eq!(c.zcount::<_, _, _, i64>("z", "-inf", "+inf")?, 2);
    Ok(())
}

#[test]
fn transactions() {
    both(|client| {
        let mut c = connect(client);
        let answer: (i64, i64) =
            redis::pipe().atomic().incr("n", 1).incr("n", 1).query(&mut c).expect("an answer");
        assert_eq!(answer, (1, 2));
        // Each of several clients adds to a counter by WATCH, GET, SET.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut c = connect(client);
                    for _ in 0..50 {
                        add_one(&mut c).expect("no error");
                    }
                });
            }
        });
        assert_eq!(c.get::<_, i64>("sum").expect("an answer"), 200);
    });
}

fn add_one(c: &mut redis::Connection) -> RedisResult<()> {
    redis::transaction(c, &["sum"], |c, pipe| {
        let sum: Option<i64> = c.get("sum")?;
        pipe.set("sum", sum.unwrap_or(0) + 1).ignore().query::<Option<()>>(c)
    })
}

#[test]
fn messages() {
    both(|client| {
        let mut listener = connect(client);
        let mut speaker = connect(client);
        let listening = std::thread::spawn(move || {
            let mut seen = Vec::new();
            listener
                .psubscribe(&["news.*"], |message| {
                    seen.push((message.get_channel_name().to_owned(), message.get_payload()));
                    if seen.len() == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue }
                })
                .expect("messages");
            seen
        });
        eventually("somebody listens", || {
            redis::cmd("PUBSUB").arg("NUMPAT").query::<i64>(&mut speaker).expect("an answer") == 1
        });
        for number in 0..100 {
            let count: i64 = speaker.publish(format!("news.{number}"), number).expect("an answer");
            assert_eq!(count, 1);
        }
        let seen = listening.join().expect("the listener");
        for (number, (channel, payload)) in seen.into_iter().enumerate() {
            assert_eq!(channel, format!("news.{number}"));
            assert_eq!(payload, Ok::<usize, redis::RedisError>(number));
        }
    });
}

#[test]
fn pipelines_of_a_hundred_thousand() {
    both(|client| {
        let mut c = connect(client);
        let count = 100_000;
        let mut pipe = redis::pipe();
        for number in 0..count {
            pipe.set(number, number).ignore();
        }
        pipe.query::<()>(&mut c).expect("no error");
        let mut pipe = redis::pipe();
        for number in 0..count {
            pipe.get(number);
        }
        let values: Vec<i64> = pipe.query(&mut c).expect("values");
        assert!(values.into_iter().eq(0..count));
        let packed = redis::cmd("PING").get_packed_command().repeat(count as usize);
        let pongs = c.req_packed_commands(&packed, 0, count as usize).expect("answers");
        assert!(pongs.iter().all(|pong| *pong == Value::SimpleString("PONG".into())));
        assert_eq!(pongs.len(), count as usize);
    });
}

#[test]
fn a_scan_finds_every_key_that_stays() {
    both(|client| {
        let mut c = connect(client);
        let mut pipe = redis::pipe();
        for number in 0..20_000 {
            pipe.set(format!("stays:{number}"), number).ignore();
        }
        pipe.query::<()>(&mut c).expect("no error");
        let mut other = connect(client);
        let mut seen = BTreeSet::new();
        let (mut cursor, mut round) = (0u64, 0);
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg("stays:*").arg("COUNT").arg(100);
            let (next, keys): (u64, Vec<String>) = scan.query(&mut c).expect("a page");
            seen.extend(keys);
            // The table grows while it is scanned, then shrinks.
            let mut pipe = redis::pipe();
            for number in 0..500 {
                match round < 100 {
                    true => pipe.set(format!("goes:{round}:{number}"), 1).ignore(),
                    false => pipe.del(format!("goes:{}:{number}", round - 100)).ignore(),
                };
            }
            pipe.query::<()>(&mut other).expect("no error");
            (cursor, round) = (next, round + 1);
            if cursor == 0 {
                break;
            }
        }
        assert_eq!(seen.len(), 20_000);
    });
}

#[test]
fn databases_are_apart() {
    both(|client| {
        let mut c = connect(client);
        let _: () = c.set("k", "zero").expect("no error");
        for db in 1..16 {
            redis::cmd("SELECT").arg(db).query::<()>(&mut c).expect("a database");
            assert_eq!(c.get::<_, Option<String>>("k").expect("an answer"), None);
        }
        let error = redis::cmd("SELECT").arg(16).query::<()>(&mut c).expect_err("no database");
        assert_eq!(error.detail(), Some("DB index is out of range"));
    });
}
