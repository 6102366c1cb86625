//! Tests of the group: as a client sees it.

mod aggregates;
mod following;
mod hybrid;
mod info;
mod lists;
mod profiles;
mod queries;

use crate::testing::check;

/// Runs commands on a server that has an index `i` over a few documents.
fn with_shop(commands: &str, want: &str) {
    let setup = "FT.CREATE i PREFIX 1 d: SCHEMA title TEXT brand TAG price NUMERIC SORTABLE \
                 place GEO | \
                 HSET d:1 title 'red running shoes' brand acme price 10 place 1,1 | \
                 HSET d:2 title 'blue shoes' brand acme price 20 place 2,2 | \
                 HSET d:3 title 'red hats' brand bolt price 30 place 50,50 | \
                 HSET other title 'red herring'";
    check(&format!("{setup} | {commands}"), &format!("OK | 4 | 4 | 4 | 1 | {want}"));
}
