//! Which terms of a dictionary a query means: a part of them, a pattern, or those a few edits away.
//!
//! A filter sees the terms in order, and how much each shares with the one before. It may say that
//! all terms with the same beginning are out, so that a walk can leap over them.

/// What a filter says of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is meant.
    Yes,
    /// It is not.
    No,
    /// It is not, nor is any term that begins with the same so many bytes.
    NoneWithPrefix(usize),
}

/// Says which terms are meant.
pub trait Filter {
    /// About `term`, which shares `shared` bytes with the one asked about before.
    fn judge(&mut self, term: &[u8], shared: usize) -> Verdict;
}

/// Terms with something at the end or anywhere.
#[derive(Debug)]
pub struct AffixFilter<'a> {
    /// What they must have.
    pub text: &'a [u8],
    /// Anywhere, not at the end only.
    pub anywhere: bool,
}

impl Filter for AffixFilter<'_> {
    fn judge(&mut self, term: &[u8], _shared: usize) -> Verdict {
        let found = if self.anywhere {
            self.text.is_empty() || term.windows(self.text.len()).any(|part| part == self.text)
        } else {
            term.ends_with(self.text)
        };
        if found { Verdict::Yes } else { Verdict::No }
    }
}

/// A step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Byte(u8),
    AnyCharacter,
    AnyNumber,
}

/// Terms of a pattern with `?` and `*`.
#[derive(Debug)]
pub struct WildcardFilter {
    steps: Vec<Step>,
}

impl WildcardFilter {
    /// The filter of a pattern in which `\` takes the meaning from the next byte.
    pub fn new(pattern: &[u8]) -> Self {
        let mut steps = Vec::with_capacity(pattern.len());
        let mut bytes = pattern.iter();
        while let Some(&byte) = bytes.next() {
            steps.push(match byte {
                b'?' => Step::AnyCharacter,
                b'*' if steps.last() == Some(&Step::AnyNumber) => continue,
                b'*' => Step::AnyNumber,
                b'\\' => Step::Byte(bytes.next().copied().unwrap_or(b'\\')),
                byte => Step::Byte(byte),
            });
        }
        WildcardFilter { steps }
    }

    /// What all its terms begin with.
    pub fn prefix(&self) -> Vec<u8> {
        let literal = self.steps.iter().map_while(|step| match step {
            Step::Byte(byte) => Some(*byte),
            _ => None,
        });
        literal.collect()
    }

    /// The longest piece of bytes that all its terms contain.
    pub fn longest_part(&self) -> Vec<u8> {
        let pieces = self.steps.split(|step| !matches!(step, Step::Byte(_)));
        let longest = pieces.max_by_key(|piece| piece.len()).unwrap_or_default();
        longest
            .iter()
            .filter_map(|step| if let Step::Byte(byte) = step { Some(*byte) } else { None })
            .collect()
    }

    /// Whether `term` is of the pattern. A `*` takes as little as it can, and more when what
    /// follows does not fit: only the last one has to be tried again, so that the time is bounded
    /// by the product of the lengths.
    pub fn matches(&self, term: &[u8]) -> bool {
        let (mut at, mut step) = (0, 0);
        let mut again: Option<(usize, usize)> = None;
        loop {
            let fits = match self.steps.get(step) {
                None if at == term.len() => return true,
                None => false,
                Some(Step::AnyNumber) => {
                    again = Some((at, step + 1));
                    step += 1;
                    continue;
                }
                Some(Step::Byte(byte)) => term.get(at) == Some(byte),
                Some(Step::AnyCharacter) => at < term.len(),
            };
            if fits {
                at = match self.steps[step] {
                    Step::AnyCharacter => behind_character(term, at),
                    _ => at + 1,
                };
                step += 1;
                continue;
            }
            match &mut again {
                Some((from, next)) if *from < term.len() => {
                    *from = behind_character(term, *from);
                    (at, step) = (*from, *next);
                }
                _ => return false,
            }
        }
    }
}

impl Filter for WildcardFilter {
    fn judge(&mut self, term: &[u8], _shared: usize) -> Verdict {
        if self.matches(term) { Verdict::Yes } else { Verdict::No }
    }
}

/// Where the character at `at` ends. A byte that is no part of a character is one itself.
fn behind_character(term: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    if term[at] >= 0xc0 {
        while end < term.len() && end < at + 4 && term[end] & 0xc0 == 0x80 {
            end += 1;
        }
    }
    end
}

/// Terms that so many edits make of a word: characters put in, left out, or replaced.
///
/// The rows of the usual table are kept for each character of the term, so that the next term goes
/// on where it begins to differ. A row of which all numbers are too high ends all terms that begin
/// so.
#[derive(Debug)]
pub struct FuzzyFilter {
    word: Vec<u32>,
    distance: u8,
    /// For each character of the last term: where it ends, and the row behind it.
    rows: Vec<u8>,
    ends: Vec<usize>,
}

impl FuzzyFilter {
    /// The filter of a word. `text` is the word, `distance` the edits, which are at most 254.
    pub fn new(text: &[u8], distance: u8) -> Self {
        let word: Vec<u32> = characters(text).map(|(character, _)| character).collect();
        let first = (0..=word.len()).map(|edits| edits.min(255) as u8).collect();
        FuzzyFilter { word, distance, rows: first, ends: vec![0] }
    }

    fn width(&self) -> usize {
        self.word.len() + 1
    }

    /// Adds the row behind `character` and says whether any number of it is low enough.
    fn push(&mut self, character: u32, end: usize) -> bool {
        let width = self.width();
        let last = self.rows.len() - width;
        self.ends.push(end);
        let mut left = self.rows[last].saturating_add(1);
        let mut least = left;
        self.rows.push(left);
        for column in 1..width {
            let diagonal = self.rows[last + column - 1];
            let replaced = diagonal.saturating_add(u8::from(self.word[column - 1] != character));
            let above = self.rows[last + column].saturating_add(1);
            left = left.saturating_add(1).min(above).min(replaced);
            least = least.min(left);
            self.rows.push(left);
        }
        least <= self.distance
    }
}

impl Filter for FuzzyFilter {
    fn judge(&mut self, term: &[u8], shared: usize) -> Verdict {
        // A character that was cut by the end of what is shared is read again.
        let keep = self.ends.partition_point(|end| *end <= shared).max(1);
        self.ends.truncate(keep);
        self.rows.truncate(keep * self.width());
        let from = self.ends[keep - 1];
        for (character, end) in characters(&term[from..]) {
            if !self.push(character, from + end) {
                return Verdict::NoneWithPrefix(from + end);
            }
        }
        let last = self.rows.last().copied().unwrap_or(u8::MAX);
        if last <= self.distance { Verdict::Yes } else { Verdict::No }
    }
}

/// The characters of a term and where each ends. Bytes that are no text stand for themselves.
fn characters(text: &[u8]) -> impl Iterator<Item = (u32, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let end = behind_character(text, at);
        let part = std::str::from_utf8(&text[at..end]).ok();
        let (character, next) = match part.and_then(|part| part.chars().next()) {
            Some(character) => (u32::from(character), end),
            // Above all characters, so that it is equal to none.
            None => (0x0011_0000 + u32::from(text[at]), at + 1),
        };
        at = next;
        Some((character, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_they_should() {
        let cases = [
            ("", "", true),
            ("*", "", true),
            ("*", "abc", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acd", false),
            ("?", "é", true),
            ("??", "é", false),
            ("a?c*e", "abcde", true),
            ("*b*b*", "abcb", true),
            ("*b*b*", "abc", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("\\", "\\", true),
            ("abc", "abc", true),
            ("abc", "abcd", false),
        ];
        for (pattern, term, want) in cases {
            let filter = WildcardFilter::new(pattern.as_bytes());
            assert_eq!(filter.matches(term.as_bytes()), want, "{pattern} {term}");
        }
        assert_eq!(WildcardFilter::new(b"ab\\?c*d").prefix(), b"ab?c");
    }

    #[test]
    fn a_pattern_of_many_stars_takes_bounded_time() {
        let filter = WildcardFilter::new("*a".repeat(1000).as_bytes());
        assert!(!filter.matches("a".repeat(999).as_bytes()));
        assert!(filter.matches("a".repeat(1000).as_bytes()));
    }

    fn edits(a: &str, b: &str) -> usize {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let best = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
                diagonal = row[j + 1];
                row[j + 1] = best;
            }
        }
        row[b.len()]
    }

    #[test]
    fn fuzzy_words_are_those_of_few_edits() {
        let letters = ["", "a", "b", "é", "ç"];
        let mut terms: Vec<String> = Vec::new();
        for a in letters {
            for b in letters {
                for c in letters {
                    for d in letters {
                        terms.push([a, b, c, d].concat());
                    }
                }
            }
        }
        terms.sort();
        terms.dedup();
        for word in ["ab", "aéb", "", "ç"] {
            for distance in 1..=3 {
                let mut filter = FuzzyFilter::new(word.as_bytes(), distance);
                let mut last: &[u8] = b"";
                let mut out: Option<Vec<u8>> = None;
                for term in &terms {
                    let bytes = term.as_bytes();
                    let shared = bytes.iter().zip(last).take_while(|(a, b)| a == b).count();
                    let want = edits(word, term) <= usize::from(distance);
                    if out.as_ref().is_some_and(|prefix| bytes.starts_with(prefix)) {
                        assert!(!want);
                    }
                    match filter.judge(bytes, shared) {
                        Verdict::Yes => assert!(want, "{word} {term}"),
                        Verdict::No => assert!(!want, "{word} {term}"),
                        Verdict::NoneWithPrefix(len) => {
                            assert!(!want, "{word} {term}");
                            out = Some(bytes[..len].to_vec());
                        }
                    }
                    last = bytes;
                }
            }
        }
    }
}
