//! Search indexes and suggestions.
//!
//! What indexes there are is the engine's business (`redpoll_engine::search`), how they answer that
//! of `redpoll_search`; here arguments become requests and results replies. `common` has what
//! several commands share; all other files are commands.

mod common;
mod load;
mod plan;
mod query;
mod request;
mod results;
mod rows;
mod running;
#[cfg(test)]
mod tests;

group! {
    aggregate: AGGREGATE;
    aliasadd: ALIASADD, ALIASADDIFNX, ALIASUPDATE;
    aliasdel: ALIASDEL, ALIASDELIFX;
    aliaslist: ALIASLIST;
    alter: ALTER, ALTERIFNX;
    config: CONFIG;
    create: CREATE, CREATEIFNX;
    cursor: CURSOR;
    dictadd: DICTADD;
    dictdel: DICTDEL;
    dictdump: DICTDUMP;
    dropindex: DROP, DROPIFX, DROPINDEX, DROPINDEXIFX;
    explain: EXPLAIN, EXPLAINCLI;
    hybrid: HYBRID;
    info: INFO;
    legacy: ADD, DEL, GET, MGET, SAFEADD, SYNADD;
    list: LIST;
    profile: PROFILE;
    search: SEARCH;
    spellcheck: SPELLCHECK;
    sugadd: SUGADD;
    sugdel: SUGDEL;
    sugget: SUGGET;
    suglen: SUGLEN;
    syndump: SYNDUMP;
    synupdate: SYNUPDATE;
    tagvals: TAGVALS;
}
