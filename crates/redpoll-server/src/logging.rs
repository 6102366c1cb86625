//! The log, in the form that Redis's tools read: `pid:role day month year time level message`.

use log::{Level, LevelFilter, Log, Metadata, Record};
use parking_lot::Mutex;
use redpoll_config::{Config, LogLevel};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};

/// Where lines go.
enum Target {
    Stdout,
    File(File),
}

struct Logger(Mutex<Target>);

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let now = jiff::Zoned::now();
        let level = match record.level() {
            Level::Error | Level::Warn => '#',
            Level::Info => '*',
            Level::Debug => '-',
            Level::Trace => '.',
        };
        let pid = std::process::id();
        let time = now.strftime("%d %b %Y %H:%M:%S%.3f");
        let line = format!("{pid}:M {time} {level} {}\n", record.args());
        // A full disk must not stop the server: a line that cannot be written is lost.
        let _ = match &mut *self.0.lock() {
            Target::Stdout => io::stdout().write_all(line.as_bytes()),
            Target::File(file) => file.write_all(line.as_bytes()),
        };
    }

    fn flush(&self) {}
}

/// Starts the log as the configuration says. Fails if the log file cannot be written.
pub fn start(config: &Config) -> Result<(), String> {
    let path = config.logfile();
    let target = if path.is_empty() {
        Target::Stdout
    } else {
        let file = OpenOptions::new().create(true).append(true).open(path.as_path());
        let name = path.to_str_lossy();
        Target::File(file.map_err(|error| format!("Can't open the log file {name}: {error}"))?)
    };
    set_level(config.loglevel());
    // Fails only if there is a logger already; then that one stays.
    let _ = log::set_boxed_logger(Box::new(Logger(Mutex::new(target))));
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
