//! Reading a table: which chunk comes next is learned by one thread at a time, the chunks
//! themselves are fetched, checked and loaded by all of them.

use super::super::follower::{Link, superseded};
use super::super::handshake::{Line, refused};
use super::kept::Kept;
use parking_lot::{Mutex, MutexGuard};
use redpoll_client::Transport;
use redpoll_engine::persistence::{Chunk, ChunkLane, ChunkSource};
use redpoll_keyspace::clock;
use redpoll_resp::request::encode_words;
use redpoll_sync::chunk::{Damage, HEADER_LEN, Header, Kind};
use redpoll_sync::wire::{Directory, Offer, Said};
use redpoll_sync::{Carrier, Lane, Place};
use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How often a primary is shown that a replica lives which loads what it has already.
const COMFORT: Duration = Duration::from_secs(1);

/// See the module's head.
pub struct Table<'a> {
    link: &'a Link,
    epoch: u64,
    carrier: Box<dyn Carrier + 'a>,
    next: Mutex<Next<'a>>,
    /// Whether the primary is told what has been read.
    tells: bool,
    /// The way back to the primary.
    back: Mutex<Box<dyn Transport>>,
    chunks: AtomicU64,
    keys: AtomicU64,
    bytes: AtomicU64,
}

/// Where it is learned which chunk comes next.
enum Next<'a> {
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
        let back = Mutex::new(line.stream.duplicate()?);
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
            back: Mutex::new(self.back.lock().duplicate()?),
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
    fn fetch<'l>(&self, lane: &'l mut dyn Lane, place: Place, kind: Kind) -> io::Result<&'l [u8]> {
        let chunk = lane.fetch(place)?;
        let (header, _) = Header::check(chunk).map_err(io::Error::other)?;
        let Header { keys, .. } = header;
        let expected = Header { kind, epoch: self.epoch, number: place.number, keys };
        if chunk.len() != place.len || header != expected {
            return Err(io::Error::other(Damage::Other));
        }
        let keys = self.keys.fetch_add(u64::from(keys), Relaxed) + u64::from(keys);
        let bytes = self.bytes.fetch_add(place.len as u64, Relaxed) + place.len as u64;
        let chunks = self.chunks.fetch_add(1, Relaxed) + 1;
        if self.tells {
            self.say(&[b"REPLCONF", b"TABLE-DONE", place.number.to_string().as_bytes()])?;
            self.link.engine.replication.update_link(self.link.epoch, |link| {
                let now = clock::now_ms();
                (link.last_heard, link.sync_heard) = (now, now);
                link.sync_bytes.1 = bytes;
                if let Some(table) = &mut link.table {
                    table.chunks = chunks;
                    table.keys.0 = keys;
                }
            });
        }
        Ok(chunk)
    }

    fn say(&self, words: &[&[u8]]) -> io::Result<()> {
        let mut bytes = Vec::new();
        encode_words(&mut bytes, words.iter().copied());
        self.back.lock().write_all(&bytes)
    }

    /// What has failed in one thread ends the link for all: none is to wait for what is of no use.
    fn give_up(&self) {
        if self.tells {
            // It may be closed already.
            let _ = self.back.lock().shutdown();
        }
    }
}

impl Next<'_> {
    /// The place of the next chunk; `None` behind the last.
    fn next(&mut self, table: &Table<'_>) -> io::Result<Option<(Place, Kind)>> {
        if table.link.has_ended() {
            return Err(superseded());
        }
        match self {
            Next::Said { ended: Some(_), .. } => Ok(None),
            Next::Said { line, directory, heard, ended } => {
                let said = match heard.take() {
                    Some(said) => said,
                    None => understood(directory, &line.line()?)?,
                };
                match said {
                    Said::Chunk(place, kind) => Ok(Some((place, kind))),
                    Said::End(chunks, keys) => {
                        *ended = Some((chunks, keys));
                        Ok(None)
                    }
                }
            }
            Next::Known { places, comforted } => {
                if comforted.elapsed() >= COMFORT {
                    *comforted = Instant::now();
                    // A link that is broken is found so when the stream is read.
                    let _ = table.back.lock().write_all(b"\n");
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
        let (ahead, large) = (None, None);
        Ok(Box::new(TableLane { table: self, lane, ahead, large, part: Vec::new(), at: 0 }))
    }
}

/// One thread's way to the chunks.
struct TableLane<'t, 'a> {
    table: &'t Table<'a>,
    lane: Box<dyn Lane>,
    /// The chunk of whole records that has been asked for and comes next.
    ahead: Option<Place>,
    /// Held while a record comes that takes several chunks, which follow one another.
    large: Option<Large<'t, 'a>>,
    /// What has come of it and not been given, from `at` on.
    part: Vec<u8>,
    at: usize,
}

struct Large<'t, 'a> {
    next: MutexGuard<'t, Next<'a>>,
    is_open: bool,
}

impl TableLane<'_, '_> {
    fn take(&mut self) -> io::Result<Option<Chunk<'_>>> {
        if self.large.take().is_some_and(|large| large.is_open) || self.at < self.part.len() {
            return Err(io::Error::other("a large record has more parts than it needs"));
        }
        if let Some(place) = self.ahead.take() {
            self.ask_ahead()?;
            return self.take_whole(place);
        }
        let mut next = self.table.next.lock();
        let Some((place, kind)) = next.next(self.table)? else { return Ok(None) };
        if kind == Kind::Whole {
            drop(next);
            if self.lane.ask(place)? {
                self.ask_ahead()?;
            }
            return self.take_whole(place);
        }
        self.large = Some(Large { next, is_open: true });
        self.take_part(place, kind)?;
        Ok(Some(Chunk::Large(self)))
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

    fn take_part(&mut self, place: Place, kind: Kind) -> io::Result<()> {
        let chunk = self.table.fetch(&mut *self.lane, place, kind)?;
        self.part.clear();
        self.part.extend_from_slice(&chunk[HEADER_LEN..]);
        self.at = 0;
        if let Some(large) = &mut self.large {
            large.is_open = kind.is_open();
        }
        Ok(())
    }
}

impl ChunkLane for TableLane<'_, '_> {
    fn next(&mut self) -> io::Result<Option<Chunk<'_>>> {
        let table = self.table;
        self.take().inspect_err(|_| table.give_up())
    }
}

/// A large record, as it comes.
impl Read for TableLane<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.part.len() {
            let Some(large) = self.large.as_mut().filter(|large| large.is_open) else {
                return Ok(0);
            };
            let next = large.next.next(self.table)?;
            let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
            let (place, kind) = next.ok_or_else(cut)?;
            self.take_part(place, kind)?;
        }
        let count = out.len().min(self.part.len() - self.at);
        out[..count].copy_from_slice(&self.part[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

impl Drop for TableLane<'_, '_> {
    fn drop(&mut self) {
        // The thread ends before all has come: it has failed.
        if self.large.as_ref().is_some_and(|large| large.is_open) {
            self.table.give_up();
        }
    }
}
