//! The control messages of Valkey's protocol over RDMA: 32 bytes each, numbers in network order.
//!
//! | at | bytes | `GetServerFeature`, `SetClientFeature` | `Keepalive` | `RegisterXferMemory` |
//! | --- | --- | --- | --- | --- |
//! | 0 | 2 | which message | which message | which message |
//! | 2 | 2 | which features are meant | zeros | zeros |
//! | 16 | 8 | zeros | zeros | address of the memory |
//! | 24 | 8 | the features, a bit each | zeros | its length and its key, 4 bytes each |

use std::fmt;

/// Bytes of a message.
pub const LEN: usize = 32;

/// A control message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Which features the server has; it answers with the same message.
    GetServerFeature {
        /// Which are meant.
        select: u16,
        /// Those that there are.
        features: u64,
    },
    /// Which of them the client wants.
    SetClientFeature {
        /// Which are meant.
        select: u16,
        /// Those that are wanted.
        features: u64,
    },
    /// The other side is still there.
    Keepalive,
    /// The memory that the other side may write to from now on, from its beginning.
    RegisterXferMemory(Window),
}

/// Memory of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Where it is.
    pub address: u64,
    /// Bytes.
    pub length: u32,
    /// Its key.
    pub key: u32,
}

/// A message that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown(pub u16);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no control message {}", self.0)
    }
}

impl std::error::Error for Unknown {}

impl Control {
    /// The message's bytes.
    pub fn encode(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let mut put = |at: usize, what: &[u8]| bytes[at..at + what.len()].copy_from_slice(what);
        match self {
            Control::GetServerFeature { select, features }
            | Control::SetClientFeature { select, features } => {
                let which = u16::from(matches!(self, Control::SetClientFeature { .. }));
                put(0, &which.to_be_bytes());
                put(2, &select.to_be_bytes());
                put(24, &features.to_be_bytes());
            }
            Control::Keepalive => put(0, &2u16.to_be_bytes()),
            Control::RegisterXferMemory(window) => {
                put(0, &3u16.to_be_bytes());
                put(16, &window.address.to_be_bytes());
                put(24, &window.length.to_be_bytes());
                put(28, &window.key.to_be_bytes());
            }
        }
        bytes
    }

    /// Reads a message.
    ///
    /// # Errors
    /// If it is none that is known.
    pub fn decode(bytes: &[u8; LEN]) -> Result<Control, Unknown> {
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let long = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            u64::from_be_bytes(eight)
        };
        let (select, features) = (word(2), long(24));
        match word(0) {
            0 => Ok(Control::GetServerFeature { select, features }),
            1 => Ok(Control::SetClientFeature { select, features }),
            2 => Ok(Control::Keepalive),
            3 => Ok(Control::RegisterXferMemory(Window {
                address: long(16),
                length: (features >> 32) as u32,
                key: features as u32,
            })),
            other => Err(Unknown(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_laid_out_as_valkey_does() {
        let window = Window { address: 0x0102_0304_0506_0708, length: 0x0010_0000, key: 0xa1b2 };
        let bytes = Control::RegisterXferMemory(window).encode();
        let mut wanted = [0; LEN];
        wanted[1] = 3;
        wanted[16..24].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        wanted[24..].copy_from_slice(&[0, 0x10, 0, 0, 0, 0, 0xa1, 0xb2]);
        assert_eq!(bytes, wanted);
        let mut wanted = [0; LEN];
        wanted[..4].copy_from_slice(&[0, 1, 0, 7]);
        wanted[31] = 5;
        assert_eq!(Control::SetClientFeature { select: 7, features: 5 }.encode(), wanted);
    }

    #[test]
    fn messages_come_back() {
        let window = Window { address: u64::MAX, length: u32::MAX, key: 1 };
        for message in [
            Control::GetServerFeature { select: 1, features: u64::MAX },
            Control::SetClientFeature { select: u16::MAX, features: 0 },
            Control::Keepalive,
            Control::RegisterXferMemory(window),
        ] {
            assert_eq!(Control::decode(&message.encode()), Ok(message));
        }
        assert_eq!(Control::decode(&[0xff; LEN]), Err(Unknown(0xffff)));
    }
}
