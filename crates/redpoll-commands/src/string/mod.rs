//! Strings.

mod compare;
mod expiry;

group! {
    append: APPEND;
    delex: DELEX, DELIFEQ;
    digest: DIGEST;
    get: GET;
    getdel: GETDEL;
    getex: GETEX;
    getrange: GETRANGE, SUBSTR;
    getset: GETSET;
    incr: INCR, DECR, INCRBY, DECRBY;
    incrbyfloat: INCRBYFLOAT;
    increx: INCREX;
    lcs: LCS;
    mget: MGET;
    mset: MSET, MSETNX;
    msetex: MSETEX;
    set: SET;
    setex: SETEX, PSETEX;
    setnx: SETNX;
    setrange: SETRANGE;
    strlen: STRLEN;
}
