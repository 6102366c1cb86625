//! Deleting entries by name: the options that XDELEX and XACKDEL share, and what all such commands
//! do afterwards.

use super::{ids, options};
use crate::prelude::*;
use redpoll_types::stream::{References, Stream, StreamId};

/// The arguments that name the entries.
pub const IDS: Arg =
    Arg::block("ids", &[Arg::integer("numids"), Arg::string("id").multiple()]).token("IDS");

/// What became of an entry, as XDELEX and XACKDEL answer it.
pub const NOT_FOUND: i64 = -1;
/// See [`NOT_FOUND`].
pub const DELETED: i64 = 1;
/// See [`NOT_FOUND`].
pub const STILL_REFERENCED: i64 = 2;

/// Entries, and what becomes of the references to them.
pub struct Removal<'a> {
    pub references: References,
    words: Args<'a>,
    count: usize,
}

impl<'a> Removal<'a> {
    /// Reads `[KEEPREF | DELREF | ACKED] IDS numids id [id ...]` from the `at`th word on, in any
    /// order.
    pub fn parse(args: Args<'a>, mut at: usize) -> Result<Self> {
        let (mut references, mut ids) = (None, None);
        while let Some(word) = args.get(at) {
            match options::references(word).filter(|_| references.is_none()) {
                Some(chosen) => {
                    references = Some(chosen);
                    at += 1;
                }
                None if parse::is(word, "ids") && at + 1 < args.len() => {
                    let count = id_count(args, at + 1)?;
                    ids = Some((args.slice_from(at + 2), count));
                    at += 2 + count;
                }
                None => return Err(Error::Syntax),
            }
        }
        let (words, count) = ids.ok_or(Error::text("ERR IDS option is required"))?;
        Ok(Removal { references: references.unwrap_or_default(), words, count })
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The ids.
    pub fn ids(&self) -> Result<Vec<StreamId>> {
        ids::all(self.words.iter().take(self.count))
    }
}

fn id_count(args: Args<'_>, at: usize) -> Result<usize> {
    let count = parse::int(args.at(at)).ok().filter(|&count| count > 0);
    let count = count.and_then(|count| usize::try_from(count).ok());
    let count = count.ok_or(Error::text("ERR Number of IDs must be a positive integer"))?;
    if count > args.len() - at - 1 {
        return Err(Error::text("ERR The `numids` parameter must match the number of arguments"));
    }
    Ok(count)
}

/// Deletes an entry as `references` asks; answers what became of it.
pub fn delete(stream: &mut Stream, id: StreamId, references: References) -> i64 {
    match references {
        References::MustBeNone if stream.is_referenced(id) => return STILL_REFERENCED,
        References::Delete => drop(stream.drop_references(id)),
        _ => {}
    }
    if stream.log_mut().delete(id) { DELETED } else { NOT_FOUND }
}
