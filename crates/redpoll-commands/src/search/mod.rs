//! Search indexes and suggestions.
//!
//! What indexes there are is the engine's business (`redpoll_engine::search`), how they answer that of
//! `redpoll_search`; here arguments become requests and results replies. `common` has what several
//! commands share; all other files are commands.

mod common;
#[cfg(test)]
mod tests;

group! {
    aliasadd: ALIASADD, ALIASUPDATE;
    aliasdel: ALIASDEL;
    aliaslist: ALIASLIST;
    alter: ALTER;
    config: CONFIG;
    create: CREATE;
    dictadd: DICTADD;
    dictdel: DICTDEL;
    dictdump: DICTDUMP;
    dropindex: DROPINDEX;
    info: INFO;
    list: LIST;
    sugadd: SUGADD;
    sugdel: SUGDEL;
    sugget: SUGGET;
    suglen: SUGLEN;
    syndump: SYNDUMP;
    synupdate: SYNUPDATE;
}
