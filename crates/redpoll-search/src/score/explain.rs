//! How a score came about.

/// A step of a score's computation, in the words that RediSearch's users know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// What was computed.
    pub text: String,
    /// From what.
    pub children: Vec<Explanation>,
}

impl Explanation {
    /// A step that rests on no other.
    pub fn leaf(text: impl Into<String>) -> Self {
        Explanation { text: text.into(), children: Vec::new() }
    }

    /// A step that rests on others.
    pub fn of(text: impl Into<String>, children: Vec<Explanation>) -> Self {
        Explanation { text: text.into(), children }
    }
}
