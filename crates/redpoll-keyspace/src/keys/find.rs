//! Finding a key: to read it, to change it, or only to know where it is. Here keys expire that are
//! met, and access clocks move.

use super::*;

/// What a first look at a key's entry has come to.
enum Quick {
    /// It is there, and its access clock has moved.
    Touched(Place),
    /// There is none.
    Absent,
    /// It has a deadline, and needs a closer look.
    Unusual,
}

impl Keys<'_> {
    /// Where the key is, unless it has expired: then it is removed and its effects are noted.
    #[inline]
    pub(super) fn live(&mut self, hash: u64, key: &[u8]) -> Option<Place> {
        let gone_by = self.gone_by;
        let passive = self.keyspace.is_passive() && !self.reaps;
        let db = self.db_of(hash);
        let place = db.table.find(hash, key)?;
        let entry = db.table.entry(place);
        if !entry.is_timed() {
            return Some(place);
        }
        match entry.expiry() {
            Some(at) if at <= gone_by && passive => None,
            Some(at) if at <= gone_by => {
                let entry = db.remove(place);
                self.note_len(hash);
                self.expired(entry);
                None
            }
            _ if passive => Some(place),
            _ => self.without_expired_fields(hash, place),
        }
    }

    /// Looks for a key whose access clock is to move. The usual case takes one look at the entry:
    /// it has no deadline. The most usual one is that LRU seconds suffice, too, and that all values
    /// are in one tier.
    #[inline]
    fn quick_place(&mut self, hash: u64, key: &[u8]) -> Quick {
        let keyspace = self.keyspace;
        let plain = keyspace.clock() == Clock::Reads && keyspace.tiering().clock().is_none();
        let (now, plain) = (self.now, plain && !self.no_touch);
        let table = &mut self.db_of(hash).table;
        let Some(place) = table.find(hash, key) else { return Quick::Absent };
        if table.entry(place).is_timed() {
            return Quick::Unusual;
        }
        match plain {
            true => table.set_access(place, crate::access::created(now, false)),
            false => self.touch_entry(hash, place),
        }
        Quick::Touched(place)
    }

    /// Counts a read that has found its key or not, and moves the key's access clock.
    #[inline]
    pub(super) fn read_place(&mut self, hash: u64, key: &[u8]) -> Option<Place> {
        let place = match self.quick_place(hash, key) {
            Quick::Touched(place) => {
                self.effects.hits += 1;
                return Some(place);
            }
            Quick::Absent => None,
            Quick::Unusual => self.live(hash, key),
        };
        match place {
            Some(place) => {
                self.effects.hits += 1;
                self.touch_entry(hash, place);
            }
            None => {
                self.effects.misses += 1;
                self.event(key, Class::KeyMiss, "keymiss");
            }
        }
        place
    }

    /// The place of a value that is to be changed; its access clock moves, nothing is counted.
    #[inline]
    pub(super) fn write_place(&mut self, hash: u64, key: &[u8]) -> Option<Place> {
        match self.quick_place(hash, key) {
            Quick::Touched(place) => Some(place),
            Quick::Absent => None,
            Quick::Unusual => {
                let place = self.live(hash, key)?;
                self.touch_entry(hash, place);
                Some(place)
            }
        }
    }

    #[inline]
    pub(super) fn touch_entry(&mut self, hash: u64, place: Place) {
        if let Some(clock) = self.keyspace.tiering().clock() {
            self.warm(hash, place, clock);
        }
        let (now, clock) = (self.now, self.keyspace.clock());
        if self.no_touch || clock == Clock::Writes {
            return;
        }
        let uses = (clock == Clock::Uses).then(|| (self.keyspace.pace(), self.keyspace.noise()));
        let table = &mut self.db_of(hash).table;
        let moved = match uses {
            None => crate::access::created(now, false),
            Some((pace, noise)) => {
                crate::access::used(table.entry(place).access(), now, pace, noise)
            }
        };
        table.set_access(place, moved);
    }

    /// Notes a use of a value for the tiers of memory, and in which tier it found it. A far one
    /// that is hot enough, and not long to copy, comes to DRAM at once if there is room.
    #[inline(never)]
    fn warm(&mut self, hash: u64, place: Place, clock: u16) {
        let (keyspace, no_touch) = (self.keyspace, self.no_touch);
        let mut entry = self.db_of(hash).table.entry_to_move(place);
        let Some(mut heat) = entry.heat() else {
            if let Payload::Inline(text) = entry.payload()
                && text.len() >= tiers::APART_MIN
            {
                keyspace.hits(keyspace.stripe_of(hash)).note(Some(text));
            }
            return;
        };
        if !no_touch {
            heat = heat::used(heat, clock);
            entry.set_heat(heat);
        }
        let Some(value) = entry.value_mut() else { return };
        if keyspace.hits(keyspace.stripe_of(hash)).note(value.movable()) {
            let tiering = keyspace.tiering();
            tiering.wait_for_far();
            let bytes = value.movable().map_or(0, <[u8]>::len);
            if !no_touch && tiering.takes(bytes, heat::level(heat, clock)) {
                let moved = value.relocate(Tier::Near);
                tiering.took(bytes, moved);
            }
        }
    }
}
