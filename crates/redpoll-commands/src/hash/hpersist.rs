//! `HPERSIST key FIELDS numfields field [field ...]`.

use super::fields;
use super::times::{self, BAD_COUNT};
use crate::prelude::*;
use redpoll_types::hash::{Hash, Persisted};

pub const HPERSIST: Command = Command {
    spec: Spec {
        name: "hpersist",
        arity: -5,
        flags: Flags::WRITE.with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Hash,
        since: "7.4.0",
        summary: "Takes the expiry of fields of a hash away.",
        complexity: "O(N) where N is the number of fields.",
        args: &[Arg::key("key", 0), FIELDS],
        ..Spec::EMPTY
    },
    run,
};

/// The fields that a command is about.
pub(super) const FIELDS: Arg =
    Arg::block("fields", &[Arg::integer("numfields"), Arg::string("field").multiple()])
        .token("FIELDS");

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, now) = (args.at(1), fields::now(ctx));
    let mut noted = fields::Noted::of(ctx);
    let hash = ctx.keys.write::<Hash>(key)?;
    let first = times::named_fields(args, 2, BAD_COUNT)?;
    let Some(hash) = hash else {
        times::same_for_all(ctx, args.len() - first, -2);
        return Ok(());
    };
    let mut changed = false;
    ctx.reply.array(args.len() - first);
    for field in args.iter_from(first) {
        ctx.reply.int(match hash.persist(field, now) {
            Persisted::NoField => -2,
            Persisted::Never => -1,
            Persisted::Removed => {
                changed = true;
                noted.note(field);
                1
            }
        });
    }
    if changed {
        ctx.wrote_fields(key, "hpersist", 1, noted.fields());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events};

    #[test]
    fn persists() {
        check(
            "HSET h a 1 b 2 | HEXPIRE h 1 FIELDS 1 a | HPERSIST h FIELDS 3 a b x | ~2000 | \
             HKEYS h | \
             HPERSIST none FIELDS 2 a b",
            "2 | [1] | [1 -1 -2] | ~ | [b a] | [-2 -2]",
        );
    }

    #[test]
    fn refuses() {
        check(
            "HPERSIST h FIELD 1 a | HPERSIST h FIELDS x a | HPERSIST h FIELDS 1 a b | SET t v | \
             HPERSIST t FIELD 1 a",
            "ERR Mandatory argument FIELDS is missing or not at the right position | \
             ERR Number of fields must be a positive integer | \
             ERR The `numfields` parameter must match the number of arguments | OK | \
             WRONGTYPE Operation against a key holding the wrong kind of value",
        );
    }

    #[test]
    fn tells_what_it_did() {
        check_events(
            "HSET h a 1 b 2 | HEXPIRE h 1 FIELDS 2 a b | HPERSIST h FIELDS 2 a b | \
             HPERSIST h FIELDS 1 a",
            "new h, hset h, hexpire h, hpersist h",
            5,
        );
    }
}
