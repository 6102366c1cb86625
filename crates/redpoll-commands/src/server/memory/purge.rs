//! `MEMORY PURGE`: give unused memory back to the system.

use crate::prelude::*;

pub(super) const PURGE: Command = Command {
    spec: Spec {
        name: "purge",
        arity: 2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Gives unused memory back to the system.",
        tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
        complexity: "O(N), N being the unused pages",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    redpoll_memory::purge();
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn answers() {
        check("MEMORY PURGE", "OK");
    }
}
