//! `XINFO`: looking into streams and groups.

use crate::prelude::*;

mod consumers;
mod groups;
mod help;
mod stream;

pub const XINFO: Command = Command {
    spec: Spec {
        name: "xinfo",
        arity: -2,
        group: Group::Stream,
        since: "5.0.0",
        summary: "Commands that look into streams.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&consumers::CONSUMERS, &groups::GROUPS, &help::HELP, &stream::STREAM],
        ..Spec::EMPTY
    },
    run: container,
};

/// What the subcommands have in common.
const SHARED: Spec = Spec {
    flags: Flags::READONLY,
    keys: &[KeySpec::at(2).ro().access()],
    group: Group::Stream,
    since: "5.0.0",
    ..Spec::EMPTY
};

/// A number, or the absent value.
fn number_or_null(reply: &mut redpoll_resp::Reply<'_>, number: Option<u64>) {
    match number {
        Some(number) => reply.count(number as usize),
        None => reply.null(),
    }
}
