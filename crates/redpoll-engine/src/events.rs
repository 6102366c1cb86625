//! Keyspace events on their way to subscribers: the channels that they go to.

use crate::engine::Engine;
use redpoll_config::NotifyFlags;
use redpoll_keyspace::effect::Event;

impl Engine {
    /// Sends keyspace events to their subscribers.
    pub(crate) fn publish_events(&self, events: &[Event]) {
        if !self.pubsub.has_receivers() {
            return;
        }
        let channels = self.settings().event_channels;
        for event in events {
            let (db, key, name) = (event.db, &*event.key, event.name);
            if channels.contains(NotifyFlags::KEYSPACE) {
                let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
                self.pubsub.publish(&channel, name.as_bytes());
            }
            if channels.contains(NotifyFlags::KEYEVENT) {
                let channel = format!("__keyevent@{db}__:{name}");
                self.pubsub.publish(channel.as_bytes(), key);
            }
            if !event.fields.is_empty() {
                self.publish_fields(event, channels);
            }
        }
    }

    /// Sends an event with the fields that it is about to the channels that tell of fields. No name
    /// of an event has a `|`, which separates it from what follows.
    #[cold]
    fn publish_fields(&self, event: &Event, channels: NotifyFlags) {
        let Event { db, key, name, fields, .. } = event;
        let list = list(fields);
        if channels.contains(NotifyFlags::SUBKEYSPACE) {
            let channel = [format!("__subkeyspace@{db}__:").as_bytes(), key].concat();
            self.pubsub.publish(&channel, &[name.as_bytes(), b"|", &list].concat());
        }
        if channels.contains(NotifyFlags::SUBKEYEVENT) {
            let channel = format!("__subkeyevent@{db}__:{name}");
            let message = [&sized(key)[..], b"|", &list].concat();
            self.pubsub.publish(channel.as_bytes(), &message);
        }
        // A key with a line feed could not be told from what follows it.
        if channels.contains(NotifyFlags::SUBKEYSPACE_ITEM) && !key.contains(&b'\n') {
            let start = [format!("__subkeyspaceitem@{db}__:").as_bytes(), key, b"\n"].concat();
            for field in fields {
                self.pubsub.publish(&[&start[..], field].concat(), name.as_bytes());
            }
        }
        if channels.contains(NotifyFlags::SUBKEYSPACE_EVENT) {
            let channel = [format!("__subkeyspaceevent@{db}__:{name}|").as_bytes(), key].concat();
            self.pubsub.publish(&channel, &list);
        }
    }
}

/// `length:bytes`, which any bytes can be read back from.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [format!("{}:", bytes.len()).as_bytes(), bytes].concat()
}

/// Fields, each with its length, separated by commas.
fn list(fields: &[Box<[u8]>]) -> Vec<u8> {
    fields.iter().map(|field| sized(field)).collect::<Vec<_>>().join(&b","[..])
}
