//! `BITFIELD key [GET type offset | [OVERFLOW WRAP|SAT|FAIL] SET type offset value | INCRBY type
//! offset increment ...]`, `BITFIELD_RO key [GET type offset ...]`: integers of any width in a
//! string.

use super::offsets;
use crate::prelude::*;
use redpoll_types::bits::{Field, OnOverflow};

pub const BITFIELD: Command = Command {
    spec: Spec {
        name: "bitfield",
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().access().update().variable_flags()],
        since: "3.2.0",
        summary: "Reads, sets and increments integers of any width at bit offsets of a string.",
        args: &[Arg::key("key", 0), OPERATION],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, true),
};

pub const BITFIELD_RO: Command = Command {
    spec: Spec {
        name: "bitfield_ro",
        flags: Flags::READONLY.with(Flags::FAST),
        keys: &[KeySpec::at(1).ro().access()],
        since: "6.0.0",
        summary: "Reads integers of any width at bit offsets of a string.",
        args: &[Arg::key("key", 0), GET.optional().multiple_token()],
        ..SPEC
    },
    run: |ctx, args| run(ctx, args, false),
};

const SPEC: Spec =
    Spec { arity: -2, group: Group::Bitmap, complexity: "O(1) for each operation.", ..Spec::EMPTY };

const OPERATION: Arg = Arg::one_of(
    "operation",
    &[GET, Arg::block("write", &[OVERFLOW, Arg::one_of("write-operation", &[SET, INCRBY])])],
)
.multiple()
.optional();

const GET: Arg =
    Arg::block("get-block", &[Arg::string("encoding"), Arg::integer("offset")]).token("GET");
const OVERFLOW: Arg = Arg::one_of(
    "overflow-block",
    &[Arg::flag("wrap", "WRAP"), Arg::flag("sat", "SAT"), Arg::flag("fail", "FAIL")],
)
.token("OVERFLOW")
.optional();
const SET: Arg = Arg::block(
    "set-block",
    &[Arg::string("encoding"), Arg::integer("offset"), Arg::integer("value")],
)
.token("SET");
const INCRBY: Arg = Arg::block(
    "incrby-block",
    &[Arg::string("encoding"), Arg::integer("offset"), Arg::integer("increment")],
)
.token("INCRBY");

/// One operation.
struct Step {
    field: Field,
    offset: u64,
    act: Act,
}

/// What an operation does with its integer.
#[derive(Clone, Copy)]
enum Act {
    Get,
    Set(i64, OnOverflow),
    Add(i64, OnOverflow),
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, may_write: bool) -> Result {
    let (key, steps) = (args.at(1), parse(ctx, args)?);
    let writing = steps.iter().filter(|step| !matches!(step.act, Act::Get));
    let Some(end) = writing.map(|step| step.offset + step.field.width()).max() else {
        return read(ctx, key, &steps);
    };
    if !may_write {
        return Err(Error::text("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    let reply = &mut ctx.reply;
    let changes = ctx.keys.edit_bytes(key, end.div_ceil(8) as usize, |bytes, padded| {
        reply.array(steps.len());
        let mut changes = 0;
        for step in &steps {
            let old = step.field.get(bytes, step.offset);
            let new = match step.act {
                Act::Get => {
                    reply.int(old);
                    continue;
                }
                Act::Set(value, on_overflow) => step.field.add(value, 0, on_overflow),
                Act::Add(more, on_overflow) => step.field.add(old, more, on_overflow),
            };
            match (new, step.act) {
                (None, _) => {
                    reply.null();
                    continue;
                }
                (Some(_), Act::Set(..)) => reply.int(old),
                (Some(new), _) => reply.int(new),
            }
            step.field.set(bytes, step.offset, new.unwrap_or(old));
            changes += u64::from(padded || new != Some(old));
        }
        // Padding is a change even if all was refused.
        changes.max(u64::from(padded))
    })?;
    if changes > 0 {
        ctx.wrote(key, Class::String, "setbit", changes);
    }
    Ok(())
}

fn read(ctx: &mut Ctx<'_>, key: &[u8], steps: &[Step]) -> Result {
    let text = ctx.keys.string(key)?;
    let reply = &mut ctx.reply;
    reply.array(steps.len());
    let mut read = |bytes: &[u8]| {
        steps.iter().for_each(|step| reply.int(step.field.get(bytes, step.offset)));
    };
    match text {
        Some(text) => text.with(read),
        None => read(b""),
    }
    Ok(())
}

/// Reads all operations.
fn parse(ctx: &Ctx<'_>, args: Args<'_>) -> Result<Vec<Step>> {
    let mut steps = Vec::with_capacity(args.len() / 3);
    let mut on_overflow = OnOverflow::default();
    let mut at = 2;
    while at < args.len() {
        let behind = args.len() - at - 1;
        let is = |name| args.is(at, name);
        if is("overflow") && behind >= 1 {
            on_overflow = overflow(args.at(at + 1))?;
            at += 2;
            continue;
        }
        let reads = is("get") && behind >= 2;
        if !reads && !((is("set") || is("incrby")) && behind >= 3) {
            return Err(Error::Syntax);
        }
        let field = Field::parse(args.at(at + 1)).ok_or(Error::text(BAD_TYPE))?;
        let offset = offsets::field_offset(args.at(at + 2), field.width(), &ctx.engine.config)?;
        let act = match reads {
            true => Act::Get,
            false => {
                let value = parse::int(args.at(at + 3))?;
                if is("set") { Act::Set(value, on_overflow) } else { Act::Add(value, on_overflow) }
            }
        };
        steps.push(Step { field, offset, act });
        at += if reads { 3 } else { 4 };
    }
    Ok(steps)
}

const BAD_TYPE: &str = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is \
                        not supported but i64 is.";

fn overflow(word: &[u8]) -> Result<OnOverflow> {
    match word {
        _ if parse::is(word, "wrap") => Ok(OnOverflow::Wrap),
        _ if parse::is(word, "sat") => Ok(OnOverflow::Saturate),
        _ if parse::is(word, "fail") => Ok(OnOverflow::Fail),
        _ => Err(Error::text("ERR Invalid OVERFLOW type specified")),
    }
}

#[cfg(test)]
mod tests {
    use super::BAD_TYPE;
    use crate::testing::{check, check_events, raw3};

    #[test]
    fn reads_and_writes() {
        check(
            "BITFIELD k SET u8 0 255 SET u8 #1 1 GET u16 0 GET i8 0 GET u4 4 GET u8 100 | \
             STRLEN k | BITFIELD k INCRBY u8 0 10 INCRBY i5 11 -1 GET u16 0 | BITFIELD k",
            "[0 0 65281 -1 15 0] | 2 | [9 0 2304] | []",
        );
        check(
            "BITFIELD k SET i64 3 -9223372036854775808 GET i64 3 GET u63 4 | STRLEN k | \
             BITFIELD k SET i8 0 300 GET i8 0",
            "[0 -9223372036854775808 0] | 9 | [16 44]",
        );
        check("SET k 12 | BITFIELD k GET u8 0 GET u8 #1 GET u8 #2", "OK | [49 50 0]");
        check("BITFIELD k GET u8 0 | EXISTS k | BITFIELD_RO k GET i1 7 GET i1 9", {
            "[0] | 0 | [0 0]"
        });
        check("SET k ab | BITFIELD_RO k GET u16 0 | BITFIELD_RO k", "OK | [24930] | []");
    }

    #[test]
    fn overflows() {
        check(
            "BITFIELD k SET u8 0 250 INCRBY u8 0 10 OVERFLOW SAT SET u8 8 250 INCRBY u8 8 10 \
             OVERFLOW fail INCRBY u8 8 1 SET u8 8 256 OVERFLOW WRAP SET u8 8 257 GET u8 8",
            "[0 4 0 255 nil nil 255 1]",
        );
        assert_eq!(raw3("BITFIELD k OVERFLOW FAIL SET u1 0 2"), "*1\r\n_\r\n");
    }

    #[test]
    fn refuses() {
        let offset = "ERR bit offset is not an integer or out of range";
        let none = "ERR value is not an integer or out of range";
        check(
            "BITFIELD k GET u64 0 | BITFIELD k GET u8 -1 | BITFIELD k GET u8 4294967296 | \
             BITFIELD k SET u8 #536870912 1 | BITFIELD k SET u63 #9223372036854775807 1 | \
             BITFIELD k SET u8 0 x | BITFIELD k GET u8 | BITFIELD k SET u8 0 | \
             BITFIELD k OVERFLOW | BITFIELD k OVERFLOW x | BITFIELD k PUT u8 0 1 | EXISTS k",
            &format!(
                "{BAD_TYPE} | {offset} | {offset} | {offset} | {offset} | {none} | \
                 ERR syntax error | ERR syntax error | ERR syntax error | \
                 ERR Invalid OVERFLOW type specified | ERR syntax error | 0"
            ),
        );
        check(
            "BITFIELD_RO k SET u8 0 1 GET u8 0 | RPUSH l a | BITFIELD l GET u8 0 | \
             BITFIELD l SET u8 0 1 | BITFIELD_RO l GET u8 0 | BITFIELD l",
            &format!(
                "ERR BITFIELD_RO only supports the GET subcommand | 1{}",
                " | WRONGTYPE Operation against a key holding the wrong kind of value".repeat(4)
            ),
        );
    }

    #[test]
    fn tells_of_changes_only() {
        check_events(
            "BITFIELD k SET u8 0 0 SET u8 0 1 | BITFIELD k SET u8 0 1 | \
             BITFIELD k INCRBY u8 0 1 INCRBY u8 0 1 GET u8 0 | \
             BITFIELD k OVERFLOW FAIL INCRBY u8 0 -9 | BITFIELD n OVERFLOW FAIL SET u1 0 2",
            "new k, setbit k, setbit k, new n, setbit n",
            5,
        );
    }
}
