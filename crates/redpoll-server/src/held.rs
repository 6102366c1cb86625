//! Replies that wait until the log is on disk as far as they depend on it.
//!
//! Two groups are enough: those that wait for a certain position, and all that have come since,
//! which wait for a later one. A client that goes on sending makes the second group wait longer,
//! never the first.

/// See the module's head.
#[derive(Default)]
pub struct Held {
    first: Vec<u8>,
    until: u64,
    rest: Vec<u8>,
    rest_until: u64,
}

impl Held {
    /// Adds replies that wait for this position, which is not before that of earlier ones.
    pub fn add(&mut self, replies: &[u8], until: u64) {
        if self.first.is_empty() || self.until == until {
            self.until = until;
            self.first.extend_from_slice(replies);
        } else {
            self.rest_until = until;
            self.rest.extend_from_slice(replies);
        }
    }

    /// What the first of them wait for.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// Bytes.
    pub fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Moves to `out` what waits for nothing behind `until`. Answers whether that was all.
    pub fn release(&mut self, until: u64, out: &mut Vec<u8>) -> bool {
        if self.until <= until {
            out.append(&mut self.first);
            self.first = std::mem::take(&mut self.rest);
            self.until = self.rest_until;
            if self.until <= until {
                out.append(&mut self.first);
            }
        }
        self.first.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_waits_for_its_own_position() {
        let (mut held, mut out) = (Held::default(), Vec::new());
        held.add(b"a", 10);
        held.add(b"b", 10);
        held.add(b"c", 20);
        held.add(b"d", 30);
        assert!(!held.release(9, &mut out));
        assert_eq!((&out[..], held.len(), held.until()), (&b""[..], 4, 10));
        assert!(!held.release(25, &mut out));
        assert_eq!((&out[..], held.until()), (&b"ab"[..], 30));
        assert!(held.release(30, &mut out));
        assert_eq!(out, b"abcd");
    }

    #[test]
    fn all_may_go_at_once() {
        let (mut held, mut out) = (Held::default(), Vec::new());
        held.add(b"a", 10);
        held.add(b"b", 20);
        assert!(held.release(u64::MAX, &mut out));
        assert_eq!(out, b"ab");
    }
}
