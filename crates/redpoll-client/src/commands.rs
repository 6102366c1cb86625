//! The commands that most programs use, as methods of both connections. Everything else is
//! [`cmd`](crate::cmd()) away.

use crate::args::ToArgs;
use crate::cmd::cmd;
use crate::connection::Connection;
use crate::error::Error;
use crate::from_value::FromValue;

/// One row a command: documentation, name, parameters, and the words they make.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($($parameter:ident),*) = $word:literal $($part:expr),*;)*) => {
        impl Connection {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// As [`Cmd::query`](crate::Cmd::query).
            pub fn $name<T: FromValue>(
                &mut self,
                $($parameter: impl ToArgs),*
            ) -> Result<T, Error> {
                cmd($word)$(.arg($part))*.query(self)
            }
        )*}

        #[cfg(feature = "tokio")]
        impl crate::aio::Connection {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// As [`Cmd::query_async`](crate::Cmd::query_async).
            pub async fn $name<T: FromValue>(
                &self,
                $($parameter: impl ToArgs),*
            ) -> Result<T, Error> {
                cmd($word)$(.arg($part))*.query_async(self).await
            }
        )*}
    };
}

commands! {
    /// Whether the server answers: `PONG`.
    ping() = "PING";
    /// The value of a key.
    get(key) = "GET" key;
    /// Sets a key.
    set(key, value) = "SET" key, value;
    /// Sets a key for so many seconds.
    set_ex(key, value, seconds) = "SET" key, value, "EX", seconds;
    /// Sets a key that does not exist yet; whether it did, as a `bool`.
    set_nx(key, value) = "SET" key, value, "NX";
    /// The value of a key, which is deleted.
    get_del(key) = "GETDEL" key;
    /// The values of several keys.
    mget(keys) = "MGET" keys;
    /// Sets several keys: a map, or a list of pairs.
    mset(pairs) = "MSET" pairs;
    /// Deletes keys; how many there were.
    del(keys) = "DEL" keys;
    /// How many of these keys exist; of one, as a `bool`.
    exists(keys) = "EXISTS" keys;
    /// Lets a key expire after so many seconds; whether there is one.
    expire(key, seconds) = "EXPIRE" key, seconds;
    /// How many seconds a key has to live.
    ttl(key) = "TTL" key;
    /// Adds one to a number.
    incr(key) = "INCR" key;
    /// Adds to a number.
    incr_by(key, by) = "INCRBY" key, by;
    /// Appends to a string; its new length.
    append(key, value) = "APPEND" key, value;
    /// Sets fields of a hash: a map, or a list of pairs.
    hset(key, pairs) = "HSET" key, pairs;
    /// A field of a hash.
    hget(key, field) = "HGET" key, field;
    /// Several fields of a hash.
    hmget(key, fields) = "HMGET" key, fields;
    /// A whole hash.
    hgetall(key) = "HGETALL" key;
    /// Deletes fields of a hash; how many there were.
    hdel(key, fields) = "HDEL" key, fields;
    /// Puts elements in front of a list; its new length.
    lpush(key, elements) = "LPUSH" key, elements;
    /// Puts elements behind a list; its new length.
    rpush(key, elements) = "RPUSH" key, elements;
    /// Takes the first element of a list.
    lpop(key) = "LPOP" key;
    /// Takes the last element of a list.
    rpop(key) = "RPOP" key;
    /// Takes the first element of the first of these lists that has one, and waits so many seconds
    /// for it (0: without end); the list's name and the element.
    blpop(keys, seconds) = "BLPOP" keys, seconds;
    /// The elements of a list from one index to another, -1 being the last.
    lrange(key, first, last) = "LRANGE" key, first, last;
    /// The length of a list.
    llen(key) = "LLEN" key;
    /// Adds members to a set; how many are new.
    sadd(key, members) = "SADD" key, members;
    /// Removes members from a set; how many there were.
    srem(key, members) = "SREM" key, members;
    /// The members of a set.
    smembers(key) = "SMEMBERS" key;
    /// Whether it is a member of a set.
    sismember(key, member) = "SISMEMBER" key, member;
    /// Adds members to a sorted set: pairs of score and member; how many are new.
    zadd(key, pairs) = "ZADD" key, pairs;
    /// The score of a member of a sorted set.
    zscore(key, member) = "ZSCORE" key, member;
    /// The members of a sorted set from one rank to another.
    zrange(key, first, last) = "ZRANGE" key, first, last;
    /// The same with their scores, as pairs of member and score.
    zrange_withscores(key, first, last) = "ZRANGE" key, first, last, "WITHSCORES";
    /// Publishes a message; how many have received it.
    publish(channel, message) = "PUBLISH" channel, message;
}
