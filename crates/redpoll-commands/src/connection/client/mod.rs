//! `CLIENT`: the connected clients, and what a client says of itself.

use crate::prelude::*;

mod caching;
mod capa;
mod filter;
mod getname;
mod getredir;
mod help;
mod id;
mod import_source;
mod info;
mod kill;
mod kind;
mod line;
mod list;
mod no_evict;
mod no_touch;
mod pause;
mod reply;
mod setinfo;
mod setname;
mod tracking;
mod trackinginfo;
mod unblock;
mod unpause;

pub const CLIENT: Command = Command {
    spec: Spec {
        name: "client",
        arity: -2,
        group: Group::Connection,
        since: "2.4.0",
        summary: "Commands about connections.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &caching::CACHING,
            &capa::CAPA,
            &getname::GETNAME,
            &getredir::GETREDIR,
            &help::HELP,
            &id::ID,
            &import_source::IMPORT_SOURCE,
            &info::INFO,
            &kill::KILL,
            &list::LIST,
            &no_evict::NO_EVICT,
            &no_touch::NO_TOUCH,
            &pause::PAUSE,
            &reply::REPLY,
            &setinfo::SETINFO,
            &setname::SETNAME,
            &tracking::TRACKING,
            &trackinginfo::TRACKINGINFO,
            &unblock::UNBLOCK,
            &unpause::UNPAUSE,
        ],
        ..Spec::EMPTY
    },
    run: container,
};

/// Whether a word is ON (or OFF).
fn on_or_off(word: &[u8]) -> Result<bool> {
    match word {
        _ if parse::is(word, "on") => Ok(true),
        _ if parse::is(word, "off") => Ok(false),
        _ => Err(Error::Syntax),
    }
}
