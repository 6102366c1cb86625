//! What several commands share.

use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;
use redpoll_engine::search::{NameError, SearchIndex};
use std::sync::Arc;

/// The index of this name.
pub(super) fn index(ctx: &Ctx<'_>, name: &[u8]) -> Result<Arc<SearchIndex>> {
    let index = unused(ctx, name, Access::READ)?;
    index.use_now(ctx.keys.now());
    Ok(index)
}

/// The index of this name, to be searched, and whether only those documents are to be shown whose
/// keys the user may read. What `tells` more than documents is refused then.
pub(super) fn searched(
    ctx: &Ctx<'_>,
    name: &[u8],
    tells: bool,
) -> Result<(Arc<SearchIndex>, bool)> {
    let index = ctx.engine.search.index(name).ok_or_else(|| unknown(name))?;
    let permitted = permit(ctx, &index, Access::READ);
    let restricted = permitted.is_err();
    if tells {
        permitted?;
    }
    index.use_now(ctx.keys.now());
    Ok((index, restricted))
}

/// The index of this name, whose use does not count: a temporary one goes when it would have gone.
pub(super) fn unused(ctx: &Ctx<'_>, name: &[u8], access: Access) -> Result<Arc<SearchIndex>> {
    let index = ctx.engine.search.index(name).ok_or_else(|| unknown(name))?;
    permit(ctx, &index, access)?;
    Ok(index)
}

/// Refuses an index to a user who may not access all keys that it may hold: its terms and figures
/// tell of each of them.
pub(super) fn permit(ctx: &Ctx<'_>, index: &SearchIndex, access: Access) -> Result {
    let prefixes = &index.prefixes;
    let may = |prefix: &[u8]| ctx.session.may_access_prefix(prefix, access);
    match if prefixes.is_empty() { may(b"") } else { prefixes.iter().all(|prefix| may(prefix)) } {
        true => Ok(()),
        false => Err(Error::text(
            "NOPERM User does not have the required permissions to query the index",
        )),
    }
}

/// There is no such index.
pub(super) fn unknown(name: &[u8]) -> Error {
    Error::text(format!("{}: no such index", String::from_utf8_lossy(name)))
}

/// A name that cannot be given or taken.
pub(super) fn name_error(error: NameError) -> Error {
    Error::text(match error {
        NameError::IndexExists => "Index already exists",
        NameError::IndexOfAlias => "Alias conflicts with an existing index name",
        NameError::AliasExists => "Alias already exists",
        NameError::NoIndex => "Unknown index name (or name is an alias itself)",
        NameError::NoAlias => "Alias does not exist",
    })
}

/// An error that the search engine words itself.
pub(super) fn error(error: impl std::fmt::Display) -> Error {
    Error::text(error.to_string())
}

/// Indexes belong to the first database.
pub(super) fn only_in_first(ctx: &Ctx<'_>) -> Result {
    match ctx.keys.db() {
        0 => Ok(()),
        _ => Err(Error::text("Cannot create index on db != 0")),
    }
}

/// Says that something has changed that replicas and files are to know.
pub(super) fn changed(ctx: &mut Ctx<'_>) {
    ctx.keys.effects.dirty += 1;
}

/// Does what threads of the program do otherwise, if there are none: tests see the end of it at
/// once.
pub(super) fn catch_up(ctx: &Ctx<'_>) {
    let search = &ctx.engine.search;
    if search.is_alone() && !ctx.keys.holds_all() {
        while search.work(&ctx.engine.keyspace, ctx.keys.now()) {}
    }
}
