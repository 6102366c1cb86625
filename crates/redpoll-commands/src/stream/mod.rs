//! Streams.
//!
//! `ids` reads ids, `entries` writes entries, `options` holds what XADD and XTRIM share, `removal`
//! what those commands share that delete by name, `group_log` what the change log gets of groups,
//! `reading` what XREAD and XREADGROUP share; `waiting` has the tests of those that wait. All other
//! files are commands.

mod entries;
mod group_log;
mod ids;
mod options;
mod reading;
mod removal;
#[cfg(test)]
mod waiting;

use crate::prelude::*;

group! {
    xack: XACK;
    xackdel: XACKDEL;
    xadd: XADD;
    xautoclaim: XAUTOCLAIM;
    xcfgset: XCFGSET;
    xclaim: XCLAIM;
    xdel: XDEL;
    xdelex: XDELEX;
    xgroup: XGROUP;
    xidmprecord: XIDMPRECORD;
    xinfo: XINFO;
    xlen: XLEN;
    xnack: XNACK;
    xpending: XPENDING;
    xrange: XRANGE, XREVRANGE;
    xread: XREAD;
    xreadgroup: XREADGROUP;
    xsetid: XSETID;
    xtrim: XTRIM;
}

/// What an entry costs, or one that is pending, in elements.
const ENTRY: usize = 4;

/// Counts changes that concern groups alone, and raises their event: those who watch the key or
/// wait for entries are not told.
fn changed_group(ctx: &mut Ctx<'_>, key: &[u8], event: Option<&'static str>, changes: u64) {
    ctx.keys.effects.dirty += changes;
    if let Some(event) = event {
        ctx.keys.event(key, Class::Stream, event);
    }
}

/// The error for a key or a group that is not there.
fn no_key_or_group(key: &[u8], group: &[u8]) -> Error {
    let (key, group) = (String::from_utf8_lossy(key), String::from_utf8_lossy(group));
    Error::text(format!("NOGROUP No such key '{key}' or consumer group '{group}'"))
}

/// The error for a group that is not there although its key is.
fn no_group(key: &[u8], group: &[u8]) -> Error {
    let (key, group) = (String::from_utf8_lossy(key), String::from_utf8_lossy(group));
    Error::text(format!("NOGROUP No such consumer group '{group}' for key name '{key}'"))
}
