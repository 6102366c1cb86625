//! Indexes follow what happens to keys.

use super::with_shop;
use crate::testing::{Disk, TestServer, check};

#[test]
fn indexes_come_and_go() {
    check(
        "FT._LIST | FT.CREATE i SCHEMA t TEXT | FT.CREATE i SCHEMA t TEXT | \
         FT.CREATE j SCHEMA n NUMERIC | FT._LIST | FT.DROPINDEX i | FT._LIST | FT.DROPINDEX i",
        "[] | OK | Index already exists | OK | [i j] | OK | [j] | i: no such index",
    );
    check("FT.CREATE i SCHEMA t TEXT | FLUSHALL | FT._LIST", "OK | OK | []");
    check("SELECT 1 | FT.CREATE i SCHEMA t TEXT", "OK | Cannot create index on db != 0");
}

#[test]
fn whatever_happens_to_a_key() {
    with_shop(
        "DEL d:1 | FT.SEARCH i red NOCONTENT | RENAME d:3 x | FT.SEARCH i red NOCONTENT | \
         RENAME x d:4 | FT.SEARCH i red NOCONTENT | HDEL d:4 title | FT.SEARCH i red NOCONTENT | \
         SET d:2 text | FT.SEARCH i blue | HSET d:5 title red | PEXPIRE d:5 10 | ~20 | \
         EXISTS d:5 | FT.SEARCH i red NOCONTENT | COPY d:4 d:6 | FT.SEARCH i * NOCONTENT",
        "1 | [1 d:3] | OK | [0] | OK | [1 d:4] | 1 | [0] | OK | [0] | 1 | 1 | ~ | 0 | [0] | 1 | \
         [2 d:4 d:6]",
    );
}

#[test]
fn fields_that_expire_leave_the_index() {
    with_shop(
        "HPEXPIRE d:3 10 FIELDS 1 title | FT.SEARCH i hats NOCONTENT | ~20 | HGET d:3 title | \
         FT.SEARCH i hats NOCONTENT | FT.SEARCH i @brand:{bolt} NOCONTENT",
        "[1] | [1 d:3] | ~ | nil | [0] | [1 d:3]",
    );
}

#[test]
fn keys_that_are_there_are_indexed() {
    check(
        "HSET a t red | HSET b t red | SET c red | FT.CREATE i SCHEMA t TEXT | \
         FT.SEARCH i red NOCONTENT LIMIT 0 0 | FT.CREATE j SKIPINITIALSCAN SCHEMA t TEXT | \
         FT.SEARCH j red NOCONTENT | HSET b n 1 | FT.SEARCH j red NOCONTENT",
        "1 | 1 | OK | OK | [2] | OK | [0] | 1 | [1 b]",
    );
}

#[test]
fn filters_and_new_fields() {
    check(
        "FT.CREATE i FILTER '@n > 5' SCHEMA t TEXT | HSET a t red n 3 | HSET b t red n 7 | \
         FT.SEARCH i red NOCONTENT | HSET a n 9 | FT.SEARCH i red NOCONTENT LIMIT 0 0 | \
         FT.ALTER i SCHEMA ADD u TAG | HSET b u x | FT.SEARCH i @u:{x} NOCONTENT | \
         FT.ALTER i ADD u TAG x y | FT.ALTER i SCHEMA ADD u TAG",
        "OK | 2 | 2 | [1 b] | 0 | [2] | OK | 1 | [1 b] | ALTER must be followed by SCHEMA | \
         Duplicate field in schema - u",
    );
}

#[test]
fn documents_go_with_their_index_on_demand() {
    with_shop("FT.DROPINDEX i DD | DBSIZE | EXISTS other", "OK | 1 | 1");
}

#[test]
fn a_transaction_is_indexed() {
    with_shop(
        "MULTI | HSET d:7 title green | FT.SEARCH i green NOCONTENT | EXEC",
        "OK | QUEUED | QUEUED | [1 [1 d:7]]",
    );
}

#[test]
fn definitions_survive_a_restart() {
    let mut server = TestServer::new();
    server.engine.config.force("enable-debug-command", b"yes").expect("a valid value");
    let _disk = Disk::of(&server);
    let mut session = server.client();
    for line in [
        "FT.CREATE i PREFIX 1 d: SCHEMA t TEXT SORTABLE",
        "FT.ALIASADD a i",
        "FT.SYNUPDATE i g car auto",
        "FT.DICTADD dict word",
        "FT.SUGADD sug hello 1 PAYLOAD p",
        "HSET d:1 t 'a car'",
        "SAVE",
    ] {
        server.run(&mut session, line);
    }
    let mut run = |line: &str| server.run(&mut session, line);
    assert_eq!(run("DEBUG RELOAD"), "OK");
    assert_eq!(run("FT.SEARCH a auto NOCONTENT"), "[1 d:1]");
    assert_eq!(run("FT.DICTDUMP dict"), "[word]");
    assert_eq!(run("FT.SUGGET sug h WITHPAYLOADS"), "[hello p]");
}
