//! Publish and subscribe on a blocking connection, and what a message is.

use crate::args::ToArgs;
use crate::cmd::cmd;
use crate::connection::Connection;
use crate::error::Error;
use crate::value::Value;

/// A message that somebody has published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The channel.
    pub channel: Vec<u8>,
    /// The pattern that it matches, if a pattern is subscribed.
    pub pattern: Option<Vec<u8>>,
    /// What was published.
    pub payload: Vec<u8>,
}

impl Message {
    /// A push (or, from a server that speaks RESP2, an array) as a message, if it is one.
    pub fn from_push(push: &Value) -> Option<Message> {
        let parts: Vec<&[u8]> = push.as_slice()?.iter().map_while(Value::as_bytes).collect();
        let message = |channel: &[u8], pattern: Option<&[u8]>, payload: &[u8]| Message {
            channel: channel.to_vec(),
            pattern: pattern.map(<[u8]>::to_vec),
            payload: payload.to_vec(),
        };
        match parts.as_slice() {
            [b"message" | b"smessage", channel, payload] => Some(message(channel, None, payload)),
            [b"pmessage", pattern, channel, payload] => {
                Some(message(channel, Some(pattern), payload))
            }
            _ => None,
        }
    }
}

impl Connection {
    /// Subscribes to channels. With RESP2 the connection then takes nothing but subscriptions.
    ///
    /// # Errors
    /// As [`Cmd::query`](crate::Cmd::query).
    pub fn subscribe(&mut self, channels: impl ToArgs) -> Result<(), Error> {
        cmd("SUBSCRIBE").arg(channels).exec(self)
    }

    /// Subscribes to all channels that match patterns.
    ///
    /// # Errors
    /// As [`Cmd::query`](crate::Cmd::query).
    pub fn psubscribe(&mut self, patterns: impl ToArgs) -> Result<(), Error> {
        cmd("PSUBSCRIBE").arg(patterns).exec(self)
    }

    /// Gives subscriptions to channels up.
    ///
    /// # Errors
    /// As [`Cmd::query`](crate::Cmd::query).
    pub fn unsubscribe(&mut self, channels: impl ToArgs) -> Result<(), Error> {
        cmd("UNSUBSCRIBE").arg(channels).exec(self)
    }

    /// Waits for the next message. Other pushes that come meanwhile are dropped.
    ///
    /// # Errors
    /// If the connection fails, or the timeout of reads passes; then it can be tried again.
    pub fn next_message(&mut self) -> Result<Message, Error> {
        loop {
            let push = match self.take_push() {
                Some(push) => push,
                None => self.receive_any()?,
            };
            if let Some(message) = Message::from_push(&push) {
                return Ok(message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(words: &[&str]) -> Value {
        Value::Push(words.iter().map(|word| Value::Bulk((*word).into())).collect())
    }

    #[test]
    fn messages_are_told_from_other_pushes() {
        let message = Message::from_push(&push(&["pmessage", "n*", "news", "hi"])).unwrap();
        assert_eq!((message.channel, message.pattern), (b"news".to_vec(), Some(b"n*".to_vec())));
        assert_eq!(message.payload, b"hi");
        assert!(Message::from_push(&push(&["message", "c", "x"])).is_some());
        assert_eq!(Message::from_push(&push(&["invalidate", "c", "x"])), None);
        let confirmed = Value::Push(vec![Value::Bulk(b"subscribe".to_vec()), Value::Integer(1)]);
        assert_eq!(Message::from_push(&confirmed), None);
    }
}
