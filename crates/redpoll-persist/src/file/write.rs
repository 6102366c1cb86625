//! Writing a snapshot.

use super::record;
use crate::crc64::Crc64;
use crate::kind::{self, opcode};
use crate::{Sink, length};
use std::io::{self, Write};

/// What is gathered before it is written.
const BUFFER: usize = 256 << 10;

/// The oldest version of the format that knows libraries of functions.
pub const FUNCTIONS_VERSION: u16 = 10;

/// The newest version that is ever written: it can hold everything.
pub const NEWEST_VERSION: u16 = kind::VERSION_FIELD_EXPIRY;

/// What stands at the beginning of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Header {
    /// The version of the format: that of the newest value, see [`ValueRef::version`].
    pub version: u16,
    /// Facts about the server, by name.
    pub aux: Vec<(&'static str, String)>,
}

/// Writes a snapshot to a writer, with a buffer and a checksum.
pub struct FileWriter<W> {
    out: Buffered<W>,
    compress: bool,
    checksum: bool,
}

impl<W: Write> FileWriter<W> {
    /// Begins a snapshot.
    pub fn new(writer: W, header: &Header, compress: bool, checksum: bool) -> Self {
        let out = Buffered {
            writer,
            buffer: Vec::with_capacity(BUFFER),
            crc: Crc64::default(),
            written: 0,
            checksum,
            failure: None,
        };
        let mut file = FileWriter { out, compress, checksum };
        file.out.put(format!("REDIS{:04}", header.version).as_bytes());
        for (name, value) in &header.aux {
            record::aux(&mut file.out, name.as_bytes(), value.as_bytes(), false);
        }
        file
    }

    /// A fact that is no text.
    pub fn aux(&mut self, name: &str, value: &[u8]) {
        record::aux(&mut self.out, name.as_bytes(), value, self.compress);
    }

    /// Goes on with the keys of a database. The sizes are hints for the reader.
    pub fn database(&mut self, number: usize, keys: usize, volatile: usize) {
        self.select(number);
        self.out.put(&[opcode::RESIZE_DB]);
        length::write(&mut self.out, keys as u64);
        length::write(&mut self.out, volatile as u64);
    }

    /// Goes on with more keys of a database.
    pub fn select(&mut self, number: usize) {
        record::select(&mut self.out, number);
    }

    /// Writes the code of a library of functions. The version is to be [`FUNCTIONS_VERSION`] at
    /// least.
    pub fn function(&mut self, code: &[u8]) {
        record::function(&mut self.out, code, self.compress);
    }

    /// Writes a key.
    pub fn key(&mut self, key: record::Key<'_>) {
        key.write(&mut self.out, self.compress);
    }

    /// Lets go what has gathered: whoever reads along is to see that there is somebody.
    pub fn flush(&mut self) {
        self.out.flush();
        if self.out.failure.is_none() {
            self.out.failure = self.out.writer.flush().err();
        }
    }

    /// Whether writing has failed: the rest may be spared.
    pub fn has_failed(&self) -> bool {
        self.out.failure.is_some()
    }

    /// Ends the snapshot and gives the writer back, or the first error that it met.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.put(&[opcode::END]);
        self.out.flush();
        let crc = if self.checksum { self.out.crc.value() } else { 0 };
        self.out.put(&crc.to_le_bytes());
        self.out.flush();
        match self.out.failure {
            Some(error) => Err(error),
            None => Ok(self.out.writer),
        }
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.out.written + self.out.buffer.len() as u64
    }
}

struct Buffered<W> {
    writer: W,
    buffer: Vec<u8>,
    crc: Crc64,
    written: u64,
    checksum: bool,
    failure: Option<io::Error>,
}

impl<W: Write> Buffered<W> {
    fn flush(&mut self) {
        self.written += self.buffer.len() as u64;
        if self.checksum {
            self.crc.update(&self.buffer);
        }
        if self.failure.is_none() {
            self.failure = self.writer.write_all(&self.buffer).err();
        }
        self.buffer.clear();
    }
}

impl<W: Write> Sink for Buffered<W> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        // A large value goes through in pieces, so that the buffer stays one.
        for piece in bytes.chunks(BUFFER) {
            if self.buffer.len() + piece.len() > BUFFER {
                self.flush();
            }
            self.buffer.extend_from_slice(piece);
        }
    }
}
