//! `XGROUP SETID key group id | $ [ENTRIESREAD entries-read]`.

use super::super::{changed_group, ids, no_group};
use crate::prelude::*;

pub(super) const SETID: Command = Command {
    spec: Spec {
        name: "setid",
        arity: -5,
        keys: &[KeySpec::at(2).rw().update()],
        summary: "Moves a group to another place in its stream.",
        args: &[
            Arg::key("key", 0),
            Arg::string("group"),
            Arg::one_of("id-selector", &[Arg::string("id"), Arg::flag("new-id", "$")]),
            Arg::integer("entriesread").shown_as("entries-read").token("ENTRIESREAD").optional(),
        ],
        ..super::SHARED
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let read = match args.len() {
        5 => None,
        7 if args.is(5, "entriesread") => super::entries_read(args.at(6))?,
        _ => return Err(parse::bad_subcommand(args)),
    };
    let (key, name) = (args.at(2), args.at(3));
    let stream = super::stream(ctx, key)?;
    let last = stream.log().last_id();
    let (group, _) = stream.group_mut(name).ok_or_else(|| no_group(key, name))?;
    let position = match args.at(4) {
        b"$" => last,
        // Unlike elsewhere, the ends of all ids have their short names here.
        word @ (b"-" | b"+") => ids::start(word)?,
        word => ids::id(word)?,
    };
    group.set_position(position, read);
    changed_group(ctx, key, Some("xgroup-setid"), 1);
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn moves_groups() {
        check(
            "XADD s 1 f v | XADD s 2 f v | XGROUP CREATE s g $ | XGROUP SETID s g 1 | \
             XREADGROUP GROUP g c STREAMS s > | XGROUP SETID s g - ENTRIESREAD 0 | \
             XREADGROUP GROUP g c COUNT 1 STREAMS s > | XGROUP SETID s g $ | \
             XREADGROUP GROUP g c STREAMS s > | XGROUP SETID s h 0 | XGROUP SETID s g x | \
             XGROUP SETID s g 0 ENTRIESREAD | XGROUP SETID s g 0 ENTRIESREAD x",
            "1-0 | 2-0 | OK | OK | [[s [[2-0 [f v]]]]] | OK | [[s [[1-0 [f v]]]]] | OK | nil | \
             NOGROUP No such consumer group 'h' for key name 's' | \
             ERR Invalid stream ID specified as stream command argument | \
             ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP. | \
             ERR value is not an integer or out of range",
        );
    }
}
