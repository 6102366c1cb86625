//! GROUPBY: one row for each combination of values.

use std::collections::HashMap;
use std::sync::Arc;

use super::random::Random;
use super::reducers::{Accumulator, Reducer};
use super::{AggregateError, Row};
use crate::expression::Value;

/// Gathers rows in groups.
#[derive(Debug)]
pub(super) struct Grouper {
    keys: Vec<usize>,
    reducers: Vec<Reducer>,
    /// The columns of the groups' rows: for each key, then for each reducer.
    targets: Vec<usize>,
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
        targets: Vec<usize>,
        limit: usize,
        random: Random,
    ) -> Self {
        let (places, groups) = (HashMap::new(), Vec::new());
        Grouper { keys, reducers, targets, limit, random, places, groups }
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<(), AggregateError> {
        let mut names = Vec::with_capacity(self.keys.len());
        self.push_for(row, &mut names, 1)
    }

    /// Adds the row to every group whose first values are `names`: a field of several values puts
    /// it in a group for each.
    fn push_for(
        &mut self,
        row: &Row,
        names: &mut Vec<Value>,
        expansion: usize,
    ) -> Result<(), AggregateError> {
        let Some(&column) = self.keys.get(names.len()) else {
            return self.add(row, names);
        };
        match row.get(column).cloned().unwrap_or_default() {
            Value::Array(values) if !values.is_empty() => {
                let expansion = expansion.saturating_mul(values.len());
                if expansion > self.limit {
                    return Err(AggregateError::TooManyGroups(self.limit));
                }
                for value in values.iter() {
                    self.descend(row, names, value.clone(), expansion)?;
                }
                Ok(())
            }
            Value::Array(_) => self.descend(row, names, Value::Null, expansion),
            value => self.descend(row, names, value, expansion),
        }
    }

    fn descend(
        &mut self,
        row: &Row,
        names: &mut Vec<Value>,
        value: Value,
        expansion: usize,
    ) -> Result<(), AggregateError> {
        names.push(value);
        let result = self.push_for(row, names, expansion);
        names.pop();
        result
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

    /// The groups as rows.
    pub(super) fn finish(&mut self) -> Vec<Row> {
        self.places = HashMap::new();
        let groups = std::mem::take(&mut self.groups);
        let rows = groups.into_iter().map(|(names, accumulators)| {
            let mut row = Row { terms: Arc::default(), ..Row::default() };
            let results = self.reducers.iter().zip(accumulators);
            let results = results.map(|(reducer, accumulator)| reducer.finish(accumulator));
            for (target, value) in self.targets.iter().zip(names.into_iter().chain(results)) {
                row.set(*target, value);
            }
            row
        });
        rows.collect()
    }
}
