//! COLLECT: the rows of a group themselves, or the first of them in an order.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::super::arrange::{self, Arranger, Key};
use super::super::compile::Columns;
use super::super::plan::Limits;
use super::super::{AggregateError, Row};
use super::Arguments;
use crate::expression::Value;

/// Columns, and what they are called in the reply.
type Named = Vec<(usize, Arc<[u8]>)>;

/// What of the rows is wanted.
#[derive(Debug)]
pub(super) struct Collect {
    /// The columns and their names; with `all`, those that there were, and what else rows have.
    fields: Named,
    all: bool,
    distinct: bool,
    keys: Vec<Key>,
    offset: usize,
    wanted: usize,
}

/// The rows so far.
#[derive(Debug)]
pub(in super::super) struct Collected {
    rows: Arranger,
    /// With DISTINCT, the first row in the order of those that look the same, and when the first of
    /// them came.
    distinct: HashMap<Value, (usize, Row)>,
}

/// Rows are sorted by no more fields.
const MAX_SORT_KEYS: usize = 8;

/// No more fields of a row are wanted.
const MAX_FIELDS: usize = 1025;

/// A group's rows, if nothing else is said.
const DEFAULT_LIMIT: usize = 10;

impl Collect {
    pub(super) fn parse(
        mut arguments: Arguments<'_>,
        columns: &mut Columns<'_>,
        limits: Limits,
    ) -> Result<Self, AggregateError> {
        if !arguments.take(b"FIELDS") {
            return Err(arguments.bad("FIELDS is required"));
        }
        let all = arguments.take(b"*");
        let fields = match all {
            true => columns.all().map(|(column, name)| (column, name.into())).collect(),
            false => Self::fields(&mut arguments, columns)?,
        };
        let mut collect = Collect {
            fields,
            all,
            distinct: false,
            keys: Vec::new(),
            offset: 0,
            wanted: limits.rows,
        };
        let mut limit = None;
        loop {
            if !collect.distinct && arguments.take(b"DISTINCT") {
                collect.distinct = true;
            } else if collect.keys.is_empty() && arguments.take(b"SORTBY") {
                collect.keys = Self::keys(&mut arguments, columns)?;
                collect.wanted = DEFAULT_LIMIT;
            } else if limit.is_none() && arguments.take(b"LIMIT") {
                limit = Some(Self::limit(&mut arguments, limits)?);
            } else {
                break;
            }
        }
        arguments.end()?;
        if let Some((offset, count)) = limit {
            (collect.offset, collect.wanted) = (offset, offset.saturating_add(count));
        }
        Ok(collect)
    }

    /// How many rows to leave out, and how many to keep.
    fn limit(
        arguments: &mut Arguments<'_>,
        limits: Limits,
    ) -> Result<(usize, usize), AggregateError> {
        let mut number = |what, bad| match arguments.size() {
            Ok(number) if number <= limits.rows => Ok(number),
            Ok(_) => Err(AggregateError::OverLimit { what, most: limits.rows }),
            Err(_) => Err(AggregateError::Reducer(bad)),
        };
        let offset = number("offset", "LIMIT offset must be a non-negative integer")?;
        let few = "LIMIT count must be a positive integer";
        match number("count", few)? {
            0 => Err(AggregateError::Reducer(few)),
            count => Ok((offset, count)),
        }
    }

    fn fields(
        arguments: &mut Arguments<'_>,
        columns: &mut Columns<'_>,
    ) -> Result<Named, AggregateError> {
        let mut fields = Vec::new();
        let many = "Expected number of fields or `*` after FIELDS";
        let many = arguments.size().map_err(|_| AggregateError::Reducer(many))?;
        if !(1..=MAX_FIELDS).contains(&many) {
            return Err(AggregateError::Reducer("FIELDS count must be in [1, 1025]"));
        }
        for _ in 0..many {
            let few = "Not enough arguments were provided based on argument count for FIELDS";
            let name = arguments.next().map_err(|_| AggregateError::Reducer(few))?;
            let name = Self::prefixed(name)?;
            let column = columns.of(name);
            let column = column.ok_or_else(|| AggregateError::NoReducerField(name.to_vec()))?;
            fields.push((column, name.into()));
        }
        Ok(fields)
    }

    /// A field's name without its sigil, which must be there.
    fn prefixed(name: &[u8]) -> Result<&[u8], AggregateError> {
        let missing = AggregateError::Reducer("Missing prefix: name requires '@' prefix");
        name.strip_prefix(b"@").ok_or(missing)
    }

    fn keys(
        arguments: &mut Arguments<'_>,
        columns: &mut Columns<'_>,
    ) -> Result<Vec<Key>, AggregateError> {
        let mut keys: Vec<Key> = Vec::new();
        let mut left = arguments.size()?;
        while left > 0 {
            let name = Self::prefixed(arguments.next()?)?;
            let column = columns.of(name);
            let column = column.ok_or_else(|| AggregateError::NoReducerField(name.to_vec()))?;
            left -= 1;
            let mut ascending = true;
            if left > 0 && (arguments.take(b"ASC") || arguments.take(b"DESC")) {
                ascending = !arguments.took(b"DESC");
                left -= 1;
            }
            keys.push(Key { column, ascending });
            if keys.len() > MAX_SORT_KEYS {
                return Err(AggregateError::Reducer("SORTBY exceeds maximum of 8 fields"));
            }
        }
        match keys.is_empty() {
            true => Err(AggregateError::Reducer("SORTBY requires at least one sort field")),
            false => Ok(keys),
        }
    }

    pub(super) fn start(&self) -> Collected {
        let rows = Arranger::new(self.keys.clone(), self.offset, self.wanted);
        Collected { rows, distinct: HashMap::new() }
    }

    pub(super) fn add(&self, collected: &mut Collected, row: &Row) {
        if !self.distinct {
            return collected.rows.push(row.clone());
        }
        let next = collected.distinct.len();
        let known = collected.distinct.entry(self.entry(row));
        let (_, kept) = known.or_insert_with(|| (next, row.clone()));
        if arrange::compare(row, kept, &self.keys) == Ordering::Less {
            *kept = row.clone();
        }
    }

    pub(super) fn finish(&self, mut collected: Collected) -> Value {
        let mut distinct: Vec<_> = collected.distinct.into_values().collect();
        distinct.sort_unstable_by_key(|(at, _)| *at);
        distinct.into_iter().for_each(|(_, row)| collected.rows.push(row));
        Value::Array(collected.rows.finish().iter().map(|row| self.entry(row)).collect())
    }

    /// The fields of a row, by name.
    fn entry(&self, row: &Row) -> Value {
        let named = self.fields.iter().filter_map(|(column, name)| {
            Some((Value::Text(name.clone()), row.get(*column)?.clone()))
        });
        let others = row.others.iter().filter(|_| self.all);
        let others = others.map(|(name, value)| (Value::Text(name.clone()), value.clone()));
        Value::Map(named.chain(others).collect())
    }
}
