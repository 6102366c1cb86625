//! Numbers, points and shapes of a part that pass a test.

use super::iter::{Collector, Source};
use crate::document::{ColumnData, NumberColumn, ValueRef};
use crate::index::part::{Part, PartView};
use crate::query::{FieldId, GeoRadius, NumericRange, ShapePredicate};
use crate::shape::Shape;
use redpoll_types::geo::{self, Form, Point};

/// The circle that a query means.
pub fn circle(radius: &GeoRadius) -> geo::Shape {
    let centre = Point { longitude: radius.longitude, latitude: radius.latitude };
    geo::Shape::new(centre, Form::Circle(radius.radius_metres()))
}

/// A column of a part, if it has an order of its values.
fn column_of(view: &PartView, column: usize) -> Option<&NumberColumn> {
    match &view.part {
        Part::Segment(segment) => match segment.table.columns.get(column) {
            Some(Some(ColumnData::Number(column))) => Some(column),
            _ => None,
        },
        Part::Head(_) => None,
    }
}

/// A document's number.
fn number(view: &PartView, column: usize, doc: u32) -> Option<f64> {
    match view.value(column, doc) {
        ValueRef::Number(number) => Some(number),
        _ => None,
    }
}

/// Numbers in a range.
pub struct Numbers<'a> {
    view: &'a PartView,
    column: usize,
    range: NumericRange,
    /// Where the numbers are in the order of the column.
    places: Option<(&'a NumberColumn, std::ops::Range<usize>)>,
}

impl<'a> Numbers<'a> {
    pub fn new(view: &'a PartView, column: usize, range: NumericRange) -> Self {
        let places = column_of(view, column).map(|numbers| {
            let below = |v: f64| if range.min_inclusive { v < range.min } else { v <= range.min };
            let above = |v: f64| if range.max_inclusive { v > range.max } else { v >= range.max };
            (numbers, numbers.range(below, above))
        });
        Numbers { view, column, range, places }
    }
}

impl Source for Numbers<'_> {
    fn passes(&self, doc: u32) -> bool {
        number(self.view, self.column, doc).is_some_and(|number| self.range.contains(number))
    }

    fn cost(&self) -> u64 {
        match (&self.places, &self.view.part) {
            (Some((_, places)), _) => places.len() as u64,
            (None, Part::Head(_)) => u64::from(self.view.docs),
            (None, Part::Segment(_)) => 0,
        }
    }

    fn collect(&self, collector: &mut Collector) {
        match &self.places {
            Some((column, places)) => {
                places.clone().for_each(|place| collector.add(column.doc_at(place)));
            }
            None if matches!(self.view.part, Part::Head(_)) => {
                (0..self.view.docs).filter(|doc| self.passes(*doc)).for_each(|d| collector.add(d));
            }
            None => {}
        }
    }
}

/// Points in a circle.
pub struct Points<'a> {
    view: &'a PartView,
    column: usize,
    circle: &'a geo::Shape,
    /// Where points that may be in it are in the order of the column.
    places: Vec<std::ops::Range<usize>>,
}

impl<'a> Points<'a> {
    pub fn new(view: &'a PartView, column: usize, circle: &'a geo::Shape) -> Self {
        let places = column_of(view, column).map_or_else(Vec::new, |numbers| {
            let of = |interval: geo::Interval| {
                numbers.range(|v| v < interval.start as f64, |v| v >= interval.end as f64)
            };
            circle.intervals().map(of).collect()
        });
        Points { view, column, circle, places }
    }
}

impl Source for Points<'_> {
    fn passes(&self, doc: u32) -> bool {
        number(self.view, self.column, doc)
            .is_some_and(|score| self.circle.distance_inside(Point::from_score(score)).is_some())
    }

    fn cost(&self) -> u64 {
        match &self.view.part {
            Part::Head(_) => u64::from(self.view.docs),
            Part::Segment(_) => self.places.iter().map(|places| places.len() as u64).sum(),
        }
    }

    fn collect(&self, collector: &mut Collector) {
        let mut try_one = |doc: u32| {
            if self.passes(doc) {
                collector.add(doc);
            }
        };
        match column_of(self.view, self.column) {
            Some(column) => {
                let places = self.places.iter().flat_map(Clone::clone);
                places.for_each(|place| try_one(column.doc_at(place)));
            }
            None => (0..self.view.docs).for_each(try_one),
        }
    }
}

/// Shapes that stand so to another.
pub struct Shapes<'a> {
    view: &'a PartView,
    field: FieldId,
    predicate: ShapePredicate,
    shape: &'a Shape,
}

impl<'a> Shapes<'a> {
    pub fn new(
        view: &'a PartView,
        field: FieldId,
        predicate: ShapePredicate,
        shape: &'a Shape,
    ) -> Self {
        Shapes { view, field, predicate, shape }
    }

    fn fits(&self, shape: &Shape) -> bool {
        let may =
            self.predicate == ShapePredicate::Disjoint || shape.bounds().meet(self.shape.bounds());
        may && shape.is(self.predicate, self.shape)
    }
}

impl Source for Shapes<'_> {
    fn passes(&self, doc: u32) -> bool {
        let shape = match &self.view.part {
            Part::Head(head) => head.record(doc).and_then(|record| {
                record.shapes.iter().find(|(field, _)| *field == self.field).map(|(_, shape)| shape)
            }),
            Part::Segment(segment) => {
                let column = segment.shapes.iter().find(|column| column.field == self.field);
                column.and_then(|column| {
                    let at = column.shapes.binary_search_by_key(&doc, |(doc, _)| *doc).ok()?;
                    Some(&column.shapes[at].1)
                })
            }
        };
        shape.is_some_and(|shape| self.fits(shape))
    }

    fn cost(&self) -> u64 {
        u64::from(self.view.docs)
    }

    fn collect(&self, collector: &mut Collector) {
        self.view.for_each_shape(self.field, |doc, shape| {
            if self.fits(shape) {
                collector.add(doc);
            }
        });
    }
}
