//! Where to connect to.

use crate::connection::Connection;
use crate::convert::error;
use redis::RedisResult;
use redpoll_client::Config;
use std::time::Duration;

/// A server, as [`redis::Client`] is one. It connects only when a connection is asked for.
#[derive(Debug, Clone)]
pub struct Client {
    config: Config,
}

impl Client {
    /// The server that a URI names (see [`redpoll_client::uri`]), such as
    /// `redis+shm:///path/to/socket`.
    ///
    /// # Errors
    /// If it names none.
    pub fn open(uri: impl AsRef<str>) -> RedisResult<Client> {
        let config = Config::from_uri(uri.as_ref()).map_err(|why| error(why.into()))?;
        Ok(Client { config })
    }

    /// Connects.
    ///
    /// # Errors
    /// If nobody answers, or a step of the opening is refused.
    pub fn get_connection(&self) -> RedisResult<Connection> {
        Connection::open(&self.config)
    }

    /// Connects within this time.
    ///
    /// # Errors
    /// As [`get_connection`](Self::get_connection).
    pub fn get_connection_with_timeout(&self, timeout: Duration) -> RedisResult<Connection> {
        let config = Config { connect_timeout: Some(timeout), ..self.config.clone() };
        Connection::open(&config)
    }

    /// Connects; the connection can be cloned, and its clones used at once.
    ///
    /// # Errors
    /// As [`get_connection`](Self::get_connection).
    #[cfg(feature = "tokio")]
    pub async fn get_multiplexed_async_connection(&self) -> RedisResult<crate::aio::Connection> {
        crate::aio::Connection::open(&self.config).await
    }
}

impl From<Config> for Client {
    fn from(config: Config) -> Self {
        Client { config }
    }
}
