//! Command flags and ACL categories, as COMMAND INFO names them.

use std::ops::BitOr;

macro_rules! bit_names {
    ($(#[$doc:meta])* $type:ident {
        $($(#[$item_doc:meta])* $name:ident = $bit:literal => $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $type(u32);

        impl $type {
            /// Nothing.
            pub const NONE: $type = $type(0);
            $($(#[$item_doc])* pub const $name: $type = $type(1 << $bit);)*

            /// Every bit with its name.
            pub const NAMES: &'static [($type, &'static str)] = &[$(($type::$name, $text),)*];

            /// Both together, in a constant.
            pub const fn with(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }

            /// Those that are not in `other`.
            pub const fn without(self, other: $type) -> $type {
                $type(self.0 & !other.0)
            }

            /// Whether all of `other` are here.
            #[inline(always)]
            pub const fn has(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }

            /// The names of what is here.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMES.iter().filter(move |(bit, _)| self.has(*bit)).map(|(_, name)| *name)
            }
        }

        impl BitOr for $type {
            type Output = $type;

            fn bitor(self, other: $type) -> $type {
                self.with(other)
            }
        }
    };
}

bit_names! {
    /// What a command does to the server, and where it may run.
    Flags {
        /// Changes data.
        WRITE = 0 => "write",
        /// Reads data and changes none.
        READONLY = 1 => "readonly",
        /// May need more memory: refused above maxmemory.
        DENYOOM = 2 => "denyoom",
        /// For the operator.
        ADMIN = 3 => "admin",
        /// Publishes or subscribes.
        PUBSUB = 4 => "pubsub",
        /// Not from scripts.
        NOSCRIPT = 5 => "noscript",
        /// May block the client.
        BLOCKING = 6 => "blocking",
        /// Allowed while data is being loaded.
        LOADING = 7 => "loading",
        /// Allowed on a replica with old data.
        STALE = 8 => "stale",
        /// Not shown to MONITOR.
        SKIP_MONITOR = 9 => "skip_monitor",
        /// Not written to SLOWLOG.
        SKIP_SLOWLOG = 10 => "skip_slowlog",
        /// Asked in cluster mode while a slot is being imported.
        ASKING = 11 => "asking",
        /// Runs in constant or logarithmic time.
        FAST = 12 => "fast",
        /// Needs no authentication.
        NO_AUTH = 13 => "no_auth",
        /// May write to the change log although it is not a write.
        MAY_REPLICATE = 14 => "may_replicate",
        /// Not inside a transaction.
        NO_MULTI = 15 => "no_multi",
        /// Key positions need the command's own rule.
        MOVABLEKEYS = 16 => "movablekeys",
        /// Allowed while another command is busy.
        ALLOW_BUSY = 17 => "allow_busy",
        /// Runs while clients are paused for writes only if it writes nothing.
        NO_ASYNC_LOADING = 18 => "no_async_loading",
        /// May run without keys that the cluster serves.
        NO_MANDATORY_KEYS = 19 => "no_mandatory_keys",
    }
}

bit_names! {
    /// ACL categories.
    Acl {
        /// Keys of any type.
        KEYSPACE = 0 => "@keyspace",
        /// Reads data.
        READ = 1 => "@read",
        /// Writes data.
        WRITE = 2 => "@write",
        /// Sets.
        SET = 3 => "@set",
        /// Sorted sets.
        SORTEDSET = 4 => "@sortedset",
        /// Lists.
        LIST = 5 => "@list",
        /// Hashes.
        HASH = 6 => "@hash",
        /// Strings.
        STRING = 7 => "@string",
        /// Bitmaps.
        BITMAP = 8 => "@bitmap",
        /// HyperLogLogs.
        HYPERLOGLOG = 9 => "@hyperloglog",
        /// Geo indexes.
        GEO = 10 => "@geo",
        /// Streams.
        STREAM = 11 => "@stream",
        /// Channels.
        PUBSUB = 12 => "@pubsub",
        /// For the operator.
        ADMIN = 13 => "@admin",
        /// Fast.
        FAST = 14 => "@fast",
        /// Not fast.
        SLOW = 15 => "@slow",
        /// May block.
        BLOCKING = 16 => "@blocking",
        /// Dangerous in the wrong hands.
        DANGEROUS = 17 => "@dangerous",
        /// The connection itself.
        CONNECTION = 18 => "@connection",
        /// Transactions.
        TRANSACTION = 19 => "@transaction",
        /// Scripts.
        SCRIPTING = 20 => "@scripting",
        /// Search indexes.
        SEARCH = 21 => "@search",
    }
}
