//! COLLECT: the rows of a group themselves, or the first of them in an order.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::arrange::{Arranger, Key};
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
    seen: HashSet<Value>,
}

/// Rows are sorted by no more fields.
const MAX_SORT_KEYS: usize = 8;

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
            distinct: arguments.take(b"DISTINCT"),
            keys: Vec::new(),
            offset: 0,
            wanted: limits.rows,
        };
        if arguments.take(b"SORTBY") {
            collect.keys = Self::keys(&mut arguments, columns)?;
            collect.wanted = DEFAULT_LIMIT;
        }
        if arguments.take(b"LIMIT") {
            collect.offset = arguments.size()?;
            collect.wanted = collect.offset.saturating_add(arguments.size()?);
        }
        arguments.end()?;
        Ok(collect)
    }

    fn fields(
        arguments: &mut Arguments<'_>,
        columns: &mut Columns<'_>,
    ) -> Result<Named, AggregateError> {
        let mut fields = Vec::new();
        for _ in 0..arguments.size()? {
            let name = arguments.next()?;
            let name = name
                .strip_prefix(b"@")
                .ok_or_else(|| arguments.bad("Missing prefix: name requires '@' prefix"))?;
            let column = columns.of(name);
            let column = column.ok_or_else(|| AggregateError::NoReducerField(name.to_vec()))?;
            fields.push((column, name.into()));
        }
        Ok(fields)
    }

    fn keys(
        arguments: &mut Arguments<'_>,
        columns: &mut Columns<'_>,
    ) -> Result<Vec<Key>, AggregateError> {
        let mut keys: Vec<Key> = Vec::new();
        let mut left = arguments.size()?;
        while left > 0 {
            let column = arguments.column(columns)?;
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
        Collected { rows, seen: HashSet::new() }
    }

    pub(super) fn add(&self, collected: &mut Collected, row: &Row) {
        if !self.distinct || collected.seen.insert(self.entry(row)) {
            collected.rows.push(row.clone());
        }
    }

    pub(super) fn finish(&self, mut collected: Collected) -> Value {
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
