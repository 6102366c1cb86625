//! Channels, patterns and shard channels: who hears what.

group! {
    psubscribe: PSUBSCRIBE;
    publish: PUBLISH;
    pubsub: PUBSUB;
    punsubscribe: PUNSUBSCRIBE;
    spublish: SPUBLISH;
    ssubscribe: SSUBSCRIBE;
    subscribe: SUBSCRIBE;
    sunsubscribe: SUNSUBSCRIBE;
    unsubscribe: UNSUBSCRIBE;
}

mod subscription;
