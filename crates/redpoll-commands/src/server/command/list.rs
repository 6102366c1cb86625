//! `COMMAND LIST [FILTERBY MODULE name|ACLCAT category|PATTERN pattern]`: the names of commands.

use crate::prelude::*;
use redpoll_config::glob_match;
use redpoll_engine::acl::rule::category;
use redpoll_engine::table::Row;

pub(super) const LIST: Command = Command {
    spec: Spec {
        name: "list",
        arity: -2,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::CONNECTION,
        group: Group::Server,
        since: "7.0.0",
        summary: "Lists the names of commands.",
        args: &[Arg::one_of(
            "filterby",
            &[
                Arg::string("module-name").token("MODULE"),
                Arg::string("category").token("ACLCAT"),
                Arg::pattern("pattern").token("PATTERN"),
            ],
        )
        .token("FILTERBY")
        .optional()],
        tips: &["nondeterministic_output_order"],
        complexity: "O(N), N being the commands",
        ..Spec::EMPTY
    },
    run,
};

/// Which commands.
enum Filter<'a> {
    All,
    /// Those of a module. There are no modules.
    Module,
    /// Those of an ACL category, if there is one of that name.
    Category(Option<Acl>),
    Pattern(&'a [u8]),
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let filter = Filter::parse(args)?;
    let rows = ctx.engine.commands.rows().map(|(_, row)| row);
    let found: Vec<&Row> = rows.filter(|row| filter.passes(row)).collect();
    ctx.reply.array(found.len());
    found.iter().for_each(|row| ctx.reply.bulk(row.full_name.as_bytes()));
    Ok(())
}

impl<'a> Filter<'a> {
    fn parse(args: Args<'a>) -> Result<Self> {
        if args.len() == 2 {
            return Ok(Filter::All);
        }
        let (Some(kind), Some(value), 5, true) =
            (args.get(3), args.get(4), args.len(), args.is(2, "filterby"))
        else {
            return Err(Error::Syntax);
        };
        match kind {
            _ if parse::is(kind, "module") => Ok(Filter::Module),
            _ if parse::is(kind, "aclcat") => Ok(Filter::Category(category(value))),
            _ if parse::is(kind, "pattern") => Ok(Filter::Pattern(value)),
            _ => Err(Error::Syntax),
        }
    }

    fn passes(&self, row: &Row) -> bool {
        match self {
            Filter::All => true,
            Filter::Module => false,
            Filter::Category(category) => {
                category.is_some_and(|category| row.command.spec.categories().has(category))
            }
            Filter::Pattern(pattern) => glob_match(pattern, row.full_name.as_bytes(), true),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn filters() {
        check("COMMAND LIST FILTERBY PATTERN GETD*", "[getdel]");
        check("COMMAND LIST FILTERBY pattern config|re*", "[config|resetstat config|rewrite]");
        check("COMMAND LIST FILTERBY aclcat transaction", "[discard exec multi unwatch watch]");
        check("COMMAND LIST FILTERBY ACLCAT nope | COMMAND LIST FILTERBY MODULE m", "[] | []");
        let mut server = TestServer::new();
        let mut session = server.client();
        let count = server.engine.commands.len();
        let all = server.run(&mut session, "COMMAND LIST");
        assert_eq!(all.split(' ').count(), count);
    }

    #[test]
    fn refusals() {
        check("COMMAND LIST FILTERBY", "ERR syntax error");
        check("COMMAND LIST FILTERBY PATTERN", "ERR syntax error");
        check("COMMAND LIST FILTERBY nope x", "ERR syntax error");
        check("COMMAND LIST FILTERBY PATTERN x y", "ERR syntax error");
    }
}
