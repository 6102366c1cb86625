//! `FAILOVER [TO host port [FORCE]] [ABORT] [TIMEOUT milliseconds]`: hand over to a replica. As
//! there are no replicas yet, it is always refused.

use crate::prelude::*;

pub const FAILOVER: Command = Command {
    spec: Spec {
        name: "failover",
        arity: -1,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::STALE),
        group: Group::Server,
        since: "6.2.0",
        summary: "Hands the part of the primary over to a replica.",
        args: &[
            Arg::block(
                "target",
                &[
                    Arg::string("host"),
                    Arg::integer("port"),
                    Arg::flag("force", "FORCE").optional(),
                ],
            )
            .token("TO")
            .optional(),
            Arg::flag("abort", "ABORT").optional(),
            Arg::integer("milliseconds").token("TIMEOUT").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

fn run(_ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    if args.len() == 2 && args.is(1, "abort") {
        return Err(Error::text("ERR No failover in progress."));
    }
    let (mut to, mut timeout, mut force) = (false, false, false);
    let mut words = args.iter_from(1);
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or(Error::Syntax);
        if parse::is(word, "timeout") && !timeout {
            if parse::int(next()?)? <= 0 {
                return Err(Error::text("ERR FAILOVER timeout must be greater than 0"));
            }
            timeout = true;
        } else if parse::is(word, "to") && !to {
            next()?;
            parse::int(next()?)?;
            to = true;
        } else if parse::is(word, "force") && !force {
            force = true;
        } else {
            return Err(Error::Syntax);
        }
    }
    Err(Error::text("ERR FAILOVER requires connected replicas."))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn needs_replicas() {
        let none = "ERR FAILOVER requires connected replicas.";
        for options in ["", "TO h 1", "TO h 1 FORCE TIMEOUT 9", "timeout 5", "FORCE"] {
            check(&format!("FAILOVER {options}"), none);
        }
        check("FAILOVER ABORT", "ERR No failover in progress.");
        check("FAILOVER TIMEOUT 0", "ERR FAILOVER timeout must be greater than 0");
        for options in ["TO h", "TIMEOUT", "x", "FORCE FORCE", "ABORT FORCE"] {
            check(&format!("FAILOVER {options}"), "ERR syntax error");
        }
        check("FAILOVER TO h p", "ERR value is not an integer or out of range");
    }
}
