//! `ACL GENPASS [bits]`: a password that nobody can guess.
//!
//! The dice of commands are good enough to pick elements, not for secrets: this one asks the
//! operating system.

use crate::prelude::*;

pub(super) const GENPASS: Command = Command {
    spec: Spec {
        name: "genpass",
        arity: -2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "6.0.0",
        summary: "Draws a password.",
        args: &[Arg::integer("bits").optional()],
        ..Spec::EMPTY
    },
    run,
};

/// The longest password, in bits.
const BITS_MAX: i64 = 4096;

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() > 3 {
        return Err(parse::bad_subcommand(args));
    }
    let bits = args.get(2).map_or(Ok(256), parse::int)?;
    if !(1..=BITS_MAX).contains(&bits) {
        return Err(Error::text(format!(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a \
             positive number up to {BITS_MAX}"
        )));
    }
    let digits = (bits as usize).div_ceil(4);
    let mut bytes = vec![0; digits.div_ceil(2)];
    let filled = getrandom::fill(&mut bytes);
    filled.map_err(|error| Error::text(format!("ERR No randomness: {error}")))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    ctx.reply.bulk(&text.as_bytes()[..digits]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn lengths() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for (line, digits) in [
            ("ACL GENPASS", 64),
            ("ACL GENPASS 5", 2),
            ("ACL GENPASS 12", 3),
            ("ACL GENPASS 4096", 1024),
        ] {
            let (one, two) = (server.run(&mut session, line), server.run(&mut session, line));
            assert_eq!(one.len(), digits, "{line}");
            assert!(one.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(one != two || digits < 4, "{line}");
        }
    }

    #[test]
    fn refusals() {
        let text = "ERR ACL GENPASS argument must be the number of bits for the output password, \
                    a positive number up to 4096";
        check("ACL GENPASS 0 | ACL GENPASS -236 | ACL GENPASS 5000", &[text; 3].join(" | "));
        check("ACL GENPASS x", "ERR value is not an integer or out of range");
    }
}
