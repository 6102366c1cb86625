//! Running a script or function on behalf of a command.

use super::call::Call;
use super::state::{KeptFunction, State, with_state};
use crate::prelude::*;
use redpoll_engine::refusal::MASTERDOWN;
use redpoll_engine::script::{Permissions, ScriptRun, busy_error};
use redpoll_script::{Compiled, ErrorReply, Failure, Running, RunningKind, ScriptFlags};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// How a script is to be run.
pub(super) struct Plan<'p> {
    pub kind: RunningKind,
    /// Its SHA-1 or its function's name.
    pub name: &'p str,
    pub flags: ScriptFlags,
    pub compiled: Compiled,
    /// Whether it touches keys that it does not declare.
    pub roams: &'p AtomicBool,
    pub read_only: bool,
    pub keys: usize,
}

/// The number of keys, which stands before them.
pub(super) fn key_count(args: Args<'_>, unreadable: Error) -> Result<usize> {
    let count = parse::int(args.at(2)).map_err(|_| unreadable)?;
    if count > args.len() as i64 - 3 {
        return Err(Error::text("ERR Number of keys can't be greater than number of args"));
    }
    usize::try_from(count).map_err(|_| Error::text("ERR Number of keys can't be negative"))
}

/// EVAL and EVALSHA.
pub(super) fn script(ctx: &mut Ctx<'_>, args: Args<'_>, by_sha: bool, read_only: bool) -> Result {
    show(ctx, args);
    if by_sha && args.at(1).len() != 40 {
        return Err(Error::text("NOSCRIPT No matching script. Please use EVAL."));
    }
    let keys = key_count(args, Error::NotInteger)?;
    let engine = ctx.engine;
    with_state(engine, |state| {
        let kept = match by_sha {
            true => state.by_sha(engine, args.at(1))?,
            false => state.by_body(engine, args.at(1))?,
        };
        let plan = Plan {
            kind: RunningKind::Script,
            name: &kept.script.sha,
            flags: kept.script.flags,
            compiled: kept.compiled,
            roams: &kept.script.roams,
            read_only,
            keys,
        };
        plan.run(state, ctx, args)
    })
}

/// FCALL.
pub(super) fn function(ctx: &mut Ctx<'_>, args: Args<'_>, read_only: bool) -> Result {
    show(ctx, args);
    let engine = ctx.engine;
    with_state(engine, |state| {
        let KeptFunction { function, compiled } = state.by_name(engine, args.at(1))?;
        let keys = key_count(args, Error::text("ERR Bad number of keys provided"))?;
        let plan = Plan {
            kind: RunningKind::Function,
            name: &function.name,
            flags: function.flags,
            compiled,
            roams: &function.roams,
            read_only,
            keys,
        };
        plan.run(state, ctx, args)
    })
}

/// Shows the command to monitors before those that it calls.
fn show(ctx: &Ctx<'_>, args: Args<'_>) {
    if ctx.engine.is_monitored() {
        let address = &ctx.session.client.origin.address;
        ctx.engine.show_words(ctx.session, address, args, ctx.keys.now());
    }
}

impl Plan<'_> {
    /// Runs the script, again if it has to, and writes its reply.
    fn run(&self, state: &mut State, ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
        let permissions = self.permissions(ctx)?;
        let out_of_memory = is_out_of_memory(ctx);
        if out_of_memory && !self.flags.has(ScriptFlags::COMPATIBLE) && !permissions.allow_oom {
            return Err(Error::text(
                "OOM allow-oom flag is not set on the script, can not run it when used memory > \
                 'maxmemory'",
            ));
        }
        let keys = || args.iter_from(3).take(self.keys);
        let arguments = || args.iter_from(3 + self.keys);
        loop {
            let roams = self.roams.load(Relaxed);
            let run = ScriptRun::begin(ctx, self.kind, permissions, keys(), roams);
            let Ok(mut run) = run else {
                let kind = ctx.engine.scripts.busy().unwrap_or(RunningKind::Script);
                return Err(busy_error(kind));
            };
            run.set_out_of_memory(out_of_memory);
            let (name, mark) = (self.name, ctx.reply.mark());
            let mut call = Call { ctx, run, name, args, mark, lines: Vec::new() };
            let result = match self.kind {
                RunningKind::Script => {
                    state.sandbox.run(&mut call, &self.compiled, keys(), arguments())
                }
                RunningKind::Function => {
                    state.sandbox.run_function(&mut call, &self.compiled, keys(), arguments())
                }
            };
            if matches!(result, Err(Failure::Restart)) {
                self.roams.store(true, Relaxed);
                call.give_up();
                continue;
            }
            // What commands have answered to the script goes; what it answers itself stays.
            if !matches!(result, Ok(None)) {
                call.ctx.reply.rewind(mark);
            }
            call.finish();
            return match result {
                Ok(None) => Ok(()),
                Ok(Some(ErrorReply { message, counted: true })) => Err(Error::Counted(message)),
                Ok(Some(ErrorReply { message, counted: false })) => Err(Error::text(message)),
                Err(failure) => Err(self.failed(failure)),
            };
        }
    }

    /// What the script may do.
    fn permissions(&self, ctx: &Ctx<'_>) -> Result<Permissions> {
        if self.flags.has(ScriptFlags::COMPATIBLE) {
            if ctx.engine.is_stale() {
                return Err(Error::text(MASTERDOWN));
            }
            return Ok(Permissions { read_only: self.read_only, allow_oom: false });
        }
        if self.flags.has(ScriptFlags::NO_CLUSTER) && ctx.engine.config.cluster_enabled() {
            let text = "ERR Can not run script on cluster, 'no-cluster' flag is set.";
            return Err(Error::text(text));
        }
        if !self.flags.has(ScriptFlags::ALLOW_STALE) && ctx.engine.is_stale() {
            return Err(Error::text(
                "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and \
                 'allow-stale' flag is not set on the script.",
            ));
        }
        let no_writes = self.flags.has(ScriptFlags::NO_WRITES);
        if !no_writes && let Some(refusal) = ctx.engine.write_refusal(ctx.session) {
            return Err(Error::text(refusal.text_for_scripts()));
        }
        if self.read_only && !no_writes {
            let text = "ERR Can not execute a script with write flag using *_ro command.";
            return Err(Error::text(text));
        }
        let allow_oom = no_writes || self.flags.has(ScriptFlags::ALLOW_OOM);
        Ok(Permissions { read_only: no_writes, allow_oom })
    }

    /// The error of a script that has failed.
    fn failed(&self, failure: Failure) -> Error {
        let Failure::Error { message, place, counted } = failure else {
            return Error::text("ERR the script could not be run");
        };
        let message = message.strip_prefix('-').map_or(message.clone(), str::to_owned);
        let text = match place {
            Some((source, line)) => {
                format!("{message} script: {}, on {source}:{line}.", self.name)
            }
            None => message,
        };
        if counted { Error::Counted(text) } else { Error::text(text) }
    }
}

/// Whether the memory limit is exceeded now.
fn is_out_of_memory(ctx: &Ctx<'_>) -> bool {
    let limit = ctx.engine.config.maxmemory();
    limit > 0 && ctx.engine.measure_memory() as u64 > limit
}

/// The words of the answer of FUNCTION STATS about what runs.
pub(super) fn describe(running: &Running, ctx: &mut Ctx<'_>) {
    ctx.reply.map(3);
    ctx.reply.bulk(b"name");
    ctx.reply.bulk(running.name.as_bytes());
    ctx.reply.bulk(b"command");
    let args = running.command.as_args();
    ctx.reply.array(args.len());
    args.iter().for_each(|word| ctx.reply.bulk(word));
    ctx.reply.bulk(b"duration_ms");
    ctx.reply.count(running.started.elapsed().as_millis() as usize);
}
