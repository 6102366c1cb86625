//! `APPEND key value`: add bytes at the end of a string.

use super::setrange::check_len;
use crate::prelude::*;

pub const APPEND: Command = Command {
    spec: Spec {
        name: "append",
        arity: 3,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().insert()],
        group: Group::String,
        since: "2.0.0",
        summary: "Appends to the string value of a key; makes the key if it is not there.",
        complexity: "O(N) where N is the number of bytes appended, amortized.",
        args: &[Arg::key("key", 0), Arg::string("value")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, suffix) = (args.at(1), args.at(2));
    let config = &ctx.engine.config;
    let len = ctx.keys.append_string(key, suffix, |len| check_len(config, len))?;
    ctx.wrote(key, Class::String, "append", 1);
    ctx.reply.count(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_after};

    #[test]
    fn grows_every_shape() {
        check("APPEND k ab | APPEND k cd | GET k", "2 | 4 | abcd");
        check("SET k 12 | APPEND k 3 | GET k | INCR k", "OK | 3 | 123 | 124");
        check("SET k a EX 10 | APPEND k b | TTL k | GET k", "OK | 2 | 10 | ab");
        let half = "x".repeat(300);
        check(
            &format!("APPEND k {half} | APPEND k {half} | APPEND k y | GETRANGE k -2 -1"),
            "300 | 600 | 601 | xy",
        );
        check("APPEND k '' | EXISTS k | STRLEN k", "0 | 1 | 0");
    }

    #[test]
    fn a_new_key_is_as_set_makes_it() {
        check("APPEND k 12 | OBJECT ENCODING k", "2 | int");
        check("APPEND k ab | OBJECT ENCODING k", "2 | embstr");
        check("SET k ab | APPEND k c | OBJECT ENCODING k", "OK | 3 | raw");
        check("SET k ab | APPEND k c | SET k abc | OBJECT ENCODING k", "OK | 3 | OK | embstr");
    }

    #[test]
    fn refuses_what_is_too_long() {
        let limit = |server: &mut crate::testing::TestServer| {
            let config = &server.engine.config;
            config
                .set_many(Default::default(), &[("proto-max-bulk-len", "1mb")])
                .expect("a valid value");
        };
        let most = "SETRANGE k 1048575 x";
        check_after(
            limit,
            &format!("{most} | APPEND k y | STRLEN k"),
            "1048576 | ERR string exceeds maximum allowed size (proto-max-bulk-len) | 1048576",
        );
    }
}
