//! The thresholds at which a value leaves its compact encoding.
//!
//! One plain copyable struct, so that a command reads the configuration once and hands the same
//! numbers to every value it touches. The names are the configuration's.

/// Thresholds of the compact encodings; [`Limits::default`] holds Redis's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `hash-max-listpack-entries`: most fields a listpack hash may hold.
    pub hash_max_listpack_entries: usize,
    /// `hash-max-listpack-value`: longest field or value in bytes a listpack hash may hold.
    pub hash_max_listpack_value: usize,
    /// `set-max-intset-entries`: most members a set of integers may hold as an intset.
    pub set_max_intset_entries: usize,
    /// `set-max-listpack-entries`: most members a listpack set may hold.
    pub set_max_listpack_entries: usize,
    /// `set-max-listpack-value`: longest member in bytes a listpack set may hold.
    pub set_max_listpack_value: usize,
    /// `zset-max-listpack-entries`: most members a listpack sorted set may hold.
    pub zset_max_listpack_entries: usize,
    /// `zset-max-listpack-value`: longest member in bytes a listpack sorted set may hold.
    pub zset_max_listpack_value: usize,
    /// `list-max-listpack-size`: size of a list's node. Positive: most entries; -1 to -5: most
    /// bytes (4, 8, 16, 32, 64 KiB).
    pub list_max_listpack_size: i32,
    /// `list-compress-depth`: nodes at each end of a list that stay uncompressed; 0 turns
    /// compression off.
    pub list_compress_depth: u32,
    /// `stream-node-max-bytes`: most bytes a stream's node may hold; 0 is no limit.
    pub stream_node_max_bytes: usize,
    /// `stream-node-max-entries`: most entries a stream's node may hold; 0 is no limit.
    pub stream_node_max_entries: usize,
    /// `hll-sparse-max-bytes`: largest sparse HyperLogLog, in bytes.
    pub hll_sparse_max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            set_max_intset_entries: 512,
            set_max_listpack_entries: 128,
            set_max_listpack_value: 64,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            list_max_listpack_size: -2,
            list_compress_depth: 0,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
            hll_sparse_max_bytes: 3000,
        }
    }
}
