//! Arguments as spans of a buffer: of the connection's own, or of an owned copy that outlives it.

use std::ops::Index;

/// Where an argument lies in its buffer. Offsets fit 32 bits as no query buffer exceeds 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Span { start: start as u32, end: end as u32 }
    }

    fn shifted(self, by: usize) -> Self {
        Span { start: self.start + by as u32, end: self.end + by as u32 }
    }

    /// The bytes of `buffer` that the span names.
    #[inline]
    pub fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start as usize..self.end as usize]
    }
}

/// The commands that one call of the parser found, as spans of the parsed buffer.
#[derive(Debug, Default)]
pub struct Batch {
    spans: Vec<Span>,
    /// For each command the end of its spans (they begin where the previous command's end), and the
    /// end of its bytes in the buffer.
    ends: Vec<(u32, u32)>,
}

impl Batch {
    /// The number of commands.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Forgets the commands; keeps the capacity unless a giant command has blown it up.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.ends.clear();
        self.spans.shrink_to(4096);
    }

    /// The `index`th command. It has no arguments when the client sent an empty one.
    #[inline]
    pub fn command<'a>(&'a self, index: usize, buffer: &'a [u8]) -> Args<'a> {
        let first = if index == 0 { 0 } else { self.ends[index - 1].0 as usize };
        Args { buffer, spans: &self.spans[first..self.ends[index].0 as usize] }
    }

    /// Where the bytes of the first `count` commands end in the buffer.
    pub fn bytes_of(&self, count: usize) -> usize {
        if count == 0 { 0 } else { self.ends[count - 1].1 as usize }
    }

    pub(super) fn push(&mut self, spans: &[Span], base: usize, end: usize) {
        self.spans.extend(spans.iter().map(|span| span.shifted(base)));
        self.ends.push((self.spans.len() as u32, end as u32));
    }
}

/// One command: its name at index 0, its arguments behind.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
}

impl<'a> Args<'a> {
    /// The number of words, the name included (Redis's argc).
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The `index`th word, if there is one.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.of(self.buffer))
    }

    /// The `index`th word with the buffer's lifetime. Panics where there is none: for positions
    /// that the command's arity guarantees.
    #[inline]
    pub fn at(&self, index: usize) -> &'a [u8] {
        self.spans[index].of(self.buffer)
    }

    /// The words from `from` on.
    pub fn iter_from(
        &self,
        from: usize,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + Clone + use<'a> {
        let buffer = self.buffer;
        self.spans.get(from..).unwrap_or_default().iter().map(move |span| span.of(buffer))
    }

    /// All words.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + Clone + use<'a> {
        self.iter_from(0)
    }

    /// The words from `from` on as a command of their own, such as the one inside COMMAND GETKEYS.
    pub fn slice_from(&self, from: usize) -> Args<'a> {
        Args { buffer: self.buffer, spans: self.spans.get(from..).unwrap_or_default() }
    }

    /// Whether the `index`th word is `word` in any case.
    #[inline]
    pub fn is(&self, index: usize, word: &str) -> bool {
        self.get(index).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// A copy that outlives the buffer.
    pub fn to_owned(&self) -> OwnedArgs {
        self.iter().collect()
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        self.at(index)
    }
}

/// A command that owns its words in one buffer: queued by MULTI, or waiting in a blocking command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedArgs {
    buffer: Vec<u8>,
    spans: Vec<Span>,
}

impl OwnedArgs {
    /// The command as [`Args`].
    pub fn as_args(&self) -> Args<'_> {
        Args { buffer: &self.buffer, spans: &self.spans }
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.buffer.capacity() + self.spans.capacity() * size_of::<Span>()
    }

    /// Forgets all words; keeps the room for others, unless it is large.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.spans.clear();
        self.buffer.shrink_to(4096);
        self.spans.shrink_to(1024);
    }

    /// Appends an integer's decimal text.
    pub fn push_int(&mut self, value: i64) {
        self.push(itoa::Buffer::new().format(value).as_bytes());
    }

    /// Appends a word.
    pub fn push(&mut self, word: &[u8]) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(word);
        self.spans.push(Span::new(start, self.buffer.len()));
    }
}

impl<'a> FromIterator<&'a [u8]> for OwnedArgs {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(words: I) -> Self {
        let mut args = OwnedArgs::default();
        words.into_iter().for_each(|word| args.push(word));
        args
    }
}
