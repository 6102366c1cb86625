//! A TCP proxy that a test puts between two servers, to break what is between them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How often a way that nothing comes on is looked at.
const TICK: Duration = Duration::from_millis(10);

/// See the module's head. All its connections end when it is dropped.
pub struct Proxy {
    shared: Arc<Shared>,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

struct Shared {
    target: u16,
    /// Who has connected, and what that leads to.
    ways: Mutex<Vec<[TcpStream; 2]>>,
    ended: AtomicBool,
    refuses: AtomicBool,
    holds: AtomicBool,
    delay_us: AtomicU64,
    /// How many bytes may pass before all is cut; negative if any number.
    left: AtomicI64,
}

impl Proxy {
    /// One that leads to this port.
    ///
    /// # Panics
    /// If it cannot listen.
    pub fn to(target: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let shared = Arc::new(Shared {
            target,
            ways: Mutex::default(),
            ended: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            holds: AtomicBool::new(false),
            delay_us: AtomicU64::new(0),
            left: AtomicI64::new(-1),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if accepting.ended.load(SeqCst) {
                    return;
                }
                accepting.join(stream);
            }
        });
        Proxy { shared, port }
    }

    /// Ends all connections.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Ends all connections when so many further bytes have passed, in either direction.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.left.store(bytes as i64, SeqCst);
    }

    /// Ends one half of each connection: what goes to whoever connected, or what comes from him.
    pub fn half_close(&self, to_him: bool) {
        for way in self.shared.ways().iter() {
            let _ = way[usize::from(!to_him)].shutdown(Shutdown::Write);
        }
    }

    /// Whether new connections end at once.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, SeqCst);
    }

    /// Whether nothing passes, and nobody is told.
    pub fn hold(&self, holds: bool) {
        self.shared.holds.store(holds, SeqCst);
    }

    /// How long everything takes that passes.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay_us.store(delay.as_micros() as u64, SeqCst);
    }

    /// As at the beginning, for what comes from now on.
    pub fn heal(&self) {
        self.refuse(false);
        self.hold(false);
        self.delay(Duration::ZERO);
        self.shared.left.store(-1, SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, SeqCst);
        self.heal();
        self.cut();
        // Its thread looks up.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn ways(&self) -> MutexGuard<'_, Vec<[TcpStream; 2]>> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) {
        for way in self.ways().drain(..) {
            way.iter().for_each(|end| drop(end.shutdown(Shutdown::Both)));
        }
    }

    /// Joins a connection to one that it makes.
    fn join(self: &Arc<Self>, near: TcpStream) {
        if self.refuses.load(SeqCst) {
            return;
        }
        let Ok(far) = TcpStream::connect(("127.0.0.1", self.target)) else { return };
        let twin = |stream: &TcpStream| {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(TICK))?;
            stream.try_clone()
        };
        let (Ok(near_twin), Ok(far_twin)) = (twin(&near), twin(&far)) else { return };
        let ends = (near.try_clone(), far.try_clone());
        if let (Ok(near), Ok(far)) = ends {
            self.ways().push([near, far]);
        }
        for (from, to) in [(near, far_twin), (far, near_twin)] {
            let shared = Arc::clone(self);
            thread::spawn(move || shared.carry(from, to));
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        while !self.ended.load(SeqCst) {
            if self.holds.load(SeqCst) {
                thread::sleep(TICK);
                continue;
            }
            let count = match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => break,
            };
            let delay = self.delay_us.load(SeqCst);
            if delay > 0 {
                thread::sleep(Duration::from_micros(delay));
            }
            while self.holds.load(SeqCst) && !self.ended.load(SeqCst) {
                thread::sleep(TICK);
            }
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
            let left = self.left.load(SeqCst);
            if left >= 0 && self.left.fetch_sub(count as i64, SeqCst) <= count as i64 {
                self.left.store(-1, SeqCst);
                self.cut();
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}
