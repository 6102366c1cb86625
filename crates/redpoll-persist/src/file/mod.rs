//! Snapshot files, record by record.
//!
//! ```text
//! | REDIS0010 | aux field … | database … | end | CRC-64, or zeros for none |
//! database = number, sizes the first time, then keys; it may come again
//! key      = expiry, idle time or frequency, if it has one; type, key, value
//! ```

mod blocks;
pub(crate) mod pass;
mod read;
pub mod record;
mod write;

pub use crate::kind::type_name;
pub use blocks::{Block, BlockReader, Part, Records, StreamedRecords, Sum};
pub use read::{FileReader, Item, MAGIC_LEN, Record, RecordHead, is_snapshot};
pub use write::{FUNCTIONS_VERSION, FileWriter, Header, NEWEST_VERSION};
