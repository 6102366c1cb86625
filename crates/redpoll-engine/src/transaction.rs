//! EXEC: the queued commands, one after the other, with the stripes of all their keys locked.

use crate::acl::check::Call;
use crate::acl::{Context, Reason};
use crate::ctx::{Ctx, Mode};
use crate::error::{Error, Result};
use crate::hot_keys::Seen;
use crate::script::busy_error;
use crate::session::{Queued, Transaction};
use crate::spec::{Flags, Locks, Spec};
use redpoll_keyspace::Keys;
use redpoll_keyspace::lock::unless_busy;
use redpoll_resp::Args;
use redpoll_script::RunningKind;

/// Runs the session's open transaction and writes EXEC's reply. The caller has made sure that there
/// is one and that it was not aborted.
pub fn run(ctx: &mut Ctx<'_>, transaction: Transaction) -> Result {
    if unless_busy(|| lock_all_keys(ctx, &transaction.queue)).is_err() {
        return Err(busy(ctx));
    }
    ctx.is_in_time(|wanted| transaction.queue.iter().any(|queued| wanted(queued.flags)))
        .map_err(|reason| discarded(ctx, &reason))?;
    let broken = watched_key_is_gone(ctx) || ctx.session.watch_broken();
    forget_watches(ctx);
    if broken {
        ctx.reply.null_array();
        return Ok(());
    }
    ctx.mode = Mode::Transaction;
    ctx.reply.array(transaction.queue.len());
    for queued in &transaction.queue {
        ctx.keys.select(ctx.session.db);
        ctx.reply.set_proto(ctx.session.proto);
        let start = ctx.reply.mark();
        if let Err(error) = check(ctx, queued) {
            refuse(ctx, queued, &error);
            continue;
        }
        let nanos = run_nested(ctx, queued);
        let reply = ctx.reply.mark() - start;
        account(ctx, queued, nanos, reply);
    }
    Ok(())
}

/// Checks again whether the client's user may run a queued command: users may have changed since,
/// even by the command before.
fn check(ctx: &mut Ctx<'_>, queued: &Queued) -> Result {
    if ctx.session.generation != ctx.engine.generation() {
        ctx.engine.refresh_user(ctx.session);
    }
    if ctx.session.unrestricted {
        return Ok(());
    }
    let Queued { command, id, args, .. } = queued;
    let call = Call { command, id: *id, args: args.as_args(), db: ctx.session.db };
    let denied = ctx.engine.authorize(ctx.session, call, Context::Multi, ctx.keys.now());
    denied.map_err(|denied| {
        let reason = match denied.reason {
            Reason::Command => "no permission to execute the command or subcommand",
            Reason::Key => "no permission to touch the specified keys",
            Reason::Channel => "no permission to access one of the channels used as arguments",
            Reason::Database | Reason::Auth => "no permission",
        };
        Error::text(format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the \
             EXEC call. This command is no longer allowed for the following reason: {reason}"
        ))
    })
}

fn refuse(ctx: &mut Ctx<'_>, queued: &Queued, error: &Error) {
    let message = error.message();
    ctx.reply.error(message.as_bytes());
    ctx.engine.stats.error(&message);
    ctx.stats.errors.add(1);
    ctx.stats.commands[queued.id].rejected.add(1);
}

/// Gives a transaction up because a script keeps the keys locked.
#[cold]
fn busy(ctx: &mut Ctx<'_>) -> Error {
    let kind = ctx.engine.scripts.busy().unwrap_or(RunningKind::Script);
    discarded(ctx, &busy_error(kind))
}

/// Ends a transaction of which nothing is run.
#[cold]
fn discarded(ctx: &mut Ctx<'_>, reason: &Error) -> Error {
    // It takes locks by itself.
    ctx.keys.unlock();
    ctx.engine.unwatch(ctx.session);
    Error::text(format!("EXECABORT Transaction discarded because of: {}", reason.message()))
}

/// Runs one command inside another, its error becomes its reply; returns how long it took.
fn run_nested(ctx: &mut Ctx<'_>, queued: &Queued) -> u64 {
    ctx.session.secret_words.clear();
    let (mark, dirty) = (ctx.reply.mark(), ctx.keys.effects.dirty);
    let stats = &ctx.stats.commands[queued.id];
    let started = quanta::Instant::now();
    if let Err(error) = (queued.command.run)(ctx, queued.args.as_args()) {
        let message = error.message();
        ctx.reply.rewind(mark);
        ctx.rewritten = None;
        ctx.reply.error(message.as_bytes());
        if !matches!(error, Error::Counted(_)) {
            ctx.engine.stats.error(&message);
            ctx.stats.errors.add(1);
        }
        stats.failed.add(1);
    }
    ctx.note_reads(&queued.command.spec, queued.args.as_args());
    match ctx.engine.is_logging() {
        true => {
            let args = queued.args.as_args();
            ctx.note_for_log(queued.command.spec.is_logged().then_some(args), dirty);
        }
        false => ctx.rewritten = None,
    }
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Counts a command's time, and shows the command to those who watch: EXEC itself is shown, too,
/// but its time says nothing.
fn account(ctx: &mut Ctx<'_>, queued: &Queued, nanos: u64, reply: usize) {
    let (spec, args, now) = (&queued.command.spec, queued.args.as_args(), ctx.keys.now());
    ctx.stats.commands[queued.id].called(1, nanos);
    if ctx.engine.is_monitored() {
        ctx.engine.show_command(ctx.session, spec, args, now);
    }
    // A transaction may change the configuration: it is read anew for each command.
    let settings = ctx.engine.settings();
    let request = queued.args.memory_bytes();
    ctx.engine.note_time(ctx.session, spec, args, nanos, now);
    if !spec.flags.has(Flags::SKIP_SLOWLOG)
        && (request >= settings.large_request.0 || reply >= settings.large_reply.0)
    {
        ctx.engine.note_large(ctx.session, &settings, args, (request, reply), now);
    }
    if ctx.engine.hot_keys.is_active() {
        let seen = Seen { spec, args, nanos, bytes: (request + reply) as u64 };
        ctx.engine.hot_keys.note(&seen, now, ctx.rng);
    }
}

/// Locks the stripes of all keys of all commands and of the watched keys; all stripes if a command
/// walks the keyspace or finds out its keys as it goes.
fn lock_all_keys(ctx: &mut Ctx<'_>, queue: &[Queued]) {
    let needs_all = |spec: &Spec| match spec.locks {
        Locks::Keys => false,
        Locks::All | Locks::Own => true,
    };
    if queue.iter().any(|queued| needs_all(&queued.command.spec)) {
        return ctx.keys.lock_all();
    }
    let queued_keys = queue.iter().flat_map(|queued| {
        let args: Args<'_> = queued.args.as_args();
        let positions = queued.command.spec.key_positions(args);
        positions.into_iter().filter_map(move |position| args.get(position.index))
    });
    let watched = ctx.session.watched.iter().map(|watched| &*watched.key);
    let all: Vec<&[u8]> = queued_keys.chain(watched).collect();
    ctx.keys.lock_keys(all.into_iter());
}

/// Whether a key was there when it was watched and is no longer: its time may have come since,
/// which nobody may have noticed yet.
fn watched_key_is_gone(ctx: &mut Ctx<'_>) -> bool {
    let mut gone = false;
    for watched in ctx.session.watched.iter().filter(|watched| watched.existed) {
        ctx.keys.select(watched.db);
        gone |= !ctx.keys.contains(&watched.key);
    }
    ctx.keys.select(ctx.session.db);
    gone
}

fn forget_watches(ctx: &mut Ctx<'_>) {
    let keys: &mut Keys<'_> = &mut ctx.keys;
    for watched in ctx.session.watched.drain(..) {
        ctx.session.client.drops(&watched.key);
        let stripe = keys.keyspace().stripe_of(keys.keyspace().hash(&watched.key));
        keys.held_stripe(stripe).unwatch(watched.db, &watched.key, &ctx.session.watch_flag);
    }
    ctx.session.set_watch_broken(false);
}
