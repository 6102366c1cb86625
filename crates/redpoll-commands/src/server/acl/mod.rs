//! `ACL`: the one user there is, and the categories of commands. Further users are a later story.

use crate::prelude::*;

mod cat;
mod help;
mod users;
mod whoami;

pub const ACL: Command = Command {
    spec: Spec {
        name: "acl",
        arity: -2,
        group: Group::Server,
        since: "6.0.0",
        summary: "Commands about users and their rights.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&cat::CAT, &help::HELP, &users::USERS, &whoami::WHOAMI],
        ..Spec::EMPTY
    },
    run: container,
};
