//! `COMMAND DOCS [name ...]`: the documentation of the named commands, or of all.

use super::document;
use crate::prelude::*;

pub(super) const DOCS: Command = Command {
    spec: Spec {
        name: "docs",
        arity: -2,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "7.0.0",
        summary: "Returns the documentation of commands.",
        args: &[Arg::string("command-name").optional().multiple()],
        tips: &["nondeterministic_output_order"],
        complexity: "O(N), N being the named commands",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let commands = &ctx.engine.commands;
    let found: Vec<usize> = match args.len() {
        2 => commands.rows().filter(|(_, row)| row.parent.is_none()).map(|(id, _)| id).collect(),
        _ => args.iter_from(2).filter_map(|name| commands.find_full(name)).collect(),
    };
    ctx.reply.map(found.len());
    for id in found {
        ctx.reply.bulk(commands.row(id).full_name.as_bytes());
        document::one(&mut ctx.reply, commands, id);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn tells_what_is_known() {
        check("COMMAND DOCS nope", "[]");
        check(
            "COMMAND DOCS GETDEL",
            "[getdel [summary Returns the string value of a key and \
              removes the key. since 6.2.0 group string complexity O(1) arguments [[name key type \
              key display_text key key_spec_index 0]]]]",
        );
        check(
            "COMMAND DOCS quit",
            "[quit [summary Closes the connection. since 1.0.0 group \
              connection complexity O(1) doc_flags [deprecated] deprecated_since 7.2.0 replaced_by \
              just closing the connection]]",
        );
        check(
            "COMMAND DOCS client|pause",
            "[client|pause [summary Lets the commands of all \
              clients wait for a time. since 3.0.0 group connection complexity O(1) history \
              [[6.2.0 The mode, and with it `WRITE`.]] arguments \
              [[name timeout type integer display_text timeout] [name mode type oneof \
              since 6.2.0 flags \
              [optional] arguments [[name write type pure-token display_text write token WRITE] \
              [name all type pure-token display_text all token ALL]]]]]]",
        );
    }

    #[test]
    fn every_command_is_documented() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "HELLO 3");
        let docs = server.run(&mut session, "COMMAND DOCS");
        for (_, row) in server.engine.commands.rows() {
            let spec = &row.command.spec;
            assert!(docs.contains(&row.full_name), "{}", row.full_name);
            assert!(spec.summary.ends_with('.'), "{}: {}", row.full_name, spec.summary);
        }
        let nested = server.run(&mut session, "COMMAND DOCS config");
        assert!(nested.contains("subcommands {config|get {summary "), "{nested}");
    }
}
