//! `CLIENT TRACKING ON|OFF [REDIRECT id] [PREFIX prefix ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]`:
//! be told which keys change, for a cache of the client's own.

use super::on_or_off;
use crate::prelude::*;
use redpoll_engine::client::flags;

pub(super) const TRACKING: Command = Command {
    spec: Spec {
        name: "tracking",
        arity: -3,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE),
        group: Group::Connection,
        since: "6.0.0",
        summary: "Tells the connection which keys change, for a cache of its own.",
        complexity: "O(1). Some options cost more: BCAST the number of prefixes.",
        args: &[
            Arg::one_of("status", &[Arg::flag("on", "ON"), Arg::flag("off", "OFF")]),
            Arg::integer("client-id").token("REDIRECT").optional(),
            Arg::string("prefix").token("PREFIX").optional().multiple_token(),
            Arg::flag("bcast", "BCAST").shown_as("BCAST").optional(),
            Arg::flag("optin", "OPTIN").shown_as("OPTIN").optional(),
            Arg::flag("optout", "OPTOUT").shown_as("OPTOUT").optional(),
            Arg::flag("noloop", "NOLOOP").shown_as("NOLOOP").optional(),
        ],
        ..Spec::EMPTY
    },
    run,
};

/// What the client asks for.
#[derive(Default)]
struct Options<'a> {
    redirect: u64,
    /// Bits of [`flags`].
    mode: u32,
    prefixes: Vec<&'a [u8]>,
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let options = read(ctx, args)?;
    let client = &ctx.session.client;
    if on_or_off(args.at(2))? {
        check(client.flags(), &options)?;
        check_prefixes(ctx, &options.prefixes)?;
        let Options { redirect, mode, prefixes } = options;
        ctx.engine.start_tracking(client, mode, redirect, &prefixes);
    } else {
        ctx.engine.stop_tracking(client);
    }
    ctx.reply.ok();
    Ok(())
}

fn read<'a>(ctx: &Ctx<'_>, args: Args<'a>) -> Result<Options<'a>> {
    let mut options = Options::default();
    let mut at = 3;
    while let Some(word) = args.get(at) {
        at += 1;
        match (word, args.get(at)) {
            (_, Some(id)) if parse::is(word, "redirect") => {
                options.redirect = redirect(ctx, id, options.redirect)?;
                at += 1;
            }
            (_, Some(prefix)) if parse::is(word, "prefix") => {
                options.prefixes.push(prefix);
                at += 1;
            }
            _ => {
                let modes = [
                    ("bcast", flags::BROADCAST),
                    ("optin", flags::OPT_IN),
                    ("optout", flags::OPT_OUT),
                    ("noloop", flags::NO_LOOP),
                ];
                let mode = modes.iter().find(|(name, _)| parse::is(word, name));
                options.mode |= mode.ok_or(Error::Syntax)?.1;
            }
        }
    }
    Ok(options)
}

fn redirect(ctx: &Ctx<'_>, word: &[u8], before: u64) -> Result<u64> {
    if before != 0 {
        return Err(Error::text("ERR A client can only redirect to a single other client"));
    }
    let id = u64::try_from(parse::int(word)?).unwrap_or(0);
    match ctx.engine.clients.get(id) {
        Some(client) => Ok(client.id),
        None => Err(Error::text("ERR The client ID you want redirect to does not exist")),
    }
}

/// Whether the options agree with each other and with what the client does already.
fn check(present: u32, options: &Options<'_>) -> Result {
    let wants = |flag| options.mode & flag != 0;
    let does = |flag| present & flag != 0;
    let refuse = |text: &'static str| Err(Error::text(text));
    if !wants(flags::BROADCAST) && !options.prefixes.is_empty() {
        return refuse("ERR PREFIX option requires BCAST mode to be enabled");
    }
    if does(flags::TRACKING) && does(flags::BROADCAST) != wants(flags::BROADCAST) {
        return refuse(
            "ERR You can't switch BCAST mode on/off before disabling tracking for this client, \
             and then re-enabling it with a different mode.",
        );
    }
    if wants(flags::BROADCAST) && (wants(flags::OPT_IN) || wants(flags::OPT_OUT)) {
        return refuse("ERR OPTIN and OPTOUT are not compatible with BCAST");
    }
    if wants(flags::OPT_IN) && wants(flags::OPT_OUT) {
        return refuse("ERR You can't specify both OPTIN mode and OPTOUT mode");
    }
    if (wants(flags::OPT_IN) && does(flags::OPT_OUT))
        || (wants(flags::OPT_OUT) && does(flags::OPT_IN))
    {
        return refuse(
            "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
             and then re-enabling it with a different mode.",
        );
    }
    Ok(())
}

/// No prefix may begin with another one: their keys would be told twice.
fn check_prefixes(ctx: &Ctx<'_>, prefixes: &[&[u8]]) -> Result {
    let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
    let refuse = |prefix: &[u8], which: &str, other: &[u8]| {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Err(Error::text(format!(
            "ERR Prefix '{}' overlaps with {which} prefix '{}'. Prefixes for a single client must \
             not overlap.",
            text(prefix),
            text(other)
        )))
    };
    let present = ctx.session.client.prefixes.lock();
    for (index, prefix) in prefixes.iter().enumerate() {
        if let Some(other) = present.iter().find(|other| overlap(prefix, other)) {
            return refuse(prefix, "an existing", other);
        }
        if let Some(other) = prefixes[index + 1..].iter().find(|other| overlap(prefix, other)) {
            return refuse(prefix, "another provided", other);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
