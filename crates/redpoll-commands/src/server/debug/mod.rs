//! `DEBUG`: what tests and the curious need. Off unless `enable-debug-command` allows it.

use super::config::rewrite::rewrite as rewrite_config;
use super::local;
use crate::prelude::*;
use redpoll_config::{ProtectedAction, glob_match};
use redpoll_engine::Mode;
use redpoll_engine::following::random_id;
use redpoll_types::list::set_packed_threshold;
use redpoll_types::number::parse_f64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

mod digest;
mod help;
mod listing;
mod load_aof;
mod object;
mod populate;
mod protocol;
mod reload;
mod tables;

pub const DEBUG: Command = Command {
    spec: Spec {
        name: "debug",
        arity: -2,
        flags: Flags::ADMIN.with(Flags::NOSCRIPT).with(Flags::LOADING).with(Flags::STALE),
        group: Group::Server,
        since: "1.0.0",
        summary: "Looks into the server, for tests.",
        complexity: "Depends on the subcommand.",
        locks: Locks::Own,
        ..Spec::EMPTY
    },
    run,
};

/// The longest text that STRINGMATCH-LEN matches.
const MATCHED_MAX: usize = 1 << 20;

/// The longest sleep, in seconds.
const SLEEP_MAX: f64 = 3600.0;

/// Refuses those who may not use DEBUG.
fn check_allowed(ctx: &Ctx<'_>) -> Result {
    let allowed = match ctx.engine.config.enable_debug_command() {
        ProtectedAction::Yes => true,
        ProtectedAction::Local => local::is_local(&ctx.session.client),
        ProtectedAction::No => false,
    };
    if !allowed {
        return Err(Error::text(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \
             \"local\", you can run it from a local connection, otherwise you need to set this \
             option in the configuration file, and then restart the server.",
        ));
    }
    Ok(())
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    check_allowed(ctx)?;
    let is = |name: &str, words: std::ops::RangeInclusive<usize>| {
        args.is(1, name) && words.contains(&args.len())
    };
    match () {
        () if is("aof-flush-sleep", 3..=3) => {
            let micros = u64::try_from(parse::int(args.at(2))?).unwrap_or(0);
            ctx.engine.persistence.aof.sleep_micros.store(micros, Relaxed);
            ctx.reply.ok();
        }
        () if is("change-repl-id", 2..=2) => {
            let id = random_id(ctx.rng);
            ctx.engine.replication.break_off(id);
            ctx.reply.ok();
        }
        () if is("config-rewrite-force-all", 2..=2) => return rewrite_config(ctx, true),
        () if is("digest", 2..=2) => digest::all(ctx),
        () if is("digest-value", 2..=usize::MAX) => digest::values(ctx, args),
        () if is("error", 3..=3) => ctx.reply.error(args.at(2)),
        () if is("help", 2..=2) => help::reply(ctx),
        () if is("htstats", 3..=4) => return tables::describe(ctx, args.at(2)),
        () if is("listpack", 3..=3) => return listing::listpack(ctx, args.at(2)),
        () if is("loadaof", 2..=2) => return load_aof::run(ctx),
        () if is("object", 3..=3) => return object::describe(ctx, args.at(2)),
        () if is("log", 3..=3) => {
            log::warn!("DEBUG LOG: {}", String::from_utf8_lossy(args.at(2)));
            ctx.reply.ok();
        }
        () if is("pause-cron", 3..=3) => {
            ctx.engine.timer_paused.store(args.at(2) != b"0", Relaxed);
            ctx.reply.ok();
        }
        () if is("populate", 3..=5) => return populate::run(ctx, args),
        () if is("protocol", 3..=3) => return protocol::reply(ctx, args.at(2)),
        () if is("quicklist-packed-threshold", 3..=3) => return packed_threshold(ctx, args.at(2)),
        () if is("replicate", 3..=usize::MAX) => {
            let words: Vec<_> = args.iter_from(2).collect();
            ctx.engine.replication.say(&words);
            ctx.reply.ok();
        }
        () if is("reload", 2..=usize::MAX) => return reload::run(ctx, args),
        () if is("set-active-expire", 3..=3) => {
            let on = parse::int(args.at(2)).is_ok_and(|number| number != 0);
            ctx.engine.active_expire.store(on, Relaxed);
            ctx.reply.ok();
        }
        () if is("set-disable-deny-scripts", 3..=3) => {
            let on = parse::int(args.at(2)).is_ok_and(|number| number != 0);
            ctx.engine.scripts_unbound.store(on, Relaxed);
            ctx.reply.ok();
        }
        () if is("set-skip-checksum-validation", 3..=3) => {
            let on = parse::int(args.at(2)).is_ok_and(|number| number != 0);
            ctx.engine.persistence.skip_checksum.store(on, Relaxed);
            ctx.reply.ok();
        }
        () if is("sleep", 3..=3) => sleep(ctx, args.at(2)),
        () if is("stringmatch-len", 4..=4) => {
            let length = parse::count(args.at(2))?;
            ctx.reply.int_bool(glob_match(args.at(3), &vec![b'a'; length.min(MATCHED_MAX)], false));
        }
        () => return Err(parse::bad_subcommand(args)),
    }
    Ok(())
}

/// Stops the whole server for a while. In a script, time stands still all the same.
fn sleep(ctx: &mut Ctx<'_>, word: &[u8]) {
    let seconds = parse_f64(word).unwrap_or(0.0).clamp(0.0, SLEEP_MAX);
    ctx.keys.lock_all();
    ctx.engine.standstill.sleep(Duration::from_secs_f64(seconds));
    if ctx.mode != Mode::Script {
        ctx.keys.pass((seconds * 1000.0) as i64);
    }
    if ctx.mode == Mode::Alone {
        ctx.keys.unlock();
    }
    ctx.reply.ok();
}

fn packed_threshold(ctx: &mut Ctx<'_>, word: &[u8]) -> Result {
    if !bytes(word).is_some_and(set_packed_threshold) {
        let text = "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
        return Err(Error::text(text));
    }
    ctx.reply.ok();
    Ok(())
}

/// A number of bytes with a unit: `100`, `1b`, `4k`, `1mb`.
fn bytes(word: &[u8]) -> Option<usize> {
    let digits = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = word.split_at(digits);
    let factor: usize = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    let number: usize = std::str::from_utf8(number).ok()?.parse().ok()?;
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::bytes;
    use crate::testing::{TestServer, check, check_after};
    use std::sync::atomic::Ordering::Relaxed;

    pub(super) fn allow(server: &mut TestServer) {
        server.engine.config.force("enable-debug-command", b"yes").expect("a valid value");
    }

    #[test]
    fn needs_permission() {
        let text = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \
                    \"local\", you can run it from a local connection, otherwise you need to set \
                    this option in the configuration file, and then restart the server.";
        check("DEBUG SLEEP 0", text);
        let mut server = TestServer::new();
        server.engine.config.force("enable-debug-command", b"local").expect("a valid value");
        let mut far = server.client_from("10.0.0.1:5", "");
        let mut near = server.client_from("127.0.0.1:5", "");
        assert_eq!(server.run(&mut far, "DEBUG SLEEP 0"), text);
        assert_eq!(server.run(&mut near, "DEBUG SLEEP 0"), "OK");
    }

    #[test]
    fn time_stands_still_for_whom_sleeps_in_a_script() {
        let script = "redis.call('set', 'k', 'v', 'px', 1) redis.call('debug', 'sleep', '0.01') \
                      return redis.call('exists', 'k')";
        let unbound = |server: &mut TestServer| {
            allow(server);
            server.engine.scripts_unbound.store(true, Relaxed);
        };
        check_after(unbound, &format!("EVAL \"{script}\" 1 k"), "1");
    }

    #[test]
    fn small_ones() {
        check_after(allow, "DEBUG SLEEP 0.001 | DEBUG SLEEP x | DEBUG SLEEP -1", "OK | OK | OK");
        check_after(allow, "DEBUG ERROR \"CODE a\\nb\"", "CODE a b");
        check_after(
            allow,
            "DEBUG NOPE",
            "ERR unknown subcommand or wrong number of arguments for \
                    'NOPE'. Try DEBUG HELP.",
        );
        check_after(allow, "DEBUG quicklist-packed-threshold 0", "OK");
        check_after(allow, "DEBUG STRINGMATCH-LEN 10000 a*b | DEBUG STRINGMATCH-LEN 5 *a", "0 | 1");
        check_after(
            allow,
            "DEBUG QUICKLIST-PACKED-THRESHOLD 5gb | DEBUG \
                    quicklist-packed-threshold x",
            "ERR argument must be a memory value bigger than \
                    1 and smaller than 4gb | ERR argument must be a memory value bigger than 1 and \
                    smaller than 4gb",
        );
        let mut server = TestServer::new();
        allow(&mut server);
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "DEBUG SET-ACTIVE-EXPIRE 0"), "OK");
        assert!(!server.engine.active_expire.load(Relaxed));
        assert_eq!(server.run(&mut session, "DEBUG SET-ACTIVE-EXPIRE 1"), "OK");
        assert!(server.engine.active_expire.load(Relaxed));
    }

    #[test]
    fn time_passes_for_a_transaction_that_sleeps() {
        check_after(
            allow,
            "MULTI | SET k v | PEXPIRE k 1 | DEBUG SLEEP 0.002 | GET k | EXEC",
            "OK | QUEUED | QUEUED | QUEUED | QUEUED | [OK 1 OK nil]",
        );
    }

    #[test]
    fn the_stream_goes_on_under_another_id() {
        let mut server = TestServer::new();
        allow(&mut server);
        let mut session = server.client();
        let before = server.engine.replication.id();
        assert_eq!(server.run(&mut session, "DEBUG CHANGE-REPL-ID"), "OK");
        assert_ne!(server.engine.replication.id(), before);
        assert_eq!(server.run(&mut session, "DEBUG REPLICATE nonsense"), "OK");
    }

    #[test]
    fn sizes() {
        for (text, size) in [
            ("0", Some(0)),
            ("100b", Some(100)),
            ("2kb", Some(2048)),
            ("1G", Some(1_000_000_000)),
            ("kb", None),
            ("1x", None),
            ("99999999999999999999", None),
            ("18446744073709551615gb", None),
        ] {
            assert_eq!(bytes(text.as_bytes()), size, "{text}");
        }
    }
}
