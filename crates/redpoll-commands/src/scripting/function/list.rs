//! `FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]`.

use crate::prelude::*;
use redpoll_config::glob_match;
use redpoll_script::{LibraryInfo, LoadedFunction};

pub(super) const LIST: Command = Command {
    spec: Spec {
        name: "list",
        arity: -2,
        flags: Flags::NOSCRIPT,
        group: Group::Scripting,
        since: "7.0.0",
        summary: "Lists the libraries and their functions.",
        complexity: "O(N), N being the functions",
        args: &[
            Arg::string("library-name-pattern").token("LIBRARYNAME").optional(),
            Arg::flag("withcode", "WITHCODE").optional(),
        ],
        tips: &["nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (mut with_code, mut pattern) = (false, None);
    let mut words = args.iter_from(2);
    while let Some(word) = words.next() {
        if !with_code && parse::is(word, "withcode") {
            with_code = true;
        } else if pattern.is_none() && parse::is(word, "libraryname") {
            let missing = || Error::text("ERR library name argument was not given");
            pattern = Some(words.next().ok_or_else(missing)?);
        } else {
            let word = String::from_utf8_lossy(word);
            return Err(Error::text(format!("ERR Unknown argument {word}")));
        }
    }
    let mut libraries = ctx.engine.scripts.libraries();
    if let Some(pattern) = pattern {
        libraries.retain(|library| glob_match(pattern, library.name.as_bytes(), true));
    }
    ctx.reply.array(libraries.len());
    libraries.iter().for_each(|library| write(ctx, library, with_code));
    Ok(())
}

fn write(ctx: &mut Ctx<'_>, library: &LibraryInfo, with_code: bool) {
    let reply = &mut ctx.reply;
    reply.map(if with_code { 4 } else { 3 });
    reply.bulk(b"library_name");
    reply.bulk(library.name.as_bytes());
    reply.bulk(b"engine");
    reply.bulk(b"LUA");
    reply.bulk(b"functions");
    reply.array(library.functions.len());
    library.functions.iter().for_each(|function| write_function(ctx, function));
    if with_code {
        ctx.reply.bulk(b"library_code");
        ctx.reply.bulk(&library.code);
    }
}

fn write_function(ctx: &mut Ctx<'_>, function: &LoadedFunction) {
    let reply = &mut ctx.reply;
    reply.map(3);
    reply.bulk(b"name");
    reply.bulk(function.name.as_bytes());
    reply.bulk(b"description");
    reply.bulk_or_null(function.description.as_deref());
    reply.bulk(b"flags");
    let names = function.flags.names();
    reply.set(names.clone().count());
    names.for_each(|name| reply.simple(name));
}
