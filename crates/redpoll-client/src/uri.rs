//! A server in one word.
//!
//! | | |
//! | --- | --- |
//! | `redis://[[user:]password@]host[:port][/database]` | TCP |
//! | `rediss://…` | TCP with TLS; `#insecure` at the end trusts any server |
//! | `unix:///path/to/socket`, `redis+unix://[[user:]password@]/path` | a Unix socket |
//! | `redis+shm://[[user:]password@]/path/to/socket` | shared memory |
//! | `rdma://[[user:]password@]host[:port][/database]`, `redis+rdma://…` | RDMA |
//!
//! Behind `?` may stand, joined by `&`: `db=NUMBER`, `user=NAME`, `pass=WORD`, `protocol=3`
//! (RESP3), `timeout=SECONDS` (for connecting, and for each read and write), for TLS `cacert=FILE`,
//! `cert=FILE`, `key=FILE` and `sni=NAME`, and for shared memory `fallback=no`: rather fail than
//! stay with the socket where the server is not willing. A `%` and two hexadecimal digits are a
//! byte.

use crate::connection::{Config, Protocol, SharedMemory};
use crate::transport::Endpoint;
use redpoll_transport::tls::{Client as Tls, ClientSettings};
use std::fmt;
use std::time::Duration;

/// Why a URI names no server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UriError {
    /// Another scheme, or none.
    Scheme,
    /// No path where one is needed.
    Path,
    /// A port, database or time that is no number.
    Number,
    /// `%` without two hexadecimal digits, or bytes that are no text.
    Encoding,
    /// A parameter that is not known here, or a value that it does not take.
    Parameter(String),
    /// TLS cannot be set up.
    Tls(String),
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UriError::Scheme => f.write_str(
                "a URI begins with redis://, rediss://, unix://, redis+unix://, redis+shm:// or \
                 rdma://",
            ),
            UriError::Path => f.write_str("the URI names no socket"),
            UriError::Number => f.write_str("port, database and timeout are numbers"),
            UriError::Encoding => f.write_str("the URI is encoded wrongly"),
            UriError::Parameter(text) => write!(f, "the URI has a parameter '{text}'"),
            UriError::Tls(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for UriError {}

/// What the scheme says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Tcp,
    Tls,
    Unix,
    Rings,
    Rdma,
}

impl Config {
    /// What a URI says; see the module's head.
    ///
    /// # Errors
    /// When it says something else.
    pub fn from_uri(uri: &str) -> Result<Self, UriError> {
        let (scheme, rest) = uri.split_once("://").ok_or(UriError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "redis" | "redis+tcp" => Scheme::Tcp,
            "rediss" => Scheme::Tls,
            "unix" | "redis+unix" => Scheme::Unix,
            "redis+shm" => Scheme::Rings,
            "rdma" | "redis+rdma" => Scheme::Rdma,
            _ => return Err(UriError::Scheme),
        };
        let (rest, insecure) = match rest.strip_suffix("#insecure") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, place) = match place.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, place),
        };
        let (endpoint, database) = match scheme {
            Scheme::Tcp | Scheme::Tls => tcp(place)?,
            Scheme::Unix | Scheme::Rings => (unix(place)?, None),
            Scheme::Rdma => match tcp(place)? {
                (Endpoint::Tcp { host, port }, database) => {
                    (Endpoint::Rdma { host, port }, database)
                }
                other => other,
            },
        };
        let mut config = Config::new(endpoint);
        if scheme == Scheme::Rings {
            config.shared_memory = SharedMemory::Try;
        }
        if let Some(database) = database {
            config.database = database.parse().map_err(|_| UriError::Number)?;
        }
        if let Some(login) = login {
            let (user, password) = login.split_once(':').unwrap_or(("", login));
            config.username = Some(decode(user)?).filter(|user| !user.is_empty());
            config.password = Some(decode(password)?);
        }
        let mut tls = ClientSettings { insecure, ..ClientSettings::default() };
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            config.parameter(parameter, scheme, &mut tls)?;
        }
        if scheme == Scheme::Tls {
            let tls = Tls::load(&tls).map_err(|error| UriError::Tls(error.to_string()))?;
            config.tls = Some(tls);
        }
        Ok(config)
    }

    /// Takes `name=value`.
    fn parameter(
        &mut self,
        parameter: &str,
        scheme: Scheme,
        tls: &mut ClientSettings,
    ) -> Result<(), UriError> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = decode(value)?;
        match (name, value.as_str()) {
            ("db", _) => self.database = value.parse().map_err(|_| UriError::Number)?,
            ("user", _) => self.username = Some(value),
            ("pass" | "password", _) => self.password = Some(value),
            ("protocol", "2" | "resp2") => self.protocol = Protocol::Resp2,
            ("protocol", "3" | "resp3") => self.protocol = Protocol::Resp3,
            ("timeout", _) => {
                let seconds = value.parse().map_err(|_| UriError::Number)?;
                let time = Duration::try_from_secs_f64(seconds).map_err(|_| UriError::Number)?;
                let time = Some(time).filter(|time| !time.is_zero());
                (self.connect_timeout, self.io_timeout) = (time, time);
            }
            ("fallback", "yes") if scheme == Scheme::Rings => {
                self.shared_memory = SharedMemory::Try;
            }
            ("fallback", "no") if scheme == Scheme::Rings => {
                self.shared_memory = SharedMemory::Require;
            }
            ("cacert", _) if scheme == Scheme::Tls => tls.authority_file = Some(value.into()),
            ("cert", _) if scheme == Scheme::Tls => tls.certificate = Some(value.into()),
            ("key", _) if scheme == Scheme::Tls => tls.key = Some(value.into()),
            ("sni", _) if scheme == Scheme::Tls => tls.server_name = Some(value),
            _ => return Err(UriError::Parameter(parameter.to_owned())),
        }
        Ok(())
    }
}

fn tcp(place: &str) -> Result<(Endpoint, Option<&str>), UriError> {
    let (address, database) = place.split_once('/').unwrap_or((place, ""));
    let (host, port) = split_address(address);
    let port = port.map_or(Ok(6379), str::parse).map_err(|_| UriError::Number)?;
    let host = if host.is_empty() { "127.0.0.1".to_owned() } else { decode(host)? };
    Ok((Endpoint::tcp(host, port), Some(database).filter(|database| !database.is_empty())))
}

fn unix(place: &str) -> Result<Endpoint, UriError> {
    if place.is_empty() {
        return Err(UriError::Path);
    }
    Ok(Endpoint::Unix(decode(place)?.into()))
}

fn decode(text: &str) -> Result<String, UriError> {
    let bytes = percent_decode(text).map_err(|_| UriError::Encoding)?;
    String::from_utf8(bytes).map_err(|_| UriError::Encoding)
}

/// Splits `host`, `host:port`, `[v6]` or `[v6]:port`.
pub fn split_address(address: &str) -> (&str, Option<&str>) {
    match address.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((host, behind)) => (host, behind.strip_prefix(':')),
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    }
}

/// What is wrong with a percent-encoded text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadEncoding {
    /// It ends within an encoded byte.
    Incomplete,
    /// Behind a `%` stand no two hexadecimal digits.
    Illegal,
}

/// Undoes percent-encoding.
///
/// # Errors
/// When a `%` is not followed by two hexadecimal digits.
pub fn percent_decode(text: &str) -> Result<Vec<u8>, BadEncoding> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else {
            return Err(BadEncoding::Incomplete);
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        match (digit(high), digit(low)) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => return Err(BadEncoding::Illegal),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_shared_memory_have_paths() {
        let config = Config::from_uri("redis+shm://ann:p%40ss@/run/a%20b.sock?db=3").unwrap();
        assert_eq!(config.endpoint, Endpoint::Unix("/run/a b.sock".into()));
        assert_eq!(config.shared_memory, SharedMemory::Try);
        assert_eq!(
            (config.username.as_deref(), config.password.as_deref()),
            (Some("ann"), Some("p@ss"))
        );
        assert_eq!(config.database, 3);
        for uri in ["redis+unix:///run/s", "unix:///run/s"] {
            let config = Config::from_uri(uri).unwrap();
            assert_eq!((config.shared_memory, config.username), (SharedMemory::No, None));
            assert_eq!(config.endpoint, Endpoint::Unix("/run/s".into()));
        }
    }

    #[test]
    fn parameters_say_the_rest() {
        let uri = "redis+shm:///s?db=2&user=u&pass=a%26b&protocol=3&timeout=1.5&fallback=no";
        let config = Config::from_uri(uri).unwrap();
        assert_eq!((config.database, config.protocol), (2, Protocol::Resp3));
        assert_eq!(
            (config.username.as_deref(), config.password.as_deref()),
            (Some("u"), Some("a&b"))
        );
        assert_eq!(config.io_timeout, Some(Duration::from_millis(1500)));
        assert_eq!(config.shared_memory, SharedMemory::Require);
        let config = Config::from_uri("rediss://h:1/3?sni=x#insecure").unwrap();
        assert!(config.tls.is_some() && config.database == 3);
        assert_eq!(config.endpoint, Endpoint::tcp("h", 1));
    }

    #[test]
    fn hosts_have_ports_and_databases() {
        let config = Config::from_uri("redis://:pw@host:7000/2").unwrap();
        assert_eq!((config.endpoint, config.database), (Endpoint::tcp("host", 7000), 2));
        assert_eq!((config.username, config.password.as_deref()), (None, Some("pw")));
        let endpoint = |uri| Config::from_uri(uri).unwrap().endpoint;
        let rdma = Endpoint::Rdma { host: "10.0.0.1".to_owned(), port: 7 };
        assert_eq!(endpoint("rdma://10.0.0.1:7"), rdma);
        assert_eq!(endpoint("redis+rdma://u:p@10.0.0.1:7/1"), rdma);
        assert_eq!(endpoint("redis://"), Endpoint::tcp("127.0.0.1", 6379));
        assert_eq!(endpoint("redis://[::1]:7"), Endpoint::tcp("::1", 7));
    }

    #[test]
    fn mistakes_are_refused() {
        for (uri, why) in [
            ("host:1", UriError::Scheme),
            ("http://h", UriError::Scheme),
            ("redis+shm://", UriError::Path),
            ("redis://h:x", UriError::Number),
            ("redis://h/x", UriError::Number),
            ("redis://%4@h", UriError::Encoding),
            ("redis://h?timeout=x", UriError::Number),
            ("redis://h?fallback=no", UriError::Parameter("fallback=no".into())),
            ("redis://h?protocol=4", UriError::Parameter("protocol=4".into())),
        ] {
            assert_eq!(Config::from_uri(uri).err(), Some(why), "{uri}");
        }
    }
}
