//! Lists.
//!
//! `ends` holds what the commands that work at the ends share, `waiting` the tests of those that
//! wait; all other files are commands.

mod ends;
#[cfg(test)]
mod waiting;

group! {
    blmove: BLMOVE, BRPOPLPUSH;
    blmpop: BLMPOP;
    blpop: BLPOP, BRPOP;
    lindex: LINDEX;
    linsert: LINSERT;
    llen: LLEN;
    lmove: LMOVE, RPOPLPUSH;
    lmovem: LMOVEM, BLMOVEM;
    lmpop: LMPOP;
    lpos: LPOS;
    lrange: LRANGE;
    lrem: LREM;
    lset: LSET;
    ltrim: LTRIM;
    pop: LPOP, RPOP;
    push: LPUSH, LPUSHX, RPUSH, RPUSHX;
}
