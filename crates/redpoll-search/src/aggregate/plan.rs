//! What an aggregation is asked to do.

/// The steps of an aggregation, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `LOAD`: fields of the document, and the names that they get.
    Load(Vec<(Vec<u8>, Vec<u8>)>),
    /// `LOAD *`: all fields of the document.
    LoadAll,
    /// `GROUPBY`: one row for each combination of values.
    Group {
        /// The fields.
        by: Vec<Vec<u8>>,
        /// What is made of each group's rows.
        reduce: Vec<Reduce>,
    },
    /// `APPLY`: the value of an expression, and the name that it gets.
    Apply {
        /// The expression.
        expression: Vec<u8>,
        /// The name.
        name: Vec<u8>,
    },
    /// `FILTER`: only rows for which an expression holds.
    Filter(Vec<u8>),
    /// `SORTBY` and `LIMIT`.
    Arrange(Arrange),
}

/// A reducer as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reduce {
    /// Its name.
    pub function: Vec<u8>,
    /// Its arguments.
    pub arguments: Vec<Vec<u8>>,
    /// What its result is called.
    pub name: Vec<u8>,
}

impl Reduce {
    /// What a result is called that was not given a name.
    pub fn default_name(function: &[u8], arguments: &[Vec<u8>]) -> Vec<u8> {
        let plain = |argument: &Vec<u8>| {
            let sigils = argument.iter().take_while(|byte| **byte == b'@').count();
            argument[sigils..].to_vec()
        };
        let arguments = arguments.iter().map(plain).collect::<Vec<_>>().join(&b',');
        [b"__generated_alias", function, &arguments].concat().to_ascii_lowercase()
    }
}

/// An order, and which part of it is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrange {
    /// By what to sort; nothing: rows stay in the order in which they come.
    pub keys: Vec<SortKey>,
    /// How many rows to leave out.
    pub offset: usize,
    /// How many to keep after those; 0: ten if they are sorted, all if not.
    pub count: usize,
    /// Whether none are to be kept, only counted.
    pub none: bool,
}

/// A field to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The field.
    pub name: Vec<u8>,
    /// Whether small values come first.
    pub ascending: bool,
}

/// What an aggregation may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many groups.
    pub groups: usize,
    /// How many rows.
    pub rows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { groups: 1 << 20, rows: 1 << 31 }
    }
}
