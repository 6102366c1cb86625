//! RESP2 and RESP3: requests parsed in place, replies encoded. No I/O.
//!
//! A server reads bytes into a buffer of its own and hands the buffer to [`request::Parser`], which
//! answers with spans into it: a normal command costs no allocation and no copy. Replies go the
//! other way through [`Reply`], which appends to a byte vector and knows which protocol the client
//! speaks.

#![forbid(unsafe_code)]

mod double;
mod number;
pub mod reply;
pub mod request;

pub use reply::{Proto, Reply, Valve};
pub use request::{Args, Batch, Limits, OwnedArgs, Parsed, Parser, ProtocolError, Span};
