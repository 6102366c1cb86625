//! GROUPBY: one row for each combination of values.

use std::hash::{BuildHasher, Hash, Hasher};

use ahash::RandomState;
use hashbrown::HashTable;

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
    hasher: RandomState,
    /// Where each group is, by the hash of its values; groups stay in the order in which they were
    /// met.
    places: HashTable<usize>,
    groups: Vec<Rows>,
}

/// The rows of a group.
#[derive(Debug)]
struct Rows {
    hash: u64,
    names: Vec<Value>,
    accumulators: Vec<Accumulator>,
}

/// What a document has that has no value.
const NULL: &Value = &Value::Null;

impl Grouper {
    pub(super) fn new(
        keys: Vec<usize>,
        reducers: Vec<Reducer>,
        limit: usize,
        random: Random,
    ) -> Self {
        let (hasher, places, groups) = (RandomState::new(), HashTable::new(), Vec::new());
        Grouper { keys, reducers, limit, random, hasher, places, groups }
    }

    pub(super) fn push(&mut self, row: &Row) -> Result<(), AggregateError> {
        let is_list = |column: &usize| matches!(row.get(*column), Some(Value::Array(_)));
        if self.keys.iter().any(is_list) {
            let mut names = Vec::with_capacity(self.keys.len());
            return self.push_for(row, &mut names, 1);
        }
        let Grouper { keys, hasher, places, groups, .. } = &*self;
        let names = keys.iter().map(|column| row.get(*column).unwrap_or(NULL));
        let hash = hash(hasher, names.clone());
        match find(places, groups, hash, names.clone()) {
            Some(place) => self.add(row, place),
            None => {
                let names = names.cloned().collect();
                let place = self.found(hash, names)?;
                self.add(row, place);
            }
        }
        Ok(())
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
        let hash = hash(&self.hasher, names.iter());
        let place = match find(&self.places, &self.groups, hash, names.iter()) {
            Some(place) => place,
            None => self.found(hash, names.clone())?,
        };
        self.add(row, place);
        Ok(())
    }

    /// Begins a group. Returns its place.
    fn found(&mut self, hash: u64, names: Vec<Value>) -> Result<usize, AggregateError> {
        let place = self.groups.len();
        if place >= self.limit {
            return Err(AggregateError::TooManyGroups(self.limit));
        }
        let accumulators = self.reducers.iter().map(Reducer::start).collect();
        self.groups.push(Rows { hash, names, accumulators });
        let Grouper { places, groups, .. } = self;
        places.insert_unique(hash, place, |place| groups[*place].hash);
        Ok(place)
    }

    /// Adds the row to a group.
    fn add(&mut self, row: &Row, place: usize) {
        let accumulators = &mut self.groups[place].accumulators;
        for (reducer, accumulator) in self.reducers.iter().zip(accumulators) {
            reducer.add(accumulator, row, &mut self.random);
        }
    }

    /// The groups as rows: a column for each key, then one for each reducer.
    pub(super) fn finish(&mut self) -> Vec<Row> {
        self.places = HashTable::new();
        let groups = std::mem::take(&mut self.groups);
        let rows = groups.into_iter().map(|Rows { names, accumulators, .. }| {
            let results = self.reducers.iter().zip(accumulators);
            let results = results.map(|(reducer, accumulator)| reducer.finish(accumulator));
            let values = names.into_iter().chain(results).map(Some).collect();
            Row { values, ..Row::default() }
        });
        rows.collect()
    }
}

fn hash<'v>(hasher: &RandomState, names: impl Iterator<Item = &'v Value>) -> u64 {
    let mut state = hasher.build_hasher();
    names.for_each(|name| name.hash(&mut state));
    state.finish()
}

/// The place of the group of these values.
fn find<'v>(
    places: &HashTable<usize>,
    groups: &[Rows],
    hash: u64,
    names: impl Iterator<Item = &'v Value> + Clone,
) -> Option<usize> {
    let same = |place: &usize| {
        let group = &groups[*place];
        group.hash == hash && group.names.iter().eq(names.clone())
    };
    places.find(hash, same).copied()
}
