//! The system's log: a datagram socket at `/dev/log`.
//!
//! Nothing here waits, and nothing fails: a line that the system does not take is lost, and where
//! there is no such log that is said once, in the log of our own.

use log::Level;
use redpoll_config::{Config, SyslogFacility};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const SOCKET: &str = "/dev/log";

/// See the module's head.
pub struct Syslog {
    socket: Option<UnixDatagram>,
    path: PathBuf,
    ident: String,
    facility: u8,
    lost: AtomicBool,
}

impl Syslog {
    /// What the configuration asks for; `None` if it does not.
    pub fn of(config: &Config) -> Option<Self> {
        config.syslog_enabled().then(|| {
            let ident = config.syslog_ident().to_str_lossy().into_owned();
            Syslog::new(Path::new(SOCKET), ident, config.syslog_facility())
        })
    }

    fn new(path: &Path, ident: String, facility: SyslogFacility) -> Self {
        let socket = UnixDatagram::unbound().and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        let facility = match facility {
            SyslogFacility::User => 1,
            SyslogFacility::Local0 => 16,
            SyslogFacility::Local1 => 17,
            SyslogFacility::Local2 => 18,
            SyslogFacility::Local3 => 19,
            SyslogFacility::Local4 => 20,
            SyslogFacility::Local5 => 21,
            SyslogFacility::Local6 => 22,
            SyslogFacility::Local7 => 23,
        };
        let lost = AtomicBool::new(false);
        Syslog { socket: socket.ok(), path: path.to_owned(), ident, facility, lost }
    }

    /// Sends a line. Answers what is wrong the first time that it cannot be sent.
    pub fn send(&self, level: Level, message: &str) -> Option<io::Error> {
        let severity = match level {
            Level::Error => 3,
            Level::Warn => 4,
            Level::Info => 5,
            Level::Debug => 6,
            Level::Trace => 7,
        };
        let time = jiff::Zoned::now().strftime("%b %e %H:%M:%S").to_string();
        let priority = self.facility * 8 + severity;
        let (ident, pid) = (&self.ident, std::process::id());
        let line = format!("<{priority}>{time} {ident}[{pid}]: {message}");
        let Some(socket) = &self.socket else { return None };
        match socket.send_to(line.as_bytes(), &self.path) {
            // The system is busy: the line is lost, but the log is there.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                (!self.lost.swap(true, Relaxed)).then_some(error)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_priority_and_name_and_an_absent_log_is_told_once() {
        let directory = std::env::temp_dir().join(format!("redpoll-syslog-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("log");
        let syslog = Syslog::new(&path, "me".to_owned(), SyslogFacility::Local3);
        assert!(syslog.send(Level::Warn, "nobody").is_some());
        assert!(syslog.send(Level::Warn, "nobody").is_none());
        let system = UnixDatagram::bind(&path).expect("a socket");
        assert!(syslog.send(Level::Warn, "hello").is_none());
        let mut bytes = [0; 200];
        let count = system.recv(&mut bytes).expect("a line");
        let line = String::from_utf8_lossy(&bytes[..count]).into_owned();
        let pid = std::process::id();
        assert!(
            line.starts_with("<156>") && line.ends_with(&format!(" me[{pid}]: hello")),
            "{line}"
        );
        // A log that nobody reads takes what it has room for, and holds nobody up.
        (0..10_000).for_each(|_| drop(syslog.send(Level::Info, "more")));
        std::fs::remove_dir_all(&directory).expect("it is ours");
    }
}
