//! Sets.
//!
//! `algebra` computes intersections, unions and differences, `store` writes a computed set to a
//! key; all other files are commands.

mod algebra;
mod store;

group! {
    sadd: SADD;
    scard: SCARD;
    sdiff: SDIFF, SDIFFSTORE;
    sinter: SINTER, SINTERSTORE;
    sintercard: SINTERCARD;
    sismember: SISMEMBER, SMISMEMBER;
    smembers: SMEMBERS;
    smove: SMOVE;
    spop: SPOP;
    srandmember: SRANDMEMBER;
    srem: SREM;
    sscan: SSCAN;
    sunion: SUNION, SUNIONSTORE;
}
