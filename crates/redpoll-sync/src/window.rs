//! The window: slots of an area, each with one writer or with readers.
//!
//! One thread writes chunks ([`Window::acquire`], [`Slot::publish`]). A chunk stays until all who
//! read when it was published are done with it or have gone; then its slot is free again. The slot
//! that was freed last is taken first, and one that was never used only if somebody has little left
//! to read: so few slots are ever touched, and those lie in caches.
//!
//! A reader that is slower than others holds them all up as soon as the window is full of what it
//! has not read. The time is put down to it, and who has cost others too much is let go
//! ([`Window::overdue`]). Others may also wait outside, for the next window: that is put down to
//! all who have something to read, and they make good for it by reading ([`Window::awaited`]). With
//! nobody to be held up, a reader is let go when it does nothing at all.

use crate::Area;
use crate::chunk::{HEADER_LEN, Header, Kind, Sum};
use crate::memory::{SlotMut, SlotRef};
use crate::token::Token;
use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Readers at once.
pub const READERS_MAX: usize = 64;

/// A slot of usual size: a megabyte is what a chunk takes, and values up to this size still go
/// into one.
const SLOT: usize = 4 << 20;
/// Slots that there are at least.
const SLOTS_MIN: usize = 8;
/// Bytes of a chunk, about: those that wait to be read should still be in a cache.
const CHUNK: usize = 1 << 20;
/// A reader that has so many bytes before it is not served sooner by more of them: new memory,
/// which costs more than memory that is in a cache, is taken only for one that has fewer. It is
/// also what may be under way to a reader far off.
const AHEAD: usize = 16 << 20;
/// A reader for whom others wait outside is given a second for so many bytes. What is slower is
/// better off with a stream, which holds nobody up.
const PACE: usize = 4 << 20;

/// See the module's head.
pub struct Window {
    area: Arc<Area>,
    slot: usize,
    epoch: u64,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Those that were never used lie at the bottom.
    free: Vec<usize>,
    /// So many slots, the first ones, have been used.
    used: usize,
    live: BTreeMap<u64, Live>,
    readers: Vec<Option<Seat>>,
    next: u64,
}

/// A chunk that is being read.
struct Live {
    slot: usize,
    len: usize,
    /// The readers that are not done with it, a bit each.
    wanted: u64,
    /// Those who read it within this process.
    pins: usize,
}

struct Seat {
    token: Token,
    name: u64,
    heard: Instant,
    /// For how long others have waited for it.
    held_up: Duration,
    /// For how long others have waited outside, less what it was given for what it has read.
    owed: Duration,
    /// Chunks, and their bytes.
    unread: usize,
    unread_bytes: usize,
}

/// One who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader(usize);

/// Why a reader is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// It has read nothing for too long.
    Silent,
    /// Others have waited for it for too long.
    Slow,
}

/// Where a chunk lies that has been published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub number: u64,
    /// The number of its slot.
    pub slot: usize,
    /// Bytes of header and payload.
    pub len: usize,
    /// Which part of a record it is.
    pub kind: Kind,
    /// Bytes that the reader with the fewest has before it, this chunk among them.
    pub least_unread: usize,
}

impl Window {
    /// One of about so many bytes.
    pub fn new(bytes: usize, epoch: u64) -> io::Result<Window> {
        let page = crate::memory::PAGE;
        let slot = (bytes / SLOTS_MIN).min(SLOT).max(page) / page * page;
        let slots = (bytes / slot).max(SLOTS_MIN);
        let area = Arc::new(Area::new(slots, slot)?);
        let state = State {
            free: (0..slots).rev().collect(),
            used: 0,
            live: BTreeMap::new(),
            readers: Vec::new(),
            next: 0,
        };
        Ok(Window { area, slot, epoch, state: Mutex::new(state), changed: Condvar::new() })
    }

    /// The memory.
    pub fn area(&self) -> &Arc<Area> {
        &self.area
    }

    /// Bytes of a slot.
    pub fn slot_len(&self) -> usize {
        self.slot
    }

    /// The number of the pass.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// At how many bytes of payload a chunk of several records should end.
    pub fn chunk_len(&self) -> usize {
        (self.slot - HEADER_LEN).min(CHUNK)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing below panics half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets somebody read all chunks that are published from now on. `None`: there is no room.
    /// `name` is the caller's name for it.
    pub fn admit(&self, name: u64, token: Token) -> Option<Reader> {
        let mut state = self.lock();
        let free = state.readers.iter().position(Option::is_none);
        let seat = free.unwrap_or(state.readers.len());
        if seat >= READERS_MAX {
            return None;
        }
        let now = Instant::now();
        let (held_up, owed) = (Duration::ZERO, Duration::ZERO);
        let reader = Seat { token, name, heard: now, held_up, owed, unread: 0, unread_bytes: 0 };
        if seat == state.readers.len() {
            state.readers.push(None);
        }
        state.readers[seat] = Some(reader);
        Some(Reader(seat))
    }

    /// Whether somebody reads who has this token.
    pub fn knows(&self, token: &Token) -> bool {
        self.lock().by_token(token).is_some()
    }

    /// The reader of this name.
    pub fn named(&self, name: u64) -> Option<Reader> {
        let state = self.lock();
        let is = |seat: &Option<Seat>| seat.as_ref().is_some_and(|seat| seat.name == name);
        state.readers.iter().position(is).map(Reader)
    }

    /// How many read.
    pub fn readers(&self) -> usize {
        self.lock().readers.iter().flatten().count()
    }

    /// Bytes of slots that are in use.
    pub fn held_bytes(&self) -> usize {
        self.lock().live.len() * self.slot
    }

    /// Chunks that have been published.
    pub fn published(&self) -> u64 {
        self.lock().next
    }

    /// Somebody reads no more.
    pub fn leave(&self, reader: Reader) {
        let mut state = self.lock();
        if state.readers.get_mut(reader.0).is_some_and(|seat| seat.take().is_some()) {
            let bit = 1 << reader.0;
            state.live.values_mut().for_each(|chunk| chunk.wanted &= !bit);
            state.sweep();
            self.changed.notify_all();
        }
    }

    /// A reader is done with these chunks. False: it has not had one of them.
    pub fn done(&self, reader: Reader, numbers: &[u64]) -> bool {
        let mut state = self.lock();
        let (mut all, mut changed) = (true, false);
        for number in numbers {
            match state.done(reader, *number) {
                Some(wakes) => changed |= wakes,
                None => all = false,
            }
        }
        if changed {
            self.changed.notify_all();
        }
        all
    }

    /// The bytes of a chunk that the reader with this token is not done with; they stay what they
    /// are while the answer lives.
    pub fn pin(&self, token: &Token, number: u64) -> Option<Pin<'_>> {
        let mut state = self.lock();
        let bit = 1u64 << state.by_token(token)?;
        let chunk = state.live.get_mut(&number).filter(|chunk| chunk.wanted & bit != 0)?;
        let bytes = self.area.read(chunk.slot, chunk.len)?;
        chunk.pins += 1;
        Some(Pin { window: self, number, bytes: Some(bytes) })
    }

    /// A slot to be written. Waits for one for so long, and puts the time down to those who are
    /// waited for while others have read everything.
    pub fn acquire(&self, wait: Duration) -> Option<Slot<'_>> {
        let mut state = self.lock();
        let begun = Instant::now();
        while !state.has_slot() {
            let left = wait.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            let waited = Instant::now();
            state = self
                .changed
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
            state.put_down(waited.elapsed());
        }
        if !state.has_slot() {
            return None;
        }
        let index = state.free.pop()?;
        state.used = state.used.max(index + 1);
        let bytes = self.area.write(index)?;
        Some(Slot { window: self, index, bytes: Some(bytes) })
    }

    /// Waits until all that was published has been read, or for so long. Answers whether it has.
    pub fn drain(&self, wait: Duration) -> bool {
        let mut state = self.lock();
        let begun = Instant::now();
        while !state.live.is_empty() {
            let left = wait.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return false;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
        true
    }

    /// Others have waited for so long for the readers to be done, so that there may be another
    /// window.
    pub fn awaited(&self, waited: Duration) {
        let mut state = self.lock();
        let reading = state.readers.iter_mut().flatten().filter(|seat| seat.unread > 0);
        reading.for_each(|seat| seat.owed += waited);
    }

    /// The readers, by their names, that have read nothing for `silence` although there was
    /// something, or for whom others have waited longer than `patience`.
    pub fn overdue(&self, silence: Duration, patience: Duration) -> Vec<(u64, Overdue)> {
        let state = self.lock();
        let others = state.readers.iter().flatten().count() > 1;
        let judge = |seat: &Seat| {
            if seat.unread > 0 && seat.heard.elapsed() > silence {
                Some((seat.name, Overdue::Silent))
            } else if (others && seat.held_up > patience) || seat.owed > patience {
                Some((seat.name, Overdue::Slow))
            } else {
                None
            }
        };
        state.readers.iter().flatten().filter_map(judge).collect()
    }
}

impl State {
    /// A reader is done with a chunk. Answers whether the writer may have waited for that: it waits
    /// for a free slot, or for a reader that has little left to read. `None`: it has no such chunk.
    fn done(&mut self, reader: Reader, number: u64) -> Option<bool> {
        let bit = 1u64 << reader.0;
        let State { live, readers, free, .. } = self;
        let chunk = live.get_mut(&number).filter(|chunk| chunk.wanted & bit != 0)?;
        chunk.wanted &= !bit;
        let mut wakes = false;
        if let Some(Some(seat)) = readers.get_mut(reader.0) {
            let had_enough = seat.unread_bytes >= AHEAD;
            seat.heard = Instant::now();
            seat.unread -= 1;
            seat.unread_bytes -= chunk.len;
            seat.owed = match seat.unread {
                0 => Duration::ZERO,
                _ => seat
                    .owed
                    .saturating_sub(Duration::from_secs_f64(chunk.len as f64 / PACE as f64)),
            };
            wakes = had_enough && seat.unread_bytes < AHEAD;
        }
        if chunk.wanted == 0 && chunk.pins == 0 {
            free.push(chunk.slot);
            live.remove(&number);
            wakes = true;
        }
        Some(wakes)
    }

    fn by_token(&self, token: &Token) -> Option<usize> {
        self.readers.iter().position(|seat| seat.as_ref().is_some_and(|it| it.token == *token))
    }

    /// Whether there is a slot that may be written now.
    fn has_slot(&self) -> bool {
        let is_short_of_chunks = |seat: &Seat| seat.unread_bytes < AHEAD;
        match self.free.last() {
            None => false,
            Some(slot) if *slot < self.used => true,
            Some(_) => {
                let mut readers = self.readers.iter().flatten();
                self.live.is_empty() || readers.any(is_short_of_chunks)
            }
        }
    }

    /// Frees the slots of chunks that nobody reads any more.
    fn sweep(&mut self) {
        let State { live, free, .. } = self;
        live.retain(|_, chunk| {
            let used = chunk.wanted != 0 || chunk.pins > 0;
            if !used {
                free.push(chunk.slot);
            }
            used
        });
    }

    /// Others have waited for those who have something to read.
    fn put_down(&mut self, waited: Duration) {
        let idle = |seat: &Seat| seat.unread == 0;
        if self.readers.iter().flatten().any(idle) {
            let slow = self.readers.iter_mut().flatten().filter(|seat| !idle(seat));
            slow.for_each(|seat| seat.held_up += waited);
        }
    }
}

/// A slot that is being written; it is free again if it is not published.
pub struct Slot<'w> {
    window: &'w Window,
    index: usize,
    /// `None`: it has been published.
    bytes: Option<SlotMut<'w>>,
}

impl Slot<'_> {
    /// The room for a payload.
    pub fn room(&mut self) -> &mut [u8] {
        self.bytes.as_mut().map_or(&mut [], |bytes| &mut bytes[HEADER_LEN..])
    }

    /// Shows the first `len` bytes of the room, some of which are in `sum` already, to all readers.
    /// `None`: there are none any more.
    pub fn publish(mut self, len: usize, kind: Kind, keys: u32, sum: Sum) -> Option<Published> {
        let epoch = self.window.epoch;
        // One thread writes, so nobody else takes the number.
        let number = self.window.lock().next;
        let len = HEADER_LEN + len;
        let header = Header { kind, epoch, number, keys };
        header.seal_from(&mut self.bytes.as_mut()?[..len], sum);
        let mut state = self.window.lock();
        let (mut wanted, mut least_unread) = (0, usize::MAX);
        for (seat, reader) in state.readers.iter_mut().enumerate() {
            if let Some(reader) = reader {
                if reader.unread == 0 {
                    reader.heard = Instant::now();
                }
                reader.unread += 1;
                reader.unread_bytes += len;
                least_unread = least_unread.min(reader.unread_bytes);
                wanted |= 1 << seat;
            }
        }
        if wanted == 0 {
            return None;
        }
        // From here on it may be read, and is free when all have done so.
        self.bytes = None;
        state.live.insert(number, Live { slot: self.index, len, wanted, pins: 0 });
        state.next += 1;
        Some(Published { number, slot: self.index, len, kind, least_unread })
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if self.bytes.take().is_some() {
            self.window.lock().free.push(self.index);
        }
    }
}

/// A chunk that is read within this process.
pub struct Pin<'w> {
    window: &'w Window,
    number: u64,
    bytes: Option<SlotRef<'w>>,
}

impl Deref for Pin<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(&[])
    }
}

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        // Given back before the slot can be free.
        self.bytes = None;
        let mut state = self.window.lock();
        if let Some(chunk) = state.live.get_mut(&self.number) {
            chunk.pins -= 1;
            if chunk.pins == 0 && chunk.wanted == 0 {
                state.sweep();
                self.window.changed.notify_all();
            }
        }
    }
}

#[cfg(test)]
mod tests;
