//! Edit distance between words, and patterns: what a few words are checked with, without an
//! automaton.

pub(crate) use redpoll_types::text::{characters, next_row};

/// The number of insertions, deletions and replacements between two words, if it is not above
/// `most`.
pub(crate) fn within(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, own) in one.iter().enumerate() {
        next_row(&mut row, other, *own, at + 1);
        if row.iter().all(|distance| *distance > most) {
            return None;
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

/// Whether `text` is of the pattern: `?` one character, `*` any number, `\` escapes.
pub(crate) fn matches_pattern(pattern: &[char], text: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        let (step, fits) = match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
                continue;
            }
            Some('?') => (1, true),
            Some('\\') if at + 1 < pattern.len() => (2, pattern[at + 1] == text[read]),
            Some(character) => (1, *character == text[read]),
            None => (0, false),
        };
        match star {
            _ if fits => {
                at += step;
                read += 1;
            }
            Some((place, taken)) => {
                star = Some((place, taken + 1));
                (at, read) = (place + 1, taken + 1);
            }
            None => return false,
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
        within(&characters(one.as_bytes()), &characters(other.as_bytes()), most)
    }

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting", 3), Some(3));
        assert_eq!(distance("kitten", "sitting", 2), None);
        assert_eq!(distance("", "abc", 3), Some(3));
        assert_eq!(distance("äöü", "äou", 2), Some(2));
        assert_eq!(distance("same", "same", 0), Some(0));
    }

    #[test]
    fn patterns() {
        let matches = |pattern: &str, text: &str| {
            matches_pattern(&characters(pattern.as_bytes()), &characters(text.as_bytes()))
        };
        assert!(matches("h?l*o", "hello") && matches("*", "") && matches("**a*", "bab"));
        assert!(!matches("h?l*o", "hell") && !matches("?", "") && !matches("a", "ab"));
        assert!(matches(r"a\*b", "a*b") && !matches(r"a\*b", "axb"));
        assert!(!matches(&"a*".repeat(50), &"a".repeat(49)));
    }
}
