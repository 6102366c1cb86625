//! `STRLEN key`: the length of a string.

use crate::prelude::*;

pub const STRLEN: Command = Command {
    spec: Spec {
        name: "strlen",
        arity: 2,
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        group: Group::String,
        since: "2.2.0",
        summary: "Returns the length of the string value of a key in bytes.",
        args: &[Arg::key("key", 0)],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let len = ctx.keys.string(args.at(1))?.map_or(0, |text| text.len());
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn counts_bytes() {
        check("SET k hello | STRLEN k | SET k -12 | STRLEN k | STRLEN none", "OK | 5 | OK | 3 | 0");
    }
}
