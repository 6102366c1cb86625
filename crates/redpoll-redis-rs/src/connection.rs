//! The blocking connection.

use crate::convert::{after_queueing, error, value};
use redis::{
    Cmd, ConnectionLike, ControlFlow, Msg, PubSubCommands, RedisResult, ToRedisArgs, Value,
};
use redpoll_client::{Config, Error};
use std::time::Duration;

/// A blocking connection, as [`redis::Connection`] is one.
pub struct Connection {
    inner: redpoll_client::Connection,
    database: i64,
    open: bool,
}

impl Connection {
    /// Connects as `config` says.
    ///
    /// # Errors
    /// If nobody answers, or a step of the opening is refused.
    pub fn open(config: &Config) -> RedisResult<Connection> {
        let inner = redpoll_client::Connection::open(config).map_err(error)?;
        Ok(Connection { inner, database: i64::from(config.database), open: true })
    }

    /// Bounds every later read; `None` waits for ever.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> RedisResult<()> {
        Ok(self.inner.transport().set_read_timeout(timeout)?)
    }

    /// Bounds every later write; `None` waits for ever.
    ///
    /// # Errors
    /// If the system refuses it.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> RedisResult<()> {
        Ok(self.inner.transport().set_write_timeout(timeout)?)
    }

    /// Why it did not go over to shared memory, if that was asked for and refused.
    pub fn refusal(&self) -> Option<&str> {
        self.inner.refusal()
    }

    /// What carries it: `tcp`, `tls`, `unix` or `shm`.
    pub fn transport(&self) -> &'static str {
        self.inner.transport().name()
    }

    /// Notes whether the connection has failed.
    fn note<T>(&mut self, result: Result<T, Error>) -> RedisResult<T> {
        result.map_err(|why| {
            self.open &= !why.is_fatal();
            error(why)
        })
    }

    /// Hands messages to a function until it has enough.
    fn listen<U>(
        &mut self,
        commands: [&str; 2],
        channels: impl ToRedisArgs,
        mut function: impl FnMut(Msg) -> ControlFlow<U>,
    ) -> RedisResult<U> {
        let channels = channels.to_redis_args();
        let command = |name| redpoll_client::cmd(name).arg(&channels);
        let reply = self.inner.send(&command(commands[0]));
        value(self.note(reply)?)?.extract_error()?;
        let result = loop {
            let push = match self.inner.take_push() {
                Some(push) => push,
                None => {
                    let push = self.inner.receive_any();
                    self.note(push)?
                }
            };
            if let Some(message) = Msg::from_owned_value(value(push)?)
                && let ControlFlow::Break(result) = function(message)
            {
                break result;
            }
        };
        let reply = self.inner.send(&command(commands[1]));
        value(self.note(reply)?)?.extract_error()?;
        // Messages that have come since are for nobody.
        while self.inner.take_push().is_some() {}
        Ok(result)
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command(&mut self, cmd: &[u8]) -> RedisResult<Value> {
        let replies = self.inner.exchange(cmd, 1);
        let replies = self.note(replies)?;
        replies.into_iter().next().map_or(Ok(Value::Nil), value)
    }

    fn req_packed_commands(
        &mut self,
        cmd: &[u8],
        offset: usize,
        count: usize,
    ) -> RedisResult<Vec<Value>> {
        let replies = self.inner.exchange(cmd, offset + count);
        after_queueing(self.note(replies)?, offset)
    }

    fn req_command(&mut self, cmd: &Cmd) -> RedisResult<Value> {
        let packed = cmd.get_packed_command();
        if cmd.is_no_response() {
            self.inner.queue_raw(&packed);
            let flushed = self.inner.flush();
            return self.note(flushed).map(|()| Value::Nil);
        }
        self.req_packed_command(&packed)
    }

    fn get_db(&self) -> i64 {
        self.database
    }

    fn check_connection(&mut self) -> bool {
        redis::cmd("PING").query::<()>(self).is_ok()
    }

    fn is_open(&self) -> bool {
        self.open
    }
}

impl PubSubCommands for Connection {
    fn subscribe<C, F, U>(&mut self, channels: C, function: F) -> RedisResult<U>
    where
        F: FnMut(Msg) -> ControlFlow<U>,
        C: ToRedisArgs,
    {
        self.listen(["SUBSCRIBE", "UNSUBSCRIBE"], channels, function)
    }

    fn psubscribe<P, F, U>(&mut self, patterns: P, function: F) -> RedisResult<U>
    where
        F: FnMut(Msg) -> ControlFlow<U>,
        P: ToRedisArgs,
    {
        self.listen(["PSUBSCRIBE", "PUNSUBSCRIBE"], patterns, function)
    }
}
