//! Finding and reading configuration files, also by wildcards.

use crate::error::{ConfigError, os_text};
use crate::glob::has_wildcard;
use crate::value::Text;
use ::glob::{MatchOptions, Pattern, glob_with};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest configuration read from one source: a file is named by mistake more easily than a
/// configuration grows to this.
const TEXT_MAX: u64 = 64 << 20;

/// What a shell would do: hidden files must be named, and `*` stays within a directory.
const LIKE_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Reads the files `name` stands for, relative to `dir`.
///
/// With wildcards those may be none or several, in alphabetical order; without, the one file must
/// exist.
pub(crate) fn read_files(
    name: &[u8],
    dir: &Path,
) -> Result<Vec<(PathBuf, Vec<u8>)>, Box<ConfigError>> {
    let name_text = Text::from(name);
    let path = name_text.as_path();
    let paths = match has_wildcard(name) {
        true => expand(name, dir),
        false => vec![path.to_path_buf()],
    };
    paths
        .into_iter()
        .map(|path| match File::open(dir.join(&path)).and_then(read_bounded) {
            Ok(text) => Ok((path, text)),
            Err(error) => Err(Box::new(ConfigError::Open { path, reason: os_text(&error) })),
        })
        .collect()
}

/// Reads all of a source that is not too large.
pub(crate) fn read_bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    source.take(TEXT_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > TEXT_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "File too large"));
    }
    Ok(text)
}

/// Files that match the pattern. A malformed pattern matches none, as in the C library.
fn expand(name: &[u8], dir: &Path) -> Vec<PathBuf> {
    let Ok(name) = std::str::from_utf8(name) else { return Vec::new() };
    let name = single_stars(name);
    let pattern = match (name.starts_with('/'), dir.to_str()) {
        (true, _) => name,
        (false, Some(dir)) => format!("{}/{name}", Pattern::escape(dir)),
        (false, None) => return Vec::new(),
    };
    let found = glob_with(&pattern, LIKE_A_SHELL).into_iter().flatten().flatten();
    found.filter(|path| !path.is_dir()).collect()
}

/// Runs of stars are one star: only some shells, and the library used here, give two a meaning.
fn single_stars(name: &str) -> String {
    let mut single = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter != '*' || !single.ends_with('*') {
            single.push(letter);
        }
    }
    single
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(pattern: &str, dir: &Path) -> Vec<String> {
        let files = read_files(pattern.as_bytes(), dir).unwrap();
        let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_string();
        files.iter().map(|(path, _)| name(path)).collect()
    }

    #[test]
    fn wildcards_find_files_in_order() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a[b]");
        fs::create_dir_all(dir.join("conf.d/dir.conf")).unwrap();
        for name in ["20.conf", "10.conf", ".30.conf", "10.txt"] {
            fs::write(dir.join("conf.d").join(name), "").unwrap();
        }
        assert_eq!(names("conf.d/*.conf", &dir), ["10.conf", "20.conf"]);
        assert_eq!(names("conf.d/**.conf", &dir), ["10.conf", "20.conf"]);
        assert_eq!(names("*/1?.[ct]*", &dir), ["10.conf", "10.txt"]);
        assert_eq!(names("conf.d/*.nothing", &dir), [""; 0]);
        assert_eq!(names("conf.d/[", &dir), [""; 0]);
    }

    #[test]
    fn a_plain_name_must_exist() {
        let root = tempfile::tempdir().unwrap();
        let error = read_files(b"missing.conf", root.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Fatal error, can't open config file 'missing.conf': No such file or directory"
        );
    }

    #[test]
    fn endless_sources_are_refused() {
        assert!(read_bounded(io::repeat(b'#')).is_err());
        assert_eq!(read_bounded(&b"port 1"[..]).unwrap(), b"port 1");
    }
}
