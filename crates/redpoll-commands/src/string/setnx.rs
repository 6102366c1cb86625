//! `SETNX key value`: set a string only where there is no key.

use super::expiry::set;
use crate::prelude::*;

pub const SETNX: Command = Command {
    spec: Spec {
        name: "setnx",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).ow().insert()],
        group: Group::String,
        since: "1.0.0",
        summary: "Gives a key a string value only if the key is not there.",
        args: &[Arg::key("key", 0), Arg::string("value")],
        deprecated: Some(("2.6.12", "`SET` with the `NX` argument")),
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let done = set(ctx, args.at(1), args.at(2), Expiry::Clear, When::Absent);
    ctx.reply.int_bool(done);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sets_once() {
        check("SETNX k 1 | SETNX k 2 | GET k", "1 | 0 | 1");
        check("SET k 1 PXAT 1 | SETNX k 2 | GET k | TTL k", "OK | 1 | 2 | -1");
    }
}
