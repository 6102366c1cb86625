//! What nearly every command file uses.

pub(crate) use crate::parse;
pub(crate) use redpoll_engine::spec::{Acl, Arg, Command, Flags, Group, KeySpec, Locks, Spec};
pub(crate) use redpoll_engine::{Ctx, Error, Result};
pub(crate) use redpoll_keyspace::effect::Class;
pub(crate) use redpoll_keyspace::{Expiry, When};
pub(crate) use redpoll_resp::Args;

/// The function of a command that is only a container. The dispatcher refuses such a call before it
/// comes here, as no subcommand was named.
pub(crate) fn container(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let name = args.get(0).unwrap_or_default();
    let id = ctx.engine.commands.find(name);
    Err(Error::arity(id.map_or("", |id| &ctx.engine.commands.row(id).full_name)))
}
