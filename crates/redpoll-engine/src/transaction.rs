//! EXEC: the queued commands, one after the other, with the stripes of all their keys locked.

use crate::ctx::{Ctx, Mode};
use crate::error::Result;
use crate::session::{Queued, Transaction};
use crate::spec::{Locks, Spec};
use redpoll_keyspace::Keys;
use redpoll_resp::Args;

/// Runs the session's open transaction and writes EXEC's reply. The caller has made sure that there is
/// one and that it was not aborted.
pub fn run(ctx: &mut Ctx<'_>, transaction: Transaction) -> Result {
    lock_all_keys(ctx, &transaction.queue);
    touch_expired(ctx);
    let broken = ctx.session.watch_broken();
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
        run_nested(ctx, queued);
    }
    Ok(())
}

/// Runs one command inside another; its error becomes its reply.
fn run_nested(ctx: &mut Ctx<'_>, queued: &Queued) {
    ctx.session.secret_words.clear();
    let mark = ctx.reply.mark();
    let stats = &ctx.stats.commands[queued.id];
    let started = quanta::Instant::now();
    if let Err(error) = (queued.command.run)(ctx, queued.args.as_args()) {
        let message = error.message();
        ctx.reply.rewind(mark);
        ctx.reply.error(message.as_bytes());
        ctx.engine.stats.error(&message);
        ctx.stats.errors.add(1);
        stats.failed.add(1);
    }
    let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
    stats.called(nanos);
    if ctx.engine.is_monitored() {
        let (spec, now) = (&queued.command.spec, ctx.keys.now());
        ctx.engine.show_command(ctx.session, spec, queued.args.as_args(), now);
    }
}

/// Locks the stripes of all keys of all commands and of the watched keys; all stripes if a command walks
/// the keyspace or finds out its keys as it goes.
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

/// A watched key whose time has come counts as changed, though nobody may have removed it yet.
fn touch_expired(ctx: &mut Ctx<'_>) {
    for watched in ctx.session.watched.iter().filter(|watched| watched.existed) {
        ctx.keys.select(watched.db);
        ctx.keys.contains(&watched.key);
    }
    ctx.keys.select(ctx.session.db);
}

fn forget_watches(ctx: &mut Ctx<'_>) {
    let keys: &mut Keys<'_> = &mut ctx.keys;
    for watched in ctx.session.watched.drain(..) {
        let stripe = keys.keyspace().stripe_of(keys.keyspace().hash(&watched.key));
        keys.held_stripe(stripe).unwatch(watched.db, &watched.key, &ctx.session.watch_flag);
    }
    ctx.session.set_watch_broken(false);
}
