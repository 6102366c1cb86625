//! A node: the entries of a span of ids, in one listpack of Redis's own layout.
//!
//! ```text
//! head   = live | deleted | fields | name … name | 0
//! entry  = flags | ms | seq | value … value | elements                   fields as the head
//! entry  = flags | ms | seq | fields | name | value … name | value | elements       others
//! flags  = 1: deleted    2: the names are those of the head
//! ```
//!
//! `ms` and `seq` are differences from the node's id, which is that of its first entry and the key
//! in the tree. `elements` is how many elements of the listpack come before it in the entry, so
//! that a walk can go backwards. A deleted entry stays where it is until the node is emptied or
//! rewritten. RDB files and DUMP payloads hold exactly these bytes.

use super::StreamId;
use super::layout::{
    COUNT_UNKNOWN, DELETED, HEADER, SAME_FIELDS, integer, make_room, put, set_integer, skip,
    stated_count, write_entry, write_header,
};
use crate::footprint::{self, ARC_HEADER};
use crate::limits::Limits;
use crate::listpack::codec::{self, END, Encoded};
use crate::listpack::{Element, Iter};
use crate::parts::Block;
use crate::tree::Item;
use redpoll_memory::tiers;
use triomphe::Arc;

/// Largest node in bytes, whatever the configuration says: the format's lengths have 32 bits.
pub const NODE_BYTES_MAX: usize = 1 << 30;
/// The most bytes that a new node reserves ahead.
const RESERVE_MAX: usize = 4096;
/// With so many deleted entries or fewer a node is not rewritten.
const DELETED_MIN: i64 = 10;

/// A node of the log.
#[derive(Clone)]
pub(super) struct Node {
    first: StreamId,
    /// Entries that are not deleted.
    live: u32,
    /// The listpack. It has spare room only while it is the log's last.
    bytes: Arc<Vec<u8>>,
}

impl Item for Node {
    type Key = StreamId;
    const UNIT_WEIGHT: bool = false;

    fn key(&self) -> &StreamId {
        &self.first
    }

    fn weight(&self) -> u64 {
        u64::from(self.live)
    }
}

/// The numbers at the start of a node, and where things are.
#[derive(Clone, Copy)]
pub(super) struct Head {
    live: i64,
    deleted: i64,
    deleted_at: usize,
    fields: usize,
    names_at: usize,
    pub(super) entries_at: usize,
}

/// An entry as it lies in its node.
#[derive(Clone)]
pub(super) struct Raw<'a> {
    flags_at: usize,
    flags: i64,
    pub(super) id: StreamId,
    pub(super) fields: Fields<'a>,
}

impl Raw<'_> {
    pub(super) fn is_deleted(&self) -> bool {
        self.flags & DELETED != 0
    }
}

/// The fields of an entry: names and values, in the order in which they were added.
#[derive(Clone)]
pub struct Fields<'a> {
    /// The head's names; none if the names stand before the values.
    names: Option<Iter<'a>>,
    values: Iter<'a>,
    left: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Element<'a>, Element<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => names.next()?,
            None => self.values.next()?,
        };
        Some((name, self.values.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

impl Node {
    /// A node with one entry. `words` are names and values in turn, at least one pair; `reserve`
    /// is how large the node is likely to become.
    pub(super) fn new<'w>(
        id: StreamId,
        words: impl Iterator<Item = &'w [u8]> + Clone,
        reserve: usize,
    ) -> Self {
        let fields = words.clone().count() / 2;
        let size = HEADER + 16 + words.clone().map(|word| word.len() + 3).sum::<usize>();
        let size = footprint::allocated(size).max(reserve.min(RESERVE_MAX));
        let mut bytes = tiers::with_capacity(size);
        bytes.extend_from_slice(&[0; HEADER]);
        let mut count = 4 + fields;
        for number in [1, 0, fields as i64] {
            put(&mut bytes, &Encoded::integer(number));
        }
        words.clone().step_by(2).for_each(|name| put(&mut bytes, &Encoded::text(name)));
        put(&mut bytes, &Encoded::integer(0));
        count += write_entry(&mut bytes, (0, 0), words, true);
        bytes.push(END);
        write_header(&mut bytes, count);
        Node { first: id, live: 1, bytes: Arc::new(bytes) }
    }

    /// Adds an entry if there is room for it: `size` is the sum of the lengths of its words. A node
    /// without room gives its spare memory back.
    pub(super) fn push<'w>(
        &mut self,
        id: StreamId,
        words: impl Iterator<Item = &'w [u8]> + Clone,
        size: usize,
        limits: &Limits,
    ) -> bool {
        let head = self.head();
        if !self.takes(&head, size, limits) {
            if self.bytes.capacity() > self.bytes.len() {
                Arc::make_mut(&mut self.bytes).shrink_to_fit();
            }
            return false;
        }
        let same = self.has_names(&head, words.clone().step_by(2));
        let bytes = Arc::make_mut(&mut self.bytes);
        make_room(bytes, size + 32);
        bytes.pop();
        let distance =
            (id.ms.wrapping_sub(self.first.ms) as i64, id.seq.wrapping_sub(self.first.seq) as i64);
        let elements = write_entry(bytes, distance, words, same);
        bytes.push(END);
        let count = stated_count(bytes);
        let count = if count == COUNT_UNKNOWN { usize::from(count) } else { count.into() };
        write_header(bytes, count.saturating_add(elements));
        self.live += 1;
        set_integer(bytes, HEADER, i64::from(self.live));
        true
    }

    fn takes(&self, head: &Head, size: usize, limits: &Limits) -> bool {
        let max = match limits.stream_node_max_bytes {
            0 => NODE_BYTES_MAX,
            bytes => bytes.min(NODE_BYTES_MAX),
        };
        let entries = (head.live + head.deleted) as usize;
        let max_entries = limits.stream_node_max_entries;
        self.bytes.len() + size < max && (max_entries == 0 || entries < max_entries)
    }

    fn has_names<'w>(&self, head: &Head, names: impl Iterator<Item = &'w [u8]>) -> bool {
        let mut own = Iter::new(&self.bytes, head.names_at, self.end()).take(head.fields);
        for name in names {
            if !own.next().is_some_and(|element| element.eq_bytes(name)) {
                return false;
            }
        }
        own.next().is_none()
    }

    /// The node's id and its listpack.
    pub(super) fn view(&self) -> (StreamId, &[u8]) {
        (self.first, &self.bytes)
    }

    /// The number of entries that are not deleted.
    pub(super) fn live(&self) -> u64 {
        u64::from(self.live)
    }

    /// Length of the listpack.
    pub(super) fn bytes_len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        footprint::allocated(ARC_HEADER + size_of::<Vec<u8>>())
            + footprint::allocated(self.bytes.capacity())
    }

    fn end(&self) -> usize {
        self.bytes.len() - 1
    }

    pub(super) fn head(&self) -> Head {
        let bytes = &self.bytes;
        let (live, len) = integer(bytes, HEADER);
        let deleted_at = HEADER + len;
        let (deleted, len) = integer(bytes, deleted_at);
        let (fields, fields_len) = integer(bytes, deleted_at + len);
        let names_at = deleted_at + len + fields_len;
        // The names, and the zero behind them.
        let entries_at = skip(bytes, names_at, fields as usize + 1);
        Head { live, deleted, deleted_at, fields: fields as usize, names_at, entries_at }
    }

    /// The entry whose flags are at `at`.
    pub(super) fn entry(&self, head: &Head, at: usize) -> Raw<'_> {
        let (flags, len) = integer(&self.bytes, at);
        let (ms, ms_len) = integer(&self.bytes, at + len);
        let (seq, seq_len) = integer(&self.bytes, at + len + ms_len);
        let mut values_at = at + len + ms_len + seq_len;
        let (mut names, mut left) = (None, head.fields);
        if flags & SAME_FIELDS != 0 {
            names = Some(Iter::new(&self.bytes, head.names_at, head.entries_at));
        } else {
            let (fields, len) = integer(&self.bytes, values_at);
            left = fields as usize;
            values_at += len;
        }
        let values = Iter::new(&self.bytes, values_at, self.end());
        let id = StreamId::new(
            self.first.ms.wrapping_add(ms as u64),
            self.first.seq.wrapping_add(seq as u64),
        );
        Raw { flags_at: at, flags, id, fields: Fields { names, values, left } }
    }

    /// Where the entry behind `raw` begins.
    fn after(&self, raw: &Raw<'_>) -> usize {
        let values = raw.fields.left * (1 + usize::from(raw.fields.names.is_none()));
        skip(&self.bytes, raw.fields.values.position(), values + 1)
    }

    /// Where the entry begins that ends before `end`.
    fn before(&self, end: usize) -> usize {
        let mut at = codec::previous(&self.bytes, end);
        let (elements, _) = integer(&self.bytes, at);
        for _ in 0..elements {
            at = codec::previous(&self.bytes, at);
        }
        at
    }

    /// Where the first entry begins that is not before `id`. Looks from both ends in turn: readers
    /// mostly want what is new.
    fn seek(&self, head: &Head, id: StreamId) -> usize {
        let (mut front, mut back) = (head.entries_at, self.end());
        while front < back {
            let raw = self.entry(head, front);
            if raw.id >= id {
                return front;
            }
            front = self.after(&raw);
            if front < back {
                let last = self.before(back);
                if self.entry(head, last).id < id {
                    return back;
                }
                back = last;
            }
        }
        front
    }

    /// All entries, deleted ones too.
    pub(super) fn walk(&self) -> Walk<'_> {
        let head = self.head();
        Walk { node: self, head, front: head.entries_at, back: self.end() }
    }

    /// The entries from `id` on.
    pub(super) fn walk_from(&self, id: StreamId) -> Walk<'_> {
        let mut walk = self.walk();
        if id > self.first {
            walk.front = self.seek(&walk.head, id);
        }
        walk
    }

    /// The entries up to `id`.
    pub(super) fn walk_up_to(&self, id: StreamId) -> Walk<'_> {
        let mut walk = self.walk();
        if let Some(next) = id.next() {
            walk.back = self.seek(&walk.head, next);
        }
        walk
    }

    /// The id of the last entry, deleted or not.
    pub(super) fn last_id(&self) -> StreamId {
        let head = self.head();
        if head.entries_at >= self.end() {
            return self.first;
        }
        self.entry(&head, self.before(self.end())).id
    }

    /// The entry `id`, if it is there and not deleted.
    pub(super) fn find(&self, id: StreamId) -> Option<Raw<'_>> {
        let raw = self.walk_from(id).next()?;
        (raw.id == id && !raw.is_deleted()).then_some(raw)
    }

    /// Deletes the entries for which `delete` is true, in order, until it answers `None`. Returns
    /// how many.
    pub(super) fn delete_while(&mut self, mut delete: impl FnMut(StreamId) -> Option<bool>) -> u64 {
        let mut found = Vec::new();
        for raw in self.walk().filter(|raw| !raw.is_deleted()) {
            match delete(raw.id) {
                Some(true) => found.push((raw.flags_at, raw.flags)),
                Some(false) => {}
                None => break,
            }
        }
        self.delete_at(&found);
        found.len() as u64
    }

    /// Deletes the entry `id`; answers whether it was there.
    pub(super) fn delete(&mut self, id: StreamId) -> bool {
        let found = self.find(id).map(|raw| (raw.flags_at, raw.flags));
        self.delete_at(found.as_slice());
        found.is_some()
    }

    /// Marks entries, given by place and flags, as deleted.
    fn delete_at(&mut self, found: &[(usize, i64)]) {
        if found.is_empty() {
            return;
        }
        let head = self.head();
        let bytes = Arc::make_mut(&mut self.bytes);
        for &(at, flags) in found {
            set_integer(bytes, at, flags | DELETED);
        }
        // From back to front, as the numbers may change their lengths.
        let count = found.len() as i64;
        set_integer(bytes, head.deleted_at, head.deleted + count);
        self.live -= count as u32;
        set_integer(bytes, HEADER, i64::from(self.live));
    }

    /// Writes the node anew without its deleted entries, if these are the most.
    pub(super) fn tidy(&mut self) {
        let head = self.head();
        if head.deleted <= DELETED_MIN || head.deleted <= head.live {
            return;
        }
        let mut bytes = self.bytes[..head.entries_at].to_vec();
        let mut walk = self.walk();
        let mut count = 4 + head.fields;
        loop {
            let start = walk.front;
            let Some(raw) = walk.next() else { break };
            if !raw.is_deleted() {
                bytes.extend_from_slice(&self.bytes[start..walk.front]);
                count += Iter::new(&self.bytes, start, walk.front).count();
            }
        }
        bytes.push(END);
        set_integer(&mut bytes, head.deleted_at, 0);
        write_header(&mut bytes, count);
        bytes.shrink_to_fit();
        self.bytes = Arc::new(tiers::place(bytes));
    }

    /// The bytes, to be moved to another tier, unless a snapshot shares them.
    pub(super) fn part(&mut self) -> Option<Block<'_>> {
        Arc::get_mut(&mut self.bytes).map(Block::Open)
    }

    /// A node of bytes that are known to be one, with so many entries that are not deleted.
    pub(super) fn of(first: StreamId, live: u32, bytes: Vec<u8>) -> Self {
        Node { first, live, bytes: Arc::new(tiers::place(bytes)) }
    }
}

/// A walk through a node's entries, deleted ones too, from both ends.
#[derive(Clone)]
pub(super) struct Walk<'a> {
    node: &'a Node,
    head: Head,
    front: usize,
    back: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        if self.front >= self.back {
            return None;
        }
        let raw = self.node.entry(&self.head, self.front);
        self.front = self.node.after(&raw);
        Some(raw)
    }
}

impl<'a> DoubleEndedIterator for Walk<'a> {
    fn next_back(&mut self) -> Option<Raw<'a>> {
        if self.front >= self.back {
            return None;
        }
        self.back = self.node.before(self.back);
        Some(self.node.entry(&self.head, self.back))
    }
}
