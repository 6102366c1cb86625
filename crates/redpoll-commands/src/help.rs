//! The answer of every HELP subcommand.

use redpoll_resp::Reply;

/// Writes a container's help: for each subcommand its form and, indented below, what it does.
pub(crate) fn reply(reply: &mut Reply<'_>, container: &str, subcommands: &[(&str, &str)]) {
    let help = [("HELP", "Show this text.")];
    reply.array(1 + 2 * (subcommands.len() + help.len()));
    reply.simple(&format!("{container} <subcommand> [<argument> ...]. Subcommands are:"));
    for (form, purpose) in subcommands.iter().chain(&help) {
        reply.simple(form);
        reply.simple(&format!("    {purpose}"));
    }
}
