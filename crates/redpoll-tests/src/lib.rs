//! Integration tests of the server program, from outside.
//!
//! The tests lie in `tests/` and talk to a started `redpoll-server` through sockets only; nothing
//! of the server's insides is linked. What they share is here:
//!
//! - [`server`] builds the program once and starts it in a directory of its own;
//! - [`raw`] sends bytes and compares bytes, for what no client library would send;
//! - [`talk`] turns a line of words into a command and a reply into a line;
//! - [`tls`] makes certificates; [`shm`] finds the Unix sockets;
//! - [`node`] is a server that is killed and comes back in its place; [`proxy`], [`net`] and
//!   [`sentinel`] are what stands between servers, and beside them;
//! - [`chance`] draws numbers that can be drawn again;
//! - [`linearize`] decides whether a history of concurrent operations has an order that explains
//!   every answer.
//!
//! `REDPOLL_TEST_TLS=1` runs the same tests with all their connections over TLS,
//! `REDPOLL_TEST_SHM=1` through shared memory, and
//! `REDPOLL_TEST_SERVER=redis-server` runs the same tests against another program, which shows
//! whether a failing expectation or the server is at fault.

#![forbid(unsafe_code)]

pub mod chance;
pub mod linearize;
pub mod net;
pub mod node;
pub mod proxy;
pub mod raw;
pub mod replication;
pub mod sentinel;
pub mod server;
pub mod shm;
pub mod talk;
pub mod tls;

pub use chance::Chance;
pub use node::Node;
pub use proxy::Proxy;
pub use raw::Raw;
pub use sentinel::Sentinel;
pub use server::Server;
pub use talk::Talk;
pub use tls::Authority;

use std::time::{Duration, Instant};

/// How long a test waits for something before it gives up: far longer than it ever takes, so that
/// a loaded machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// [`PATIENCE`], or so many seconds as `REDPOLL_TEST_PATIENCE` says: for emulated machines.
pub(crate) fn patience() -> Duration {
    let seconds = std::env::var("REDPOLL_TEST_PATIENCE").ok();
    seconds.and_then(|text| text.parse().ok()).map_or(PATIENCE, Duration::from_secs)
}

/// Waits until `condition` holds, looking again every few milliseconds.
///
/// # Panics
/// After [`PATIENCE`], naming `what` was waited for.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < patience(), "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
