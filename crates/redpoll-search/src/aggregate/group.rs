//! GROUPBY: one row for each combination of values.

use std::collections::HashMap;

use super::random::Random;
use super::reducers::{Accumulator, Reducer};
use super::{AggregateError, Row};
use crate::expression::Value;

/// Gathers rows in groups.
#[derive(Debug)]
pub(super) struct Grouper {
    keys: Vec<usize>,
    reducers: Vec<Reducer>,
    limit: usize,
    random: Random,
    /// Where each group is; groups stay in the order in which they were met.
    places: HashMap<Vec<Value>, usize>,
    groups: Vec<(Vec<Value>, Vec<Accumulator>)>,
}

impl Grouper {
    pub(super) fn new(
        keys: Vec<usize>,
        reducers: Vec<Reducer>,
        limit: usize,
        random: Random,
    ) -> Self {
        let (places, groups) = (HashMap::new(), Vec::new());
        Grouper { keys, reducers, limit, random, places, groups }
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<(), AggregateError> {
        let mut names = Vec::with_capacity(self.keys.len());
        self.push_for(row, &mut names, 1)
    }

    /// Adds the row to every group whose first values are `names`: a field of several values puts
    /// it in a group for each. Only such fields go one level deeper, and each of them doubles what
    /// is bounded.
    fn push_for(
        &mut self,
        row: &Row,
        names: &mut Vec<Value>,
        expansion: usize,
    ) -> Result<(), AggregateError> {
        while let Some(&column) = self.keys.get(names.len()) {
            match row.get(column).cloned().unwrap_or_default() {
                Value::Array(values) if values.len() > 1 => {
                    let expansion = expansion.saturating_mul(values.len());
                    if expansion > self.limit {
                        return Err(AggregateError::TooManyGroups(self.limit));
                    }
                    let depth = names.len();
                    for value in values.iter() {
                        names.push(value.clone());
                        self.push_for(row, names, expansion)?;
                        names.truncate(depth);
                    }
                    return Ok(());
                }
                Value::Array(values) => names.push(values.first().cloned().unwrap_or_default()),
                value => names.push(value),
            }
        }
        self.add(row, names)
    }

    fn add(&mut self, row: &Row, names: &[Value]) -> Result<(), AggregateError> {
        let place = match self.places.get(names) {
            Some(place) => *place,
            None if self.groups.len() >= self.limit => {
                return Err(AggregateError::TooManyGroups(self.limit));
            }
            None => {
                let accumulators = self.reducers.iter().map(Reducer::start).collect();
                self.places.insert(names.to_vec(), self.groups.len());
                self.groups.push((names.to_vec(), accumulators));
                self.groups.len() - 1
            }
        };
        let accumulators = &mut self.groups[place].1;
        for (reducer, accumulator) in self.reducers.iter().zip(accumulators) {
            reducer.add(accumulator, row, &mut self.random);
        }
        Ok(())
    }

    /// The groups as rows: a column for each key, then one for each reducer.
    pub(super) fn finish(&mut self) -> Vec<Row> {
        self.places = HashMap::new();
        let groups = std::mem::take(&mut self.groups);
        let rows = groups.into_iter().map(|(names, accumulators)| {
            let results = self.reducers.iter().zip(accumulators);
            let results = results.map(|(reducer, accumulator)| reducer.finish(accumulator));
            let values = names.into_iter().chain(results).map(Some).collect();
            Row { values, ..Row::default() }
        });
        rows.collect()
    }
}
