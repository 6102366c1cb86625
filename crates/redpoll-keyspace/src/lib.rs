//! The keyspace: lock-striped segmented hash tables, expiry, watches and waiters.
