//! Which clients LIST and KILL are about: filters that a client must all pass, each of which may be
//! turned round by a NOT- before its name.

use super::kind::Wanted;
use crate::prelude::*;
use redpoll_engine::Engine;
use redpoll_engine::client::{Client, line};
use std::sync::atomic::Ordering::Relaxed;

/// See the module's head.
pub(super) struct Filter<'a> {
    /// Whether the client that asks is left out.
    pub skip_me: bool,
    tests: Vec<(Test<'a>, bool)>,
}

/// What a filter looks at.
enum Test<'a> {
    Ids(Vec<u64>),
    Kind(Wanted),
    Address(&'a [u8]),
    LocalAddress(&'a [u8]),
    Ip(&'a [u8]),
    /// The user's number.
    User(u64),
    Flags(&'a [u8]),
    Capabilities(&'a [u8]),
    Name(&'a [u8]),
    LibraryName(&'a [u8]),
    LibraryVersion(&'a [u8]),
    Database(u32),
    /// At least so many seconds.
    Idle(i64),
    /// At least so many seconds.
    Age(i64),
}

/// The letters that CLIENT LIST shows as flags, in all servers of the family.
const FLAGS: &[u8] = b"ABIMNOPRSTUbcdeirtux";
/// The letters of what a client is capable of.
const CAPABILITIES: &[u8] = b"r";

impl<'a> Filter<'a> {
    /// The filter by one address: the old form of KILL.
    pub fn address(address: &'a [u8]) -> Self {
        Filter { skip_me: false, tests: vec![(Test::Address(address), false)] }
    }

    /// Reads filters from the `from`th word on. `skip_me` holds unless it is given.
    pub fn parse(engine: &Engine, args: Args<'a>, from: usize, skip_me: bool) -> Result<Self> {
        let mut filter = Filter { skip_me, tests: Vec::new() };
        let mut at = from;
        while let Some(option) = args.get(at) {
            let value = args.get(at + 1).ok_or(Error::Syntax)?;
            at += 2;
            if parse::is(option, "skipme") {
                filter.skip_me = yes_or_no(value)?;
                continue;
            }
            let (name, negated) = match option.get(..4) {
                Some(start) if parse::is(start, "not-") => (&option[4..], true),
                _ => (option, false),
            };
            let mut test = Test::parse(engine, name, value, negated)?;
            if let Test::Ids(ids) = &mut test {
                at += more_ids(args, at, ids)?;
            }
            filter.tests.push((test, negated));
        }
        Ok(filter)
    }

    /// Whether a client passes all filters.
    pub fn passes(&self, client: &Client, now: i64) -> bool {
        self.tests.iter().all(|(test, negated)| test.passes(client, now) != *negated)
    }
}

impl<'a> Test<'a> {
    fn parse(engine: &Engine, name: &[u8], value: &'a [u8], negated: bool) -> Result<Self> {
        Ok(match name {
            _ if parse::is(name, "id") => Test::Ids(vec![id(value)?]),
            _ if parse::is(name, "type") => Test::Kind(Wanted::parse(value)?),
            _ if parse::is(name, "addr") => Test::Address(value),
            _ if parse::is(name, "laddr") => Test::LocalAddress(value),
            _ if parse::is(name, "ip") => Test::Ip(value),
            _ if parse::is(name, "user") => Test::User(known_user(engine, value)?),
            _ if parse::is(name, "flags") => Test::Flags(letters(value, FLAGS, "flags")?),
            _ if parse::is(name, "capa") => {
                Test::Capabilities(letters(value, CAPABILITIES, "capa")?)
            }
            _ if parse::is(name, "name") => Test::Name(value),
            _ if parse::is(name, "lib-name") => Test::LibraryName(value),
            _ if parse::is(name, "lib-ver") => Test::LibraryVersion(value),
            _ if parse::is(name, "db") => Test::Database(database(value)?),
            _ if parse::is(name, "idle") && !negated => Test::Idle(seconds(value, "idle")?),
            _ if parse::is(name, "maxage") && !negated => Test::Age(seconds(value, "maxage")?),
            _ => return Err(Error::Syntax),
        })
    }

    fn passes(&self, client: &Client, now: i64) -> bool {
        let (origin, figures) = (&client.origin, &client.figures);
        let names = || client.names.lock();
        match self {
            Test::Ids(ids) => ids.contains(&client.id),
            Test::Kind(kind) => kind.includes(client),
            Test::Address(address) => *address == origin.address.as_bytes(),
            Test::LocalAddress(address) => *address == origin.local_address.as_bytes(),
            Test::Ip(ip) => *ip == host(&origin.address).as_bytes(),
            Test::User(user) => *user == client.user_id.load(Relaxed),
            Test::Flags(flags) => has_all(&line::letters(client), flags),
            Test::Capabilities(letters) => has_all(client.capabilities(), letters),
            Test::Name(name) => *name == names().name.as_bytes(),
            Test::LibraryName(name) => *name == names().lib_name.as_bytes(),
            Test::LibraryVersion(version) => *version == names().lib_version.as_bytes(),
            Test::Database(db) => *db == figures.db.load(Relaxed),
            Test::Idle(seconds) => (now - figures.last_active.load(Relaxed)) / 1000 >= *seconds,
            Test::Age(seconds) => (now - client.created) / 1000 >= *seconds,
        }
    }
}

/// An address without its port.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn has_all(letters: &str, wanted: &[u8]) -> bool {
    wanted.iter().all(|letter| letters.as_bytes().contains(letter))
}

fn id(word: &[u8]) -> Result<u64> {
    let id = parse::int(word).ok().and_then(|id| u64::try_from(id).ok()).filter(|&id| id > 0);
    id.ok_or(Error::text("ERR client-id should be greater than 0"))
}

/// Adds the numbers that follow, from the `from`th word on; answers how many there are.
fn more_ids(args: Args<'_>, from: usize, ids: &mut Vec<u64>) -> Result<usize> {
    let numbers = args.iter_from(from).take_while(|word| parse::int(word).is_ok());
    let before = ids.len();
    for word in numbers {
        ids.push(id(word)?);
    }
    Ok(ids.len() - before)
}

/// The number of the user of this name.
fn known_user(engine: &Engine, name: &[u8]) -> Result<u64> {
    let user = engine.users.get(name).map(|user| user.id);
    let name = String::from_utf8_lossy(name);
    user.ok_or_else(|| Error::text(format!("ERR No such user '{name}'")))
}

fn letters<'a>(word: &'a [u8], known: &[u8], what: &str) -> Result<&'a [u8]> {
    if word.iter().all(|letter| known.contains(letter)) {
        return Ok(word);
    }
    let word = String::from_utf8_lossy(word);
    Err(Error::text(format!("ERR Unknown {what} found in the provided filter: {word}")))
}

fn database(word: &[u8]) -> Result<u32> {
    let db = parse::int(word).ok().and_then(|db| u32::try_from(db).ok());
    db.ok_or(Error::text("ERR DB number should be between 0 and 2147483647"))
}

fn seconds(word: &[u8], what: &str) -> Result<i64> {
    let wrong = |_| Error::text(format!("ERR {what} is not an integer or out of range"));
    match parse::int(word).map_err(wrong)? {
        seconds if seconds > 0 => Ok(seconds),
        _ => Err(Error::text(format!("ERR {what} should be greater than 0"))),
    }
}

fn yes_or_no(word: &[u8]) -> Result<bool> {
    match word {
        _ if parse::is(word, "yes") => Ok(true),
        _ if parse::is(word, "no") => Ok(false),
        _ => Err(Error::Syntax),
    }
}
