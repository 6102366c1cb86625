//! The id of a stream's entry: milliseconds and a sequence number, written `ms-seq`.

use std::fmt;

/// An entry's id. Ordered by time, then by sequence number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds since 1970, as the server or the client has put them.
    pub ms: u64,
    /// The number among the entries of that millisecond.
    pub seq: u64,
}

/// Room for the text of an id.
pub type IdText = [u8; 41];

impl StreamId {
    /// `0-0`, which no entry has.
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };

    /// The highest of all ids.
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    /// The id `ms-seq`.
    pub const fn new(ms: u64, seq: u64) -> Self {
        StreamId { ms, seq }
    }

    /// Whether it is `0-0`.
    pub fn is_zero(self) -> bool {
        self == Self::MIN
    }

    /// The id that follows, if there is one.
    pub fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => Some(StreamId { ms: self.ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The id before this one, if there is one.
    pub fn previous(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => Some(StreamId { ms: self.ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    /// The id that an entry gets which is added now: of this millisecond if that is later than the
    /// last id, else the one that follows the last.
    pub fn after(last: StreamId, now_ms: u64) -> Option<Self> {
        if now_ms > last.ms { Some(StreamId::new(now_ms, 0)) } else { last.next() }
    }

    /// Reads `ms-seq` or `ms`, where the sequence number is `missing_seq`.
    pub fn parse(text: &[u8], missing_seq: u64) -> Option<Self> {
        match text.iter().position(|&byte| byte == b'-') {
            Some(at) => {
                Some(StreamId { ms: parse_part(&text[..at])?, seq: parse_part(&text[at + 1..])? })
            }
            None => Some(StreamId { ms: parse_part(text)?, seq: missing_seq }),
        }
    }

    /// Writes the id's text into `buffer` and returns the written part.
    pub fn write(self, buffer: &mut IdText) -> &[u8] {
        let mut digits = itoa::Buffer::new();
        let ms = digits.format(self.ms).as_bytes();
        buffer[..ms.len()].copy_from_slice(ms);
        buffer[ms.len()] = b'-';
        let start = ms.len() + 1;
        let seq = digits.format(self.seq).as_bytes();
        buffer[start..start + seq.len()].copy_from_slice(seq);
        &buffer[..start + seq.len()]
    }
}

/// One of the two numbers: digits, zeros before them allowed.
fn parse_part(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 127 {
        return None;
    }
    text.iter().try_fold(0u64, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { value.checked_mul(10)?.checked_add(u64::from(digit)) }
    })
}

impl fmt::Display for StreamId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.ms, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let max = StreamId::MAX.to_string();
        for (text, id) in [
            ("0-0", Some(StreamId::MIN)),
            ("1526919030474-55", Some(StreamId::new(1_526_919_030_474, 55))),
            ("7", Some(StreamId::new(7, 9))),
            ("007-01", Some(StreamId::new(7, 1))),
            (max.as_str(), Some(StreamId::MAX)),
            ("18446744073709551616-0", None),
            ("1-", None),
            ("-1", None),
            ("1--1", None),
            ("1-2-3", None),
            ("+1-1", None),
            ("", None),
            ("-", None),
            ("1-*", None),
        ] {
            assert_eq!(StreamId::parse(text.as_bytes(), 9), id, "{text}");
        }
        for id in [StreamId::MIN, StreamId::MAX, StreamId::new(10, 200)] {
            assert_eq!(id.write(&mut [0; 41]), id.to_string().as_bytes());
        }
    }

    #[test]
    fn neighbours() {
        let last_of_5 = StreamId::new(5, u64::MAX);
        assert_eq!(last_of_5.next(), Some(StreamId::new(6, 0)));
        assert_eq!(StreamId::new(6, 0).previous(), Some(last_of_5));
        assert_eq!(StreamId::MAX.next(), None);
        assert_eq!(StreamId::MIN.previous(), None);
        assert_eq!(StreamId::after(StreamId::new(5, 3), 5), Some(StreamId::new(5, 4)));
        assert_eq!(StreamId::after(StreamId::new(5, 3), 9), Some(StreamId::new(9, 0)));
        assert_eq!(StreamId::after(StreamId::MAX, 9), None);
    }
}
