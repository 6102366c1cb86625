//! Replies and errors, from our types to those of the `redis` crate.

use redis::{
    ErrorKind, PushKind, RedisError, RedisResult, Value, VerbatimFormat, parse_redis_value,
};
use redpoll_client::value::Value as Ours;
use redpoll_client::{Error, HandshakeStep};
use std::io;

/// A reply.
pub fn value(ours: Ours) -> RedisResult<Value> {
    Ok(match ours {
        Ours::Null => Value::Nil,
        Ours::Bulk(text) => Value::BulkString(text),
        Ours::Integer(number) => Value::Int(number),
        Ours::Status(text) if text == b"OK" => Value::Okay,
        Ours::Status(text) => Value::SimpleString(text_of(text)),
        Ours::Double(double) => Value::Double(double.number),
        Ours::Boolean(truth) => Value::Boolean(truth),
        Ours::Array(items) => Value::Array(values(items)?),
        Ours::Set(items) => Value::Set(values(items)?),
        Ours::Map(items) => Value::Map(pairs(items)?),
        Ours::Push(items) => push(items)?,
        Ours::Verbatim { format, text } => {
            Value::VerbatimString { format: verbatim(&format), text: text_of(text) }
        }
        Ours::Attributed { attributes, value: inner } => {
            Value::Attribute { data: Box::new(value(*inner)?), attributes: pairs(attributes)? }
        }
        // Only the crate itself can make these two: an error, and a type that its features change.
        Ours::Error(text) => parsed(b'-', &text)?,
        Ours::BigNumber(digits) => parsed(b'(', &digits)?,
    })
}

/// The replies of a pipeline, without the first `offset` of them: those of a transaction's
/// commands, which say that they are queued.
pub fn after_queueing(replies: Vec<Ours>, offset: usize) -> RedisResult<Vec<Value>> {
    let mut kept = Vec::with_capacity(replies.len().saturating_sub(offset));
    for (index, reply) in replies.into_iter().enumerate() {
        let reply = value(reply)?;
        if index >= offset {
            kept.push(reply);
        } else {
            reply.extract_error()?;
        }
    }
    Ok(kept)
}

fn values(items: Vec<Ours>) -> RedisResult<Vec<Value>> {
    items.into_iter().map(value).collect()
}

fn pairs(items: Vec<(Ours, Ours)>) -> RedisResult<Vec<(Value, Value)>> {
    items.into_iter().map(|(key, item)| Ok((value(key)?, value(item)?))).collect()
}

fn push(mut items: Vec<Ours>) -> RedisResult<Value> {
    if items.is_empty() {
        return Ok(Value::Push { kind: PushKind::Other(String::new()), data: Vec::new() });
    }
    let name = items.remove(0);
    let kind = match name.as_bytes().unwrap_or_default() {
        b"invalidate" => PushKind::Invalidate,
        b"message" => PushKind::Message,
        b"pmessage" => PushKind::PMessage,
        b"smessage" => PushKind::SMessage,
        b"subscribe" => PushKind::Subscribe,
        b"psubscribe" => PushKind::PSubscribe,
        b"ssubscribe" => PushKind::SSubscribe,
        b"unsubscribe" => PushKind::Unsubscribe,
        b"punsubscribe" => PushKind::PUnsubscribe,
        b"sunsubscribe" => PushKind::SUnsubscribe,
        other => PushKind::Other(String::from_utf8_lossy(other).into_owned()),
    };
    Ok(Value::Push { kind, data: values(items)? })
}

fn verbatim(format: &[u8; 3]) -> VerbatimFormat {
    match format {
        b"txt" => VerbatimFormat::Text,
        b"mkd" => VerbatimFormat::Markdown,
        other => VerbatimFormat::Unknown(String::from_utf8_lossy(other).into_owned()),
    }
}

fn parsed(kind: u8, text: &[u8]) -> RedisResult<Value> {
    // A bulk error may have line ends.
    let text: Vec<u8> =
        text.iter().map(|byte| if byte.is_ascii_control() { b' ' } else { *byte }).collect();
    let line = [&[kind], text_of(text).as_bytes(), b"\r\n"].concat();
    parse_redis_value(&line)
}

fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// A failure.
pub fn error(ours: Error) -> RedisError {
    let text = ours.to_string();
    let io = |kind: io::ErrorKind| RedisError::from(io::Error::new(kind, text.clone()));
    match ours {
        Error::Connect(error) | Error::Io(error) => error.into(),
        Error::Closed => io(io::ErrorKind::UnexpectedEof),
        Error::Timeout => io(io::ErrorKind::TimedOut),
        Error::Protocol(_) => (ErrorKind::Parse, "not RESP", text).into(),
        Error::Refused(HandshakeStep::Auth, _) => {
            (ErrorKind::AuthenticationFailed, "Password authentication failed", text).into()
        }
        Error::Refused(_, _) => (ErrorKind::Client, "the opening was refused", text).into(),
        Error::Reply(error) => match parsed(b'-', error.text().as_bytes()) {
            Ok(value) => match value.extract_error() {
                Err(error) => error,
                Ok(_) => (ErrorKind::Client, "an error reply", text).into(),
            },
            Err(error) => error,
        },
        Error::Type(_) => (ErrorKind::UnexpectedReturnType, "another type of reply", text).into(),
        Error::Uri(_) => (ErrorKind::InvalidClientConfig, "the URI names no server", text).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Value, Value) {
        let mut decoder = redpoll_client::Decoder::new();
        decoder.feed(bytes);
        let ours = decoder.next().expect("RESP").expect("all of it");
        (value(ours).expect("a value"), parse_redis_value(bytes).expect("RESP"))
    }

    #[test]
    fn values_are_those_that_the_crates_own_parser_gives() {
        let replies: [&[u8]; 11] = [
            b"+OK\r\n",
            b"+PONG\r\n",
            b":-5\r\n",
            b"$3\r\na\0b\r\n",
            b"$-1\r\n",
            b"*2\r\n:1\r\n*1\r\n$1\r\na\r\n",
            b"%1\r\n+k\r\n,1.5\r\n",
            b"~2\r\n#t\r\n_\r\n",
            b"=7\r\ntxt:abc\r\n",
            b">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
            b"-WRONGTYPE Operation against a key\r\n",
        ];
        for reply in replies {
            let (ours, theirs) = read(reply);
            assert_eq!(ours, theirs, "{}", reply.escape_ascii());
        }
    }

    #[test]
    fn a_refused_command_in_a_transaction_is_the_error() {
        let replies = vec![
            Ours::Status(b"OK".to_vec()),
            Ours::Error(b"ERR unknown command".to_vec()),
            Ours::Error(b"EXECABORT".to_vec()),
        ];
        let error = after_queueing(replies, 2).expect_err("refused");
        assert_eq!(error.detail(), Some("unknown command"));
    }

    #[test]
    fn failures_keep_their_kind() {
        assert!(error(Error::Timeout).is_timeout());
        assert!(error(Error::Closed).is_connection_dropped());
        assert!(
            error(Error::Connect(io::ErrorKind::ConnectionRefused.into())).is_connection_refusal()
        );
        let reply = redpoll_client::ReplyError::new(b"WRONGTYPE no");
        assert_eq!(error(Error::Reply(reply)).code(), Some("WRONGTYPE"));
    }
}
