//! `ACL`: the users, and what each may do. The rules are read and checked in
//! [`redpoll_engine::acl`]; here are the commands about them.

use crate::prelude::*;

mod cat;
mod deluser;
mod dryrun;
mod genpass;
mod getuser;
mod help;
mod list;
mod load;
mod log;
mod save;
mod setuser;
mod users;
mod whoami;

#[cfg(test)]
mod tests;

pub const ACL: Command = Command {
    spec: Spec {
        name: "acl",
        arity: -2,
        group: Group::Server,
        since: "6.0.0",
        summary: "Commands about users and their rights.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &cat::CAT,
            &deluser::DELUSER,
            &dryrun::DRYRUN,
            &genpass::GENPASS,
            &getuser::GETUSER,
            &help::HELP,
            &list::LIST,
            &load::LOAD,
            &log::LOG,
            &save::SAVE,
            &setuser::SETUSER,
            &users::USERS,
            &whoami::WHOAMI,
        ],
        ..Spec::EMPTY
    },
    run: container,
};

/// What LOAD and SAVE say where there is no file.
fn no_file() -> Error {
    Error::text(
        "ERR This Redis instance is not configured to use an ACL file. You may want to specify \
         users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a \
         Redis configuration file set) in order to store users in the Redis configuration.",
    )
}
