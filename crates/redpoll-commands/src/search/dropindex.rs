//! `FT.DROPINDEX index [DD]`: remove an index, with its documents or without.

use super::common;
use crate::prelude::*;
use redpoll_engine::acl::patterns::Access;
use redpoll_engine::search::SearchIndex;
use redpoll_keyspace::table::Cursor;

pub const DROPINDEX: Command = Command {
    spec: Spec {
        name: "ft.dropindex",
        arity: -2,
        flags: Flags::WRITE,
        acl: Acl::DANGEROUS,
        locks: Locks::All,
        group: Group::Search,
        since: "2.0.0",
        summary: "Removes an index, and on demand its documents.",
        complexity: "O(1), or O(N) with DD, where N is the number of keys.",
        args: &[Arg::string("index"), Arg::flag("delete_docs", "DD").optional()],
        ..Spec::EMPTY
    },
    run: |ctx, args| run(ctx, args, Form::DropIndex),
};

/// As FT.DROPINDEX, but there may be no such index.
pub const DROPINDEXIFX: Command = Command {
    spec: Spec { name: "ft._dropindexifx", ..DROPINDEX.spec },
    run: |ctx, args| if_there(ctx, args, Form::DropIndex),
};

/// The older form, which removes documents unless told to keep them.
pub const DROP: Command = Command {
    spec: Spec {
        name: "ft.drop",
        since: "1.0.0",
        deprecated: Some(("2.0.0", "`FT.DROPINDEX`")),
        summary: "Removes an index, and its documents unless they are to be kept.",
        complexity: "O(N) where N is the number of keys, or O(1) with KEEPDOCS.",
        args: &[Arg::string("index"), Arg::flag("keep_docs", "KEEPDOCS").optional()],
        ..DROPINDEX.spec
    },
    run: |ctx, args| run(ctx, args, Form::Drop),
};

/// As FT.DROP, but there may be no such index.
pub const DROPIFX: Command = Command {
    spec: Spec { name: "ft._dropifx", ..DROP.spec },
    run: |ctx, args| if_there(ctx, args, Form::Drop),
};

/// Which of the two forms a command has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    DropIndex,
    Drop,
}

impl Form {
    /// The command's name.
    fn name(self) -> &'static str {
        match self {
            Form::DropIndex => DROPINDEX.spec.name,
            Form::Drop => DROP.spec.name,
        }
    }

    /// Whether documents are removed.
    fn deletes(self, word: Option<&[u8]>) -> Result<bool> {
        match (self, word) {
            // An empty word is what some clients send for "no".
            (Form::DropIndex, None | Some(b"")) => Ok(false),
            (Form::Drop, None | Some(b"")) => Ok(true),
            (_, Some(word)) if parse::is(word, "_forcekeepdocs") => Ok(false),
            (Form::DropIndex, Some(word)) if parse::is(word, "dd") => Ok(true),
            (Form::Drop, Some(word)) if parse::is(word, "keepdocs") => Ok(false),
            (_, Some(_)) => Err(Error::text("Unknown argument")),
        }
    }
}

fn if_there(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Result {
    if ctx.engine.search.index(args.at(1)).is_some() {
        return run(ctx, args, form);
    }
    ctx.reply.ok();
    Ok(())
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, form: Form) -> Result {
    if args.len() > 3 {
        return Err(Error::arity(form.name()));
    }
    let deletes = form.deletes(args.get(2))?;
    let access = if deletes { Access::ALL } else { Access::READ };
    common::unused(ctx, args.at(1), access)?;
    let removed = ctx.engine.search.remove(args.at(1), &ctx.engine.keyspace);
    let index = removed.ok_or_else(|| common::unknown(args.at(1)))?;
    if deletes {
        delete_documents(ctx, &index);
    }
    common::changed(ctx);
    ctx.reply.ok();
    Ok(())
}

fn delete_documents(ctx: &mut Ctx<'_>, index: &SearchIndex) {
    let mut keys: Vec<Box<[u8]>> = Vec::new();
    for stripe in 0..ctx.engine.keyspace.stripes() {
        let table = &ctx.keys.held_stripe(stripe).dbs()[0].table;
        let mut cursor = Some(Cursor::default());
        while let Some(at) = cursor {
            cursor = table.scan_step(at, &mut |entry| {
                let key = entry.key();
                if index.wants(key) && index.index.contains(key) {
                    keys.push(key.into());
                }
            });
        }
    }
    let before = ctx.keys.db();
    ctx.keys.select(0);
    for key in &keys {
        // A walk may meet an entry twice.
        if ctx.keys.delete(key) {
            ctx.wrote(key, Class::Generic, "del", 1);
        }
    }
    ctx.keys.select(before);
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn with_documents_or_without() {
        let setup = "FT.CREATE i SCHEMA t TEXT | HSET d t x | ";
        for (command, there) in [
            ("FT.DROPINDEX i", 1),
            ("FT.DROPINDEX i DD", 0),
            ("FT._DROPINDEXIFX i", 1),
            ("FT.DROP i", 0),
            ("FT.DROP i KEEPDOCS", 1),
            ("FT._DROPIFX i", 0),
        ] {
            let commands = format!("{setup}{command} | FT._LIST | EXISTS d");
            check(&commands, &format!("OK | 1 | OK | [] | {there}"));
        }
    }

    #[test]
    fn refuses() {
        check(
            "FT.DROP i | FT._DROPIFX i | FT._DROPINDEXIFX i | FT.CREATE i SCHEMA t TEXT | \
             FT.DROP i DD | FT.DROPINDEX i KEEPDOCS | FT.DROPINDEX i a b",
            "i: no such index | OK | OK | OK | Unknown argument | Unknown argument | \
             ERR wrong number of arguments for 'ft.dropindex' command",
        );
    }
}
