//! The directory of the log: opening, naming, replacing and removing its files.

use super::manifest::{Entry, Manifest};
use crate::storage::flush_directory;
use redpoll_config::Config;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Files {
    directory: PathBuf,
    /// How the names begin (`appendfilename`).
    pub name: String,
}

impl Files {
    /// Where the configuration wants them.
    pub fn of(config: &Config) -> Self {
        Files {
            directory: config.appenddirname().as_path().to_owned(),
            name: config.appendfilename().to_str_lossy().into_owned(),
        }
    }

    /// Where a file of the log lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn manifest_path(&self) -> PathBuf {
        self.path(&format!("{}.manifest", self.name))
    }

    /// The manifest; an empty one if there is none. The error is for the log.
    pub fn read_manifest(&self) -> Result<Manifest, String> {
        let path = self.manifest_path();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Manifest::default()),
            Err(error) => {
                let path = path.display();
                return Err(format!("can't open the AOF manifest file {path}: {error}"));
            }
        };
        Manifest::parse(&text).map_err(|refused| {
            let place = refused.line.map_or(String::new(), |(number, line)| {
                format!(" (reading the manifest file, at line {number} >>> '{line}')")
            });
            format!("AOF manifest file error: {}{place}", refused.reason)
        })
    }

    /// Makes a manifest the one that counts, on disk.
    pub fn write_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        self.make_directory()?;
        let temporary = self.path(&format!("temp-{}.manifest", self.name));
        let mut file = File::create(&temporary)?;
        file.write_all(manifest.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, self.manifest_path())?;
        self.flush()
    }

    /// Makes the directory if it is not there.
    pub fn make_directory(&self) -> io::Result<()> {
        match fs::create_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => flush_directory(Path::new(".")),
        }
    }

    /// Makes what was renamed last.
    pub fn flush(&self) -> io::Result<()> {
        flush_directory(&self.directory)
    }

    /// Gives a file that lies in the data directory its place in the log.
    pub fn adopt(&self, path: &Path, name: &str) -> io::Result<()> {
        self.make_directory()?;
        fs::rename(path, self.path(name))?;
        self.flush()
    }

    /// Gives a file of the log another name.
    pub fn rename(&self, old: &str, new: &str) -> io::Result<()> {
        fs::rename(self.path(old), self.path(new))?;
        self.flush()
    }

    /// Removes a file of the log that has come to nothing.
    pub fn remove(&self, name: &str) {
        log::info!("Removing the temp incr aof file {name}");
        // It may not be there at all.
        let _ = fs::remove_file(self.path(name));
    }

    /// A new, empty file to append to.
    pub fn create(&self, name: &str) -> io::Result<File> {
        self.make_directory()?;
        let path = self.path(name);
        // Something of that name is left of an attempt that came to nothing.
        drop(File::create(&path)?);
        OpenOptions::new().append(true).open(path)
    }

    /// A file that is there, to append to, and its size.
    pub fn append_to(&self, name: &str) -> io::Result<(File, u64)> {
        let file = OpenOptions::new().append(true).open(self.path(name))?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }

    /// The size of a file of the log.
    pub fn size(&self, entry: &Entry) -> io::Result<u64> {
        fs::metadata(self.path(&entry.name)).map(|facts| facts.len())
    }

    /// Removes what is no longer needed; says whether the manifest has changed.
    pub fn remove_history(&self, manifest: &mut Manifest) -> bool {
        for entry in &manifest.history {
            log::info!("Removing the history file {}", entry.name);
            // It may be gone already: the end of the program has come between.
            let _ = fs::remove_file(self.path(&entry.name));
        }
        !std::mem::take(&mut manifest.history).is_empty()
    }

    /// Takes over the one file of older versions, which lies beside the directory. The error is
    /// for the log.
    pub fn upgrade(&self, manifest: &mut Manifest) -> Result<(), String> {
        let old = PathBuf::from(&self.name);
        let is_that = |base: &Entry| base.name == self.name && !self.path(&base.name).exists();
        let wanted = manifest.increments.is_empty() && manifest.base.as_ref().is_none_or(is_that);
        if !wanted || !old.is_file() {
            return Ok(());
        }
        let name = self.name.clone();
        let upgraded = Manifest { base: Some(Entry { name, number: 1 }), ..Manifest::default() };
        let moved = self
            .write_manifest(&upgraded)
            .and_then(|()| fs::rename(&old, self.path(&self.name)))
            .and_then(|()| self.flush());
        moved.map_err(|error| {
            let (name, directory) = (&self.name, self.directory.display());
            format!("can't move the old AOF file {name} into the directory {directory}: {error}")
        })?;
        *manifest = upgraded;
        let directory = self.directory.display();
        let name = &self.name;
        log::info!(
            "Successfully migrated an old-style AOF file ({name}) into the AOF directory \
             ({directory})."
        );
        Ok(())
    }
}
