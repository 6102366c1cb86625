//! One stripe's part of one database: its entries, and when they or their fields expire.
//!
//! An entry's deadline is the first moment at which time does something to it: the key expires, or
//! a field of its hash. The promise: an entry with a deadline has a note in the timing wheel that
//! is due then or before. A deadline that moves later leaves its note where it is; when the note
//! comes due, it moves on. One that moves earlier gets another note, and the entry keeps the mark
//! of that one, five bits made of its due time: so the older note is known as stale when it comes
//! due, and goes. Without the mark it would move on as well, and a key whose expiry is shortened
//! again and again would gather notes for ever.

use crate::entry::{Entry, EntryRef, MARK_MAX, Payload};
use crate::table::{Place, Table};
use crate::wheel::{Note, Wheel};
use redpoll_types::rng::Rng;
use redpoll_types::value::Value;

/// See the module's head.
pub struct Db {
    /// The entries.
    pub table: Table<Value>,
    wheel: Option<Box<Wheel>>,
    /// Entries that have an expiry.
    pub volatile: usize,
    /// Whether there was ever a value whose form in a file depends on more than its type: see
    /// [`Db::is_plain`].
    varied: bool,
}

/// What [`Db::expire`] has removed.
pub enum Gone {
    /// A key with all it held.
    Key(Entry<Value>),
    /// Fields of a hash.
    Fields(GoneFields),
}

/// Fields of a hash that have been removed as expired.
pub struct GoneFields {
    /// The hash's key.
    pub key: Box<[u8]>,
    /// Their names.
    pub names: Vec<Vec<u8>>,
    /// The entry, removed too, if they were its last fields.
    pub emptied: Option<Entry<Value>>,
}

/// When a field that expires at `at` is gone: a field lives through the millisecond of its expiry.
fn gone_at(at: u64) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1)
}

/// The deadline of an entry that expires at `expiry` and whose next field does at `field`.
pub(crate) fn earlier(expiry: Option<i64>, field: Option<u64>) -> Option<i64> {
    expiry.into_iter().chain(field.map(gone_at)).min()
}

/// When time does something to the entry next, in milliseconds since 1970.
pub(crate) fn deadline(entry: &Entry<Value>) -> Option<i64> {
    let field = match entry.payload() {
        Payload::Value(Value::Hash(hash)) => hash.next_expiry(),
        _ => None,
    };
    earlier(entry.expiry(), field)
}

/// The mark of a note that is due at `due`: one of `1..=MARK_MAX`.
fn mark_of(due: i64) -> u8 {
    let mixed = (due as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    1 + (mixed % u64::from(MARK_MAX)) as u8
}

/// Makes an entry ready to be put in: a hash that was a snapshot gets its index of expiring fields.
fn adopt(entry: &mut Entry<Value>) {
    if let Some(Value::Hash(hash)) = entry.value_mut() {
        hash.adopt();
    }
}

impl Db {
    /// An empty one, around an empty table.
    pub(crate) fn new(table: Table<Value>) -> Self {
        Db { table, wheel: None, volatile: 0, varied: false }
    }

    /// Takes everything out; what is left is empty.
    pub(crate) fn take(&mut self) -> Db {
        Db {
            table: self.table.take(),
            wheel: self.wheel.take(),
            volatile: std::mem::take(&mut self.volatile),
            varied: std::mem::take(&mut self.varied),
        }
    }

    /// Whether there are certainly only strings, lists, sets and sorted sets. No hash, which may
    /// have fields that expire, and no stream.
    pub(crate) fn is_plain(&self) -> bool {
        !self.varied
    }

    fn note_type(&mut self, entry: &Entry<Value>) {
        self.varied |= matches!(entry.payload(), Payload::Value(Value::Hash(_) | Value::Stream(_)));
    }

    /// Takes an entry out and keeps the counts.
    pub fn remove(&mut self, place: Place) -> Entry<Value> {
        let entry = self.table.remove(place);
        self.volatile -= usize::from(entry.expiry().is_some());
        entry
    }

    /// Adds an entry whose key is not there.
    pub fn insert(&mut self, hash: u64, mut entry: Entry<Value>) {
        adopt(&mut entry);
        self.note_type(&entry);
        self.volatile += usize::from(entry.expiry().is_some());
        let due = deadline(&entry);
        entry.set_wheel_mark(due.map_or(0, mark_of));
        self.table.insert(hash, entry);
        if let Some(due) = due {
            self.note(hash, due);
        }
    }

    /// Replaces the entry at `place` by another of the same key; access clock and marks stay.
    pub fn replace(&mut self, place: Place, hash: u64, mut entry: Entry<Value>) -> Entry<Value> {
        adopt(&mut entry);
        self.note_type(&entry);
        let mut slot = self.table.entry_mut(place);
        entry.copy_state(&slot);
        let (before, after) = (deadline(&slot), deadline(&entry));
        self.volatile += usize::from(entry.expiry().is_some());
        self.volatile -= usize::from(slot.expiry().is_some());
        let old = slot.replace(entry);
        drop(slot);
        self.deadline_changed(place, hash, before, after);
        old
    }

    /// Sets or removes an entry's expiry.
    pub fn set_expiry(&mut self, place: Place, hash: u64, expiry: Option<i64>) {
        let mut entry = self.table.entry_mut(place);
        let before = deadline(&entry);
        self.volatile += usize::from(expiry.is_some());
        self.volatile -= usize::from(entry.expiry().is_some());
        entry.set_expiry(expiry);
        let after = deadline(&entry);
        drop(entry);
        self.deadline_changed(place, hash, before, after);
    }

    /// Keeps the promise for an entry whose deadline has moved.
    pub(crate) fn deadline_changed(
        &mut self,
        place: Place,
        hash: u64,
        before: Option<i64>,
        after: Option<i64>,
    ) {
        let Some(due) = after else { return };
        let mut entry = self.table.entry_mut(place);
        if entry.wheel_mark() != 0 && before.is_some_and(|before| before <= due) {
            return;
        }
        entry.set_wheel_mark(mark_of(due));
        drop(entry);
        self.note(hash, due);
    }

    fn note(&mut self, hash: u64, due: i64) {
        let Db { table, wheel, .. } = self;
        let wheel =
            wheel.get_or_insert_with(|| Box::new(Wheel::new(due.min(crate::clock::now_ms()))));
        wheel.add(Note { hash, due }, |note| {
            let entry = table.find_hash(note.hash).map(|place| table.entry(place));
            entry.is_some_and(|entry| {
                entry.wheel_mark() == mark_of(note.due) && deadline(&entry).is_some()
            })
        });
    }

    /// When something may expire next, in milliseconds since 1970.
    pub fn next_due(&self) -> Option<i64> {
        self.wheel.as_ref()?.next_due()
    }

    /// Removes up to about `max` keys and fields whose time has come, handing what it removes to
    /// `gone`. Returns whether there may be more to do.
    pub fn expire(&mut self, now: i64, max: usize, mut gone: impl FnMut(Gone)) -> bool {
        let Some(wheel) = self.wheel.as_mut() else { return false };
        let mut due = Vec::new();
        let mut more = wheel.advance(now, max, &mut due);
        for note in &due {
            self.table.prefetch_bucket(note.hash);
        }
        let mut left = max.max(1);
        for note in due {
            if left == 0 {
                self.put_back(note);
                more = true;
                continue;
            }
            let Some(place) = self.table.find_hash(note.hash) else { continue };
            if self.table.entry(place).wheel_mark() != mark_of(note.due) {
                continue;
            }
            if self.table.entry(place).expiry().is_some_and(|at| at <= now) {
                gone(Gone::Key(self.remove(place)));
                left -= 1;
                continue;
            }
            let mut emptied = false;
            if let Some(fields) = self.expire_fields(place, now, left) {
                emptied = fields.emptied.is_some();
                left -= fields.names.len();
                gone(Gone::Fields(fields));
            }
            if !emptied {
                more |= self.move_on(place, note, now);
            }
        }
        more
    }

    /// Gives a note that has come due its next due time, for an entry that is still there. Returns
    /// whether that has come, too.
    fn move_on(&mut self, place: Place, note: Note, now: i64) -> bool {
        let mut entry = self.table.entry_mut(place);
        let deadline = deadline(&entry);
        match deadline {
            Some(at) if at <= now => {
                drop(entry);
                self.put_back(note);
                return true;
            }
            Some(at) => {
                entry.set_wheel_mark(mark_of(at));
                drop(entry);
                self.note(note.hash, at);
            }
            None => entry.set_wheel_mark(0),
        }
        false
    }

    fn put_back(&mut self, note: Note) {
        if let Some(wheel) = self.wheel.as_mut() {
            wheel.put_back(note);
        }
    }

    /// Removes up to `max` expired fields of the hash at `place`, and the entry with its last
    /// field. `None` if it is no hash or no field has expired.
    pub(crate) fn expire_fields(
        &mut self,
        place: Place,
        now: i64,
        max: usize,
    ) -> Option<GoneFields> {
        let now = u64::try_from(now).ok()?;
        let Payload::Value(Value::Hash(hash)) = self.table.entry(place).into_payload() else {
            return None;
        };
        if hash.next_expiry().is_none_or(|at| at >= now) {
            return None;
        }
        let Some(Value::Hash(hash)) = self.table.entry_mut(place).into_value_mut() else {
            return None;
        };
        let names = hash.take_expired(now, max);
        let empty = hash.is_empty();
        let key = self.table.entry(place).key().into();
        let emptied = empty.then(|| self.remove(place));
        Some(GoneFields { key, names, emptied })
    }

    /// Calls `visit` with entries that have an expiry, and their hashes, about in the order in
    /// which they expire, until it has had enough.
    pub(crate) fn soonest<'a>(&'a self, visit: &mut impl FnMut(EntryRef<'a, Value>, u64) -> bool) {
        let Some(wheel) = self.wheel.as_ref() else { return };
        wheel.soonest(&mut |note| match self.volatile_entry(note.hash) {
            Some(entry) => visit(entry, note.hash),
            None => true,
        });
    }

    /// Calls `visit` with some entries that have an expiry, and their hashes, at random.
    pub(crate) fn some_volatile<'a>(
        &'a self,
        wanted: usize,
        rng: &mut impl Rng,
        visit: &mut impl FnMut(EntryRef<'a, Value>, u64),
    ) {
        let Some(wheel) = self.wheel.as_ref() else { return };
        let mut found = 0;
        // Some notes mean nothing any more.
        for _ in 0..4 * wanted {
            let note = wheel.any(rng.below(wheel.len() as u64) as usize);
            if let Some((entry, hash)) =
                note.and_then(|note| Some((self.volatile_entry(note.hash)?, note.hash)))
            {
                visit(entry, hash);
                found += 1;
            }
            if found == wanted {
                return;
            }
        }
    }

    fn volatile_entry(&self, hash: u64) -> Option<EntryRef<'_, Value>> {
        let entry = self.table.entry(self.table.find_hash(hash)?);
        entry.expiry().is_some().then_some(entry)
    }

    /// Frees what an empty part keeps for the keys to come: where memory is short, it counts.
    pub(crate) fn trim(&mut self) {
        if self.table.is_empty() {
            self.wheel = None;
        }
    }

    /// About how many bytes everything here takes.
    pub(crate) fn estimated_bytes(&self) -> usize {
        const SAMPLES: usize = 32;
        let sampled = self.table.iter().take(SAMPLES);
        let sampled: usize = sampled.map(|entry| crate::keys::bytes_of(&entry)).sum();
        let entries = sampled / self.table.len().clamp(1, SAMPLES) * self.table.len();
        self.overhead_bytes() + entries
    }

    /// Bytes of tables and wheels, without the entries.
    pub fn overhead_bytes(&self) -> usize {
        self.table.bytes() + self.wheel.as_ref().map_or(0, |wheel| wheel.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyHash;
    use crate::entry::NewPayload;
    use proptest::prelude::*;
    use redpoll_types::hash::{Condition, Hash, SetExpiry, Ttl};
    use redpoll_types::limits::Limits;
    use std::collections::BTreeMap;

    /// Ahead of the clock by which a wheel is set when it is made.
    const START: i64 = 4_000_000_000_000;

    fn place(db: &Db, key: &str) -> Option<(u64, Place)> {
        let hash = KeyHash::new().of(key.as_bytes());
        db.table.find(hash, key.as_bytes()).map(|place| (hash, place))
    }

    fn hash_mut(db: &mut Db, place: Place) -> &mut Hash {
        match db.table.entry_mut(place).into_value_mut() {
            Some(Value::Hash(hash)) => hash,
            _ => panic!("all keys here hold hashes"),
        }
    }

    /// Puts a hash of `fields` that never expire at `key`.
    fn insert(db: &mut Db, key: &str, fields: &[&str], expiry: Option<i64>) {
        let mut hash = Hash::new();
        for field in fields {
            hash.set(field.as_bytes(), b"v", Ttl::Clear, 0, &Limits::default());
        }
        let entry = Entry::new(key.as_bytes(), NewPayload::Value(hash.into()), expiry);
        db.insert(KeyHash::new().of(key.as_bytes()), entry);
    }

    /// Lets a field expire at `at`, as HPEXPIREAT does; answers whether it is there.
    fn expire_field(db: &mut Db, key: &str, field: &str, at: u64, now: i64) -> bool {
        let Some((hash, place)) = place(db, key) else { return false };
        let value = hash_mut(db, place);
        let before = value.next_expiry();
        let done = value.set_expiry(field.as_bytes(), at, Condition::Always, now as u64);
        let entry = db.table.entry(place);
        let (before, after) = (earlier(entry.expiry(), before), deadline(&entry));
        db.deadline_changed(place, hash, before, after);
        done == SetExpiry::Set
    }

    /// Expires all that is due; answers the removed keys and fields.
    fn expire(db: &mut Db, now: i64, max: usize) -> (Vec<String>, Vec<(String, String)>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (mut keys, mut fields) = (Vec::new(), Vec::new());
        let take =
            |gone: Gone, keys: &mut Vec<String>, fields: &mut Vec<(String, String)>| match gone {
                Gone::Key(entry) => keys.push(text(entry.key())),
                Gone::Fields(gone) => {
                    let key = text(&gone.key);
                    fields.extend(gone.names.iter().map(|name| (key.clone(), text(name))));
                    keys.extend(gone.emptied.map(|_| key));
                }
            };
        for _ in 0..10_000 {
            if !db.expire(now, max, |gone| take(gone, &mut keys, &mut fields)) {
                return (keys, fields);
            }
        }
        panic!("always more to do");
    }

    #[test]
    fn an_expiry_that_goes_back_and_forth_gathers_no_notes() {
        let mut db = Db::new(Table::new());
        insert(&mut db, "k", &["f"], Some(START + 60_000));
        for step in 0..2_000 {
            let now = START + step * 20_000;
            let (hash, place) = place(&db, "k").expect("the key lives on");
            db.set_expiry(place, hash, Some(now + 30_000));
            db.set_expiry(place, hash, Some(now + 60_000));
            expire(&mut db, now, 10);
        }
        let notes = db.wheel.as_ref().map_or(0, |wheel| wheel.len());
        assert!(notes < 20, "{notes} notes");
    }

    #[test]
    fn many_fields_at_once_go_in_slices() {
        let mut db = Db::new(Table::new());
        let fields: Vec<String> = (0..1000).map(|number| format!("f{number}")).collect();
        let names: Vec<&str> = fields.iter().map(String::as_str).collect();
        insert(&mut db, "k", &names, None);
        for field in &names[1..] {
            assert!(expire_field(&mut db, "k", field, START as u64 + 5, START));
        }
        let mut slices = Vec::new();
        let now = START + 100;
        while db.expire(now, 100, |gone| match gone {
            Gone::Fields(fields) => slices.push(fields.names.len()),
            Gone::Key(_) => panic!("the key has a field left"),
        }) {}
        assert!(slices.iter().all(|&slice| slice <= 100), "{slices:?}");
        assert_eq!(slices.iter().sum::<usize>(), 999);
        assert_eq!(db.next_due(), None);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, Option<i64>),
        Remove(u8),
        Expire(u8, Option<i64>),
        ExpireField(u8, u8, i64),
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let time = || prop_oneof![1i64..100, 100i64..5_000, 5_000i64..500_000];
        let expiry = move || prop_oneof![Just(None), time().prop_map(Some)];
        prop::collection::vec(
            prop_oneof![
                2 => (0u8..6, expiry()).prop_map(|(key, expiry)| Step::Insert(key, expiry)),
                1 => (0u8..6).prop_map(Step::Remove),
                3 => (0u8..6, expiry()).prop_map(|(key, expiry)| Step::Expire(key, expiry)),
                6 => (0u8..6, 0u8..3, time()).prop_map(|(key, field, at)| {
                    Step::ExpireField(key, field, at)
                }),
                4 => time().prop_map(Step::Wait),
            ],
            1..120,
        )
    }

    /// A key's expiry and those of its fields.
    type Model = BTreeMap<String, (Option<i64>, BTreeMap<String, Option<i64>>)>;

    /// Takes what the database has removed out of the model, where it must be due at `now`; what
    /// stays must not be late.
    fn follow(model: &mut Model, (keys, fields): (Vec<String>, Vec<(String, String)>), now: i64) {
        for (key, field) in fields {
            let (_, held) = model.get_mut(&key).expect("a key that is there");
            let at = held.remove(&field).expect("a field that is there").expect("an expiry");
            assert!(at < now, "{key} {field} {at} {now}");
        }
        for key in keys {
            let (expiry, held) = model.remove(&key).expect("a key that is there");
            assert!(held.is_empty() || expiry.is_some_and(|at| at <= now), "{key} {now}");
        }
        for (key, (expiry, held)) in model {
            let mut times = held.values().chain([&*expiry]).flatten();
            assert!(!held.is_empty() && times.all(|&at| at > now - 34), "{key} {now}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn everything_goes_in_time(steps in steps(), max in 1usize..5) {
            let (mut db, mut model, mut now) = (Db::new(Table::new()), Model::new(), START);
            for step in steps {
                match step {
                    Step::Insert(key, expiry) => {
                        let (key, expiry) = (format!("k{key}"), expiry.map(|at| now + at));
                        if model.contains_key(&key) {
                            continue;
                        }
                        insert(&mut db, &key, &["f0", "f1", "f2"], expiry);
                        let fields = (0..3).map(|field| (format!("f{field}"), None)).collect();
                        model.insert(key, (expiry, fields));
                    }
                    Step::Remove(key) => {
                        let key = format!("k{key}");
                        if let Some((_, place)) = place(&db, &key) {
                            db.remove(place);
                        }
                        model.remove(&key);
                    }
                    Step::Expire(key, expiry) => {
                        let (key, expiry) = (format!("k{key}"), expiry.map(|at| now + at));
                        let Some((held, _)) = model.get_mut(&key) else { continue };
                        *held = expiry;
                        let (hash, place) = place(&db, &key).expect("the model has it");
                        db.set_expiry(place, hash, expiry);
                    }
                    Step::ExpireField(key, field, at) => {
                        let (key, field) = (format!("k{key}"), format!("f{field}"));
                        let held = model.get_mut(&key).and_then(|(_, held)| held.get_mut(&field));
                        if held.as_ref().is_some_and(|held| held.is_some_and(|at| at < now)) {
                            continue;
                        }
                        let found = expire_field(&mut db, &key, &field, (now + at) as u64, now);
                        prop_assert_eq!(held.is_some(), found);
                        held.into_iter().for_each(|held| *held = Some(now + at));
                    }
                    Step::Wait(millis) => {
                        now += millis;
                        follow(&mut model, expire(&mut db, now, max), now);
                    }
                }
                let volatile = model.values().filter(|(expiry, _)| expiry.is_some()).count();
                prop_assert_eq!(db.volatile, volatile);
                let next = db.next_due().unwrap_or(i64::MAX);
                for key in model.keys() {
                    let (_, place) = place(&db, key).expect("the model has it");
                    let deadline = deadline(&db.table.entry(place)).unwrap_or(i64::MAX);
                    prop_assert!(next <= deadline.saturating_add(32), "{key}: {next} {deadline}");
                }
            }
        }
    }
}
