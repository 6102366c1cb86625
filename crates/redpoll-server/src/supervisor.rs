//! Whoever has started the program and wants to know how it is: systemd, or Upstart.

use redpoll_config::{Config, Supervised};
use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The socket that systemd listens on, by the environment.
const SYSTEMD: &str = "NOTIFY_SOCKET";
/// The job's name, by the environment.
const UPSTART: &str = "UPSTART_JOB";

/// See the module's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// There is none.
    None,
    /// Systemd, with `Type=notify`.
    Systemd,
    /// Upstart, with `expect stop`.
    Upstart,
}

impl Supervisor {
    /// Whom the configuration, or the environment, names.
    pub fn find(config: &Config) -> Self {
        let has = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        match config.supervised() {
            Supervised::No => Supervisor::None,
            Supervised::Auto if has(UPSTART) => Supervisor::Upstart,
            Supervised::Auto if has(SYSTEMD) => Supervisor::Systemd,
            Supervised::Auto => Supervisor::None,
            Supervised::Systemd if has(SYSTEMD) => Supervisor::Systemd,
            Supervised::Upstart if has(UPSTART) => Supervisor::Upstart,
            asked => {
                let name = asked.name();
                let variable = if asked == Supervised::Systemd { SYSTEMD } else { UPSTART };
                log::warn!("supervised is {name}, but {variable} is not in the environment.");
                Supervisor::None
            }
        }
    }

    /// The name in INFO.
    pub fn name(self) -> &'static str {
        match self {
            Supervisor::None => "no",
            Supervisor::Systemd => "systemd",
            Supervisor::Upstart => "upstart",
        }
    }

    /// The server is ready.
    pub fn ready(self) {
        match self {
            Supervisor::None => {}
            Supervisor::Systemd => tell("STATUS=Ready to accept connections\nREADY=1\n"),
            Supervisor::Upstart => {
                // Upstart waits for this, and lets the process go on.
                let own = rustix::process::getpid();
                let stopped = rustix::process::kill_process(own, rustix::process::Signal::STOP);
                let _ = stopped.inspect_err(|error| log::warn!("Can't tell Upstart: {error}"));
            }
        }
    }

    /// The server is about to end.
    pub fn stopping(self) {
        if self == Supervisor::Systemd {
            tell("STATUS=Shutting down\nSTOPPING=1\n");
        }
    }
}

fn tell(text: &str) {
    if let Err(error) = send(text.as_bytes()) {
        log::warn!("Can't send systemd a notification: {error}");
    }
}

fn send(bytes: &[u8]) -> io::Result<()> {
    let path = env::var_os(SYSTEMD).ok_or(io::ErrorKind::NotFound)?;
    let address = match path.as_bytes() {
        // A leading @ stands for the NUL of an abstract name.
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(&path)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(bytes, &address).map(|_| ())
}
