//! The server that a client library is tried against.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long the server may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// A server, stopped when dropped.
pub struct Server {
    process: Child,
    /// Its TCP port on the loopback address.
    pub port: u16,
    /// Its Unix socket.
    pub socket: PathBuf,
}

impl Server {
    /// Starts the program, with its log in `directory`, and waits until it can be connected to.
    pub fn start(program: &Path, directory: &Path) -> Result<Server, String> {
        let text = |error: std::io::Error| format!("redpoll-server: {error}");
        let listener = TcpListener::bind("127.0.0.1:0").map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port();
        drop(listener);
        // A socket's path must be short, and the target directory's may not be.
        let socket = std::env::temp_dir().join(format!("redpoll-client-{port}"));
        let log = directory.join("server.log");
        let process = Command::new(program)
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
