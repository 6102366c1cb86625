//! Chunks in a file: what a replica that has data to keep gathers before it gives them up.

use redpoll_sync::chunk::Kind;
use redpoll_sync::{Carrier, Lane, Place};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// See the module's head.
pub struct Kept {
    file: Arc<File>,
    len: u64,
    places: Vec<(Place, Kind)>,
}

impl Kept {
    /// Nothing yet, in this file.
    pub fn new(file: File) -> Self {
        Kept { file: Arc::new(file), len: 0, places: Vec::new() }
    }

    /// Adds a chunk.
    pub fn add(&mut self, number: u64, kind: Kind, chunk: &[u8]) -> io::Result<()> {
        (&*self.file).write_all(chunk)?;
        let place = Place { number, offset: self.len, len: chunk.len() };
        self.places.push((place, kind));
        self.len += chunk.len() as u64;
        Ok(())
    }

    /// The chunks, and the carrier by which they come.
    pub fn into_parts(self) -> (Vec<(Place, Kind)>, Box<dyn Carrier>) {
        (self.places, Box::new(Pages(self.file)))
    }
}

struct Pages(Arc<File>);

impl Carrier for Pages {
    fn name(&self) -> &'static str {
        "file"
    }

    fn lane(&self) -> io::Result<Box<dyn Lane>> {
        Ok(Box::new(Page { file: Arc::clone(&self.0), chunk: Vec::new() }))
    }
}

struct Page {
    file: Arc<File>,
    chunk: Vec<u8>,
}

impl Lane for Page {
    fn fetch(&mut self, place: Place) -> io::Result<&[u8]> {
        self.chunk.resize(place.len, 0);
        self.file.read_exact_at(&mut self.chunk, place.offset)?;
        Ok(&self.chunk)
    }

    fn fetched(&self) -> &[u8] {
        &self.chunk
    }
}
