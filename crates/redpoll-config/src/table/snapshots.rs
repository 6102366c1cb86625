//! Snapshots: RDB files.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::Kind;
use crate::special::Special;
use crate::value::{SavePoint, Text, Value};
use std::sync::Arc;

directives! {
    after encodings::END;
    section "Snapshots";

    save: Save, "save", [MULTI],
        "When to save by itself: after so many seconds if there were so many changes.";
    dbfilename: Str("dump.rdb"), "dbfilename", [PROTECTED], check snapshot_name,
        "Name of the snapshot file, within `dir`.";
    rdbcompression: Bool(true), "rdbcompression", [],
        "Compress strings in snapshots.";
    rdbchecksum: Bool(true), "rdbchecksum", [IMMUTABLE],
        "End snapshots with a checksum, and verify it.";
    rdb_save_incremental_fsync: Bool(true), "rdb-save-incremental-fsync", [],
        "Flush snapshots to disk while they are written, not only at their end.";
    rdb_del_sync_files: Bool(false), "rdb-del-sync-files", [],
        "Delete snapshots made for replication when there is no persistence.";
    stop_writes_on_bgsave_error: Bool(true), "stop-writes-on-bgsave-error", [],
        "Refuse writes after a snapshot has failed.";
}
