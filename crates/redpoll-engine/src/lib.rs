//! What a command acts in: sessions, the command table, dispatch, pub/sub, statistics.
