//! Sorted sets.
//!
//! `algebra` computes unions, intersections and differences, `ends` takes members off the ends,
//! `members` writes members as replies, `operands` reads what is computed with, `parts` computes
//! with large sets, `query` selects a range of them, `store` writes a computed set to a key,
//! `waiting` holds the tests of the commands that wait; all other files are commands.

mod algebra;
mod ends;
mod members;
mod operands;
mod parts;
mod query;
mod store;
#[cfg(test)]
mod waiting;

group! {
    bzmpop: BZMPOP;
    bzpopmin: BZPOPMAX, BZPOPMIN;
    zadd: ZADD, ZINCRBY;
    zcard: ZCARD;
    zcount: ZCOUNT, ZLEXCOUNT;
    zdiff: ZDIFF, ZDIFFSTORE;
    zinter: ZINTER, ZINTERSTORE;
    zintercard: ZINTERCARD;
    zmpop: ZMPOP;
    zpopmin: ZPOPMAX, ZPOPMIN;
    zrandmember: ZRANDMEMBER;
    zrange: ZRANGE, ZREVRANGE;
    zrangebylex: ZRANGEBYLEX, ZREVRANGEBYLEX;
    zrangebyscore: ZRANGEBYSCORE, ZREVRANGEBYSCORE;
    zrangestore: ZRANGESTORE;
    zrank: ZRANK, ZREVRANK;
    zrem: ZREM;
    zremrange: ZREMRANGEBYLEX, ZREMRANGEBYRANK, ZREMRANGEBYSCORE;
    zscan: ZSCAN;
    zscore: ZMSCORE, ZSCORE;
    zunion: ZUNION, ZUNIONSTORE;
}
