//! Carriers: the ways by which chunks of a primary's table come to a replica.
//!
//! The primary has one area of memory, of which chunks are places: [`Place`]. An [`Export`] makes
//! the area readable by one way while a pass lasts, and says in a word how. A replica that
//! understands the word opens a [`Carrier`], and each of its loading threads a [`Lane`] of it.
//! Which chunks there are, and that they have been read, is said over the replication link and is
//! no business of carriers.
//!
//! ```text
//! primary                                      replica
//! Export::offer ------ word of the offer ----> open(word, token) -> Carrier
//!    |                                            | lane()   one for each thread
//!    |                                            v
//!   area  <---- shared mapping / READ / bytes --- Lane::fetch(place) -> &[u8], private
//! ```
//!
//! A way is a pair of functions, made like those of [`crate::shm`]:
//!
//! ```text
//! export(area: Arc<Area>, admits: Arc<Admits>, …) -> io::Result<Box<dyn Export>>
//! open(address: &str, token: &Token, area_len: usize, …) -> io::Result<Box<dyn Carrier>>
//! ```
//!
//! An export lets in who shows a token that `admits` knows, and nobody else. It holds the
//! [`Area`](crate::Area), whose address and length stay what they are, for as long as anything
//! may read it.
//!
//! What a lane gives is the caller's own memory, in which nothing changes any more; it is not
//! checked yet, and may be anything.

use crate::memory::View;
use crate::token::Token;
use std::io;

/// Where a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the chunk, from 0 on without gaps.
    pub number: u64,
    /// The offset of its header in the area.
    pub offset: u64,
    /// Bytes of header and payload. A replica lets in none that is longer than a slot.
    pub len: usize,
}

/// One way to read a primary's area, as the replica sees it.
pub trait Carrier: Send + Sync {
    /// Its name: `rdma`, `shm`, `tcp`.
    fn name(&self) -> &'static str;

    /// A lane of its own for a thread.
    fn lane(&self) -> io::Result<Box<dyn Lane>>;
}

/// One thread's way to the area.
pub trait Lane: Send {
    /// Brings a chunk into memory of this process that nobody else changes, and shows it: exactly
    /// `place.len` bytes. The place has been checked to lie within the area. What was shown before
    /// is gone. Fails if the primary cannot be reached any more; then the whole sync begins again.
    fn fetch(&mut self, place: Place) -> io::Result<&[u8]>;

    /// What was fetched last.
    fn fetched(&self) -> &[u8];

    /// The area, if it is mapped: large chunks are then copied from it straight to where their
    /// bytes are to be, each byte once.
    fn view(&self) -> Option<&View> {
        None
    }

    /// Asks for a chunk that will be fetched next, so that it is under way meanwhile. Answers
    /// whether anything comes of that: then nothing else may be fetched before.
    fn ask(&mut self, _place: Place) -> io::Result<bool> {
        Ok(false)
    }
}

/// Whether a token is one that was given to a replica of this pass, and still is good.
pub type Admits = dyn Fn(&Token) -> bool + Send + Sync;

/// One way to read the primary's area, as the primary offers it. Dropping it ends the way: whoever
/// reads then gets an error, or memory that means nothing any more.
pub trait Export: Send {
    /// The carrier's name.
    fn name(&self) -> &'static str;

    /// What a replica must know to come, without spaces: an address, a port, a socket's name. It
    /// is told to replicas that are logged in, with a token of their own.
    fn address(&self) -> String;
}
