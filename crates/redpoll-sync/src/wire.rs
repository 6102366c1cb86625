//! The lines by which primary and replica speak of a table.
//!
//! They stand on the replication link between `+FULLRESYNC` and the stream:
//!
//! ```text
//! primary   $TABLE:1 token=… epoch=… slots=… slot=… keys=… shm=… tcp=…     an offer
//!           C number slot len kind                                        a chunk is there
//!           E chunks keys                                                 all are
//! replica   REPLCONF TABLE-DONE number…                                   no reply
//! ```
//!
//! Who asks for bytes does so on connections of its own:
//! `REPLCONF TABLE-FETCH token number from len`.
//!
//! What does not fit together is refused when it is read, so that whoever has read a line may
//! compute with it.

use crate::carrier::Place;
use crate::chunk::{HEADER_LEN, Kind};
use crate::memory::PAGE;
use crate::token::Token;
use std::fmt::Write;

/// What a replica says that can read tables (`REPLCONF capa`).
pub const CAPABILITY: &str = "redpoll-table-1";
/// What an offer begins with.
pub const OFFER: &str = "$TABLE:1 ";
/// The longest line.
pub const LINE_MAX: usize = 4096;
/// Of how many chunks one TABLE-DONE tells at most.
pub const DONE_MAX: usize = 64;

/// The largest area that a replica maps, and the largest slot, of which each of its threads has a
/// copy.
const AREA_MAX: u64 = 1 << 40;
const SLOT_MAX: u64 = 64 << 20;

/// What a primary offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What the replica shows to be let in.
    pub token: Token,
    /// The number of the pass.
    pub epoch: u64,
    /// Slots of the area.
    pub slots: usize,
    /// Bytes of a slot.
    pub slot: usize,
    /// Keys of the snapshot.
    pub keys: u64,
    /// Ways to the area: names of carriers, and their addresses.
    pub ways: Vec<(String, String)>,
}

impl Offer {
    /// The line, without its end.
    pub fn to_line(&self) -> String {
        let Offer { token, epoch, slots, slot, keys, ways } = self;
        let mut line =
            format!("{OFFER}token={token} epoch={epoch} slots={slots} slot={slot} keys={keys}");
        for (name, address) in ways {
            // Writing to a string cannot fail.
            let _ = write!(line, " {name}={address}");
        }
        line
    }

    /// What a line offers; `None`: it is no offer, or one that cannot be.
    pub fn parse(line: &str) -> Option<Offer> {
        let words = line.strip_prefix(OFFER)?;
        let (mut token, mut numbers) = (None, [None; 4]);
        let mut ways = Vec::new();
        for word in words.split(' ') {
            let (name, value) = word.split_once('=')?;
            match ["epoch", "slots", "slot", "keys"].iter().position(|known| *known == name) {
                Some(index) => numbers[index] = Some(value.parse::<u64>().ok()?),
                None if name == "token" => token = Some(Token::parse(value.as_bytes())?),
                None => ways.push((name.to_owned(), value.to_owned())),
            }
        }
        let [epoch, slots, slot, keys] = numbers;
        let (slots, slot) = (slots?, slot?);
        let fits = slots > 0
            && slot > HEADER_LEN as u64
            && slot <= SLOT_MAX
            && slot.is_multiple_of(PAGE as u64)
            && slots.checked_mul(slot).is_some_and(|len| len <= AREA_MAX);
        if !fits {
            return None;
        }
        let (slots, slot) = (usize::try_from(slots).ok()?, usize::try_from(slot).ok()?);
        Some(Offer { token: token?, epoch: epoch?, slots, slot, keys: keys?, ways })
    }

    /// Bytes of the area.
    pub fn area_len(&self) -> usize {
        self.slots * self.slot
    }

    /// The address for a carrier, if it is offered.
    pub fn way(&self, name: &str) -> Option<&str> {
        let way = self.ways.iter().find(|(known, _)| known == name);
        way.map(|(_, address)| &**address)
    }
}

/// What a primary says of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// A chunk is there.
    Chunk(Place, Kind),
    /// There are no more than so many chunks, with so many keys.
    End(u64, u64),
}

/// That a chunk is there: a line with its end.
pub fn chunk_line(number: u64, slot: usize, len: usize, kind: Kind) -> String {
    format!("C {number} {slot} {len} {}\r\n", kind.code())
}

/// That all chunks are there: a line with its end.
pub fn end_line(chunks: u64, keys: u64) -> String {
    format!("E {chunks} {keys}\r\n")
}

/// Checks what a primary says against what must come next.
pub struct Directory {
    slots: usize,
    slot: usize,
    next: u64,
    /// Within a record of several chunks.
    open: bool,
}

impl Directory {
    /// That of an offered table.
    pub fn new(offer: &Offer) -> Self {
        Directory { slots: offer.slots, slot: offer.slot, next: 0, open: false }
    }

    /// Reads a line. `None`: it is none of those, or cannot be true.
    pub fn read(&mut self, line: &str) -> Option<Said> {
        let (word, numbers) = line.split_once(' ')?;
        let numbers: Option<Vec<u64>> = numbers.split(' ').map(|word| word.parse().ok()).collect();
        match (word, numbers?[..].as_ref()) {
            ("C", &[number, slot, len, kind]) => {
                let kind = Kind::of(u32::try_from(kind).ok()?)?;
                let (slot, len) = (usize::try_from(slot).ok()?, usize::try_from(len).ok()?);
                let fits = number == self.next
                    && slot < self.slots
                    && len > HEADER_LEN
                    && len <= self.slot
                    && kind.continues() == self.open;
                if !fits {
                    return None;
                }
                self.next += 1;
                self.open = kind.is_open();
                let offset = slot as u64 * self.slot as u64;
                Some(Said::Chunk(Place { number, offset, len }, kind))
            }
            ("E", &[chunks, keys]) if chunks == self.next && !self.open => {
                Some(Said::End(chunks, keys))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        Offer {
            token: Token::from_bytes([7; Token::LEN]),
            epoch: 5,
            slots: 8,
            slot: 2 * PAGE,
            keys: 1000,
            ways: vec![("shm".to_owned(), "name".to_owned()), ("tcp".to_owned(), "4".to_owned())],
        }
    }

    #[test]
    fn an_offer_is_understood() {
        let offer = offer();
        let parsed = Offer::parse(&offer.to_line()).expect("an offer");
        assert_eq!(parsed, offer);
        assert_eq!((parsed.way("shm"), parsed.way("rdma")), (Some("name"), None));
        assert_eq!(parsed.area_len(), 16 * PAGE);
    }

    #[test]
    fn offers_that_cannot_be_are_refused() {
        let line = offer().to_line();
        for (from, to) in [
            ("slots=8", "slots=0"),
            ("slots=8", "slots=18446744073709551615"),
            ("slots=8", "slots=1000000000000"),
            ("slots=8", "x"),
            ("slot=8192", "slot=64"),
            ("slot=8192", "slot=8193"),
            ("slot=8192", "slot=67112960"),
            ("slot=8192 ", ""),
            ("epoch=5", "epoch=-5"),
            ("token=07", "token=7"),
            ("$TABLE:1", "$TABLE:2"),
        ] {
            assert!(line.contains(from), "{from}");
            assert_eq!(Offer::parse(&line.replacen(from, to, 1)), None, "{to}");
        }
    }

    #[test]
    fn chunks_come_in_order_and_within_the_area() {
        let mut directory = Directory::new(&offer());
        let line = |number, slot, len, kind| chunk_line(number, slot, len, kind).trim().to_owned();
        let place = Place { number: 0, offset: 7 * 2 * PAGE as u64, len: 100 };
        let said = directory.read(&line(0, 7, 100, Kind::Whole));
        assert_eq!(said, Some(Said::Chunk(place, Kind::Whole)));
        for wrong in [
            line(0, 0, 100, Kind::Whole),
            line(2, 0, 100, Kind::Whole),
            line(1, 8, 100, Kind::Whole),
            line(1, 0, HEADER_LEN, Kind::Whole),
            line(1, 0, 2 * PAGE + 1, Kind::Whole),
            line(1, 0, 100, Kind::Last),
            line(1, 0, 100, Kind::Whole) + " 1",
            "C 1 0 100 4".to_owned(),
            "C 1 0 100".to_owned(),
            "C 1 -1 100 3".to_owned(),
            "E 2 0".to_owned(),
            "X".to_owned(),
            String::new(),
        ] {
            assert_eq!(directory.read(&wrong), None, "{wrong}");
        }
        assert!(directory.read(&line(1, 0, 2 * PAGE, Kind::First)).is_some());
        assert_eq!(directory.read("E 2 5"), None, "within a record");
        assert!(directory.read(&line(2, 1, 100, Kind::Middle)).is_some());
        assert_eq!(directory.read(&line(3, 1, 100, Kind::Whole)), None);
        assert!(directory.read(&line(3, 1, 100, Kind::Last)).is_some());
        assert_eq!(directory.read("E 4 5"), Some(Said::End(4, 5)));
    }
}
