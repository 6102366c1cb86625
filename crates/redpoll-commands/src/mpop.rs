//! The arguments of LMPOP, ZMPOP and their blocking forms: `numkeys key... FROM [COUNT count]`.

use crate::parse;
use redpoll_engine::{Error, Result};
use redpoll_resp::Args;

/// What is asked for.
pub struct ManyPop<'a> {
    args: Args<'a>,
    first_key: usize,
    num_keys: usize,
    /// Whether the first of the two words that say where to pop was given.
    pub first: bool,
    /// How many elements at most; at least 1.
    pub count: usize,
}

impl<'a> ManyPop<'a> {
    /// Reads the arguments, whose `numkeys` is the `at`th word. `sides` are the two words that say
    /// where to pop.
    pub fn parse(args: Args<'a>, at: usize, sides: [&str; 2]) -> Result<Self> {
        let error = Error::text("ERR numkeys should be greater than 0");
        let num_keys = positive(args.at(at)).ok_or(error)?;
        let side = num_keys.checked_add(at + 1).and_then(|index| Some((index, args.get(index)?)));
        let (at_side, side) = side.ok_or(Error::Syntax)?;
        let first = parse::is(side, sides[0]);
        if !first && !parse::is(side, sides[1]) {
            return Err(Error::Syntax);
        }
        let count = match args.len() - at_side {
            1 => 1,
            3 if args.is(at_side + 1, "count") => {
                let error = Error::text("ERR count should be greater than 0");
                args.get(at_side + 2).and_then(positive).ok_or(error)?
            }
            _ => return Err(Error::Syntax),
        };
        Ok(ManyPop { args, first_key: at + 1, num_keys, first, count })
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.args.iter_from(self.first_key).take(self.num_keys)
    }
}

fn positive(word: &[u8]) -> Option<usize> {
    parse::count(word).ok().filter(|&count| count > 0)
}
