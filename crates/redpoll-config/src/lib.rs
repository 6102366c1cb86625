//! The configuration: redis.conf syntax, every directive with its type, default and bounds.
//!
//! A directive is one row of a table (`table`), which gives its name and older names, the kind of
//! its value with default and bounds, how it may be set, a line of documentation, and a typed
//! getter of [`Config`]. Reading files, CONFIG GET, SET and REWRITE, help and documentation all
//! work from that table, so that none of them can forget a directive.
//!
//! The way of a configuration: [`CommandLine`] turns the program's arguments into a [`Launch`],
//! [`Config::load`] reads what it names, and the result is shared by all threads as `Arc<Config>`.
//!
//! ```
//! use redpoll_config::{Config, SetContext};
//!
//! let config = Config::from_text(b"maxmemory 100mb\nsave 900 1\n")?;
//! assert_eq!(config.maxmemory(), 100 << 20);
//! config.set_many(SetContext::default(), &[("maxmemory", "1gb"), ("timeout", "300")])?;
//! assert_eq!(config.get(&["time*"]), [(b"timeout".to_vec(), b"300".to_vec())]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Besides files the configuration names (`include`, `dir`, `logfile`), this crate touches nothing
//! of the outside: what a value means is carried out by the server, which CONFIG SET can ask
//! whether it could ([`Config::set_many_with`]).

#![forbid(unsafe_code)]

mod aclfile;
mod choice;
mod command_line;
mod config;
mod directive;
mod docs;
mod error;
pub mod glob;
mod include;
mod kind;
mod load;
mod notify;
mod number;
pub mod quote;
mod rewrite;
mod rules;
mod set;
mod special;
mod table;
mod value;

pub use choice::{
    AclPubsubDefault, AllocPolicy, AppendFsync, Choice, ClusterEndpointType, Compat, LogFormat,
    LogLevel, LogTimestampFormat, LongCommands, MaxmemoryPolicy, OomScoreAdj,
    PropagationErrorBehavior, ProtectedAction, ReplDisklessLoad, ReplSync, SanitizeDumpPayload,
    SearchMode, SearchScorer, SearchTimeout, ShutdownFlags, Supervised, SyslogFacility,
    TlsAuthClients, TlsAuthClientsUser,
};
pub use command_line::{CommandLine, Launch};
pub use config::Config;
pub use directive::{Directive, Flags};
pub use docs::{help, markdown};
pub use error::{ConfigError, Line, Origin, RewriteError, SetError, ValueError};
pub use glob::glob_match;
pub use load::{Extra, Extras};
pub use notify::NotifyFlags;
pub use set::{ApplyError, Changed, SetContext};
pub use table::DIRECTIVES;
pub use value::{BufferLimit, ClientClass, MemoryLimit, Primary, SavePoint, Text};
