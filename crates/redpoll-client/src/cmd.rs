//! A command, built word by word.

use crate::args::{Args, ToArgs};
use crate::connection::Connection;
use crate::error::Error;
use crate::from_value::FromValue;
use crate::value::Value;

/// Begins a command: `cmd("SET").arg("key").arg(5)`.
pub fn cmd(name: impl AsRef<[u8]>) -> Cmd {
    let mut args = Args::default();
    args.push(name.as_ref());
    let subscribes = SUBSCRIBE.iter().any(|known| known.eq_ignore_ascii_case(name.as_ref()));
    Cmd { args, subscribes }
}

/// Commands that are answered by a message for each channel, and not by a reply.
const SUBSCRIBE: [&[u8]; 6] =
    [b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE"];

/// A command with its arguments. It can be sent any number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cmd {
    args: Args,
    subscribes: bool,
}

/// What a server sends in answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// So many replies.
    Replies(usize),
    /// So many messages about subscriptions, or one error.
    Confirmations(usize),
}

impl Cmd {
    /// Adds what a value is in arguments: one, several or none.
    #[must_use]
    pub fn arg(mut self, value: impl ToArgs) -> Self {
        value.to_args(&mut self.args);
        self
    }

    /// Sends it, and reads the reply as what is wanted.
    ///
    /// # Errors
    /// If the connection fails, the server answers an error, or the reply is something else.
    pub fn query<T: FromValue>(&self, connection: &mut Connection) -> Result<T, Error> {
        T::from_value(connection.send(self)?)
    }

    /// Sends it, and waits for a reply that is not looked at further.
    ///
    /// # Errors
    /// If the connection fails or the server answers an error.
    pub fn exec(&self, connection: &mut Connection) -> Result<(), Error> {
        self.query(connection)
    }

    /// The same on an asynchronous connection.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    #[cfg(feature = "tokio")]
    pub async fn query_async<T: FromValue>(
        &self,
        connection: &crate::aio::Connection,
    ) -> Result<T, Error> {
        T::from_value(connection.send(self).await?)
    }

    /// Appends the request to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.args.encode(out);
    }

    /// What it is answered by.
    pub(crate) fn expect(&self) -> Expect {
        match self.args.count() {
            // Without channels it cannot be known how many messages come: one at least.
            1 if self.subscribes => Expect::Confirmations(1),
            count if self.subscribes => Expect::Confirmations(count - 1),
            _ => Expect::Replies(1),
        }
    }
}

/// Whether a push is the answer to a command that subscribes.
pub(crate) fn is_confirmation(push: &Value) -> bool {
    let kind = push.as_slice().and_then(|items| items.first()).and_then(Value::as_bytes);
    kind.is_some_and(|kind| SUBSCRIBE.iter().any(|known| known.eq_ignore_ascii_case(kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_encoded_with_all_its_words() {
        let mut out = Vec::new();
        cmd("SET").arg("k").arg(5).arg(Some(("EX", 1))).arg(None::<&str>).encode(&mut out);
        assert_eq!(
            out.escape_ascii().to_string(),
            r"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n5\r\n$2\r\nEX\r\n$1\r\n1\r\n"
        );
    }

    #[test]
    fn subscriptions_are_answered_once_a_channel() {
        assert_eq!(cmd("subscribe").arg(["a", "b"]).expect(), Expect::Confirmations(2));
        assert_eq!(cmd("UNSUBSCRIBE").expect(), Expect::Confirmations(1));
        assert_eq!(cmd("MGET").arg(["a", "b"]).expect(), Expect::Replies(1));
    }
}
