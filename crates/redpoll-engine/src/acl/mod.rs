//! Access control: users, what each may do, and the check before a command runs.
//!
//! A [`User`] is a snapshot that is never changed: a change makes another one and puts it into the
//! [`Users`] in its place. A session holds the snapshot that its client acts as and looks for a
//! newer one when the engine's generation has moved, once a batch and after each command that may
//! have moved it; so a check takes no lock. A user who may do everything (the default one, as long
//! as nobody has restricted it) costs a command one branch.
//!
//! - [`rule`]: the words of ACL SETUSER, one at a time; [`selector`], [`user`]: what they add up
//!   to, and how it is described; [`commands`], [`patterns`]: the parts of a selector.
//! - [`check`](mod@check): whether a user may run a command on its keys, channels and databases.
//! - [`users`]: all users; [`file`]: their text in the ACL file and in redis.conf.
//! - [`log`]: what was refused. [`session`]: logging in, and what a change does to clients.

pub mod check;
pub mod commands;
pub mod file;
pub mod log;
pub mod password;
pub mod patterns;
pub mod rule;
pub mod selector;
pub mod session;
pub mod user;
pub mod users;

#[cfg(test)]
mod tests;

pub use check::{Denied, Reason, check};
pub use log::{AclLog, Context, Entry};
pub use rule::{Grammar, RuleError};
pub use selector::Selector;
pub use session::Login;
pub use user::User;
pub use users::{DEFAULT_USER, Users};
