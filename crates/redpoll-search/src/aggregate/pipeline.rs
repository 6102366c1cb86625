//! Rows on their way through the steps.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::arrange::Arranger;
use super::group::Grouper;
use super::plan::Limits;
use super::{AggregateError, Row};
use crate::expression::{Expression, Value};

/// A field of documents that rows need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub path: Box<[u8]>,
    /// The column that it goes into.
    pub column: usize,
}

/// Whether more rows are wanted.
pub type Flow = ControlFlow<()>;

/// A compiled aggregation, and what it has gathered.
#[derive(Debug)]
pub struct Pipeline {
    inputs: Vec<Input>,
    load_all: bool,
    columns: Columns,
    stages: Vec<Stage>,
    /// The last step that counts off a part of the rows.
    last_count: Option<usize>,
    out: Vec<Row>,
    /// How many rows have come before the last step that counts off a part of them.
    total: usize,
    limits: Limits,
}

/// One compiled step.
#[derive(Debug)]
pub(super) enum Stage {
    Apply { expression: Expression, column: usize },
    Filter(Expression),
    Group(Grouper),
    Arrange(Arranger),
    Limit { skip: usize, left: usize },
}

impl Pipeline {
    pub(super) fn new(
        inputs: Vec<Input>,
        load_all: bool,
        names: Vec<Box<[u8]>>,
        stages: Vec<Stage>,
        limits: Limits,
    ) -> Self {
        let columns = Columns(names.into());
        let counts = |stage: &Stage| matches!(stage, Stage::Arrange(_) | Stage::Limit { .. });
        let last_count = stages.iter().rposition(counts);
        let out = Vec::new();
        Pipeline { inputs, load_all, columns, stages, last_count, out, total: 0, limits }
    }

    /// Whether rows need the words by which documents were found.
    pub fn wants_terms(&self) -> bool {
        self.stages.iter().any(|stage| match stage {
            Stage::Apply { expression, .. } | Stage::Filter(expression) => {
                expression.asks_matched_terms()
            }
            _ => false,
        })
    }

    /// The fields of documents that rows need.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Whether rows need all other fields, too.
    pub fn loads_all(&self) -> bool {
        self.load_all
    }

    /// The names of the columns that the results have.
    pub fn names(&self) -> &[Box<[u8]>] {
        &self.columns.0
    }

    /// How many rows there would be without the last limit.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Takes a row, and tells whether it wants more. What it has no need to keep it leaves in the
    /// row, so that the memory can serve the next one.
    ///
    /// # Errors
    /// If an expression has no value for it, or there are too many groups.
    pub fn push(&mut self, row: &mut Row) -> Result<Flow, AggregateError> {
        self.push_from(0, row)
    }

    /// The results, once all rows have been pushed.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub fn finish(&mut self) -> Result<Vec<Row>, AggregateError> {
        for at in 0..self.stages.len() {
            let gathered = match &mut self.stages[at] {
                Stage::Group(grouper) => grouper.finish(),
                Stage::Arrange(arranger) => arranger.finish(),
                _ => continue,
            };
            for mut row in gathered {
                if self.push_from(at + 1, &mut row)?.is_break() {
                    break;
                }
            }
        }
        Ok(std::mem::take(&mut self.out))
    }

    fn push_from(&mut self, first: usize, row: &mut Row) -> Result<Flow, AggregateError> {
        let mut flow = Flow::Continue(());
        let last_count = self.last_count;
        for at in first..self.stages.len() {
            if last_count == Some(at) {
                self.total += 1;
            }
            match &mut self.stages[at] {
                Stage::Apply { expression, column } => {
                    let value = expression.evaluate(row)?;
                    row.set(*column, value);
                }
                Stage::Filter(expression) => {
                    if !expression.evaluate(row)?.is_true() {
                        return Ok(flow);
                    }
                }
                Stage::Group(grouper) => return grouper.push(row).map(|()| flow),
                Stage::Arrange(arranger) => {
                    arranger.push(std::mem::take(row));
                    return Ok(flow);
                }
                Stage::Limit { left: 0, .. } => return Ok(Flow::Break(())),
                Stage::Limit { skip, .. } if *skip > 0 => {
                    *skip -= 1;
                    return Ok(flow);
                }
                Stage::Limit { left, .. } => {
                    *left -= 1;
                    if *left == 0 {
                        flow = Flow::Break(());
                    }
                }
            }
        }
        if last_count.is_none() {
            self.total += 1;
        }
        self.out.push(std::mem::take(row));
        Ok(if self.out.len() >= self.limits.rows { Flow::Break(()) } else { flow })
    }

    /// The columns of the results.
    pub fn columns(&self) -> Columns {
        self.columns.clone()
    }
}

/// The names of the columns that results have.
#[derive(Debug, Clone)]
pub struct Columns(Arc<[Box<[u8]>]>);

impl Columns {
    /// The fields of a result, by name, those without a value left out.
    pub fn fields<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a [u8], &'a Value)> {
        let names = &self.0;
        let named =
            names.iter().enumerate().filter_map(|(column, name)| Some((&**name, row.get(column)?)));
        let others =
            row.others.iter().filter(|(name, _)| !names.iter().any(|known| **known == **name));
        named.chain(others.map(|(name, value)| (&**name, value)))
    }
}
