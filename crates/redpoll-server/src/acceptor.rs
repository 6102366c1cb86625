//! The thread that accepts connections and hands them to the workers, one after the other.

use crate::mailbox::{Mailbox, Message};
use redpoll_engine::Engine;
use redpoll_transport::{Listener, Stream};
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

const PROTECTED: &[u8] =
    b"-DENIED Redpoll is in protected mode: it has no password and was not told \
which addresses to listen on, so only clients on its own host are served. Set `requirepass` or \
`bind`, or switch `protected-mode` off if the network is trusted.\r\n";

/// Starts the thread.
pub fn start(
    engine: Arc<Engine>,
    listeners: Vec<Listener>,
    workers: Vec<Arc<Mailbox>>,
) -> io::Result<()> {
    let acceptor = Acceptor { engine, listeners, workers, next: 0 };
    thread::Builder::new().name("accept".to_owned()).spawn(move || {
        redpoll_memory::register_thread();
        acceptor.run();
    })?;
    Ok(())
}

struct Acceptor {
    engine: Arc<Engine>,
    listeners: Vec<Listener>,
    workers: Vec<Arc<Mailbox>>,
    next: usize,
}

impl Acceptor {
    fn run(mut self) {
        loop {
            let mut ready: Vec<PollFd<'_>> = self
                .listeners
                .iter()
                .map(|listener| PollFd::new(listener, PollFlags::IN))
                .collect();
            if poll(&mut ready, None).is_err() {
                continue;
            }
            for index in 0..self.listeners.len() {
                self.accept_all(index);
            }
        }
    }

    fn accept_all(&mut self, index: usize) {
        loop {
            match self.listeners[index].accept() {
                Ok(Some(stream)) => self.hand_out(stream),
                Ok(None) => return,
                Err(error) => {
                    log::warn!("Accepting client connection: {error}");
                    // Out of descriptors, most likely: waiting beats spinning.
                    thread::sleep(Duration::from_millis(100));
                    return;
                }
            }
        }
    }

    fn hand_out(&mut self, stream: Stream) {
        let engine = &self.engine;
        let config = &engine.config;
        if engine.clients.len() >= config.maxclients() as usize {
            engine.stats.rejected_connections.fetch_add(1, Relaxed);
            // The client may not wait for it.
            let _ = stream.write(b"-ERR max number of clients reached\r\n");
            return;
        }
        let open = config.protected_mode() && config.requirepass().is_none();
        if open && !stream.address().loopback {
            engine.stats.rejected_connections.fetch_add(1, Relaxed);
            let _ = stream.write(PROTECTED);
            return;
        }
        engine.stats.connections.fetch_add(1, Relaxed);
        stream.set_nodelay();
        stream.set_keepalive(u64::try_from(config.tcp_keepalive()).unwrap_or(0));
        self.workers[self.next % self.workers.len()].post(Message::Connection(stream));
        self.next = self.next.wrapping_add(1);
    }
}
