//! One entry of the table: header, key, and the value if it is a small string, in one allocation.
//!
//! ```text
//! | access 24 | flags 8 | key length 8 | kind 8 | inline length 16 |        8 bytes, always
//! | expiry, milliseconds since 1970                          64   |        if HAS_EXPIRY
//! | an integer, or a value of type V                              |   unless the value is inline
//! | key length 32 |                                                        if LONG_KEY
//! | key | inline value |
//! ```
//!
//! A key of 16 bytes with a value of 16 costs 40 bytes and one cache miss. Why one block and not a
//! map of two boxes: the miss on a random entry is the most expensive thing a GET does.
//!
//! The module may use `unsafe`, as no safe type has such a layout.

use redpoll_memory::tiers;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// Strings up to this length lie in the entry itself.
pub const INLINE_MAX: usize = 512;

/// Whether a string of this length lies in its entry. One that may go to far memory does not.
#[inline]
pub fn is_inline(len: usize) -> bool {
    len <= INLINE_MAX && tiers::may_lie_with_key(len)
}

const HAS_EXPIRY: u8 = 1;
const LONG_KEY: u8 = 2;
/// A string that was changed in place: Redis calls its encoding `raw`, whatever its length.
const RAW: u8 = 4;
/// The other bits: the mark of the key's note in the timing wheel.
const MARK_SHIFT: u32 = 3;

/// Marks of notes are from 0 (there is none) to this.
pub const MARK_MAX: u8 = u8::MAX >> MARK_SHIFT;

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Inline,
    Int,
    Value,
}

#[repr(C)]
struct Header {
    access: [u8; 3],
    flags: u8,
    key_len: u8,
    kind: Kind,
    /// The length of an inline string; how hot a value is (`heat`); nothing for an integer.
    extra: u16,
}

impl Header {
    /// The length of the inline string.
    #[inline(always)]
    fn inline_len(&self) -> usize {
        if self.kind == Kind::Inline { self.extra as usize } else { 0 }
    }
}

/// What an entry holds, for reading.
#[derive(Clone, Copy)]
pub enum Payload<'a, V> {
    /// A short string.
    Inline(&'a [u8]),
    /// A string that is a canonical decimal integer.
    Int(i64),
    /// Anything else.
    Value(&'a V),
}

/// What an entry is made to hold.
pub enum NewPayload<'a, V> {
    /// A string of at most [`INLINE_MAX`] bytes.
    Inline(&'a [u8]),
    /// An integer.
    Int(i64),
    /// A value of its own.
    Value(V),
}

/// An owned entry.
pub struct Entry<V> {
    block: NonNull<Header>,
    owns: PhantomData<V>,
}

// SAFETY: an entry owns its block alone, and everything in it is bytes and a `V`.
unsafe impl<V: Send> Send for Entry<V> {}
// SAFETY: a shared entry only gives out shared access to its bytes and its `V`.
unsafe impl<V: Sync> Sync for Entry<V> {}

/// Where the parts of an entry lie.
struct Shape {
    payload: usize,
    key: usize,
    inline: usize,
    size: usize,
}

impl Shape {
    fn of<V>(has_expiry: bool, kind: Kind, key_len: usize, inline_len: usize) -> Self {
        let payload = size_of::<Header>() + if has_expiry { 8 } else { 0 };
        let after = payload
            + match kind {
                Kind::Inline => 0,
                Kind::Int => size_of::<i64>(),
                Kind::Value => size_of::<V>(),
            };
        let key = after + if key_len > u8::MAX as usize { size_of::<u32>() } else { 0 };
        let inline = key + key_len;
        Shape { payload, key, inline, size: inline + inline_len }
    }

    fn layout(&self) -> Layout {
        // Cannot fail: a key has at most 512 MiB, an inline value 64 KiB.
        Layout::from_size_align(self.size, 8)
            .expect("an entry is far smaller than the address space")
    }
}

impl<V> Entry<V> {
    /// A new entry. O(key + inline value). Panics if the key exceeds 4 GiB (the protocol's limit on
    /// bulks is below that) or an inline payload [`INLINE_MAX`].
    pub fn new(key: &[u8], payload: NewPayload<'_, V>, expiry: Option<i64>) -> Self {
        const { assert!(align_of::<V>() <= 8) };
        let (kind, inline) = match &payload {
            NewPayload::Inline(bytes) => (Kind::Inline, *bytes),
            NewPayload::Int(_) => (Kind::Int, &[][..]),
            NewPayload::Value(_) => (Kind::Value, &[][..]),
        };
        assert!(inline.len() <= INLINE_MAX && u32::try_from(key.len()).is_ok());
        let shape = Shape::of::<V>(expiry.is_some(), kind, key.len(), inline.len());
        let long = key.len() > u8::MAX as usize;
        let layout = shape.layout();
        // SAFETY: the layout has at least the header's size. All writes below lie inside the block
        // by the construction of `shape`; header, expiry, integer and V are aligned as each lies at
        // a multiple of 8 and needs no more. The long length may be unaligned and is written as
        // such.
        unsafe {
            let block = alloc(layout);
            let Some(header) = NonNull::new(block.cast::<Header>()) else {
                handle_alloc_error(layout)
            };
            header.write(Header {
                access: [0; 3],
                flags: if expiry.is_some() { HAS_EXPIRY } else { 0 }
                    | if long { LONG_KEY } else { 0 },
                key_len: if long { 0 } else { key.len() as u8 },
                kind,
                extra: inline.len() as u16,
            });
            if let Some(expiry) = expiry {
                block.add(size_of::<Header>()).cast::<i64>().write(expiry);
            }
            if long {
                block.add(shape.key - 4).cast::<u32>().write_unaligned(key.len() as u32);
            }
            block.add(shape.key).copy_from_nonoverlapping(key.as_ptr(), key.len());
            block.add(shape.inline).copy_from_nonoverlapping(inline.as_ptr(), inline.len());
            match payload {
                NewPayload::Inline(_) => {}
                NewPayload::Int(value) => block.add(shape.payload).cast::<i64>().write(value),
                NewPayload::Value(value) => block.add(shape.payload).cast::<V>().write(value),
            }
            Entry { block: header, owns: PhantomData }
        }
    }

    #[inline(always)]
    fn header(&self) -> &Header {
        // SAFETY: the block is alive and starts with a header.
        unsafe { self.block.as_ref() }
    }

    #[inline(always)]
    fn header_mut(&mut self) -> &mut Header {
        // SAFETY: as above, and `self` is borrowed alone.
        unsafe { self.block.as_mut() }
    }

    #[inline(always)]
    fn at(&self, offset: usize) -> *mut u8 {
        // SAFETY: callers pass offsets of `shape`, which lie inside the block or at its end.
        unsafe { self.block.as_ptr().cast::<u8>().add(offset) }
    }

    #[inline(always)]
    fn has(&self, flag: u8) -> bool {
        self.header().flags & flag != 0
    }

    fn put(&mut self, flag: u8, on: bool) {
        let flags = &mut self.header_mut().flags;
        *flags = if on { *flags | flag } else { *flags & !flag };
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        let header = self.header();
        let mut shape = Shape::of::<V>(
            header.flags & HAS_EXPIRY != 0,
            header.kind,
            header.key_len as usize,
            header.inline_len(),
        );
        if header.flags & LONG_KEY != 0 {
            // SAFETY: a LONG_KEY entry has its 32-bit length where a short one has its key.
            let len = unsafe { self.at(shape.key).cast::<u32>().read_unaligned() } as usize;
            shape.key += 4;
            shape.inline += 4 + len;
            shape.size += 4 + len;
        }
        shape
    }

    /// The key.
    #[inline]
    pub fn key(&self) -> &[u8] {
        let shape = self.shape();
        // SAFETY: the key's bytes are initialised and lie in the block.
        unsafe { from_raw_parts(self.at(shape.key), shape.inline - shape.key) }
    }

    /// What the entry holds.
    #[inline]
    pub fn payload(&self) -> Payload<'_, V> {
        let shape = self.shape();
        // SAFETY: `kind` says what was written at the payload's place and behind the key.
        unsafe {
            match self.header().kind {
                Kind::Inline => Payload::Inline(from_raw_parts(
                    self.at(shape.inline),
                    self.header().inline_len(),
                )),
                Kind::Int => Payload::Int(self.at(shape.payload).cast::<i64>().read()),
                Kind::Value => Payload::Value(&*self.at(shape.payload).cast::<V>()),
            }
        }
    }

    /// The value of its own that the entry holds, if it holds one.
    #[inline]
    pub fn value_mut(&mut self) -> Option<&mut V> {
        let shape = self.shape();
        // SAFETY: `kind` says that a V was written there, and `self` is borrowed alone.
        (self.header().kind == Kind::Value)
            .then(|| unsafe { &mut *self.at(shape.payload).cast::<V>() })
    }

    /// Overwrites an inline string by one of the same length, or an integer by an integer, in
    /// place. Answers whether that was possible.
    #[inline]
    pub fn overwrite(&mut self, payload: &NewPayload<'_, V>) -> bool {
        let shape = self.shape();
        match (self.header().kind, payload) {
            (Kind::Inline, NewPayload::Inline(bytes))
                if bytes.len() == self.header().inline_len() =>
            {
                // SAFETY: the inline bytes are the block's last, and `self` is borrowed alone.
                unsafe { from_raw_parts_mut(self.at(shape.inline), bytes.len()) }
                    .copy_from_slice(bytes);
                true
            }
            (Kind::Int, NewPayload::Int(value)) => {
                // SAFETY: an Int entry has an aligned i64 there.
                unsafe { self.at(shape.payload).cast::<i64>().write(*value) };
                true
            }
            _ => false,
        }
    }

    /// The bytes of an inline string, to be changed in place.
    pub fn inline_mut(&mut self) -> Option<&mut [u8]> {
        let shape = self.shape();
        let len = self.header().inline_len();
        (self.header().kind == Kind::Inline)
            // SAFETY: the inline bytes are initialised, and `self` is borrowed alone.
            .then(|| unsafe { from_raw_parts_mut(self.at(shape.inline), len) })
    }

    /// When the key expires, in milliseconds since 1970.
    #[inline]
    pub fn expiry(&self) -> Option<i64> {
        // SAFETY: HAS_EXPIRY says that an aligned i64 follows the header.
        self.has(HAS_EXPIRY).then(|| unsafe { self.at(size_of::<Header>()).cast::<i64>().read() })
    }

    /// Sets or removes the expiry. Moves the entry to a new block if its shape changes: O(size)
    /// then.
    pub fn set_expiry(&mut self, expiry: Option<i64>) {
        match (self.has(HAS_EXPIRY), expiry) {
            (false, None) => {}
            (true, Some(at)) => {
                // SAFETY: HAS_EXPIRY says that an aligned i64 follows the header.
                unsafe { self.at(size_of::<Header>()).cast::<i64>().write(at) };
            }
            (false, Some(_)) | (true, None) => self.reshape(expiry),
        }
    }

    /// Rebuilds the entry with or without room for an expiry.
    fn reshape(&mut self, expiry: Option<i64>) {
        let shape = self.shape();
        let kind = self.header().kind;
        let mut new = match kind {
            Kind::Inline => {
                let Payload::Inline(bytes) = self.payload() else { unreachable!() };
                Entry::new(self.key(), NewPayload::Inline(bytes), expiry)
            }
            Kind::Int => {
                let Payload::Int(value) = self.payload() else { unreachable!() };
                Entry::new(self.key(), NewPayload::Int(value), expiry)
            }
            Kind::Value => {
                // SAFETY: the V is read once here, and the old block is marked as holding none
                // below before it is dropped, so that it is not dropped twice.
                let value = unsafe { self.at(shape.payload).cast::<V>().read() };
                Entry::new(self.key(), NewPayload::Value(value), expiry)
            }
        };
        new.copy_state(self);
        std::mem::swap(self, &mut new);
        new.free_block(shape.layout());
    }

    /// Gives the block back without dropping a V in it.
    fn free_block(self, layout: Layout) {
        // SAFETY: the block was allocated with this layout; `self` is forgotten right after.
        unsafe { dealloc(self.block.as_ptr().cast(), layout) };
        std::mem::forget(self);
    }

    /// Takes over access clock, heat and marks (not the expiry) from an entry that this one
    /// replaces.
    pub fn copy_state(&mut self, other: &Entry<V>) {
        self.header_mut().access = other.header().access;
        if let Some(heat) = other.heat() {
            self.set_heat(heat);
        }
        self.put(RAW, other.has(RAW));
        self.set_wheel_mark(other.wheel_mark());
    }

    /// The same entry at another key: expiry, access clock and encoding stay. O(key + inline
    /// value).
    pub fn rekeyed(self, key: &[u8]) -> Self {
        let (expiry, access, raw) = (self.expiry(), self.access(), self.is_raw());
        let heat = self.heat();
        let mut new = match self.payload() {
            Payload::Inline(bytes) => Entry::new(key, NewPayload::Inline(bytes), expiry),
            Payload::Int(value) => Entry::new(key, NewPayload::Int(value), expiry),
            Payload::Value(_) => {
                let Some(value) = self.into_value() else { unreachable!() };
                Entry::new(key, NewPayload::Value(value), expiry)
            }
        };
        new.set_access(access);
        new.set_raw(raw);
        if let Some(heat) = heat {
            new.set_heat(heat);
        }
        new
    }

    /// Takes the value out and frees the entry; `None` for inline strings and integers.
    pub fn into_value(self) -> Option<V> {
        let shape = self.shape();
        if self.header().kind != Kind::Value {
            return None;
        }
        // SAFETY: the V is read once; the block is then freed without dropping it.
        let value = unsafe { self.at(shape.payload).cast::<V>().read() };
        self.free_block(shape.layout());
        Some(value)
    }

    /// The 24 bits of the access clock (LRU seconds, or LFU counter and minutes).
    #[inline]
    pub fn access(&self) -> u32 {
        let [a, b, c] = self.header().access;
        u32::from_le_bytes([a, b, c, 0])
    }

    /// How hot the value is, if the entry holds one of its own.
    #[inline]
    pub(crate) fn heat(&self) -> Option<u16> {
        (self.header().kind == Kind::Value).then_some(self.header().extra)
    }

    /// Notes how hot the value is; nothing for entries that hold none.
    #[inline]
    pub(crate) fn set_heat(&mut self, heat: u16) {
        if self.header().kind == Kind::Value {
            self.header_mut().extra = heat;
        }
    }

    /// Sets the access clock; the line is left clean if nothing changes.
    #[inline]
    pub fn set_access(&mut self, clock: u32) {
        let [a, b, c, _] = clock.to_le_bytes();
        if self.header().access != [a, b, c] {
            self.header_mut().access = [a, b, c];
        }
    }

    /// Whether the string counts as `raw`.
    pub fn is_raw(&self) -> bool {
        self.has(RAW)
    }

    /// Marks the string as `raw` or not.
    pub fn set_raw(&mut self, raw: bool) {
        self.put(RAW, raw);
    }

    /// By what the key's note in the timing wheel is known; 0: there is none.
    #[inline]
    pub fn wheel_mark(&self) -> u8 {
        self.header().flags >> MARK_SHIFT
    }

    /// Sets the mark of [`Entry::wheel_mark`], at most [`MARK_MAX`].
    pub fn set_wheel_mark(&mut self, mark: u8) {
        debug_assert!(mark <= MARK_MAX);
        let flags = &mut self.header_mut().flags;
        *flags = (*flags & ((1 << MARK_SHIFT) - 1)) | (mark << MARK_SHIFT);
    }

    /// Whether time can do anything to the key: it, or a part of it, has an expiry or had one
    /// lately.
    #[inline(always)]
    pub fn is_timed(&self) -> bool {
        self.header().flags & !(LONG_KEY | RAW) != 0
    }

    /// Bytes of the block itself, without what a V owns elsewhere.
    pub fn block_bytes(&self) -> usize {
        self.shape().size
    }

    /// The entry as a bare address for a table's slot. To be turned back by [`Entry::from_raw`].
    pub(crate) fn into_raw(self) -> NonNull<u8> {
        let block = self.block.cast();
        std::mem::forget(self);
        block
    }

    /// The entry that [`Entry::into_raw`] gave away.
    ///
    /// # Safety
    /// `block` must come from `into_raw` of the same `V`, and be turned back at most once.
    pub(crate) unsafe fn from_raw(block: NonNull<u8>) -> Self {
        Entry { block: block.cast(), owns: PhantomData }
    }
}

impl<V> Drop for Entry<V> {
    fn drop(&mut self) {
        let shape = self.shape();
        // SAFETY: a Value entry holds a V that is dropped here and nowhere else; the block was
        // allocated with this very layout.
        unsafe {
            if self.header().kind == Kind::Value {
                self.at(shape.payload).cast::<V>().drop_in_place();
            }
            dealloc(self.block.as_ptr().cast(), shape.layout());
        }
    }
}

/// An entry that lies in a table, borrowed for reading.
pub struct EntryRef<'a, V> {
    entry: ManuallyDrop<Entry<V>>,
    table: PhantomData<&'a Entry<V>>,
}

impl<'a, V> EntryRef<'a, V> {
    /// The entry behind `block`.
    ///
    /// # Safety
    /// `block` must come from [`Entry::into_raw`] of the same `V`; for `'a` nobody may free or
    /// change it.
    #[inline(always)]
    pub(crate) unsafe fn borrow(block: NonNull<u8>) -> Self {
        // SAFETY: by this function's contract; the copy is never dropped as an owner.
        let entry = ManuallyDrop::new(unsafe { Entry::from_raw(block) });
        EntryRef { entry, table: PhantomData }
    }

    /// The entry's own lifetime: its block outlives this handle.
    fn long(&self) -> &'a Entry<V> {
        let entry: *const Entry<V> = &raw const *self.entry;
        // SAFETY: what `Entry`'s methods borrow is in the block, which lives and stays unchanged
        // for 'a (see `borrow`); no method hands out a reference to the handle itself.
        unsafe { &*entry }
    }

    /// The key, for as long as the table is borrowed.
    #[inline]
    pub fn into_key(self) -> &'a [u8] {
        self.long().key()
    }

    /// What it holds, for as long as the table is borrowed.
    #[inline]
    pub fn into_payload(self) -> Payload<'a, V> {
        self.long().payload()
    }
}

impl<V> Deref for EntryRef<'_, V> {
    type Target = Entry<V>;

    #[inline(always)]
    fn deref(&self) -> &Entry<V> {
        &self.entry
    }
}

/// An entry that lies in a table, borrowed for change. If a change moves its block, the table's
/// slot is corrected when the borrow ends.
pub struct EntryMut<'a, V> {
    entry: ManuallyDrop<Entry<V>>,
    slot: &'a mut u64,
    /// The bits of the slot that are no address.
    marks: u64,
}

impl<'a, V> EntryMut<'a, V> {
    /// The entry whose address is `slot` without the bits of `marks`.
    ///
    /// # Safety
    /// The address must come from [`Entry::into_raw`] of the same `V` and be owned by `slot`.
    #[inline(always)]
    pub(crate) unsafe fn borrow(slot: &'a mut u64, marks: u64, block: NonNull<u8>) -> Self {
        // SAFETY: by this function's contract; the copy is never dropped as an owner.
        let entry = ManuallyDrop::new(unsafe { Entry::from_raw(block) });
        EntryMut { entry, slot, marks }
    }

    /// The value of its own that it holds, for as long as the table is borrowed.
    #[inline]
    pub fn into_value_mut(self) -> Option<&'a mut V> {
        let mut this = ManuallyDrop::new(self);
        this.write_back();
        let value: *mut V = this.entry.value_mut()?;
        // SAFETY: the V lies in the block, which the table owns and which stays borrowed alone for
        // 'a.
        Some(unsafe { &mut *value })
    }

    /// Replaces the entry by another one of the same key, and returns the old one.
    pub fn replace(&mut self, entry: Entry<V>) -> Entry<V> {
        std::mem::replace(&mut *self.entry, entry)
    }

    fn write_back(&mut self) {
        let address = self.entry.block.as_ptr().expose_provenance() as u64;
        if *self.slot != self.marks | address {
            *self.slot = self.marks | address;
        }
    }
}

impl<V> Drop for EntryMut<'_, V> {
    #[inline]
    fn drop(&mut self) {
        self.write_back();
    }
}

impl<V> Deref for EntryMut<'_, V> {
    type Target = Entry<V>;

    #[inline(always)]
    fn deref(&self) -> &Entry<V> {
        &self.entry
    }
}

impl<V> DerefMut for EntryMut<'_, V> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Entry<V> {
        &mut self.entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn bytes(entry: &Entry<Arc<str>>) -> Vec<u8> {
        match entry.payload() {
            Payload::Inline(bytes) => bytes.to_vec(),
            Payload::Int(value) => value.to_string().into_bytes(),
            Payload::Value(value) => value.as_bytes().to_vec(),
        }
    }

    #[test]
    fn every_shape_keeps_its_parts() {
        let text: Arc<str> = "a value of its own".into();
        for key_len in [0usize, 1, 16, 255, 256, 70_000] {
            let key: Vec<u8> = (0..key_len).map(|i| i as u8).collect();
            for expiry in [None, Some(-5), Some(i64::MAX)] {
                for (payload, expected) in [
                    (NewPayload::Inline(b"".as_slice()), b"".as_slice()),
                    (NewPayload::Inline(b"0123456789abcdef"), b"0123456789abcdef"),
                    (NewPayload::Int(-42), b"-42"),
                    (NewPayload::Value(text.clone()), b"a value of its own"),
                ] {
                    let mut entry = Entry::new(&key, payload, expiry);
                    assert_eq!((entry.key(), entry.expiry()), (&key[..], expiry));
                    entry.set_access(0x00ab_cdef);
                    entry.set_raw(true);
                    entry.set_wheel_mark(MARK_MAX);
                    for changed in [Some(77), None, Some(99), Some(1), None] {
                        entry.set_expiry(changed);
                        assert_eq!((entry.key(), entry.expiry()), (&key[..], changed));
                        assert_eq!(bytes(&entry), expected);
                        assert!(entry.is_raw() && entry.access() == 0x00ab_cdef);
                        assert!(entry.wheel_mark() == MARK_MAX && entry.is_timed());
                    }
                }
            }
        }
        assert_eq!(Arc::strong_count(&text), 1, "every value was dropped once");
    }

    #[test]
    fn in_place_where_the_shape_stays() {
        let mut entry: Entry<Arc<str>> = Entry::new(b"k", NewPayload::Inline(b"abc"), None);
        assert!(entry.overwrite(&NewPayload::Inline(b"xyz")));
        assert!(!entry.overwrite(&NewPayload::Inline(b"longer")));
        assert!(!entry.overwrite(&NewPayload::Int(1)));
        assert_eq!(bytes(&entry), b"xyz");
        let entry: Entry<Arc<str>> = Entry::new(b"k", NewPayload::Value("v".into()), Some(1));
        assert_eq!(entry.into_value().as_deref(), Some("v"));
    }

    #[test]
    fn small_ones_are_small() {
        let entry: Entry<Arc<str>> =
            Entry::new(b"key:000000000001", NewPayload::Inline(b"0123456789abcdef"), None);
        assert_eq!(entry.block_bytes(), 40);
    }
}
