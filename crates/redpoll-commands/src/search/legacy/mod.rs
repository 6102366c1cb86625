//! Commands of RediSearch 1, in which documents were put into an index instead of hashes into the
//! keyspace. Old client libraries send them.

mod add;
mod del;
mod get;
mod synadd;

pub use add::{ADD, SAFEADD};
pub use del::DEL;
pub use get::{GET, MGET};
pub use synadd::SYNADD;
