//! Queues of work: what is to be sent, received, written and read, and what has been.

use super::abi::{self, CompChannel, Cq, QpCap, QpInitAttr, RecvWr, SendWr, Sge, Wc};
use super::library::library;
use super::manager::set_nonblocking;
use super::{Domain, Id, Region, checked, explained};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// What rings when an armed queue has a completion.
pub struct Bell {
    raw: NonNull<CompChannel>,
    domain: Arc<Domain>,
}

// SAFETY: the verbs may be used by any thread.
unsafe impl Send for Bell {}
// SAFETY: as above; asking for an event is one system call on its descriptor.
unsafe impl Sync for Bell {}

impl Bell {
    /// A new one. It does not wait.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn new(domain: &Arc<Domain>) -> io::Result<Arc<Bell>> {
        // SAFETY: the domain's device is open.
        let raw = unsafe { (library()?.ibv_create_comp_channel)(domain.context()) };
        let raw = NonNull::new(raw).ok_or_else(io::Error::last_os_error)?;
        let bell = Bell { raw, domain: Arc::clone(domain) };
        set_nonblocking(bell.as_fd())?;
        Ok(Arc::new(bell))
    }

    /// Takes note of one ring. Whether there was one.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn take(&self) -> io::Result<bool> {
        let library = library()?;
        let (mut queue, mut context) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the channel is open, and both answers go into pointers of ours.
        let got = unsafe {
            (library.ibv_get_cq_event)(self.raw.as_ptr(), &raw mut queue, &raw mut context)
        };
        if got == 0 {
            // SAFETY: the event came from this queue, which exists: a queue holds its bell, and is
            // destroyed by the thread that has both.
            unsafe { (library.ibv_ack_cq_events)(queue, 1) };
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
            _ => Err(error),
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the descriptor is open as long as the channel is.
        unsafe { BorrowedFd::borrow_raw(self.raw.as_ref().fd) }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if let Ok(library) = library() {
            // SAFETY: every queue that rings it holds it, so that there is none any more.
            unsafe { (library.ibv_destroy_comp_channel)(self.raw.as_ptr()) };
        }
    }
}

/// What a completion says has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// So many bytes have been received.
    Received(u32),
    /// The other side has written to this one's memory, and says this number.
    Written(u32),
    /// What was to be sent, written or read.
    Sent,
    /// Nothing: the connection has ended.
    Flushed,
    /// Nothing: something has gone wrong.
    Failed(u32),
}

/// Something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The number that the request was given.
    pub request: u64,
    /// What.
    pub done: Done,
}

impl Completion {
    fn of(wc: &Wc) -> Completion {
        let done = match (wc.status, wc.opcode) {
            (0, abi::WC_RECV) => Done::Received(wc.byte_len),
            (0, abi::WC_RECV_RDMA_WITH_IMM) => Done::Written(u32::from_be(wc.imm_data)),
            (0, _) => Done::Sent,
            (abi::STATUS_FLUSHED, _) => Done::Flushed,
            (status, _) => Done::Failed(status),
        };
        Completion { request: wc.wr_id, done }
    }
}

/// A queue of completions.
pub struct Queue {
    raw: NonNull<Cq>,
    _bell: Arc<Bell>,
}

// SAFETY: the verbs may be used by any thread.
unsafe impl Send for Queue {}
// SAFETY: as above; they lock what they share.
unsafe impl Sync for Queue {}

/// Completions taken at once.
const AT_ONCE: usize = 16;

impl Queue {
    /// A queue for so many completions. `vector` says which interrupt they raise.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn new(bell: &Arc<Bell>, room: u32, vector: u32) -> io::Result<Queue> {
        let (context, limits) = (bell.domain.context(), bell.domain.limits());
        let room = room.min(limits.completions) as libc::c_int;
        let vector = (vector % limits.vectors) as libc::c_int;
        let channel = bell.raw.as_ptr();
        // SAFETY: the device and the channel are open.
        let raw =
            unsafe { (library()?.ibv_create_cq)(context, room, ptr::null_mut(), channel, vector) };
        let raw = NonNull::new(raw)
            .ok_or_else(|| explained("no queue of completions", io::Error::last_os_error()))?;
        Ok(Queue { raw, _bell: Arc::clone(bell) })
    }

    /// Lets the bell ring once, at the next completion. What is there already does not ring.
    ///
    /// # Errors
    /// If the device is gone.
    pub fn arm(&self) -> io::Result<()> {
        // SAFETY: the queue is there, and its driver's function takes it.
        checked(unsafe {
            let arm = (*self.raw.as_ref().context).req_notify_cq;
            arm(self.raw.as_ptr(), 0)
        })
    }

    /// Takes what is done, in order: some of it, or all if that is less than a full batch.
    ///
    /// # Errors
    /// If the device is gone.
    #[inline]
    pub fn take(&self) -> io::Result<Batch> {
        let mut batch = Batch { room: [Wc::EMPTY; AT_ONCE], count: 0 };
        // SAFETY: the queue is there; its driver's function takes it, and writes at most so many
        // completions.
        let count = unsafe {
            let poll = (*self.raw.as_ref().context).poll_cq;
            poll(self.raw.as_ptr(), AT_ONCE as libc::c_int, batch.room.as_mut_ptr())
        };
        let count = usize::try_from(count)
            .map_err(|_| io::Error::other("the queue of completions does not answer"))?;
        batch.count = count.min(AT_ONCE);
        Ok(batch)
    }
}

/// Some completions.
pub struct Batch {
    room: [Wc; AT_ONCE],
    count: usize,
}

impl Batch {
    /// Whether there may be more in the queue.
    pub fn is_full(&self) -> bool {
        self.count == AT_ONCE
    }

    /// The completions.
    pub fn iter(&self) -> impl Iterator<Item = Completion> {
        self.room[..self.count].iter().map(Completion::of)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if let Ok(library) = library() {
            // SAFETY: the queue pair that reports to it has been destroyed before, by the one that
            // holds both; all its events were acknowledged.
            unsafe { (library.ibv_destroy_cq)(self.raw.as_ptr()) };
        }
    }
}

/// How many requests may wait.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// To be sent.
    pub send: u32,
    /// To be received.
    pub receive: u32,
}

/// A connection's two queues of work.
pub struct QueuePair {
    id: Id,
    sent: Queue,
    received: Queue,
    domain: Arc<Domain>,
}

impl QueuePair {
    /// That of an id. Requests to receive may be posted before it is connected.
    ///
    /// # Errors
    /// If the device refuses.
    pub fn new(
        id: Id,
        domain: &Arc<Domain>,
        (sent, received): (Queue, Queue),
        sizes: Sizes,
    ) -> io::Result<QueuePair> {
        let most = domain.limits().requests;
        let mut attributes = QpInitAttr {
            qp_context: ptr::null_mut(),
            send_cq: sent.raw.as_ptr(),
            recv_cq: received.raw.as_ptr(),
            srq: ptr::null_mut(),
            cap: QpCap {
                max_send_wr: sizes.send.min(most),
                max_recv_wr: sizes.receive.min(most),
                max_send_sge: 1,
                max_recv_sge: 1,
                max_inline_data: 0,
            },
            qp_type: abi::RELIABLE,
            sq_sig_all: 0,
        };
        // SAFETY: the id, the domain and both queues are there; the attributes are read, and
        // written to, while the call lasts.
        let made = checked(unsafe {
            (library()?.rdma_create_qp)(id.raw(), domain.raw(), &raw mut attributes)
        });
        made.map_err(|error| explained("no queue pair", error))?;
        Ok(QueuePair { id, sent, received, domain: Arc::clone(domain) })
    }

    /// The connection.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The domain of its memory.
    pub fn domain(&self) -> &Arc<Domain> {
        &self.domain
    }

    /// Where what was to be sent is reported.
    pub fn sent(&self) -> &Queue {
        &self.sent
    }

    /// Where what has been received is reported.
    pub fn received(&self) -> &Queue {
        &self.received
    }

    /// Lets a message be received into a part of a region.
    ///
    /// # Errors
    /// If the queue is full, or there is no connection any more.
    pub fn receive(&self, region: &Region, at: Range<usize>, request: u64) -> io::Result<()> {
        let mut piece = piece(region, at);
        let mut wr =
            RecvWr { wr_id: request, next: ptr::null_mut(), sg_list: &raw mut piece, num_sge: 1 };
        let mut bad = ptr::null_mut();
        // SAFETY: the queue pair is there, and its driver's function takes it; the request is
        // copied. The piece lies within a region, so that the device writes nowhere else; if the
        // region is taken back before, the request fails.
        checked(unsafe {
            let pair = (*self.id.raw()).qp;
            let post = (*(*pair).context).post_recv;
            post(pair, &raw mut wr, &raw mut bad)
        })
    }

    /// Sends a part of a region as a message.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn send(&self, region: &Region, at: Range<usize>, request: u64) -> io::Result<()> {
        let mut piece = piece(region, at);
        self.post(SendWr::new(request, &raw mut piece, abi::WR_SEND))
    }

    /// Writes a part of a region to the other side's memory, and tells it a number.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn write(
        &self,
        region: &Region,
        at: Range<usize>,
        (address, key): (u64, u32),
        number: u32,
        request: u64,
    ) -> io::Result<()> {
        let mut piece = piece(region, at);
        let mut wr = SendWr::new(request, &raw mut piece, abi::WR_RDMA_WRITE_WITH_IMM);
        wr.imm_data = number.to_be();
        (wr.remote_addr, wr.rkey) = (address, key);
        self.post(wr)
    }

    /// Reads the other side's memory into a part of a region.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn read(
        &self,
        region: &Region,
        at: Range<usize>,
        (address, key): (u64, u32),
        request: u64,
    ) -> io::Result<()> {
        let mut piece = piece(region, at);
        let mut wr = SendWr::new(request, &raw mut piece, abi::WR_RDMA_READ);
        (wr.remote_addr, wr.rkey) = (address, key);
        self.post(wr)
    }

    fn post(&self, mut wr: SendWr) -> io::Result<()> {
        let mut bad = ptr::null_mut();
        // SAFETY: as in `receive`; the piece that the request points to is the caller's and is
        // there while the call lasts, in which the request is copied.
        checked(unsafe {
            let pair = (*self.id.raw()).qp;
            let post = (*(*pair).context).post_send;
            post(pair, &raw mut wr, &raw mut bad)
        })
    }
}

impl Drop for QueuePair {
    fn drop(&mut self) {
        if let Ok(library) = library() {
            // SAFETY: the pair was made on this id and is destroyed once; the queues, the domain
            // and the id are dropped after it.
            unsafe { (library.rdma_destroy_qp)(self.id.raw()) };
        }
    }
}

/// A part of a region, which must lie in it.
fn piece(region: &Region, at: Range<usize>) -> Sge {
    assert!(at.start <= at.end && at.end <= region.pages().len(), "{at:?} is not in the region");
    Sge {
        addr: region.address() + at.start as u64,
        length: u32::try_from(at.end - at.start).unwrap_or(u32::MAX),
        lkey: region.local_key(),
    }
}
