//! Client-side caching: telling clients which keys have changed.
//!
//! Which keys a client has read is remembered in the keys' stripes ([`redpoll_keyspace::readers`]).
//! Here is who wants to hear of all keys with certain beginnings (BCAST), and how anybody is told:
//! by a push in RESP3, or through another client that has subscribed to `__redis__:invalidate`.
//!
//! Messages are sent while the stripes of the changed keys are locked, so that nobody reads a key's
//! new value before those who hold the old one are told. A client's own command is the exception:
//! what it changes is told to its client right behind its reply.

use crate::client::{Client, ClientId, ClientKind, flags};
use crate::engine::Engine;
use crate::session::Session;
use parking_lot::RwLock;
use redpoll_keyspace::effect::{BROADCAST, Changed, Rare};
use redpoll_resp::{Proto, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};

/// The channel of those who are told in the place of others and speak RESP2.
const CHANNEL: &[u8] = b"__redis__:invalidate";

type Receivers = BTreeMap<ClientId, Arc<Client>>;

/// See the module's head.
#[derive(Default)]
pub struct Tracking {
    prefixes: RwLock<BTreeMap<Box<[u8]>, Receivers>>,
    clients: AtomicUsize,
    wanted: AtomicU32,
}

/// What clients are told of.
#[derive(Clone, Copy)]
enum News<'a> {
    /// These keys have changed.
    Keys(&'a [&'a [u8]]),
    /// Everything may have.
    Everything,
}

impl Tracking {
    /// What is to be added to the effects that commands note: every changed key, if anybody wants
    /// to hear of keys that he has not read.
    #[inline(always)]
    pub fn wanted(&self) -> u32 {
        self.wanted.load(Relaxed)
    }

    /// The number of clients that track.
    pub fn client_count(&self) -> usize {
        self.clients.load(Relaxed)
    }

    /// The number of different prefixes.
    pub fn prefix_count(&self) -> usize {
        self.prefixes.read().len()
    }

    fn add_prefix(&self, prefix: &[u8], client: &Arc<Client>) {
        if client.prefixes.lock().insert(prefix.into()) {
            client.keeps(prefix);
            let mut prefixes = self.prefixes.write();
            let receivers = prefixes.entry(prefix.into()).or_default();
            receivers.insert(client.id, Arc::clone(client));
            self.wanted.store(BROADCAST, Relaxed);
        }
    }

    fn remove_prefixes(&self, client: &Client) {
        let gone = std::mem::take(&mut *client.prefixes.lock());
        if gone.is_empty() {
            return;
        }
        let mut prefixes = self.prefixes.write();
        for prefix in gone {
            client.drops(&prefix);
            if let Some(receivers) = prefixes.get_mut(&prefix) {
                receivers.remove(&client.id);
                if receivers.is_empty() {
                    prefixes.remove(&prefix);
                }
            }
        }
        if prefixes.is_empty() {
            self.wanted.store(0, Relaxed);
        }
    }
}

impl Engine {
    /// Lets a client track, with these of its flags set, and with further prefixes if it is to hear
    /// of keys by their beginnings (none: of all keys).
    pub fn start_tracking(
        &self,
        client: &Arc<Client>,
        mode: u32,
        redirect: ClientId,
        prefixes: &[&[u8]],
    ) {
        if !client.has_flag(flags::TRACKING) {
            self.tracking.clients.fetch_add(1, Relaxed);
        }
        client.redirect.store(redirect, Relaxed);
        client.set_flag(flags::ALL_TRACKING & !flags::CACHING, false);
        client.set_flag(flags::TRACKING | mode, true);
        if mode & flags::BROADCAST != 0 {
            let all: &[&[u8]] = &[b""];
            let prefixes = if prefixes.is_empty() { all } else { prefixes };
            prefixes.iter().for_each(|prefix| self.tracking.add_prefix(prefix, client));
        }
    }

    /// Ends it.
    pub fn stop_tracking(&self, client: &Client) {
        if client.has_flag(flags::TRACKING) {
            self.tracking.clients.fetch_sub(1, Relaxed);
            client.set_flag(flags::ALL_TRACKING, false);
            self.tracking.remove_prefixes(client);
        }
    }

    /// Tells those who keep changed keys. `own` is the client whose command has changed them: it is
    /// told behind its reply.
    #[inline]
    pub(crate) fn invalidate(&self, rare: &mut Rare, own: Option<&mut Session>) {
        if rare.stale.is_empty() && rare.changed.is_empty() && !rare.flushed {
            return;
        }
        let mut own = own;
        self.tell_readers(rare, &mut own);
        if rare.flushed && self.tracking.client_count() > 0 {
            let tracking = |client: &Arc<Client>| client.has_flag(flags::TRACKING);
            for client in self.clients.all().iter().filter(|client| tracking(client)) {
                self.tell(client, News::Everything, &mut own);
            }
        }
        if !rare.changed.is_empty() {
            self.broadcast(&rare.changed, &mut own);
        }
    }

    fn tell_readers(&self, rare: &Rare, own: &mut Option<&mut Session>) {
        for stale in &rare.stale {
            for reader in stale.readers.iter() {
                let Some(client) = self.clients.get(reader) else { continue };
                let client_flags = client.flags();
                let listens =
                    client_flags & (flags::TRACKING | flags::BROADCAST) == flags::TRACKING;
                let looped = client_flags & flags::NO_LOOP != 0 && is_own(own, reader);
                if listens && !looped {
                    self.tell(&client, News::Keys(&[&stale.key]), own);
                }
            }
        }
    }

    /// Tells each client of all changed keys that begin with one of its prefixes: one message for
    /// each prefix, the keys in their order.
    #[cold]
    fn broadcast(&self, changed: &[Changed], own: &mut Option<&mut Session>) {
        let prefixes = self.tracking.prefixes.read();
        let keys = |prefix: &[u8], but_own: bool| -> BTreeSet<&[u8]> {
            // The last change says who has made it.
            let mut keys = BTreeMap::new();
            for change in changed.iter().filter(|change| change.key.starts_with(prefix)) {
                keys.insert(&*change.key, change.by_client);
            }
            keys.into_iter()
                .filter(|(_, by_client)| !(but_own && *by_client))
                .map(|k| k.0)
                .collect()
        };
        for (prefix, receivers) in prefixes.iter() {
            let all: Vec<&[u8]> = keys(prefix, false).into_iter().collect();
            if all.is_empty() {
                continue;
            }
            for client in receivers.values() {
                if client.has_flag(flags::NO_LOOP) && is_own(own, client.id) {
                    let others: Vec<&[u8]> = keys(prefix, true).into_iter().collect();
                    if !others.is_empty() {
                        self.tell(client, News::Keys(&others), own);
                    }
                } else {
                    self.tell(client, News::Keys(&all), own);
                }
            }
        }
    }

    /// Tells a client, or the one that is told in its place.
    fn tell(&self, client: &Arc<Client>, news: News<'_>, own: &mut Option<&mut Session>) {
        let mut message = Vec::new();
        let redirect = client.redirect.load(Relaxed);
        if redirect == 0 {
            if client.proto() == Proto::Resp3 {
                push(&mut message, news);
                deliver(client, message, own);
            }
            return;
        }
        let Some(receiver) = self.clients.get(redirect) else {
            client.set_flag(flags::BROKEN_REDIRECT, true);
            if client.proto() == Proto::Resp3 {
                let mut reply = Reply::new(&mut message, Proto::Resp3);
                reply.push(2);
                reply.bulk(b"tracking-redir-broken");
                reply.int(redirect as i64);
                deliver(client, message, own);
            }
            return;
        };
        match receiver.proto() {
            Proto::Resp3 => push(&mut message, news),
            Proto::Resp2 if receiver.kind() == ClientKind::PubSub => publish(&mut message, news),
            Proto::Resp2 => return,
        }
        deliver(&receiver, message, own);
    }
}

fn is_own(own: &Option<&mut Session>, client: ClientId) -> bool {
    own.as_ref().is_some_and(|session| session.client.id == client)
}

fn deliver(receiver: &Client, message: Vec<u8>, own: &mut Option<&mut Session>) {
    match own {
        Some(session) if session.client.id == receiver.id => session.pushes.extend(message),
        _ => receiver.send(&message),
    }
}

fn push(message: &mut Vec<u8>, news: News<'_>) {
    let mut reply = Reply::new(message, Proto::Resp3);
    reply.push(2);
    reply.bulk(b"invalidate");
    write_news(&mut reply, news);
}

fn publish(message: &mut Vec<u8>, news: News<'_>) {
    let mut reply = Reply::new(message, Proto::Resp2);
    reply.push(3);
    reply.bulk(b"message");
    reply.bulk(CHANNEL);
    write_news(&mut reply, news);
}

fn write_news(reply: &mut Reply<'_>, news: News<'_>) {
    match news {
        News::Everything => reply.null(),
        News::Keys(keys) => {
            reply.array(keys.len());
            keys.iter().for_each(|key| reply.bulk(key));
        }
    }
}
