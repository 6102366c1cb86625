//! The numbers of the format: types of values, opcodes of files, versions.

/// Types of values. The same number, 22, means different things to Redis and to Valkey.
pub(crate) mod value {
    pub(crate) const STRING: u8 = 0;
    pub(crate) const LIST: u8 = 1;
    pub(crate) const SET: u8 = 2;
    pub(crate) const ZSET: u8 = 3;
    pub(crate) const HASH: u8 = 4;
    pub(crate) const ZSET_2: u8 = 5;
    pub(crate) const MODULE: u8 = 6;
    pub(crate) const MODULE_2: u8 = 7;
    pub(crate) const HASH_ZIPMAP: u8 = 9;
    pub(crate) const LIST_ZIPLIST: u8 = 10;
    pub(crate) const SET_INTSET: u8 = 11;
    pub(crate) const ZSET_ZIPLIST: u8 = 12;
    pub(crate) const HASH_ZIPLIST: u8 = 13;
    pub(crate) const LIST_QUICKLIST: u8 = 14;
    pub(crate) const STREAM: u8 = 15;
    pub(crate) const HASH_LISTPACK: u8 = 16;
    pub(crate) const ZSET_LISTPACK: u8 = 17;
    pub(crate) const LIST_QUICKLIST_2: u8 = 18;
    pub(crate) const STREAM_2: u8 = 19;
    pub(crate) const SET_LISTPACK: u8 = 20;
    pub(crate) const STREAM_3: u8 = 21;
    /// Redis before 7.4.0 was released: expiries of fields as they are.
    pub(crate) const HASH_METADATA_EARLY: u8 = 22;
    /// Valkey 9: a hash whose fields each have an expiry.
    pub(crate) const HASH_2: u8 = 22;
    pub(crate) const HASH_LISTPACK_EX_EARLY: u8 = 23;
    /// Redis 7.4: expiries of fields relative to the earliest.
    pub(crate) const HASH_METADATA: u8 = 24;
    pub(crate) const HASH_LISTPACK_EX: u8 = 25;
}

/// Values of modules: their parts, and the one type of a module that is understood.
pub(crate) mod module {
    pub(crate) const END: u64 = 0;
    pub(crate) const SIGNED: u64 = 1;
    pub(crate) const UNSIGNED: u64 = 2;
    pub(crate) const FLOAT: u64 = 3;
    pub(crate) const DOUBLE: u64 = 4;
    pub(crate) const STRING: u64 = 5;
    /// The bits of an identifier, behind the name, that tell the version.
    pub(crate) const VERSION_BITS: u32 = 10;
    /// The name `trietype0`, six bits a letter.
    pub(crate) const SUGGESTIONS: u64 = 0x2dae27adca97b4;
    /// The version of suggestions that first had payloads, which is the one that is written.
    pub(crate) const WITH_PAYLOADS: u64 = 1;
    /// The version that has a count of documents beside each.
    pub(crate) const WITH_DOCUMENTS: u64 = 2;
}

/// What stands in a file where the type of a value could stand.
pub(crate) mod opcode {
    /// Valkey: a slot that is being imported.
    pub(crate) const SLOT_IMPORT: u8 = 243;
    pub(crate) const SLOT_INFO: u8 = 244;
    pub(crate) const FUNCTION_2: u8 = 245;
    pub(crate) const FUNCTION_EARLY: u8 = 246;
    pub(crate) const MODULE_AUX: u8 = 247;
    pub(crate) const IDLE: u8 = 248;
    pub(crate) const FREQ: u8 = 249;
    pub(crate) const AUX: u8 = 250;
    pub(crate) const RESIZE_DB: u8 = 251;
    pub(crate) const EXPIRE_MS: u8 = 252;
    pub(crate) const EXPIRE: u8 = 253;
    pub(crate) const SELECT_DB: u8 = 254;
    pub(crate) const END: u8 = 255;
}

/// What a type of value is called, for people. Where Redis and Valkey differ, by Redis.
pub fn type_name(code: u8) -> &'static str {
    match code {
        value::STRING => "string",
        value::LIST => "list-linked",
        value::SET => "set-hashtable",
        value::ZSET => "zset-v1",
        value::HASH => "hash-hashtable",
        value::ZSET_2 => "zset-v2",
        value::MODULE => "module-pre-release",
        value::MODULE_2 => "module-value",
        value::HASH_ZIPMAP => "hash-zipmap",
        value::LIST_ZIPLIST => "list-ziplist",
        value::SET_INTSET => "set-intset",
        value::ZSET_ZIPLIST => "zset-ziplist",
        value::HASH_ZIPLIST => "hash-ziplist",
        value::LIST_QUICKLIST => "quicklist",
        value::STREAM => "stream",
        value::HASH_LISTPACK => "hash-listpack",
        value::ZSET_LISTPACK => "zset-listpack",
        value::LIST_QUICKLIST_2 => "quicklist-v2",
        value::STREAM_2 => "stream-v2",
        value::SET_LISTPACK => "set-listpack",
        value::STREAM_3 => "stream-v3",
        value::HASH_METADATA_EARLY => "hash-hashtable-md-pre-release",
        value::HASH_LISTPACK_EX_EARLY => "hash-listpack-md-pre-release",
        value::HASH_METADATA => "hash-hashtable-md",
        value::HASH_LISTPACK_EX => "hash-listpack-md",
        _ => "unknown",
    }
}

/// The version that is written where nothing newer is needed: Redis 7.0.
pub(crate) const VERSION: u16 = 10;
/// The version that can hold hashes with fields that expire: Redis 7.4.
pub(crate) const VERSION_FIELD_EXPIRY: u16 = 12;
/// The version of Valkey 9.
pub(crate) const VERSION_VALKEY: u16 = 80;

/// Whether values of this version are understood.
pub(crate) fn is_known(version: u16) -> bool {
    (1..=VERSION_FIELD_EXPIRY).contains(&version) || version == VERSION_VALKEY
}
