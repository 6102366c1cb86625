//! A command as COMMAND DOCS documents it: a map with what is known, its arguments as a tree.

use super::describe::statuses;
use crate::prelude::*;
use redpoll_engine::spec::ArgKind;
use redpoll_engine::table::CommandTable;
use redpoll_resp::Reply;

/// Documents the command of this number.
pub(super) fn one(reply: &mut Reply<'_>, commands: &CommandTable, id: usize) {
    let spec = &commands.row(id).command.spec;
    let subcommands = || commands.rows().filter(|(_, row)| row.parent == Some(id));
    let fields = 3
        + usize::from(!spec.complexity.is_empty())
        + usize::from(!spec.history.is_empty())
        + 3 * usize::from(spec.deprecated.is_some())
        + usize::from(!spec.args.is_empty())
        + usize::from(!spec.subcommands.is_empty());
    reply.map(fields);
    text(reply, "summary", spec.summary);
    text(reply, "since", spec.since);
    text(reply, "group", spec.group.name());
    if !spec.complexity.is_empty() {
        text(reply, "complexity", spec.complexity);
    }
    if !spec.history.is_empty() {
        reply.bulk(b"history");
        reply.set(spec.history.len());
        for (version, change) in spec.history {
            reply.array(2);
            reply.bulk(version.as_bytes());
            reply.bulk(change.as_bytes());
        }
    }
    if let Some((since, replacement)) = spec.deprecated {
        reply.bulk(b"doc_flags");
        statuses(reply, ["deprecated"].into_iter());
        text(reply, "deprecated_since", since);
        text(reply, "replaced_by", replacement);
    }
    if !spec.args.is_empty() {
        reply.bulk(b"arguments");
        arguments(reply, spec.args);
    }
    if !spec.subcommands.is_empty() {
        reply.bulk(b"subcommands");
        reply.map(subcommands().count());
        for (sub, row) in subcommands() {
            reply.bulk(row.full_name.as_bytes());
            one(reply, commands, sub);
        }
    }
}

fn text(reply: &mut Reply<'_>, name: &str, value: &str) {
    reply.bulk(name.as_bytes());
    reply.bulk(value.as_bytes());
}

fn arguments(reply: &mut Reply<'_>, args: &[Arg]) {
    reply.array(args.len());
    args.iter().for_each(|arg| argument(reply, arg));
}

fn argument(reply: &mut Reply<'_>, arg: &Arg) {
    let nested = matches!(arg.kind, ArgKind::OneOf | ArgKind::Block);
    let flags = [
        (arg.optional, "optional"),
        (arg.multiple, "multiple"),
        (arg.multiple_token, "multiple_token"),
    ];
    let flags = || flags.iter().filter(|(on, _)| *on).map(|(_, name)| *name);
    // A nested argument has its arguments where another has the text to display.
    let fields = 3
        + usize::from(arg.kind == ArgKind::Key)
        + usize::from(!arg.token.is_empty())
        + usize::from(!arg.since.is_empty())
        + usize::from(!arg.deprecated.is_empty())
        + usize::from(flags().count() > 0);
    reply.map(fields);
    text(reply, "name", arg.name);
    text(reply, "type", arg.kind.name());
    if !nested {
        text(reply, "display_text", arg.display);
    }
    if arg.kind == ArgKind::Key {
        reply.bulk(b"key_spec_index");
        reply.count(arg.key_spec);
    }
    if !arg.token.is_empty() {
        text(reply, "token", arg.token);
    }
    if !arg.since.is_empty() {
        text(reply, "since", arg.since);
    }
    if !arg.deprecated.is_empty() {
        text(reply, "deprecated_since", arg.deprecated);
    }
    if flags().count() > 0 {
        reply.bulk(b"flags");
        statuses(reply, flags());
    }
    if nested {
        reply.bulk(b"arguments");
        arguments(reply, arg.args);
    }
}
