//! Replies that several groups write alike.

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

/// Whether a reply that began at `start` has become too long to go on with.
#[inline]
pub fn too_long(reply: &Reply<'_>, start: usize) -> bool {
    reply.mark() - start > REPLY_MAX
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
}
