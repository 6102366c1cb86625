//! Where everything lies in the shared memory. These numbers are the wire format.
//!
//! ```text
//!       0   description: magic, version, lengths, offsets       written once, before it is shared
//!     128   state: 0 open, 1 closed by the server
//!    1024   control block of the request ring                   client to server
//!    2048   control block of the reply ring                     server to client
//!    4096   bytes of the request ring
//!     ...   bytes of the reply ring
//! ```
//!
//! A client finds control blocks and rings by the description, so that a later server may lay them
//! out otherwise. A server knows what it has laid out and never reads the description again.

use std::fmt;

/// The version of the wire format, as named in `SHM.OPEN`. (Version 1 was the protocol of another
/// implementation.)
pub const VERSION: u32 = 2;
/// The first eight bytes.
pub const MAGIC: [u8; 8] = *b"redpoll\0";
/// Bytes in front of the rings.
pub const HEADER_LEN: usize = 4096;
/// Where the state word lies.
pub const STATE_AT: usize = 128;
/// Where the server puts the control block of the request ring.
pub const REQUESTS_AT: usize = 1024;
/// Where the server puts the control block of the reply ring.
pub const REPLIES_AT: usize = 2048;
/// Bytes of a control block.
pub const CONTROL_LEN: usize = 512;
/// The smallest ring: a page.
pub const RING_MIN: usize = 4096;
/// The largest ring.
pub const RING_MAX: usize = 1 << 30;

/// The state word: the connection is open.
pub const OPEN: u32 = 0;
/// The state word: the server has closed the connection. What is in the reply ring can still be
/// read.
pub const CLOSED: u32 = 1;

/// Bytes of the description.
pub(crate) const DESCRIPTION_LEN: usize = 72;

/// Where one ring lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingAt {
    /// Its control block.
    pub control: usize,
    /// Its bytes.
    pub bytes: usize,
    /// How many: a power of two.
    pub size: usize,
}

/// Where both lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes of the whole memory.
    pub len: usize,
    /// From the client to the server.
    pub requests: RingAt,
    /// From the server to the client.
    pub replies: RingAt,
}

/// Why a description is not one that this crate can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Shorter than a header, or not the length that it names.
    Length,
    /// Not such a memory at all.
    Magic,
    /// Of another version.
    Version(u32),
    /// A ring is no power of two, lies outside, or overlaps something.
    Ring,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Length => write!(f, "the shared memory has not the length that it names"),
            Unusable::Magic => write!(f, "this is no shared memory of Redpoll"),
            Unusable::Version(version) => {
                write!(f, "the shared memory has version {version}, not {VERSION}")
            }
            Unusable::Ring => write!(f, "the shared memory describes a ring that cannot be"),
        }
    }
}

impl std::error::Error for Unusable {}

impl Layout {
    /// With two rings of at least `ring` bytes each, within the bounds of a ring.
    pub fn with_rings(ring: usize) -> Layout {
        let size = ring.clamp(RING_MIN, RING_MAX).next_power_of_two();
        Layout {
            len: HEADER_LEN + 2 * size,
            requests: RingAt { control: REQUESTS_AT, bytes: HEADER_LEN, size },
            replies: RingAt { control: REPLIES_AT, bytes: HEADER_LEN + size, size },
        }
    }

    /// The description's bytes.
    pub(crate) fn describe(&self) -> [u8; DESCRIPTION_LEN] {
        let mut bytes = [0; DESCRIPTION_LEN];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        put(8, &VERSION.to_ne_bytes());
        put(12, &(HEADER_LEN as u32).to_ne_bytes());
        put(16, &(self.len as u64).to_ne_bytes());
        for (at, ring) in [(24, &self.requests), (48, &self.replies)] {
            put(at, &(ring.bytes as u64).to_ne_bytes());
            put(at + 8, &(ring.size as u64).to_ne_bytes());
            put(at + 16, &(ring.control as u32).to_ne_bytes());
        }
        bytes
    }

    /// Reads and checks a description; `len` is how many bytes the memory has.
    pub(crate) fn read(bytes: &[u8; DESCRIPTION_LEN], len: usize) -> Result<Layout, Unusable> {
        let short = |at: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&bytes[at..at + 4]);
            u32::from_ne_bytes(word)
        };
        let long = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[at..at + 8]);
            // One that is no usize is out of bounds, too.
            usize::try_from(u64::from_ne_bytes(word)).unwrap_or(usize::MAX)
        };
        if bytes[..8] != MAGIC {
            return Err(Unusable::Magic);
        }
        let version = short(8);
        if version != VERSION {
            return Err(Unusable::Version(version));
        }
        let header = short(12) as usize;
        if len < header || header < DESCRIPTION_LEN || long(16) != len {
            return Err(Unusable::Length);
        }
        let ring =
            |at| RingAt { bytes: long(at), size: long(at + 8), control: short(at + 16) as usize };
        let layout = Layout { len, requests: ring(24), replies: ring(48) };
        let fits = |ring: &RingAt| {
            (RING_MIN..=RING_MAX).contains(&ring.size)
                && ring.size.is_power_of_two()
                && ring.bytes >= header
                && ring.bytes.is_multiple_of(64)
                && ring.bytes.checked_add(ring.size).is_some_and(|end| end <= len)
                && ring.control >= STATE_AT + 128
                && ring.control.is_multiple_of(128)
                && ring.control.checked_add(CONTROL_LEN).is_some_and(|end| end <= header)
        };
        let (a, b) = (&layout.requests, &layout.replies);
        let apart =
            |a: usize, a_len: usize, b: usize, b_len: usize| a + a_len <= b || b + b_len <= a;
        let fine = fits(a)
            && fits(b)
            && apart(a.bytes, a.size, b.bytes, b.size)
            && apart(a.control, CONTROL_LEN, b.control, CONTROL_LEN);
        if fine { Ok(layout) } else { Err(Unusable::Ring) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_described_is_read() {
        for ring in [0, 4096, 5000, 1 << 20, usize::MAX / 4] {
            let layout = Layout::with_rings(ring);
            assert!(layout.requests.size.is_power_of_two());
            assert_eq!(Layout::read(&layout.describe(), layout.len), Ok(layout));
        }
        assert_eq!(Layout::with_rings(5000).requests.size, 8192);
    }

    #[test]
    fn descriptions_that_cannot_be_are_refused() {
        let layout = Layout::with_rings(4096);
        let good = layout.describe();
        assert_eq!(Layout::read(&good, layout.len + 1), Err(Unusable::Length));
        assert_eq!(Layout::read(&good, 100), Err(Unusable::Length));
        let with = |at: usize, field: &[u8]| {
            let mut bytes = good;
            bytes[at..at + field.len()].copy_from_slice(field);
            Layout::read(&bytes, layout.len).expect_err("it cannot be used")
        };
        assert_eq!(with(0, b"x"), Unusable::Magic);
        assert_eq!(with(8, &7u32.to_ne_bytes()), Unusable::Version(7));
        assert_eq!(with(12, &u32::MAX.to_ne_bytes()), Unusable::Length);
        // Control blocks: unaligned, over the end, on the state word, on each other.
        for control in [1025u32, 4096 - 256, 0, u32::MAX - 127, REPLIES_AT as u32 + 128] {
            assert_eq!(with(40, &control.to_ne_bytes()), Unusable::Ring, "{control}");
        }
        // Rings: within the header, over the end, on each other, no power of two.
        for bytes in [0u64, 4097, 8192, 1 << 40, u64::MAX] {
            assert_eq!(with(24, &bytes.to_ne_bytes()), Unusable::Ring, "{bytes}");
        }
        for size in [0u64, 4095, 8192, 1 << 63, u64::MAX] {
            assert_eq!(with(32, &size.to_ne_bytes()), Unusable::Ring, "{size}");
        }
    }
}
