//! The file that `aclfile` names: read and written as a whole. What it says is for the server.

use crate::config::Config;
use crate::include::read_bounded;
use crate::rewrite::replace;
use std::fs::File;
use std::io;

impl Config {
    /// The text of the ACL file; not to be asked for if none is configured.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read_acl_file(&self) -> io::Result<Vec<u8>> {
        read_bounded(File::open(self.dir().as_path().join(self.aclfile().as_path()))?)
    }

    /// Writes the ACL file. The new one is complete on disk before it takes the old one's place.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The old one is untouched then.
    pub fn write_acl_file(&self, text: &[u8]) -> io::Result<()> {
        replace(&self.dir().as_path().join(self.aclfile().as_path()), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("dir {}\naclfile users.acl\n", dir.path().display());
        let config = Config::from_text(text.as_bytes()).unwrap();
        assert!(config.read_acl_file().is_err());
        for text in [&b"user default on"[..], b""] {
            config.write_acl_file(text).unwrap();
            assert_eq!(config.read_acl_file().unwrap(), text);
        }
        assert_eq!(dir.path().read_dir().unwrap().count(), 1);
    }
}
