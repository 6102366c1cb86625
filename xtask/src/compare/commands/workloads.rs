//! What is run for each command: one line of load, and what must be there before it.
//!
//! Values are small, as they mostly are, so that what is measured is the way to the data and back.
//! A line's `__rand_int__` is a number below [`KEYS`]. A command that takes something away gets
//! enough to take, by `fill`, or puts it back itself.

/// Where random numbers end.
pub const KEYS: u64 = 10_000;

/// The load of one command.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// The command, and what is special about this load.
    pub name: &'static str,
    /// One request.
    pub line: &'static str,
    /// Sent once before, each a command.
    pub setup: &'static [&'static str],
    /// Sent [`KEYS`] times before, counting up in place of `__rand_int__`.
    pub fill: &'static str,
    /// Whether `fill` is sent once for each request instead: the command consumes what it finds.
    pub consumes: bool,
}

/// A command on an empty server.
const fn on_nothing(name: &'static str, line: &'static str) -> Workload {
    Workload { name, line, setup: &[], fill: "", consumes: false }
}

/// A command on keys that commands have made.
const fn on(setup: &'static [&'static str], name: &'static str, line: &'static str) -> Workload {
    Workload { name, line, setup, fill: "", consumes: false }
}

/// A command on [`KEYS`] keys or elements.
const fn on_many(fill: &'static str, name: &'static str, line: &'static str) -> Workload {
    Workload { name, line, setup: &[], fill, consumes: false }
}

/// A command that takes away.
const fn consuming(fill: &'static str, name: &'static str, line: &'static str) -> Workload {
    Workload { name, line, setup: &[], fill, consumes: true }
}

/// The loads of a group of commands.
pub struct Group {
    /// Its heading.
    pub title: &'static str,
    /// Its loads.
    pub loads: &'static [Workload],
}

const STRINGS: &str = "SET k:__rand_int__ sixteen-bytes-ok";
const NUMBERS: &str = "SET n:__rand_int__ 100";
const LONG: &[&str] = &["SETRANGE s 999 x"];

const STRING: &[Workload] = &[
    on_many(STRINGS, "GET", "GET k:__rand_int__"),
    on_nothing("SET", "SET k:__rand_int__ sixteen-bytes-ok"),
    on_many(STRINGS, "SET EX GET", "SET k:__rand_int__ sixteen-bytes-ok EX 100 GET"),
    on_nothing("SETEX", "SETEX k:__rand_int__ 100 v"),
    on_nothing("PSETEX", "PSETEX k:__rand_int__ 100000 v"),
    on_nothing("SETNX", "SETNX k:__rand_int__ v"),
    on_many(STRINGS, "GETSET", "GETSET k:__rand_int__ sixteen-bytes-ok"),
    on_many(STRINGS, "GETEX", "GETEX k:__rand_int__ EX 100"),
    consuming(STRINGS, "GETDEL", "GETDEL k:__rand_int__"),
    on_many(STRINGS, "MGET of 3", "MGET k:__rand_int__ k:__rand_int__ k:__rand_int__"),
    on_nothing("MSET of 3", "MSET k:__rand_int__ a k:__rand_int__ b k:__rand_int__ c"),
    on(&["SET k a"], "MSETNX", "MSETNX k a m:__rand_int__ b"),
    on_nothing("INCR", "INCR n:__rand_int__"),
    on_nothing("DECR", "DECR n:__rand_int__"),
    on_nothing("INCRBY", "INCRBY n:__rand_int__ 5"),
    on_nothing("DECRBY", "DECRBY n:__rand_int__ 5"),
    on_nothing("INCRBYFLOAT", "INCRBYFLOAT n:__rand_int__ 0.5"),
    on_nothing("APPEND", "APPEND k:__rand_int__ ab"),
    on_many(STRINGS, "STRLEN", "STRLEN k:__rand_int__"),
    on_many(STRINGS, "GETRANGE", "GETRANGE k:__rand_int__ 2 5"),
    on_many(STRINGS, "SUBSTR", "SUBSTR k:__rand_int__ 2 5"),
    on_many(STRINGS, "SETRANGE", "SETRANGE k:__rand_int__ 2 abc"),
    on(&["MSET a ohmytext b mynewtext"], "LCS", "LCS a b"),
    on_nothing("MSETEX", "MSETEX 2 k:__rand_int__ a k:__rand_int__ b EX 100"),
    on_many(STRINGS, "DIGEST", "DIGEST k:__rand_int__"),
    on_many(STRINGS, "DELEX", "DELEX k:__rand_int__ IFEQ other"),
    on_nothing("INCREX", "INCREX n:__rand_int__"),
];

const GENERIC: &[Workload] = &[
    consuming(STRINGS, "DEL", "DEL k:__rand_int__"),
    consuming(STRINGS, "UNLINK", "UNLINK k:__rand_int__"),
    on_many(STRINGS, "EXISTS", "EXISTS k:__rand_int__"),
    on_many(STRINGS, "TOUCH", "TOUCH k:__rand_int__"),
    on_many(STRINGS, "TYPE", "TYPE k:__rand_int__"),
    on_many(STRINGS, "TTL", "TTL k:__rand_int__"),
    on_many(STRINGS, "PTTL", "PTTL k:__rand_int__"),
    on_many(STRINGS, "EXPIRETIME", "EXPIRETIME k:__rand_int__"),
    on_many(STRINGS, "PEXPIRETIME", "PEXPIRETIME k:__rand_int__"),
    on_many(STRINGS, "EXPIRE", "EXPIRE k:__rand_int__ 1000"),
    on_many(STRINGS, "PEXPIRE", "PEXPIRE k:__rand_int__ 1000000"),
    on_many(STRINGS, "EXPIREAT", "EXPIREAT k:__rand_int__ 4000000000"),
    on_many(STRINGS, "PEXPIREAT", "PEXPIREAT k:__rand_int__ 4000000000000"),
    on_many("SET k:__rand_int__ v EX 1000", "PERSIST", "PERSIST k:__rand_int__"),
    on(&["SET a v"], "RENAME", "RENAME a a"),
    on(&["SET a v", "SET b v"], "RENAMENX", "RENAMENX a b"),
    on_many(STRINGS, "COPY", "COPY k:__rand_int__ c:__rand_int__ REPLACE"),
    on(&["SET a v"], "MOVE", "MOVE none 1"),
    on_many(STRINGS, "RANDOMKEY", "RANDOMKEY"),
    on_many(STRINGS, "DBSIZE", "DBSIZE"),
    on_many(STRINGS, "SCAN", "SCAN 0"),
    on(&["MSET a 1 b 2 c 3"], "KEYS of 3", "KEYS *"),
    on(&["RPUSH l 5 3 1 4 2"], "SORT of 5", "SORT l"),
    on(&["RPUSH l 5 3 1 4 2"], "SORT_RO of 5", "SORT_RO l DESC LIMIT 0 3"),
    on_many(STRINGS, "OBJECT ENCODING", "OBJECT ENCODING k:__rand_int__"),
    on_many(STRINGS, "OBJECT IDLETIME", "OBJECT IDLETIME k:__rand_int__"),
    on_many(STRINGS, "DUMP", "DUMP k:__rand_int__"),
    on_nothing("WAIT", "WAIT 0 0"),
];

const ELEMENTS: &str = "RPUSH l element:__rand_int__";

const LIST: &[Workload] = &[
    on_nothing("LPUSH", "LPUSH l element"),
    on_nothing("RPUSH", "RPUSH l element"),
    on(&["RPUSH l a"], "LPUSHX", "LPUSHX l element"),
    on(&["RPUSH l a"], "RPUSHX", "RPUSHX l element"),
    consuming("RPUSH l element", "LPOP", "LPOP l"),
    consuming("RPUSH l element", "RPOP", "RPOP l"),
    consuming("RPUSH l element", "LMPOP", "LMPOP 1 l LEFT"),
    consuming("RPUSH l element", "BLPOP", "BLPOP l 0"),
    consuming("RPUSH l element", "BRPOP", "BRPOP l 0"),
    consuming("RPUSH l element", "BLMPOP", "BLMPOP 0 1 l LEFT"),
    on_many(ELEMENTS, "LLEN", "LLEN l"),
    on_many(ELEMENTS, "LINDEX", "LINDEX l 5000"),
    on_many(ELEMENTS, "LSET", "LSET l 5000 other"),
    on_many(ELEMENTS, "LRANGE of 10", "LRANGE l 100 109"),
    on_many(ELEMENTS, "LRANGE of 100", "LRANGE l 0 99"),
    on(&["RPUSH l a b c d e"], "LPOS", "LPOS l d"),
    on(&["RPUSH l a b c d e"], "LREM", "LREM l 1 none"),
    on(&["RPUSH l a b c d e"], "LTRIM", "LTRIM l 0 -1"),
    on(&["RPUSH l a b c d e"], "LINSERT", "LINSERT l BEFORE none x"),
    on_many(ELEMENTS, "LMOVE", "LMOVE l l LEFT RIGHT"),
    on_many(ELEMENTS, "BLMOVE", "BLMOVE l l LEFT RIGHT 0"),
    on_many(ELEMENTS, "RPOPLPUSH", "RPOPLPUSH l l"),
    on_many(ELEMENTS, "BRPOPLPUSH", "BRPOPLPUSH l l 0"),
];

const MEMBERS: &str = "SADD s member:__rand_int__";
const TWO_SETS: &[&str] = &["SADD a 1 2 3 4 5 x", "SADD b 4 5 6 7 x"];

const SET: &[Workload] = &[
    on_nothing("SADD", "SADD s member:__rand_int__"),
    on_nothing("SADD to small sets", "SADD s:__rand_int__ member"),
    consuming("SADD s member:__rand_int__", "SREM", "SREM s member:__rand_int__"),
    consuming("SADD s member:__rand_int__", "SPOP", "SPOP s"),
    on_many(MEMBERS, "SCARD", "SCARD s"),
    on_many(MEMBERS, "SISMEMBER", "SISMEMBER s member:__rand_int__"),
    on_many(MEMBERS, "SMISMEMBER of 3", "SMISMEMBER s member:1 member:__rand_int__ none"),
    on(&["SADD s a b c d e"], "SMEMBERS of 5", "SMEMBERS s"),
    on_many(MEMBERS, "SRANDMEMBER", "SRANDMEMBER s"),
    on_many(MEMBERS, "SRANDMEMBER of 5", "SRANDMEMBER s 5"),
    on_many(MEMBERS, "SMOVE", "SMOVE s s member:000000000001"),
    on_many(MEMBERS, "SSCAN", "SSCAN s 0"),
    on(TWO_SETS, "SINTER", "SINTER a b"),
    on(TWO_SETS, "SUNION", "SUNION a b"),
    on(TWO_SETS, "SDIFF", "SDIFF a b"),
    on(TWO_SETS, "SINTERCARD", "SINTERCARD 2 a b"),
    on(TWO_SETS, "SINTERSTORE", "SINTERSTORE c a b"),
    on(TWO_SETS, "SUNIONSTORE", "SUNIONSTORE c a b"),
    on(TWO_SETS, "SDIFFSTORE", "SDIFFSTORE c a b"),
    on(TWO_SETS, "SUNIONCARD", "SUNIONCARD 2 a b"),
    on(TWO_SETS, "SDIFFCARD", "SDIFFCARD 2 a b"),
];

const FIELDS: &str = "HSET h field:__rand_int__ value";
const SMALL_HASH: &[&str] = &["HSET h a 1 b 2 c 3 d 4 e 5"];

const HASH: &[Workload] = &[
    on_nothing("HSET", "HSET h field:__rand_int__ value"),
    on_nothing("HSET to small hashes", "HSET h:__rand_int__ field value"),
    on_nothing("HMSET of 2", "HMSET h:__rand_int__ a 1 b 2"),
    on_nothing("HSETNX", "HSETNX h field:__rand_int__ value"),
    on_many(FIELDS, "HGET", "HGET h field:__rand_int__"),
    on(SMALL_HASH, "HGET from a small hash", "HGET h e"),
    on_many(FIELDS, "HMGET of 3", "HMGET h field:__rand_int__ none field:000000000001"),
    on(SMALL_HASH, "HGETALL of 5", "HGETALL h"),
    on(SMALL_HASH, "HKEYS of 5", "HKEYS h"),
    on(SMALL_HASH, "HVALS of 5", "HVALS h"),
    on_many(FIELDS, "HLEN", "HLEN h"),
    on_many(FIELDS, "HEXISTS", "HEXISTS h field:__rand_int__"),
    on_many(FIELDS, "HSTRLEN", "HSTRLEN h field:__rand_int__"),
    consuming(FIELDS, "HDEL", "HDEL h field:__rand_int__"),
    on_nothing("HINCRBY", "HINCRBY h field:__rand_int__ 1"),
    on_nothing("HINCRBYFLOAT", "HINCRBYFLOAT h field:__rand_int__ 0.5"),
    on_many(FIELDS, "HRANDFIELD", "HRANDFIELD h"),
    on_many(FIELDS, "HSCAN", "HSCAN h 0"),
    on_many(FIELDS, "HEXPIRE", "HEXPIRE h 1000 FIELDS 1 field:__rand_int__"),
    on_many(FIELDS, "HTTL", "HTTL h FIELDS 1 field:__rand_int__"),
    on_many(FIELDS, "HGETEX", "HGETEX h EX 1000 FIELDS 1 field:__rand_int__"),
    on_nothing("HSETEX", "HSETEX h EX 1000 FIELDS 1 field:__rand_int__ v"),
];

const SCORED: &str = "ZADD z __rand_int__ member:__rand_int__";
/// One number only: counting up, two would leave every other member out.
const RANKED: &str = "ZADD z 1 member:__rand_int__";
const TWO_ZSETS: &[&str] = &["ZADD a 1 x 2 y 3 z", "ZADD b 2 y 3 z 4 w"];
const SMALL_ZSET: &[&str] = &["ZADD z 0 a 0 b 0 c 0 d 0 e"];

const SORTED_SET: &[Workload] = &[
    on_nothing("ZADD", "ZADD z __rand_int__ member:__rand_int__"),
    on_nothing("ZADD to small sets", "ZADD z:__rand_int__ 1 member"),
    on_nothing("ZINCRBY", "ZINCRBY z 1 member:__rand_int__"),
    on_many(SCORED, "ZSCORE", "ZSCORE z member:__rand_int__"),
    on_many(SCORED, "ZMSCORE of 2", "ZMSCORE z member:__rand_int__ none"),
    on_many(SCORED, "ZRANK", "ZRANK z member:__rand_int__"),
    on_many(SCORED, "ZREVRANK", "ZREVRANK z member:__rand_int__"),
    on_many(SCORED, "ZCARD", "ZCARD z"),
    on_many(SCORED, "ZCOUNT", "ZCOUNT z __rand_int__ +inf"),
    on_many(SCORED, "ZRANGE of 10", "ZRANGE z 100 109"),
    on_many(SCORED, "ZRANGE of 10 by score", "ZRANGE z __rand_int__ +inf BYSCORE LIMIT 0 10"),
    on_many(SCORED, "ZREVRANGE of 10", "ZREVRANGE z 100 109 WITHSCORES"),
    on_many(SCORED, "ZRANGEBYSCORE of 10", "ZRANGEBYSCORE z __rand_int__ +inf LIMIT 0 10"),
    on_many(SCORED, "ZREVRANGEBYSCORE of 10", "ZREVRANGEBYSCORE z __rand_int__ 0 LIMIT 0 10"),
    on(SMALL_ZSET, "ZRANGEBYLEX of 5", "ZRANGEBYLEX z - +"),
    on(SMALL_ZSET, "ZREVRANGEBYLEX of 5", "ZREVRANGEBYLEX z + -"),
    on(SMALL_ZSET, "ZLEXCOUNT", "ZLEXCOUNT z [b [d"),
    on(SMALL_ZSET, "ZRANGESTORE", "ZRANGESTORE t z 0 -1"),
    consuming(RANKED, "ZREM", "ZREM z member:__rand_int__"),
    consuming(RANKED, "ZPOPMIN", "ZPOPMIN z"),
    consuming(RANKED, "ZPOPMAX", "ZPOPMAX z"),
    consuming(RANKED, "ZMPOP", "ZMPOP 1 z MIN"),
    consuming(RANKED, "BZPOPMIN", "BZPOPMIN z 0"),
    consuming(RANKED, "BZPOPMAX", "BZPOPMAX z 0"),
    consuming(RANKED, "BZMPOP", "BZMPOP 0 1 z MIN"),
    on(SMALL_ZSET, "ZREMRANGEBYRANK", "ZREMRANGEBYRANK z 10 20"),
    on(SMALL_ZSET, "ZREMRANGEBYSCORE", "ZREMRANGEBYSCORE z 10 20"),
    on(SMALL_ZSET, "ZREMRANGEBYLEX", "ZREMRANGEBYLEX z [x [z"),
    on_many(SCORED, "ZRANDMEMBER", "ZRANDMEMBER z"),
    on_many(SCORED, "ZSCAN", "ZSCAN z 0"),
    on(TWO_ZSETS, "ZINTER", "ZINTER 2 a b WITHSCORES"),
    on(TWO_ZSETS, "ZUNION", "ZUNION 2 a b WITHSCORES"),
    on(TWO_ZSETS, "ZDIFF", "ZDIFF 2 a b"),
    on(TWO_ZSETS, "ZINTERCARD", "ZINTERCARD 2 a b"),
    on(TWO_ZSETS, "ZINTERSTORE", "ZINTERSTORE c 2 a b"),
    on(TWO_ZSETS, "ZUNIONSTORE", "ZUNIONSTORE c 2 a b"),
    on(TWO_ZSETS, "ZDIFFSTORE", "ZDIFFSTORE c 2 a b"),
];

const ENTRIES: &str = "XADD x * field value:__rand_int__";
const GROUPED: &[&str] =
    &["XADD x 1-1 f v", "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >"];

const STREAM: &[Workload] = &[
    on_nothing("XADD", "XADD x * field value"),
    on_nothing("XADD MAXLEN ~", "XADD x MAXLEN ~ 1000 * field value"),
    on_many(ENTRIES, "XLEN", "XLEN x"),
    on_many(ENTRIES, "XRANGE of 10", "XRANGE x - + COUNT 10"),
    on_many(ENTRIES, "XREVRANGE of 10", "XREVRANGE x + - COUNT 10"),
    on_many(ENTRIES, "XREAD of 10", "XREAD COUNT 10 STREAMS x 0"),
    on_many(ENTRIES, "XTRIM", "XTRIM x MAXLEN 10000"),
    on_many(ENTRIES, "XDEL", "XDEL x 1-1"),
    on(GROUPED, "XREADGROUP, nothing new", "XREADGROUP GROUP g c STREAMS x >"),
    on(GROUPED, "XREADGROUP, history of 1", "XREADGROUP GROUP g c STREAMS x 0"),
    on(GROUPED, "XACK", "XACK x g 9-9"),
    on(GROUPED, "XPENDING", "XPENDING x g"),
    on(GROUPED, "XPENDING of a range", "XPENDING x g - + 10"),
    on(GROUPED, "XCLAIM", "XCLAIM x g d 0 1-1"),
    on(GROUPED, "XAUTOCLAIM", "XAUTOCLAIM x g d 0 0 COUNT 1"),
    on(GROUPED, "XINFO STREAM", "XINFO STREAM x"),
    on(GROUPED, "XINFO GROUPS", "XINFO GROUPS x"),
    on(GROUPED, "XGROUP SETID", "XGROUP SETID x g 1-1"),
    on(GROUPED, "XSETID", "XSETID x 1-1"),
];

const BITMAP: &[Workload] = &[
    on_nothing("SETBIT", "SETBIT b 5000 1"),
    on(&["SETBIT b 10000 1"], "GETBIT", "GETBIT b 5000"),
    on(LONG, "BITCOUNT of 1 KB", "BITCOUNT s"),
    on(LONG, "BITPOS in 1 KB", "BITPOS s 1"),
    on(LONG, "BITOP AND of 1 KB", "BITOP AND d s s"),
    on(LONG, "BITOP NOT of 1 KB", "BITOP NOT d s"),
    on_nothing("BITFIELD", "BITFIELD b INCRBY u8 5000 1 GET u8 100"),
    on(LONG, "BITFIELD_RO", "BITFIELD_RO s GET u8 100"),
];

const HYPERLOGLOG: &[Workload] = &[
    on_nothing("PFADD", "PFADD p element:__rand_int__"),
    on_many("PFADD p element:__rand_int__", "PFCOUNT", "PFCOUNT p"),
    on(&["PFADD p a b c", "PFADD q c d"], "PFCOUNT of 2", "PFCOUNT p q"),
    on(&["PFADD p a b c", "PFADD q c d"], "PFMERGE", "PFMERGE r p q"),
];

const PLACES: &[&str] = &["GEOADD g 13.361389 38.115556 a 15.087269 37.502669 b 2.35 48.85 c"];

const GEO: &[Workload] = &[
    on_nothing("GEOADD", "GEOADD g 13.361389 38.115556 place:__rand_int__"),
    on(PLACES, "GEOPOS", "GEOPOS g a"),
    on(PLACES, "GEODIST", "GEODIST g a b km"),
    on(PLACES, "GEOHASH", "GEOHASH g a"),
    on(PLACES, "GEOSEARCH", "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHDIST"),
    on(PLACES, "GEOSEARCH BYBOX", "GEOSEARCH g FROMMEMBER a BYBOX 400 400 km"),
    on(PLACES, "GEOSEARCHSTORE", "GEOSEARCHSTORE t g FROMLONLAT 15 37 BYRADIUS 200 km"),
    on(PLACES, "GEORADIUS", "GEORADIUS g 15 37 200 km"),
    on(PLACES, "GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER g a 200 km"),
];

const GET_SCRIPT: &str = "EVAL return(redis.call('get',KEYS[1])) 1 k";

const OTHER: &[Workload] = &[
    on_nothing("PING", "PING"),
    on_nothing("ECHO", "ECHO hello"),
    on_nothing("SELECT", "SELECT 0"),
    on_nothing("TIME", "TIME"),
    on_nothing("PUBLISH to nobody", "PUBLISH channel message"),
    on_nothing("SPUBLISH to nobody", "SPUBLISH channel message"),
    on_nothing("UNWATCH", "UNWATCH"),
    on_nothing("WATCH", "WATCH k"),
    on_nothing("CLIENT ID", "CLIENT ID"),
    on_nothing("CLIENT GETNAME", "CLIENT GETNAME"),
    on_nothing("CONFIG GET", "CONFIG GET maxmemory"),
    on_nothing("COMMAND COUNT", "COMMAND COUNT"),
    on_nothing("ACL WHOAMI", "ACL WHOAMI"),
    on(&["SET k v"], "EVAL of a GET", GET_SCRIPT),
    on_nothing("EVAL of nothing", "EVAL return(1) 0"),
    on(&["SET k v"], "EVAL_RO of a GET", "EVAL_RO return(redis.call('get',KEYS[1])) 1 k"),
    on(&["SET n 1"], "MEMORY USAGE", "MEMORY USAGE n"),
    on_many(NUMBERS, "OBJECT REFCOUNT", "OBJECT REFCOUNT n:__rand_int__"),
];

/// All loads, by group.
pub const GROUPS: &[Group] = &[
    Group { title: "Strings", loads: STRING },
    Group { title: "Keys", loads: GENERIC },
    Group { title: "Lists", loads: LIST },
    Group { title: "Sets", loads: SET },
    Group { title: "Hashes", loads: HASH },
    Group { title: "Sorted sets", loads: SORTED_SET },
    Group { title: "Streams", loads: STREAM },
    Group { title: "Bitmaps", loads: BITMAP },
    Group { title: "HyperLogLog", loads: HYPERLOGLOG },
    Group { title: "Geo", loads: GEO },
    Group { title: "Connection, server, scripts", loads: OTHER },
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_lead_with_the_command() {
        let mut names = BTreeSet::new();
        for load in GROUPS.iter().flat_map(|group| group.loads) {
            assert!(names.insert(load.name), "{}", load.name);
            let command = load.line.split(' ').next().unwrap_or_default();
            assert!(load.name.starts_with(command), "{}", load.name);
            assert!(!load.consumes || !load.fill.is_empty(), "{}", load.name);
        }
    }
}
