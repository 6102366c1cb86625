//! What SINTERCARD, SUNIONCARD and SDIFFCARD read: `numkeys key [key ...] [APPROX] [LIMIT limit]`.

use crate::prelude::*;

/// The options of such a command.
pub struct Operands {
    /// The number of keys, which begin at the second word.
    pub keys: usize,
    /// Whether an estimate will do.
    pub approx: bool,
    /// Where to stop counting; 0: nowhere.
    pub limit: usize,
}

impl Operands {
    /// Reads the words; APPROX only `if knows_approx`.
    pub fn parse(args: Args<'_>, knows_approx: bool) -> Result<Self> {
        let keys = parse::count(args.at(1)).ok().filter(|&keys| keys > 0);
        let keys = keys.ok_or(Error::text("ERR numkeys should be greater than 0"))?;
        if keys > args.len() - 2 {
            return Err(Error::text("ERR Number of keys can't be greater than number of args"));
        }
        let mut operands = Operands { keys, approx: false, limit: 0 };
        let mut words = args.iter_from(2 + keys);
        while let Some(word) = words.next() {
            if knows_approx && parse::is(word, "approx") {
                operands.approx = true;
                continue;
            }
            let value = words.next().filter(|_| parse::is(word, "limit")).ok_or(Error::Syntax)?;
            let negative = |_| Error::text("ERR LIMIT can't be negative");
            operands.limit = parse::count(value).map_err(negative)?;
        }
        Ok(operands)
    }

    /// A count with the limit applied.
    pub fn limited(&self, count: usize) -> usize {
        if self.limit == 0 { count } else { count.min(self.limit) }
    }
}
