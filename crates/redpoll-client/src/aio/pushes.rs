//! What the server sends on its own account, for those who want it.

use crate::error::Error;
use crate::pubsub::Message;
use crate::value::Value;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Pushes from the moment on in which they were asked for. See
/// [`Connection::pushes`](super::Connection::pushes).
#[derive(Debug)]
pub struct Pushes {
    /// None: the connection had ended before.
    receiver: Option<Receiver<Value>>,
    lost: u64,
}

impl Pushes {
    pub(super) fn new(receiver: Receiver<Value>) -> Self {
        Pushes { receiver: Some(receiver), lost: 0 }
    }

    pub(super) fn ended() -> Self {
        Pushes { receiver: None, lost: 0 }
    }

    /// Waits for the next push, of any kind.
    ///
    /// # Errors
    /// [`Error::Closed`] once the connection has ended.
    pub async fn next(&mut self) -> Result<Value, Error> {
        let Some(receiver) = &mut self.receiver else { return Err(Error::Closed) };
        loop {
            match receiver.recv().await {
                Ok(push) => return Ok(push),
                Err(RecvError::Lagged(count)) => self.lost += count,
                Err(RecvError::Closed) => return Err(Error::Closed),
            }
        }
    }

    /// Waits for the next message of a subscription; other pushes are passed over.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn next_message(&mut self) -> Result<Message, Error> {
        loop {
            if let Some(message) = Message::from_push(&self.next().await?) {
                return Ok(message);
            }
        }
    }

    /// How many were lost because they were not taken in time.
    pub fn lost(&self) -> u64 {
        self.lost
    }
}
