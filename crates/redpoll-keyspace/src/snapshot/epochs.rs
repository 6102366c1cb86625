//! The snapshots that are being taken: which there are, and what writers have captured for them.
//!
//! Every snapshot has an epoch, the next number when it began, and one of a few seats. The present
//! epoch is read by every write and written hardly ever; it lies on a cache line of its own.

use super::batch::Batch;
use super::held::{Fate, Held};
use crate::entry::{Entry, Payload};
use crate::table::Table;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Snapshots there may be at once: a save, the rewriting of a log, a full sync, and some to spare.
pub const SEATS: usize = 8;

/// A table that has been taken out of the keyspace as a whole, and that nobody changes any more.
pub type Orphan<V> = Arc<dyn AsRef<Table<V>> + Send + Sync>;

/// The epoch, alone on its cache line.
#[repr(align(128))]
struct Now(AtomicU64);

/// See the module's head.
pub struct Epochs<V> {
    now: Now,
    live: Mutex<Live<V>>,
    /// Whether a seat for keys alone was asked for in vain since one was last given.
    short: AtomicBool,
    /// Bytes that are kept for snapshots alone.
    held: Arc<AtomicUsize>,
    /// How many bytes of a value are, if this becomes of it.
    weigh: fn(&V, Fate) -> usize,
}

/// The snapshots that are being taken, by their seats.
pub struct Live<V> {
    seats: [Option<Taking<V>>; SEATS],
}

/// Seats that stay free for those who save, when the keys alone are wanted.
const RESERVED: usize = 4;

/// What a snapshot is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Everything.
    All,
    /// The keys of the table with this number.
    KeysOf(u16),
}

/// What writers have done for a snapshot.
struct Taking<V> {
    epoch: u64,
    wanted: Wanted,
    /// The number that each table's database had at the moment, by the table's own number.
    databases: Box<[u16]>,
    /// Pre-images, to be taken over by the snapshot.
    captured: VecDeque<Batch<V>>,
    orphans: Vec<Orphan<V>>,
}

/// A snapshot's seat and epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    seat: u8,
    /// Changes of later epochs are not for it.
    pub(crate) epoch: u64,
}

impl Reader {
    /// The bit that stands for it among those who need something.
    pub(crate) fn bit(self) -> u8 {
        1 << self.seat
    }
}

impl<V> Epochs<V> {
    /// Nothing has ever been taken. `weigh` tells how many bytes of a value are there for snapshots
    /// alone once it has been captured and this has become of it.
    pub(crate) fn new(weigh: fn(&V, Fate) -> usize) -> Self {
        let live = Live { seats: [const { None }; SEATS] };
        let (now, short) = (Now(AtomicU64::new(0)), AtomicBool::new(false));
        Epochs { now, live: Mutex::new(live), short, held: Arc::default(), weigh }
    }

    /// About how many bytes are kept for snapshots alone.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// A part of those bytes; nothing yet.
    pub(crate) fn hold(&self) -> Held {
        Held::of(&self.held)
    }

    /// The present epoch. Under a stripe's lock it can only be that of a snapshot whose moment is
    /// past.
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        self.now.0.load(Relaxed)
    }

    /// The snapshots at hand. This lock comes after those of stripes, and is held for a moment.
    pub(crate) fn live(&self) -> MutexGuard<'_, Live<V>> {
        // Nothing below panics half-way.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a snapshot of this very moment a seat; all stripes must be locked. `databases` are the
    /// present numbers of the tables' databases. `None`: all seats are taken, but for those that
    /// are reserved.
    pub(crate) fn begin(&self, wanted: Wanted, databases: Box<[u16]>) -> Option<Reader> {
        let mut live = self.live();
        let seat = live.seats.iter().position(Option::is_none)?;
        let free = live.seats.iter().filter(|seat| seat.is_none()).count();
        if wanted != Wanted::All && free <= RESERVED {
            self.short.store(true, Relaxed);
            return None;
        }
        if wanted != Wanted::All {
            self.short.store(false, Relaxed);
        }
        let epoch = self.raise(&live);
        let (captured, orphans) = (VecDeque::new(), Vec::new());
        live.seats[seat] = Some(Taking { epoch, wanted, databases, captured, orphans });
        Some(Reader { seat: seat as u8, epoch })
    }

    /// Frees the seat of a snapshot. What its reader has not visited may still be marked as needed
    /// by it; a new epoch makes all who meet such marks look at them again.
    pub(crate) fn end(&self, reader: Reader, complete: bool) {
        let mut live = self.live();
        let taking = live.seats[reader.seat as usize].take();
        if !complete {
            self.raise(&live);
        }
        drop(live);
        // Freed outside of the lock.
        drop(taking);
    }

    /// Whether somebody who wants keys alone waits for a seat.
    pub(crate) fn is_short(&self) -> bool {
        self.short.load(Relaxed)
    }

    fn raise(&self, _: &MutexGuard<'_, Live<V>>) -> u64 {
        self.now.0.fetch_add(1, Relaxed) + 1
    }

    /// Takes over what has been captured for a snapshot. Answers how many bytes that is.
    pub(crate) fn take(
        &self,
        reader: Reader,
        batches: &mut VecDeque<Batch<V>>,
        orphans: &mut VecDeque<Orphan<V>>,
    ) -> usize {
        let mut live = self.live();
        let Some(taking) = &mut live.seats[reader.seat as usize] else { return 0 };
        batches.append(&mut taking.captured);
        orphans.extend(taking.orphans.drain(..));
        drop(live);
        batches.iter().map(Batch::bytes).sum()
    }
}

impl<V> Live<V> {
    fn taking(&self) -> impl Iterator<Item = (u8, &Taking<V>)> {
        let seats = self.seats.iter().enumerate();
        seats.filter_map(|(seat, taking)| Some((1 << seat, taking.as_ref()?)))
    }

    /// The bits of all snapshots.
    pub(crate) fn all(&self) -> u8 {
        self.taking().fold(0, |bits, (bit, _)| bits | bit)
    }

    /// The bits of those that began after `epoch`.
    pub(crate) fn after(&self, epoch: u64) -> u8 {
        let later = self.taking().filter(|(_, taking)| taking.epoch > epoch);
        later.fold(0, |bits, (bit, _)| bits | bit)
    }

    /// Hands a table over, as it is, to all snapshots. All stripes must be locked.
    pub(crate) fn adopt(&mut self, orphan: &Orphan<V>) {
        for taking in self.seats.iter_mut().flatten() {
            taking.orphans.push(Arc::clone(orphan));
        }
    }
}

impl<V: Clone> Epochs<V> {
    /// Captures an entry of a table, of which this becomes, for the snapshots of these bits.
    pub(crate) fn capture(&self, bits: u8, table: u16, entry: &Entry<V>, fate: Fate) {
        // Of what several have captured, the first one's copy counts.
        let mut weight = match entry.payload() {
            Payload::Value(value) => (self.weigh)(value, fate),
            _ => 0,
        };
        for (seat, taking) in self.live().seats.iter_mut().enumerate() {
            if let Some(taking) = taking
                && bits & 1 << seat != 0
            {
                taking.capture(table, entry, &mut weight, || self.hold());
            }
        }
    }
}

impl<V: Clone> Taking<V> {
    /// Keeps an entry of a table, if it is wanted. With its value it keeps `weight` bytes, which
    /// are counted then.
    fn capture(
        &mut self,
        table: u16,
        entry: &Entry<V>,
        weight: &mut usize,
        hold: impl FnOnce() -> Held,
    ) {
        let empty = match self.wanted {
            Wanted::All => Batch::new(),
            Wanted::KeysOf(wanted) if wanted == table => Batch::of_keys(),
            Wanted::KeysOf(_) => return,
        };
        if self.captured.back().is_none_or(Batch::is_full) {
            self.captured.push_back(empty.counted(hold()));
        }
        if let Some(batch) = self.captured.back_mut() {
            batch.push(self.databases[usize::from(table)], entry);
            if self.wanted == Wanted::All {
                batch.hold(std::mem::take(weight));
            }
        }
    }
}
