//! `DEBUG HTSTATS database`: how the tables of a database are filled.

use crate::prelude::*;

pub(super) fn describe(ctx: &mut Ctx<'_>, word: &[u8]) -> Result {
    let keyspace = ctx.keys.keyspace();
    let db = parse::count(word)?;
    if db >= keyspace.databases() {
        return Err(Error::text("ERR Out of range database"));
    }
    let (mut keys, mut fullest, mut used, mut bytes, mut volatile) = (0, 0, 0, 0, 0);
    for number in 0..keyspace.stripes() {
        let db = &ctx.keys.stripe(number).dbs()[db];
        let len = db.table.len();
        (keys, volatile, bytes) = (keys + len, volatile + db.volatile, bytes + db.overhead_bytes());
        (fullest, used) = (len.max(fullest), used + usize::from(len > 0));
    }
    ctx.keys.unlock_walk();
    let text = format!(
        "tables: {}\ntables in use: {used}\nkeys: {keys}\nkeys with an expiry: {volatile}\n\
         keys in the fullest table: {fullest}\nbytes without the keys: {bytes}\n",
        keyspace.stripes()
    );
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use crate::testing::{TestServer, check_after};

    #[test]
    fn counts_what_is_there() {
        let mut server = TestServer::new();
        allow(&mut server);
        let mut session = server.client();
        server.run(&mut session, "SET a 1");
        server.run(&mut session, "SET a 1 EX 9");
        let text = server.run(&mut session, "DEBUG HTSTATS 0");
        assert!(text.contains("tables in use: 1\nkeys: 1\nkeys with an expiry: 1\n"), "{text}");
        assert!(server.run(&mut session, "DEBUG HTSTATS 1").contains("\nkeys: 0\n"));
        check_after(allow, "DEBUG HTSTATS 99", "ERR Out of range database");
    }
}
