//! Who writes to the primary: commands on values of every type, some of which depend on chance and
//! time; and keys that belong together.

use super::breathe;
use redpoll_tests::{Chance, Talk};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// How many keys there are that always have the same value.
pub const MARKS: usize = 40;

/// The name of one of them.
pub fn mark(number: usize) -> String {
    format!("mark:{number}")
}

/// How long an answer is waited for: servers are stopped for a while, too.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives a primary without data some, so that a first sync takes a while.
pub fn fill(talk: &mut Talk) {
    let script = "if redis.call('exists', 'filled') == 1 then return 0 end \
                  for i = 1, 1500 do redis.call('set', 'fill:' .. i, string.rep('v', i)) end \
                  for i = 1, 300 do redis.call('rpush', 'list:' .. i % 9, string.rep('x', i)) \
                  redis.call('hset', 'hash:' .. i % 9, 'f' .. i, i) \
                  redis.call('zadd', 'zset:' .. i % 9, i, 'm' .. i) \
                  redis.call('sadd', 'set:' .. i % 9, 'm' .. i) end \
                  redis.call('setrange', 'large', 600000, 'x') \
                  return redis.call('set', 'filled', 1)";
    talk.ask_words(&[b"EVAL", script.as_bytes(), b"0"]);
}

/// What a writer goes by.
pub struct Writing {
    /// What it draws from.
    pub chance: Chance,
    /// Whether redis-server must know all commands.
    pub with_redis: bool,
    /// The last version of what belongs together.
    pub version: u64,
}

/// Writes until told to stop.
pub fn write((port, writer): (u16, u64), mut writing: Writing, stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        let Some(mut talk) = Talk::try_tcp(port, PATIENCE) else {
            breathe();
            continue;
        };
        while !stop.load(Relaxed) && writing.step(&mut talk, writer).is_some() {
            breathe();
        }
    }
}

impl Writing {
    fn step(&mut self, talk: &mut Talk, writer: u64) -> Option<()> {
        let Writing { chance, with_redis, version } = self;
        // The first one keeps what belongs together.
        if writer == 0 && chance.below(4) == 0 {
            *version += 1;
            let marks: Vec<String> =
                (0..MARKS).map(|it| format!("{} {version}", mark(it))).collect();
            talk.try_ask(&format!("MSET {}", marks.join(" ")))?;
            talk.try_ask("MULTI")?;
            talk.try_ask(&format!("SET pair:a {version}"))?;
            talk.try_ask(&format!("LPUSH pair:b {version}"))?;
            talk.try_ask("LTRIM pair:b 0 3")?;
            talk.try_ask("EXEC")?;
        }
        match chance.below(12) {
            0 => {
                let database = chance.one_of(&["0", "9", "3"]);
                talk.try_ask(&format!("SELECT {database}"))?;
                // What belongs together lies in the first.
                (database != "0" && writer == 0).then(|| talk.try_ask("SELECT 0"));
            }
            1 => {
                talk.try_ask("MULTI")?;
                for _ in 0..chance.below(5) {
                    talk.try_ask(&command(chance, *with_redis))?;
                }
                talk.try_ask(chance.one_of(&["EXEC", "EXEC", "EXEC", "DISCARD"]))?;
            }
            2 => {
                let script = "redis.call('incr', KEYS[1]) redis.call('rpush', KEYS[2], ARGV[1]) \
                          redis.call('spop', KEYS[3]) redis.call('expire', KEYS[1], 1000)";
                let (list, set) = (key("list", chance), key("set", chance));
                let words = [&b"EVAL"[..], script.as_bytes(), b"3", b"n:1"];
                talk.try_ask_words(
                    &[&words[..], &[list.as_bytes(), set.as_bytes(), b"x"]].concat(),
                )?;
            }
            3 => {
                let code = format!(
                    "#!lua name=lib{} \nredis.register_function('f{0}', function() return {} end)",
                    chance.below(3),
                    chance.below(100)
                );
                talk.try_ask_words(&[b"FUNCTION", b"LOAD", b"REPLACE", code.as_bytes()])?;
            }
            _ => drop(talk.try_ask(&command(chance, *with_redis))?),
        }
        Some(())
    }
}

fn key(kind: &str, chance: &mut Chance) -> String {
    format!("{kind}:{}", chance.below(9))
}

/// Forms of commands by the kind of the keys that they are for.
const FORMS: &[(&str, &[&str])] = &[
    (
        "fill",
        &[
            "SET K N",
            "SET K N PX S",
            "SET K N EX 1000",
            "APPEND K more",
            "SETRANGE K N xyz",
            "SETBIT K N 1",
            "GETDEL K",
            "GETEX K PX S",
            "COPY K O REPLACE",
            "BITOP XOR O K O",
            "MSETNX K N O N",
            "PFADD hll:1 N",
            "GEOADD geo 13.N 38.S N",
        ],
    ),
    (
        "list",
        &[
            "RPUSH K N N N",
            "LPUSH K N",
            "LPOP K S",
            "RPOP K",
            "LMOVE K O LEFT RIGHT",
            "LMPOP 2 K O LEFT COUNT 2",
            "LSET K 0 N",
            "LINSERT K BEFORE N S",
            "LREM K 1 N",
            "LTRIM K 0 200",
            "SORT K ALPHA STORE list:sorted",
        ],
    ),
    (
        "hash",
        &[
            "HSET K f N",
            "HSET K f:N S g:N S",
            "HSETNX K e N",
            "HINCRBY K c S",
            "HINCRBYFLOAT K d 0.S",
            "HDEL K f:N",
            "HPEXPIRE K S FIELDS 1 f:N",
            "HEXPIRE K 1000 FIELDS 2 f f:N",
            "HPERSIST K FIELDS 1 f",
        ],
    ),
    (
        "zset",
        &[
            "ZADD K N m:N",
            "ZADD K GT N m",
            "ZINCRBY K S m:N",
            "ZREM K m:N",
            "ZPOPMIN K",
            "ZPOPMAX K S",
            "ZREMRANGEBYRANK K 200 -1",
            "ZUNIONSTORE zset:u 2 K O",
            "ZDIFFSTORE zset:d 2 K O",
            "ZRANGESTORE zset:r K 0 S",
        ],
    ),
    (
        "set",
        &[
            "SADD K N m:S",
            "SREM K N",
            "SPOP K",
            "SPOP K 3",
            "SMOVE K O N",
            "SINTERSTORE set:i K O",
            "SUNIONSTORE set:u K O",
        ],
    ),
    (
        "stream",
        &[
            "XADD K * f N",
            "XADD K MAXLEN ~ 100 * f N g S",
            "XADD K MAXLEN = 50 * f N",
            "XTRIM K MAXLEN S",
            "XSETID K 9999999999999-N",
            "XGROUP CREATE K g 0 MKSTREAM",
            "XGROUP SETID K g $",
            "XGROUP DELCONSUMER K g c",
            "XREADGROUP GROUP g c COUNT 3 STREAMS K >",
            "XREADGROUP GROUP g d COUNT 2 NOACK STREAMS K >",
            "XAUTOCLAIM K g d 0 0 COUNT 2",
        ],
    ),
    (
        "n",
        &[
            "INCR K",
            "INCRBY K N",
            "INCRBYFLOAT K 0.5",
            "DECR K",
            "EXPIRE K 1000",
            "EXPIRE K 1000 NX",
            "PEXPIRE K S",
            "PERSIST K",
        ],
    ),
    (
        "any",
        &[
            "RENAME fill:N fill:S",
            "RENAMENX list:2 list:7",
            "MOVE fill:N 9",
            "COPY fill:N fill:N DB 3 REPLACE",
            "SWAPDB 9 3",
            "UNLINK fill:N",
            "DEL list:1 hash:2",
            "EXPIRE fill:N 1",
            "PUBLISH channel N",
        ],
    ),
];

/// A command, most likely on keys that hold values of its type, or nothing.
pub fn command(chance: &mut Chance, with_redis: bool) -> String {
    let (kind, forms) = chance.one_of(FORMS);
    let known = |form: &&str| {
        !(with_redis && ["HP", "HEXPIRE"].iter().any(|newer| form.starts_with(newer)))
    };
    let form = std::iter::repeat_with(|| chance.one_of(forms)).find(known).unwrap_or_default();
    let (number, some) = (chance.below(300).to_string(), chance.below(40).to_string());
    let (key, other) = (key(kind, chance), key(kind, chance));
    // The letters stand for keys and numbers, also behind a mark.
    let filled = form.split(' ').map(|word| match word {
        "K" => key.clone(),
        "O" => other.clone(),
        "N" => number.clone(),
        "S" => some.clone(),
        _ => {
            let (head, tail) = word.split_at(word.len() - 1);
            let after_mark = head.ends_with([':', '.', '-']);
            match tail {
                "N" if after_mark => format!("{head}{number}"),
                "S" if after_mark => format!("{head}{some}"),
                _ => word.to_owned(),
            }
        }
    });
    filled.collect::<Vec<_>>().join(" ")
}
