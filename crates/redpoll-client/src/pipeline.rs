//! Several commands sent at once.

use crate::args::ToArgs;
use crate::cmd::{Cmd, cmd};
use crate::connection::Connection;
use crate::error::{Error, ReplyError, TypeError};
use crate::from_value::FromValue;
use crate::value::Value;

/// Begins a pipeline.
pub fn pipe() -> Pipeline {
    Pipeline::default()
}

/// Commands that are sent together, and whose replies are read together as one value: a tuple,
/// or a list. Commands that subscribe do not belong into one: messages answer them.
///
/// ```no_run
/// # fn main() -> Result<(), redpoll_client::Error> {
/// # let mut connection = redpoll_client::connect("redis://")?;
/// let (count, name): (i64, Option<String>) = redpoll_client::pipe()
///     .cmd("SET").arg("name").arg("redpoll").ignore()
///     .cmd("INCR").arg("visits")
///     .cmd("GET").arg("name")
///     .query(&mut connection)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    commands: Vec<(Cmd, Answer)>,
    atomic: bool,
}

/// What to do with the reply to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Wanted,
    /// It only must not be an error.
    Ignored,
}

impl Pipeline {
    /// Begins the next command.
    #[must_use]
    pub fn cmd(self, name: impl AsRef<[u8]>) -> Self {
        self.push(cmd(name))
    }

    /// Adds a whole command.
    #[must_use]
    pub fn push(mut self, command: Cmd) -> Self {
        self.commands.push((command, Answer::Wanted));
        self
    }

    /// Adds arguments to the last command. Without one, there is nothing to add to.
    #[must_use]
    pub fn arg(mut self, value: impl ToArgs) -> Self {
        if let Some((last, answer)) = self.commands.pop() {
            self.commands.push((last.arg(value), answer));
        }
        self
    }

    /// Leaves the reply to the last command out. If it is an error, that counts all the same.
    #[must_use]
    pub fn ignore(mut self) -> Self {
        if let Some((_, answer)) = self.commands.last_mut() {
            *answer = Answer::Ignored;
        }
        self
    }

    /// Makes a transaction of it: MULTI in front, EXEC behind. If a watched key has changed, the
    /// reply is null, which an [`Option`] takes.
    #[must_use]
    pub fn atomic(mut self) -> Self {
        self.atomic = true;
        self
    }

    /// How many commands there are.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Sends all commands, and reads the replies that are not ignored as what is wanted.
    ///
    /// # Errors
    /// If the connection fails, one of the commands is answered by an error (the first one is
    /// given; the others have run nevertheless), or the replies are something else. An element of
    /// type `Result<T, ReplyError>` or [`Value`] takes errors.
    pub fn query<T: FromValue>(&self, connection: &mut Connection) -> Result<T, Error> {
        let mut request = Vec::new();
        self.encode(&mut request);
        self.read(connection.exchange(&request, self.replies())?)
    }

    /// The same without a result.
    ///
    /// # Errors
    /// As [`query`](Self::query).
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
        let mut request = Vec::new();
        self.encode(&mut request);
        self.read(connection.exchange(&request, self.replies()).await?)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        let mut add = |command: &Cmd| command.encode(out);
        if self.atomic {
            add(&cmd("MULTI"));
        }
        self.commands.iter().for_each(|(command, _)| add(command));
        if self.atomic {
            add(&cmd("EXEC"));
        }
    }

    fn replies(&self) -> usize {
        self.commands.len() + if self.atomic { 2 } else { 0 }
    }

    /// What came back as what is wanted.
    fn read<T: FromValue>(&self, replies: Vec<Value>) -> Result<T, Error> {
        let replies = if self.atomic {
            match executed(replies)? {
                Some(replies) => replies,
                None => return T::from_value(Value::Null),
            }
        } else {
            replies
        };
        let mut wanted = Vec::with_capacity(replies.len());
        for ((_, answer), reply) in self.commands.iter().zip(replies) {
            match (answer, reply.error_text()) {
                (Answer::Wanted, _) => wanted.push(reply),
                (Answer::Ignored, Some(text)) => return Err(ReplyError::new(text).into()),
                (Answer::Ignored, None) => {}
            }
        }
        T::from_value(Value::Array(wanted))
    }
}

/// The replies within a transaction's; `None` if it was not carried out because a watched key has
/// changed.
fn executed(mut replies: Vec<Value>) -> Result<Option<Vec<Value>>, Error> {
    let last = replies.pop();
    match last {
        Some(Value::Array(replies)) => Ok(Some(replies)),
        Some(Value::Null) => Ok(None),
        Some(last) => {
            // The error that a command was refused with tells more than that of EXEC.
            let first = replies.iter().find_map(Value::error_text);
            match first.or(last.error_text()) {
                Some(text) => Err(ReplyError::new(text).into()),
                None => Err(TypeError::new("the replies of a transaction", &last).into()),
            }
        }
        None => Ok(Some(replies)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Value {
        Value::Status(text.into())
    }

    fn error(text: &str) -> Value {
        Value::Error(text.into())
    }

    #[test]
    fn ignored_replies_are_left_out_unless_they_are_errors() {
        let pipeline = pipe().cmd("SET").arg("a").arg(1).ignore().cmd("GET").arg("a");
        let read = |first| pipeline.read::<(i64,)>(vec![first, Value::Integer(1)]);
        assert_eq!(read(status("OK")).unwrap(), (1,));
        assert_eq!(read(error("ERR no")).unwrap_err().to_string(), "ERR no");
    }

    #[test]
    fn a_transaction_has_its_replies_in_the_last_one() {
        let pipeline = pipe().atomic().cmd("INCR").arg("a");
        assert_eq!(pipeline.replies(), 3);
        let run = |last| vec![status("OK"), status("QUEUED"), last];
        let done: (i64,) = pipeline.read(run(Value::Array(vec![Value::Integer(7)]))).unwrap();
        assert_eq!(done, (7,));
        let aborted: Option<(i64,)> = pipeline.read(run(Value::Null)).unwrap();
        assert_eq!(aborted, None);
        let refused = vec![status("OK"), error("ERR arity"), error("EXECABORT")];
        assert_eq!(pipeline.read::<()>(refused).unwrap_err().to_string(), "ERR arity");
    }

    #[test]
    fn an_element_may_take_an_error() {
        let pipeline = pipe().cmd("A").cmd("B");
        let replies = || vec![Value::Integer(1), error("WRONGTYPE no")];
        assert!(pipeline.read::<(i64, i64)>(replies()).is_err());
        let (one, other): (i64, Result<i64, ReplyError>) = pipeline.read(replies()).unwrap();
        assert_eq!((one, other.unwrap_err().code()), (1, "WRONGTYPE"));
    }
}
