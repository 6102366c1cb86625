//! The history file: one line an entry, shared with redis-cli.
//!
//! rustyline's own file format marks and escapes lines, which redis-cli would show as they are;
//! hence this one. Lines are appended as they are entered, so that two sessions at once keep both
//! their lines; what is too old is cut off when a session starts.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Entries kept. redis-cli keeps 100; nobody ever complained about too many.
const ENTRIES_MAX: usize = 1000;

/// Where the history is kept.
pub struct HistoryFile {
    path: Option<PathBuf>,
}

impl HistoryFile {
    /// The file that the environment names; `/dev/null` or no home directory is none.
    pub fn of_environment() -> Self {
        Self { path: dotfile("REDISCLI_HISTFILE", ".rediscli_history") }
    }

    /// The entries, oldest first.
    pub fn load(&self) -> Vec<String> {
        let Some(path) = &self.path else { return Vec::new() };
        let Ok(bytes) = fs::read(path) else { return Vec::new() };
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let excess = lines.len().saturating_sub(ENTRIES_MAX);
        let kept = lines[excess..].to_vec();
        if excess > 0 {
            // What cannot be cut now will be the next time.
            let _ = replace(path, &kept);
        }
        kept
    }

    /// Appends an entry. A history that cannot be written is not worth an error.
    pub fn append(&self, line: &str) {
        let Some(path) = &self.path else { return };
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        if let Ok(mut file) = file {
            let _ = file.write_all(format!("{line}\n").as_bytes());
        }
    }
}

/// The file that the variable names, or else the one of this name at home.
pub fn dotfile(variable: &str, name: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|value| !value.is_empty());
    let path = match named {
        Some(path) => PathBuf::from(path),
        None => {
            let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
            Path::new(&home).join(name)
        }
    };
    (path != Path::new("/dev/null")).then_some(path)
}

/// Whether a command may hold a password and therefore stays out of the history.
pub fn is_secret(command: &[Vec<u8>]) -> bool {
    let words: Vec<Vec<u8>> = command.iter().map(|word| word.to_ascii_lowercase()).collect();
    let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
    match words.as_slice() {
        [b"auth", ..] | [b"acl", b"setuser", ..] => true,
        [b"config", b"set", settings @ ..] => settings
            .iter()
            .step_by(2)
            .any(|name| matches!(*name, b"masterauth" | b"masteruser" | b"requirepass")),
        [b"hello", _version, options @ ..] => options.contains(&&b"auth"[..]),
        [b"migrate", _host, _port, _key, _db, _timeout, options @ ..] => options
            .iter()
            .take_while(|option| **option != b"keys")
            .any(|option| matches!(*option, b"auth" | b"auth2")),
        _ => false,
    }
}

fn replace(path: &Path, lines: &[String]) -> io::Result<()> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    for line in lines {
        writeln!(file, "{line}")?;
    }
    fs::rename(&fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_stay_out() {
        let secret = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|w| w.as_bytes().to_vec()).collect();
            is_secret(&words)
        };
        for line in [
            "AUTH p",
            "acl SetUser u >p",
            "config set maxmemory 1 requirepass p",
            "hello 3 auth u p",
            "hello 3 setname n auth u p",
            "migrate h 1 k 0 5 copy auth p",
        ] {
            assert!(secret(line), "{line}");
        }
        for line in [
            "get auth",
            "acl list",
            "config set maxmemory requirepass",
            "hello 3",
            "migrate h 1 k 0 5 keys auth",
        ] {
            assert!(!secret(line), "{line}");
        }
    }

    #[test]
    fn the_file_is_private_and_is_cut_when_too_long() {
        use std::os::unix::fs::PermissionsExt;
        let directory =
            std::env::temp_dir().join(format!("redpoll-history-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let history = HistoryFile { path: Some(directory.join("history")) };
        for index in 0..ENTRIES_MAX + 5 {
            history.append(&format!("get {index}"));
        }
        let loaded = history.load();
        assert_eq!(loaded.len(), ENTRIES_MAX);
        assert_eq!(loaded[0], "get 5");
        assert_eq!(history.load(), loaded);
        let mode = fs::metadata(directory.join("history")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_dir_all(&directory).unwrap();
    }
}
