//! Commands that take long: when they leave their worker, and how they run then.

use super::*;
use crate::choice::LongCommands;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};

directives! {
    after tiers::END;
    section "Long commands";

    long_commands: Word(LongCommands, Snapshot), "long-commands", [],
        "Long commands: beside others on one moment's data, on live data, or at once.";
    background_threads: Count(0, 0, 1024), "background-threads", [],
        "Threads for long commands; 0 takes one for each core.";
    background_threshold: Count(10000, 1, LONG_MAX), "background-threshold", [],
        "Estimated elements from which on a command runs in the background.";
    background_queue_max: Count(1000, 1, INT_MAX), "background-queue-max", [],
        "Commands that may wait for a background thread; further ones are refused.";
    background_nice: Int(7, 0, 19), "background-nice", [IMMUTABLE],
        "How far background threads stand back from others on a busy machine: 0 not at all.";
    slice_us: Count(100, 10, 1_000_000), "slice-us", [],
        "Microseconds for which a background command may hold a lock before it lets others in.";
}
