//! Strings.

mod expiry;

group! {
    append: APPEND;
    get: GET;
    getdel: GETDEL;
    getex: GETEX;
    getrange: GETRANGE, SUBSTR;
    getset: GETSET;
    incr: INCR, DECR, INCRBY, DECRBY;
    incrbyfloat: INCRBYFLOAT;
    lcs: LCS;
    mget: MGET;
    mset: MSET, MSETNX;
    set: SET;
    setex: SETEX, PSETEX;
    setnx: SETNX;
    setrange: SETRANGE;
    strlen: STRLEN;
}
