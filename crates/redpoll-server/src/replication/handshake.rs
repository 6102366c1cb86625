//! How a replica introduces itself to its primary, up to the answer to PSYNC.

use redpoll_client::Transport;
use redpoll_client::full_sync::End;
use redpoll_config::Config;
use redpoll_engine::Engine;
use redpoll_engine::replication::{FailoverState, OFFSET_MAX, is_id};
use redpoll_resp::request::encode_words;
use redpoll_sync::wire::{CAPABILITY, Offer};
use std::io;
use std::time::{Duration, Instant};

/// The longest line that a primary may answer with.
const LINE_MAX: usize = 4096;

/// What the primary has said to PSYNC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A snapshot comes; the stream's id, and the offset after which it goes on.
    Full(String, u64),
    /// The stream goes on; its id, if the primary told one.
    Continue(Option<String>),
    /// Neither; its words.
    Refused(String),
}

/// How a snapshot comes.
pub enum Announced {
    /// As a stream, up to its end.
    End(End),
    /// From a table.
    Table(Offer),
}

/// A connection to a primary, and bytes that have come and are not used yet.
pub struct Line {
    pub stream: Box<dyn Transport>,
    pub buffer: Vec<u8>,
    /// Says whether the primary, which has been silent for so long, is still to be waited for;
    /// asked whenever a read comes back without anything.
    pub patience: Box<dyn Fn(Duration) -> io::Result<()> + Send + Sync>,
}

impl Line {
    /// Sends a command.
    pub fn say(&mut self, words: &[&[u8]]) -> io::Result<()> {
        let mut bytes = Vec::new();
        encode_words(&mut bytes, words.iter().copied());
        self.stream.write_all(&bytes)
    }

    /// The next line, without its end. Empty lines, by which a busy primary shows that it lives,
    /// are passed over.
    pub fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(line) = self.line_at_hand() {
                return Ok(line);
            }
            if self.buffer.len() > LINE_MAX {
                return Err(io::Error::other("the primary's answer is no line"));
            }
            let mut chunk = [0; 1024];
            let count = self.read(&mut chunk)?;
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            self.buffer.extend_from_slice(&chunk[..count]);
        }
    }

    /// The next line if it has come already.
    pub fn line_at_hand(&mut self) -> Option<String> {
        loop {
            let end = self.buffer.iter().position(|&byte| byte == b'\n')?;
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            if !line.is_empty() {
                return Some(line);
            }
        }
    }

    fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        let heard = Instant::now();
        loop {
            match self.stream.read(chunk) {
                Err(error) if is_timeout(&error) => (self.patience)(heard.elapsed())?,
                count => return count,
            }
        }
    }

    fn ask(&mut self, words: &[&[u8]]) -> io::Result<String> {
        self.say(words)?;
        self.line()
    }

    /// Introduces the server, which can read a table or is not to; asks to go on from where it is,
    /// or for a snapshot.
    pub fn introduce(&mut self, engine: &Engine, table: bool) -> io::Result<Answer> {
        let config = &engine.config;
        let pong = self.ask(&[b"PING"])?;
        let known = ["+PONG", "-NOAUTH", "-NOPERM", "-ERR operation not permitted"];
        if !known.iter().any(|start| pong.starts_with(start)) {
            return Err(refused("PING", &pong));
        }
        self.log_in(config)?;
        let port = match config.replica_announce_port() {
            0 if config.tls_replication() && config.tls_port() > 0 => config.tls_port(),
            0 => config.port(),
            port => port,
        };
        // A primary that does not know these options works without them.
        self.ask(&[b"REPLCONF", b"listening-port", port.to_string().as_bytes()])?;
        if let Some(address) = config.replica_announce_ip() {
            self.ask(&[b"REPLCONF", b"ip-address", &address])?;
        }
        let mut words = vec![&b"REPLCONF"[..], b"capa", b"eof", b"capa", b"psync2"];
        if table {
            words.extend([&b"capa"[..], CAPABILITY.as_bytes()]);
        }
        self.ask(&words)?;
        self.ask_for_stream(engine)
    }

    /// Gives the password, if there is one.
    pub fn log_in(&mut self, config: &Config) -> io::Result<()> {
        let Some(password) = config.masterauth() else { return Ok(()) };
        let password = &*password;
        let reply = match config.masteruser() {
            Some(user) => self.ask(&[b"AUTH", &user, password])?,
            None => self.ask(&[b"AUTH", password])?,
        };
        match reply.starts_with('+') {
            true => Ok(()),
            false => Err(io::Error::other(format!("Unable to AUTH to MASTER: {reply}"))),
        }
    }

    fn ask_for_stream(&mut self, engine: &Engine) -> io::Result<Answer> {
        // Without a stream the server has never followed anybody: its data is its own.
        let position = engine.replication.position();
        let wanted = position.map(|at| (at.id, (at.offset + 1).to_string()));
        let has_stream = wanted.is_some();
        let (id, next) = wanted.unwrap_or_else(|| ("?".to_owned(), "-1".to_owned()));
        let mut words: Vec<&[u8]> = vec![b"PSYNC", id.as_bytes(), next.as_bytes()];
        if engine.replication.failover_state() == FailoverState::InProgress {
            words.push(b"FAILOVER");
        }
        let reply = self.ask(&words)?;
        Ok(match answer(&reply) {
            // There is nothing that could go on.
            Some(Answer::Continue(_)) if !has_stream => Answer::Refused(reply),
            Some(answer) => answer,
            None => Answer::Refused(reply),
        })
    }

    /// How the snapshot comes.
    pub fn announced(&mut self) -> io::Result<Announced> {
        let line = self.line()?;
        let table = || Offer::parse(&line).map(Announced::Table);
        let end = End::announced(&line).map(Announced::End);
        end.or_else(table).ok_or_else(|| refused("the full sync", &line))
    }
}

/// Whether nothing has come, and that is all. (A read with a timeout is not gone on with by the
/// system when the process is stopped and continued.)
pub fn is_timeout(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::WouldBlock | E::TimedOut | E::Interrupted)
}

fn answer(line: &str) -> Option<Answer> {
    let mut words = line.split(' ');
    match words.next()? {
        "+FULLRESYNC" => {
            let (id, offset) = (words.next()?, words.next()?.parse().ok()?);
            (is_id(id) && offset <= OFFSET_MAX).then(|| Answer::Full(id.to_owned(), offset))
        }
        "+CONTINUE" => match words.next() {
            Some(id) => is_id(id).then(|| Answer::Continue(Some(id.to_owned()))),
            None => Some(Answer::Continue(None)),
        },
        _ => None,
    }
}

pub fn refused(what: &str, reply: &str) -> io::Error {
    io::Error::other(format!("the primary answered {what} with: {reply}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood() {
        let id = "a".repeat(40);
        assert_eq!(answer(&format!("+FULLRESYNC {id} 12")), Some(Answer::Full(id.clone(), 12)));
        let goes_on = Some(Answer::Continue(Some(id.clone())));
        assert_eq!(answer(&format!("+CONTINUE {id}")), goes_on);
        assert_eq!(answer("+CONTINUE"), Some(Answer::Continue(None)));
        let beyond = u64::MAX;
        for line in [
            "+FULLRESYNC short 12".to_owned(),
            format!("+FULLRESYNC {id} -1"),
            format!("+FULLRESYNC {id} {beyond}"),
            format!("+FULLRESYNC {id}\r 1"),
            format!("+FULLRESYNC {}\rrole:x 1", &id[..33]),
            format!("+CONTINUE {id}a"),
            "+CONTINUE x".to_owned(),
        ] {
            assert_eq!(answer(&line), None, "{line:?}");
        }
        assert_eq!(answer("-NOMASTERLINK"), None);
    }
}
