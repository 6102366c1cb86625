//! `FT.SYNADD`: gone since RediSearch 2, and says so.

use crate::prelude::*;

pub const SYNADD: Command = Command {
    spec: Spec {
        name: "ft.synadd",
        arity: -1,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        group: Group::Search,
        since: "1.2.0",
        deprecated: Some(("2.0.0", "`FT.SYNUPDATE`")),
        summary: "Refuses. FT.SYNUPDATE adds words to a group of synonyms.",
        complexity: "O(1)",
        ..Spec::EMPTY
    },
    run: |_, _| Err(Error::text("No longer supported, use FT.SYNUPDATE")),
};

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn refuses() {
        check("FT.SYNADD i a b", "No longer supported, use FT.SYNUPDATE");
    }
}
