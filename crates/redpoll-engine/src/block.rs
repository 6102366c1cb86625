//! Clients that wait: blocking commands, and how they get their answer.
//!
//! A blocking command that finds nothing asks to wait (`ctx.block`). While its stripes are still
//! locked, it is put into the queues of its keys, so no change can slip in between. Whoever changes
//! such a key runs the waiting command again once its own command (or transaction) is done, on the
//! waiter's behalf, first come first served: so a client that waits for a list gets its element
//! before any other command can take it, as in Redis. The answer goes to the waiter's outbox.
//!
//! A waiter ends once: by an answer, its timeout, CLIENT UNBLOCK, or its connection's end; whoever
//! moves its state from `Waiting` wins.

use crate::client::Client;
use crate::spec::Command;
use parking_lot::Mutex;
use redpoll_keyspace::stripe::WaiterId;
use redpoll_resp::{OwnedArgs, Proto};
use redpoll_types::value::Type;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering::*};

/// What a client gets whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutReply {
    /// The absent array: keys did not come, whatever the command would have answered.
    NullArray,
    /// The number of replicas that have acknowledged the stream up to `offset` (WAIT).
    Acknowledged {
        /// The offset.
        offset: u64,
        /// How many are waited for.
        wanted: usize,
    },
    /// Whether the server itself has the log up to `position` on disk, and the number of replicas
    /// that have the stream up to `offset` there (WAITAOF).
    Persisted {
        /// The position in the change log.
        position: u64,
        /// Whether the server's own file is waited for.
        local: bool,
        /// The offset of the stream.
        offset: u64,
        /// How many replicas are waited for.
        wanted: usize,
    },
}

/// What a blocking command asks for.
#[derive(Clone, Debug)]
pub struct BlockRequest {
    /// The keys to wait for, all of them keys by the command's metadata; the same may come twice.
    pub keys: Vec<Box<[u8]>>,
    /// How long, in milliseconds; `None`: for ever.
    pub timeout_ms: Option<i64>,
    /// The type that a key must have for the command to be tried again.
    pub wanted: Type,
    /// What to answer when the time is over.
    pub on_timeout: TimeoutReply,
    /// The command is tried again, too, when a key is gone or has come to hold another type: to
    /// answer with an error (XREADGROUP, which needs its group).
    pub needs_keys: bool,
    /// When to try again although nothing has changed, in milliseconds since 1970: what the command
    /// waits for may come with time alone.
    pub look_again_at: Option<i64>,
    /// The words of the command that is tried, if they are not those of the one that waits.
    pub words: Option<OwnedArgs>,
}

impl BlockRequest {
    /// A wait for a `wanted` at one of `keys` that ends with the absent array.
    pub fn for_keys(keys: Vec<Box<[u8]>>, timeout_ms: Option<i64>, wanted: Type) -> Self {
        BlockRequest {
            keys,
            timeout_ms,
            wanted,
            on_timeout: TimeoutReply::NullArray,
            needs_keys: false,
            look_again_at: None,
            words: None,
        }
    }
}

const WAITING: u8 = 0;
const BEING_SERVED: u8 = 1;
const DONE: u8 = 2;

/// A client in a blocking command.
pub struct Waiter {
    /// Its number in the queues of the keys.
    pub id: WaiterId,
    /// The client.
    pub client: Arc<Client>,
    /// The command to run again.
    pub command: &'static Command,
    /// Its number in the command table.
    pub command_id: usize,
    /// Its words.
    pub args: OwnedArgs,
    /// The client's database.
    pub db: usize,
    /// The client's protocol.
    pub proto: Proto,
    /// Whether the client wants the reply (CLIENT REPLY).
    pub wants_reply: bool,
    /// What it asked for.
    pub request: BlockRequest,
    /// When its time is over, in milliseconds since 1970; `i64::MAX`: never.
    pub deadline: i64,
    /// When it began to wait.
    pub since: i64,
    /// When to try again; `i64::MAX`: not before something changes.
    look_again_at: AtomicI64,
    state: AtomicU8,
}

impl Waiter {
    /// Takes the right to answer; to be given back by [`Waiter::keep_waiting`] or used by
    /// [`Waiter::finish`]. False if somebody else has it, or the wait is over.
    pub fn begin_serving(&self) -> bool {
        self.state.compare_exchange(WAITING, BEING_SERVED, AcqRel, Acquire).is_ok()
    }

    /// When the client's thread is to look at it next: its time is over then, or its command is to
    /// be tried again.
    pub fn due(&self) -> i64 {
        self.deadline.min(self.look_again_at())
    }

    /// When to try again although nothing has changed; `i64::MAX`: never.
    pub fn look_again_at(&self) -> i64 {
        self.look_again_at.load(Relaxed)
    }

    /// Sets when to try again.
    pub(crate) fn set_look_again_at(&self, at: Option<i64>) {
        self.look_again_at.store(at.unwrap_or(i64::MAX), Relaxed);
    }

    /// Gives the right to answer back: there was nothing.
    pub fn keep_waiting(&self) {
        self.state.store(WAITING, Release);
    }

    /// Ends the wait.
    pub fn finish(&self) {
        self.state.store(DONE, Release);
    }

    /// Whether the wait is over.
    pub fn is_done(&self) -> bool {
        self.state.load(Acquire) == DONE
    }
}

/// All clients that wait.
#[derive(Default)]
pub struct Waiters {
    waiters: Mutex<HashMap<WaiterId, Arc<Waiter>>>,
    last_id: AtomicU64,
    count: AtomicUsize,
}

/// What a new waiter is made of.
pub(crate) struct NewWaiter {
    pub client: Arc<Client>,
    pub command: &'static Command,
    pub command_id: usize,
    pub args: OwnedArgs,
    pub db: usize,
    pub proto: Proto,
    pub wants_reply: bool,
    pub request: BlockRequest,
    pub now: i64,
}

impl Waiters {
    pub(crate) fn add(&self, new: NewWaiter) -> Arc<Waiter> {
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let deadline = new.request.timeout_ms.map_or(i64::MAX, |ms| new.now.saturating_add(ms));
        let look_again_at = new.request.look_again_at.unwrap_or(i64::MAX);
        let waiter = Arc::new(Waiter {
            id,
            client: new.client,
            command: new.command,
            command_id: new.command_id,
            args: new.args,
            db: new.db,
            proto: new.proto,
            wants_reply: new.wants_reply,
            request: new.request,
            deadline,
            since: new.now,
            look_again_at: AtomicI64::new(look_again_at),
            state: AtomicU8::new(WAITING),
        });
        self.waiters.lock().insert(id, Arc::clone(&waiter));
        self.count.fetch_add(1, Relaxed);
        waiter
    }

    pub(crate) fn get(&self, id: WaiterId) -> Option<Arc<Waiter>> {
        self.waiters.lock().get(&id).cloned()
    }

    pub(crate) fn remove(&self, id: WaiterId) {
        if self.waiters.lock().remove(&id).is_some() {
            self.count.fetch_sub(1, Relaxed);
        }
    }

    /// The number of clients whose wait ends at some time by itself. O(waiting clients).
    pub fn timed(&self) -> usize {
        self.waiters.lock().values().filter(|waiter| waiter.deadline != i64::MAX).count()
    }

    /// The clients that wait for replicas. O(waiting clients).
    pub(crate) fn waiting_for_replicas(&self) -> Vec<Arc<Waiter>> {
        let waits = |waiter: &&Arc<Waiter>| {
            matches!(
                waiter.request.on_timeout,
                TimeoutReply::Acknowledged { .. } | TimeoutReply::Persisted { .. }
            )
        };
        self.waiters.lock().values().filter(waits).cloned().collect()
    }

    /// Ends all waits: the server has become a replica. What MIGRATE has begun goes on.
    pub(crate) fn end_for_new_role(&self) {
        let waiters = self.waiters.lock();
        let ends = |waiter: &&Arc<Waiter>| waiter.command.spec.name != "migrate";
        waiters.values().filter(ends).for_each(|waiter| waiter.client.unblock_for_new_role());
    }

    /// The number of clients that wait.
    pub fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
