//! What the serving of connections takes: buffers, and an executor.

use redpoll_engine::executor::Plan;
use redpoll_engine::{Engine, Executor};
use redpoll_resp::{Batch, Parsed};
use std::sync::Arc;

/// Bytes read from a connection at once.
pub const READ_SIZE: usize = 16 << 10;

/// What a connection has sent, on its way from parsing to execution.
pub struct Lane {
    /// The bytes.
    pub input: Vec<u8>,
    /// The commands of the batch at hand.
    pub batch: Batch,
    /// What the parser said of it.
    pub parsed: Parsed,
    /// What the executor knows of it.
    pub plan: Plan,
    /// Whether its entries have been asked for already.
    pub prefetched: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Lane {
            input: Vec::new(),
            batch: Batch::default(),
            parsed: NOTHING,
            plan: Plan::default(),
            prefetched: false,
        }
    }
}

const NOTHING: Parsed = Parsed { consumed: 0, missing: 0, error: None };

impl Lane {
    /// With a buffer for what a connection sends.
    pub fn with_buffer() -> Self {
        Lane { input: Vec::with_capacity(READ_SIZE), ..Lane::default() }
    }

    /// What is in it, in a lane that has no more memory than that needs; this one keeps its buffer.
    pub fn take(&mut self) -> Lane {
        Lane {
            input: self.input.as_slice().into(),
            batch: std::mem::take(&mut self.batch),
            parsed: std::mem::replace(&mut self.parsed, NOTHING),
            plan: std::mem::take(&mut self.plan),
            prefetched: std::mem::take(&mut self.prefetched),
        }
    }
}

/// Buffers that all connections of a worker share.
pub struct Scratch {
    /// Replies.
    pub output: Vec<u8>,
    /// For a connection that is served alone.
    pub lane: Lane,
    /// For a connection that has bytes of its own waiting; brings no buffer.
    pub own: Lane,
}

/// Buffers and an executor: what serving a connection takes.
pub struct Hands {
    pub executor: Executor,
    pub scratch: Scratch,
}

impl Hands {
    pub fn new(engine: &Arc<Engine>, seed: u64) -> Self {
        Hands {
            executor: Executor::new(Arc::clone(engine), seed).let_time_pass(),
            scratch: Scratch {
                output: Vec::with_capacity(READ_SIZE),
                lane: Lane::with_buffer(),
                own: Lane::default(),
            },
        }
    }
}
