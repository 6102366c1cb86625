//! `MODULE`: there are none, and none can be loaded.

use crate::prelude::*;

pub const MODULE: Command = Command {
    spec: Spec {
        name: "module",
        arity: -2,
        group: Group::Server,
        since: "4.0.0",
        summary: "Commands about modules.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&HELP, &LIST, &LOAD, &LOADEX, &UNLOAD],
        ..Spec::EMPTY
    },
    run: container,
};

const ADMIN: Flags = Flags::ADMIN.with(Flags::NOSCRIPT);

const HELP: Command = Command {
    spec: Spec {
        name: "help",
        arity: 2,
        flags: Flags::LOADING.with(Flags::STALE),
        group: Group::Server,
        since: "5.0.0",
        summary: "Shows the subcommands of MODULE.",
        ..Spec::EMPTY
    },
    run: |ctx, _| {
        let lines = [
            ("LIST", "The loaded modules: none."),
            ("LOAD <path> [<arg> ...]", "Load a module, which is not possible here."),
            (
                "LOADEX <path> [CONFIG <name> <value> ...] [ARGS <arg> ...]",
                "Load a module, which is not possible here.",
            ),
            ("UNLOAD <name>", "Unload a module."),
        ];
        crate::help::reply(&mut ctx.reply, "MODULE", &lines);
        Ok(())
    },
};

const LIST: Command = Command {
    spec: Spec {
        name: "list",
        arity: 2,
        flags: ADMIN,
        group: Group::Server,
        since: "4.0.0",
        summary: "Lists the loaded modules.",
        complexity: "O(N) where N is the number of loaded modules.",
        tips: &["nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run: |ctx, _| {
        ctx.reply.array(0);
        Ok(())
    },
};

const LOAD: Command = Command {
    spec: Spec {
        name: "load",
        arity: -3,
        flags: ADMIN.with(Flags::NO_ASYNC_LOADING),
        group: Group::Server,
        since: "4.0.0",
        summary: "Loads a module.",
        args: &[Arg::string("path"), Arg::string("arg").optional().multiple()],
        ..Spec::EMPTY
    },
    run: |ctx, _| refuse(ctx),
};

const LOADEX: Command = Command {
    spec: Spec {
        name: "loadex",
        arity: -3,
        flags: ADMIN.with(Flags::NO_ASYNC_LOADING),
        group: Group::Server,
        since: "7.0.0",
        summary: "Loads a module with settings.",
        args: &[
            Arg::string("path"),
            Arg {
                optional: true,
                ..Arg::block("configs", &[Arg::string("name"), Arg::string("value")])
                    .token("CONFIG")
                    .multiple_token()
            },
            Arg::string("args").token("ARGS").optional().multiple(),
        ],
        ..Spec::EMPTY
    },
    run: |ctx, _| refuse(ctx),
};

const UNLOAD: Command = Command {
    spec: Spec {
        name: "unload",
        arity: 3,
        flags: ADMIN.with(Flags::NO_ASYNC_LOADING),
        group: Group::Server,
        since: "4.0.0",
        summary: "Unloads a module.",
        args: &[Arg::string("name")],
        ..Spec::EMPTY
    },
    run: |_, _| Err(Error::text("ERR Error unloading module: no such module with that name")),
};

/// Whatever the file is, it is no module for this server.
fn refuse(_ctx: &mut Ctx<'_>) -> Result {
    Err(Error::text("ERR Error loading the extension. Please check the server logs."))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn there_are_none() {
        check(
            "MODULE LIST | MODULE LOAD /x | MODULE LOADEX /x ARGS 1 | MODULE UNLOAD x",
            "[] | ERR Error loading the extension. Please check the server logs. | \
             ERR Error loading the extension. Please check the server logs. | \
             ERR Error unloading module: no such module with that name",
        );
    }
}
