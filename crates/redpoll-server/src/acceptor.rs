//! The thread that accepts connections and hands them to the workers, one after the other.

use crate::handshake::Handshakes;
use crate::workers::Workers;
use parking_lot::Mutex;
use redpoll_engine::Engine;
use redpoll_transport::{Listener, Stream};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

const PROTECTED: &[u8] =
    b"-DENIED Redpoll is in protected mode: it has no password and was not told \
which addresses to listen on, so only clients on its own host are served. Set `requirepass` or \
`bind`, or switch `protected-mode` off if the network is trusted.\r\n";

/// The listeners, which CONFIG SET may change while the thread waits on them.
pub struct Doors {
    listeners: Mutex<Vec<Arc<Listener>>>,
    changed: OwnedFd,
}

impl Doors {
    /// These listeners.
    pub fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let listeners = Mutex::new(listeners.into_iter().map(Arc::new).collect());
        let changed = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Doors { listeners, changed })
    }

    /// The listeners now.
    pub fn listeners(&self) -> Vec<Arc<Listener>> {
        self.listeners.lock().clone()
    }

    /// Listens on others from now on; those whose address is not among them are closed, and their
    /// ports are free.
    pub fn replace(&self, listeners: Vec<Arc<Listener>>) {
        let mut current = self.listeners.lock();
        for old in current.iter() {
            let address = |listener: &Listener| (listener.local_address(), listener.is_rdma());
            let is_old = |new: &Arc<Listener>| address(new) == address(old);
            if old.local_address().is_some() && !listeners.iter().any(is_old) {
                old.stop();
            }
        }
        *current = listeners;
        drop(current);
        // Fails only when the counter is full, and then the thread is being woken anyway.
        let _ = rustix::io::write(&self.changed, &1u64.to_ne_bytes());
    }

    /// Waits until somebody knocks, or the doors have changed.
    fn wait(&self, listeners: &[Arc<Listener>]) {
        let mut ready = vec![PollFd::new(&self.changed, PollFlags::IN)];
        ready.extend(listeners.iter().map(|listener| PollFd::new(&**listener, PollFlags::IN)));
        // Interrupted or not, the next thing is to look.
        let _ = poll(&mut ready, None);
        let mut counter = [0; 8];
        let _ = rustix::io::read(&self.changed, &mut counter);
    }
}

/// Starts the thread.
pub fn start(
    engine: Arc<Engine>,
    doors: Arc<Doors>,
    workers: Arc<Workers>,
    handshakes: Arc<Handshakes>,
) -> io::Result<()> {
    let acceptor = Acceptor { engine, workers, handshakes };
    thread::Builder::new().name("accept".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        acceptor.run(&doors);
    })?;
    Ok(())
}

struct Acceptor {
    engine: Arc<Engine>,
    workers: Arc<Workers>,
    handshakes: Arc<Handshakes>,
}

impl Acceptor {
    fn run(self, doors: &Doors) {
        loop {
            doors.wait(&doors.listeners());
            // They may be others by now.
            doors.listeners().iter().for_each(|listener| self.accept_all(listener));
        }
    }

    fn accept_all(&self, listener: &Listener) {
        loop {
            match listener.accept() {
                Ok(Some(stream)) => self.hand_out(stream, listener.is_tls()),
                Ok(None) => return,
                // It is out of the line, and the others are none the worse for it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
                    log::info!("A client could not connect: {error}");
                }
                Err(error) => {
                    log::warn!("Accepting client connection: {error}");
                    // Out of descriptors, most likely: waiting beats spinning.
                    thread::sleep(Duration::from_millis(100));
                    return;
                }
            }
        }
    }

    fn hand_out(&self, mut stream: Stream, tls: bool) {
        let engine = &self.engine;
        let config = &engine.config;
        let refuse = |stream: &mut Stream, text: &[u8]| {
            engine.stats.rejected_connections.fetch_add(1, Relaxed);
            if !tls {
                // The client may not wait for it. One of TLS could not read it.
                let _ = stream.write(text);
            }
        };
        // Many may arrive before a worker has registered the first of them.
        let under_way = self.handshakes.under_way() + self.workers.arriving();
        let clients = engine.clients.len() + under_way;
        if clients >= config.maxclients() as usize {
            return refuse(&mut stream, b"-ERR max number of clients reached\r\n");
        }
        let open = config.protected_mode() && engine.users.default_user().nopass;
        if open && !stream.address().loopback {
            if stream.address().rdma {
                // It cannot be told.
                let peer = &stream.address().peer;
                log::warn!("Refusing {peer}, who comes over RDMA: in protected mode nobody may.");
            }
            return refuse(&mut stream, PROTECTED);
        }
        engine.stats.connections.fetch_add(1, Relaxed);
        stream.set_nodelay(true);
        stream.set_keepalive(u64::try_from(config.tcp_keepalive()).unwrap_or(0));
        if tls {
            self.handshakes.add(stream);
        } else {
            self.workers.hand_out(stream);
        }
    }
}
