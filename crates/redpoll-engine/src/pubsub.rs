//! Channels and patterns: who has subscribed to what, and how a message reaches them.
//!
//! A message is encoded once for each protocol and appended to the outboxes of its receivers, from
//! the publisher's thread. Lock order: this registry's lock comes after stripes and before
//! outboxes.

use crate::client::{Client, ClientId};
use parking_lot::RwLock;
use redpoll_config::glob_match;
use redpoll_resp::{Proto, Reply};
use std::collections::HashMap;
use std::sync::Arc;

type Receivers = HashMap<ClientId, Arc<Client>>;
type Registry = HashMap<Box<[u8]>, Receivers>;

/// What a subscription is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A channel.
    Channel,
    /// A glob pattern of channels.
    Pattern,
    /// A shard channel.
    Shard,
}

/// See the module's head.
#[derive(Default)]
pub struct PubSub {
    channels: RwLock<Registry>,
    patterns: RwLock<Registry>,
    shard_channels: RwLock<Registry>,
}

impl PubSub {
    fn registry(&self, kind: Kind) -> &RwLock<Registry> {
        match kind {
            Kind::Channel => &self.channels,
            Kind::Pattern => &self.patterns,
            Kind::Shard => &self.shard_channels,
        }
    }

    /// Subscribes a client.
    pub fn subscribe(&self, kind: Kind, name: &[u8], client: &Arc<Client>) {
        let mut registry = self.registry(kind).write();
        registry.entry(name.into()).or_default().insert(client.id, Arc::clone(client));
    }

    /// Takes a subscription back.
    pub fn unsubscribe(&self, kind: Kind, name: &[u8], client: ClientId) {
        let mut registry = self.registry(kind).write();
        if let Some(receivers) = registry.get_mut(name) {
            receivers.remove(&client);
            if receivers.is_empty() {
                registry.remove(name);
            }
        }
    }

    /// Sends a message; returns the number of receivers. O(receivers + patterns).
    pub fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        let mut encoded = Encoded::default();
        let mut sent = 0;
        if let Some(receivers) = self.channels.read().get(channel) {
            sent += encoded.send(receivers, &[b"message", channel, message]);
        }
        let patterns = self.patterns.read();
        for (pattern, receivers) in patterns.iter() {
            if glob_match(pattern, channel, false) {
                let mut encoded = Encoded::default();
                sent += encoded.send(receivers, &[b"pmessage", pattern, channel, message]);
            }
        }
        sent
    }

    /// Sends a message to the subscribers of a shard channel; returns their number.
    pub fn publish_shard(&self, channel: &[u8], message: &[u8]) -> usize {
        let registry = self.shard_channels.read();
        let Some(receivers) = registry.get(channel) else { return 0 };
        Encoded::default().send(receivers, &[b"smessage", channel, message])
    }

    /// Whether a message to any channel could reach somebody.
    pub fn has_receivers(&self) -> bool {
        !self.channels.read().is_empty() || !self.patterns.read().is_empty()
    }

    /// The names with subscribers that match a pattern, if one is given.
    pub fn names(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Box<[u8]>> {
        let registry = self.registry(kind).read();
        let matches = |name: &[u8]| pattern.is_none_or(|p| glob_match(p, name, false));
        registry.keys().filter(|name| matches(name)).cloned().collect()
    }

    /// The number of names with subscribers.
    pub fn name_count(&self, kind: Kind) -> usize {
        self.registry(kind).read().len()
    }

    /// The subscribers to one name.
    pub fn receivers(&self, kind: Kind, name: &[u8]) -> Vec<Arc<Client>> {
        let registry = self.registry(kind).read();
        registry.get(name).into_iter().flat_map(|receivers| receivers.values().cloned()).collect()
    }

    /// The number of subscribers to one name.
    pub fn receiver_count(&self, kind: Kind, name: &[u8]) -> usize {
        self.registry(kind).read().get(name).map_or(0, HashMap::len)
    }
}

/// A message in both protocols, each encoded when first needed.
#[derive(Default)]
struct Encoded {
    resp2: Option<Vec<u8>>,
    resp3: Option<Vec<u8>>,
}

impl Encoded {
    fn send(&mut self, receivers: &Receivers, words: &[&[u8]]) -> usize {
        for client in receivers.values() {
            let proto = client.proto();
            let form = if proto == Proto::Resp2 { &mut self.resp2 } else { &mut self.resp3 };
            client.send(form.get_or_insert_with(|| encode(proto, words)));
        }
        receivers.len()
    }
}

fn encode(proto: Proto, words: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reply = Reply::new(&mut out, proto);
    reply.push(words.len());
    words.iter().for_each(|word| reply.bulk(word));
    out
}
