//! Up to what size values are kept in their compact encodings.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};

directives! {
    after memory::END;
    section "Encodings";

    hash_max_listpack_entries: Count(512, 0, LONG_MAX),
        "hash-max-listpack-entries" | "hash-max-ziplist-entries", [],
        "Fields up to which a hash is compact.";
    hash_max_listpack_value: Bytes(64, 0, LONG_MAX),
        "hash-max-listpack-value" | "hash-max-ziplist-value", [],
        "Longest field or value of a compact hash.";
    list_max_listpack_size: Int(-2, INT_MIN, INT_MAX),
        "list-max-listpack-size" | "list-max-ziplist-size", [],
        "Size of a list's nodes: a number of elements, or -1 to -5 for 4, 8, 16, 32, 64 KB.";
    list_compress_depth: Int(0, 0, INT_MAX), "list-compress-depth", [],
        "Nodes at each end of a list that are not compressed; 0 compresses none.";
    set_max_intset_entries: Count(512, 0, LONG_MAX), "set-max-intset-entries", [],
        "Members up to which a set of integers is a sorted array.";
    set_max_listpack_entries: Count(128, 0, LONG_MAX), "set-max-listpack-entries", [],
        "Members up to which another set is compact.";
    set_max_listpack_value: Count(64, 0, LONG_MAX), "set-max-listpack-value", [],
        "Longest member of a compact set.";
    zset_max_listpack_entries: Count(128, 0, LONG_MAX),
        "zset-max-listpack-entries" | "zset-max-ziplist-entries", [],
        "Members up to which a sorted set is compact.";
    zset_max_listpack_value: Bytes(64, 0, LONG_MAX),
        "zset-max-listpack-value" | "zset-max-ziplist-value", [],
        "Longest member of a compact sorted set.";
    stream_node_max_bytes: Bytes(4096, 0, LONG_MAX), "stream-node-max-bytes", [],
        "Size of a stream's nodes; 0 has no limit.";
    stream_node_max_entries: Int(100, 0, LONG_MAX), "stream-node-max-entries", [],
        "Entries of a stream's nodes; 0 has no limit.";
    stream_idmp_duration: Int(100, 1, 86_400), "stream-idmp-duration", [],
        "Seconds for which a stream remembers the ids that producers give with XADD IDMP.";
    stream_idmp_maxsize: Int(100, 1, 10_000), "stream-idmp-maxsize", [],
        "Ids that a stream remembers of each producer.";
    hll_sparse_max_bytes: Bytes(3000, 0, LONG_MAX), "hll-sparse-max-bytes", [],
        "Size up to which a HyperLogLog is kept sparse.";
}
