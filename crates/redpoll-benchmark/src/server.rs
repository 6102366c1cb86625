//! The server before the load: where it is, what it is set to, and how a connection opens.

use crate::options::Options;
use crate::socket::{self, Target};
use redpoll_client::{Config, Connection, Endpoint, Error, Tls, Value, locate, request};
use rustix::net::SocketAddrUnix;
use std::net::ToSocketAddrs;

/// Settings of the server that bear on its speed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `save`.
    pub save: String,
    /// `appendonly`.
    pub appendonly: String,
}

/// Looks the server's name up and takes the first address that answers.
pub fn resolve(options: &Options) -> Result<Target, String> {
    let endpoint = options.endpoint();
    let fail = |error: Error| format!("Could not connect to Redis at {endpoint}: {error}");
    let candidates: Vec<Target> = match &endpoint {
        Endpoint::Unix(path) => {
            let address = SocketAddrUnix::new(path);
            let address = address.map_err(|error| fail(Error::Connect(error.into())))?;
            vec![if options.shm { Target::Rings(address) } else { Target::Unix(address) }]
        }
        Endpoint::Rdma { host, port } => {
            let addresses = (host.as_str(), *port).to_socket_addrs();
            addresses.map_err(|error| fail(Error::Connect(error)))?.map(Target::Rdma).collect()
        }
        Endpoint::Tcp { host, port } => {
            let addresses = (host.as_str(), *port).to_socket_addrs();
            let addresses = addresses.map_err(|error| fail(Error::Connect(error)))?;
            match tls(options)? {
                Some(tls) => {
                    addresses.map(|at| Target::Tls(at, tls.clone(), host.clone())).collect()
                }
                None => addresses.map(Target::Tcp).collect(),
            }
        }
    };
    let mut last = Error::Connect(std::io::ErrorKind::AddrNotAvailable.into());
    for target in candidates {
        match socket::open(&target, true) {
            Ok(_) => return Ok(target),
            Err(error) => last = Error::Connect(error),
        }
    }
    Err(fail(last))
}

/// Asks the server for its Unix socket, if shared memory is wanted and no socket is named.
///
/// # Errors
/// When it has none or does not tell.
pub fn locate(options: &mut Options) -> Result<(), String> {
    if !options.shm || options.unix.is_some() {
        return Ok(());
    }
    let why = |unknown: locate::Unknown| format!("--shm: {unknown}.");
    locate::check_host(&options.endpoint()).map_err(why)?;
    let mut connection = connect(options)?;
    options.unix = Some(locate::unix_socket(&mut connection).map_err(why)?);
    Ok(())
}

/// A connection for questions.
pub fn connect(options: &Options) -> Result<Connection, String> {
    let endpoint = options.endpoint();
    let mut config = Config::new(endpoint.clone());
    config.username = options.user.clone();
    config.password = options.password.clone();
    config.tls = tls(options)?;
    match Connection::open(&config) {
        Ok(connection) => Ok(connection),
        Err(Error::Refused(_, text)) => Err(refused(&endpoint, &text)),
        Err(error) => Err(format!("Could not connect to Redis at {endpoint}: {error}")),
    }
}

fn refused(endpoint: &Endpoint, text: &str) -> String {
    format!("Node {endpoint} replied with error:\n{text}")
}

/// What TLS needs, if it is asked for.
fn tls(options: &Options) -> Result<Option<Tls>, String> {
    let load = || Tls::load(&options.tls_settings).map_err(|error| error.to_string());
    options.tls.then(load).transpose()
}

/// Asks the server for its settings; `None` when it does not tell.
///
/// # Errors
/// When the server cannot be reached, or does not let us in: then no test could run either.
pub fn settings(options: &Options) -> Result<Option<Settings>, String> {
    let endpoint = options.endpoint();
    let mut connection = connect(options)?;
    let mut ask = |name: &str| -> Result<Option<String>, String> {
        match connection.command(&["CONFIG", "GET", name]) {
            Ok(Value::Error(text)) if text.starts_with(b"NOAUTH") => {
                Err(refused(&endpoint, &String::from_utf8_lossy(&text)))
            }
            Ok(value) => {
                let found = value.pairs().first().and_then(|(_, value)| value.as_str());
                Ok(found.map(String::from))
            }
            Err(_) => Ok(None),
        }
    };
    let save = ask("save")?;
    let appendonly = ask("appendonly")?;
    Ok(save.zip(appendonly).map(|(save, appendonly)| Settings { save, appendonly }))
}

/// What each connection sends before its first request, and how many replies that brings.
pub fn opening(options: &Options) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let mut replies = 0;
    let mut add = |arguments: &[&str]| {
        request::encode(&mut bytes, arguments);
        replies += 1;
    };
    match (&options.user, &options.password) {
        (Some(user), Some(password)) => add(&["AUTH", user, password]),
        (None, Some(password)) => add(&["AUTH", password]),
        (_, None) => {}
    }
    // Before CLIENT TRACKING, which in RESP2 could not deliver anything.
    if options.resp3 {
        add(&["HELLO", "3"]);
    }
    if options.tracking {
        add(&["CLIENT", "TRACKING", "ON"]);
    }
    if options.database != 0 {
        add(&["SELECT", &options.database.to_string()]);
    }
    (bytes, replies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_says_what_was_chosen() {
        assert_eq!(opening(&Options::default()), (Vec::new(), 0));
        let options = Options {
            password: Some("p".into()),
            resp3: true,
            tracking: true,
            database: 3,
            ..Options::default()
        };
        let (bytes, replies) = opening(&options);
        let text = String::from_utf8(bytes).expect("text");
        assert_eq!(replies, 4);
        assert_eq!(text.matches("\r\n*").count(), 3);
        assert!(text.starts_with("*2\r\n$4\r\nAUTH\r\n$1\r\np\r\n*2\r\n$5\r\nHELLO"));
    }

    #[test]
    fn a_server_that_is_not_there_is_named() {
        let options = Options { port: 1, ..Options::default() };
        let message = resolve(&options).expect_err("nothing listens on port 1");
        assert_eq!(message, "Could not connect to Redis at 127.0.0.1:1: Connection refused");
    }
}
