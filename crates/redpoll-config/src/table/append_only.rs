//! The append-only file.

use super::*;
use crate::choice::AppendFsync;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::value::Text;

directives! {
    after snapshots::END;
    section "Append-only file";

    appendonly: Bool(false), "appendonly", [DENY_LOADING],
        "Log every write to a file that is replayed at start.";
    appendfilename: Str("appendonly.aof"), "appendfilename", [IMMUTABLE], check append_file_name,
        "How names of append-only files begin.";
    appenddirname: Str("appendonlydir"), "appenddirname", [IMMUTABLE], check append_dir_name,
        "Directory of the append-only files, within `dir`.";
    appendfsync: Word(AppendFsync, Everysec), "appendfsync", [],
        "When the log is flushed to disk: how much a power failure may cost.";
    no_appendfsync_on_rewrite: Bool(false), "no-appendfsync-on-rewrite", [],
        "Do not flush while the log is rewritten or a snapshot is saved.";
    auto_aof_rewrite_percentage: Int(100, 0, INT_MAX), "auto-aof-rewrite-percentage", [],
        "Growth since the last rewrite at which the log is rewritten; 0 never.";
    auto_aof_rewrite_min_size: Bytes(64 << 20, 0, LONG_MAX), "auto-aof-rewrite-min-size", [],
        "Size below which the log is not rewritten by itself.";
    aof_rewrite_incremental_fsync: Bool(true), "aof-rewrite-incremental-fsync", [],
        "Flush a rewritten log to disk while it is written.";
    aof_load_truncated: Bool(true), "aof-load-truncated", [],
        "Start although the log ends in the middle of a command.";
    aof_use_rdb_preamble: Bool(true), "aof-use-rdb-preamble", [],
        "Let a rewritten log begin with a snapshot, which loads faster.";
    aof_timestamp_enabled: Bool(false), "aof-timestamp-enabled", [],
        "Note times in the log, to be able to go back to one.";
}
