//! What the environment says.
//!
//! Read once, when the first connection is made. A program that changes its environment later
//! changes nothing here.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

/// The variables.
#[derive(Debug)]
pub struct Settings {
    /// `REDPOLL_PRELOAD=off`: as if the library was not there.
    pub enabled: bool,
    /// `REDPOLL_PRELOAD_SOCKETS`, paths with colons between them: these sockets alone.
    pub sockets: Vec<PathBuf>,
    /// `REDPOLL_PRELOAD_SPIN_US`.
    pub spin: Duration,
    /// `REDPOLL_PRELOAD_RING`, in bytes.
    pub ring: Option<usize>,
    /// `REDPOLL_PRELOAD_LOG`: `1` for stderr, or a file.
    pub log: Option<OsString>,
}

impl Settings {
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Settings {
        let number = |name: &str| variable(name)?.to_str()?.parse::<u64>().ok();
        let paths = variable("REDPOLL_PRELOAD_SOCKETS").unwrap_or_default();
        let is_off =
            |value: OsString| ["off", "no", "0"].iter().any(|off| value.eq_ignore_ascii_case(off));
        Settings {
            enabled: !variable("REDPOLL_PRELOAD").is_some_and(is_off),
            sockets: paths
                .as_bytes()
                .split(|byte| *byte == b':')
                .filter(|path| !path.is_empty())
                .map(|path| OsString::from_vec(path.to_vec()).into())
                .collect(),
            spin: number("REDPOLL_PRELOAD_SPIN_US")
                .map_or(redpoll_shm::client::SPIN, Duration::from_micros),
            ring: number("REDPOLL_PRELOAD_RING").and_then(|ring| usize::try_from(ring).ok()),
            log: variable("REDPOLL_PRELOAD_LOG").filter(|value| !value.is_empty()),
        }
    }

    /// Whether connections to this socket are ours.
    pub fn covers(&self, path: &[u8]) -> bool {
        let is_it = |wanted: &PathBuf| wanted.as_os_str().as_bytes() == path;
        self.enabled && (self.sockets.is_empty() || self.sockets.iter().any(is_it))
    }
}

/// Those of this process.
pub fn settings() -> &'static Settings {
    static SETTINGS: OnceLock<Settings> = OnceLock::new();
    SETTINGS.get_or_init(|| Settings::read(|name| std::env::var_os(name)))
}

/// Writes a line to the log, if there is one.
pub fn log(text: std::fmt::Arguments<'_>) {
    let Some(target) = &settings().log else { return };
    let line = format!("redpoll-preload[{}]: {text}\n", std::process::id());
    // A log that cannot be written is no reason to disturb the program.
    let _ = if target == "1" {
        rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).map(drop).map_err(drop)
    } else {
        use std::io::Write;
        let file = std::fs::OpenOptions::new().append(true).create(true).open(target);
        file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(drop)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Settings {
        Settings::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn everything_is_covered_unless_it_is_told() {
        assert!(with(&[]).covers(b"/a"));
        assert!(!with(&[("REDPOLL_PRELOAD", "off")]).covers(b"/a"));
        let some = with(&[("REDPOLL_PRELOAD_SOCKETS", "/a:/b")]);
        assert!(some.covers(b"/a") && some.covers(b"/b") && !some.covers(b"/c"));
    }

    #[test]
    fn numbers_are_read_and_nonsense_is_not() {
        let some = with(&[("REDPOLL_PRELOAD_SPIN_US", "7"), ("REDPOLL_PRELOAD_RING", "65536")]);
        assert_eq!((some.spin, some.ring), (Duration::from_micros(7), Some(65536)));
        let none = with(&[("REDPOLL_PRELOAD_SPIN_US", "x"), ("REDPOLL_PRELOAD_RING", "-1")]);
        assert_eq!((none.spin, none.ring), (redpoll_shm::client::SPIN, None));
    }
}
