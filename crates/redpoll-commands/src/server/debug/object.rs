//! `DEBUG OBJECT key`: how a value is stored, and how long it is in a snapshot. O(size).

use crate::prelude::*;
use redpoll_engine::migration;
use redpoll_keyspace::access;
use redpoll_keyspace::entry::Payload;
use redpoll_types::list::{ChunkRef, List};
use redpoll_types::value::Value;

/// Of what DUMP gives, the type in front and the version and checksum behind are not the value's.
const AROUND_THE_VALUE: usize = 1 + 10;

/// Strings longer than this are `raw` to Redis.
const EMBEDDED_MAX: usize = 44;

pub(super) fn describe(ctx: &mut Ctx<'_>, key: &[u8]) -> Result {
    ctx.keys.lock_key(key);
    let now = ctx.keys.now();
    let limits = ctx.limits;
    // Also what has expired and is still there, which stays.
    ctx.keys.see_expired(true);
    let entry = ctx.keys.peek(key).ok_or(Error::NoSuchKey)?;
    let payload = entry.payload();
    let details = match payload {
        Payload::Value(Value::List(list)) if list.encoding() == "quicklist" => {
            let (max, depth) = (limits.list_max_listpack_size, limits.list_compress_depth);
            chunks(list, max, depth)
        }
        _ => String::new(),
    };
    let encoding = match payload {
        Payload::Int(_) => "int",
        Payload::Inline(bytes) if entry.is_raw() || bytes.len() > EMBEDDED_MAX => "raw",
        Payload::Inline(_) => "embstr",
        Payload::Value(value) => value.encoding(),
    };
    let (clock, address) = (entry.access(), entry.key().as_ptr());
    let idle = access::idle_seconds(clock, now);
    let dumped = migration::dump(payload, ctx.engine.config.rdbcompression()).len();
    let length = dumped.saturating_sub(AROUND_THE_VALUE);
    let text = format!(
        "Value at:{address:p} refcount:1 encoding:{encoding} serializedlength:{length} \
         lru:{clock} lru_seconds_idle:{idle}{details}"
    );
    ctx.reply.simple(&text);
    ctx.keys.unlock_walk();
    Ok(())
}

/// The nodes of a long list, in the terms of Redis.
fn chunks(list: &List, max: i32, depth: u32) -> String {
    let sizes = list.chunks().map(|chunk| match chunk {
        ChunkRef::Packed(listpack) => listpack.bytes_len(),
        ChunkRef::Plain(value) => value.len(),
    });
    let (count, bytes) = sizes.fold((0usize, 0), |(count, bytes), size| (count + 1, bytes + size));
    let mean = list.len() as f64 / count.max(1) as f64;
    format!(
        " ql_nodes:{count} ql_avg_node:{mean:.2} ql_listpack_max:{max} ql_compressed:{} \
         ql_uncompressed_size:{bytes}",
        u8::from(depth > 0)
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use crate::testing::{TestServer, check_after};
    use redpoll_types::limits::Limits;
    use redpoll_types::list::List;

    #[test]
    fn names_the_encoding() {
        check_after(allow, "DEBUG OBJECT k", "ERR no such key");
        let mut server = TestServer::new();
        allow(&mut server);
        let mut session = server.client();
        let long = "x".repeat(45);
        for (value, encoding, length) in [("12", "int", 2), ("ab", "embstr", 3), (&long, "raw", 8)]
        {
            server.run(&mut session, &format!("SET k {value}"));
            let text = server.run(&mut session, "DEBUG OBJECT k");
            assert!(text.starts_with("Value at:0x"), "{text}");
            let told = format!(" refcount:1 encoding:{encoding} serializedlength:{length} lru:");
            assert!(text.contains(&told), "{text}");
            assert!(text.ends_with(" lru_seconds_idle:0"), "{text}");
        }
        server.run(&mut session, "CONFIG SET rdbcompression no");
        let text = server.run(&mut session, "DEBUG OBJECT k");
        assert!(text.contains(" serializedlength:46 "), "{text}");
    }

    #[test]
    fn tells_of_the_nodes_of_a_list() {
        let mut list = List::new();
        let limits = Limits::default();
        (0..3).for_each(|_| list.push_back(&[b'x'; 4000], &limits));
        assert_eq!(list.encoding(), "quicklist");
        let text = super::chunks(&list, -2, 0);
        assert!(text.contains(" ql_listpack_max:-2 ql_compressed:0 "), "{text}");
        assert!(
            text.starts_with(" ql_nodes:") && !text.contains("ql_uncompressed_size:0"),
            "{text}"
        );
    }
}
