//! RDMA: the network card reads and writes the memory of another machine, and neither's kernel
//! touches the bytes.
//!
//! libibverbs and librdmacm are loaded when RDMA is first asked for. Nothing is needed to build,
//! and nothing to start: a machine without them answers with a sentence that says so.
//!
//! * [`verbs`]: the libraries' interface behind types that cannot be used wrongly; all `unsafe`
//!   code is there;
//! * [`Listener`] and [`Link`]: connections that carry bytes, as Valkey's do ([`control`] has its
//!   messages);
//! * [`remote`]: memory that is offered to be read, and how it is read, without any work of the
//!   processor that it belongs to.

#![deny(unsafe_code)]

mod closing;
pub mod control;
pub mod dial;
pub mod link;
mod listener;
pub mod remote;
pub mod verbs;

pub use closing::close_later;
pub use link::{Got, Link, Settings};
pub use listener::{Listener, Request};
pub use verbs::devices;
