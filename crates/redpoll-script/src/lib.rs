//! The Lua sandbox: scripts and functions, which reach the server through a trait.
//!
//! - [`Sandbox`] is one thread's Lua state; [`Host`] is what a running script reaches of the
//!   server. Replies become Lua's values and Lua's values replies on Lua's own stack (`stack`).
//! - [`Registry`] is what all threads share: the script cache, the libraries, and which scripts
//!   have been running for long.
//!
//! Invariants: no socket and no key is known here. Whatever a script does ends in an error of that
//! script: Lua's memory is limited, its time is looked at, compiled code is never taken. Nothing a
//! script does is seen by the next one, but for the options of `cjson` and the state of
//! `math.random`.

#![deny(unsafe_code)]

mod api;
mod bits;
mod cjson;
mod dump;
mod fault;
mod host;
mod library;
mod loading;
mod memory;
mod msgpack;
mod number;
mod random;
mod registry;
mod running;
mod sandbox;
mod shebang;
#[allow(unsafe_code)]
mod stack;
mod structs;
mod to_lua;
mod to_resp;

#[cfg(test)]
mod tests;

pub use api::sha1;
pub use dump::{DumpError, dump, read_dump};
pub use host::{Host, Refusal, Verdict};
pub use library::Registered;
pub use loading::{Loading, read_library};
pub use registry::{LibraryInfo, LoadedFunction, Registry, Restore, Script};
pub use running::{KillError, Running, RunningKind};
pub use sandbox::{Compiled, Failure, Sandbox};
pub use shebang::{ScriptFlags, library_name, script_flags};
pub use to_resp::ErrorReply;
