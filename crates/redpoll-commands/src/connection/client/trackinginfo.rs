//! `CLIENT TRACKINGINFO`: how the client tracks keys.

use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const TRACKINGINFO: Command = Command {
    spec: Spec {
        name: "trackinginfo",
        arity: 2,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.2.0",
        summary: "Returns how the connection tracks keys for a client-side cache.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let client = &ctx.session.client;
    let has = |flag| client.has_flag(flag);
    let words: Vec<&str> = [
        ("on", has(flags::TRACKING)),
        ("off", !has(flags::TRACKING)),
        ("bcast", has(flags::BROADCAST)),
        ("optin", has(flags::OPT_IN)),
        ("caching-yes", has(flags::OPT_IN) && has(flags::CACHING)),
        ("optout", has(flags::OPT_OUT)),
        ("caching-no", has(flags::OPT_OUT) && has(flags::CACHING)),
        ("noloop", has(flags::NO_LOOP)),
        ("broken_redirect", has(flags::BROKEN_REDIRECT)),
    ]
    .iter()
    .filter_map(|(word, holds)| holds.then_some(*word))
    .collect();
    let prefixes = client.prefixes.lock();
    let reply = &mut ctx.reply;
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(words.len());
    words.iter().for_each(|word| reply.bulk(word.as_bytes()));
    reply.bulk(b"redirect");
    reply.int(client.redirection());
    reply.bulk(b"prefixes");
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn nobody_tracks() {
        check("CLIENT TRACKINGINFO", "[flags [off] redirect -1 prefixes []]");
    }
}
