//! A ring: one producer, one consumer, a stream of bytes in between.
//!
//! Two counters run from 0 upwards and never wrap: how many bytes have been written, and how many
//! have been taken. Byte number `n` lies at `n` modulo the ring's size. Each side keeps its own
//! counter for itself and only publishes it; it never reads back what lies in the shared memory,
//! where the other side could change it. The other side's counter is read once, checked against
//! what can be, and used from the checked copy.
//!
//! **Publishing.** The producer stores its counter with release order behind the bytes, and the
//! consumer loads it with acquire order before it copies them. The consumer publishes what it has
//! taken in steps of a quarter of the ring: nobody needs to know sooner, since a producer only
//! waits when the ring is full for all it knows, and then more than three quarters of it are unread
//! and will be read and published. So most reads store nothing at all.
//!
//! **Small messages ride along.** What is written at once, if it is up to [`RIDE_MAX`] bytes, is
//! put beside the counter as well, in the same cache line, so that the consumer, which waits on
//! that line, gets counter and bytes in one transfer between the cores instead of two. The copy is
//! guarded as by a sequence lock: a word names the counter that it belongs to, and is cleared
//! before the copy changes. A consumer that finds any other word there takes the bytes from the
//! ring, where they are in any case. Neither side has to do its part: a producer that leaves the
//! word 0 and a consumer that does not look are correct.
//!
//! **Sleeping and waking.** A side that is about to sleep says so in a word, then looks again; a
//! side that has published looks at the word. Between the two steps both execute a sequentially
//! consistent fence: so at least one of them sees what the other has stored (Dekker's argument),
//! and nobody sleeps while there is something to do. The one who finds the word set takes it back
//! with a swap and rings the bell; the swap makes it one ring for each sleep. The producer's fence
//! costs no latency: the consumer has the bytes by then, and works on them.

use crate::atomics::{AtomicU32, AtomicU64, Ordering::*, fence};
use std::fmt;

/// Bytes that ride along with the counter at most.
pub const RIDE_MAX: usize = 48;
const RIDE_WORDS: usize = RIDE_MAX / 8;
/// Bits of the riding copy's word that hold its length.
const RIDE_BITS: u32 = 6;

/// A waiting word: awake.
pub const AWAKE: u32 = 0;
/// A waiting word: asleep in a futex at this word.
pub const FUTEX: u32 = 1;
/// A waiting word: waits for the Unix socket to become readable.
pub const SOCKET: u32 = 2;

/// What the producer writes: one cache line.
#[repr(C, align(128))]
pub struct ProducerLine {
    written: AtomicU64,
    /// What the copy belongs to: the counter, shifted, and the number of bytes. 0: to nothing.
    ride: AtomicU64,
    copy: [AtomicU64; RIDE_WORDS],
}

/// What the consumer writes.
#[repr(C, align(128))]
pub struct ConsumerLine {
    taken: AtomicU64,
}

/// How a side sleeps, if it does; set by itself and cleared by the one who wakes it.
#[repr(C, align(128))]
pub struct WaitLine {
    /// [`AWAKE`], [`FUTEX`] or [`SOCKET`].
    pub word: AtomicU32,
    /// When this side was last woken, as the waking side says: nanoseconds since 1970, or 0.
    pub rang: AtomicU64,
}

/// A ring's control block in the shared memory. Each line is far enough from the next that no
/// processor moves them together.
#[repr(C)]
pub struct Control {
    producer: ProducerLine,
    consumer: ConsumerLine,
    /// The consumer waits for bytes.
    pub consumer_waits: WaitLine,
    /// The producer waits for room.
    pub producer_waits: WaitLine,
}

#[cfg(not(loom))]
const _: () = assert!(size_of::<Control>() == crate::layout::CONTROL_LEN);

#[cfg(loom)]
impl Default for Control {
    fn default() -> Self {
        let wait = || WaitLine { word: AtomicU32::new(AWAKE), rang: AtomicU64::new(0) };
        Control {
            producer: ProducerLine {
                written: AtomicU64::new(0),
                ride: AtomicU64::new(0),
                copy: std::array::from_fn(|_| AtomicU64::new(0)),
            },
            consumer: ConsumerLine { taken: AtomicU64::new(0) },
            consumer_waits: wait(),
            producer_waits: wait(),
        }
    }
}

/// Where a ring lies.
pub trait Area {
    /// Its control block.
    fn control(&self) -> &Control;
    /// Its size: a power of two.
    fn size(&self) -> usize;
    /// Copies bytes in, from the `at`th on; they end within the ring.
    fn put(&self, at: usize, bytes: &[u8]);
    /// Copies bytes out, from the `at`th on, to the end of `out`, which has room for them.
    fn append(&self, at: usize, len: usize, out: &mut Vec<u8>);
    /// Copies bytes out, from the `at`th on.
    fn take(&self, at: usize, out: &mut [u8]);
}

/// Wakes the other side.
pub trait Bell {
    /// `how` is what stood in the word: [`FUTEX`], [`SOCKET`], or whatever the other side has put
    /// there.
    fn ring(&self, wait: &WaitLine, how: u32);
}

/// Where bytes go.
pub trait Out {
    /// Bytes that fit.
    fn room(&self) -> usize;
    /// Takes these, which fit.
    fn push(&mut self, bytes: &[u8]);
    /// Takes `len` bytes of a ring, which fit.
    fn pull(&mut self, area: &impl Area, at: usize, len: usize);
}

/// What a peer has done that no correct one does. The connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// It claims to have written more than the ring holds, or less than it had.
    Written {
        /// Bytes that would be unread.
        unread: u64,
        /// The ring's size.
        size: u64,
    },
    /// It claims to have taken more than was written, or less than it had.
    Taken {
        /// The counter.
        taken: u64,
        /// Bytes written.
        written: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Written { unread, size } => {
                write!(f, "its counter says that {unread} bytes wait in a ring of {size}")
            }
            Violation::Taken { taken, written } => {
                write!(f, "its counter says that it has taken {taken} bytes of {written}")
            }
        }
    }
}

impl std::error::Error for Violation {}

impl From<Violation> for std::io::Error {
    fn from(violation: Violation) -> Self {
        std::io::Error::new(std::io::ErrorKind::InvalidData, violation)
    }
}

/// Wakes a side that has said it sleeps. To be called behind what the side waits for was stored.
#[inline]
fn wake(wait: &WaitLine, bell: &impl Bell) {
    fence(SeqCst);
    if wait.word.load(Relaxed) != AWAKE {
        wake_sleeper(wait, bell);
    }
}

#[cold]
fn wake_sleeper(wait: &WaitLine, bell: &impl Bell) {
    let how = wait.word.swap(AWAKE, AcqRel);
    if how != AWAKE {
        bell.ring(wait, how);
    }
}

/// Says that a side is about to sleep, unless what it waits for is there. True: sleep.
fn arm(wait: &WaitLine, how: u32, is_there: impl FnOnce() -> bool) -> bool {
    wait.word.store(how, Relaxed);
    fence(SeqCst);
    if is_there() {
        wait.word.store(AWAKE, Relaxed);
        return false;
    }
    true
}

/// The writing end.
pub struct Producer<A> {
    area: A,
    /// Bytes written. The shared copy is never read.
    written: u64,
    /// Bytes that the consumer is known to have taken.
    taken: u64,
}

impl<A: Area> Producer<A> {
    /// Of a ring that nothing has been written to.
    pub fn new(area: A) -> Self {
        Producer { area, written: 0, taken: 0 }
    }

    /// Where the ring lies.
    pub fn area(&self) -> &A {
        &self.area
    }

    /// Writes as much of `bytes` as there is room for, and wakes a consumer that sleeps.
    #[inline]
    pub fn write(&mut self, bytes: &[u8], bell: &impl Bell) -> Result<usize, Violation> {
        let size = self.area.size();
        let mut room = size - (self.written - self.taken) as usize;
        if room < bytes.len() {
            self.look()?;
            room = size - (self.written - self.taken) as usize;
        }
        let count = room.min(bytes.len());
        if count == 0 {
            return Ok(0);
        }
        let bytes = &bytes[..count];
        let at = self.written as usize & (size - 1);
        let (first, second) = bytes.split_at(count.min(size - at));
        self.area.put(at, first);
        if !second.is_empty() {
            self.area.put(0, second);
        }
        self.written += count as u64;
        let line = &self.area.control().producer;
        if count <= RIDE_MAX {
            ride(line, self.written, bytes);
        }
        line.written.store(self.written, Release);
        wake(&self.area.control().consumer_waits, bell);
        Ok(count)
    }

    /// Looks at how much has been taken.
    #[cold]
    fn look(&mut self) -> Result<(), Violation> {
        let taken = self.area.control().consumer.taken.load(Acquire);
        // Neither backwards nor beyond what there is.
        if taken.wrapping_sub(self.taken) > self.written - self.taken {
            return Err(Violation::Taken { taken, written: self.written });
        }
        self.taken = taken;
        Ok(())
    }

    /// Whether something can be written, as far as can be told without checking anything.
    #[inline]
    pub fn has_room(&self) -> bool {
        let size = self.area.size() as u64;
        self.written - self.taken < size
            || self.area.control().consumer.taken.load(Relaxed) != self.written.wrapping_sub(size)
    }

    /// Bytes that the consumer has not taken, as far as it has said.
    pub fn unread(&mut self) -> Result<u64, Violation> {
        self.look()?;
        Ok(self.written - self.taken)
    }

    /// Says that the producer is about to sleep until there is room. False: there is.
    pub fn arm(&self, how: u32) -> bool {
        arm(&self.area.control().producer_waits, how, || self.has_room())
    }

    /// Takes that back.
    pub fn disarm(&self) {
        self.area.control().producer_waits.word.store(AWAKE, Relaxed);
    }
}

/// Puts a copy of a message beside the counter.
#[inline]
fn ride(line: &ProducerLine, written: u64, bytes: &[u8]) {
    let mut copy = [0; RIDE_MAX];
    copy[..bytes.len()].copy_from_slice(bytes);
    line.ride.store(0, Relaxed);
    // Whoever sees a word of the new copy sees that the old one is gone.
    fence(Release);
    for (shared, word) in line.copy.iter().zip(copy.chunks_exact(8)).take(bytes.len().div_ceil(8)) {
        let mut number = [0; 8];
        number.copy_from_slice(word);
        shared.store(u64::from_ne_bytes(number), Relaxed);
    }
    line.ride.store(written << RIDE_BITS | bytes.len() as u64, Relaxed);
}

/// The reading end.
pub struct Consumer<A> {
    area: A,
    /// Bytes taken. The shared copy is never read.
    taken: u64,
    /// Bytes taken as far as the producer has been told.
    published: u64,
    /// Bytes that the producer is known to have written.
    written: u64,
}

impl<A: Area> Consumer<A> {
    /// Of a ring that nothing has been read from.
    pub fn new(area: A) -> Self {
        Consumer { area, taken: 0, published: 0, written: 0 }
    }

    /// Where the ring lies.
    pub fn area(&self) -> &A {
        &self.area
    }

    /// Whether the producer has written something, as far as can be told without checking anything.
    #[inline]
    pub fn has_bytes(&self) -> bool {
        self.area.control().producer.written.load(Relaxed) != self.taken
    }

    /// What the producer says it has written so far, unchecked.
    pub fn announced(&self) -> u64 {
        self.area.control().producer.written.load(Relaxed)
    }

    /// Moves to `out` what there is and what fits, and wakes a producer that waits for room.
    #[inline]
    pub fn read(&mut self, out: &mut impl Out, bell: &impl Bell) -> Result<usize, Violation> {
        let room = out.room();
        if self.written == self.taken {
            self.look()?;
            let count = (self.written - self.taken) as usize;
            if count == 0 || room == 0 {
                return Ok(0);
            }
            if count <= RIDE_MAX.min(room) && self.get_off(count, out) {
                self.advance(count, bell);
                return Ok(count);
            }
        } else if ((self.written - self.taken) as usize) < room {
            self.look()?;
        }
        let count = room.min((self.written - self.taken) as usize);
        let size = self.area.size();
        let at = self.taken as usize & (size - 1);
        let first = count.min(size - at);
        out.pull(&self.area, at, first);
        if first < count {
            out.pull(&self.area, 0, count - first);
        }
        self.advance(count, bell);
        Ok(count)
    }

    /// Looks at how much has been written.
    #[inline]
    fn look(&mut self) -> Result<(), Violation> {
        let written = self.area.control().producer.written.load(Acquire);
        let (unread, size) = (written.wrapping_sub(self.taken), self.area.size() as u64);
        if unread > size || unread < self.written - self.taken {
            return Err(Violation::Written { unread, size });
        }
        self.written = written;
        Ok(())
    }

    /// Takes all unread bytes, `count` of them, from the copy beside the counter. False: it is
    /// another message's.
    #[inline]
    fn get_off(&self, count: usize, out: &mut impl Out) -> bool {
        let line = &self.area.control().producer;
        let wanted = self.written << RIDE_BITS | count as u64;
        if line.ride.load(Relaxed) != wanted {
            return false;
        }
        let mut copy = [0; RIDE_MAX];
        for (word, shared) in copy.chunks_exact_mut(8).zip(&line.copy) {
            word.copy_from_slice(&shared.load(Relaxed).to_ne_bytes());
        }
        // If one of these words was of a later message, the next load sees that this one is gone.
        fence(Acquire);
        if line.ride.load(Relaxed) != wanted {
            return false;
        }
        out.push(&copy[..count]);
        true
    }

    #[inline]
    fn advance(&mut self, count: usize, bell: &impl Bell) {
        self.taken += count as u64;
        if self.taken - self.published >= self.area.size() as u64 / 4 {
            self.publish(bell);
        }
    }

    #[cold]
    fn publish(&mut self, bell: &impl Bell) {
        self.published = self.taken;
        self.area.control().consumer.taken.store(self.taken, Release);
        wake(&self.area.control().producer_waits, bell);
    }

    /// Says that the consumer is about to sleep until there are bytes. False: there are.
    pub fn arm(&self, how: u32) -> bool {
        arm(&self.area.control().consumer_waits, how, || self.has_bytes())
    }

    /// Takes that back.
    pub fn disarm(&self) {
        self.area.control().consumer_waits.word.store(AWAKE, Relaxed);
    }
}

/// A slice that is filled from its beginning.
pub struct Fill<'a> {
    /// The slice.
    pub slice: &'a mut [u8],
    /// Bytes filled.
    pub filled: usize,
}

impl Out for Fill<'_> {
    #[inline]
    fn room(&self) -> usize {
        self.slice.len() - self.filled
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.slice[self.filled..][..bytes.len()].copy_from_slice(bytes);
        self.filled += bytes.len();
    }

    fn pull(&mut self, area: &impl Area, at: usize, len: usize) {
        area.take(at, &mut self.slice[self.filled..][..len]);
        self.filled += len;
    }
}

/// A vector, within its spare capacity.
impl Out for Vec<u8> {
    #[inline]
    fn room(&self) -> usize {
        self.capacity() - self.len()
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn pull(&mut self, area: &impl Area, at: usize, len: usize) {
        area.append(at, len, self);
    }
}
