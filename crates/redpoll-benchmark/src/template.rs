//! Requests made once and sent many times.
//!
//! A batch is the same command written `pipeline` times into one buffer. Where the command says
//! `__rand_int__` there is a field of twelve digits, which is overwritten in place before each
//! sending; nothing else ever changes. One buffer serves all connections of a thread, so it stays
//! in the nearest cache.

use crate::random::Random;
use crate::zipf::Zipf;

/// Stands in a command for a number of twelve digits.
pub const NUMBER_MARK: &[u8] = b"__rand_int__";

/// Stands in a command for a value of the chosen size.
pub const DATA_MARK: &[u8] = b"__data__";

/// Digits of a number: as many as the mark has letters, so that both have one length.
const DIGITS: usize = 12;

/// A batch of one command, ready to be sent.
#[derive(Clone)]
pub struct Template {
    batch: Vec<u8>,
    /// Bytes of one command.
    command_bytes: usize,
    /// Where the fields start in one command.
    fields: Vec<usize>,
    /// Pairs of digits that can differ from zero.
    pairs: usize,
    keyspace: u64,
}

/// Where the numbers come from.
#[derive(Clone)]
pub enum Numbers {
    /// Drawn at random.
    Random(Random),
    /// Drawn at random, some far more often than others.
    Zipf(Random, Zipf),
    /// Counted up from the number of the request.
    Sequential,
}

impl Template {
    /// A batch of `pipeline` times the encoded command. Without a keyspace its marks stay words.
    pub fn new(command: &[u8], pipeline: usize, keyspace: Option<u64>) -> Template {
        let mut fields = Vec::new();
        let mut batch = command.to_vec();
        if keyspace.is_some() {
            let mut from = 0;
            while let Some(at) = find(command, NUMBER_MARK, from) {
                fields.push(at);
                batch[at..at + DIGITS].fill(b'0');
                from = at + DIGITS;
            }
        }
        let keyspace = keyspace.unwrap_or(0);
        let digits = keyspace.saturating_sub(1).checked_ilog10().map_or(0, |log| log as usize + 1);
        Template {
            batch: batch.repeat(pipeline),
            command_bytes: command.len(),
            fields,
            pairs: digits.div_ceil(2),
            keyspace,
        }
    }

    /// The bytes of the first `count` commands, with fresh numbers in the fields.
    ///
    /// `first` is the number of the first request, which sequential numbers start from. O(fields).
    pub fn fill(&mut self, count: usize, first: u64, numbers: &mut Numbers) -> &[u8] {
        if self.keyspace > 0 && !self.fields.is_empty() {
            self.fill_fields(count, first, numbers);
        }
        &self.batch[..count * self.command_bytes]
    }

    fn fill_fields(&mut self, count: usize, first: u64, numbers: &mut Numbers) {
        let keyspace = self.keyspace;
        let mut next = first.wrapping_mul(self.fields.len() as u64) % keyspace;
        for command in self.batch.chunks_exact_mut(self.command_bytes).take(count) {
            for field in &self.fields {
                let number = match numbers {
                    Numbers::Random(random) => random.below(keyspace),
                    Numbers::Zipf(random, zipf) => zipf.draw(random),
                    Numbers::Sequential => {
                        let number = next;
                        next = if next + 1 == keyspace { 0 } else { next + 1 };
                        number
                    }
                };
                write_digits(&mut command[*field..*field + DIGITS], number, self.pairs);
            }
        }
    }
}

/// Writes the lowest `pairs` pairs of digits; those above are zero already and stay so.
fn write_digits(field: &mut [u8], number: u64, pairs: usize) {
    let mut left = number;
    for pair in field.rchunks_exact_mut(2).take(pairs) {
        let low = (left % 100) as usize * 2;
        left /= 100;
        pair.copy_from_slice(&PAIRS[low..low + 2]);
    }
}

/// "00", "01", … "99" in one row.
const PAIRS: [u8; 200] = {
    let mut table = [b'0'; 200];
    let mut number = 0;
    while number < 100 {
        table[2 * number] = b'0' + (number / 10) as u8;
        table[2 * number + 1] = b'0' + (number % 10) as u8;
        number += 1;
    }
    table
};

/// Where `needle` first stands in `text` from `from` on.
pub fn find(text: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let found = text.get(from..)?.windows(needle.len()).position(|window| window == needle);
    found.map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn without_a_keyspace_the_words_stay() {
        let mut template = Template::new(b"GET __rand_int__ ", 2, None);
        let filled = text(template.fill(2, 0, &mut Numbers::Sequential));
        assert_eq!(filled, "GET __rand_int__ GET __rand_int__ ");
    }

    #[test]
    fn sequential_numbers_follow_the_requests_and_start_over() {
        let mut template = Template::new(b"<__rand_int__,__rand_int__>", 2, Some(101));
        let filled = text(template.fill(2, 49, &mut Numbers::Sequential));
        assert_eq!(filled, "<000000000098,000000000099><000000000100,000000000000>");
        let less = text(template.fill(1, 0, &mut Numbers::Sequential));
        assert_eq!(less, "<000000000000,000000000001>");
    }

    #[test]
    fn random_numbers_are_in_range_even_and_repeatable() {
        let mut template = Template::new(b"__rand_int__", 1000, Some(10));
        let mut numbers = Numbers::Random(Random::new(7));
        let first = template.fill(1000, 0, &mut numbers).to_vec();
        let mut seen = [0usize; 10];
        for number in first.chunks(DIGITS) {
            let number: usize = text(number).parse().expect("twelve digits");
            seen[number] += 1;
        }
        assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
        let again = template.fill(1000, 0, &mut Numbers::Random(Random::new(7))).to_vec();
        assert_eq!(first, again);
    }

    #[test]
    fn the_largest_keyspace_uses_all_digits() {
        let mut template = Template::new(b"__rand_int__", 1, Some(1_000_000_000_000));
        let last = 999_999_999_999;
        assert_eq!(text(template.fill(1, last, &mut Numbers::Sequential)), "999999999999");
    }

    #[test]
    fn a_keyspace_of_zero_or_one_is_all_zeros() {
        for keyspace in [0, 1] {
            let mut template = Template::new(b"__rand_int__", 1, Some(keyspace));
            let mut numbers = Numbers::Random(Random::new(1));
            assert_eq!(text(template.fill(1, 5, &mut numbers)), "000000000000");
        }
    }
}
