//! `CLIENT`: the connected clients, and what a client says of itself.

use crate::prelude::*;
use redpoll_engine::client::line;
use std::sync::atomic::Ordering::Relaxed;

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
mod list;
mod long_commands;
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
            &long_commands::LONG_COMMANDS,
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

/// Refreshes the figures of the client that asks. The words of its command still lie in its query
/// buffer.
fn refresh(ctx: &mut Ctx<'_>, args: Args<'_>) {
    ctx.session.publish_figures(ctx.keys.now());
    let decimal = |number: usize| number.to_string().len();
    let words = args.iter().map(|word| word.len() + decimal(word.len()) + "$\r\n\r\n".len());
    let bytes = words.sum::<usize>() + decimal(args.len()) + "*\r\n".len();
    ctx.session.client.figures.query_bytes.fetch_max(bytes, Relaxed);
}

/// Whether a word is ON (or OFF).
fn on_or_off(word: &[u8]) -> Result<bool> {
    match word {
        _ if parse::is(word, "on") => Ok(true),
        _ if parse::is(word, "off") => Ok(false),
        _ => Err(Error::Syntax),
    }
}
