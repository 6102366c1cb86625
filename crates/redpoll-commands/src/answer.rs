//! Replies that several groups write alike.

use crate::prelude::*;
use redpoll_engine::Mode;
use redpoll_resp::Reply;
use redpoll_types::listpack::Element;

/// How many bytes one command may answer: a count of random elements is a word of the client's, and
/// the reply that it asks for must not take all memory.
const REPLY_MAX: usize = 1 << 30;

/// An element of a collection as a bulk string.
#[inline]
pub fn element(reply: &mut Reply<'_>, element: Element<'_>) {
    match element {
        Element::Int(value) => reply.bulk_int(value),
        Element::Bytes(bytes) => reply.bulk(bytes),
    }
}

/// Elements of a collection as bulk strings, behind the reply's head. Where the command runs in the
/// background, they go to the client as they come.
pub fn elements<'e>(reply: &mut Reply<'_>, elements: impl Iterator<Item = Element<'e>>) {
    elements.for_each(|element| {
        self::element(reply, element);
        reply.flow();
    });
}

/// How long the reply of a command may become that can be asked to answer without end.
#[derive(Clone, Copy)]
pub struct Bound {
    unwanted: usize,
}

impl Bound {
    /// The bound for a command that is about to answer. A script gets its whole answer or an error.
    pub fn of(ctx: &Ctx<'_>) -> Self {
        let is_script = ctx.mode == Mode::Script;
        Bound { unwanted: if is_script { usize::MAX } else { ctx.session.reply_max } }
    }

    /// Whether to go on with a reply that began at `start`. It ends half-way where its client will
    /// be closed for it and gets nothing.
    #[inline]
    pub fn allows(self, reply: &Reply<'_>, start: usize) -> Result<bool> {
        match reply.mark() - start > REPLY_MAX {
            true if self.wants(reply, start) => Err(Error::text("ERR value is out of range")),
            _ => Ok(self.wants(reply, start)),
        }
    }

    /// Whether anybody will get the reply that began at `start`.
    #[inline]
    pub fn wants(self, reply: &Reply<'_>, start: usize) -> bool {
        reply.mark() - start <= self.unwanted
    }
}

/// Moves what was written from `middle` on before what was written from `start` on: for a head that
/// is known only after its body.
pub fn put_first(reply: &mut Reply<'_>, start: usize, middle: usize) {
    reply.buffer()[start..].rotate_left(middle - start);
}

/// An element as a bulk string, or the absent value.
#[inline]
pub fn element_or_null(reply: &mut Reply<'_>, element: Option<Element<'_>>) {
    match element {
        Some(found) => self::element(reply, found),
        None => reply.null(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;
    use proptest::prelude::*;
    use redpoll_resp::{Proto, Reply};
    use redpoll_types::number::format_f64;

    proptest! {
        #[test]
        fn a_number_reads_alike_in_replies_and_in_values(bits: u64, short in -1e9..1e9f64) {
            let cents = (short * 100.0).trunc() / 100.0;
            for value in [f64::from_bits(bits), short, cents, 1e-6 * short] {
                let mut out = Vec::new();
                Reply::new(&mut out, Proto::Resp3).double(value);
                let text = String::from_utf8_lossy(&out);
                prop_assert_eq!(text, format!(",{}\r\n", format_f64(value)));
            }
        }
    }

    /// They stop soon after the bound; a script gets all that it has asked for.
    #[test]
    fn answers_end_where_nobody_will_get_them() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for line in ["SADD s word", "ZADD z 1 word", "HSET h word 1"] {
            server.run(&mut session, line);
        }
        server.run(&mut session, "MSET k:1 v k:2 v k:3 v k:4 v k:5 v k:6 v k:7 v k:8 v k:9 v");
        let mut length = |reply_max: usize, line: &str| {
            session.reply_max = reply_max;
            server.raw(&mut session, line).len()
        };
        for line in ["SRANDMEMBER s -99", "ZRANDMEMBER z -99", "HRANDFIELD h -99"] {
            assert!((50..100).contains(&length(50, line)), "{line}");
            assert!(length(usize::MAX, line) > 900, "{line}");
            let script = format!("EVAL \"return #redis.call('{}')\" 0", line.replace(' ', "','"));
            assert_eq!(length(50, &script), ":99\r\n".len(), "{line}");
        }
        assert!(length(20, "KEYS k:*") < length(usize::MAX, "KEYS k:*"));
    }
}
