//! `FT.CURSOR`: results that are fetched bit by bit.

use crate::prelude::*;

mod del;
mod gc;
mod read;

pub const CURSOR: Command = Command {
    spec: Spec {
        name: "ft.cursor",
        arity: -2,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.1.0",
        summary: "Commands about cursors of aggregations.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&del::DEL, &gc::GC, &read::READ],
        ..Spec::EMPTY
    },
    run: container,
};

/// The number of a cursor.
fn number(word: &[u8]) -> Result<u64> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.ok_or(Error::text("Bad cursor ID"))
}

/// The name of the index that a cursor is of.
fn index_name(ctx: &Ctx<'_>, name: &[u8]) -> Result<redpoll_engine::search::Name> {
    Ok(super::common::index(ctx, name)?.name.clone())
}
