//! The arguments of a reducer.

use super::super::AggregateError;
use super::super::compile::Columns;

/// Arguments that have not been read yet.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    reducer: &'static str,
    all: &'a [Vec<u8>],
    at: usize,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(reducer: &'static str, all: &'a [Vec<u8>]) -> Self {
        Arguments { reducer, all, at: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.all.len()
    }

    /// Takes the word, if it is next.
    pub(super) fn take(&mut self, word: &[u8]) -> bool {
        let there = self.all.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(there);
        there
    }

    /// Whether the word was the last one taken.
    pub(super) fn took(&self, word: &[u8]) -> bool {
        let last = self.at.checked_sub(1).and_then(|last| self.all.get(last));
        last.is_some_and(|last| last.eq_ignore_ascii_case(word))
    }

    pub(super) fn next(&mut self) -> Result<&'a [u8], AggregateError> {
        let missing = "Expected an argument, but none provided";
        let next = self.all.get(self.at).ok_or_else(|| self.bad(missing))?;
        self.at += 1;
        Ok(next)
    }

    /// A field's column.
    pub(super) fn column(&mut self, columns: &mut Columns<'_>) -> Result<usize, AggregateError> {
        let name = self.next()?;
        let name = name.strip_prefix(b"@").unwrap_or(name);
        columns.of(name).ok_or_else(|| AggregateError::NoReducerField(name.to_vec()))
    }

    pub(super) fn number(&mut self) -> Result<f64, AggregateError> {
        let bad = self.bad("Could not convert argument to expected type");
        parsed(self.next()?).ok_or(bad)
    }

    pub(super) fn size(&mut self) -> Result<usize, AggregateError> {
        let bad = self.bad("Could not convert argument to expected type");
        parsed(self.next()?).ok_or(bad)
    }

    /// There must be no more.
    pub(super) fn end(&self) -> Result<(), AggregateError> {
        match self.all.get(self.at) {
            None => Ok(()),
            Some(argument) => Err(AggregateError::UnknownArgument {
                argument: argument.clone(),
                position: self.at,
                reducer: self.reducer,
            }),
        }
    }

    pub(super) fn bad(&self, what: &'static str) -> AggregateError {
        AggregateError::ReducerArgument { reducer: self.reducer, what }
    }
}

fn parsed<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
