//! Values of a part's documents, by document: to sort by, to look up, and for numbers to find
//! ranges.

use crate::index::packed::Packed;

/// A value of a column.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// The document has none.
    #[default]
    None,
    /// A number, never NaN.
    Number(f64),
    /// A byte string.
    Text(Box<[u8]>),
}

/// A value of a column, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// The document has none.
    None,
    /// A number, never NaN.
    Number(f64),
    /// A byte string.
    Text(&'a [u8]),
}

impl Value {
    /// The same, borrowed.
    pub fn borrow(&self) -> ValueRef<'_> {
        match self {
            Value::None => ValueRef::None,
            Value::Number(number) => ValueRef::Number(*number),
            Value::Text(text) => ValueRef::Text(text),
        }
    }
}

impl ValueRef<'_> {
    /// The same, owned.
    pub fn to_value(self) -> Value {
        match self {
            ValueRef::None => Value::None,
            ValueRef::Number(number) => Value::Number(number),
            ValueRef::Text(text) => Value::Text(text.into()),
        }
    }
}

/// The numbers of a part's documents, and the documents in the order of their numbers.
#[derive(Debug)]
pub struct NumberColumn {
    values: Numbers,
    /// The documents that have a number, by number and then by document.
    order: Packed,
}

#[derive(Debug)]
enum Numbers {
    /// Whole numbers, as distances from the least, less one; zero for none.
    Whole { least: i64, packed: Packed },
    /// Any numbers; NaN for none.
    Any(Box<[f64]>),
}

/// Whole numbers below this are told apart by a double.
const WHOLE_MAX: f64 = (1u64 << 53) as f64;

impl NumberColumn {
    /// A column of these values, NaN for none.
    pub fn new(values: Vec<f64>) -> Self {
        let mut order: Vec<u32> =
            (0..values.len() as u32).filter(|doc| !values[*doc as usize].is_nan()).collect();
        order.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
        let order = Packed::new(order.iter().map(|doc| u64::from(*doc)));
        NumberColumn { values: Numbers::new(values), order }
    }

    /// The number of a document, NaN for none.
    #[inline]
    pub fn get(&self, doc: u32) -> f64 {
        match &self.values {
            Numbers::Whole { least, packed } => match packed.get(doc as usize) {
                0 => f64::NAN,
                distance => (least + (distance - 1) as i64) as f64,
            },
            Numbers::Any(values) => values.get(doc as usize).copied().unwrap_or(f64::NAN),
        }
    }

    /// Which places of the order hold the numbers that are not below the one and not above the
    /// other, as told by `below` and `above`.
    pub fn range(
        &self,
        below: impl Fn(f64) -> bool,
        above: impl Fn(f64) -> bool,
    ) -> std::ops::Range<usize> {
        let start = self.partition(below);
        let end = self.partition(|value| !above(value));
        start..end.max(start)
    }

    /// The document at a place of the order.
    #[inline]
    pub fn doc_at(&self, place: usize) -> u32 {
        self.order.get(place) as u32
    }

    fn partition(&self, is_before: impl Fn(f64) -> bool) -> usize {
        let (mut low, mut high) = (0, self.order.len());
        while low < high {
            let middle = (low + high) / 2;
            if is_before(self.get(self.doc_at(middle))) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let values = match &self.values {
            Numbers::Whole { packed, .. } => packed.heap_bytes(),
            Numbers::Any(values) => values.len() * 8,
        };
        values + self.order.heap_bytes()
    }
}

impl Numbers {
    fn new(values: Vec<f64>) -> Self {
        let present = || values.iter().copied().filter(|value| !value.is_nan());
        let whole = present().all(|value| value.fract() == 0.0 && value.abs() < WHOLE_MAX);
        if !whole {
            return Numbers::Any(values.into());
        }
        let least = present().fold(f64::INFINITY, f64::min);
        let least = if least.is_finite() { least as i64 } else { 0 };
        let packed =
            Packed::new(
                values.iter().map(|value| {
                    if value.is_nan() { 0 } else { (*value as i64 - least) as u64 + 1 }
                }),
            );
        Numbers::Whole { least, packed }
    }
}

/// The byte strings of a part's documents.
#[derive(Debug, Default)]
pub struct TextColumn {
    bytes: Box<[u8]>,
    /// Where each document's string ends, twice; plus one if it has one.
    ends: Packed,
}

impl TextColumn {
    /// A column of these strings.
    pub fn new<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Self {
        let mut bytes = Vec::new();
        let mut ends: Vec<u64> = Vec::new();
        for value in values {
            bytes.extend_from_slice(value.unwrap_or_default());
            ends.push(bytes.len() as u64 * 2 + u64::from(value.is_some()));
        }
        TextColumn { bytes: bytes.into(), ends: Packed::new(ends.iter().copied()) }
    }

    /// The string of a document.
    #[inline]
    pub fn get(&self, doc: u32) -> Option<&[u8]> {
        let end = self.ends.get(doc as usize);
        if end & 1 == 0 {
            return None;
        }
        let start = match doc {
            0 => 0,
            _ => self.ends.get(doc as usize - 1) / 2,
        };
        self.bytes.get(start as usize..(end / 2) as usize)
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.bytes.len() + self.ends.heap_bytes()
    }
}

/// One column of a segment.
#[derive(Debug)]
pub enum ColumnData {
    /// Numbers, or points as numbers.
    Number(NumberColumn),
    /// Byte strings.
    Text(TextColumn),
}

impl ColumnData {
    /// The value of a document.
    pub fn get(&self, doc: u32) -> ValueRef<'_> {
        match self {
            ColumnData::Number(column) => match column.get(doc) {
                number if number.is_nan() => ValueRef::None,
                number => ValueRef::Number(number),
            },
            ColumnData::Text(column) => column.get(doc).map_or(ValueRef::None, ValueRef::Text),
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            ColumnData::Number(column) => column.heap_bytes(),
            ColumnData::Text(column) => column.heap_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(column: &NumberColumn, min: f64, max: f64) -> Vec<u32> {
        let range = column.range(|v| v < min, |v| v > max);
        range.map(|place| column.doc_at(place)).collect()
    }

    #[test]
    fn ranges_of_numbers_are_found() {
        for scale in [1.0, 0.5] {
            let values = vec![5.0 * scale, f64::NAN, -3.0 * scale, 5.0 * scale, 9.0 * scale];
            let column = NumberColumn::new(values);
            assert_eq!(column.get(2), -3.0 * scale);
            assert!(column.get(1).is_nan() && column.get(99).is_nan());
            assert_eq!(found(&column, f64::NEG_INFINITY, f64::INFINITY), [2, 0, 3, 4]);
            assert_eq!(found(&column, 5.0 * scale, 5.0 * scale), [0, 3]);
            assert_eq!(found(&column, 6.0, 5.0), [0; 0]);
        }
        let column = NumberColumn::new(vec![f64::INFINITY, -1.0, f64::NEG_INFINITY, 2e300]);
        assert_eq!(found(&column, f64::NEG_INFINITY, f64::INFINITY), [2, 1, 3, 0]);
        let none = NumberColumn::new(vec![f64::NAN]);
        assert_eq!(found(&none, f64::NEG_INFINITY, f64::INFINITY), [0; 0]);
    }

    #[test]
    fn strings_are_found_and_an_empty_one_is_one() {
        let values: [Option<&[u8]>; 4] = [Some(b"a"), None, Some(b""), Some(b"bc")];
        let column = TextColumn::new(values.into_iter());
        for (doc, value) in values.into_iter().enumerate() {
            assert_eq!(column.get(doc as u32), value);
        }
        assert_eq!(column.get(4), None);
    }
}
