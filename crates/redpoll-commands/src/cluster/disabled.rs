//! What the commands of the cluster have in common: they are refused.

use crate::prelude::*;

/// What all subcommands have in common.
pub(super) const SPEC: Spec = Spec { group: Group::Cluster, ..Spec::EMPTY };

/// There is no cluster.
pub(super) fn refuse(_ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    Err(Error::text("ERR This instance has cluster support disabled"))
}
