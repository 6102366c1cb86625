//! Reducers: what is made of the rows of a group.

mod arguments;
mod collect;
mod distinct;
mod quantile;

use std::collections::HashSet;

use self::arguments::Arguments;
use self::collect::{Collect, Collected};
use self::distinct::Sketch;
use self::quantile::Quantiles;
use super::compile::Columns;
use super::plan::Limits;
use super::random::Random;
use super::{AggregateError, Row};
use crate::expression::Value;

/// A reducer, and the column that it looks at.
#[derive(Debug)]
pub(super) struct Reducer {
    column: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Count,
    CountDistinct,
    CountDistinctish,
    Sum,
    Min,
    Max,
    Average,
    Deviation,
    Quantile { share: f64, resolution: usize },
    List,
    First,
    FirstBy { column: usize, ascending: bool },
    Sample(usize),
    Collect(Collect),
}

/// What a reducer has made of the rows so far.
#[derive(Debug)]
pub(super) enum Accumulator {
    Count(u64),
    Distinct(HashSet<u64>),
    Sketch(Sketch),
    Sum { total: f64, count: u64 },
    Extreme(f64),
    Deviation { count: f64, mean: f64, squares: f64 },
    Quantiles(Box<Quantiles>),
    List { seen: HashSet<Value>, values: Vec<Value> },
    First { value: Option<Value>, by: Value },
    Sample { seen: usize, values: Vec<Value> },
    Collected(Box<Collected>),
}

/// No sample is larger.
const MAX_SAMPLE: usize = 1000;

/// The reducer of this name with these arguments.
///
/// # Errors
/// If there is none, or the arguments are not for it.
pub(super) fn build(
    name: &[u8],
    arguments: &[Vec<u8>],
    columns: &mut Columns<'_>,
    limits: Limits,
) -> Result<Reducer, AggregateError> {
    let upper = name.to_ascii_uppercase();
    let (label, kind) = match upper.as_slice() {
        b"COUNT" => {
            if !arguments.is_empty() {
                return Err(AggregateError::Reducer("Count accepts 0 values only"));
            }
            return Ok(Reducer { column: 0, kind: Kind::Count });
        }
        b"COLLECT" => {
            let collect = Collect::parse(Arguments::new("COLLECT", arguments), columns, limits)?;
            return Ok(Reducer { column: 0, kind: Kind::Collect(collect) });
        }
        b"COUNT_DISTINCT" => ("COUNT_DISTINCT", Kind::CountDistinct),
        b"COUNT_DISTINCTISH" => ("COUNT_DISTINCTISH", Kind::CountDistinctish),
        b"SUM" => ("SUM", Kind::Sum),
        b"MIN" => ("MIN", Kind::Min),
        b"MAX" => ("MAX", Kind::Max),
        b"AVG" => ("AVG", Kind::Average),
        b"STDDEV" => ("STDDEV", Kind::Deviation),
        b"QUANTILE" => ("QUANTILE", Kind::Quantile { share: 0.0, resolution: 0 }),
        b"TOLIST" => ("TOLIST", Kind::List),
        b"FIRST_VALUE" => ("FIRST_VALUE", Kind::First),
        b"RANDOM_SAMPLE" => ("RANDOM_SAMPLE", Kind::Sample(0)),
        _ => return Err(AggregateError::NoReducer(name.to_vec())),
    };
    let mut arguments = Arguments::new(label, arguments);
    let column = arguments.column(columns)?;
    let kind = with_arguments(kind, &mut arguments, columns)?;
    arguments.end()?;
    Ok(Reducer { column, kind })
}

/// The kind with what follows the field's name.
fn with_arguments(
    kind: Kind,
    arguments: &mut Arguments<'_>,
    columns: &mut Columns<'_>,
) -> Result<Kind, AggregateError> {
    Ok(match kind {
        Kind::Quantile { .. } => {
            let share = arguments.number()?;
            if !(0.0..=1.0).contains(&share) {
                let what = "Percentage must be between 0.0 and 1.0";
                return Err(AggregateError::Reducer(what));
            }
            let resolution = match arguments.is_empty() {
                true => 500,
                false => arguments.size()?,
            };
            if !(1..=MAX_SAMPLE).contains(&resolution) {
                return Err(AggregateError::Reducer("Invalid resolution"));
            }
            Kind::Quantile { share, resolution }
        }
        Kind::First if arguments.take(b"BY") => {
            let column = arguments.column(columns)?;
            let ascending = arguments.take(b"ASC") || !arguments.take(b"DESC");
            Kind::FirstBy { column, ascending }
        }
        Kind::Sample(_) => match arguments.size()? {
            size if size > MAX_SAMPLE => {
                return Err(AggregateError::Reducer("Sample size too large"));
            }
            size => Kind::Sample(size),
        },
        kind => kind,
    })
}

impl Reducer {
    /// What it starts with.
    pub(super) fn start(&self) -> Accumulator {
        match &self.kind {
            Kind::Count => Accumulator::Count(0),
            Kind::CountDistinct => Accumulator::Distinct(HashSet::new()),
            Kind::CountDistinctish => Accumulator::Sketch(Sketch::default()),
            Kind::Sum | Kind::Average => Accumulator::Sum { total: 0.0, count: 0 },
            Kind::Min => Accumulator::Extreme(f64::INFINITY),
            Kind::Max => Accumulator::Extreme(f64::NEG_INFINITY),
            Kind::Deviation => Accumulator::Deviation { count: 0.0, mean: 0.0, squares: 0.0 },
            Kind::Quantile { resolution, .. } => {
                Accumulator::Quantiles(Box::new(Quantiles::new(*resolution)))
            }
            Kind::List => Accumulator::List { seen: HashSet::new(), values: Vec::new() },
            Kind::First | Kind::FirstBy { .. } => {
                Accumulator::First { value: None, by: Value::Null }
            }
            Kind::Sample(_) => Accumulator::Sample { seen: 0, values: Vec::new() },
            Kind::Collect(collect) => Accumulator::Collected(Box::new(collect.start())),
        }
    }

    /// Adds a row.
    pub(super) fn add(&self, accumulator: &mut Accumulator, row: &Row, random: &mut Random) {
        match accumulator {
            Accumulator::Count(count) => {
                *count += 1;
                return;
            }
            Accumulator::First { value, by } => return self.add_first(value, by, row),
            Accumulator::Collected(collected) => {
                if let Kind::Collect(collect) = &self.kind {
                    collect.add(collected, row);
                }
                return;
            }
            _ => {}
        }
        let Some(value) = row.get(self.column) else { return };
        match accumulator {
            Accumulator::Distinct(_) | Accumulator::Sketch(_) if matches!(value, Value::Null) => {}
            Accumulator::Distinct(seen) => {
                seen.insert(distinct::hash(value));
            }
            Accumulator::Sketch(sketch) => sketch.add(distinct::hash(value)),
            Accumulator::Sum { total, count } => {
                if let Some(number) = value.number() {
                    *total += number;
                    *count += 1;
                }
            }
            Accumulator::Extreme(extreme) => {
                if let Some(number) = value.number() {
                    let least = matches!(self.kind, Kind::Min);
                    *extreme = if least { extreme.min(number) } else { extreme.max(number) };
                }
            }
            Accumulator::Deviation { count, mean, squares } => each_number(value, |number| {
                // Welford's way: it loses no digits where values are large and close together.
                *count += 1.0;
                let before = number - *mean;
                *mean += before / *count;
                *squares += before * (number - *mean);
            }),
            Accumulator::Quantiles(quantiles) => each_number(value, |number| quantiles.add(number)),
            Accumulator::List { seen, values } => each_value(value, |value| {
                if seen.insert(value.clone()) {
                    values.push(value.clone());
                }
            }),
            Accumulator::Sample { seen, values } => self.add_sample(seen, values, value, random),
            Accumulator::Count(_) | Accumulator::First { .. } | Accumulator::Collected(_) => {}
        }
    }

    fn add_first(&self, first: &mut Option<Value>, by: &mut Value, row: &Row) {
        let value = row.get(self.column).cloned().unwrap_or_default();
        let Kind::FirstBy { column, ascending } = self.kind else {
            first.get_or_insert(value);
            return;
        };
        let key = row.get(column).cloned().unwrap_or_default();
        let better = match (&first, &*by, &key) {
            (None, _, _) => true,
            (_, _, Value::Null) => false,
            (_, Value::Null, _) => true,
            _ if ascending => key.order(by).is_lt(),
            _ => key.order(by).is_gt(),
        };
        if better {
            *first = Some(value);
            *by = key;
        }
    }

    /// Every row has the same chance to be in the sample.
    fn add_sample(
        &self,
        seen: &mut usize,
        values: &mut Vec<Value>,
        value: &Value,
        random: &mut Random,
    ) {
        let Kind::Sample(size) = self.kind else { return };
        *seen += 1;
        if values.len() < size {
            values.push(value.clone());
        } else {
            let at = random.below(*seen);
            if at < size {
                values[at] = value.clone();
            }
        }
    }

    /// What it has come to.
    pub(super) fn finish(&self, accumulator: Accumulator) -> Value {
        match accumulator {
            Accumulator::Count(count) => Value::Number(count as f64),
            Accumulator::Distinct(seen) => Value::Number(seen.len() as f64),
            Accumulator::Sketch(sketch) => Value::Number(sketch.count() as f64),
            Accumulator::Sum { count: 0, .. } => Value::Number(f64::NAN),
            Accumulator::Sum { total, count } => Value::Number(match self.kind {
                Kind::Average => total / count as f64,
                _ => total,
            }),
            Accumulator::Extreme(extreme) => Value::Number(extreme),
            Accumulator::Deviation { count, squares, .. } => {
                let variance = if count > 1.0 { squares / (count - 1.0) } else { 0.0 };
                Value::Number(variance.sqrt())
            }
            Accumulator::Quantiles(mut quantiles) => match self.kind {
                Kind::Quantile { share, .. } => Value::Number(quantiles.at(share)),
                _ => Value::Null,
            },
            Accumulator::List { values, .. } | Accumulator::Sample { values, .. } => {
                Value::Array(values.into())
            }
            Accumulator::First { value, .. } => value.unwrap_or_default(),
            Accumulator::Collected(collected) => match &self.kind {
                Kind::Collect(collect) => collect.finish(*collected),
                _ => Value::Null,
            },
        }
    }
}

/// The value, or each of several.
fn each_value(value: &Value, mut each: impl FnMut(&Value)) {
    match value {
        Value::Array(values) => values.iter().for_each(each),
        value => each(value),
    }
}

fn each_number(value: &Value, mut each: impl FnMut(f64)) {
    each_value(value, |value| {
        if let Some(number) = value.number() {
            each(number);
        }
    });
}
