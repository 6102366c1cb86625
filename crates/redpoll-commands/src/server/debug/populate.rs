//! `DEBUG POPULATE count [prefix] [size]`: make strings, where no key is yet.

use crate::prelude::*;

/// A value of this size at most.
const SIZE_MAX: usize = 512 << 20;

pub(super) fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let count = parse::count(args.at(2))?;
    let prefix = args.get(3).unwrap_or(b"key");
    let size = args.get(4).map_or(Ok(0), parse::count)?;
    if size > SIZE_MAX {
        return Err(Error::OutOfRange);
    }
    for number in 0..count {
        let key = [prefix, format!(":{number}").as_bytes()].concat();
        ctx.keys.lock_key(&key);
        if ctx.keys.contains(&key) {
            continue;
        }
        let mut value = format!("value:{number}").into_bytes();
        if size > 0 {
            value.resize(size, 0);
        }
        ctx.keys.set_string(&key, &value, Expiry::Clear);
        ctx.keys.modified(&key);
    }
    ctx.keys.unlock_walk();
    ctx.reply.ok();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::allow;
    use crate::testing::check_after;

    #[test]
    fn makes_keys() {
        check_after(
            allow,
            "SET key:1 mine | DEBUG POPULATE 3 | GET key:0 | GET key:1 | GET key:2 | \
            GET key:3",
            "OK | OK | value:0 | mine | value:2 | nil",
        );
        check_after(allow, "DEBUG POPULATE 1 a 3 | GET a:0", "OK | val");
        check_after(allow, "DEBUG POPULATE 1 b 9 | GET b:0", "OK | value:0\0\0");
        check_after(allow, "DEBUG POPULATE x", "ERR value is out of range, must be positive");
        check_after(
            allow,
            "MULTI | DEBUG POPULATE 2 | EXEC | GET key:1",
            "OK | QUEUED | [OK] | value:1",
        );
    }
}
