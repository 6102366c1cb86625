//! The values of a query's parameters.

use std::collections::HashMap;

use super::QueryError;

/// Values by name, as PARAMS gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    values: HashMap<Vec<u8>, Vec<u8>>,
}

impl Parameters {
    /// Adds one.
    ///
    /// # Errors
    /// If there is one of this name.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), QueryError> {
        match self.values.insert(name.to_vec(), value.to_vec()) {
            None => Ok(()),
            Some(_) => Err(QueryError::DuplicateParameter(name.to_vec())),
        }
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// If there is none.
    pub fn value(&self, name: &[u8]) -> Result<&[u8], QueryError> {
        let value = self.values.get(name);
        value.map(Vec::as_slice).ok_or_else(|| QueryError::NoParameter(name.to_vec()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
