//! The words of a command, read from the front.

/// Words that have not been read yet.
#[derive(Debug, Clone)]
pub struct Words<'a> {
    all: Vec<&'a [u8]>,
    at: usize,
}

impl<'a> Words<'a> {
    /// These words.
    pub fn new(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Words { all: words.into_iter().collect(), at: 0 }
    }

    /// The next word, which stays.
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.all.get(self.at).copied()
    }

    /// Takes the next word.
    pub fn next_word(&mut self) -> Option<&'a [u8]> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Takes the next word if it is this one, in any case.
    pub fn take(&mut self, word: &str) -> bool {
        let there = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()));
        self.at += usize::from(there);
        there
    }

    /// Takes the next word, which is to be a number.
    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T, BadWord> {
        let word = self.next_word().ok_or(BadWord::Missing)?;
        let text = std::str::from_utf8(word).map_err(|_| BadWord::Unreadable)?;
        text.parse().map_err(|_| match text.parse::<i64>() {
            Ok(_) => BadWord::OutOfBounds,
            Err(_) => BadWord::Unreadable,
        })
    }

    /// Takes as many words as the next one says.
    pub fn counted(&mut self) -> Result<Words<'a>, BadWord> {
        let count: usize = self.number()?;
        self.several(count).ok_or(BadWord::Missing)
    }

    /// Takes `count` words, if there are so many.
    pub fn several(&mut self, count: usize) -> Option<Words<'a>> {
        let words = self.all[self.at..].get(..count)?.to_vec();
        self.at += count;
        Some(Words { all: words, at: 0 })
    }

    /// How many words are left.
    pub fn len(&self) -> usize {
        self.all.len() - self.at
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many words have been read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The words that are left.
    pub fn rest(&self) -> &[&'a [u8]] {
        &self.all[self.at..]
    }
}

/// What is wrong with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadWord {
    /// There is none.
    Missing,
    /// It is not what it should be.
    Unreadable,
    /// It is a number, but none that fits.
    OutOfBounds,
}

impl BadWord {
    /// How RediSearch says it.
    pub fn text(self) -> &'static str {
        match self {
            BadWord::Missing => "Expected an argument, but none provided",
            BadWord::Unreadable => "Could not convert argument to expected type",
            BadWord::OutOfBounds => "Value is outside acceptable bounds",
        }
    }
}
