//! Hashes, and the expiry of their fields.
//!
//! `fields` has what several commands share; all other files are commands.

mod fields;

group! {
    hdel: HDEL;
    hexists: HEXISTS;
    hget: HGET;
    hgetall: HGETALL, HKEYS, HVALS;
    hincrby: HINCRBY;
    hincrbyfloat: HINCRBYFLOAT;
    hlen: HLEN;
    hmget: HMGET;
    hrandfield: HRANDFIELD;
    hscan: HSCAN;
    hset: HSET, HMSET;
    hsetnx: HSETNX;
    hstrlen: HSTRLEN;
}
