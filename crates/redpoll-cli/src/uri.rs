//! `redis://[[user:]password@][host[:port]][/database]`, or `rediss://` for TLS, as far as
//! redis-cli reads it, or `rdma://` for RDMA; and `redis+unix://[[user:]password@]/path/to/socket`,
//! or `redis+shm://` for shared memory.

use crate::numbers::atoi;
use crate::stop::Stop;
use redpoll_client::uri::{BadEncoding, percent_decode, split_address};

/// What a URI names; the rest is left as it is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Uri {
    /// The user, decoded.
    pub user: Option<Vec<u8>>,
    /// The password, decoded.
    pub password: Option<Vec<u8>>,
    /// The host, without brackets.
    pub host: Option<String>,
    /// The port, not yet checked.
    pub port: Option<i64>,
    /// The database.
    pub database: Option<i64>,
    /// Whether the scheme asks for TLS.
    pub tls: bool,
    /// The path of a Unix socket, decoded.
    pub socket: Option<Vec<u8>>,
    /// Whether the scheme asks for shared memory.
    pub shm: bool,
    /// Whether the scheme asks for RDMA.
    pub rdma: bool,
}

/// Parses a URI.
pub fn parse(uri: &str) -> Result<Uri, Stop> {
    let mut parsed = Uri::default();
    let Some((scheme, mut rest)) = uri.split_once("://") else {
        return Err(Stop::failed("Invalid URI scheme"));
    };
    let mut unix = false;
    match scheme.to_ascii_lowercase().as_str() {
        "redis" => {}
        "rediss" => parsed.tls = true,
        "rdma" | "redis+rdma" => parsed.rdma = true,
        "redis+unix" | "redis+shm" => unix = true,
        _ => return Err(Stop::failed("Invalid URI scheme")),
    }
    if let Some((userinfo, after)) = rest.split_once('@') {
        let password = match userinfo.split_once(':') {
            Some((user, password)) => {
                parsed.user = Some(decode(user)?);
                password
            }
            None => userinfo,
        };
        parsed.password = Some(decode(password)?);
        rest = after;
    }
    if unix {
        parsed.shm = scheme.eq_ignore_ascii_case("redis+shm");
        parsed.socket = Some(decode(rest)?);
        return Ok(parsed);
    }
    let (address, database) = rest.split_once('/').unwrap_or((rest, ""));
    if !address.is_empty() {
        let (host, port) = split_address(address);
        parsed.host = Some(host.to_owned());
        parsed.port = port.map(|digits| atoi(digits.as_bytes()));
    }
    if !database.is_empty() {
        parsed.database = Some(atoi(database.as_bytes()));
    }
    Ok(parsed)
}

fn decode(text: &str) -> Result<Vec<u8>, Stop> {
    percent_decode(text).map_err(|bad| {
        Stop::failed(match bad {
            BadEncoding::Incomplete => "Incomplete URI encoding",
            BadEncoding::Illegal => "Illegal character in URI encoding",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_may_be_missing() {
        assert_eq!(parse("redis://").unwrap(), Uri::default());
        let uri = parse("REDIS://h:1").unwrap();
        assert_eq!((uri.host.as_deref(), uri.port, uri.database), (Some("h"), Some(1), None));
        assert!(parse("rediss://h").unwrap().tls && !uri.tls);
        let uri = parse("redis://:pw@/2").unwrap();
        assert_eq!((uri.host, uri.database), (None, Some(2)));
        assert_eq!(uri.password.as_deref(), Some(&b"pw"[..]));
    }

    #[test]
    fn sockets_have_paths() {
        let uri = parse("redis+shm://:pw@/run/a%20b.sock").unwrap();
        assert_eq!(uri.socket.as_deref(), Some(&b"/run/a b.sock"[..]));
        assert!(uri.shm && uri.password.is_some() && uri.host.is_none());
        assert!(!parse("redis+unix:///run/s").unwrap().shm);
    }

    #[test]
    fn wrong_uris_are_refused() {
        let cases = [
            ("http://h", "Invalid URI scheme"),
            ("h:1", "Invalid URI scheme"),
            ("redis://a%4@h", "Incomplete URI encoding"),
            ("redis://a%zz@h", "Illegal character in URI encoding"),
        ];
        for (uri, expected) in cases {
            match parse(uri) {
                Err(Stop::Failed(text)) => assert_eq!(text, expected),
                other => panic!("{uri}: {other:?}"),
            }
        }
    }
}
