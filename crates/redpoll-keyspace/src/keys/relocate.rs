//! Whole entries from one key to another: RENAME, MOVE, COPY.

use super::*;

impl Keys<'_> {
    /// Moves the entry at `source` to `target` of database `db`, with its expiry, access clock and
    /// encoding; what is there is removed. Answers whether there was anything to move. O(1) but for
    /// the bytes in the entry itself. Both stripes must be locked.
    pub fn relocate(&mut self, source: &[u8], target: &[u8], db: usize) -> bool {
        let hash = self.hash(source);
        let Some(place) = self.live(hash, source) else { return false };
        let entry = self.db_of(hash).remove(place);
        let entry = entry.rekeyed(target);
        self.in_db(db, |keys| {
            keys.delete(target);
            keys.event(target, Class::New, "new");
            keys.insert_as_is(keys.hash(target), entry);
        });
        true
    }

    /// Copies the entry at `source` to `target` of database `db`, with its expiry and encoding;
    /// what is there is removed. Answers whether there was anything to copy. Large collections
    /// share their chunks until one of the two changes. Both stripes must be locked.
    pub fn duplicate(&mut self, source: &[u8], target: &[u8], db: usize) -> bool {
        let hash = self.hash(source);
        let Some(place) = self.live(hash, source) else { return false };
        let entry = self.db_of(hash).table.entry(place);
        let payload = match entry.payload() {
            Payload::Inline(bytes) => NewPayload::Inline(bytes),
            Payload::Int(value) => NewPayload::Int(value),
            Payload::Value(value) => NewPayload::Value(value.clone()),
        };
        let mut copy = Entry::new(target, payload, entry.expiry());
        copy.set_raw(entry.is_raw());
        self.in_db(db, |keys| {
            keys.delete(target);
            keys.event(target, Class::New, "new");
            keys.insert(keys.hash(target), copy);
        });
        true
    }

    /// Does something in another database.
    fn in_db<R>(&mut self, db: usize, act: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.db;
        self.select(db);
        let result = act(self);
        self.db = before;
        result
    }
}
