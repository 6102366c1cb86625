//! Where a command's keys are, and what happens to them.
//!
//! A [`KeySpec`] says where to begin (an index, or behind a word) and how to go on (a range, or a
//! count that stands before the keys). That is what COMMAND INFO reports, what cluster clients
//! route by, and what the dispatcher locks by; nothing else in the server knows where keys are.

use super::{Spec, uses};
use redpoll_resp::Args;
use redpoll_types::number::parse_i64;

/// Where the search for keys begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At this word.
    Index(usize),
    /// Behind the first occurrence of a word, searched from an index on (negative: backwards from
    /// the end).
    Keyword(&'static str, i32),
}

/// How the keys go on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Up to `last` words behind the beginning (negative: counted from the command's end, -1 the
    /// last), in steps of `step`; `limit` divides the range as COMMAND INFO documents it.
    Range {
        /** See above. */
        last: i32,
        /** See above. */
        step: usize,
        /** See above. */
        limit: usize,
    },
    /// A count stands `count` words behind the beginning, and the keys from `first` on.
    Counted {
        /** See above. */
        count: usize,
        /** See above. */
        first: usize,
        /** See above. */
        step: usize,
    },
}

/// What happens to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyFlags(u16);

impl KeyFlags {
    /// Every flag's bit and the name that COMMAND INFO gives it.
    pub const NAMES: &'static [(u16, &'static str)] = &[
        (1, "RO"),
        (2, "RW"),
        (4, "OW"),
        (8, "RM"),
        (16, "access"),
        (32, "update"),
        (64, "insert"),
        (128, "delete"),
        (256, "not_key"),
        (512, "incomplete"),
        (1024, "variable_flags"),
    ];

    /// The names of the flags that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| *name)
    }

    /// Whether user data is returned, copied or used.
    pub fn uses_data(self) -> bool {
        self.0 & 16 != 0
    }

    /// Whether user data is changed, added or deleted.
    pub fn changes_data(self) -> bool {
        self.0 & (32 | 64 | 128) != 0
    }

    /// Whether the word is no key, but is routed like one.
    pub fn is_no_key(self) -> bool {
        self.0 & 256 != 0
    }

    /// Whether what happens to the key depends on the arguments.
    pub fn varies(self) -> bool {
        self.0 & 1024 != 0
    }

    /// Whether the key is written in any way.
    pub fn writes(self) -> bool {
        self.0 & (2 | 4 | 8) != 0
    }
}

/// A run of keys: `KeySpec::at(1).rw().access().delete()`.
#[derive(Clone, Copy, Debug)]
pub struct KeySpec {
    /// Where the search begins.
    pub begin: Begin,
    /// How the keys go on.
    pub find: Find,
    /// What happens to them.
    pub flags: KeyFlags,
    /// Words that may stand before the keyword, each with the number of its arguments. An argument
    /// that looks like the keyword is then not taken for it.
    pub options: &'static [(&'static str, usize)],
}

/// A key's position in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPosition {
    /// The word's index.
    pub index: usize,
    /// What happens to the key.
    pub flags: KeyFlags,
}

impl KeySpec {
    const fn new(begin: Begin, find: Find) -> KeySpec {
        KeySpec { begin, find, flags: KeyFlags(0), options: &[] }
    }

    /// The one key at `index`.
    pub const fn at(index: usize) -> KeySpec {
        KeySpec::new(Begin::Index(index), Find::Range { last: 0, step: 1, limit: 0 })
    }

    /// The keys from `index` to the `last`th word (negative: from the end), every `step`th word.
    pub const fn range(index: usize, last: i32, step: usize) -> KeySpec {
        // COMMAND INFO counts a positive last from the beginning.
        let last = if last >= 0 { last - index as i32 } else { last };
        KeySpec::new(Begin::Index(index), Find::Range { last, step, limit: 0 })
    }

    /// A count of keys at `index`, the keys behind it.
    pub const fn counted(index: usize) -> KeySpec {
        KeySpec::new(Begin::Index(index), Find::Counted { count: 0, first: 1, step: 1 })
    }

    /// The one key behind a word, which is searched from `from` on.
    pub const fn after(word: &'static str, from: i32) -> KeySpec {
        KeySpec::new(Begin::Keyword(word, from), Find::Range { last: 0, step: 1, limit: 0 })
    }

    /// Steps over these options and their arguments on the way to the keyword.
    pub const fn behind(self, options: &'static [(&'static str, usize)]) -> KeySpec {
        KeySpec { options, ..self }
    }

    /// With another way to go on.
    pub const fn find(self, find: Find) -> KeySpec {
        KeySpec { find, ..self }
    }

    const fn flag(self, bit: u16) -> KeySpec {
        KeySpec { flags: KeyFlags(self.flags.0 | bit), ..self }
    }

    /// The value is read, not changed.
    pub const fn ro(self) -> KeySpec {
        self.flag(1)
    }

    /// The value is read and changed.
    pub const fn rw(self) -> KeySpec {
        self.flag(2)
    }

    /// The value is overwritten whatever it was.
    pub const fn ow(self) -> KeySpec {
        self.flag(4)
    }

    /// The key is removed.
    pub const fn rm(self) -> KeySpec {
        self.flag(8)
    }

    /// User data is returned, copied or used.
    pub const fn access(self) -> KeySpec {
        self.flag(16)
    }

    /// User data is changed.
    pub const fn update(self) -> KeySpec {
        self.flag(32)
    }

    /// User data is added.
    pub const fn insert(self) -> KeySpec {
        self.flag(64)
    }

    /// User data is deleted.
    pub const fn delete(self) -> KeySpec {
        self.flag(128)
    }

    /// The word is no key, but is routed like one.
    pub const fn not_key(self) -> KeySpec {
        self.flag(256)
    }

    /// There may be more keys than this says.
    pub const fn incomplete(self) -> KeySpec {
        self.flag(512)
    }

    /// What happens to the key depends on the arguments.
    pub const fn variable_flags(self) -> KeySpec {
        self.flag(1024)
    }

    /// Appends the positions of the keys; `None` if the arguments make no sense.
    fn positions(&self, args: Args<'_>, positions: &mut Vec<KeyPosition>) -> Option<()> {
        let Some(begin) = self.begin(args) else { return Some(()) };
        let (first, last, step) = match self.find {
            Find::Range { last, step, limit } => {
                let last = match last {
                    0.. => begin + last as usize,
                    _ if limit > 1 => begin + (args.len() - begin) / limit - 1,
                    _ => args.len().checked_sub(last.unsigned_abs() as usize)?,
                };
                (begin, last, step)
            }
            Find::Counted { count, first, step } => {
                let keys = usize::try_from(parse_i64(args.get(begin + count)?)?).ok()?;
                let last = (begin + first).checked_add(keys.checked_mul(step)?)?.checked_sub(1)?;
                (begin + first, last, step)
            }
        };
        if last >= args.len() || last + 1 < first {
            return None;
        }
        positions.extend(
            (first..=last).step_by(step).map(|index| KeyPosition { index, flags: self.flags }),
        );
        Some(())
    }

    /// The index behind `word`, before which there is nothing but options.
    fn behind_options(&self, args: Args<'_>, word: &str) -> Option<usize> {
        let mut index = 1;
        while !args.is(index, word) {
            let option = self.options.iter().find(|(option, _)| args.is(index, option))?;
            index += 1 + option.1;
        }
        Some(index + 1)
    }

    /// The index where the search begins; `None` if the word to search is not there.
    fn begin(&self, args: Args<'_>) -> Option<usize> {
        match self.begin {
            Begin::Index(index) => (index < args.len()).then_some(index),
            Begin::Keyword(word, _) if !self.options.is_empty() => self.behind_options(args, word),
            Begin::Keyword(word, from) if from >= 0 => {
                let mut indexes = from as usize..args.len();
                indexes.find(|&index| args.is(index, word)).map(|index| index + 1)
            }
            Begin::Keyword(word, from) => {
                let start = args.len().checked_sub(from.unsigned_abs() as usize)?;
                // The word behind the name is never such a word, but may be a key that looks like
                // it.
                (2..=start).rev().find(|&index| args.is(index, word)).map(|index| index + 1)
            }
        }
    }
}

impl Spec {
    /// The positions of all keys of a call; an error in the arguments leaves out what cannot be
    /// known (the command itself will refuse them).
    pub fn key_positions(&self, args: Args<'_>) -> Vec<KeyPosition> {
        let mut positions = Vec::new();
        if let Some(scan) = uses::scan(self.name) {
            return scan(self.keys, args);
        }
        for spec in self.keys {
            let before = positions.len();
            if spec.positions(args, &mut positions).is_none() {
                positions.truncate(before);
            }
        }
        positions
    }

    /// The index of a call's one key, if it has exactly one at a fixed place: `GET k`, and also
    /// `DEL k` and `MSET k v`, which might have more.
    #[inline(always)]
    pub fn single_key(&self, args: Args<'_>) -> Option<usize> {
        let [KeySpec { begin: Begin::Index(index), find, .. }] = self.keys else { return None };
        match find {
            Find::Range { last: 0, .. } => Some(*index),
            Find::Range { last: -1, step, .. } if args.len() == index + step => Some(*index),
            _ => None,
        }
    }
}
