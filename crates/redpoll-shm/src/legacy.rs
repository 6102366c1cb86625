//! The server's side of the older protocol, that of `redis-module-shm`: the client brings the
//! memory.
//!
//! The client makes a file of POSIX shared memory, maps it, and names it (`SHM.OPEN 1 /name`). Two
//! rings lie in it, one behind the other, first the one to the server:
//!
//! ```text
//!     offset   bytes
//!          0       8   read index: where the next byte is read
//!          8       8   write index: where the next byte is written
//!         16       8   size: 16384
//!         24   16385   the bytes, of which the last is not used
//! ```
//!
//! An index runs from 0 to 16383 and begins again; a ring whose indices are equal is empty, so that
//! one byte always stays free. Nobody sleeps and nobody is woken in this protocol: a side looks.
//!
//! **The file is the client's, and is not mapped.** It can be cut short at any moment, and touching
//! a mapping then would kill the process by SIGBUS; sealing it is impossible, as it was not made
//! for that, and a handler for the signal would be one for the whole process. So it is read with
//! `pread` and written with `pwrite`: beyond its end these say so, and there is no pointer that
//! could be wrong. It costs a system call a look, some 0.2 µs, where the client still waits a
//! fiftieth of what a socket takes. Indices are aligned words of eight bytes, which the kernel
//! copies in one piece; one that has changed is read twice all the same.
//!
//! **The name is the client's, too.** It must be a plain name; it is looked for in the one
//! directory where POSIX shared memory lies, without following links; and the file must be a
//! regular one that belongs to the very user who runs the client, so that nobody gets at another's
//! through the server. It is opened by its descriptor only after that.

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::{pread, pwrite};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{Ordering::SeqCst, fence};

/// The version of this protocol in `SHM.OPEN`.
pub const VERSION: u32 = 1;
/// Bytes of a ring, one of which stays free.
pub const SIZE: usize = 16384;
/// Where the bytes of a ring lie behind its beginning.
pub const BYTES_AT: usize = 24;
/// Where the ring to the client begins.
pub const REPLIES_AT: usize = 16416;
/// Bytes of the file.
pub const FILE_LEN: usize = 2 * REPLIES_AT;
/// The same in whole pages: longer files are something else.
const FILE_MAX: usize = FILE_LEN.next_multiple_of(65536);
/// Bytes of a name, with its slash: a UUID has as many.
pub const NAME_MAX: usize = 37;
/// Where files of POSIX shared memory lie.
const DIRECTORY: &str = "/dev/shm";

/// Why a file is not used.
#[derive(Debug)]
pub enum Refusal {
    /// It is no plain name with a slash in front.
    Name,
    /// There is none of this name, or none that the server may open.
    Missing(io::Error),
    /// It is a link, a directory, a pipe, a device.
    NoFile,
    /// It belongs to somebody else than the client.
    Owner,
    /// It is too short or too long.
    Length(u64),
    /// Its rings are not empty rings of this size.
    Rings,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Name => {
                write!(f, "the name of shared memory is a slash and up to {NAME_MAX} bytes in all")
            }
            Refusal::Missing(error) => write!(f, "the shared memory cannot be opened: {error}"),
            Refusal::NoFile => write!(f, "the shared memory is no regular file"),
            Refusal::Owner => write!(f, "the shared memory belongs to another user"),
            Refusal::Length(len) => {
                write!(f, "the shared memory has {len} bytes, and not {FILE_LEN}")
            }
            Refusal::Rings => write!(f, "the shared memory has no two empty rings of {SIZE} bytes"),
        }
    }
}

impl std::error::Error for Refusal {}

/// A name that may be looked for.
pub fn check_name(name: &[u8]) -> Result<&str, Refusal> {
    let plain = name.strip_prefix(b"/").filter(|rest| {
        let dots = rest.iter().all(|byte| *byte == b'.');
        !dots && name.len() <= NAME_MAX && !rest.iter().any(|byte| matches!(byte, b'/' | 0))
    });
    plain.and_then(|rest| std::str::from_utf8(rest).ok()).ok_or(Refusal::Name)
}

/// Requests in, replies out.
#[derive(Debug)]
pub struct Legacy {
    file: File,
    /// Where the next request is read; the client's copy is never read back.
    read_at: usize,
    /// Bytes behind it that are known to be there.
    unread: usize,
    /// Where the next reply is written.
    write_at: usize,
    /// Bytes before it that the client is not known to have taken.
    untaken: usize,
}

impl Legacy {
    /// Opens the memory of this name, which must belong to this user.
    pub fn open(name: &[u8], owner: u32) -> Result<Legacy, Refusal> {
        Self::open_in(Path::new(DIRECTORY), check_name(name)?, owner)
    }

    fn open_in(directory: &Path, name: &str, owner: u32) -> Result<Legacy, Refusal> {
        let missing = |error: rustix::io::Errno| Refusal::Missing(error.into());
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory =
            openat(rustix::fs::CWD, directory, flags | OFlags::DIRECTORY, Mode::empty())
                .map_err(missing)?;
        // A name for the file and nothing more: a pipe or a device would notice being opened.
        let found = openat(&directory, name, flags, Mode::empty()).map_err(missing)?;
        check_file(&found, owner)?;
        let path = format!("/proc/self/fd/{}", found.as_raw_fd());
        let file = File::options().read(true).write(true).open(path).map_err(Refusal::Missing)?;
        let legacy = Legacy { file, read_at: 0, unread: 0, write_at: 0, untaken: 0 };
        for ring in [0, REPLIES_AT] {
            match legacy.header(ring) {
                // The first requests may be there already.
                Ok([0, written]) if written < SIZE && (ring == 0 || written == 0) => {}
                _ => return Err(Refusal::Rings),
            }
        }
        Ok(legacy)
    }

    /// Whether the client has sent something. A file that cannot be read is something, too.
    pub fn has_bytes(&self) -> bool {
        self.unread > 0 || self.header(0).map_or(true, |[_, write]| write != self.read_at)
    }

    /// Whether something can be written.
    pub fn has_room(&self) -> bool {
        self.untaken < SIZE - 1
            || self.header(REPLIES_AT).map_or(true, |[read, _]| read != self.next_write(1))
    }

    /// Moves requests to the end of `out`, within its spare capacity. An error of the kind
    /// [`InvalidData`](io::ErrorKind::InvalidData): the client has broken the rules.
    pub fn read(&mut self, out: &mut Vec<u8>) -> io::Result<usize> {
        let room = out.capacity() - out.len();
        if self.unread < room {
            let [_, write] = self.header(0)?;
            self.unread = grown(self.read_at, write, self.unread, "write index")?;
        }
        let count = room.min(self.unread);
        if count == 0 {
            return Ok(0);
        }
        // Behind the index, on machines where that is not a matter of course.
        fence(SeqCst);
        let first = count.min(SIZE - self.read_at);
        for (at, len) in [(self.read_at, first), (0, count - first)] {
            let begin = out.len();
            out.resize(begin + len, 0);
            self.get(BYTES_AT + at, &mut out[begin..])?;
        }
        self.read_at = (self.read_at + count) % SIZE;
        self.unread -= count;
        self.put(0, &self.read_at.to_ne_bytes())?;
        Ok(count)
    }

    /// Writes as much of these replies as there is room for.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if SIZE - 1 - self.untaken < bytes.len() {
            let [read, _] = self.header(REPLIES_AT)?;
            // What is untaken can only become less.
            let untaken = (self.write_at + SIZE - read) % SIZE;
            if untaken > self.untaken {
                return Err(broken("read index", read));
            }
            self.untaken = untaken;
        }
        let count = bytes.len().min(SIZE - 1 - self.untaken);
        if count == 0 {
            return Ok(0);
        }
        let (first, second) = bytes[..count].split_at(count.min(SIZE - self.write_at));
        self.put(REPLIES_AT + BYTES_AT + self.write_at, first)?;
        self.put(REPLIES_AT + BYTES_AT, second)?;
        fence(SeqCst);
        self.write_at = self.next_write(count);
        self.untaken += count;
        self.put(REPLIES_AT + 8, &self.write_at.to_ne_bytes())?;
        Ok(count)
    }

    /// The write index once so much more has been written.
    fn next_write(&self, count: usize) -> usize {
        (self.write_at + count) % SIZE
    }

    /// Read index and write index of a ring, which are in range.
    fn header(&self, ring: usize) -> io::Result<[usize; 2]> {
        let mut before = self.indices(ring)?;
        // A handful of times at most: whoever writes without a pause is looked at again anyway.
        for _ in 0..4 {
            let known = if ring == 0 { before[1] == self.read_at } else { false };
            let again = if known { before } else { self.indices(ring)? };
            if again == before {
                break;
            }
            before = again;
        }
        Ok(before)
    }

    fn indices(&self, ring: usize) -> io::Result<[usize; 2]> {
        let mut bytes = [0; BYTES_AT];
        self.get(ring, &mut bytes)?;
        let mut words = [0usize; 3];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut number = [0; 8];
            number.copy_from_slice(bytes);
            *word = usize::try_from(u64::from_ne_bytes(number)).unwrap_or(usize::MAX);
        }
        let [read, write, size] = words;
        match (read < SIZE, write < SIZE, size == SIZE) {
            (true, true, true) => Ok([read, write]),
            (false, ..) => Err(broken("read index", read)),
            (_, false, _) => Err(broken("write index", write)),
            _ => Err(broken("size", size)),
        }
    }

    /// Reads all of these bytes.
    fn get(&self, at: usize, mut bytes: &mut [u8]) -> io::Result<()> {
        let mut at = at as u64;
        while !bytes.is_empty() {
            match pread(&self.file, &mut *bytes, at) {
                Ok(0) => return Err(cut_short()),
                Ok(count) => {
                    at += count as u64;
                    bytes = &mut bytes[count..];
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes all of these bytes. (If the file has been cut short, this makes it long again; the
    /// next look will find indices that cannot be, or an empty ring.)
    fn put(&self, at: usize, mut bytes: &[u8]) -> io::Result<()> {
        let mut at = at as u64;
        while !bytes.is_empty() {
            match pwrite(&self.file, bytes, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    at += count as u64;
                    bytes = &bytes[count..];
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Whether a file is one that this user may have made for the purpose.
fn check_file(file: &OwnedFd, owner: u32) -> Result<(), Refusal> {
    let stat = fstat(file.as_fd()).map_err(|error| Refusal::Missing(error.into()))?;
    if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() {
        return Err(Refusal::NoFile);
    }
    if stat.st_uid != owner {
        return Err(Refusal::Owner);
    }
    let len = stat.st_size.unsigned_abs();
    if len < FILE_LEN as u64 || len > FILE_MAX as u64 {
        return Err(Refusal::Length(len));
    }
    Ok(())
}

/// Bytes that wait from `at` on if the other side's index is this; not less than there were.
fn grown(at: usize, index: usize, before: usize, what: &str) -> io::Result<usize> {
    let now = (index + SIZE - at) % SIZE;
    if now < before { Err(broken(what, index)) } else { Ok(now) }
}

fn broken(what: &str, value: usize) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("its {what} is {value}"))
}

fn cut_short() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it has cut the memory short")
}

#[cfg(test)]
mod tests;
