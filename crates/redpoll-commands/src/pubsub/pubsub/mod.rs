//! `PUBSUB`: which channels are alive.

use crate::prelude::*;

mod channels;
mod help;
mod numpat;
mod numsub;

pub const PUBSUB: Command = Command {
    spec: Spec {
        name: "pubsub",
        arity: -2,
        group: Group::PubSub,
        since: "2.8.0",
        summary: "Commands about subscriptions.",
        complexity: "Depends on the subcommand.",
        subcommands: &[
            &channels::CHANNELS,
            &channels::SHARDCHANNELS,
            &help::HELP,
            &numpat::NUMPAT,
            &numsub::NUMSUB,
            &numsub::SHARDNUMSUB,
        ],
        ..Spec::EMPTY
    },
    run: container,
};
