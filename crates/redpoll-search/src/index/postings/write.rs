//! Making a list.

use super::super::varint;
use super::block::Filling;
use super::stream::{write_payload, write_posting};
use super::{BLOCK, END, Format, Impact, RECORD};

/// Makes one list after the other.
#[derive(Debug)]
pub struct ListWriter {
    format: Format,
    filling: Filling,
    /// The best of the block that is being filled.
    impact: Impact,
    /// The last document of the last full block.
    before: Option<u32>,
    records: Vec<u8>,
    blocks: Vec<u8>,
    count: u32,
    position_bytes: u64,
}

impl ListWriter {
    /// A writer of lists of this format.
    pub fn new(format: Format) -> Self {
        ListWriter {
            format,
            filling: Filling::default(),
            impact: Impact::NONE,
            before: None,
            records: Vec::new(),
            blocks: Vec::new(),
            count: 0,
            position_bytes: 0,
        }
    }

    /// Bytes of positions of all lists so far.
    pub fn position_bytes(&self) -> u64 {
        self.position_bytes
    }

    /// Lists from now on have another format. No list may be under way.
    pub fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    /// Adds a posting. Documents come in ascending order, and so do positions.
    pub fn push(&mut self, doc: u32, freq: u32, mask: u128, positions: &[u32], len: u32) {
        let filling = &mut self.filling;
        filling.docs.push(doc);
        filling.freqs.push(if self.format.freqs { freq } else { 1 });
        if self.format.masks {
            filling.masks.push(mask);
        }
        if self.format.positions {
            filling.counts.push(positions.len() as u32);
            let mut last = 0;
            for position in positions {
                filling.distances.push(position - last);
                last = *position;
            }
        }
        self.impact.add(if self.format.freqs { freq } else { 1 }, len);
        self.count += 1;
        if self.filling.docs.len() == BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let bytes = self.filling.write(&mut self.blocks, self.format, self.before);
        self.position_bytes += bytes as u64;
        let last = self.filling.docs[BLOCK - 1];
        self.write_record(last);
        self.before = Some(last);
        self.impact = Impact::NONE;
        self.filling.clear();
    }

    fn write_record(&mut self, last: u32) {
        let Impact { freq_max, len_min: [once, twice, more] } = self.impact;
        for number in [last, self.blocks.len() as u32] {
            self.records.extend_from_slice(&number.to_le_bytes());
        }
        for number in [freq_max, once, twice, more] {
            self.records.extend_from_slice(&number.to_le_bytes());
        }
        debug_assert_eq!(self.records.len() % RECORD, 0);
    }

    /// Appends the list to `out` and begins the next. Returns how many postings it has.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> u32 {
        if !self.records.is_empty() {
            self.write_record(END);
        }
        out.extend_from_slice(&self.records);
        out.extend_from_slice(&self.blocks);
        self.write_rest(out);
        let rest = self.filling.distances.iter().map(|distance| varint::width(*distance));
        self.position_bytes += rest.sum::<usize>() as u64;
        self.records.clear();
        self.blocks.clear();
        self.filling.clear();
        self.before = None;
        self.impact = Impact::NONE;
        std::mem::take(&mut self.count)
    }

    fn write_rest(&self, out: &mut Vec<u8>) {
        let Filling { docs, freqs, masks, counts, distances } = &self.filling;
        let mut payload = Vec::new();
        let mut before = self.before;
        let mut at = 0;
        for (index, doc) in docs.iter().enumerate() {
            let count = counts.get(index).map_or(0, |count| *count as usize);
            let mut position = 0;
            let positions = distances[at..at + count].iter().map(|distance| {
                position += distance;
                position
            });
            at += count;
            payload.clear();
            let mask = masks.get(index).copied().unwrap_or(self.format.implied_mask);
            let once = write_payload(&mut payload, self.format, freqs[index], mask, positions);
            write_posting(out, doc - before.unwrap_or(0), once, &payload);
            before = Some(*doc);
        }
    }
}
