//! The configuration: redis.conf syntax, every directive with its type, default and bounds.
