//! Geo indexes: sorted sets whose scores are places.
//!
//! `arguments` reads coordinates, distances and units, `options` what a search is asked for,
//! `search` searches and answers or stores; the geometry is in `redpoll_types::geo`; all other
//! files are commands.

mod arguments;
mod options;
mod search;

group! {
    geoadd: GEOADD;
    geodist: GEODIST;
    geohash: GEOHASH;
    geopos: GEOPOS;
    georadius: GEORADIUS, GEORADIUSBYMEMBER, GEORADIUSBYMEMBER_RO, GEORADIUS_RO;
    geosearch: GEOSEARCH, GEOSEARCHSTORE;
}
