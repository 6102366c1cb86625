//! The class that redis-py takes for a socket.

use crate::wire::{self, Inbox, LOOKS, LOOKS_OF_A_LOOP, Outbox};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyBlockingIOError, PyOSError, PyTimeoutError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyMemoryView, PySlice};
use redpoll_shm::Link;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a thread waits before it looks whether it has been interrupted (Ctrl-C).
const SLICE: Duration = Duration::from_millis(100);

/// A timeout of this many nanoseconds is none.
const FOR_EVER: u64 = u64::MAX;

/// The only flag of `recv` that is understood.
const MSG_PEEK: i32 = 2;

/// A connection to a server's Unix socket, which may go over to shared memory.
#[pyclass(frozen, module = "redpoll._core")]
pub struct Channel {
    socket: UnixStream,
    link: OnceLock<Arc<Link>>,
    outbox: Mutex<Outbox>,
    inbox: Mutex<Inbox>,
    /// Nanoseconds, as `settimeout` has set them.
    timeout: AtomicU64,
    closed: AtomicBool,
    /// The thread that has asked for the descriptor to tell of what comes; 0 for none.
    armed_by: AtomicU64,
    /// The process that has made it. Another one must not touch the rings.
    pid: u32,
}

/// Locks, and lets other threads of the interpreter run meanwhile.
fn lock<'a, T>(py: Python<'_>, mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
    match mutex.try_lock() {
        Ok(guard) => guard,
        Err(_) => mutex.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner),
    }
}

/// A number for the thread, from 1 on.
fn this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: u64 = LAST.fetch_add(1, Relaxed) + 1;
    }
    NUMBER.with(|number| *number)
}

fn would_block() -> PyErr {
    let number = rustix::io::Errno::AGAIN.raw_os_error();
    PyBlockingIOError::new_err((number, "Resource temporarily unavailable"))
}

impl Channel {
    /// Fails if it is closed, or belongs to another process.
    fn check(&self) -> PyResult<()> {
        if self.pid != std::process::id() {
            return Err(PyOSError::new_err("this connection belongs to another process"));
        }
        if self.closed.load(Relaxed) {
            let number = rustix::io::Errno::BADF.raw_os_error();
            return Err(PyOSError::new_err((number, "Bad file descriptor")));
        }
        Ok(())
    }

    /// Whoever sends will look for the reply by itself, and the server need not ring for it; unless
    /// another thread was told to wait for the descriptor.
    fn will_look(&self) {
        if self.armed_by.load(Relaxed) == this_thread()
            && let Ok(inbox) = self.inbox.try_lock()
        {
            inbox.disarm();
            self.armed_by.store(0, Relaxed);
        }
    }

    /// None: for ever.
    fn time(&self) -> Option<Duration> {
        Some(self.timeout.load(Relaxed))
            .filter(|nanos| *nanos != FOR_EVER)
            .map(Duration::from_nanos)
    }

    /// Waits until something has come, or the end. Then something is held, or it is at its end.
    fn await_bytes(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Inbox>> {
        self.check()?;
        let mut inbox = lock(py, &self.inbox);
        if inbox.glance(LOOKS)? {
            return Ok(inbox);
        }
        let time = self.time();
        if time == Some(Duration::ZERO) {
            inbox.answer()?;
            return if inbox.fill()? { Ok(inbox) } else { Err(would_block()) };
        }
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        loop {
            let slice = slice(deadline)?;
            let waiting: &mut Inbox = &mut inbox;
            py.detach(|| waiting.wait(slice))?;
            if inbox.fill()? {
                return Ok(inbox);
            }
            py.check_signals()?;
            self.check()?;
        }
    }

    fn send_all(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<()> {
        self.check()?;
        self.will_look();
        let mut outbox = lock(py, &self.outbox);
        let mut rest = &bytes[outbox.try_send(bytes)?..];
        if rest.is_empty() {
            return Ok(());
        }
        let time = self.time();
        if time == Some(Duration::ZERO) {
            return Err(would_block());
        }
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        while !rest.is_empty() {
            let slice = slice(deadline)?;
            let sending: &mut Outbox = &mut outbox;
            let sent = py.detach(|| {
                sending.wait(slice)?;
                sending.try_send(rest)
            })?;
            rest = &rest[sent..];
            py.check_signals()?;
            self.check()?;
        }
        Ok(())
    }
}

/// How long to wait before the next look; fails when time is up.
fn slice(deadline: Option<Instant>) -> PyResult<Duration> {
    let Some(deadline) = deadline else { return Ok(SLICE) };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(PyTimeoutError::new_err("timed out")) } else { Ok(left.min(SLICE)) }
}

#[pymethods]
impl Channel {
    /// Connects to a Unix socket.
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let socket = py.detach(|| wire::connect(&path))?;
        Ok(Channel {
            outbox: Mutex::new(Outbox::Socket(socket.try_clone()?)),
            inbox: Mutex::new(Inbox::new(socket.try_clone()?)),
            socket,
            link: OnceLock::new(),
            timeout: AtomicU64::new(FOR_EVER),
            closed: AtomicBool::new(false),
            armed_by: AtomicU64::new(0),
            pid: std::process::id(),
        })
    }

    /// Goes over to shared memory. No reply may be outstanding. Returns None, or why the server
    /// refuses it; then everything stays as it is.
    #[pyo3(signature = (ring=None))]
    fn go_over(&self, py: Python<'_>, ring: Option<usize>) -> PyResult<Option<String>> {
        self.check()?;
        let (mut outbox, mut inbox) = (lock(py, &self.outbox), lock(py, &self.inbox));
        if self.link.get().is_some() {
            return Ok(None);
        }
        if !inbox.held().is_empty() {
            return Err(PyValueError::new_err("there are replies to be read first"));
        }
        let time = self.time().filter(|time| !time.is_zero());
        match py.detach(|| wire::go_over(&self.socket, ring, time))? {
            Err(why) => Ok(Some(why)),
            Ok(upgraded) => {
                let _ = self.link.set(upgraded.link);
                *outbox = upgraded.outbox;
                *inbox = upgraded.inbox;
                Ok(None)
            }
        }
    }

    /// Whether it has gone over to shared memory.
    #[getter]
    fn is_shm(&self) -> bool {
        self.link.get().is_some()
    }

    /// Sends all of an object of bytes.
    #[pyo3(signature = (data, flags=0))]
    fn sendall(&self, py: Python<'_>, data: &Bound<'_, PyAny>, flags: i32) -> PyResult<()> {
        let _ = flags;
        if let Ok(bytes) = data.cast::<PyBytes>() {
            return self.send_all(py, bytes.as_bytes());
        }
        // Another kind may change while others run.
        let copy = PyBuffer::<u8>::get(data)
            .map_err(|_| PyTypeError::new_err("a bytes-like object is required"))?
            .to_vec(py)?;
        self.send_all(py, &copy)
    }

    /// Sends all of an object of bytes, and says how much that was.
    fn send(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        let length = data.len()?;
        self.sendall(py, data, 0).map(|()| length)
    }

    /// Receives up to so many bytes; none at the end of the connection.
    #[pyo3(signature = (bufsize, flags=0))]
    fn recv<'py>(
        &self,
        py: Python<'py>,
        bufsize: usize,
        flags: i32,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut inbox = if flags & MSG_PEEK == 0 {
            self.await_bytes(py)?
        } else {
            self.check()?;
            let mut inbox = lock(py, &self.inbox);
            if !inbox.fill()? {
                inbox.answer()?;
            }
            if !inbox.fill()? {
                return Err(would_block());
            }
            inbox
        };
        let count = inbox.held().len().min(bufsize);
        let bytes = PyBytes::new(py, &inbox.held()[..count]);
        if flags & MSG_PEEK == 0 {
            inbox.consume(count);
        }
        Ok(bytes)
    }

    /// Receives into a buffer, and says how much that was; 0 at the end of the connection.
    #[pyo3(signature = (buffer, nbytes=0))]
    fn recv_into(
        &self,
        py: Python<'_>,
        buffer: &Bound<'_, PyAny>,
        nbytes: usize,
    ) -> PyResult<usize> {
        let view = PyMemoryView::from(buffer)?;
        let length = view.len()?;
        let room = if nbytes == 0 { length } else { nbytes.min(length) };
        let mut inbox = self.await_bytes(py)?;
        let count = inbox.held().len().min(room);
        let end = isize::try_from(count)?;
        let part = view.get_item(PySlice::new(py, 0, end, 1))?;
        PyBuffer::<u8>::get(&part)?.copy_from_slice(py, &inbox.held()[..count])?;
        inbox.consume(count);
        Ok(count)
    }

    /// How many bytes can be received without waiting. If none, the descriptor becomes readable
    /// once there are some, or at the end of the connection.
    fn pending(&self, py: Python<'_>) -> PyResult<usize> {
        self.check()?;
        let mut inbox = lock(py, &self.inbox);
        if !inbox.fill()? {
            inbox.answer()?;
            self.armed_by.store(this_thread(), Relaxed);
            if !inbox.arm() {
                inbox.fill()?;
            }
        }
        Ok(inbox.held().len())
    }

    /// For event loops: receives what is there; None if that is nothing, no bytes at the end.
    fn try_recv<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.check()?;
        let mut inbox = lock(py, &self.inbox);
        if !inbox.fill()? {
            return Ok(None);
        }
        let bytes = PyBytes::new(py, inbox.held());
        let count = inbox.held().len();
        inbox.consume(count);
        Ok(Some(bytes))
    }

    /// For event loops: sends what there is room for, from an offset on, and says how much.
    fn try_send(&self, py: Python<'_>, data: &[u8], offset: usize) -> PyResult<usize> {
        self.check()?;
        self.will_look();
        let rest = data.get(offset..).unwrap_or_default();
        Ok(lock(py, &self.outbox).try_send(rest)?)
    }

    /// For event loops: looks for a reply for a moment.
    fn spin(&self, py: Python<'_>) -> PyResult<bool> {
        self.check()?;
        Ok(lock(py, &self.inbox).glance(LOOKS_OF_A_LOOP)?)
    }

    /// For event loops: makes the descriptor readable once something comes. False: it is there.
    fn arm(&self, py: Python<'_>) -> PyResult<bool> {
        self.check()?;
        self.armed_by.store(this_thread(), Relaxed);
        Ok(lock(py, &self.inbox).arm())
    }

    /// For event loops: makes the descriptor readable once there is room to send (of a socket:
    /// writable). False: there is.
    fn arm_room(&self, py: Python<'_>) -> PyResult<bool> {
        self.check()?;
        Ok(lock(py, &self.outbox).arm())
    }

    /// For event loops: the descriptor was readable. False: the connection has ended.
    fn answer(&self, py: Python<'_>) -> PyResult<bool> {
        self.check()?;
        let mut inbox = lock(py, &self.inbox);
        inbox.answer()?;
        Ok(!inbox.is_at_end())
    }

    /// As a socket's: None waits for ever, 0 does not wait.
    fn settimeout(&self, timeout: Option<f64>) -> PyResult<()> {
        let nanos = match timeout {
            None => FOR_EVER,
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .map_err(|_| PyValueError::new_err("Timeout value out of range"))
                .map(|time| u64::try_from(time.as_nanos()).unwrap_or(FOR_EVER))?,
        };
        self.timeout.store(nanos, Relaxed);
        Ok(())
    }

    /// As a socket's.
    fn gettimeout(&self) -> Option<f64> {
        self.time().map(|time| time.as_secs_f64())
    }

    /// As a socket's.
    fn setblocking(&self, blocking: bool) {
        self.timeout.store(if blocking { FOR_EVER } else { 0 }, Relaxed);
    }

    /// The descriptor, or -1 once it is closed.
    fn fileno(&self) -> i32 {
        if self.closed.load(Relaxed) { -1 } else { wire::number(&self.socket) }
    }

    /// Ends the connection; a thread that waits for it returns.
    #[pyo3(signature = (how=2))]
    fn shutdown(&self, how: i32) -> PyResult<()> {
        let _ = how;
        self.check()?;
        match self.link.get() {
            Some(link) => link.shutdown()?,
            None => self.socket.shutdown(Shutdown::Both)?,
        }
        Ok(())
    }

    /// Closes it. In a child of the process that has made it, the connection goes on.
    fn close(&self) {
        let first = !self.closed.swap(true, Relaxed);
        if first && self.pid == std::process::id() {
            // It may have ended before.
            let _ = match self.link.get() {
                Some(link) => link.shutdown(),
                None => self.socket.shutdown(Shutdown::Both),
            };
        }
    }

    /// A Unix socket of a client has no name.
    fn getsockname(&self) -> &'static str {
        ""
    }

    fn __repr__(&self) -> String {
        let way = if self.is_shm() { "shared memory" } else { "Unix socket" };
        format!("<redpoll._core.Channel through {way}, fd={}>", self.fileno())
    }
}
