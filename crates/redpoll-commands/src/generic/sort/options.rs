//! SORT's options.

use super::Lookup;
use crate::prelude::*;
use std::ops::Range;

/// What to sort by.
pub enum By<'a> {
    /// The elements themselves.
    Element,
    /// Nothing: elements come as they stand.
    Nothing,
    /// What is found in another key for each element.
    Key(Lookup<'a>),
}

/// See the module's head.
pub struct Options<'a> {
    pub by: By<'a>,
    pub gets: Vec<Lookup<'a>>,
    pub descending: bool,
    pub alpha: bool,
    pub store: Option<&'a [u8]>,
    /// Whether a script asks.
    pub for_script: bool,
    /// Whether the keys that patterns lead to are read one by one, each by itself.
    pub in_pieces: bool,
    /// Whether locks are given back as soon as what they protect has been read.
    pub unlocks: bool,
    start: i64,
    count: i64,
}

impl<'a> Options<'a> {
    /// Reads the options; STORE only where the command may store.
    pub fn parse(args: Args<'a>, may_store: bool) -> Result<Self> {
        let mut options = Options {
            by: By::Element,
            gets: Vec::new(),
            descending: false,
            alpha: false,
            store: None,
            for_script: false,
            in_pieces: false,
            unlocks: false,
            start: 0,
            count: -1,
        };
        let mut words = args.iter_from(2);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(Error::Syntax);
            if parse::is(word, "ASC") {
                options.descending = false;
            } else if parse::is(word, "DESC") {
                options.descending = true;
            } else if parse::is(word, "ALPHA") {
                options.alpha = true;
            } else if parse::is(word, "LIMIT") {
                let (start, count) = (value()?, value()?);
                (options.start, options.count) = (parse::int(start)?, parse::int(count)?);
            } else if may_store && parse::is(word, "STORE") {
                options.store = Some(value()?);
            } else if parse::is(word, "BY") {
                let pattern = value()?;
                options.by = match pattern.contains(&b'*') {
                    true => By::Key(Lookup::new(pattern)),
                    false => By::Nothing,
                };
            } else if parse::is(word, "GET") {
                options.gets.push(Lookup::new(value()?));
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }

    /// Whether other keys than the one that is sorted are read.
    pub fn reads_keys(&self) -> bool {
        matches!(self.by, By::Key(_)) || self.gets.iter().any(Lookup::reads_keys)
    }

    /// The part of `len` sorted elements that LIMIT wants.
    pub fn window(&self, len: usize) -> Range<usize> {
        let start = usize::try_from(self.start).unwrap_or(0).min(len);
        let count = usize::try_from(self.count).unwrap_or(len);
        start..start.saturating_add(count).min(len)
    }
}
