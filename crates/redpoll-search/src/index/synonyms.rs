//! Which groups of synonyms a word belongs to: the index asks, and somebody else knows.

use std::fmt;

/// Is given a word, and what to call for each of its groups.
pub(crate) type GroupsOf<'a> = dyn Fn(&[u8], &mut dyn FnMut(&[u8])) + 'a;
type Shared = dyn Fn(&[u8], &mut dyn FnMut(&[u8])) + Send + Sync;

/// Tells the groups of a word, as terms of the index.
#[derive(Default)]
pub struct Synonyms(Option<Box<Shared>>);

impl Synonyms {
    /// Groups by a function, which is given a word and what to call for each group.
    pub fn new(groups: impl Fn(&[u8], &mut dyn FnMut(&[u8])) + Send + Sync + 'static) -> Self {
        Synonyms(Some(Box::new(groups)))
    }

    /// Calls `each` for every group of a word.
    pub fn groups(&self, word: &[u8], each: &mut dyn FnMut(&[u8])) {
        if let Some(groups) = &self.0 {
            groups(word, each);
        }
    }
}

impl fmt::Debug for Synonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Synonyms").field(&self.0.is_some()).finish()
    }
}
