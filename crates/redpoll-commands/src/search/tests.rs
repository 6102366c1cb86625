//! Tests of the group.

use crate::testing::check;

#[test]
fn indexes_come_and_go() {
    check(
        "FT._LIST | FT.CREATE i SCHEMA t TEXT | FT.CREATE i SCHEMA t TEXT | FT.CREATE j SCHEMA n NUMERIC | \
         FT._LIST | FT.DROPINDEX i | FT._LIST | FT.DROPINDEX i",
        "[] | OK | Index already exists | OK | [i j] | OK | [j] | i: no such index",
    );
    check("FT.CREATE i SCHEMA t TEXT | FLUSHALL | FT._LIST", "OK | OK | []");
    check("SELECT 1 | FT.CREATE i SCHEMA t TEXT", "OK | Cannot create index on db != 0");
}
