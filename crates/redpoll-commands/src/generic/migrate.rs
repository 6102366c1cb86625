//! `MIGRATE host port key|"" destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2
//! username password] [KEYS key …]`: move keys to another server.
//!
//! The command packs the keys and lets its client wait; a thread of the program sends them. See
//! `redpoll_engine::migration` for what keeps the move atomic.

use crate::prelude::*;
use redpoll_engine::migration::{Migration, Parcel};
use redpoll_engine::spec::Find;
use redpoll_types::number::parse_i64;

pub const MIGRATE: Command = Command {
    spec: Spec {
        name: "migrate",
        arity: -6,
        flags: Flags::WRITE.with(Flags::MOVABLEKEYS),
        acl: Acl::DANGEROUS,
        keys: &[
            KeySpec::at(3).rw().access().delete(),
            KeySpec::after("KEYS", -2).find(REST).rw().access().delete().incomplete(),
        ],
        locks: Locks::Own,
        group: Group::Generic,
        since: "2.6.0",
        summary: "Moves keys to another server, each at one moment.",
        complexity: "O(N) where N is the size of the values, and the way to the other server",
        args: &[
            Arg::string("host"),
            Arg::integer("port"),
            Arg::one_of("key-selector", &[Arg::key("key", 0), Arg::flag("empty-string", "\"\"")]),
            Arg::integer("destination-db"),
            Arg::integer("timeout"),
            Arg::flag("copy", "COPY").optional(),
            Arg::flag("replace", "REPLACE").optional(),
            Arg::one_of(
                "authentication",
                &[
                    Arg::string("auth").token("AUTH").shown_as("password"),
                    Arg::block("auth2", &[Arg::string("username"), Arg::string("password")])
                        .token("AUTH2"),
                ],
            )
            .optional(),
            Arg::key("keys", 1).token("KEYS").shown_as("key").optional().multiple(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

/// Everything behind the word.
const REST: Find = Find::Range { last: -1, step: 1, limit: 0 };

/// What an exchange may take if the command says 0.
const TIMEOUT_MS: i64 = 1000;

/// What stands behind the fifth word.
#[derive(Default)]
struct Options {
    copy: bool,
    replace: bool,
    login: Option<(Option<Vec<u8>>, Vec<u8>)>,
    /// Where the keys begin, if several are named.
    keys: Option<usize>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let options = options(ctx, args)?;
    let timeout = parse::int(args.at(5))?;
    let target_db = parse::int(args.at(4))?;
    let timeout_ms = if timeout <= 0 { TIMEOUT_MS } else { timeout };
    if !ctx.may_block() {
        return Err(Error::text("ERR MIGRATE is not possible inside a transaction"));
    }
    let parcels = match options.keys {
        Some(first) => pack(ctx, args.iter_from(first)),
        None => pack(ctx, std::iter::once(args.at(3))),
    };
    if parcels.is_empty() {
        ctx.reply.simple("NOKEY");
        return Ok(());
    }
    let port = parse_i64(args.at(2)).and_then(|port| u16::try_from(port).ok());
    ctx.migrate(Migration {
        host: String::from_utf8_lossy(args.at(1)).into_owned(),
        // A port that there is not is one that nobody can connect to.
        port: port.unwrap_or(0),
        target_db,
        timeout_ms: timeout_ms as u64,
        copy: options.copy,
        replace: options.replace,
        login: options.login,
        db: ctx.keys.db(),
        parcels,
    });
    Ok(())
}

/// Packs the keys that are there, one after the other: each moves at a moment of its own.
fn pack<'k>(ctx: &mut Ctx<'_>, keys: impl Iterator<Item = &'k [u8]>) -> Vec<Parcel> {
    let compress = ctx.engine.config.rdbcompression();
    let mut parcels = Vec::new();
    for key in keys {
        ctx.keys.lock_key(key);
        parcels.extend(Parcel::pack(&mut ctx.keys, key, compress));
    }
    ctx.keys.unlock_walk();
    parcels
}

fn options(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<Options> {
    let mut options = Options::default();
    let mut at = 6;
    while at < args.len() {
        let word = args.at(at);
        let more = args.len() - at - 1;
        if parse::is(word, "COPY") {
            options.copy = true;
        } else if parse::is(word, "REPLACE") {
            options.replace = true;
        } else if parse::is(word, "AUTH") && more >= 1 {
            ctx.session.secret_words.push(at + 1);
            options.login = Some((None, args.at(at + 1).to_vec()));
            at += 1;
        } else if parse::is(word, "AUTH2") && more >= 2 {
            ctx.session.secret_words.extend([at + 1, at + 2]);
            options.login = Some((Some(args.at(at + 1).to_vec()), args.at(at + 2).to_vec()));
            at += 2;
        } else if parse::is(word, "KEYS") {
            if !args.at(3).is_empty() {
                return Err(Error::text(
                    "ERR When using MIGRATE KEYS option, the key argument must be set to the \
                     empty string",
                ));
            }
            options.keys = Some(at + 1);
            break;
        } else {
            return Err(Error::Syntax);
        }
        at += 1;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, play};
    use std::sync::{Arc, Mutex};

    #[test]
    fn nothing_to_move() {
        check("MIGRATE 127.0.0.1 1 a 0 100", "NOKEY");
        check("MIGRATE 127.0.0.1 1 \"\" 0 100 KEYS a b", "NOKEY");
    }

    #[test]
    fn the_client_waits_for_another_thread() {
        let mut server = TestServer::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&seen);
        server.engine.set_migrator(Box::new(move |_, migration, waiter| {
            taken.lock().unwrap().push((migration, waiter));
        }));
        let mut session = server.client();
        server.run(&mut session, "SET a 1 PX 5000");
        let line = "MIGRATE host 7 \"\" 3 0 COPY REPLACE AUTH2 me pw KEYS a b";
        assert_eq!(server.run(&mut session, line), "");
        let (migration, waiter) = seen.lock().unwrap().pop().expect("a migration");
        assert_eq!((&*migration.host, migration.port, migration.target_db), ("host", 7, 3));
        assert!(migration.copy && migration.replace && migration.timeout_ms == 1000);
        assert_eq!(migration.login, Some((Some(b"me".to_vec()), b"pw".to_vec())));
        assert_eq!(migration.parcels.len(), 1);
        assert_eq!(&*migration.parcels[0].key, b"a");
        server.engine.answer(&waiter, |reply| reply.ok());
        assert_eq!(server.receive(&mut session), "OK");
        assert_eq!(server.run(&mut session, "GET a"), "1");
    }

    #[test]
    fn without_a_way() {
        let text = "IOERR error or timeout connecting to the client";
        play(&format!(
            "a: SET k v = OK
             a: MIGRATE 127.0.0.1 1 k 0 100 = {text}
             a: GET k = v"
        ));
    }

    #[test]
    fn refusals() {
        check(
            "MIGRATE h 1 k 0 100 FOO | MIGRATE h 1 k 0 100 AUTH",
            "ERR syntax error | ERR syntax error",
        );
        check("MIGRATE h 1 k x 100", "ERR value is not an integer or out of range");
        check(
            "MIGRATE h 1 k 0 100 KEYS a",
            "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string",
        );
        check(
            "SET k v | MULTI | MIGRATE h 1 k 0 100 | EXEC",
            "OK | OK | QUEUED | [ERR MIGRATE is not possible inside a transaction]",
        );
    }
}
