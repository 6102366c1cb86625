//! The types of clients that LIST and KILL select by.

use crate::prelude::*;
use redpoll_engine::client::{Client, ClientKind};

/// A type as LIST and KILL name it.
#[derive(Clone, Copy)]
pub(super) struct Wanted(ClientKind);

impl Wanted {
    pub fn parse(word: &[u8]) -> Result<Self> {
        match word {
            _ if parse::is(word, "normal") => Ok(Wanted(ClientKind::Normal)),
            _ if parse::is(word, "pubsub") => Ok(Wanted(ClientKind::PubSub)),
            _ if parse::is(word, "replica") || parse::is(word, "slave") => {
                Ok(Wanted(ClientKind::Replica))
            }
            _ if parse::is(word, "master") || parse::is(word, "primary") => {
                Ok(Wanted(ClientKind::Primary))
            }
            _ => {
                let word = String::from_utf8_lossy(word);
                Err(Error::text(format!("ERR Unknown client type '{word}'")))
            }
        }
    }

    pub fn includes(self, client: &Client) -> bool {
        client.kind() == self.0
    }
}
