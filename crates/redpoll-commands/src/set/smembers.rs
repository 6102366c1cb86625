//! `SMEMBERS key`.

use crate::answer;
use crate::cost;
use crate::prelude::*;
use redpoll_types::set::Set;

pub const SMEMBERS: Command = Command {
    spec: Spec {
        name: "smembers",
        cost: cost::FIRST,
        arity: 2,
        flags: Flags::READONLY,
        keys: &[KeySpec::at(1).ro().access()],
        group: Group::Set,
        since: "1.0.0",
        summary: "Returns all members of a set.",
        complexity: "O(N) where N is the number of members.",
        args: &[Arg::key("key", 0)],
        tips: &["nondeterministic_output_order"],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let set = ctx.keys.read::<Set>(args.at(1))?;
    ctx.reply.set(set.map_or(0, Set::len));
    answer::elements(&mut ctx.reply, set.into_iter().flatten());
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, raw3};

    #[test]
    fn all_of_every_encoding() {
        check("SMEMBERS s | SADD s 20 3 | SMEMBERS s", "[] | 2 | [3 20]");
        check("SADD s b 3 | SMEMBERS s", "2 | [b 3]");
        let many: Vec<String> = (0..600).map(|number| number.to_string()).collect();
        let mut server = crate::testing::TestServer::new();
        let mut client = server.client();
        server.run(&mut client, &format!("SADD s {}", many.join(" ")));
        let reply = server.run(&mut client, "SMEMBERS s");
        let mut members: Vec<&str> = reply.trim_matches(['[', ']']).split(' ').collect();
        members.sort_by_key(|member| member.parse::<u32>().unwrap_or(u32::MAX));
        assert_eq!(members, many);
    }

    #[test]
    fn resp3_has_a_set() {
        assert_eq!(raw3("SADD s a | SMEMBERS s"), ":1\r\n~1\r\n$1\r\na\r\n");
        assert_eq!(raw3("SMEMBERS s"), "~0\r\n");
    }

    #[test]
    fn refuses() {
        check(
            "SET t v | SMEMBERS t",
            "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }
}
