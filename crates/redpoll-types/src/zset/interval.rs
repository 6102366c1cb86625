//! The intervals that commands ask for: of scores, and of members in byte order.

/// The text is not an interval's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid;

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a valid end of an interval")
    }
}

impl std::error::Error for Invalid {}

/// An interval of scores, as ZRANGEBYSCORE and ZCOUNT take it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lower end.
    pub min: f64,
    /// The upper end.
    pub max: f64,
    /// True if scores equal to `min` are outside.
    pub min_excluded: bool,
    /// True if scores equal to `max` are outside.
    pub max_excluded: bool,
}

impl ScoreRange {
    /// All scores.
    pub const ALL: Self = ScoreRange {
        min: f64::NEG_INFINITY,
        max: f64::INFINITY,
        min_excluded: false,
        max_excluded: false,
    };

    /// Reads two ends such as `1.5`, `(1.5`, `-inf`. An interval that nothing can be in is valid.
    /// Redis's error: "min or max is not a float".
    pub fn parse(min: &[u8], max: &[u8]) -> Result<Self, Invalid> {
        let (min, min_excluded) = score_end(min)?;
        let (max, max_excluded) = score_end(max)?;
        Ok(ScoreRange { min, max, min_excluded, max_excluded })
    }

    /// True if `score` is not below the interval.
    pub fn reaches_min(&self, score: f64) -> bool {
        if self.min_excluded { score > self.min } else { score >= self.min }
    }

    /// True if `score` is not above the interval.
    pub fn within_max(&self, score: f64) -> bool {
        if self.max_excluded { score < self.max } else { score <= self.max }
    }

    /// True if `score` is in the interval.
    pub fn contains(&self, score: f64) -> bool {
        self.reaches_min(score) && self.within_max(score)
    }
}

/// One end, and whether it is itself outside. As with C's `strtod`, which Redis reads ends with,
/// nothing at all is 0, white space may come first, and what is too large is infinite.
fn score_end(text: &[u8]) -> Result<(f64, bool), Invalid> {
    let (text, excluded) = match text.strip_prefix(b"(") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if text.is_empty() {
        return Ok((0.0, excluded));
    }
    let text = std::str::from_utf8(text.trim_ascii_start()).map_err(|_| Invalid)?;
    match text.parse::<f64>() {
        Ok(score) if !score.is_nan() => Ok((score, excluded)),
        _ => Err(Invalid),
    }
}

/// One end of an interval of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexEnd<'a> {
    /// `-`: before all members.
    Lowest,
    /// `+`: behind all members.
    Highest,
    /// `[text`: the end is inside.
    Included(&'a [u8]),
    /// `(text`: the end is outside.
    Excluded(&'a [u8]),
}

/// An interval of members in byte order, as ZRANGEBYLEX takes it; it means something only if all
/// scores of the set are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexRange<'a> {
    /// The lower end.
    pub min: LexEnd<'a>,
    /// The upper end.
    pub max: LexEnd<'a>,
}

impl<'a> LexRange<'a> {
    /// Reads two ends such as `[a`, `(a`, `-`, `+`. Redis's error: "min or max not valid string
    /// range item".
    pub fn parse(min: &'a [u8], max: &'a [u8]) -> Result<Self, Invalid> {
        Ok(LexRange { min: lex_end(min)?, max: lex_end(max)? })
    }

    /// True if `member` is not below the interval.
    pub fn reaches_min(&self, member: &[u8]) -> bool {
        match self.min {
            LexEnd::Lowest => true,
            LexEnd::Highest => false,
            LexEnd::Included(min) => member >= min,
            LexEnd::Excluded(min) => member > min,
        }
    }

    /// True if `member` is not above the interval.
    pub fn within_max(&self, member: &[u8]) -> bool {
        match self.max {
            LexEnd::Lowest => false,
            LexEnd::Highest => true,
            LexEnd::Included(max) => member <= max,
            LexEnd::Excluded(max) => member < max,
        }
    }

    /// True if `member` is in the interval.
    pub fn contains(&self, member: &[u8]) -> bool {
        self.reaches_min(member) && self.within_max(member)
    }
}

fn lex_end(text: &[u8]) -> Result<LexEnd<'_>, Invalid> {
    match text {
        b"-" => Ok(LexEnd::Lowest),
        b"+" => Ok(LexEnd::Highest),
        [b'[', rest @ ..] => Ok(LexEnd::Included(rest)),
        [b'(', rest @ ..] => Ok(LexEnd::Excluded(rest)),
        _ => Err(Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_scores() {
        for (text, wanted) in [
            ("1.5", (1.5, false)),
            ("(1.5", (1.5, true)),
            ("-inf", (f64::NEG_INFINITY, false)),
            ("(+inf", (f64::INFINITY, true)),
            ("inf", (f64::INFINITY, false)),
            ("1e3", (1000.0, false)),
            ("1e999", (f64::INFINITY, false)),
            (" 7", (7.0, false)),
            ("", (0.0, false)),
            ("(", (0.0, true)),
        ] {
            assert_eq!(score_end(text.as_bytes()), Ok(wanted), "{text:?}");
        }
        for text in ["nan", "(nan", "str", "1 ", "((1", "[1", "1.5x", "\u{661}"] {
            assert_eq!(score_end(text.as_bytes()), Err(Invalid), "{text:?}");
        }
        assert_eq!(ScoreRange::parse(b"1", b"x"), Err(Invalid));
    }

    #[test]
    fn an_interval_of_scores_holds_what_is_between() {
        let range = ScoreRange::parse(b"(1", b"2").unwrap();
        assert!(!range.contains(1.0) && range.contains(1.1) && range.contains(2.0));
        let open = ScoreRange::parse(b"1", b"(2").unwrap();
        assert!(open.contains(1.0) && open.contains(1.9) && !open.contains(2.0));
        assert!(
            !open.contains(0.9)
                && !range.contains(2.1)
                && ScoreRange::ALL.contains(f64::NEG_INFINITY)
        );
    }

    #[test]
    fn ends_of_members() {
        assert_eq!(lex_end(b"-"), Ok(LexEnd::Lowest));
        assert_eq!(lex_end(b"+"), Ok(LexEnd::Highest));
        assert_eq!(lex_end(b"[+"), Ok(LexEnd::Included(b"+")));
        assert_eq!(lex_end(b"("), Ok(LexEnd::Excluded(b"")));
        for text in ["", "a", "+a", "--"] {
            assert_eq!(lex_end(text.as_bytes()), Err(Invalid), "{text:?}");
        }
    }

    #[test]
    fn an_interval_of_members_holds_what_is_between() {
        let range = LexRange::parse(b"[a", b"(c").unwrap();
        assert!(range.contains(b"a") && range.contains(b"bz") && !range.contains(b"c"));
        let range = LexRange::parse(b"(a", b"[c").unwrap();
        assert!(!range.contains(b"a") && range.contains(b"a\0") && range.contains(b"c"));
        assert!(!range.contains(b"c\0"));
        assert!(!LexRange::parse(b"+", b"-").unwrap().contains(b"a"));
        assert!(LexRange::parse(b"-", b"+").unwrap().contains(b""));
    }
}
