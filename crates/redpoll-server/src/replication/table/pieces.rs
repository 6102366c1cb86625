//! Chunks that are given piece by piece, as what they hold is large.
//!
//! Where the area is mapped, each byte is copied once, from there to where it is to be, and is in
//! the checksum on its way: a piece is short enough to stay in the cache meanwhile, and the pages
//! that it goes to are made all at once. What comes of a chunk may be used when its end has been
//! read.

use super::read::TableLane;
use redpoll_persist::Pieces;
use redpoll_sync::chunk::{Damage, HEADER_LEN, Header, Kind, Stated, Sum};
use redpoll_sync::memory::make_pages;
use redpoll_sync::{Lane, Place};
use std::io;

/// Bytes of a piece.
const PIECE: usize = 128 << 10;
/// For pieces from this length on, pages are made.
const PAGES_MIN: usize = 32 << 10;

/// See the module's head.
pub(super) struct Part {
    place: Place,
    keys: u32,
    stated: Stated,
    /// Bytes of the payload that have been given.
    at: usize,
    /// The checksum of those; `None`: the chunk has been fetched and checked as a whole.
    sum: Option<Sum>,
}

impl Part {
    fn left(&self) -> usize {
        self.stated.len - self.at
    }

    /// Gives up to `max` bytes.
    fn give(&mut self, lane: &dyn Lane, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let count = self.left().min(max).min(PIECE);
        let from = HEADER_LEN + self.at;
        match (&mut self.sum, lane.view()) {
            (Some(sum), Some(view)) => {
                if count >= PAGES_MIN {
                    make_pages(out, count);
                }
                let before = out.len();
                if !view.append(self.place.offset + from as u64, count, out) {
                    return Err(io::Error::other("the chunk is not within the area"));
                }
                sum.update(&out[before..]);
            }
            _ => {
                let bytes = lane.fetched().get(from..from + count);
                out.extend_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
        }
        self.at += count;
        Ok(count)
    }
}

impl TableLane<'_, '_> {
    /// Begins to give a chunk.
    pub(super) fn begin_part(&mut self, place: Place, kind: Kind) -> io::Result<()> {
        let (header, stated, sum) = match self.lane.view() {
            None => {
                let chunk = self.table.fetch(&mut *self.lane, place, kind)?;
                let (header, stated) = Header::read(chunk).map_err(io::Error::other)?;
                (header, stated, None)
            }
            Some(view) => {
                let mut bytes = Vec::with_capacity(HEADER_LEN);
                // If they are not all there, that is no header.
                view.append(place.offset, HEADER_LEN, &mut bytes);
                let (header, stated) = Header::read(&bytes).map_err(io::Error::other)?;
                self.table.check_header(header, place, kind)?;
                if stated.len + HEADER_LEN != place.len {
                    return Err(io::Error::other(Damage::Length));
                }
                (header, stated, Some(Sum::default()))
            }
        };
        self.part = Some(Part { place, keys: header.keys, stated, at: 0, sum });
        if let Some(large) = &mut self.large {
            large.is_open = kind.is_open();
        }
        Ok(())
    }

    /// All of a chunk has been given.
    fn end_part(&self, part: &Part) -> io::Result<()> {
        match part.sum {
            None => Ok(()),
            Some(sum) if sum.value() != part.stated.sum => Err(io::Error::other(Damage::Checksum)),
            Some(_) => self.table.taken(part.place, part.keys),
        }
    }

    fn piece(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        loop {
            match &mut self.part {
                Some(part) if part.left() > 0 => return part.give(&*self.lane, out, max),
                Some(_) => {}
                None => {
                    let Some(large) = self.large.as_mut().filter(|large| large.is_open) else {
                        return Ok(0);
                    };
                    let next = large.next.next(self.table)?;
                    let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
                    let (place, kind) = next.ok_or_else(cut)?;
                    self.begin_part(place, kind)?;
                    continue;
                }
            }
            if let Some(part) = self.part.take() {
                self.end_part(&part)?;
            }
        }
    }
}

impl Pieces for TableLane<'_, '_> {
    fn append(&mut self, out: &mut Vec<u8>, max: usize) -> io::Result<usize> {
        let table = self.table;
        self.piece(out, max).inspect_err(|_| table.give_up())
    }

    fn certain(&self) -> usize {
        self.part.as_ref().map_or(0, Part::left)
    }
}
