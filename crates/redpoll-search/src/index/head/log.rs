//! Many byte strings that grow at the end, in one piece of memory.
//!
//! A string is a chain of chunks, each twice as long as the one before, up to a bound. The last
//! four bytes of a chunk say where the next begins. All that a chain needs to be read is where it
//! begins and how long it is, as the lengths of its chunks are known.

/// Bytes of the first chunk, its link included.
const CHUNK_MIN: u32 = 16;
const CHUNK_MAX: u32 = 1024;
const LINK: u32 = 4;

/// The memory of all strings.
#[derive(Debug, Default)]
pub struct Log {
    bytes: Vec<u8>,
}

/// One string.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    first: u32,
    /// Where the next byte goes.
    at: u32,
    /// Bytes left in the last chunk.
    left: u32,
    /// Bytes of the last chunk.
    chunk: u32,
    len: u32,
}

impl Log {
    /// A new string.
    pub fn chain(&mut self) -> Chain {
        let first = self.chunk(CHUNK_MIN);
        Chain { first, at: first, left: CHUNK_MIN - LINK, chunk: CHUNK_MIN, len: 0 }
    }

    fn chunk(&mut self, size: u32) -> u32 {
        let at = self.bytes.len();
        self.bytes.resize(at + size as usize, 0);
        at as u32
    }

    /// Appends to a string.
    pub fn append(&mut self, chain: &mut Chain, mut bytes: &[u8]) {
        chain.len += bytes.len() as u32;
        while !bytes.is_empty() {
            if chain.left == 0 {
                let size = (chain.chunk * 2).min(CHUNK_MAX);
                let next = self.chunk(size);
                let link = chain.at as usize;
                self.bytes[link..link + LINK as usize].copy_from_slice(&next.to_le_bytes());
                (chain.at, chain.left, chain.chunk) = (next, size - LINK, size);
            }
            let part = bytes.len().min(chain.left as usize);
            let at = chain.at as usize;
            self.bytes[at..at + part].copy_from_slice(&bytes[..part]);
            chain.at += part as u32;
            chain.left -= part as u32;
            bytes = &bytes[part..];
        }
    }

    /// A copy of a string.
    pub fn copy(&self, chain: &Chain) -> Vec<u8> {
        let mut out = Vec::with_capacity(chain.len as usize);
        let (mut at, mut size) = (chain.first as usize, CHUNK_MIN);
        loop {
            let part = (chain.len as usize - out.len()).min((size - LINK) as usize);
            out.extend_from_slice(&self.bytes[at..at + part]);
            if out.len() == chain.len as usize {
                return out;
            }
            let link = at + part;
            let next = self.bytes[link..link + LINK as usize].try_into();
            at = next.map_or(0, u32::from_le_bytes) as usize;
            size = (size * 2).min(CHUNK_MAX);
        }
    }

    /// Bytes in use.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_do_not_mix() {
        let mut log = Log::default();
        let mut chains: Vec<(Chain, Vec<u8>)> = Vec::new();
        for _ in 0..5 {
            chains.push((log.chain(), Vec::new()));
        }
        for round in 0..400u32 {
            let (chain, want) = &mut chains[(round * 7 % 5) as usize];
            let part: Vec<u8> = (0..round % 50).map(|i| (round + i) as u8).collect();
            log.append(chain, &part);
            want.extend_from_slice(&part);
            assert_eq!(&log.copy(chain), want);
        }
        for (chain, want) in &chains {
            assert_eq!(&log.copy(chain), want);
        }
    }
}
