//! `DEBUG PROTOCOL type`: a value of each type of the protocol, for tests of clients. The values
//! are those of Redis, as clients' tests expect them.

use crate::prelude::*;
use redpoll_resp::Proto;

#[allow(clippy::approx_constant)] // 3.141 is the value that clients expect, not a circle.
pub(super) fn reply(ctx: &mut Ctx<'_>, kind: &[u8]) -> Result {
    let reply = &mut ctx.reply;
    let kind = kind.to_ascii_lowercase();
    match kind.as_slice() {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.int(12345),
        b"double" => reply.double(3.141),
        b"bignum" => reply.big_number("1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.int(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.int(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => attribute(ctx),
        b"push" => return push(ctx),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        _ => {
            return Err(Error::text(
                "ERR Wrong protocol type name. Please use one of the following: \
                 string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false",
            ));
        }
    }
    Ok(())
}

/// An attribute is no answer by itself.
fn attribute(ctx: &mut Ctx<'_>) {
    let reply = &mut ctx.reply;
    if reply.proto() == Proto::Resp3 {
        reply.attribute(1);
        reply.bulk(b"key-popularity");
        reply.array(2);
        reply.bulk(b"key:123");
        reply.int(90);
    }
    reply.bulk(b"Some real reply following the attribute");
}

fn push(ctx: &mut Ctx<'_>) -> Result {
    let reply = &mut ctx.reply;
    if reply.proto() == Proto::Resp2 {
        return Err(Error::text("ERR RESP2 is not supported by this command"));
    }
    reply.push(2);
    reply.bulk(b"server-cpu-usage");
    reply.int(42);
    reply.bulk(b"Some real reply following the push reply");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use crate::testing::{TestServer, check_after};

    #[test]
    fn resp2() {
        check_after(
            allow,
            "DEBUG PROTOCOL string | DEBUG PROTOCOL map | DEBUG PROTOCOL TRUE",
            "Hello World | [0 0 1 1 2 0] | 1",
        );
        check_after(allow, "DEBUG PROTOCOL push", "ERR RESP2 is not supported by this command");
        check_after(
            allow,
            "DEBUG PROTOCOL nope",
            "ERR Wrong protocol type name. Please use one of \
             the following: string|integer|double|bignum|null|array|set|map|attrib|push|\
             verbatim|true|false",
        );
    }

    #[test]
    fn resp3() {
        let mut server = TestServer::new();
        allow(&mut server);
        let mut session = server.client();
        server.run(&mut session, "HELLO 3");
        for (kind, raw) in [
            ("double", ",3.141\r\n"),
            ("bignum", "(1234567999999999999999999999999999999\r\n"),
            ("null", "_\r\n"),
            ("set", "~3\r\n:0\r\n:1\r\n:2\r\n"),
            ("map", "%3\r\n:0\r\n#f\r\n:1\r\n#t\r\n:2\r\n#f\r\n"),
            ("verbatim", "=29\r\ntxt:This is a verbatim\nstring\r\n"),
            (
                "push",
                ">2\r\n$16\r\nserver-cpu-usage\r\n:42\r\n$40\r\n\
                      Some real reply following the push reply\r\n",
            ),
            (
                "attrib",
                "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\n\
                        Some real reply following the attribute\r\n",
            ),
        ] {
            let reply = server.raw(&mut session, &format!("DEBUG PROTOCOL {kind}"));
            assert_eq!(String::from_utf8_lossy(&reply), raw, "{kind}");
        }
    }
}
