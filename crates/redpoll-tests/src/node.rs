//! A server that keeps its place: port, directory and file of settings stay while it is killed and
//! started again.

use crate::server::{Place, new_directory, program};
use crate::{Server, Talk};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

/// Ports that the system gives to nobody who does not ask for them: a server that is away for a
/// while finds its own free, and whoever looks for it meanwhile does not find himself.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// A port of its own for a server that goes and comes.
///
/// # Panics
/// If all are taken.
pub fn lasting_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let (first, count) = (PORTS.start, PORTS.end - PORTS.start);
    // Tests that run at once begin at different places.
    let own = (std::process::id().wrapping_mul(7919) % u32::from(count)) as u16;
    let tried = (0..count).map(|_| first + (own + NEXT.fetch_add(1, Relaxed)) % count);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    { tried }.find(is_free).expect("a free port")
}

/// See the module's head.
pub struct Node {
    server: Option<Server>,
    program: PathBuf,
    directory: PathBuf,
    settings: Vec<String>,
    namespace: Option<String>,
    /// Its port, on 127.0.0.1 or in its namespace.
    pub port: u16,
}

impl Node {
    /// Starts one with these settings, as [`Server::start`] does.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn start(settings: &[&str]) -> Node {
        Node::start_there(program(), None, settings)
    }

    /// Starts Debian's redis-server in the same way.
    ///
    /// # Panics
    /// As [`Server::start`].
    #[track_caller]
    pub fn redis(settings: &[&str]) -> Node {
        Node::start_there(Path::new("redis-server"), None, settings)
    }

    /// The same in a network namespace.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn start_in(namespace: Option<&str>, settings: &[&str]) -> Node {
        Node::start_there(program(), namespace, settings)
    }

    #[track_caller]
    fn start_there(program: &Path, namespace: Option<&str>, settings: &[&str]) -> Node {
        let directory = new_directory();
        fs::write(directory.join("redpoll.conf"), "# CONFIG REWRITE writes here.\n")
            .expect("a file of settings");
        let mut node = Node {
            server: None,
            program: program.to_owned(),
            directory,
            settings: settings.iter().map(|&setting| setting.to_owned()).collect(),
            namespace: namespace.map(str::to_owned),
            port: lasting_port(),
        };
        node.start_again();
        node
    }

    /// Starts it, if it does not run.
    ///
    /// # Panics
    /// As [`Server::start`].
    #[track_caller]
    pub fn start_again(&mut self) {
        if self.server.is_none() {
            let file = self.directory.join("redpoll.conf").display().to_string();
            let directory = self.directory.display().to_string();
            let mut settings = vec![&*file, "--dir", &*directory];
            settings.extend(self.settings.iter().map(|setting| &**setting));
            let (namespace, port) = (self.namespace.as_deref(), Some(self.port));
            let place = Place { program: &self.program, namespace, port };
            self.server = Some(Server::start_there(&place, &settings));
        }
    }

    /// Kills it, if it runs, as by `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.signal("KILL");
            server.wait();
        }
    }

    /// The server.
    ///
    /// # Panics
    /// If it has been killed.
    #[track_caller]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server runs")
    }

    /// Whether it has not been killed.
    pub fn runs(&self) -> bool {
        self.server.is_some()
    }

    /// A connection for lines.
    ///
    /// # Panics
    /// If there is none to be had.
    #[track_caller]
    pub fn talk(&self) -> Talk {
        match self.namespace {
            None => self.server().talk(),
            Some(_) => self.server().talk_unix(),
        }
    }

    /// Its file of settings.
    pub fn settings(&self) -> String {
        fs::read_to_string(self.directory.join("redpoll.conf")).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.server = None;
        let _ = fs::remove_dir_all(&self.directory);
    }
}
