//! Debian's redis-server as a Sentinel.

use crate::node::lasting_port;
use crate::server::new_directory;
use crate::{Talk, eventually};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The name that the servers are watched by.
pub const NAME: &str = "m";

/// How long an answer of a Sentinel is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module's head. It is ended when dropped.
pub struct Sentinel {
    child: Child,
    directory: PathBuf,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Sentinel {
    /// Whether there is a program for it; if not, says that the test is skipped.
    pub fn is_there() -> bool {
        let mut command = Command::new("redis-server");
        let there = command.arg("--version").stdout(Stdio::null()).status().is_ok();
        if !there {
            eprintln!("skipped: redis-server, which is the Sentinel here, is not installed");
        }
        there
    }

    /// Watches the primary on this port; so many Sentinels have to agree that it is down, as which
    /// it counts after so many milliseconds.
    ///
    /// # Panics
    /// If it does not start.
    #[track_caller]
    pub fn watch(primary: u16, quorum: usize, down_after: u64) -> Sentinel {
        let (directory, port) = (new_directory(), lasting_port());
        let file = directory.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nlogfile {0}/log\n\
             sentinel monitor {NAME} 127.0.0.1 {primary} {quorum}\n\
             sentinel down-after-milliseconds {NAME} {down_after}\n\
             sentinel failover-timeout {NAME} 4000\nsentinel parallel-syncs {NAME} 2\n",
            directory.display(),
        );
        fs::write(&file, text).expect("a file");
        let mut command = Command::new("redis-server");
        let child = command.arg(&file).arg("--sentinel").stdout(Stdio::null()).spawn();
        let child = child.expect("redis-server is installed");
        let sentinel = Sentinel { child, directory, port };
        eventually("the sentinel listens", || Talk::try_tcp(port, PATIENCE).is_some());
        sentinel
    }

    /// Lets it look and speak more often than it would, where it is of a version that can. It
    /// elects nobody of whom it has not heard for five periods, so they must not be too short.
    pub fn hurry(&self) {
        for period in ["info-period 500", "ping-period 400", "ask-period 200", "publish-period 300"]
        {
            self.ask(&format!("SENTINEL DEBUG {period}"));
        }
    }

    /// Its answer.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn ask(&self, line: &str) -> String {
        Talk::try_tcp(self.port, PATIENCE).expect("the sentinel answers").ask(line)
    }

    /// The port of the primary, as clients are told.
    pub fn primary(&self) -> Option<u16> {
        let answer = self.ask(&format!("SENTINEL get-master-addr-by-name {NAME}"));
        answer.trim_matches(['[', ']']).rsplit_once(' ')?.1.parse().ok()
    }

    /// A field of what it knows of the primary.
    pub fn knows(&self, field: &str) -> String {
        let answer = self.ask(&format!("SENTINEL master {NAME}"));
        let mut words =
            answer.trim_matches(['[', ']']).split(' ').skip_while(|word| *word != field);
        words.nth(1).unwrap_or_default().to_owned()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the sentinel's log\n{}", self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
