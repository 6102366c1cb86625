//! `COMMAND`: what commands there are, read from their metadata.

use crate::prelude::*;

mod count;
mod describe;
mod docs;
mod document;
mod getkeys;
mod help;
mod info;
mod list;

pub const COMMAND: Command = Command {
    spec: Spec {
        name: "command",
        arity: -1,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "2.8.13",
        summary: "Describes all commands.",
        tips: &["nondeterministic_output_order"],
        complexity: "O(N), N being the commands",
        subcommands: &[
            &count::COUNT,
            &docs::DOCS,
            &getkeys::GETKEYS,
            &getkeys::GETKEYSANDFLAGS,
            &help::HELP,
            &info::INFO,
            &list::LIST,
        ],
        ..Spec::EMPTY
    },
    run: |ctx, _args| {
        describe::all(ctx);
        Ok(())
    },
};
