//! `FT.CONFIG`: settings of searches.

use crate::prelude::*;

mod get;
mod help;
mod set;

pub const CONFIG: Command = Command {
    spec: Spec {
        name: "ft.config",
        arity: -2,
        flags: Flags::READONLY,
        acl: Acl::ADMIN,
        group: Group::Search,
        since: "1.0.0",
        summary: "Commands about settings of searches.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&get::GET, &help::HELP, &set::SET],
        ..Spec::EMPTY
    },
    run: container,
};

/// The settings that an option names: all for `*`.
fn named(option: &[u8]) -> impl Iterator<Item = &'static redpoll_engine::search::Setting> {
    let option = option.to_ascii_uppercase();
    let all = option == b"*";
    redpoll_engine::search::SETTINGS
        .iter()
        .filter(move |setting| all || setting.name.as_bytes() == option)
}
