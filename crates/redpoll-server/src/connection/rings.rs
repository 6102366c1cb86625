//! A connection that goes over to shared memory, and what its poller asks of it.

use super::{BATCH, Connection};
use redpoll_engine::Executor;
use redpoll_engine::client::flags;
use redpoll_engine::shared_memory::{Place, RingsWanted};
use redpoll_shm::layout::Layout;
use redpoll_shm::legacy;
use redpoll_transport::{Address, OpenError, Peer};
use std::io;
use std::sync::atomic::Ordering::Relaxed;

/// The commands of a batch that comes through shared memory: enough for the misses to overlap, and
/// few enough that the client soon has replies to read while the next batch runs.
const BATCH_OF_RINGS: usize = 32;

/// Why a client does not get shared memory.
enum Refusal {
    /// It is told this.
    Told(String),
    /// The stream is of no use any more.
    Broken(io::Error),
}

impl Connection {
    /// Answers `SHM.OPEN`: goes over to shared memory, or says why not. `out` holds the replies
    /// before; `alone`: no request has come behind. False if the stream is dead.
    pub(super) fn open_rings(
        &mut self,
        executor: &Executor,
        wanted: Option<RingsWanted>,
        out: &mut Vec<u8>,
        alone: bool,
    ) -> bool {
        let Some(wanted) = wanted else { return true };
        match self.try_open_rings(executor, &wanted, out, alone) {
            Ok(place) => {
                self.place = Some(place);
                true
            }
            Err(Refusal::Told(why)) => {
                executor.engine().shared_memory.refused.fetch_add(1, Relaxed);
                executor.stats().errors.add(1);
                executor.engine().stats.error(&why);
                out.extend_from_slice(format!("-{why}\r\n").as_bytes());
                true
            }
            Err(Refusal::Broken(error)) => {
                let address = &self.session.client.origin.address;
                log::debug!("Client {address} did not take shared memory: {error}");
                false
            }
        }
    }

    fn try_open_rings(
        &mut self,
        executor: &Executor,
        wanted: &RingsWanted,
        out: &mut Vec<u8>,
        alone: bool,
    ) -> Result<Place, Refusal> {
        let told = |why: &str| Refusal::Told(format!("ERR {why}"));
        let engine = executor.engine();
        // What waits to be sent would have to go before the answer, and cannot be held to that.
        self.session.client.take_outbox(out);
        if !alone || self.unsent() > 0 {
            return Err(told("send SHM.OPEN alone, with all earlier replies read"));
        }
        let bytes = match wanted {
            RingsWanted::OfBytes(size) => Layout::with_rings(*size).len,
            RingsWanted::Named(_) => legacy::FILE_LEN,
        };
        let place = Place::take(engine, bytes).ok_or_else(|| {
            told("max number of shared-memory connections reached (shm-max-connections)")
        })?;
        let count = self.write(executor, out).map_err(Refusal::Broken)?;
        if count < out.len() {
            out.drain(..count);
            return Err(told("send SHM.OPEN alone, with all earlier replies read"));
        }
        out.clear();
        let opened = match wanted {
            RingsWanted::OfBytes(size) => self.stream.open_rings(*size),
            RingsWanted::Named(name) => self.stream.open_legacy(name),
        };
        opened.map_err(|error| match error {
            OpenError::Broken(error) => Refusal::Broken(error),
            error => told(&error.to_string()),
        })?;
        let client = &self.session.client;
        client.set_flag(flags::RINGS, true);
        engine.shared_memory.opened.fetch_add(1, Relaxed);
        let Peer { pid, uid } = self.stream.rings().map_or(Peer::default(), |rings| rings.peer());
        let id = client.id;
        log::debug!("Client {id} (process {pid}, user {uid}) goes on through shared memory.");
        Ok(place)
    }

    /// Whether there is something to do for a connection that goes through shared memory.
    #[inline]
    pub fn rings_ready(&self) -> bool {
        self.stream.rings().is_some_and(|rings| {
            (rings.has_bytes() && self.may_read()) || (self.untaken() > 0 && rings.has_room())
        })
    }

    /// Commands parsed and executed together.
    #[inline]
    pub(super) fn batch_max(&self) -> usize {
        if self.stream.rings().is_some() { BATCH_OF_RINGS } else { BATCH }
    }

    /// Whether the replies of a batch leave before the next batch runs: through shared memory that
    /// costs no system call, and the client reads them meanwhile.
    #[inline]
    pub(super) fn answers_early(&self) -> bool {
        self.stream.rings().is_some() && self.unsent() == 0
    }

    /// Notes whether the rings have something to read. (Reading would only find out that they have
    /// nothing, and what waits in the connection would not be gone on with.)
    #[inline]
    pub fn look_at_rings(&mut self) {
        if self.stream.rings().is_some_and(|rings| rings.has_bytes()) {
            self.has_arrived(false);
        }
    }

    /// Says that nobody will look at the rings until the client rings. False: there is something to
    /// do.
    pub fn park(&self) -> bool {
        self.stream.rings().is_none_or(|rings| rings.sleep(self.may_read(), self.untaken() > 0))
    }

    /// Takes note of what the descriptor reports: the client has rung, or is gone.
    pub fn answer_bell(&mut self, executor: &Executor, hung_up: bool) {
        self.stream.answer_bell(hung_up);
        executor.stats().ring_doorbells.add(1);
    }

    /// Whether its client has gone and nothing of what it has asked for can be done any more.
    pub fn is_gone(&self) -> bool {
        self.stream.rings().is_some_and(|rings| rings.is_gone() && !self.may_read())
    }

    /// Counts what has been done for a client of shared memory, and how often it had to be woken.
    #[inline]
    pub fn count_rings(&mut self, executor: &Executor) {
        if let Some(rings) = self.stream.rings() {
            let now = (self.session.executed(), rings.wakes());
            let before = std::mem::replace(&mut self.counted, now);
            let stats = executor.stats();
            stats.ring_turns.add(1);
            stats.ring_commands.add(now.0 - before.0);
            stats.ring_wakes.add(now.1 - before.1);
        }
    }

    /// Says why a connection is closed, if its client has broken the rules of the ring, or those of
    /// RDMA.
    #[cold]
    pub(super) fn note_broken(&self, executor: &Executor, error: &io::Error) {
        let Some(rings) = self.stream.rings() else {
            let Address { peer, rdma, .. } = self.stream.address();
            if *rdma && error.kind() == io::ErrorKind::InvalidData {
                log::warn!("Closing client {peer}: it broke the rules of RDMA: {error}.");
            }
            return;
        };
        if error.kind() == io::ErrorKind::InvalidData {
            executor.engine().shared_memory.broken.fetch_add(1, Relaxed);
            let (id, Peer { pid, uid }) = (self.session.client.id, rings.peer());
            log::warn!(
                "Closing client {id} (process {pid}, user {uid}): it broke the rules of shared \
                 memory: {error}."
            );
        }
    }
}
