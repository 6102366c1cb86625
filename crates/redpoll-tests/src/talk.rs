//! A connection on which commands are lines of words and replies are lines of text.
//!
//! `ask("SET k v")` gives `OK`; arrays show as `[a b]`, maps as `{a b}`, sets as `(a b)`, null as
//! `nil`, integers with a leading `:`, errors with a leading `-`, and pushes with `>`. That keeps a
//! test readable and still tells all kinds apart.

use crate::{patience, shm, tls};
use redpoll_client::{Config, Connection, Endpoint, Protocol, Value};
use std::path::Path;
use std::time::Duration;

/// See the module's head.
pub struct Talk {
    /// The connection, for what lines cannot say.
    pub connection: Connection,
}

impl Talk {
    /// Connects with RESP2 to a port of this host.
    #[track_caller]
    pub fn tcp(port: u16) -> Talk {
        Talk::open(port, Protocol::Resp2)
    }

    /// Connects with RESP3 to a port of this host.
    #[track_caller]
    pub fn resp3(port: u16) -> Talk {
        Talk::open(port, Protocol::Resp3)
    }

    #[track_caller]
    fn open(port: u16, protocol: Protocol) -> Talk {
        let mut config = Config::tcp("127.0.0.1", port);
        config.protocol = protocol;
        config.io_timeout = Some(patience());
        config.tls = tls::is_everywhere().then(tls::trusting);
        shm::redirect(&mut config);
        Talk::with(&config)
    }

    /// Connects to a Unix socket.
    #[track_caller]
    pub fn unix(path: &Path) -> Talk {
        let mut config = Config::new(Endpoint::Unix(path.to_owned()));
        config.io_timeout = Some(patience());
        Talk::with(&config)
    }

    /// Connects to a port of this host where somebody may be or not; each reply is waited for so
    /// long.
    pub fn try_tcp(port: u16, patience: Duration) -> Option<Talk> {
        let mut config = Config::tcp("127.0.0.1", port);
        config.io_timeout = Some(patience);
        config.connect_timeout = Some(patience);
        config.tls = tls::is_everywhere().then(tls::trusting);
        shm::redirect(&mut config);
        Connection::open(&config).ok().map(|connection| Talk { connection })
    }

    /// Connects as it says.
    #[track_caller]
    pub fn with(config: &Config) -> Talk {
        Talk { connection: Connection::open(config).expect("the server answers") }
    }

    /// Runs a command whose words are separated by blanks.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.receive()
    }

    /// The same where somebody else may close the connection; `None` if it does.
    pub fn try_ask(&mut self, line: &str) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.connection.command(&words).ok().map(|value| show(&value))
    }

    /// Runs a command of any bytes.
    #[track_caller]
    pub fn ask_words(&mut self, words: &[&[u8]]) -> String {
        show(&self.connection.command(words).expect("a reply"))
    }

    /// The same where somebody else may close the connection; `None` if it does.
    pub fn try_ask_words(&mut self, words: &[&[u8]]) -> Option<String> {
        self.connection.command(words).ok().map(|value| show(&value))
    }

    /// Sends a command without waiting for its reply.
    #[track_caller]
    pub fn send(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.connection.queue(&words);
        self.connection.flush().expect("the connection is open");
    }

    /// The next reply or push.
    #[track_caller]
    pub fn receive(&mut self) -> String {
        show(&self.connection.receive_any().expect("a reply"))
    }

    /// Runs commands separated by ` | ` and compares their replies, separated likewise.
    #[track_caller]
    pub fn check(&mut self, commands: &str, expected: &str) {
        let replies: Vec<String> =
            commands.split(" | ").map(|line| self.ask(line.trim())).collect();
        assert_eq!(replies.join(" | "), expected, "{commands}");
    }

    /// A number out of INFO, such as `used_memory`.
    #[track_caller]
    pub fn info(&mut self, field: &str) -> u64 {
        let info = self.ask("INFO everything");
        let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        line.and_then(|number| number.trim().parse().ok())
            .unwrap_or_else(|| panic!("INFO has no number {field}: {info}"))
    }
}

/// A reply as a line; see the module's head.
pub fn show(value: &Value) -> String {
    let many = |open: &str, items: &[Value], close: &str| {
        let items: Vec<String> = items.iter().map(show).collect();
        format!("{open}{}{close}", items.join(" "))
    };
    match value {
        Value::Null => "nil".to_owned(),
        Value::Status(text) | Value::Bulk(text) | Value::BigNumber(text) => {
            String::from_utf8_lossy(text).into_owned()
        }
        Value::Verbatim { text, .. } => String::from_utf8_lossy(text).into_owned(),
        Value::Error(text) => format!("-{}", String::from_utf8_lossy(text)),
        Value::Integer(number) => format!(":{number}"),
        Value::Double(double) => format!(",{}", double.text),
        Value::Boolean(truth) => format!("#{truth}"),
        Value::Array(items) => many("[", items, "]"),
        Value::Set(items) => many("(", items, ")"),
        Value::Push(items) => many(">", items, ""),
        Value::Map(pairs) => {
            let items: Vec<String> =
                pairs.iter().map(|(key, value)| format!("{} {}", show(key), show(value))).collect();
            format!("{{{}}}", items.join(" "))
        }
        Value::Attributed { value, .. } => show(value),
    }
}
