//! What a running script does to the server: the commands it calls, and how they become one step.
//!
//! **Locks.** A script starts with the stripes of its declared keys locked. It cannot take further
//! ones: locks are taken in ascending order or not at all. So when it turns to a key that it has
//! not declared, everything it has done is taken back, it starts again with all stripes locked, and
//! is known from then on as one that needs them all from the start. Until it holds all stripes, a
//! script is therefore kept to what can be taken back: commands on the keys it has locked, whose
//! former values are saved before the first write; anything else (PUBLISH, FLUSHALL, CONFIG) makes
//! it start again, too. No lock is ever waited for while others are held out of order, so there is
//! no deadlock to be avoided.
//!
//! **Time** stands still for a script, and it cannot wait: blocking commands answer at once.

use crate::acl::check::Call;
use crate::acl::{self, Context};
use crate::ctx::{Ctx, Mode};
use crate::engine::Engine;
use crate::error::Error;
use crate::meanwhile;
use crate::spec::{Command, Flags, Locks};
use redpoll_keyspace::Saved;
use redpoll_keyspace::effect::Logged;
use redpoll_keyspace::lock::{Busy, BusyHolder, unless_busy};
use redpoll_resp::{Args, Proto};
use redpoll_script::{Refusal, Running, RunningKind, Verdict};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// What a script may do, as its flags and the command that runs it say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Permissions {
    /// It must not write.
    pub read_only: bool,
    /// It may use more memory than maxmemory.
    pub allow_oom: bool,
}

/// A script that runs. Made anew for each start.
pub struct ScriptRun {
    permissions: Permissions,
    kind: RunningKind,
    started: quanta::Instant,
    /// The database of the client: what a script selects is forgotten at its end.
    db: usize,
    /// The database that the script has selected.
    selected: usize,
    /// The protocol that the script has chosen.
    proto: Proto,
    /// Where effects go: bit 0 the append-only file, bit 1 replicas.
    replication: u8,
    /// Memory was short when the script began.
    out_of_memory: bool,
    wrote: bool,
    restart: bool,
    /// What was at the keys that have been written, unless all stripes are locked.
    undo: Option<Vec<Saved>>,
    /// Its writes, for the change log, as long as they may be taken back.
    log: Vec<Logged>,
    noticed: Option<Noticed>,
    busy: Option<BusyHolder>,
}

/// A running script that others know of, until this is dropped: they must not wait for one that a
/// fault has ended.
struct Noticed {
    engine: Arc<Engine>,
    running: Arc<Running>,
}

impl Noticed {
    fn new(engine: &Arc<Engine>, running: Running) -> Self {
        let running = Arc::new(running);
        engine.scripts.add_running(&running);
        Noticed { engine: Arc::clone(engine), running }
    }
}

impl Drop for Noticed {
    fn drop(&mut self) {
        self.engine.scripts.remove_running(&self.running);
    }
}

/// What the client of a busy server is told.
pub fn busy_error(kind: RunningKind) -> Error {
    Error::text(match kind {
        RunningKind::Script => {
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
        }
        RunningKind::Function => {
            "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN \
             NOSAVE."
        }
    })
}

/// Whether a call can be taken back together with what it has changed, its keys being locked.
fn can_be_undone(command: &Command) -> bool {
    let spec = &command.spec;
    let harmless = matches!(spec.name, "ping" | "echo" | "time" | "select" | "dbsize" | "lolwut");
    let on_keys = !spec.keys.is_empty() && spec.locks == Locks::Keys;
    // These two may write in another database than the one at hand.
    let elsewhere = matches!(spec.name, "copy" | "move");
    let aside = elsewhere || spec.flags.has(Flags::MAY_REPLICATE) || spec.flags.has(Flags::ADMIN);
    (on_keys && !aside) || harmless
}

impl ScriptRun {
    /// Locks what the script needs and begins. All stripes if it is known to need them.
    pub fn begin<'k>(
        ctx: &mut Ctx<'_>,
        kind: RunningKind,
        permissions: Permissions,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        all: bool,
    ) -> Result<Self, Busy> {
        if ctx.mode == Mode::Alone {
            let mut keys = keys;
            let mut first = keys.clone();
            match (first.next(), first.next()) {
                _ if all => unless_busy(|| ctx.keys.lock_all())?,
                (None, _) => ctx.keys.unlock(),
                (Some(key), None) => {
                    let db = ctx.keys.db();
                    let hash = ctx.keys.keyspace().hash(key);
                    ctx.keys.keyspace().prefetch_bucket(db, hash);
                    ctx.keys.lock_hash(hash)?;
                }
                _ => unless_busy(|| ctx.keys.lock_keys(&mut keys))?,
            }
        }
        Ok(ScriptRun {
            permissions,
            kind,
            started: quanta::Instant::now(),
            db: ctx.keys.db(),
            selected: ctx.keys.db(),
            proto: Proto::Resp2,
            replication: 3,
            out_of_memory: false,
            wrote: false,
            restart: false,
            undo: (!ctx.keys.holds_all()).then(Vec::new),
            log: Vec::new(),
            noticed: None,
            busy: None,
        })
    }

    /// Notes that memory was short when the script began.
    pub fn set_out_of_memory(&mut self, short: bool) {
        self.out_of_memory = short;
    }

    /// The protocol that the script has chosen for itself.
    pub fn proto(&self) -> Proto {
        self.proto
    }

    /// Chooses the protocol of the replies to the script.
    pub fn set_proto(&mut self, proto: Proto) {
        self.proto = proto;
    }

    /// Chooses where effects go: bit 0 the append-only file, bit 1 replicas.
    pub fn set_replication(&mut self, targets: u8) {
        self.replication = targets;
    }

    /// Whether it can no longer be run again from its beginning.
    pub fn is_final(&self) -> bool {
        self.undo.is_none()
    }

    /// Runs a command of the script; its reply is appended to `ctx.reply`.
    pub fn call(&mut self, ctx: &mut Ctx<'_>, args: Args<'_>) -> Result<(), Refusal> {
        if self.restart {
            return Err(Refusal::Restart);
        }
        let Some((command, id)) = find(ctx, args) else {
            return refuse(ctx, None, "ERR Unknown Redis command called from script");
        };
        if let Err(text) = self.check(ctx, command, args) {
            return refuse(ctx, Some(id), &text);
        }
        if !ctx.session.unrestricted {
            let call = Call { command, id, args, db: self.selected };
            let now = ctx.keys.now();
            if let Err(denied) = ctx.engine.authorize(ctx.session, call, Context::Lua, now) {
                let (user, name) = (ctx.engine.user_of(ctx.session), full_name(ctx, id));
                let text = format!("ERR ACL failure in script: {}", denied.message(&user, name));
                return refuse(ctx, Some(id), &text);
            }
        }
        ctx.keys.select(self.selected);
        // The hint may be of a word that lay at the same place.
        ctx.keys.clear_hint();
        if self.undo.is_some() && !self.prepare_undo(ctx, command, args) {
            self.restart = true;
            return Err(Refusal::Restart);
        }
        if command.spec.flags.has(Flags::WRITE) && !self.wrote {
            self.wrote = true;
            if let Some(noticed) = &self.noticed {
                noticed.running.wrote.store(true, Release);
            }
        }
        self.run(ctx, (command, id), args);
        Ok(())
    }

    fn check(
        &self,
        ctx: &Ctx<'_>,
        command: &Command,
        args: Args<'_>,
    ) -> Result<(), Cow<'static, str>> {
        let spec = &command.spec;
        if !spec.accepts(args.len()) {
            return Err("ERR Wrong number of args calling Redis command from script".into());
        }
        if spec.flags.has(Flags::NOSCRIPT) && !ctx.engine.scripts_unbound.load(Relaxed) {
            return Err("ERR This Redis command is not allowed from script".into());
        }
        if !spec.flags.has(Flags::STALE) && ctx.engine.is_stale() {
            return Err("ERR Can not execute the command on a stale replica".into());
        }
        let writes = spec.flags.has(Flags::WRITE) || spec.flags.has(Flags::MAY_REPLICATE);
        if self.permissions.read_only && writes {
            return Err("ERR Write commands are not allowed from read-only scripts.".into());
        }
        // Only before the first write: the rest must not be left undone.
        if spec.flags.has(Flags::WRITE)
            && !self.wrote
            && let Some(refusal) = ctx.engine.write_refusal(ctx.session)
        {
            return Err(refusal.text());
        }
        let short = self.out_of_memory && !self.permissions.allow_oom && !self.wrote;
        if short && spec.flags.has(Flags::DENYOOM) && ctx.engine.settings().maxmemory > 0 {
            return Err("OOM command not allowed when used memory > 'maxmemory'.".into());
        }
        Ok(())
    }

    /// Saves what the command may change. False if the command reaches beyond the locked keys, or
    /// does what cannot be taken back.
    fn prepare_undo(&mut self, ctx: &mut Ctx<'_>, command: &Command, args: Args<'_>) -> bool {
        if !can_be_undone(command) {
            return false;
        }
        let spec = &command.spec;
        let writes = spec.flags.has(Flags::WRITE);
        if let Some(index) = spec.single_key(args) {
            return args.get(index).is_none_or(|key| {
                ctx.keys.set_hint(key, ctx.keys.hash(key));
                self.save(ctx, key, writes)
            });
        }
        let positions = spec.key_positions(args);
        let mut words = positions.iter().filter_map(|position| args.get(position.index));
        words.all(|key| self.save(ctx, key, writes))
    }

    /// Whether a key is locked; saves what is there if it is to be written.
    fn save(&mut self, ctx: &mut Ctx<'_>, key: &[u8], writes: bool) -> bool {
        if !ctx.keys.holds_key(key) {
            return false;
        }
        let db = ctx.keys.db();
        if let Some(undo) = &mut self.undo
            && writes
            && !undo.iter().any(|saved| saved.is_of(db, key))
        {
            undo.push(ctx.keys.save(key));
        }
        true
    }

    /// Runs a command that has been checked, and counts it.
    fn run(&mut self, ctx: &mut Ctx<'_>, (command, id): (&'static Command, usize), args: Args<'_>) {
        let outer = (ctx.mode, ctx.reply.proto(), ctx.session.proto);
        ctx.mode = Mode::Script;
        ctx.reply.set_proto(self.proto);
        ctx.session.secret_words.clear();
        let session_db = std::mem::replace(&mut ctx.session.db, self.selected);
        let (mark, dirty) = (ctx.reply.mark(), ctx.keys.effects.dirty);
        let rewritten = ctx.rewritten.take();
        let stats = &ctx.stats.commands[id];
        let started = quanta::Instant::now();
        if let Err(error) = (command.run)(ctx, args) {
            let message = error.message();
            ctx.reply.rewind(mark);
            ctx.rewritten = None;
            ctx.reply.error(message.as_bytes());
            ctx.engine.stats.error(&message);
            ctx.stats.errors.add(1);
            stats.failed.add(1);
        }
        ctx.note_reads(&command.spec, args);
        // Blocking commands have been told that they must not.
        ctx.action = None;
        let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        stats.called(1, nanos);
        if ctx.engine.is_logging() {
            self.note(ctx, command, args, dirty);
        }
        ctx.rewritten = rewritten;
        if ctx.engine.is_monitored() {
            ctx.engine.show_command_of(ctx.session, "lua", &command.spec, args, ctx.keys.now());
        }
        ctx.engine.note_time(ctx.session, &command.spec, args, nanos, ctx.keys.now());
        self.selected = std::mem::replace(&mut ctx.session.db, session_db);
        ctx.mode = outer.0;
        ctx.reply.set_proto(outer.1);
        ctx.session.proto = outer.2;
    }

    /// Notes for the change log what a command has changed. What may still be taken back is kept
    /// here; expired keys that were met are logged in any case, and come first.
    #[cold]
    fn note(&mut self, ctx: &mut Ctx<'_>, command: &Command, args: Args<'_>, before: u64) {
        if self.replication == 0 {
            ctx.rewritten = None;
            return;
        }
        let itself = command.spec.is_logged().then_some(args);
        if self.undo.is_none() {
            let first = ctx.keys.effects.logged_len();
            ctx.note_for_log(itself, before);
            let new = ctx.keys.effects.rare().logged.iter_mut().skip(first);
            return new.for_each(|logged| logged.targets = self.replication);
        }
        let (db, changed) = (self.selected, ctx.keys.effects.dirty > before);
        let words = match (ctx.rewritten.take(), itself) {
            (Some(commands), _) => commands,
            (None, Some(args)) if changed => vec![args.to_owned()],
            (None, _) => return,
        };
        let targets = self.replication;
        self.log.extend(words.into_iter().map(|words| Logged { db, words, targets }));
    }

    /// Looks at the script from time to time while it runs.
    pub fn look(&mut self, ctx: &mut Ctx<'_>, name: &str, command: Args<'_>) -> Verdict {
        if self.restart {
            return Verdict::Restart;
        }
        let engine = ctx.engine;
        let noticed = self.noticed.get_or_insert_with(|| {
            let command = command.to_owned();
            let now = Instant::now();
            let started = now.checked_sub(self.started.elapsed()).unwrap_or(now);
            let running = Running::new(self.kind, name.to_owned(), command, started);
            running.wrote.store(self.wrote, Release);
            Noticed::new(engine, running)
        });
        let running = &noticed.running;
        let threshold = engine.config.busy_reply_threshold();
        if self.busy.is_none() && threshold > 0 {
            let threshold = Duration::from_millis(threshold.unsigned_abs());
            if self.started.elapsed() >= threshold {
                engine.scripts.set_busy(running);
                self.busy = Some(BusyHolder::new());
            }
        }
        if self.busy.is_some() {
            meanwhile::serve();
        }
        match running.is_killed() && !running.wrote.load(Acquire) {
            true => Verdict::Kill,
            false => Verdict::Continue,
        }
    }

    /// How long the script has been running.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The command that may end it.
    pub fn kill_command(&self) -> &'static str {
        match self.kind {
            RunningKind::Script => "SCRIPT KILL",
            RunningKind::Function => "FUNCTION KILL",
        }
    }

    /// Whether the script has been declared busy.
    pub fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// Takes back everything; the script is to begin again with all stripes locked.
    pub fn give_up(mut self, ctx: &mut Ctx<'_>) {
        ctx.keys.select(self.db);
        ctx.keys.clear_hint();
        for saved in self.undo.take().unwrap_or_default().into_iter().rev() {
            ctx.keys.put_back(saved);
        }
        ctx.keys.effects.undo();
        ctx.keys.select(self.db);
    }

    /// Ends the script; what it has changed stays.
    pub fn finish(mut self, ctx: &mut Ctx<'_>) {
        ctx.keys.select(self.db);
        ctx.keys.clear_hint();
        if !self.log.is_empty() {
            let log = std::mem::take(&mut self.log);
            ctx.keys.effects.rare().logged.extend(log);
        }
    }
}

/// Whether a client's user may run a command; `None` if there is no such command.
pub fn may_call(ctx: &Ctx<'_>, args: Args<'_>) -> Option<bool> {
    let (command, id) = find(ctx, args)?;
    let call = Call { command, id, args, db: ctx.session.db };
    Some(acl::check(&ctx.engine.user_of(ctx.session), call).is_ok())
}

fn full_name<'a>(ctx: &Ctx<'a>, id: usize) -> &'a str {
    &ctx.engine.commands.row(id).full_name
}

/// The command of a call, subcommands included.
fn find(ctx: &Ctx<'_>, args: Args<'_>) -> Option<(&'static Command, usize)> {
    let table = &ctx.engine.commands;
    let id = table.find(args.get(0)?)?;
    let command = table.row(id).command;
    if command.spec.subcommands.is_empty() || args.len() == 1 {
        return Some((command, id));
    }
    let sub = table.find_sub(id, args.at(1))?;
    Some((table.row(sub).command, sub))
}

/// Refuses a command of a script, and counts that.
#[cold]
fn refuse(ctx: &Ctx<'_>, id: Option<usize>, text: &str) -> Result<(), Refusal> {
    ctx.engine.stats.error(text);
    ctx.stats.errors.add(1);
    if let Some(id) = id {
        ctx.stats.commands[id].rejected.add(1);
    }
    Err(Refusal::Error(text.to_owned()))
}
