//! The log: lines in the form that Redis's tools read (`pid:role day month year time level
//! message`), or one JSON object each.
//!
//! A message may hold what a client has sent. So control characters are written as escapes: nobody
//! can end a line, or move a terminal's cursor, from outside.

mod form;

use crate::syslog::Syslog;
use form::Form;
use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use redpoll_config::{Config, LogLevel};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How often it is looked whether the log file has been moved away.
const LOOK: Duration = Duration::from_secs(1);

/// Where lines go.
enum Target {
    Stdout,
    File(LogFile),
}

/// A file that may be moved away at any time, to begin a new one.
struct LogFile {
    path: PathBuf,
    file: File,
    /// What tells whether the path still names the file.
    identity: (u64, u64),
    looked: Instant,
}

impl LogFile {
    fn open(path: PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let found = file.metadata()?;
        let identity = (found.dev(), found.ino());
        Ok(LogFile { path, file, identity, looked: Instant::now() })
    }

    /// Begins a new file if the old one has been moved or removed. If that fails, the old one is
    /// written on.
    fn follow(&mut self) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let now = std::fs::metadata(&self.path).map(|found| (found.dev(), found.ino()));
        if now.ok() != Some(self.identity)
            && let Ok(new) = LogFile::open(self.path.clone())
        {
            *self = new;
        }
    }
}

struct Logger {
    target: Mutex<Target>,
    form: Mutex<Form>,
    syslog: Option<Syslog>,
}

static LOGGER: OnceLock<Logger> = OnceLock::new();

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The library for TLS tells its own story, which is nobody's here.
        !metadata.target().starts_with("rustls")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = record.args().to_string();
        self.write(record.level(), &message);
        let lost = self
            .syslog
            .as_ref()
            .and_then(|syslog| syslog.send(record.level(), &form::escaped(&message)));
        if let Some(error) = lost {
            self.write(Level::Warn, &format!("The system's log cannot be written: {error}"));
        }
    }

    fn flush(&self) {}
}

impl Logger {
    fn write(&self, level: Level, message: &str) {
        let line = self.form.lock().line(level, message);
        // A full disk must not stop the server: a line that cannot be written is lost.
        let _ = match &mut *self.target.lock() {
            Target::Stdout => io::stdout().write_all(line.as_bytes()),
            Target::File(file) => {
                file.follow();
                file.file.write_all(line.as_bytes())
            }
        };
    }
}

/// Starts the log as the configuration says. Fails if the log file cannot be written.
pub fn start(config: &Config) -> Result<(), String> {
    let path = config.logfile();
    let target = if path.is_empty() {
        Target::Stdout
    } else {
        // As Redis does, before it has changed to its directory.
        let full = std::path::absolute(path.as_path()).unwrap_or_else(|_| path.as_path().into());
        let name = path.to_str_lossy();
        let file = LogFile::open(full);
        Target::File(file.map_err(|error| format!("Can't open the log file {name}: {error}"))?)
    };
    set_level(config.loglevel());
    let logger = LOGGER.get_or_init(|| Logger {
        target: Mutex::new(target),
        form: Mutex::new(Form::of(config)),
        syslog: Syslog::of(config),
    });
    // Fails only if there is a logger already; then that one stays.
    let _ = log::set_logger(logger);
    Ok(())
}

/// Changes how much is logged.
pub fn set_level(level: LogLevel) {
    log::set_max_level(match level {
        LogLevel::Debug => LevelFilter::Trace,
        LogLevel::Verbose => LevelFilter::Debug,
        LogLevel::Notice => LevelFilter::Info,
        LogLevel::Warning => LevelFilter::Warn,
        LogLevel::Nothing => LevelFilter::Off,
    });
}

/// Changes the form of the lines.
pub fn set_form(config: &Config) {
    if let Some(logger) = LOGGER.get() {
        *logger.form.lock() = Form::of(config);
    }
}

/// Makes faults of the program part of the log, with where they happened.
pub fn watch_faults(with_trace: impl Fn() -> bool + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(move |fault| {
        let thread = std::thread::current();
        log::error!("Fault in thread {}: {fault}", thread.name().unwrap_or("?"));
        if with_trace() {
            let trace = std::backtrace::Backtrace::force_capture().to_string();
            trace.lines().for_each(|line| log::error!("{line}"));
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_moved_away_is_begun_anew() {
        let directory = std::env::temp_dir().join(format!("redpoll-log-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join("log");
        let mut log = LogFile::open(path.clone()).expect("a file");
        let ago = Instant::now().checked_sub(LOOK).expect("a time in the past");
        log.looked = ago;
        log.follow();
        log.file.write_all(b"one\n").expect("room");
        std::fs::rename(&path, directory.join("log.1")).expect("it is ours");
        log.looked = ago;
        log.follow();
        log.file.write_all(b"two\n").expect("room");
        assert_eq!(std::fs::read_to_string(&path).expect("the new file"), "two\n");
        let old = std::fs::read_to_string(directory.join("log.1"));
        assert_eq!(old.expect("the old file"), "one\n");
        std::fs::remove_dir_all(&directory).expect("it is ours");
    }
}
