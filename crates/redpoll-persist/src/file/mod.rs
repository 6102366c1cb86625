//! Snapshot files, record by record.
//!
//! ```text
//! | REDIS0010 | aux field … | database … | end | CRC-64, or zeros for none |
//! database = number, sizes the first time, then keys; it may come again
//! key      = expiry, idle time or frequency, if it has one; type, key, value
//! ```

mod read;
mod write;

pub use read::{FileReader, Item, Record};
pub use write::{FUNCTIONS_VERSION, FileWriter, Header, NEWEST_VERSION};
