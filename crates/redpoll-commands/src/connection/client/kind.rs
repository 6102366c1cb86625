//! The types of clients that LIST and KILL select by.

use crate::prelude::*;
use redpoll_engine::client::{Client, ClientKind};

/// A type as LIST and KILL name it.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    Kind(ClientKind),
    /// This server's primary.
    Primary,
}

impl Wanted {
    pub fn parse(word: &[u8]) -> Result<Self> {
        match word {
            _ if parse::is(word, "normal") => Ok(Wanted::Kind(ClientKind::Normal)),
            _ if parse::is(word, "pubsub") => Ok(Wanted::Kind(ClientKind::PubSub)),
            _ if parse::is(word, "replica") || parse::is(word, "slave") => {
                Ok(Wanted::Kind(ClientKind::Replica))
            }
            _ if parse::is(word, "master") || parse::is(word, "primary") => Ok(Wanted::Primary),
            _ => {
                let word = String::from_utf8_lossy(word);
                Err(Error::text(format!("ERR Unknown client type '{word}'")))
            }
        }
    }

    pub fn includes(self, client: &Client) -> bool {
        match self {
            Wanted::Kind(kind) => client.kind() == kind,
            Wanted::Primary => false,
        }
    }
}
