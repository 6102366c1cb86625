//! `XGROUP CREATE key group id | $ [MKSTREAM] [ENTRIESREAD entries-read]`.

use super::super::{changed_group, ids};
use crate::prelude::*;
use redpoll_types::stream::{Stream, StreamId};

pub(super) const CREATE: Command = Command {
    spec: Spec {
        name: "create",
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(2).rw().insert()],
        summary: "Makes a group.",
        args: &[
            Arg::key("key", 0),
            Arg::string("group"),
            Arg::one_of("id-selector", &[Arg::string("id"), Arg::flag("new-id", "$")]),
            Arg::flag("mkstream", "MKSTREAM").optional(),
            Arg::integer("entriesread").shown_as("entries-read").token("ENTRIESREAD").optional(),
        ],
        ..super::SHARED
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (mut make, mut read, mut at) = (false, None, 5);
    while let Some(word) = args.get(at) {
        match args.get(at + 1) {
            _ if parse::is(word, "mkstream") => {
                make = true;
                at += 1;
            }
            Some(value) if parse::is(word, "entriesread") => {
                read = super::entries_read(value)?;
                at += 2;
            }
            _ => return Err(parse::bad_subcommand(args)),
        }
    }
    if at > 8 {
        return Err(parse::bad_subcommand(args));
    }
    let (key, name) = (args.at(2), args.at(3));
    let there = ctx.keys.write::<Stream>(key)?.map(|stream| stream.log().last_id());
    if !make {
        super::stream(ctx, key)?;
    }
    let position = match args.at(4) {
        b"$" => there.unwrap_or(StreamId::MIN),
        word => ids::id(word)?,
    };
    if !ctx.keys.write_or_new::<Stream>(key)?.create_group(name, position, read) {
        return Err(Error::text("BUSYGROUP Consumer Group name already exists"));
    }
    if there.is_none() {
        ctx.keys.modified(key);
    }
    changed_group(ctx, key, Some("xgroup-create"), 1);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn makes_groups() {
        check(
            "XADD s 1 f v | XGROUP CREATE s g $ | XGROUP CREATE s g 0 | XGROUP CREATE s h 0-0 | \
             XREADGROUP GROUP g c STREAMS s > | XREADGROUP GROUP h c STREAMS s >",
            "1-0 | OK | BUSYGROUP Consumer Group name already exists | OK | nil | \
             [[s [[1-0 [f v]]]]]",
        );
        check(
            "XGROUP CREATE s g $ MKSTREAM | XLEN s | TYPE s | XGROUP CREATE s h 5 MKSTREAM \
             ENTRIESREAD 3 | XINFO GROUPS s",
            "OK | 0 | stream | OK | [[name g consumers 0 pending 0 last-delivered-id 0-0 \
             entries-read nil lag 0] [name h consumers 0 pending 0 last-delivered-id 5-0 \
             entries-read 3 lag 0]]",
        );
    }

    #[test]
    fn refuses() {
        const NONE: &str = "ERR The XGROUP subcommand requires the key to exist. Note that for \
                            CREATE you may want to use the MKSTREAM option to create an empty \
                            stream automatically.";
        const WORDS: &str = "ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try \
                             XGROUP HELP.";
        check(
            "XGROUP CREATE s g 0 | XGROUP CREATE s g x MKSTREAM | EXISTS s | \
             XGROUP CREATE s g 0 OTHER | XGROUP CREATE s g 0 MKSTREAM ENTRIESREAD -2 | \
             XGROUP CREATE s g 0 ENTRIESREAD | SET t v | XGROUP CREATE t g 0",
            &format!(
                "{NONE} | ERR Invalid stream ID specified as stream command argument | 0 | {WORDS} \
                 | ERR value for ENTRIESREAD must be positive or -1 | {WORDS} | OK | \
                 WRONGTYPE Operation against a key holding the wrong kind of value"
            ),
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "XGROUP CREATE s g 0 MKSTREAM | XGROUP CREATE s g 0 | XGROUP SETID s g 5 | \
             XGROUP CREATECONSUMER s g c | XGROUP CREATECONSUMER s g c | \
             XGROUP DELCONSUMER s g c | XGROUP DELCONSUMER s g c | XGROUP DESTROY s g | \
             XGROUP DESTROY s g",
            "new s, xgroup-create s, xgroup-setid s, xgroup-createconsumer s, \
             xgroup-delconsumer s, xgroup-destroy s",
            5,
        );
    }
}
