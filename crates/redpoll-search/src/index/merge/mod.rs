//! Making one segment of neighbouring parts: of heads that are full, and of segments that are small
//! or hold much that is deleted.
//!
//! The parts stay as they are meanwhile, and are searched. Documents keep their order, and so the
//! order of their ids.

mod docs;
mod source;

use super::dict::{DictWriter, TEXT, TermInfo, is_word};
use super::part::{Part, PartView};
use super::postings::{BLOCK, END, Format, ListWriter, Postings};
use super::segment::Segment;
use super::suffix::{SuffixFields, SuffixIndex};
use super::tally::Tally;
use source::Source;

/// Where the documents of one part have gone.
#[derive(Debug)]
pub struct DocMap {
    base: u32,
    /// The new number of each document, [`END`] for none; nothing if all are kept.
    places: Option<Vec<u32>>,
}

impl DocMap {
    fn new(view: &PartView, base: u32) -> Self {
        if view.deletes.count() == 0 {
            return DocMap { base, places: None };
        }
        let mut next = base;
        let places = (0..view.docs).map(|doc| {
            if view.deletes.contains(doc) {
                return END;
            }
            next += 1;
            next - 1
        });
        DocMap { base, places: Some(places.collect()) }
    }

    /// The new number of a document.
    #[inline]
    pub fn get(&self, doc: u32) -> Option<u32> {
        match &self.places {
            None => Some(self.base + doc),
            Some(places) => places.get(doc as usize).copied().filter(|place| *place != END),
        }
    }
}

/// The segment that these parts make, and where their documents have gone.
pub fn merge(
    views: &[PartView],
    columns: usize,
    suffix_fields: &SuffixFields,
) -> (Segment, Vec<DocMap>) {
    let mut base = 0;
    let mut maps = Vec::with_capacity(views.len());
    for view in views {
        maps.push(DocMap::new(view, base));
        base += view.live();
    }
    let table = docs::table(views, columns);
    let shapes = docs::shapes(views, &maps);
    let format = views.iter().map(format_of).reduce(Format::union).unwrap_or(Format::DOCS);
    let mut terms = TermMerger {
        maps: &maps,
        lens: &table.lens,
        format,
        writer: ListWriter::new(format),
        dict: DictWriter::default(),
        lists: Vec::new(),
        positions: Vec::new(),
        suffix_fields,
        suffix_keys: Vec::new(),
        suffix_ends: Vec::new(),
        tally: Tally::default(),
    };
    terms.run(views);
    let TermMerger { writer, dict, lists, suffix_keys, suffix_ends, mut tally, .. } = terms;
    tally.position_bytes = writer.position_bytes();
    tally.list_bytes = lists.len() as u64;
    let suffixes = SuffixIndex::new(suffix_fields.clone(), suffix_keys, &suffix_ends);
    let (dict, lists) = (dict.finish(), lists.into());
    let segment = Segment { docs: base, format, dict, lists, table, suffixes, shapes, tally };
    (segment, maps)
}

fn format_of(view: &PartView) -> Format {
    match &view.part {
        Part::Head(head) => head.format(),
        Part::Segment(segment) => segment.format,
    }
}

/// Goes through the terms of all parts in order.
struct TermMerger<'a> {
    maps: &'a [DocMap],
    lens: &'a super::packed::Packed,
    format: Format,
    writer: ListWriter,
    dict: DictWriter,
    lists: Vec<u8>,
    positions: Vec<u32>,
    suffix_fields: &'a SuffixFields,
    suffix_keys: Vec<u8>,
    suffix_ends: Vec<u64>,
    tally: Tally,
}

impl TermMerger<'_> {
    fn run(&mut self, views: &[PartView]) {
        let mut sources: Vec<Source<'_>> = views.iter().map(Source::new).collect();
        let mut key = Vec::new();
        while let Some(least) = sources.iter().filter_map(Source::key).min() {
            key.clear();
            key.extend_from_slice(least);
            let is_text = key.first() == Some(&TEXT);
            self.writer.set_format(if is_text { self.format } else { Format::DOCS });
            for (index, source) in sources.iter_mut().enumerate() {
                if source.key() == Some(&key) {
                    self.add(source.postings(), index);
                    source.step();
                }
            }
            self.finish(&key);
        }
    }

    fn add(&mut self, mut list: Postings<'_>, part: usize) {
        let map = &self.maps[part];
        while list.doc() != END {
            if let Some(doc) = map.get(list.doc()) {
                self.positions.clear();
                list.positions(&mut self.positions);
                let len = self.lens.get(doc as usize) as u32;
                self.tally.positions += self.positions.len() as u64;
                let (freq, mask) = (list.freq(), list.mask());
                self.writer.push(doc, freq, mask, &self.positions, len);
            }
            list.step();
        }
    }

    /// Counts a term of `count` documents that takes so many bytes of the dictionary.
    fn count(&mut self, key: &[u8], count: u32, bytes: usize) {
        self.tally.records += u64::from(count);
        self.tally.blocks += u64::from(count).div_ceil(BLOCK as u64);
        let dict = match key.first() {
            Some(&TEXT) => &mut self.tally.word_bytes,
            _ => &mut self.tally.tag_bytes,
        };
        *dict += bytes as u64;
    }

    fn finish(&mut self, key: &[u8]) {
        let start = self.lists.len();
        let count = self.writer.finish(&mut self.lists);
        if count > 0 {
            let len = (self.lists.len() - start) as u32;
            let before = self.dict.len_bytes();
            self.dict.push(key, TermInfo { count, start: start as u64, len });
            self.count(key, count, self.dict.len_bytes() - before);
            if self.suffix_fields.covers(key) && is_word(key) {
                self.suffix_keys.extend_from_slice(key);
                self.suffix_ends.push(self.suffix_keys.len() as u64);
            }
        }
    }
}
