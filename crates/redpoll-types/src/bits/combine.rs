//! Several strings combined bit by bit.
//!
//! The sources are folded into one result one after the other, as if all were as long as the
//! longest, zeros behind their ends. The operations that set the first source against the others
//! keep it apart until the end.

/// What BITOP does with its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Bits that all sources have.
    And,
    /// Bits that any source has.
    Or,
    /// Bits that an odd number of sources has.
    Xor,
    /// Bits that the one source has not.
    Not,
    /// Bits of the first source that no other has.
    Diff,
    /// Bits that any other source has, but not the first.
    Diff1,
    /// Bits of the first source that any other has, too.
    AndOr,
    /// Bits that exactly one source has.
    One,
}

impl Operation {
    /// All operations by their names.
    pub const NAMES: &'static [(&'static str, Operation)] = &[
        ("AND", Operation::And),
        ("OR", Operation::Or),
        ("XOR", Operation::Xor),
        ("NOT", Operation::Not),
        ("DIFF", Operation::Diff),
        ("DIFF1", Operation::Diff1),
        ("ANDOR", Operation::AndOr),
        ("ONE", Operation::One),
    ];

    /// Whether the first source stands against all others.
    pub fn has_sides(self) -> bool {
        matches!(self, Operation::Diff | Operation::Diff1 | Operation::AndOr)
    }
}

/// A result that grows source by source.
pub struct Fold {
    operation: Operation,
    /// What the sources seen so far come to.
    result: Vec<u8>,
    /// The first source of operations with sides; for `One`, bits that any source has had.
    aside: Vec<u8>,
    sources: usize,
}

impl Fold {
    /// Nothing seen yet.
    pub fn new(operation: Operation) -> Self {
        Fold { operation, result: Vec::new(), aside: Vec::new(), sources: 0 }
    }

    /// Adds the next source. O(length).
    pub fn add(&mut self, source: &[u8]) {
        self.sources += 1;
        if self.sources == 1 {
            return self.begin(source);
        }
        let grown = source.len() > self.result.len();
        if grown {
            self.result.resize(source.len(), 0);
        }
        let (shared, behind) = self.result.split_at_mut(source.len());
        match self.operation {
            Operation::And => {
                each(shared, source, |result, source| result & source);
                behind.fill(0);
            }
            Operation::Xor => each(shared, source, |result, source| result ^ source),
            Operation::One => self.add_to_one(source),
            _ => each(shared, source, |result, source| result | source),
        }
    }

    fn begin(&mut self, source: &[u8]) {
        match self.operation {
            Operation::Not => self.result.extend(source.iter().map(|byte| !byte)),
            Operation::One => {
                self.result.extend_from_slice(source);
                self.aside.extend_from_slice(source);
            }
            operation if operation.has_sides() => {
                self.aside.extend_from_slice(source);
                self.result.resize(source.len(), 0);
            }
            _ => self.result.extend_from_slice(source),
        }
    }

    fn add_to_one(&mut self, source: &[u8]) {
        self.aside.resize(self.result.len(), 0);
        for ((result, seen), source) in self.result.iter_mut().zip(&mut self.aside).zip(source) {
            *result = *result & !source | source & !*seen;
            *seen |= source;
        }
    }

    /// The result, as long as the longest source.
    pub fn finish(mut self) -> Vec<u8> {
        let len = self.aside.len();
        match self.operation {
            Operation::Diff => each(&mut self.result, &self.aside, |y, x| x & !y),
            Operation::Diff1 => each(&mut self.result, &self.aside, |y, x| y & !x),
            Operation::AndOr => each(&mut self.result, &self.aside, |y, x| y & x),
            _ => return self.result,
        }
        if self.operation != Operation::Diff1 {
            self.result[len..].fill(0);
        }
        self.result
    }
}

/// Changes `result` by `combine` of its own bytes and those of `source`, as far as both reach; the
/// compiler makes vector instructions of it.
#[inline(always)]
fn each(result: &mut [u8], source: &[u8], combine: impl Fn(u8, u8) -> u8) {
    for (result, source) in result.iter_mut().zip(source) {
        *result = combine(*result, *source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(operation: Operation, sources: &[Vec<u8>]) -> Vec<u8> {
        let len = sources.iter().map(Vec::len).max().unwrap_or(0);
        let bit = |source: &Vec<u8>, at: u64| crate::bits::get(source, at);
        let mut result = vec![0; len];
        for at in 0..len as u64 * 8 {
            let first = bit(&sources[0], at);
            let count = sources.iter().filter(|source| bit(source, at)).count();
            let others = count - usize::from(first);
            let on = match operation {
                Operation::And => count == sources.len(),
                Operation::Or => count > 0,
                Operation::Xor => count % 2 == 1,
                Operation::Not => !first,
                Operation::Diff => first && others == 0,
                Operation::Diff1 => !first && others > 0,
                Operation::AndOr => first && others > 0,
                Operation::One => count == 1,
            };
            crate::bits::set(&mut result, at, on);
        }
        result
    }

    proptest! {
        #[test]
        fn folds_as_bit_by_bit(
            sources in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..5),
        ) {
            for &(name, operation) in Operation::NAMES {
                let sources = if name == "NOT" { &sources[..1] } else { &sources[..] };
                if operation.has_sides() && sources.len() < 2 {
                    continue;
                }
                let mut fold = Fold::new(operation);
                sources.iter().for_each(|source| fold.add(source));
                prop_assert_eq!(fold.finish(), naive(operation, sources), "{}", name);
            }
        }
    }
}
