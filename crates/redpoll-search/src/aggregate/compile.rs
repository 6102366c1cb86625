//! From a plan to a pipeline: names become columns.

use std::collections::{HashMap, HashSet};

use super::arrange::{Arranger, Key};
use super::group::Grouper;
use super::pipeline::{Input, Pipeline, Stage};
use super::plan::{Arrange, Limits, Plan, Reduce, Step};
use super::reducers::{self, Reducer};
use super::{AggregateError, random::Random};
use crate::expression::Expression;

/// The columns that rows have between two steps.
pub(super) struct Columns<'a> {
    names: Vec<Box<[u8]>>,
    /// Where each name is: a command may have very many.
    places: HashMap<Box<[u8]>, usize>,
    /// The fields of documents that columns are filled with; none after a grouping.
    inputs: Option<Vec<Input>>,
    /// Which of them fills a column.
    fillers: HashMap<usize, usize>,
    load_all: bool,
    /// Whether documents may have a field of this name.
    is_field: &'a dyn Fn(&[u8]) -> bool,
}

impl Columns<'_> {
    /// The column of `name`. A document's field that nothing has named before gets one.
    pub(super) fn of(&mut self, name: &[u8]) -> Option<usize> {
        if let Some(column) = self.places.get(name) {
            return Some(*column);
        }
        let loads = self.load_all || (self.is_field)(name);
        let loaded = self.load_all;
        (self.inputs.is_some() && loads).then(|| self.load(name, name, loaded))
    }

    /// A column called `name` for the document's field `path`.
    fn load(&mut self, path: &[u8], name: &[u8], loaded: bool) -> usize {
        let column = self.named(name);
        if let Some(inputs) = &mut self.inputs {
            let next = inputs.len();
            match *self.fillers.entry(column).or_insert(next) {
                known if known < next => inputs[known].loaded |= loaded,
                _ => inputs.push(Input { path: path.into(), column, loaded }),
            }
        }
        column
    }

    /// The column called `name`, new if there is none.
    pub(super) fn named(&mut self, name: &[u8]) -> usize {
        if let Some(column) = self.places.get(name) {
            return *column;
        }
        self.names.push(name.into());
        self.places.insert(name.into(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// All columns that there are.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.names.iter().enumerate().map(|(column, name)| (column, &**name))
    }
}

impl Plan {
    /// The pipeline that carries the plan out. `is_field` tells which fields documents may have
    /// without being asked for by LOAD; `seed` decides what samples hold.
    ///
    /// # Errors
    /// If the plan names what there is not.
    pub fn compile(
        &self,
        is_field: &dyn Fn(&[u8]) -> bool,
        limits: Limits,
        seed: u64,
    ) -> Result<Pipeline, AggregateError> {
        let mut columns = Columns {
            names: Vec::new(),
            places: HashMap::new(),
            inputs: Some(Vec::new()),
            fillers: HashMap::new(),
            load_all: self.steps.contains(&Step::LoadAll),
            is_field,
        };
        let load_all = columns.load_all;
        let mut inputs = None;
        let mut stages = Vec::new();
        for step in &self.steps {
            match step {
                Step::LoadAll | Step::Load(_) if columns.inputs.is_none() => {
                    return Err(AggregateError::LoadTooLate);
                }
                Step::LoadAll => {}
                Step::Load(fields) => {
                    for (path, name) in fields {
                        columns.load(path, name, true);
                    }
                }
                Step::Apply { expression, name } => {
                    let expression = parse(expression, &mut columns)?;
                    let column = columns.named(name);
                    stages.push(Stage::Apply { expression, column });
                }
                Step::Filter(expression) => {
                    stages.push(Stage::Filter(parse(expression, &mut columns)?));
                }
                Step::Arrange(arrange) => stages.push(arranged(arrange, &mut columns, limits)?),
                Step::Group { by, reduce } => {
                    let grouper = grouped(by, reduce, &mut columns, limits, seed)?;
                    stages.push(Stage::Group(grouper));
                    inputs = inputs.or(columns.inputs.take());
                    columns.load_all = false;
                }
            }
        }
        let inputs = inputs.or(columns.inputs).unwrap_or_default();
        Ok(Pipeline::new(inputs, load_all, columns.names, stages, limits))
    }
}

fn parse(text: &[u8], columns: &mut Columns<'_>) -> Result<Expression, AggregateError> {
    Ok(Expression::parse(text, &mut |name| columns.of(name))?)
}

fn arranged(
    arrange: &Arrange,
    columns: &mut Columns<'_>,
    limits: Limits,
) -> Result<Stage, AggregateError> {
    if arrange.none {
        return Ok(Stage::Arrange(Arranger::new(Vec::new(), 0, 0)));
    }
    if arrange.keys.is_empty() {
        let left = if arrange.count == 0 { usize::MAX } else { arrange.count };
        return Ok(Stage::Limit { skip: arrange.offset, left });
    }
    let mut keys = Vec::new();
    for key in &arrange.keys {
        let column = columns.of(&key.name);
        let column = column.ok_or_else(|| AggregateError::NoSortField(key.name.clone()))?;
        keys.push(Key { column, ascending: key.ascending });
    }
    let wanted = match arrange.offset.saturating_add(arrange.count) {
        0 => 10,
        wanted => wanted.min(limits.rows),
    };
    Ok(Stage::Arrange(Arranger::new(keys, arrange.offset, wanted)))
}

/// The grouping; afterwards `columns` are those of the groups.
fn grouped(
    by: &[Vec<u8>],
    reduce: &[Reduce],
    columns: &mut Columns<'_>,
    limits: Limits,
    seed: u64,
) -> Result<Grouper, AggregateError> {
    let mut keys = Vec::new();
    for name in by {
        let column = columns.of(name);
        keys.push(column.ok_or_else(|| AggregateError::NoGroupField(name.clone()))?);
    }
    let mut built: Vec<Reducer> = Vec::new();
    for request in reduce {
        built.push(reducers::build(&request.function, &request.arguments, columns, limits)?);
    }
    let results = reduce.iter().map(|request| &request.name);
    let names: Vec<&Vec<u8>> = by.iter().chain(results).collect();
    let mut known = HashSet::new();
    if let Some(twice) = names.iter().find(|name| !known.insert(name.as_slice())) {
        return Err(AggregateError::NamedTwice(twice.to_vec()));
    }
    columns.names.clear();
    columns.places.clear();
    for name in names {
        columns.named(name);
    }
    Ok(Grouper::new(keys, built, limits.groups, Random::new(seed)))
}
