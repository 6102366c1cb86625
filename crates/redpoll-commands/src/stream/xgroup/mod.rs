//! `XGROUP`: making, moving and removing groups and their consumers.

use crate::prelude::*;
use redpoll_types::stream::Stream;

mod consumer;
mod create;
mod destroy;
mod help;
mod setid;

pub const XGROUP: Command = Command {
    spec: Spec {
        name: "xgroup",
        arity: -2,
        group: Group::Stream,
        since: "5.0.0",
        summary: "Commands about groups of consumers.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &create::CREATE,
            &consumer::CREATECONSUMER,
            &consumer::DELCONSUMER,
            &destroy::DESTROY,
            &help::HELP,
            &setid::SETID,
        ],
        ..Spec::EMPTY
    },
    run: container,
};

/// What the subcommands have in common.
const SHARED: Spec =
    Spec { flags: Flags::WRITE, group: Group::Stream, since: "5.0.0", ..Spec::EMPTY };

/// The stream of a subcommand that makes none.
fn stream<'c>(ctx: &'c mut Ctx<'_>, key: &[u8]) -> Result<&'c mut Stream> {
    let missing = Error::text(
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to \
         use the MKSTREAM option to create an empty stream automatically.",
    );
    ctx.keys.write::<Stream>(key)?.ok_or(missing)
}

/// The value of ENTRIESREAD; `None` for -1.
fn entries_read(word: &[u8]) -> Result<Option<u64>> {
    match parse::int(word)? {
        -1 => Ok(None),
        read => {
            let negative = Error::text("ERR value for ENTRIESREAD must be positive or -1");
            u64::try_from(read).map(Some).map_err(|_| negative)
        }
    }
}
