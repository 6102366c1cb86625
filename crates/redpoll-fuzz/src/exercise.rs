//! A key of any type, read and changed in many ways: whatever was loaded must bear it.

use crate::store::Store;

/// Commands on a key `k`, of which those for other types are refused.
const COMMANDS: &str = "\
    TYPE k | OBJECT ENCODING k | MEMORY USAGE k | GET k | STRLEN k | LRANGE k 0 -1 | LINDEX \
    k -1 | LPOS k a RANK -1 | SMEMBERS k | SISMEMBER k a | SRANDMEMBER k 3 | SSCAN k 0 | \
    ZRANGE k 0 -1 WITHSCORES | ZRANGE k -inf +inf BYSCORE | ZRANK k a | ZSCORE k a | \
    ZREVRANGE k 0 2 | HGETALL k | HGET k a | HPTTL k FIELDS 1 a | HRANDFIELD k 2 | HSCAN k 0 \
    | COPY k c REPLACE | APPEND k x | LPUSH k x | RPUSH k y 12 | LINSERT k BEFORE a b | LSET \
    k 0 z | LREM k 0 a | RPOP k | LTRIM k 1 -2 | SADD k x 5 | SREM k a | SPOP k | ZADD k 1.5 \
    x | ZINCRBY k 2 a | ZPOPMAX k | HSET k x y | HINCRBY k n 1 | HPEXPIRE k 1000 FIELDS 1 x \
    | HDEL k a | XRANGE k - + | XREVRANGE k + - COUNT 2 | XINFO STREAM k FULL | XLEN k | \
    XADD k * f v | XTRIM k MAXLEN 1 | XDEL k 1-1 | DUMP k | EXPIRE k 100";

/// The most bytes in memory that one byte of input may lead to: a byte of a compressed string
/// stands for a hundred, and each of those may be an element of its own.
const BYTES_EACH: usize = 20_000;

/// Runs all of it on a key that bytes of this length have led to.
///
/// # Panics
/// If the key takes more memory than so few bytes can ask for, or cannot be dumped and restored.
pub fn exercise(store: &mut Store, key: &[u8], input_len: usize) {
    let usage = store.run(&[&b"MEMORY"[..], b"USAGE", key, b"SAMPLES", b"0"]);
    let usage = usage.as_i64().unwrap_or(0);
    assert!(usage as usize <= input_len * BYTES_EACH, "{usage} bytes of {input_len}");
    for line in COMMANDS.split(" | ") {
        let words = line.split_whitespace().map(|word| match word {
            "k" => key,
            word => word.as_bytes(),
        });
        let words: Vec<&[u8]> = words.collect();
        store.run(&words);
    }
    let dumped = store.run(&[b"DUMP", key]);
    if let Some(payload) = dumped.as_bytes() {
        let reply = store.run(&[&b"RESTORE"[..], b"again", b"0", payload, b"REPLACE"]);
        assert!(!reply.is_error(), "what was dumped is refused: {reply:?}");
    }
    store.advance(2000, true);
    store.run(&[b"DEL", key]);
}
