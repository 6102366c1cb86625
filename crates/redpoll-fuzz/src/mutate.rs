//! Mutations of byte strings, from a seed: the same seed makes the same run.

/// A small generator of random numbers (splitmix64).
pub struct Random(u64);

impl Random {
    /// A generator; equal seeds make equal numbers.
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    /// The next number below `end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % end as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

/// Pieces that mean something to the targets.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"*1\r\n",
    b"$4\r\nPING\r\n",
    b"*-1\r\n",
    b"$-1\r\n",
    b"$0\r\n\r\n",
    b"\"",
    b"'",
    b"\\x",
    b"\\\"",
    b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
    b"1048577",
    b"536870913",
    b"9223372036854775807",
    b"-",
    b"00",
    b"\0",
];

/// The longest input that is made.
const LENGTH_MAX: usize = 4096;

/// A changed copy of `input`; sometimes with a part of `other` in it.
pub fn mutate(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(4) {
        step(&mut bytes, other, random);
    }
    bytes.truncate(LENGTH_MAX);
    bytes
}

fn step(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = at + random.below(bytes.len() - at + 1);
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = random.byte(),
        2 => bytes.insert(at, random.byte()),
        3 => drop(bytes.drain(at..end.min(at + 32))),
        4 => insert(bytes, at, PIECES[random.below(PIECES.len())]),
        5 => {
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            insert(bytes, to, &copy);
        }
        6 if !other.is_empty() => {
            let from = random.below(other.len());
            let until = from + random.below(other.len() - from + 1);
            insert(bytes, at, &other[from..until]);
        }
        _ => bytes.extend((0..=random.below(16)).map(|_| random.byte())),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs() {
        let make = |seed| {
            let mut random = Random::new(seed);
            (0..50).map(|_| mutate(b"abc", b"defgh", &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(make(5), make(5));
        assert_ne!(make(5), make(6));
    }

    #[test]
    fn inputs_stay_short() {
        let mut random = Random::new(1);
        let mut input = Vec::new();
        for _ in 0..5000 {
            input = mutate(&input, &input, &mut random);
            assert!(input.len() <= LENGTH_MAX);
        }
    }
}
