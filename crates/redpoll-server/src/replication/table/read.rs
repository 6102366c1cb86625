//! Reading a table: which chunk comes next is learned by one thread at a time, the chunks
//! themselves are fetched, checked and loaded by all of them.
//!
//! That a chunk has been read is told together with others, some megabytes at a time, and at the
//! latest before a thread waits for anything: so no primary waits for what is not told.

use super::super::follower::{Link, superseded};
use super::super::handshake::{Line, refused};
use super::kept::Kept;
use super::pieces::Part;
use parking_lot::{Mutex, MutexGuard};
use redpoll_client::Transport;
use redpoll_engine::persistence::{Chunk, ChunkLane, ChunkSource};
use redpoll_keyspace::clock;
use redpoll_resp::request::encode_words;
use redpoll_sync::chunk::{Damage, HEADER_LEN, Header, Kind};
use redpoll_sync::wire::{DONE_MAX, Directory, Offer, Said};
use redpoll_sync::{Carrier, Lane, Place, shm};
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often a primary is shown that a replica lives which loads what it has already.
const COMFORT: Duration = Duration::from_secs(1);
/// So many bytes of chunks that have been read are told together; fewer where the window is small.
const TOGETHER: usize = 3 << 20;
/// A chunk of so many bytes or more holds something large: it is copied to where that is to be,
/// without being gathered, if the area is mapped.
const STRAIGHT: usize = 3 << 19;

/// See the module's head.
pub struct Table<'a> {
    link: &'a Link,
    epoch: u64,
    carrier: Box<dyn Carrier + 'a>,
    next: Mutex<Next<'a>>,
    /// Whether the primary is told what has been read.
    tells: bool,
    back: Mutex<Back>,
    chunks: AtomicU64,
    keys: AtomicU64,
    bytes: AtomicU64,
}

/// The way back to the primary.
struct Back {
    stream: Box<dyn Transport>,
    /// Chunks that have been read and not been told, and how many bytes they have.
    done: Vec<u64>,
    bytes: usize,
    /// At how many bytes they are told.
    enough: usize,
}

impl Back {
    fn new(stream: Box<dyn Transport>, enough: usize) -> Self {
        Back { stream, done: Vec::new(), bytes: 0, enough }
    }

    /// Tells what has been read.
    fn tell(&mut self) -> io::Result<()> {
        if self.done.is_empty() {
            return Ok(());
        }
        let numbers: Vec<String> = self.done.drain(..).map(|number| number.to_string()).collect();
        self.bytes = 0;
        let words = [&b"REPLCONF"[..], b"TABLE-DONE"].into_iter();
        let mut bytes = Vec::new();
        let words: Vec<&[u8]> = words.chain(numbers.iter().map(|it| it.as_bytes())).collect();
        encode_words(&mut bytes, words.iter().copied());
        self.stream.write_all(&bytes)
    }
}

/// Where it is learned which chunk comes next.
pub(super) enum Next<'a> {
    /// The primary says it, and hears when a chunk has been read.
    Said {
        line: &'a mut Line,
        directory: Directory,
        /// What has been said and nobody has acted upon yet.
        heard: Option<Said>,
        ended: Option<(u64, u64)>,
    },
    /// It is known.
    Known { places: std::vec::IntoIter<(Place, Kind)>, comforted: Instant },
}

impl<'a> Table<'a> {
    /// What a primary offers, read by this carrier.
    pub fn new(
        link: &'a Link,
        line: &'a mut Line,
        offer: &Offer,
        carrier: Box<dyn Carrier + 'a>,
    ) -> io::Result<Self> {
        let enough = TOGETHER.min(offer.area_len() / 8);
        let back = Mutex::new(Back::new(line.stream.duplicate()?, enough));
        let directory = Directory::new(offer);
        let next = Next::Said { line, directory, heard: None, ended: None };
        Ok(Table {
            link,
            epoch: offer.epoch,
            carrier,
            next: Mutex::new(next),
            tells: true,
            back,
            chunks: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// Keys that have come, and bytes of chunks.
    pub fn come(&self) -> (u64, u64) {
        (self.keys.load(Relaxed), self.bytes.load(Relaxed))
    }

    /// Puts all chunks into a file. What comes of it is a table of them.
    pub fn keep(&self, file: File) -> io::Result<Table<'a>> {
        let mut kept = Kept::new(file);
        let mut lane = self.carrier.lane()?;
        loop {
            let next = self.next.lock().next(self)?;
            let Some((place, kind)) = next else { break };
            kept.add(place.number, kind, self.fetch(&mut *lane, place, kind)?)?;
        }
        let (places, carrier) = kept.into_parts();
        let (places, comforted) = (places.into_iter(), Instant::now());
        Ok(Table {
            link: self.link,
            epoch: self.epoch,
            carrier,
            next: Mutex::new(Next::Known { places, comforted }),
            tells: false,
            back: Mutex::new(Back::new(self.back.lock().stream.duplicate()?, 0)),
            chunks: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }

    /// Whether all chunks have come and hold as many keys as the primary says; to be asked at the
    /// end.
    pub fn check_end(&self) -> io::Result<()> {
        match &*self.next.lock() {
            Next::Said { ended: Some((_, keys)), .. } if *keys == self.keys.load(Relaxed) => Ok(()),
            Next::Known { places, .. } if places.as_slice().is_empty() => Ok(()),
            _ => Err(io::Error::other("the sync table is not whole")),
        }
    }

    /// Fetches a chunk and checks it; the primary may use its place again.
    pub(super) fn fetch<'l>(
        &self,
        lane: &'l mut dyn Lane,
        place: Place,
        kind: Kind,
    ) -> io::Result<&'l [u8]> {
        let chunk = lane.fetch(place)?;
        let (header, _) = Header::check(chunk).map_err(io::Error::other)?;
        if chunk.len() != place.len {
            return Err(io::Error::other(Damage::Other));
        }
        self.check_header(header, place, kind)?;
        self.taken(place, header.keys)?;
        Ok(chunk)
    }

    /// Whether this is the header of the chunk that was announced.
    pub(super) fn check_header(&self, found: Header, place: Place, kind: Kind) -> io::Result<()> {
        let expected = Header { kind, epoch: self.epoch, number: place.number, keys: found.keys };
        match found == expected {
            true => Ok(()),
            false => Err(io::Error::other(Damage::Other)),
        }
    }

    /// All bytes of a chunk are here, and good.
    pub(super) fn taken(&self, place: Place, keys: u32) -> io::Result<()> {
        let keys = self.keys.fetch_add(u64::from(keys), Relaxed) + u64::from(keys);
        let bytes = self.bytes.fetch_add(place.len as u64, Relaxed) + place.len as u64;
        let chunks = self.chunks.fetch_add(1, Relaxed) + 1;
        if !self.tells {
            return Ok(());
        }
        if self.carrier.name() != shm::NAME {
            self.link.engine.replication.note_received(place.len);
        }
        {
            let mut back = self.back.lock();
            back.done.push(place.number);
            back.bytes += place.len;
            if back.bytes >= back.enough || back.done.len() >= DONE_MAX {
                back.tell()?;
            }
        }
        self.link.engine.replication.update_link(self.link.epoch, |link| {
            let now = clock::now_ms();
            (link.last_heard, link.sync_heard) = (now, now);
            link.sync_bytes.1 = bytes;
            if let Some(table) = &mut link.table {
                table.chunks = chunks;
                table.keys.0 = keys;
            }
        });
        Ok(())
    }

    /// To be called before anything is waited for.
    fn tell(&self) -> io::Result<()> {
        self.back.lock().tell()
    }

    /// Where it is learned which chunk comes next, for this thread alone.
    fn lock_next(&self) -> io::Result<MutexGuard<'_, Next<'a>>> {
        match self.next.try_lock() {
            Some(next) => Ok(next),
            None => {
                self.tell()?;
                Ok(self.next.lock())
            }
        }
    }

    /// What has failed in one thread ends the link for all: none is to wait for what is of no use.
    pub(super) fn give_up(&self) {
        if self.tells {
            // It may be closed already.
            let _ = self.back.lock().stream.shutdown();
        }
    }
}

impl Next<'_> {
    /// The place of the next chunk; `None` behind the last.
    pub(super) fn next(&mut self, table: &Table<'_>) -> io::Result<Option<(Place, Kind)>> {
        if table.link.has_ended() {
            return Err(superseded());
        }
        match self {
            Next::Said { ended: Some(_), .. } => table.tell().map(|()| None),
            Next::Said { line, directory, heard, ended } => {
                let said = match heard.take() {
                    Some(said) => said,
                    None => {
                        let at_hand = line.line_at_hand();
                        if at_hand.is_none() {
                            table.tell()?;
                        }
                        understood(directory, &at_hand.map_or_else(|| line.line(), Ok)?)?
                    }
                };
                match said {
                    Said::Chunk(place, kind) => Ok(Some((place, kind))),
                    Said::End(chunks, keys) => {
                        *ended = Some((chunks, keys));
                        table.tell().map(|()| None)
                    }
                }
            }
            Next::Known { places, comforted } => {
                if comforted.elapsed() >= COMFORT {
                    *comforted = Instant::now();
                    // A link that is broken is found so when the stream is read.
                    let _ = table.back.lock().stream.write_all(b"\n");
                }
                Ok(places.next())
            }
        }
    }
}

impl Next<'_> {
    /// The next chunk if it is known already and holds whole records.
    fn whole_at_hand(&mut self) -> io::Result<Option<Place>> {
        let Next::Said { line, directory, heard, ended: None } = self else { return Ok(None) };
        if heard.is_none()
            && let Some(said) = line.line_at_hand()
        {
            *heard = Some(understood(directory, &said)?);
        }
        match *heard {
            Some(Said::Chunk(place, Kind::Whole)) => {
                *heard = None;
                Ok(Some(place))
            }
            _ => Ok(None),
        }
    }
}

fn understood(directory: &mut Directory, line: &str) -> io::Result<Said> {
    directory.read(line).ok_or_else(|| refused("the sync", line))
}

impl ChunkSource for Table<'_> {
    fn lane(&self) -> io::Result<Box<dyn ChunkLane + '_>> {
        let lane = self.carrier.lane().inspect_err(|_| self.give_up())?;
        Ok(Box::new(TableLane { table: self, lane, ahead: None, large: None, part: None }))
    }
}

/// One thread's way to the chunks.
pub(super) struct TableLane<'t, 'a> {
    pub(super) table: &'t Table<'a>,
    pub(super) lane: Box<dyn Lane>,
    /// The chunk of whole records that has been asked for and comes next.
    ahead: Option<Place>,
    /// Held while a record comes that takes several chunks, which follow one another.
    pub(super) large: Option<Large<'t, 'a>>,
    /// The chunk that is given in pieces, of which not all has been.
    pub(super) part: Option<Part>,
}

pub(super) struct Large<'t, 'a> {
    pub(super) next: MutexGuard<'t, Next<'a>>,
    pub(super) is_open: bool,
}

impl TableLane<'_, '_> {
    fn take(&mut self) -> io::Result<Option<Chunk<'_>>> {
        if self.is_within() {
            return Err(io::Error::other("a large record has more parts than it needs"));
        }
        self.large = None;
        if let Some(place) = self.ahead.take() {
            self.ask_ahead()?;
            return self.take_whole(place);
        }
        let mut next = self.table.lock_next()?;
        let Some((place, kind)) = next.next(self.table)? else { return Ok(None) };
        if kind != Kind::Whole {
            self.large = Some(Large { next, is_open: true });
        } else {
            drop(next);
            if place.len < STRAIGHT || self.lane.view().is_none() {
                if self.lane.ask(place)? {
                    self.ask_ahead()?;
                }
                return self.take_whole(place);
            }
        }
        self.begin_part(place, kind)?;
        Ok(Some(Chunk::Pieces(self)))
    }

    /// Whether something has been given in part.
    fn is_within(&self) -> bool {
        self.part.is_some() || self.large.as_ref().is_some_and(|large| large.is_open)
    }

    /// Asks for the chunk after the one that was asked for, if it is known which that is.
    fn ask_ahead(&mut self) -> io::Result<()> {
        // Who has the lock waits for it to be said.
        let following = match self.table.next.try_lock() {
            Some(mut next) => next.whole_at_hand()?,
            None => None,
        };
        if let Some(place) = following {
            self.lane.ask(place)?;
            self.ahead = Some(place);
        }
        Ok(())
    }

    fn take_whole(&mut self, place: Place) -> io::Result<Option<Chunk<'_>>> {
        let chunk = self.table.fetch(&mut *self.lane, place, Kind::Whole)?;
        Ok(Some(Chunk::Whole(&chunk[HEADER_LEN..])))
    }
}

impl ChunkLane for TableLane<'_, '_> {
    fn next(&mut self) -> io::Result<Option<Chunk<'_>>> {
        let table = self.table;
        self.take().inspect_err(|_| table.give_up())
    }
}

impl Drop for TableLane<'_, '_> {
    fn drop(&mut self) {
        // The thread ends before all has come: it has failed.
        if self.is_within() {
            self.table.give_up();
        }
    }
}
