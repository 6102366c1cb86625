//! Fields of hashes that expire: found by whoever meets them, as expired keys are.

use super::*;
use crate::db::{self, GoneFields};

/// Expired fields that a look at a hash removes; what is left is invisible and goes with the timer.
const FIELDS_AT_ONCE: usize = 128;

impl Keys<'_> {
    /// Says that the fields of the hash at `key` have got or lost expiries; `before` is what the
    /// hash's `next_expiry` was. To be called after every change that may let a field expire
    /// earlier.
    pub fn fields_changed(&mut self, key: &[u8], before: Option<u64>) {
        let hash = self.hash(key);
        let stripe = self.keyspace.stripe_of(hash);
        let db = self.db_of(hash);
        let Some(place) = db.table.find(hash, key) else { return };
        let entry = db.table.entry(place);
        let (before, after) = (db::earlier(entry.expiry(), before), db::deadline(&entry));
        db.deadline_changed(place, hash, before, after);
        if let Some(due) = after {
            self.keyspace.expires_at(stripe, due);
        }
    }

    /// Tells the timer of an entry that is about to be put in.
    #[inline]
    pub(super) fn tell_deadline(&self, hash: u64, entry: &Entry<Value>) {
        if let Some(due) = db::deadline(entry) {
            self.keyspace.expires_at(self.keyspace.stripe_of(hash), due);
        }
    }

    /// Removes expired fields of the entry at `place`, if it is a hash that has any; answers where
    /// the key is, if it is still there.
    pub(super) fn without_expired_fields(&mut self, hash: u64, place: Place) -> Option<Place> {
        let now = self.gone_by;
        let Some(fields) = self.db_of(hash).expire_fields(place, now, FIELDS_AT_ONCE) else {
            return Some(place);
        };
        self.note_len(hash);
        let stays = fields.emptied.is_none();
        self.fields_expired(fields);
        stays.then_some(place)
    }

    /// Notes an event of a hash for its subscribers, with the fields that it is about. They are
    /// looked at only if somebody wants to know them.
    #[inline]
    pub fn field_event<'f>(
        &mut self,
        key: &[u8],
        name: &'static str,
        fields: impl IntoIterator<Item = &'f [u8]>,
    ) {
        self.event(key, Class::Hash, name);
        if self.effects.wants_fields()
            && let Some(event) = self.effects.rare().events.last_mut()
        {
            event.fields = fields.into_iter().map(Box::from).collect();
        }
    }

    /// Notes the effects of expired fields that have been removed.
    pub(super) fn fields_expired(&mut self, fields: GoneFields) {
        let GoneFields { key, names, emptied } = fields;
        self.effects.rare().expired_fields += names.len() as u64;
        self.modified(&key);
        let words = [&b"HDEL"[..], &key].into_iter();
        self.log(self.db, words.chain(names.iter().map(|name| &**name)));
        self.field_event(&key, "hexpired", names.iter().map(|name| &**name));
        if let Some(entry) = emptied {
            self.event(&key, Class::Generic, "del");
            self.discard_entry(entry);
        }
    }
}
