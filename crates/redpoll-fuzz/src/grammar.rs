//! Bytes as command sequences.
//!
//! Every input decodes to something: a byte chooses a template, further ones its arguments. So
//! mutations of bytes are mutations of sequences, shorter inputs are shorter sequences, and most
//! commands are well-formed enough to reach the data. Now and then a word is damaged on purpose.

use std::sync::LazyLock;

/// One step of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A command; it may be damaged, and then only its reply's form is known.
    Command {
        /// Its words.
        words: Vec<Vec<u8>>,
        /// Whether a word was changed, doubled or dropped.
        damaged: bool,
    },
    /// So many milliseconds pass; with or without the thread that removes expired keys.
    Wait(i64, bool),
    /// Commands between MULTI and EXEC; each is well-formed.
    Transaction(Vec<Vec<Vec<u8>>>),
}

/// The templates. A word of one small letter stands for an argument of that kind (see `argument`);
/// everything else is meant as it stands.
static TEMPLATES: LazyLock<Vec<&str>> = LazyLock::new(|| TEXT.split(" | ").collect());

const TEXT: &str = "\
    SET s v | SET s v PX t | SET s v NX | SET s v XX | SET s v GET | SET s v KEEPTTL | \
    SET k v | GET s | GET k | GETDEL s | GETSET s v | SETNX s v | APPEND s v | STRLEN s | \
    INCR s | DECR s | INCRBY s i | DECRBY s i | GETRANGE s i i | SETRANGE s n v | \
    MSET s v s v | MGET s k s | MSETNX s v s v | INCRBYFLOAT s d | GETEX s PX t | LCS s s | \
    DEL k | DEL k k | UNLINK k | EXISTS k k | TYPE k | PEXPIRE k t | PEXPIRE k t NX | \
    PEXPIRE k t XX | PEXPIRE k t GT | PEXPIRE k t LT | PERSIST k | PTTL k | RENAME k k | \
    RENAMENX k k | COPY k k | COPY k k REPLACE | DBSIZE | TOUCH k k | RANDOMKEY | FLUSHALL | \
    SORT k ALPHA | SORT k LIMIT i i | OBJECT ENCODING k | SCAN 0 COUNT 100 | \
    LPUSH l V | RPUSH l V | LPUSH l v v | RPUSH l v v | LPUSHX l v | RPUSHX l v | LPOP l | \
    RPOP l | LPOP l n | RPOP l n | LLEN l | LRANGE l i i | LINDEX l i | LSET l i v | \
    LREM l i v | LTRIM l i i | LINSERT l BEFORE v v | LINSERT l AFTER v v | \
    LMOVE l l LEFT RIGHT | LMOVE l l RIGHT LEFT | LMOVE l l LEFT LEFT | RPOPLPUSH l l | \
    LPOS l v RANK i | LMPOP 2 l l LEFT COUNT n | BLPOP l l 1 | HSET h F | HSET h f v | \
    HSET h f v f v | HSETNX h f v | HGET h f | HMGET h f f | HDEL h f f | HLEN h | \
    HEXISTS h f | HKEYS h | HVALS h | HGETALL h | HINCRBY h f i | HSTRLEN h f | \
    HINCRBYFLOAT h f d | HRANDFIELD h i | HSCAN h 0 | SADD e M | \
    SADD e m m | SREM e m m | SISMEMBER e m | SMISMEMBER e m m | SCARD e | SMEMBERS e | \
    SINTER e e | SUNION e e | SDIFF e e | SINTERSTORE e e e | SUNIONSTORE e e e | \
    SDIFFSTORE e e e | SINTERCARD 2 e e LIMIT n | SMOVE e e m | SPOP e | SPOP e n | \
    SRANDMEMBER e | SRANDMEMBER e i | SSCAN e 0 | ZADD z D | ZADD z d m d m | ZADD z NX d m | \
    ZADD z XX d m | ZADD z GT d m | ZADD z LT CH d m | ZADD z CH d m d m | ZADD z INCR d m | \
    ZINCRBY z d m | ZREM z m m | ZSCORE z m | ZMSCORE z m m | ZRANK z m | ZREVRANK z m | \
    ZCARD z | ZCOUNT z r r | ZRANGE z i i | ZRANGE z i i WITHSCORES | ZRANGE z i i REV | \
    ZRANGEBYSCORE z r r | ZRANGE z r r BYSCORE LIMIT n n | ZREVRANGEBYSCORE z r r | \
    ZRANGE z x x BYLEX | ZPOPMIN z n | ZPOPMAX z n | ZREMRANGEBYRANK z i i | \
    ZREMRANGEBYSCORE z r r | ZUNIONSTORE z 2 z z | ZINTERSTORE z 2 z e | ZDIFF 2 z z | \
    ZRANDMEMBER z i | ZSCAN z 0 | ZRANGESTORE z z i i | ZLEXCOUNT z x x | ZMPOP 2 z z MIN | \
    BZPOPMIN z 1 | SETBIT s n 1 | SETBIT s i 0 | GETBIT s n | BITCOUNT s i i BIT | \
    BITPOS s 0 i i | BITPOS s 1 i | BITOP XOR s s s | BITOP ONE s s s s | BITOP NOT s s | \
    BITFIELD s SET u8 n i GET i13 n | BITFIELD s OVERFLOW SAT INCRBY i33 n i | \
    BITFIELD_RO s GET u63 n | PFADD s v v | PFADD s M | PFCOUNT s | PFCOUNT s s | \
    PFMERGE s s s | PFDEBUG TODENSE s | PFDEBUG DECODE s | GEOADD z d d m | \
    GEOADD z CH 13 38 m 13.1 38.2 m | GEOSEARCH z FROMLONLAT d d BYRADIUS 1000 km ASC | \
    GEOSEARCH z FROMMEMBER m BYBOX 9000 300 mi COUNT n ANY | \
    GEORADIUS z d d 100000 ft WITHDIST WITHCOORD | GEOPOS z m m | GEOHASH z m | \
    GEORADIUSBYMEMBER z m 500 km STORE z | GEODIST z m m km | \
    GEOSEARCHSTORE z z BYPOLYGON 3 d d 20 30 13 d STOREDIST | \
    SET s v IFEQ v | SET s v IFNE v GET | DELEX k | DELEX s IFEQ v | \
    DELEX s IFNE v | DELIFEQ s v | DIGEST s | MSETEX 2 s v s v PX t | MSETEX 2 s v s v NX | \
    MSETEX 2 s v s v XX KEEPTTL | INCREX s BYINT i UBOUND i SATURATE | \
    INCREX s BYFLOAT d LBOUND i PX t | INCREX s PX t ENX | INCREX s PERSIST | \
    LMOVEM l l LEFT LEFT COUNT n OBO | LMOVEM l l RIGHT LEFT EXACTLY n BULK | \
    LMOVEM l l LEFT RIGHT | BLMOVEM l l RIGHT RIGHT 1 COUNT n OBO | SUNIONCARD 2 e e LIMIT n | \
    SUNIONCARD 2 e e APPROX | SDIFFCARD 2 e e LIMIT n | ZUNIONSTORE z 2 z e AGGREGATE COUNT | \
    HIMPORT PREPARE fields f f | HIMPORT SET h fields v v | HIMPORT DISCARD fields | \
    XADD q * f v | XADD q y f v | XADD q y f v m v | XADD q y F | \
    XADD q MAXLEN ~ n y f v | XADD q MINID y * f v | XADD q ACKED MAXLEN n y f v | \
    XADD q IDMP g g * f v | XADD q IDMPAUTO g * f v | XLEN q | XRANGE q y y | XRANGE q - y | \
    XREVRANGE q y - COUNT n | XREVRANGE q + y | XDEL q y y | XDELEX q DELREF IDS 2 y y | \
    XDELEX q ACKED IDS 1 y | XTRIM q MAXLEN n | XTRIM q MINID ~ y LIMIT n | XSETID q y | \
    XREAD COUNT n STREAMS q q y y | XREAD MAXSIZE 150 STREAMS q q + 0 | \
    XGROUP CREATE q g y MKSTREAM | XGROUP CREATE q g $ | XGROUP SETID q g y | \
    XGROUP DESTROY q g | XGROUP CREATECONSUMER q g g | XGROUP DELCONSUMER q g g | \
    XREADGROUP GROUP g g COUNT n STREAMS q > | XREADGROUP GROUP g g STREAMS q q > y | \
    XREADGROUP GROUP g g COUNT n CLAIM 2 STREAMS q > | XACK q g y y | XACKDEL q g IDS 2 y y | \
    XNACK q g FAIL IDS 2 y y | XNACK q g FATAL IDS 1 y FORCE | XCLAIM q g g 0 y y | \
    XCLAIM q g g 5 y FORCE JUSTID | XAUTOCLAIM q g g 0 y COUNT 2 | XPENDING q g | \
    XPENDING q g - y n g | XINFO STREAM q FULL COUNT 0 | XINFO GROUPS q | XINFO CONSUMERS q g | \
    XCFGSET q IDMP-MAXSIZE 2";

/// How many templates there are.
pub fn templates() -> u16 {
    u16::try_from(TEMPLATES.len()).unwrap_or(u16::MAX)
}

/// The longest sequence.
const STEPS_MAX: usize = 300;
/// Kinds whose letter stands for a key; every kind has two keys of its own.
const KEY_KINDS: &[u8] = b"slhezq";

/// Decodes a sequence.
pub fn decode(data: &[u8]) -> Vec<Step> {
    let mut source = Source { data, at: 0 };
    let mut steps = Vec::new();
    while source.at < data.len() && steps.len() < STEPS_MAX {
        steps.push(match source.byte() {
            0..8 => Step::Wait(i64::from(source.byte()), source.byte().is_multiple_of(2)),
            8..16 => {
                let count = source.byte() % 6;
                Step::Transaction((0..count).map(|_| source.command()).collect())
            }
            16..32 => {
                let mut words = source.command();
                source.damage(&mut words);
                Step::Command { words, damaged: true }
            }
            _ => Step::Command { words: source.command(), damaged: false },
        });
    }
    steps
}

/// The input, read byte by byte; zeros follow its end.
struct Source<'a> {
    data: &'a [u8],
    at: usize,
}

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        self.at += 1;
        self.data.get(self.at - 1).copied().unwrap_or(0)
    }

    fn one<'b>(&mut self, choices: &[&'b str]) -> &'b str {
        choices[usize::from(self.byte()) % choices.len()]
    }

    fn command(&mut self) -> Vec<Vec<u8>> {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        let template = TEMPLATES[number % TEMPLATES.len()];
        let mut words = Vec::new();
        for word in template.split(' ') {
            match *word.as_bytes() {
                [kind @ (b'a'..=b'z' | b'V' | b'F' | b'M' | b'D')] => {
                    self.argument(kind, &mut words);
                }
                _ => words.push(word.as_bytes().to_vec()),
            }
        }
        words
    }

    fn argument(&mut self, kind: u8, words: &mut Vec<Vec<u8>>) {
        const INTS: &[&str] = &[
            "0",
            "1",
            "-1",
            "2",
            "-2",
            "3",
            "5",
            "-7",
            "100",
            "1000",
            "-1000",
            "9223372036854775807",
            "-9223372036854775808",
        ];
        const SCORES: &[&str] =
            &["0", "1", "-1", "2.5", "-0.25", "3", "1e3", "inf", "-inf", "1000000", "0.1"];
        const BOUNDS: &[&str] =
            &["-inf", "+inf", "0", "1", "(1", "2.5", "(2.5", "-1", "(-1", "1000", "(3"];
        const LEX: &[&str] = &["-", "+", "[m1", "(m1", "[m3", "(m12", "[1", "(5"];
        match kind {
            b's' | b'l' | b'h' | b'e' | b'z' | b'q' | b'k' => words.push(self.key(kind)),
            b'y' => words.push(self.id()),
            b'g' => words.push(self.one(&["g", "h", "1", ""]).into()),
            b'v' => words.push(self.value()),
            b'f' | b'm' => words.push(self.member()),
            b'i' => words.push(self.one(INTS).into()),
            b'n' => words.push(self.one(&["0", "1", "2", "3", "7", "150"]).into()),
            b't' => words.push(self.one(&["1", "10", "50", "200", "1000", "0", "-5"]).into()),
            b'd' => words.push(self.one(SCORES).into()),
            b'r' => words.push(self.one(BOUNDS).into()),
            b'x' => words.push(self.one(LEX).into()),
            _ => self.many(kind, words),
        }
    }

    /// Many arguments at once, so that collections outgrow their small encodings.
    fn many(&mut self, kind: u8, words: &mut Vec<Vec<u8>>) {
        let (count, first) = (u32::from(self.byte()) % 200 + 1, u32::from(self.byte()));
        for number in first..first + count {
            let name =
                if first.is_multiple_of(2) { format!("m{number}") } else { number.to_string() };
            match kind {
                b'D' => words.extend([(number % 7).to_string().into_bytes(), name.into()]),
                b'F' => words.extend([name.into(), number.to_string().into_bytes()]),
                _ => words.push(name.into()),
            }
        }
    }

    /// A key, mostly of the kind that the command is for.
    fn key(&mut self, kind: u8) -> Vec<u8> {
        let byte = self.byte();
        let any = KEY_KINDS[usize::from(byte >> 1) % KEY_KINDS.len()];
        let kind = if kind == b'k' || byte >= 230 { any } else { kind };
        vec![kind, b'0' + byte % 2]
    }

    /// An id of a stream's entry; these are few, so that commands meet each other's entries.
    fn id(&mut self) -> Vec<u8> {
        match self.byte() {
            byte @ 0..100 => format!("{}-{}", byte / 5, byte % 5).into(),
            byte @ 100..160 => (byte - 100).to_string().into(),
            byte @ 160..230 => format!("{}-*", byte - 160).into(),
            230..240 => b"0".to_vec(),
            240..250 => b"1700000000000".to_vec(),
            _ => b"18446744073709551615-18446744073709551615".to_vec(),
        }
    }

    fn value(&mut self) -> Vec<u8> {
        match self.byte() {
            byte @ 0..60 => byte.to_string().into(),
            60..80 => self.member(),
            80..90 => Vec::new(),
            90..100 => b"9223372036854775807".to_vec(),
            100..110 => b"-9223372036854775808".to_vec(),
            110..120 => b" 12".to_vec(),
            120..130 => b"007".to_vec(),
            130..150 => b"\x00\xff\r\n".to_vec(),
            byte @ 150..200 => vec![b'a' + byte % 26; usize::from(byte)],
            byte @ 200..210 => vec![byte; 5000],
            byte => vec![b'x', byte],
        }
    }

    fn member(&mut self) -> Vec<u8> {
        match self.byte() {
            byte @ 0..100 => format!("m{}", byte % 20).into(),
            byte @ 100..180 => (byte % 20).to_string().into(),
            180..190 => Vec::new(),
            byte @ 190..200 => vec![byte; 70],
            byte => vec![byte, 0, byte % 3],
        }
    }

    /// Changes, drops, doubles or swaps words.
    fn damage(&mut self, words: &mut Vec<Vec<u8>>) {
        const ODD: &[&str] = &[
            "",
            "0",
            "-1",
            "nan",
            "inf",
            "-inf",
            "1e400",
            "9223372036854775808",
            "0x10",
            " 1",
            "18446744073709551616",
            "COUNT",
            "LIMIT",
            "WITHSCORES",
            "NX",
            "XX",
            "PX",
            "(",
            "[",
            "*",
            "4294967296",
            "-9223372036854775808",
            "FIELDS",
            "STORE",
            "WEIGHTS",
            "AGGREGATE",
        ];
        let at = usize::from(self.byte()) % words.len();
        match self.byte() % 5 {
            0 => drop(words.remove(at)),
            1 => words.insert(at, words[at].clone()),
            2 => words.truncate(at.max(1)),
            3 => words.push(self.one(ODD).into()),
            _ => words[at] = self.one(ODD).into(),
        }
        if words.is_empty() {
            words.push(Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_decode() {
        let data: Vec<u8> = (0..=255).cycle().take(5000).collect();
        assert_eq!(decode(&data).len(), STEPS_MAX);
        assert!(decode(&[]).is_empty());
    }

    #[test]
    fn two_bytes_reach_every_template() {
        for number in 0..TEMPLATES.len() {
            let [high, low] = (number as u16).to_be_bytes();
            let [Step::Command { words, damaged: false }] = &decode(&[255, high, low])[..] else {
                panic!("one command");
            };
            let name = TEMPLATES[number].split(' ').next();
            assert_eq!(name.map(str::as_bytes), words.first().map(Vec::as_slice));
        }
    }
}
