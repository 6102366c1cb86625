//! `XGROUP DESTROY key group`.

use super::super::changed_group;
use crate::prelude::*;

pub(super) const DESTROY: Command = Command {
    spec: Spec {
        name: "destroy",
        arity: 4,
        keys: &[KeySpec::at(2).rw().delete()],
        summary: "Removes a group with all that it has pending.",
        complexity: "O(1); what was pending is freed in the background.",
        args: &[Arg::key("key", 0), Arg::string("group")],
        ..super::SHARED
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let key = args.at(2);
    let destroyed = super::stream(ctx, key)?.destroy_group(args.at(3));
    let was_there = destroyed.is_some();
    if let Some(group) = destroyed {
        ctx.keys.discard_part(group);
        changed_group(ctx, key, Some("xgroup-destroy"), 1);
        // Who waits for the group is told that it is gone.
        ctx.keys.wake_waiters(key);
    }
    ctx.reply.int_bool(was_there);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn destroys() {
        check(
            "XGROUP CREATE s g 0 MKSTREAM | XGROUP DESTROY s h | XGROUP DESTROY s g | \
             XGROUP DESTROY s g | EXISTS s | XGROUP DESTROY s",
            "OK | 0 | 1 | 0 | 1 | ERR wrong number of arguments for 'xgroup|destroy' command",
        );
    }
}
