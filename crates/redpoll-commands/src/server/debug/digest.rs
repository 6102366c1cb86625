//! `DEBUG DIGEST` and `DEBUG DIGEST-VALUE`: fingerprints of data, equal to those of Redis 7.2.
//!
//! What has an order (the elements of a list) is mixed in one after the other; what has none (keys,
//! members, fields) is joined by exclusive or, so that its order does not matter.

use crate::prelude::*;
use redpoll_keyspace::entry::{Entry, Payload};
use redpoll_types::number::shortest_f64;
use redpoll_types::value::{Type, Value};
use sha1_smol::Sha1;

/// A fingerprint in the making.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Digest([u8; 20]);

impl Digest {
    /// Joins the hash of some bytes; the order of such calls does not matter.
    fn join(&mut self, bytes: &[u8]) {
        let hash = Sha1::from(bytes).digest().bytes();
        self.0.iter_mut().zip(hash).for_each(|(own, other)| *own ^= other);
    }

    /// Mixes some bytes in; the order of such calls matters.
    fn mix(&mut self, bytes: &[u8]) {
        self.join(bytes);
        *self = Digest(Sha1::from(self.0).digest().bytes());
    }

    /// The fingerprint of two texts that belong together.
    fn of_pair(first: &[u8], second: &[u8]) -> Digest {
        let mut pair = Digest::default();
        pair.mix(first);
        pair.mix(second);
        pair
    }

    fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// DEBUG DIGEST: all databases at one moment.
pub(super) fn all(ctx: &mut Ctx<'_>) {
    ctx.keys.lock_all();
    let keyspace = ctx.keys.keyspace();
    let mut total = Digest::default();
    for db in 0..keyspace.databases() {
        let mut keys = Vec::new();
        for number in 0..keyspace.stripes() {
            for entry in ctx.keys.held_stripe(number).dbs()[db].table.iter() {
                let mut digest = Digest::default();
                digest.mix(entry.key());
                mix_value(&mut digest, &entry);
                keys.push(digest);
            }
        }
        if !keys.is_empty() {
            total.mix(&(db as u32).to_be_bytes());
            keys.iter().for_each(|key| total.join(&key.0));
        }
    }
    ctx.reply.simple(&total.hex());
}

/// DEBUG DIGEST-VALUE: each key's value; zeros for a key that is not there.
pub(super) fn values(ctx: &mut Ctx<'_>, args: Args<'_>) {
    ctx.reply.array(args.len() - 2);
    for key in args.iter_from(2) {
        let mut digest = Digest::default();
        ctx.keys.lock_key(key);
        if let Some(entry) = ctx.keys.peek(key) {
            mix_value(&mut digest, &entry);
        }
        ctx.reply.simple(&digest.hex());
    }
    ctx.keys.unlock_walk();
}

fn mix_value(digest: &mut Digest, entry: &Entry<Value>) {
    let payload = entry.payload();
    let kind = match &payload {
        Payload::Value(value) => value.type_of(),
        _ => Type::String,
    };
    digest.mix(&type_number(kind).to_be_bytes());
    match payload {
        Payload::Inline(bytes) => digest.mix(bytes),
        Payload::Int(value) => digest.mix(value.to_string().as_bytes()),
        Payload::Value(value) => mix_elements(digest, value),
    }
    if entry.expiry().is_some() {
        digest.join(b"!!expire!!");
    }
}

fn mix_elements(digest: &mut Digest, value: &Value) {
    match value {
        Value::Str(text) => digest.mix(text.as_bytes()),
        Value::List(list) => list.iter().for_each(|element| digest.mix(&element.to_vec())),
        Value::Set(set) => set.iter().for_each(|member| digest.join(&member.to_vec())),
        Value::ZSet(zset) => {
            for (member, score) in zset.iter() {
                let score = shortest_f64(score);
                digest.join(&Digest::of_pair(&member.to_vec(), score.as_bytes()).0);
            }
        }
        Value::Stream(stream) => {
            for entry in stream.log().iter() {
                digest.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
                for (name, value) in entry.fields {
                    digest.mix(&name.to_vec());
                    digest.mix(&value.to_vec());
                }
            }
        }
        Value::Suggestions(suggestions) => suggestions.each(|text, score, payload| {
            let mut entry = Digest::of_pair(text, shortest_f64(score).as_bytes());
            entry.mix(payload.unwrap_or_default());
            digest.join(&entry.0);
        }),
        Value::Hash(hash) => {
            for field in hash.iter() {
                digest.join(&Digest::of_pair(&field.name.to_vec(), &field.value.to_vec()).0);
            }
        }
    }
}

/// The number that Redis has for a type.
fn type_number(kind: Type) -> u32 {
    match kind {
        Type::String => 0,
        Type::List => 1,
        Type::Set => 2,
        Type::ZSet => 3,
        Type::Hash => 4,
        // That of all types of modules.
        Type::Suggestions => 5,
        Type::Stream => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use super::*;
    use crate::testing::{TestServer, check_after};

    /// What a Redis server answers for the same data.
    const ALL: &str = "57bafbf5dd75fef63d42855df4ab3e9dc2171497";
    const STRING: &str = "36b23a1456b2dce2c3ed252c456761301dba8060";

    #[test]
    fn agrees_with_redis() {
        let none = "0".repeat(40);
        check_after(
            allow,
            "DEBUG DIGEST | DEBUG DIGEST-VALUE | DEBUG DIGEST-VALUE k",
            &format!("{none} | [] | [{none}]"),
        );
        check_after(
            allow,
            "SET a hello | SET b 12 | SELECT 1 | SET c x | DEBUG DIGEST",
            &format!("OK | OK | OK | OK | {ALL}"),
        );
        check_after(allow, "SET a hello | DEBUG DIGEST-VALUE a", &format!("OK | [{STRING}]"));
    }

    #[test]
    fn expiries_count() {
        let mut server = TestServer::new();
        allow(&mut server);
        let mut session = server.client();
        server.run(&mut session, "SET a hello");
        let mut keys = server.engine.keyspace.keys(0, server.now);
        keys.lock_key(b"a");
        keys.set_string(b"a", b"hello", Expiry::At(server.now + 1000));
        drop(keys);
        let bytes = (0..20).map(|at| u8::from_str_radix(&STRING[2 * at..2 * at + 2], 16));
        let bytes: Vec<u8> = bytes.map(|byte| byte.expect("hexadecimal")).collect();
        let mut expected = Digest(bytes.try_into().expect("twenty bytes"));
        expected.join(b"!!expire!!");
        let reply = server.run(&mut session, "DEBUG DIGEST-VALUE a");
        assert_eq!(reply, format!("[{}]", expected.hex()));
    }

    #[test]
    fn only_order_that_matters_counts() {
        let pairs = |first: [&[u8]; 2], second: [&[u8]; 2]| {
            let mut digest = Digest::default();
            digest.join(&Digest::of_pair(first[0], first[1]).0);
            digest.join(&Digest::of_pair(second[0], second[1]).0);
            digest.hex()
        };
        assert_eq!(pairs([b"a", b"1"], [b"b", b"2"]), pairs([b"b", b"2"], [b"a", b"1"]));
        assert_ne!(pairs([b"a", b"1"], [b"b", b"2"]), pairs([b"a", b"2"], [b"b", b"1"]));
    }
}
