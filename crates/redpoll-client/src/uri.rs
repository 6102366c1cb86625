//! A server in one word.
//!
//! `redis://[[user:]password@]host[:port][/database]` over TCP, and
//! `redis+unix://[[user:]password@]/path/to/socket[?db=number]` over a Unix socket, or with
//! `redis+shm://` through shared memory, where the server is willing.

use crate::connection::{Config, SharedMemory};
use crate::transport::Endpoint;
use std::fmt;

/// Why a URI names no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UriError {
    /// Another scheme, or none.
    Scheme,
    /// No path where one is needed.
    Path,
    /// A port or database that is no number.
    Number,
    /// `%` without two hexadecimal digits, or bytes that are no text.
    Encoding,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UriError::Scheme => "a URI begins with redis://, redis+unix:// or redis+shm://",
            UriError::Path => "the URI names no socket",
            UriError::Number => "port and database are numbers",
            UriError::Encoding => "the URI is encoded wrongly",
        })
    }
}

impl std::error::Error for UriError {}

impl Config {
    /// What a URI says; see the module's head.
    ///
    /// # Errors
    /// When it says something else.
    pub fn from_uri(uri: &str) -> Result<Self, UriError> {
        let (scheme, rest) = uri.split_once("://").ok_or(UriError::Scheme)?;
        let shared_memory = match scheme.to_ascii_lowercase().as_str() {
            "redis" => None,
            "redis+unix" => Some(SharedMemory::No),
            "redis+shm" => Some(SharedMemory::Try),
            _ => return Err(UriError::Scheme),
        };
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let (endpoint, database) = match shared_memory {
            None => tcp(place)?,
            Some(_) => unix(place)?,
        };
        let mut config = Config::new(endpoint);
        config.shared_memory = shared_memory.unwrap_or_default();
        if let Some(database) = database {
            config.database = database.parse().map_err(|_| UriError::Number)?;
        }
        if let Some(login) = login {
            let (user, password) = login.split_once(':').unwrap_or(("", login));
            config.username = Some(decode(user)?).filter(|user| !user.is_empty());
            config.password = Some(decode(password)?);
        }
        Ok(config)
    }
}

fn tcp(place: &str) -> Result<(Endpoint, Option<&str>), UriError> {
    let (address, database) = place.split_once('/').unwrap_or((place, ""));
    let (host, port) = split_address(address);
    let port = port.map_or(Ok(6379), str::parse).map_err(|_| UriError::Number)?;
    let host = if host.is_empty() { "127.0.0.1".to_owned() } else { decode(host)? };
    Ok((Endpoint::tcp(host, port), Some(database).filter(|database| !database.is_empty())))
}

fn unix(place: &str) -> Result<(Endpoint, Option<&str>), UriError> {
    let (path, query) = place.split_once('?').unwrap_or((place, ""));
    if path.is_empty() {
        return Err(UriError::Path);
    }
    let database = query.split('&').find_map(|part| part.strip_prefix("db="));
    Ok((Endpoint::Unix(decode(path)?.into()), database))
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
        let config = Config::from_uri("redis+unix:///run/s").unwrap();
        assert_eq!((config.shared_memory, config.username), (SharedMemory::No, None));
    }

    #[test]
    fn hosts_have_ports_and_databases() {
        let config = Config::from_uri("redis://:pw@host:7000/2").unwrap();
        assert_eq!((config.endpoint, config.database), (Endpoint::tcp("host", 7000), 2));
        assert_eq!((config.username, config.password.as_deref()), (None, Some("pw")));
        let endpoint = |uri| Config::from_uri(uri).unwrap().endpoint;
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
        ] {
            assert_eq!(Config::from_uri(uri).err(), Some(why), "{uri}");
        }
    }
}
