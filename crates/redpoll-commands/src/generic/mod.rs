//! Keys of any type, and whole databases.

mod database;
mod names;

group! {
    copy: COPY;
    dbsize: DBSIZE;
    del: DEL, UNLINK;
    dump: DUMP;
    exists: EXISTS;
    expire: EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT;
    flush: FLUSHDB, FLUSHALL;
    keys: KEYS;
    migrate: MIGRATE;
    move_key: MOVE;
    object: OBJECT;
    persist: PERSIST;
    randomkey: RANDOMKEY;
    rename: RENAME, RENAMENX;
    restore: RESTORE, RESTORE_ASKING;
    scan: SCAN;
    sort: SORT, SORT_RO;
    swapdb: SWAPDB;
    touch: TOUCH;
    ttl: TTL, PTTL, EXPIRETIME, PEXPIRETIME;
    type_of: TYPE;
    wait: WAIT, WAITAOF;
}
