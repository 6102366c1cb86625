//! A started server: in a directory of its own, on a free loopback port and a Unix socket.
//!
//! Cargo tells a test where the programs of its own package are, and no others. So the program is
//! built here, by the cargo that built the test, with the same profile, into the same target
//! directory; if it is up to date that takes a moment. Once a process is enough.

use crate::{Raw, Talk, patience, shm, tls};
use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// What the log says once connections are accepted.
const READY: &str = "Ready to accept connections";

/// The server program: built, and ready to be started.
///
/// # Panics
/// If it cannot be built.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("REDPOLL_TEST_SERVER") {
        Some(other) => other.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    artifact("redpoll-server", "redpoll-server")
}

/// Builds a package of this workspace; returns the path of what it makes, by its file's name.
///
/// # Panics
/// If it cannot be built.
pub fn artifact(package: &str, file: &str) -> PathBuf {
    // The test lies in `target/<profile>/deps`, or `target/<profile>` itself.
    let test = std::env::current_exe().expect("the path of this test");
    let directory = test
        .ancestors()
        .skip(1)
        .find(|path| !path.ends_with("deps"))
        .expect("the test lies in a target directory");
    let profile = match directory.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let target = directory.parent().expect("the target directory");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", package, "--profile", profile]);
    cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    // These describe the test's package; build scripts that watch them would run again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "{package} cannot be built: {status}");
    directory.join(file)
}

/// Compiles a source in C beside the tests of servers to a library that can be loaded before all
/// others (LD_PRELOAD).
///
/// # Panics
/// If that fails.
pub fn compile_library(source: &str, library: &Path) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server");
    let done = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([library, &directory.join(source)])
        .status()
        .expect("a C compiler");
    assert!(done.success(), "{source} does not compile");
}

/// See the module's head. It is killed, and its directory removed, when dropped.
pub struct Server {
    child: Child,
    directory: PathBuf,
    /// The port on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts a server with these further words on its command line, and waits until it accepts
    /// connections.
    ///
    /// # Panics
    /// If it ends at once, or is not ready in time; with what it has said.
    #[track_caller]
    pub fn start(settings: &[&str]) -> Server {
        Server::start_program(program(), settings, READY)
    }

    /// Starts it as [`Server::start`] does, and returns while it still loads its data.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn start_loading(settings: &[&str]) -> Server {
        Server::start_program(program(), settings, "Server initialized")
    }

    /// Starts Debian's redis-server in the same way.
    ///
    /// # Panics
    /// As [`Server::start`].
    #[track_caller]
    pub fn redis(settings: &[&str]) -> Server {
        Server::start_program(Path::new("redis-server"), settings, READY)
    }

    #[track_caller]
    fn start_program(program: &Path, settings: &[&str], ready: &str) -> Server {
        Server::start_ready(&Place { program, namespace: None, port: None }, settings, ready)
    }

    /// Starts what is to be there, and waits until it accepts connections. A first setting that
    /// does not begin with a dash is a file of settings.
    ///
    /// # Panics
    /// As [`Server::start`].
    #[track_caller]
    pub fn start_there(place: &Place<'_>, settings: &[&str]) -> Server {
        Server::start_ready(place, settings, READY)
    }

    #[track_caller]
    fn start_ready(place: &Place<'_>, settings: &[&str], ready: &str) -> Server {
        let directory = new_directory();
        let start = Instant::now();
        loop {
            let port = place.port.unwrap_or_else(free_port);
            let child = spawn(place, &directory, port, settings);
            let mut server = Server { child, directory: directory.clone(), port };
            if server.wait_ready(start, ready) {
                shm::note(port, &server.socket());
                return server;
            }
            // Another process may have taken the port between looking and listening: once more.
            let said = server.said();
            let taken = said.contains("in use");
            assert!(taken && start.elapsed() < patience(), "the server does not start: {said}");
            fs::create_dir_all(&directory).expect("a directory for the server");
        }
    }

    fn wait_ready(&mut self, start: Instant, ready: &str) -> bool {
        loop {
            if self.log().contains(ready) {
                return true;
            }
            if self.child.try_wait().expect("the server's state").is_some() {
                return self.log().contains(ready);
            }
            assert!(start.elapsed() < patience(), "the server is not ready: {}", self.said());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Its process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stdout.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("stdout")).unwrap_or_default()
    }

    fn said(&self) -> String {
        let errors = fs::read_to_string(self.directory.join("stderr")).unwrap_or_default();
        format!("{}{errors}", self.log())
    }

    /// The path of its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// A TCP connection for bytes.
    #[track_caller]
    pub fn raw(&self) -> Raw {
        Raw::connect(self.port)
    }

    /// A Unix connection for bytes.
    #[track_caller]
    pub fn raw_unix(&self) -> Raw {
        Raw::over(UnixStream::connect(self.socket()).expect("the Unix socket"))
    }

    /// A Unix connection for lines, which leads into a network namespace, too.
    #[track_caller]
    pub fn talk_unix(&self) -> Talk {
        Talk::unix(&self.socket())
    }

    /// A TCP connection for lines.
    #[track_caller]
    pub fn talk(&self) -> Talk {
        Talk::tcp(self.port)
    }

    /// Resident memory of the process in bytes.
    pub fn resident(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("/proc");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        let kilobytes = line.split_whitespace().nth(1).and_then(|word| word.parse::<usize>().ok());
        kilobytes.expect("a number of kilobytes") << 10
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the server's state").is_none()
    }

    /// Sends a signal (`TERM`, `INT`).
    pub fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().expect("kill");
        assert!(status.success(), "no signal could be sent");
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the server's state") {
                return status;
            }
            assert!(start.elapsed() < patience(), "the server does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs a program that takes `-h` and `-p` against the server, and returns what it says.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let tls: &[&str] = if tls::is_everywhere() { &["--tls", "--insecure"] } else { &[] };
        Command::new(program)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(tls)
            .args(arguments)
            .env_remove("REDISCLI_AUTH")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", self.said());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A new directory below the system's for temporary files. Short, as a socket's path must be.
pub fn new_directory() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("redpoll-tests-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    fs::create_dir_all(&directory).expect("a directory for the server");
    directory
}

/// A port on which nobody listens at the moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

/// What is started, and where.
pub struct Place<'a> {
    /// The program.
    pub program: &'a Path,
    /// The name of a network namespace.
    pub namespace: Option<&'a str>,
    /// Any that is free, if none is named.
    pub port: Option<u16>,
}

fn spawn(place: &Place<'_>, directory: &Path, port: u16, settings: &[&str]) -> Child {
    let file = |name| File::create(directory.join(name)).expect("a file for the server's words");
    let program = place.program;
    let mut command = match place.namespace {
        // It becomes the program, and its number stays.
        Some(name) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", name]).arg(program);
            command
        }
        None => Command::new(program),
    };
    let has_file = settings.first().is_some_and(|first| !first.starts_with('-'));
    let (own, settings) = settings.split_at(usize::from(has_file));
    command.args(own);
    if tls::is_everywhere() {
        let own = tls::self_signed(directory);
        command.args(["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
        command.args(["--tls-cert-file", &own.certificate, "--tls-key-file", &own.key]);
    } else {
        command.args(["--port", &port.to_string()]);
    }
    command
        .args(["--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0"])
        .arg("--unixsocket")
        .arg(directory.join("socket"))
        .args(settings)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()))
}
