//! The thread that does the handshakes of TLS.
//!
//! A handshake takes a signature, half a millisecond of computing with RSA, and as many turns as
//! the client likes. Neither is to delay commands, so it is done here; a worker gets a connection
//! that is ready. A client that has not come through after ten seconds is disconnected, and those
//! on their way count towards `maxclients`.

use crate::certificates::Certificates;
use crate::workers::Workers;
use ahash::AHashMap;
use parking_lot::Mutex;
use redpoll_engine::Engine;
use redpoll_transport::Stream;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the files of certificates are thought of.
const LOOK: Duration = Duration::from_secs(1);
/// Events taken at once.
const EVENTS: usize = 64;
/// The event number of new connections.
const ARRIVALS: u64 = 0;

/// Where connections wait for their handshake.
pub struct Handshakes {
    arrivals: Mutex<Vec<Stream>>,
    event: OwnedFd,
    under_way: AtomicUsize,
}

impl Handshakes {
    /// None yet.
    pub fn new() -> io::Result<Self> {
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Handshakes { arrivals: Mutex::default(), event, under_way: AtomicUsize::new(0) })
    }

    /// How many connections are on their way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Relaxed)
    }

    /// Leaves a connection.
    pub fn add(&self, stream: Stream) {
        self.under_way.fetch_add(1, Relaxed);
        self.arrivals.lock().push(stream);
        self.wake();
    }

    /// Makes the thread look at the configuration again.
    pub fn wake(&self) {
        // Fails only when the counter is full, and then the thread is being woken anyway.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    fn take(&self) -> Vec<Stream> {
        let mut counter = [0; 8];
        // Nothing to read: the connections came before their wake.
        let _ = rustix::io::read(&self.event, &mut counter);
        std::mem::take(&mut *self.arrivals.lock())
    }
}

/// Starts the thread.
pub fn start(
    engine: Arc<Engine>,
    handshakes: Arc<Handshakes>,
    certificates: Arc<Certificates>,
    workers: Arc<Workers>,
) -> io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &handshakes.event, EventData::new_u64(ARRIVALS), EventFlags::IN)?;
    let mut thread = Handshaker {
        engine,
        handshakes,
        certificates,
        workers,
        epoll,
        streams: AHashMap::new(),
        deadlines: VecDeque::new(),
        last: ARRIVALS,
    };
    thread::Builder::new().name("handshake".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        thread.run();
    })?;
    Ok(())
}

struct Handshaker {
    engine: Arc<Engine>,
    handshakes: Arc<Handshakes>,
    certificates: Arc<Certificates>,
    workers: Arc<Workers>,
    epoll: OwnedFd,
    streams: AHashMap<u64, Stream>,
    /// When the streams' time is over, the soonest first; some have come through by then.
    deadlines: VecDeque<(Instant, u64)>,
    last: u64,
}

impl Handshaker {
    fn run(&mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        let mut looked = Instant::now();
        loop {
            events.clear();
            let timeout = self.timeout();
            if let Err(error) =
                epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref())
                && error != rustix::io::Errno::INTR
            {
                log::error!("Waiting for handshakes failed: {error}");
            }
            for event in &events {
                match event.data.u64() {
                    ARRIVALS => self.take_arrivals(),
                    number => self.go_on(number),
                }
            }
            self.end_late();
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                self.certificates.look(&self.engine.config);
                self.certificates.publish(&self.engine);
            }
        }
    }

    /// How long to wait; without end while there is nothing to wait for.
    fn timeout(&self) -> Option<Timespec> {
        let watches = self.engine.config.tls_auto_reload_interval() > 0;
        if self.streams.is_empty() && !watches {
            return None;
        }
        Some(Timespec { tv_sec: 1, tv_nsec: 0 })
    }

    fn take_arrivals(&mut self) {
        for stream in self.handshakes.take() {
            let Some(server) = self.certificates.server() else {
                self.handshakes.under_way.fetch_sub(1, Relaxed);
                continue;
            };
            match server.accept(stream) {
                Ok(stream) => self.begin(stream),
                Err(error) => {
                    self.handshakes.under_way.fetch_sub(1, Relaxed);
                    log::warn!("Can't accept a TLS connection: {error}");
                }
            }
        }
    }

    fn begin(&mut self, stream: Stream) {
        self.last += 1;
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        if let Err(error) = epoll::add(&self.epoll, &stream, EventData::new_u64(self.last), flags) {
            self.handshakes.under_way.fetch_sub(1, Relaxed);
            log::warn!("Can't watch a new connection: {error}");
            return;
        }
        // The poller reports what has arrived already.
        self.streams.insert(self.last, stream);
        self.deadlines.push_back((Instant::now() + PATIENCE, self.last));
    }

    fn go_on(&mut self, number: u64) {
        let Some(stream) = self.streams.get_mut(&number) else { return };
        // A fault in the library must cost its own connection only.
        let step = catch_unwind(AssertUnwindSafe(|| stream.handshake()));
        let step = step.unwrap_or_else(|_| Err(io::Error::other("a fault in TLS")));
        match step {
            Ok(false) => {}
            Ok(true) => {
                let Some(stream) = self.streams.remove(&number) else { return };
                // It is watched by a worker from now on.
                let _ = epoll::delete(&self.epoll, &stream);
                self.handshakes.under_way.fetch_sub(1, Relaxed);
                self.workers.hand_out(stream);
            }
            Err(error) => self.give_up(number, &error.to_string()),
        }
    }

    fn give_up(&mut self, number: u64, why: &str) {
        let Some(stream) = self.streams.remove(&number) else { return };
        self.handshakes.under_way.fetch_sub(1, Relaxed);
        let address = stream.address();
        log::debug!(
            "Error accepting a client connection: {why} (addr={} laddr={})",
            address.peer,
            address.local
        );
    }

    fn end_late(&mut self) {
        let now = Instant::now();
        while let Some((deadline, number)) = self.deadlines.front().copied() {
            // Those that have come through need not wait for their turn.
            if deadline > now && self.streams.contains_key(&number) {
                return;
            }
            self.deadlines.pop_front();
            self.give_up(number, "the handshake takes too long");
        }
    }
}
