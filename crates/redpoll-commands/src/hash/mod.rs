//! Hashes, and the expiry of their fields.
//!
//! `fields` has what several commands share, `times` what those do that are about the expiry of
//! fields; all other files are commands.

#[cfg(test)]
mod events;
mod fields;
mod times;

group! {
    hdel: HDEL;
    hexists: HEXISTS;
    hexpire: HEXPIRE, HEXPIREAT, HPEXPIRE, HPEXPIREAT;
    hget: HGET;
    hgetall: HGETALL, HKEYS, HVALS;
    hgetdel: HGETDEL;
    hgetex: HGETEX;
    himport: HIMPORT;
    hincrby: HINCRBY;
    hincrbyfloat: HINCRBYFLOAT;
    hlen: HLEN;
    hmget: HMGET;
    hpersist: HPERSIST;
    hrandfield: HRANDFIELD;
    hscan: HSCAN;
    hset: HSET, HMSET;
    hsetex: HSETEX;
    hsetnx: HSETNX;
    hstrlen: HSTRLEN;
    httl: HEXPIRETIME, HPEXPIRETIME, HPTTL, HTTL;
}
