//! `SETRANGE key offset value`: overwrite a part of a string, padding with zeros up to it.

use crate::prelude::*;
use redpoll_config::Config;
use redpoll_types::string::grow;

pub const SETRANGE: Command = Command {
    spec: Spec {
        name: "setrange",
        arity: 4,
        flags: Flags::WRITE.with(Flags::DENYOOM),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::String,
        since: "2.2.0",
        summary: "Overwrites a part of the string value of a key from an offset on.",
        complexity: "O(N) where N is the length of the value, plus the padding that it needs.",
        args: &[Arg::key("key", 0), Arg::integer("offset"), Arg::string("value")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let (key, value) = (args.at(1), args.at(3));
    let offset = usize::try_from(parse::int(args.at(2))?)
        .map_err(|_| Error::text("ERR offset is out of range"))?;
    if value.is_empty() {
        let len = ctx.keys.string_for_write(key)?.map_or(0, |text| text.len());
        ctx.reply.count(len);
        return Ok(());
    }
    let end = offset.saturating_add(value.len());
    let config = &ctx.engine.config;
    let len = ctx.keys.try_edit_string(key, |bytes| {
        check_len(config, end)?;
        if bytes.len() < end {
            grow(bytes, end);
        }
        bytes[offset..end].copy_from_slice(value);
        Ok::<_, Error>(bytes.len())
    })?;
    ctx.wrote(key, Class::String, "setrange", 1);
    ctx.reply.count(len);
    Ok(())
}

/// Refuses a string that would be longer than `proto-max-bulk-len`.
pub(super) fn check_len(config: &Config, len: usize) -> Result {
    if u64::try_from(len).unwrap_or(u64::MAX) > config.proto_max_bulk_len() {
        let text = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        return Err(Error::text(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn overwrites_and_pads() {
        check("SET k hello | SETRANGE k 1 EY | GET k", "OK | 5 | hEYlo");
        check("SET k hi | SETRANGE k 1 xyz | GET k", "OK | 4 | hxyz");
        check("SETRANGE k 2 x | GETRANGE k 2 -1 | STRLEN k", "3 | x | 3");
        check("SET k 1234 | SETRANGE k 1 x | GET k | OBJECT ENCODING k", "OK | 4 | 1x34 | raw");
        check("SET k v EX 10 | SETRANGE k 600 x | TTL k | STRLEN k", "OK | 601 | 10 | 601");
    }

    #[test]
    fn nothing_to_write_changes_nothing() {
        check("SETRANGE k 0 '' | EXISTS k", "0 | 0");
        check("SET k 12 | SETRANGE k 5 '' | OBJECT ENCODING k", "OK | 2 | int");
    }

    #[test]
    fn refuses_bad_offsets() {
        let long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        check("SETRANGE k -1 x", "ERR offset is out of range");
        check("SETRANGE k x y", "ERR value is not an integer or out of range");
        check("SETRANGE k 536870912 x | EXISTS k", &format!("{long} | 0"));
        check("SET k v | SETRANGE k 9223372036854775807 x | GET k", &format!("OK | {long} | v"));
    }
}
