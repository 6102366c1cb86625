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
    /// Whether LOAD asks for it: then it is wanted as the document has it.
    pub loaded: bool,
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
    /// How many rows have come out of each.
    passed: Vec<usize>,
    out: Vec<Row>,
    /// The step behind the last grouping: rows that come to it are counted.
    counted_at: usize,
    /// How many they are, without those that filters leave out.
    total: usize,
    /// Whether all of them are to be counted, though no more are wanted.
    counts_all: bool,
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

impl Stage {
    fn describe(&self) -> String {
        match self {
            Stage::Apply { expression, .. } => format!("Projector - {}", expression.describe()),
            Stage::Filter(expression) => format!("Filter - {}", expression.describe()),
            Stage::Group(_) => "Grouper".to_owned(),
            Stage::Arrange(_) => "Sorter".to_owned(),
            Stage::Limit { .. } => "Pager/Limiter".to_owned(),
        }
    }
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
        let passed = vec![0; stages.len()];
        let last_group = stages.iter().rposition(|stage| matches!(stage, Stage::Group(_)));
        Pipeline {
            inputs,
            load_all,
            columns,
            stages,
            passed,
            out: Vec::new(),
            counted_at: last_group.map_or(0, |group| group + 1),
            total: 0,
            counts_all: false,
            limits,
        }
    }

    /// Counts all rows or groups that there are, however few are wanted.
    pub fn count_all(&mut self) {
        self.counts_all = true;
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

    /// Whether no row can come out before the last one has gone in.
    pub fn gathers(&self) -> bool {
        self.stages.iter().any(|stage| matches!(stage, Stage::Group(_) | Stage::Arrange(_)))
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

    /// What each step does, as FT.PROFILE names it, and how many rows have come out of it.
    pub fn steps(&self) -> impl Iterator<Item = (String, usize)> {
        let stages = self.stages.iter().zip(&self.passed);
        stages.map(|(stage, passed)| (stage.describe(), *passed))
    }

    /// How many documents, or groups of the last grouping, there are, whatever part of them is
    /// wanted.
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
            self.passed[at] = gathered.len();
            let mut rows = gathered.into_iter();
            for mut row in rows.by_ref() {
                if self.push_from(at + 1, &mut row)?.is_break() {
                    break;
                }
            }
            // Groups that nobody wants any more count, too.
            if at + 1 == self.counted_at {
                self.total += rows.len();
            }
        }
        Ok(std::mem::take(&mut self.out))
    }

    fn push_from(&mut self, first: usize, row: &mut Row) -> Result<Flow, AggregateError> {
        let mut flow = Flow::Continue(());
        let (counts_all, counted_at) = (self.counts_all, self.counted_at);
        let enough = |at| match counts_all && at >= counted_at {
            true => Flow::Continue(()),
            false => Flow::Break(()),
        };
        if first == self.counted_at {
            self.total += 1;
        }
        for at in first..self.stages.len() {
            match &mut self.stages[at] {
                Stage::Apply { expression, column } => {
                    let value = expression.evaluate(row)?;
                    row.set(*column, value);
                }
                Stage::Filter(expression) => {
                    if !expression.evaluate(row)?.is_true() {
                        if at >= self.counted_at {
                            self.total -= 1;
                        }
                        return Ok(flow);
                    }
                }
                Stage::Group(grouper) => return grouper.push(row).map(|()| flow),
                Stage::Arrange(arranger) => {
                    arranger.push(std::mem::take(row));
                    return Ok(flow);
                }
                Stage::Limit { left: 0, .. } => return Ok(enough(at)),
                Stage::Limit { skip, .. } if *skip > 0 => {
                    *skip -= 1;
                    return Ok(flow);
                }
                Stage::Limit { left, .. } => {
                    *left -= 1;
                    if *left == 0 {
                        flow = enough(at);
                    }
                }
            }
            self.passed[at] += 1;
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
