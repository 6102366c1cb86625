//! Laying a snapshot out in chunks, which replicas read by themselves.
//!
//! A chunk holds whole records, as they stand in a snapshot file, and says by itself which database
//! they are of; so chunks can be loaded in any order, by several threads. A record that is too
//! large for a chunk goes on in the next ones. Where chunks lie, and who reads them, is the
//! business of the [`ChunkOut`].
//!
//! Nothing is compressed: it is memory that is copied, and compressing costs more than that. What
//! is long is summed up as it is copied, while it is in the nearest cache.

use super::delay::Delay;
use super::snapshot::{Progress, SEARCH_FACT, Snapshot, key_of};
use crate::engine::Engine;
use redpoll_persist::Sink;
use redpoll_persist::file::record;
use redpoll_sync::chunk::{Kind, Sum};
use std::io;

/// Takes chunks.
pub trait ChunkOut {
    /// The room for a chunk, the same until it is sealed. Fails if nobody reads any more.
    fn room(&mut self) -> io::Result<&mut [u8]>;

    /// At how many bytes a chunk of several records should end.
    fn enough(&self) -> usize;

    /// The first `len` bytes of the room are a chunk, in which so many keys end. The checksum of
    /// some of them is known.
    fn seal(&mut self, len: usize, kind: Kind, keys: u32, sum: Sum) -> io::Result<()>;
}

/// What is longer is copied in pieces, each of which is summed up at once.
const LONG: usize = 256 << 10;
const PIECE: usize = 64 << 10;

impl Engine {
    /// Lays a snapshot out, with these facts in front.
    pub fn lay_out(
        &self,
        mut snapshot: Snapshot,
        facts: Vec<(&'static str, String)>,
        out: &mut impl ChunkOut,
        progress: &Progress,
    ) -> io::Result<()> {
        let (form, uses) = (self.form(), snapshot.uses());
        let mut writer = Writer::new(out);
        for (name, value) in &facts {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            writer.beside(|out| record::aux(out, name, value, false));
        }
        for search in snapshot.searches() {
            let (name, value) = (SEARCH_FACT.as_bytes(), search.to_bytes());
            writer.beside(|out| record::aux(out, name, &value, false));
        }
        for library in snapshot.libraries() {
            writer.beside(|out| record::function(out, &library.code, false));
        }
        let mut delay: Delay = form.delay;
        snapshot.each(&mut self.any_keys(), progress, |entry| {
            let key = key_of(&entry, form.access, uses);
            writer.write(Some(entry.db), 1, |out| key.write(out, false));
            delay.after_key(|| true);
            writer.failure.is_none()
        });
        writer.finish()
    }
}

/// Fills chunks.
struct Writer<'o, O> {
    out: &'o mut O,
    /// Bytes of the chunk so far, keys that end in it, and the database that it has named last.
    at: usize,
    keys: u32,
    db: Option<usize>,
    /// The checksum of the chunk's first bytes.
    sum: Sum,
    failure: Option<io::Error>,
}

impl<'o, O: ChunkOut> Writer<'o, O> {
    fn new(out: &'o mut O) -> Self {
        Writer { out, at: 0, keys: 0, db: None, sum: Sum::default(), failure: None }
    }

    /// Something that belongs to no key.
    fn beside(&mut self, write: impl Fn(&mut Cut<'_, '_, O>)) {
        self.write(None, 0, write);
    }

    /// What `write` writes, as one thing; it may be asked for it up to three times.
    fn write(&mut self, db: Option<usize>, keys: u32, write: impl Fn(&mut Cut<'_, '_, O>)) {
        let (start, sum) = (self.at, self.sum);
        if self.attempt(db, false, &write) {
            self.keys += keys;
            if self.at >= self.out.enough() {
                self.seal(Kind::Whole);
            }
            return;
        }
        (self.at, self.sum) = (start, sum);
        if start > 0 {
            self.seal(Kind::Whole);
            return self.write(db, keys, write);
        }
        // Larger than a chunk can be.
        self.attempt(db, true, &write);
        self.keys = keys;
        self.seal(Kind::Last);
    }

    /// Writes one thing behind what there is. Without `split`, answers false if there was no room
    /// for all of it.
    fn attempt(
        &mut self,
        db: Option<usize>,
        split: bool,
        write: impl Fn(&mut Cut<'_, '_, O>),
    ) -> bool {
        let selected = self.db;
        let mut cut = Cut { writer: self, split, begun: false, over: false };
        if db.is_some() && db != selected {
            record::select(&mut cut, db.unwrap_or(0));
        }
        write(&mut cut);
        let whole = !cut.over;
        self.db = if whole { db.or(selected) } else { selected };
        whole
    }

    fn seal(&mut self, kind: Kind) {
        if self.failure.is_none() {
            self.failure = self.out.seal(self.at, kind, self.keys, self.sum).err();
        }
        (self.at, self.keys, self.db, self.sum) = (0, 0, None, Sum::default());
    }

    fn finish(mut self) -> io::Result<()> {
        if self.at > 0 {
            self.seal(Kind::Whole);
        }
        self.failure.map_or(Ok(()), Err)
    }
}

/// Takes the bytes of one thing.
struct Cut<'w, 'o, O> {
    writer: &'w mut Writer<'o, O>,
    /// Whether it may go on in further chunks, and whether it does.
    split: bool,
    begun: bool,
    /// There was no room.
    over: bool,
}

impl<O: ChunkOut> Sink for Cut<'_, '_, O> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.over || self.writer.failure.is_some() {
            return;
        }
        let writer = &mut *self.writer;
        match writer.out.room() {
            Ok(room) => {
                if bytes.len() <= room.len() - writer.at {
                    copy(room, &mut writer.at, bytes, &mut writer.sum);
                    return;
                }
            }
            Err(error) => {
                writer.failure = Some(error);
                return;
            }
        }
        match self.split {
            true => self.put_in_parts(bytes),
            false => self.over = true,
        }
    }
}

impl<O: ChunkOut> Cut<'_, '_, O> {
    #[cold]
    fn put_in_parts(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && self.writer.failure.is_none() {
            let at = self.writer.at;
            let room = match self.writer.out.room() {
                Ok(room) => room,
                Err(error) => {
                    self.writer.failure = Some(error);
                    return;
                }
            };
            if room.len() == at {
                self.writer.seal(if self.begun { Kind::Middle } else { Kind::First });
                self.begun = true;
                continue;
            }
            let (now, later) = rest.split_at(rest.len().min(room.len() - at));
            copy(room, &mut self.writer.at, now, &mut self.writer.sum);
            rest = later;
        }
    }
}

/// Appends bytes, for which there is room, to the first `at` ones.
#[inline]
fn copy(room: &mut [u8], at: &mut usize, bytes: &[u8], sum: &mut Sum) {
    if bytes.len() > LONG {
        return copy_long(room, at, bytes, sum);
    }
    room[*at..*at + bytes.len()].copy_from_slice(bytes);
    *at += bytes.len();
}

#[cold]
fn copy_long(room: &mut [u8], at: &mut usize, bytes: &[u8], sum: &mut Sum) {
    sum.update(&room[sum.len()..*at]);
    for piece in bytes.chunks(PIECE) {
        let place = &mut room[*at..*at + piece.len()];
        place.copy_from_slice(piece);
        sum.update(place);
        *at += piece.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps chunks of 16 bytes.
    #[derive(Default)]
    struct Kept {
        room: [u8; 16],
        chunks: Vec<(Kind, u32, Vec<u8>)>,
    }

    impl ChunkOut for Kept {
        fn room(&mut self) -> io::Result<&mut [u8]> {
            Ok(&mut self.room)
        }

        fn enough(&self) -> usize {
            12
        }

        fn seal(&mut self, len: usize, kind: Kind, keys: u32, _: Sum) -> io::Result<()> {
            self.chunks.push((kind, keys, self.room[..len].to_vec()));
            self.room.fill(0);
            Ok(())
        }
    }

    /// Writes texts of these lengths into databases.
    fn laid_out(texts: &[(usize, usize)]) -> Vec<(Kind, u32, Vec<u8>)> {
        let mut out = Kept::default();
        let mut writer = Writer::new(&mut out);
        for (index, &(db, len)) in texts.iter().enumerate() {
            let text = vec![b'a' + index as u8; len];
            writer.write(Some(db), 1, |out| text.chunks(5).for_each(|part| out.put(part)));
        }
        writer.finish().expect("everything is taken");
        out.chunks
    }

    #[test]
    fn chunks_hold_whole_things_and_name_their_database() {
        let chunks = laid_out(&[(0, 4), (0, 4), (1, 6), (1, 1), (1, 14), (1, 2)]);
        let texts: Vec<_> = chunks.iter().map(|(kind, keys, _)| (*kind, *keys)).collect();
        let whole = Kind::Whole;
        assert_eq!(texts, [(whole, 2), (whole, 2), (whole, 1), (whole, 1)]);
        assert_eq!(chunks[0].2, [&[0xfe, 0][..], b"aaaabbbb"].concat());
        assert_eq!(chunks[1].2, [&[0xfe, 1][..], b"ccccccd"].concat());
        assert_eq!(chunks[2].2, [&[0xfe, 1][..], &[b'e'; 14]].concat());
        assert_eq!(chunks[3].2, [&[0xfe, 1][..], b"ff"].concat());
    }

    /// Keeps chunks of a megabyte, and compares what of them is summed up.
    struct Summed {
        room: Vec<u8>,
        chunks: usize,
        summed: usize,
    }

    impl ChunkOut for Summed {
        fn room(&mut self) -> io::Result<&mut [u8]> {
            Ok(&mut self.room)
        }

        fn enough(&self) -> usize {
            1 << 20
        }

        fn seal(&mut self, len: usize, _: Kind, _: u32, sum: Sum) -> io::Result<()> {
            let mut own = Sum::default();
            own.update(&self.room[..sum.len()]);
            assert!(sum.len() <= len && sum.value() == own.value());
            (self.chunks, self.summed) = (self.chunks + 1, self.summed + sum.len());
            self.room.fill(0);
            Ok(())
        }
    }

    #[test]
    fn long_ones_are_summed_up_as_they_are_copied() {
        let mut out = Summed { room: vec![0; 1 << 20], chunks: 0, summed: 0 };
        let mut writer = Writer::new(&mut out);
        let text: Vec<u8> = (0..3_000_000u32).map(|number| ((number * 7) >> 3) as u8).collect();
        // The fourth one finds no room for its end behind the third.
        for parts in [&[100][..], &[300_000], &[10, 300_000, 9], &[400_000, 300_000], &[3_000_000]]
        {
            writer.write(Some(0), 1, |out| parts.iter().for_each(|len| out.put(&text[..*len])));
        }
        writer.finish().expect("everything is taken");
        assert_eq!(out.chunks, 5);
        assert!(out.summed > 4_000_000, "{}", out.summed);
    }

    #[test]
    fn what_is_too_large_goes_on_in_the_next() {
        for len in [15, 30, 31, 46, 47, 100] {
            let chunks = laid_out(&[(0, 3), (0, len), (0, 3)]);
            let kinds: Vec<_> = chunks.iter().map(|(kind, ..)| *kind).collect();
            let large = &chunks[1..chunks.len() - 1];
            let bytes: Vec<u8> = large.iter().flat_map(|(_, _, bytes)| bytes.clone()).collect();
            assert_eq!(bytes, [&[0xfe, 0][..], &vec![b'b'; len]].concat(), "{len}");
            assert_eq!((kinds[1], kinds[large.len()]), (Kind::First, Kind::Last), "{len}");
            assert!(large[1..large.len() - 1].iter().all(|(kind, ..)| *kind == Kind::Middle));
            let keys: Vec<u32> = large.iter().map(|(_, keys, _)| *keys).collect();
            assert_eq!((keys.iter().sum::<u32>(), keys.last()), (1, Some(&1)));
        }
    }
}
