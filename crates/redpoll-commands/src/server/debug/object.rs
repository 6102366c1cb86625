//! `DEBUG OBJECT key`: how a value is stored.
//!
//! The serialized length of Redis is missing, as nothing is serialized yet.

use crate::prelude::*;
use redpoll_keyspace::access;
use redpoll_keyspace::entry::Payload;
use redpoll_types::list::{ChunkRef, List};
use redpoll_types::value::Value;

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
    let text = format!(
        "Value at:{address:p} refcount:1 encoding:{encoding} lru:{clock} \
         lru_seconds_idle:{idle}{details}"
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
        for (value, encoding) in [("12", "int"), ("ab", "embstr"), (&"x".repeat(45), "raw")] {
            server.run(&mut session, &format!("SET k {value}"));
            let text = server.run(&mut session, "DEBUG OBJECT k");
            assert!(text.starts_with("Value at:0x"), "{text}");
            assert!(text.contains(&format!(" refcount:1 encoding:{encoding} lru:")), "{text}");
            assert!(text.ends_with(" lru_seconds_idle:0"), "{text}");
        }
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
