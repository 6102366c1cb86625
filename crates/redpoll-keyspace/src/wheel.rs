//! The timing wheel: which keys expire when, found without looking at any other key.
//!
//! A hierarchical wheel (Varghese and Lauck 1987): seven levels of 64 slots; level 0 has ticks of
//! 16 ms, each level above is 64 times coarser, so that the whole reaches 2,000 years. A note is 16
//! bytes: the key's hash and the due time. Notes are not taken out when a key is deleted or its
//! expiry moves later: when one comes due, the table is asked whether it still means anything, and
//! the note is dropped, moved, or the key expires. So a note costs one insertion and one removal,
//! whatever happens between.

/// Milliseconds in a tick of level 0, as a power of two.
const TICK_BITS: u32 = 4;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const LEVELS: usize = 7;

/// A reminder to look at the keys with this hash at this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The key's hash.
    pub hash: u64,
    /// When to look, in milliseconds since 1970.
    pub due: i64,
}

struct Level {
    /// A bit for each slot that holds notes.
    occupied: u64,
    slots: [Vec<Note>; SLOTS],
}

impl Default for Level {
    fn default() -> Self {
        Level { occupied: 0, slots: [const { Vec::new() }; SLOTS] }
    }
}

impl Default for Wheel {
    fn default() -> Self {
        Wheel::new(0)
    }
}

/// See the module's head.
pub struct Wheel {
    /// The tick up to which everything due has been handed out.
    tick: u64,
    levels: [Option<Box<Level>>; LEVELS],
    /// Notes that were handed out and given back.
    overdue: Vec<Note>,
    len: usize,
}

fn tick_of(ms: i64) -> u64 {
    (ms.max(0) as u64).div_ceil(1 << TICK_BITS)
}

impl Wheel {
    /// An empty wheel that starts at a time in milliseconds. Allocates nothing.
    pub fn new(now: i64) -> Self {
        Wheel {
            tick: now.max(0) as u64 >> TICK_BITS,
            levels: Default::default(),
            overdue: Vec::new(),
            len: 0,
        }
    }

    /// The number of notes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a note. `is_live` is asked about old notes when a slot must grow: those that no longer
    /// mean anything make room. O(1) amortised.
    pub fn add(&mut self, note: Note, mut is_live: impl FnMut(&Note) -> bool) {
        let slot = self.slot_for(note.due);
        if slot.len() == slot.capacity() && slot.len() >= 64 {
            let before = slot.len();
            slot.retain(|note| is_live(note));
            let removed = before - slot.len();
            if slot.len() * 2 > before {
                slot.reserve(before);
            }
            slot.push(note);
            self.len = self.len + 1 - removed;
            return;
        }
        slot.push(note);
        self.len += 1;
    }

    /// Takes a note back that could not be dealt with: it comes out again at the next call of
    /// [`Wheel::advance`], whatever the time.
    pub fn put_back(&mut self, note: Note) {
        self.overdue.push(note);
        self.len += 1;
    }

    fn slot_for(&mut self, due: i64) -> &mut Vec<Note> {
        // What is due already comes out with the next tick.
        let tick = tick_of(due).max(self.tick + 1);
        let differing = 63 - (tick ^ self.tick).leading_zeros();
        let level = ((differing / SLOT_BITS) as usize).min(LEVELS - 1);
        let index = (tick >> (SLOT_BITS * level as u32)) as usize % SLOTS;
        let level = self.levels[level].get_or_insert_default();
        level.occupied |= 1 << index;
        &mut level.slots[index]
    }

    /// When there may be something to do next, in milliseconds since 1970; never too late.
    /// O(levels).
    pub fn next_due(&self) -> Option<i64> {
        let ticks = self.levels.iter().enumerate().filter_map(|(number, level)| {
            let level = level.as_ref().filter(|level| level.occupied != 0)?;
            let shift = SLOT_BITS * number as u32;
            let position = self.tick >> shift;
            let ahead = level.occupied.rotate_right((position % SLOTS as u64) as u32);
            let distance = u64::from(match ahead & !1 {
                0 => SLOTS as u32,
                later => later.trailing_zeros(),
            });
            Some((position + distance) << shift)
        });
        let tick = if self.overdue.is_empty() { ticks.min() } else { Some(self.tick) };
        tick.map(|tick| (tick << TICK_BITS) as i64)
    }

    /// Calls `visit` with notes, about in the order in which they are due (exactly so from slot to
    /// slot), until it has had enough.
    pub fn soonest(&self, visit: &mut impl FnMut(&Note) -> bool) {
        if !self.overdue.iter().all(&mut *visit) {
            return;
        }
        for (number, level) in self.levels.iter().enumerate() {
            let Some(level) = level.as_ref().filter(|level| level.occupied != 0) else { continue };
            let position = (self.tick >> (SLOT_BITS * number as u32)) as usize % SLOTS;
            for ahead in 1..=SLOTS {
                let slot = &level.slots[(position + ahead) % SLOTS];
                if !slot.iter().all(&mut *visit) {
                    return;
                }
            }
        }
    }

    /// The note of this number, in no order that means anything. O(slots).
    pub fn any(&self, mut number: usize) -> Option<&Note> {
        let slots = self.levels.iter().flatten().flat_map(|level| &level.slots);
        for slot in slots.chain([&self.overdue]) {
            match slot.get(number) {
                Some(note) => return Some(note),
                None => number -= slot.len(),
            }
        }
        None
    }

    /// Hands out up to `max` notes that are due at `now`, into `due`. Returns whether there are
    /// more.
    pub fn advance(&mut self, now: i64, max: usize, due: &mut Vec<Note>) -> bool {
        let target = now.max(0) as u64 >> TICK_BITS;
        let again = self.overdue.len().min(max.saturating_sub(due.len()));
        due.extend(self.overdue.drain(..again));
        self.len -= again;
        while self.tick < target {
            if self.len == self.overdue.len() {
                self.tick = target;
                break;
            }
            if due.len() >= max {
                return true;
            }
            let next = self.next_due().map_or(target, |ms| ms as u64 >> TICK_BITS).min(target);
            // The notes of `next` come out while the wheel still stands before it, so that a stop
            // in the middle of a slot loses nothing.
            self.cascade(next);
            if self.drain(next, max, due) {
                return true;
            }
            self.tick = next;
        }
        !self.overdue.is_empty()
    }

    /// Moves notes of coarser levels whose slot begins at `tick` down to where they now belong.
    fn cascade(&mut self, tick: u64) {
        self.tick = tick - 1;
        for number in (1..LEVELS).rev() {
            let shift = SLOT_BITS * number as u32;
            if !tick.is_multiple_of(1 << shift) {
                continue;
            }
            let index = (tick >> shift) as usize % SLOTS;
            let Some(level) = self.levels[number].as_mut() else { continue };
            if level.occupied & 1 << index == 0 {
                continue;
            }
            level.occupied &= !(1 << index);
            for note in std::mem::take(&mut level.slots[index]) {
                let target = tick_of(note.due).max(tick);
                let differing = (target ^ tick).checked_ilog2().unwrap_or(0);
                let lower = ((differing / SLOT_BITS) as usize).min(number - 1);
                let place = (target >> (SLOT_BITS * lower as u32)) as usize % SLOTS;
                let lower = self.levels[lower].get_or_insert_default();
                lower.occupied |= 1 << place;
                lower.slots[place].push(note);
            }
        }
    }

    /// Takes notes out of level 0's slot of `tick`; answers whether some are left.
    fn drain(&mut self, tick: u64, max: usize, due: &mut Vec<Note>) -> bool {
        let index = tick as usize % SLOTS;
        let Some(level) = self.levels[0].as_mut() else { return false };
        let slot = &mut level.slots[index];
        let count = slot.len().min(max - due.len());
        due.extend(slot.drain(slot.len() - count..));
        self.len -= count;
        if !slot.is_empty() {
            return true;
        }
        slot.shrink_to(16);
        level.occupied &= !(1 << index);
        false
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let levels = self.levels.iter().flatten().map(|level| {
            let notes: usize = level.slots.iter().map(Vec::capacity).sum();
            size_of::<Level>() + notes * size_of::<Note>()
        });
        levels.sum::<usize>() + self.overdue.capacity() * size_of::<Note>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drain(wheel: &mut Wheel, now: i64) -> Vec<i64> {
        let mut due = Vec::new();
        while wheel.advance(now, due.len() + 3, &mut due) {}
        due.iter().map(|note| note.due).collect()
    }

    #[test]
    fn dead_notes_make_room() {
        let mut wheel = Wheel::new(0);
        for hash in 0..10_000 {
            wheel.add(Note { hash, due: 1_000_000 }, |_| false);
        }
        assert!(wheel.len() < 200);
    }

    #[test]
    fn what_is_put_back_comes_again() {
        let mut wheel = Wheel::new(0);
        let note = Note { hash: 1, due: 100 };
        wheel.add(note, |_| true);
        let mut due = Vec::new();
        assert!(!wheel.advance(200, 10, &mut due));
        assert_eq!(due, [note]);
        wheel.put_back(note);
        assert_eq!(wheel.len(), 1);
        assert!(wheel.next_due().is_some_and(|at| at <= 200));
        due.clear();
        assert!(wheel.advance(200, 0, &mut due), "no room for it");
        assert!(!wheel.advance(200, 10, &mut due));
        assert_eq!((due, wheel.len(), wheel.next_due()), (vec![note], 0, None));
    }

    proptest! {
        #[test]
        fn nothing_early_nothing_late_nothing_lost(
            start in 0i64..2_000_000_000_000,
            dues in prop::collection::vec((0u32..44, 0i64..1000), 1..200),
            steps in prop::collection::vec((0u32..38, 1i64..1000), 1..40))
        {
            let mut wheel = Wheel::new(start);
            let mut now = start;
            let mut pending: Vec<(i64, i64)> = Vec::new();
            let mut more = dues.into_iter();
            for (bits, factor) in steps {
                for (bits, factor) in more.by_ref().take(10) {
                    let due = now + factor * (1i64 << bits) / 1000 - 20;
                    wheel.add(Note { hash: 1, due }, |_| true);
                    pending.push((due, now));
                }
                now += factor * (1i64 << bits) / 1000;
                let next = wheel.next_due();
                let mut fired = drain(&mut wheel, now);
                fired.sort_unstable();
                // Late by up to two ticks, counted from when the note was added.
                prop_assert!(fired.iter().all(|due| *due <= now));
                prop_assert!(fired.is_empty() || next.is_some_and(|at| at <= now));
                for due in fired {
                    let index = pending.iter().position(|(p, _)| *p == due);
                    prop_assert!(index.is_some());
                    pending.swap_remove(index.unwrap_or(0));
                }
                prop_assert!(pending.iter().all(|(due, added)| *due.max(added) > now - 32));
                prop_assert_eq!(wheel.len(), pending.len());
            }
        }
    }
}
