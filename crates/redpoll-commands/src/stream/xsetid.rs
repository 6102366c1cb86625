//! `XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]`.

use super::ids;
use crate::prelude::*;
use redpoll_types::stream::{Stream, StreamId};

pub const XSETID: Command = Command {
    spec: Spec {
        name: "xsetid",
        arity: -3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Sets the last id of a stream, and its other numbers.",
        args: &[
            Arg::key("key", 0),
            Arg::string("last-id"),
            Arg::integer("entries-added").token("ENTRIESADDED").optional(),
            Arg::string("max-deleted-id").token("MAXDELETEDID").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let id = ids::id(args.at(2))?;
    let (mut added, mut max_deleted, mut at) = (None, StreamId::MIN, 3);
    while at < args.len() {
        let Some(value) = args.get(at + 1) else { return Err(Error::Syntax) };
        if args.is(at, "entriesadded") {
            let negative = Error::text("ERR entries_added must be positive");
            added = Some(u64::try_from(parse::int(value)?).map_err(|_| negative)?);
        } else if args.is(at, "maxdeletedid") {
            max_deleted = ids::id(value)?;
            if id < max_deleted {
                return Err(smaller("the provided max_deleted_entry_id"));
            }
        } else {
            return Err(Error::Syntax);
        }
        at += 2;
    }
    let key = args.at(1);
    let log = ctx.keys.write::<Stream>(key)?.ok_or(Error::NoSuchKey)?.log_mut();
    if id < log.max_deleted_id() {
        return Err(smaller("current max_deleted_entry_id"));
    }
    if log.last_entry_id().is_some_and(|last| id < last) {
        return Err(smaller("the target stream top item"));
    }
    if !log.is_empty() && added.is_some_and(|added| added < log.len()) {
        return Err(Error::text(
            "ERR The entries_added specified in XSETID is smaller than the target stream length",
        ));
    }
    log.set_last_id(id);
    if let Some(added) = added {
        log.set_added(added);
    }
    if !max_deleted.is_zero() {
        log.set_max_deleted_id(max_deleted);
    }
    super::changed_group(ctx, key, Some("xsetid"), 1);
    ctx.reply.ok();
    Ok(())
}

fn smaller(than: &str) -> Error {
    Error::text(format!("ERR The ID specified in XSETID is smaller than {than}"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn sets() {
        check(
            "XADD s 1-1 f v | XSETID s 9-9 | XADD s 9-9 f v | XSETID s 20 ENTRIESADDED 100 \
             MAXDELETEDID 10 | XADD s 20-* f v | XSETID s 21 MAXDELETEDID 0-0 | XSETID s 9",
            "1-1 | OK | \
             ERR The ID specified in XADD is equal or smaller than the target stream top item | \
             OK | 20-1 | OK | \
             ERR The ID specified in XSETID is smaller than current max_deleted_entry_id",
        );
    }

    #[test]
    fn refuses() {
        check(
            "XSETID s 1 | XADD s 5 f v | XSETID s 4 | XSETID s 5 ENTRIESADDED 0 | \
             XSETID s 5 ENTRIESADDED -1 | XSETID s 5 MAXDELETEDID 6 | XSETID s 5 ENTRIESADDED | \
             XSETID s 5 OTHER 1 | XSETID s x | XSETID s 5 MAXDELETEDID x | SET t v | XSETID t 1",
            "ERR no such key | 5-0 | \
             ERR The ID specified in XSETID is smaller than the target stream top item | \
             ERR The entries_added specified in XSETID is smaller than the target stream length | \
             ERR entries_added must be positive | \
             ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id | \
             ERR syntax error | ERR syntax error | \
             ERR Invalid stream ID specified as stream command argument | \
             ERR Invalid stream ID specified as stream command argument | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn raises_events() {
        check_events("XADD s 1 f v | XSETID s 2", "new s, xadd s, xsetid s", 2);
    }
}
