//! The versions of the language.

/// A version of the query language. Each later one understands more, and binds more tightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Dialect {
    /// The first: a field's name and a minus reach as far as they can, `|` binds more tightly than
    /// the space, unknown fields match nothing, no parameters, no vectors.
    #[default]
    One = 1,
    /// A field's name and a minus reach over the next word, `|` binds less tightly than the space.
    Two = 2,
    /// As the second; documents may give several values for a field.
    Three = 3,
    /// As the third; numeric conditions may be cut short when results are sorted by their field.
    Four = 4,
}

impl Dialect {
    /// The dialect of this number.
    pub fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Dialect::One,
            2 => Dialect::Two,
            3 => Dialect::Three,
            4 => Dialect::Four,
            _ => return None,
        })
    }

    /// Its number.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// Whether it has the grammar of the second dialect.
    pub(super) fn is_modern(self) -> bool {
        self >= Dialect::Two
    }
}
