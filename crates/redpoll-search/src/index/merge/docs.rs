//! The documents of a merged segment.

use std::sync::Arc;

use super::DocMap;
use crate::document::{ColumnData, DocIds, DocTable, NumberColumn, TextColumn, ValueRef};
use crate::index::packed::Packed;
use crate::index::part::{Part, PartView};
use crate::index::segment::ShapeColumn;
use crate::query::FieldId;
use crate::shape::Shape;

/// The table of all documents that are not deleted.
pub fn table(views: &[PartView], columns: usize) -> DocTable {
    let live = || {
        views.iter().flat_map(|view| {
            (0..view.docs).filter(|doc| !view.deletes.contains(*doc)).map(move |doc| (view, doc))
        })
    };
    let ids: Vec<u64> = live().map(|(view, doc)| view.id(doc)).collect();
    let scores: Vec<f32> = live().map(|(view, doc)| view.score(doc)).collect();
    let lens: Vec<u32> = live().map(|(view, doc)| view.len(doc)).collect();
    let freq_maxes: Vec<u32> = live().map(|(view, doc)| view.freq_max(doc)).collect();
    let packed = |values: &[u32]| Packed::new(values.iter().map(|value| u64::from(*value)));
    let has_payloads = live().any(|(view, doc)| view.payload(doc).is_some());
    let payloads = || TextColumn::new(live().map(|(view, doc)| view.payload(doc)));
    DocTable {
        ids: DocIds::new(&ids),
        keys: TextColumn::new(live().map(|(view, doc)| Some(view.key(doc)))),
        scores: scores.iter().any(|score| *score != 1.0).then(|| scores.into()),
        lens: packed(&lens),
        freq_maxes: packed(&freq_maxes),
        payloads: has_payloads.then(payloads),
        columns: (0..columns)
            .map(|column| merge_column(live().map(|(view, doc)| view.value(column, doc))))
            .collect(),
    }
}

/// A column of these values: of numbers or of texts, whichever it has.
fn merge_column<'a>(values: impl Iterator<Item = ValueRef<'a>> + Clone) -> Option<ColumnData> {
    match values.clone().find(|value| *value != ValueRef::None)? {
        ValueRef::None => None,
        ValueRef::Number(_) => {
            let numbers = values.map(|value| match value {
                ValueRef::Number(number) => number,
                _ => f64::NAN,
            });
            Some(ColumnData::Number(NumberColumn::new(numbers.collect())))
        }
        ValueRef::Text(_) => Some(ColumnData::Text(TextColumn::new(values.map(|v| match v {
            ValueRef::Text(text) => Some(text),
            _ => None,
        })))),
    }
}

/// The shapes of all documents that are not deleted, by field.
pub fn shapes(views: &[PartView], maps: &[DocMap]) -> Vec<ShapeColumn> {
    let mut columns: Vec<ShapeColumn> = Vec::new();
    let mut add = |field: FieldId, doc: u32, shape: &Arc<Shape>| {
        let at = columns.iter().position(|column| column.field == field).unwrap_or_else(|| {
            columns.push(ShapeColumn { field, shapes: Vec::new() });
            columns.len() - 1
        });
        columns[at].shapes.push((doc, Arc::clone(shape)));
    };
    for (view, map) in views.iter().zip(maps) {
        match &view.part {
            Part::Head(head) => {
                for doc in 0..view.docs {
                    let Some(place) = map.get(doc) else { continue };
                    let shapes = head.record(doc).map_or(&[][..], |record| &record.shapes);
                    shapes.iter().for_each(|(field, shape)| add(*field, place, shape));
                }
            }
            Part::Segment(segment) => {
                for column in &segment.shapes {
                    for (doc, shape) in &column.shapes {
                        let place = map.get(*doc);
                        place.into_iter().for_each(|place| add(column.field, place, shape));
                    }
                }
            }
        }
    }
    columns
}
