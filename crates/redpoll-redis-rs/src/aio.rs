//! The asynchronous connection, for tokio.

use crate::convert::{after_queueing, error, value};
use redis::aio::ConnectionLike;
use redis::{Cmd, Msg, Pipeline, RedisFuture, RedisResult, ToRedisArgs, Value};
use redpoll_client::Config;
use redpoll_client::aio::Pushes;

/// A handle of a connection, as [`redis::aio::MultiplexedConnection`] is one: clones of it share
/// the connection and may be used at once.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: redpoll_client::aio::Connection,
    database: i64,
}

/// Messages of subscriptions. See [`Connection::messages`].
#[derive(Debug)]
pub struct Messages(Pushes);

impl Connection {
    /// Connects as `config` says.
    ///
    /// # Errors
    /// If nobody answers, or a step of the opening is refused.
    pub async fn open(config: &Config) -> RedisResult<Connection> {
        let inner = redpoll_client::aio::Connection::open(config).await.map_err(error)?;
        Ok(Connection { inner, database: i64::from(config.database) })
    }

    /// Subscribes to channels. Needs RESP3 (`?protocol=3`).
    ///
    /// # Errors
    /// If the connection fails or the server refuses it.
    pub async fn subscribe(&self, channels: impl ToRedisArgs) -> RedisResult<()> {
        self.inner.subscribe(channels.to_redis_args()).await.map_err(error)
    }

    /// Subscribes to all channels that match patterns. Needs RESP3.
    ///
    /// # Errors
    /// If the connection fails or the server refuses it.
    pub async fn psubscribe(&self, patterns: impl ToRedisArgs) -> RedisResult<()> {
        self.inner.psubscribe(patterns.to_redis_args()).await.map_err(error)
    }

    /// Gives subscriptions to channels up.
    ///
    /// # Errors
    /// If the connection fails or the server refuses it.
    pub async fn unsubscribe(&self, channels: impl ToRedisArgs) -> RedisResult<()> {
        self.inner.unsubscribe(channels.to_redis_args()).await.map_err(error)
    }

    /// The messages that come from now on.
    pub fn messages(&self) -> Messages {
        Messages(self.inner.pushes())
    }

    /// Why it did not go over to shared memory, if that was asked for and refused.
    pub fn refusal(&self) -> Option<&str> {
        self.inner.refusal()
    }

    /// What carries it: `tcp`, `tls`, `unix` or `shm`.
    pub fn transport(&self) -> &'static str {
        self.inner.transport()
    }
}

impl Messages {
    /// Waits for the next message.
    ///
    /// # Errors
    /// Once the connection has ended.
    pub async fn next(&mut self) -> RedisResult<Msg> {
        loop {
            let push = self.0.next().await.map_err(error)?;
            if let Some(message) = Msg::from_owned_value(value(push)?) {
                return Ok(message);
            }
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let count = usize::from(!cmd.is_no_response());
            let replies = self.inner.exchange(&cmd.get_packed_command(), count).await;
            replies.map_err(error)?.into_iter().next().map_or(Ok(Value::Nil), value)
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let replies = self.inner.exchange(&cmd.get_packed_pipeline(), offset + count).await;
            after_queueing(replies.map_err(error)?, offset)
        })
    }

    fn get_db(&self) -> i64 {
        self.database
    }
}
