//! INFO's section `Keyspace`: the databases that hold keys.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, _ctx: &Ctx<'_>, survey: &Survey) {
    for (number, db) in survey.dbs.iter().enumerate().filter(|(_, db)| db.keys > 0) {
        text.field(
            &format!("db{number}"),
            format_args!("keys={},expires={},avg_ttl={}", db.keys, db.volatile, db.average_ttl()),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;
    use redpoll_keyspace::Expiry;

    #[test]
    fn lists_databases_with_keys() {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, "SET a 1");
        server.run(&mut session, "SELECT 3");
        server.run(&mut session, "SET b 1");
        let mut keys = server.engine.keyspace.keys(3, server.now);
        keys.lock_key(b"c");
        keys.set_string(b"c", b"1", Expiry::At(server.now + 5000));
        drop(keys);
        let info = server.run(&mut session, "INFO keyspace");
        let expected = "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n\
                        db3:keys=2,expires=1,avg_ttl=5000\r\n";
        assert_eq!(info, expected);
    }
}
