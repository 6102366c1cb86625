//! The Python check: redis-py against a started server, from `tests/python`.
//!
//! The client libraries go into a virtual environment below `target/`, made anew when the list of
//! requirements changes. Where they cannot be fetched (no network, no pip) the check says so and is
//! skipped: that is the machine's fault and not the server's.

use crate::repo;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// Runs the check.
///
/// # Errors
/// If the server does not build or start, or the script ends with a fault.
pub fn run() -> Result<(), String> {
    let sources = repo::root().join("tests/python");
    let directory = target().join("python");
    fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let python = match environment(&sources, &directory) {
        Ok(python) => python,
        Err(why) => {
            println!("    SKIPPED: the client libraries cannot be had here: {why}");
            return Ok(());
        }
    };
    succeed(Command::new("cargo").args(["build", "--quiet", "-p", "redpoll-server"]))?;
    let server = Server::start(&directory)?;
    let mut script = Command::new(python);
    script.arg(sources.join("client.py")).arg(server.port.to_string()).arg(&server.socket);
    succeed(&mut script)
}

/// Cargo's target directory.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repo::root().join("target"), PathBuf::from)
}

/// The Python of a virtual environment that has what `requirements.txt` asks for.
fn environment(sources: &Path, directory: &Path) -> Result<PathBuf, String> {
    let requirements = sources.join("requirements.txt");
    let wanted = fs::read(&requirements).map_err(|error| error.to_string())?;
    let (venv, stamp) = (directory.join("venv"), directory.join("installed.txt"));
    let python = venv.join("bin/python");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let mut pip = Command::new(&python);
    succeed(pip.args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(|error| error.to_string())?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.current_dir(repo::root()).stdin(Stdio::null()).status();
    let status = status.map_err(|error| format!("{name}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

/// A server for the script, stopped when dropped.
struct Server {
    process: Child,
    port: u16,
    socket: PathBuf,
}

impl Server {
    fn start(directory: &Path) -> Result<Server, String> {
        let text = |error: std::io::Error| format!("redpoll-server: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port();
        drop(listener);
        // A socket's path must be short, and the target directory's may not be.
        let socket = std::env::temp_dir().join(format!("redpoll-python-{port}"));
        let log = directory.join("server.log");
        let process = Command::new(target().join("debug/redpoll-server"))
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .arg("--unixsocket")
            .arg(&socket)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(File::create(&log).map_err(text)?)
            .spawn()
            .map_err(text)?;
        let mut server = Server { process, port, socket };
        let start = Instant::now();
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains("Ready to accept")) {
            let ended = server.process.try_wait().map_err(text)?.is_some();
            if ended || start.elapsed() > START_MAX {
                return Err(format!("the server does not start; see {}", log.display()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended, and the socket gone, before.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.socket);
    }
}
