//! Sets.
//!
//! `algebra` computes intersections, unions and differences, `estimate` guesses how large a union
//! is, `operands` reads what the commands that only count have in common, `parts` computes with
//! large sets, `store` writes a computed set to a key; all other files are commands.

mod algebra;
mod estimate;
mod operands;
mod parts;
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
    sunioncard: SUNIONCARD, SDIFFCARD;
}
