//! What a segment keeps of its documents: names, scores, lengths, payloads and columns.

use super::columns::{ColumnData, TextColumn, ValueRef};
use crate::index::packed::Packed;

/// The numbers that documents were given when they were indexed. They only go up, in a segment and
/// from one segment to the next; a place in a segment is a number below its count.
#[derive(Debug)]
pub struct DocIds {
    first: u64,
    count: u32,
    /// Distances from the first; none if there are no gaps.
    distances: Option<Packed>,
}

impl DocIds {
    /// The ids, in ascending order.
    pub fn new(ids: &[u64]) -> Self {
        let first = ids.first().copied().unwrap_or(0);
        let last = ids.last().copied().unwrap_or(0);
        let gaps = last - first + 1 > ids.len() as u64;
        let distances = gaps.then(|| Packed::new(ids.iter().map(|id| id - first)));
        DocIds { first, count: ids.len() as u32, distances }
    }

    /// The first id.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The id of a place.
    pub fn id(&self, doc: u32) -> u64 {
        let distance = match &self.distances {
            Some(distances) => distances.get(doc as usize),
            None => u64::from(doc),
        };
        self.first + distance
    }

    /// The place of an id.
    pub fn place(&self, id: u64) -> Option<u32> {
        let distance = id.checked_sub(self.first)?;
        let Some(distances) = &self.distances else {
            return u32::try_from(distance).ok().filter(|doc| *doc < self.count);
        };
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if distances.get(middle as usize) < distance {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low < self.count && distances.get(low as usize) == distance).then_some(low)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.distances.as_ref().map_or(0, Packed::heap_bytes)
    }
}

/// The documents of a segment.
#[derive(Debug)]
pub struct DocTable {
    /// Their ids.
    pub ids: DocIds,
    /// Their names.
    pub keys: TextColumn,
    /// Their own scores; none if all are 1.
    pub scores: Option<Box<[f32]>>,
    /// Their lengths.
    pub lens: Packed,
    /// The frequencies of their most frequent terms.
    pub freq_maxes: Packed,
    /// Their payloads; none if no document has one.
    pub payloads: Option<TextColumn>,
    /// A column for each of the schema; none if no document has a value.
    pub columns: Vec<Option<ColumnData>>,
}

impl DocTable {
    /// A document's name.
    pub fn key(&self, doc: u32) -> &[u8] {
        self.keys.get(doc).unwrap_or_default()
    }

    /// A document's own score.
    pub fn score(&self, doc: u32) -> f32 {
        match &self.scores {
            Some(scores) => scores.get(doc as usize).copied().unwrap_or(1.0),
            None => 1.0,
        }
    }

    /// A document's payload.
    pub fn payload(&self, doc: u32) -> Option<&[u8]> {
        self.payloads.as_ref()?.get(doc)
    }

    /// A document's value in a column.
    pub fn value(&self, column: usize, doc: u32) -> ValueRef<'_> {
        match self.columns.get(column) {
            Some(Some(column)) => column.get(doc),
            _ => ValueRef::None,
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.ids.heap_bytes()
            + self.keys.heap_bytes()
            + self.scores.as_ref().map_or(0, |scores| scores.len() * 4)
            + self.lens.heap_bytes()
            + self.freq_maxes.heap_bytes()
            + self.payloads.as_ref().map_or(0, TextColumn::heap_bytes)
            + self.column_bytes()
    }

    /// Those of its values.
    pub fn column_bytes(&self) -> usize {
        self.columns.iter().flatten().map(ColumnData::heap_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_places() {
        for ids in [vec![7, 8, 9], vec![7, 9, 400], vec![5], vec![]] {
            let table = DocIds::new(&ids);
            for (place, id) in ids.iter().enumerate() {
                assert_eq!(table.id(place as u32), *id);
                assert_eq!(table.place(*id), Some(place as u32));
            }
            for id in [0, 6, 10, 399, 401] {
                assert_eq!(table.place(id).is_some(), ids.contains(&id), "{ids:?} {id}");
            }
        }
    }
}
