//! What nearly every command file uses.

pub(crate) use crate::parse;
pub(crate) use redpoll_engine::spec::{Acl, Arg, Command, Flags, Group, KeySpec, Locks, Spec};
pub(crate) use redpoll_engine::{Ctx, Error, Result};
pub(crate) use redpoll_keyspace::effect::Class;
pub(crate) use redpoll_keyspace::{Expiry, When};
pub(crate) use redpoll_resp::Args;
pub(crate) use redpoll_types::number::write_i64;
