//! Whom the limit on the memory of all clients closes.

use super::*;
use crate::client::{Origin, Waker};
use crate::engine::ProcessInfo;
use redpoll_config::{Config, SetContext};

struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _client: u64) {}
}

/// An engine and clients with so many bytes of unread replies.
fn engine(output: &[usize]) -> (Engine, Vec<Arc<Client>>) {
    let engine = Engine::new(Arc::new(Config::new()), [], ProcessInfo::default());
    let client = |bytes: &usize| {
        let client = engine.clients.add(Origin::default(), Arc::new(NoWaker), 0);
        client.figures.output_bytes.store(*bytes, Relaxed);
        client
    };
    let clients = output.iter().map(client).collect();
    (engine, clients)
}

fn limit(engine: &Engine, value: &str) {
    let set = engine.config.set_many(SetContext::default(), &[("maxmemory-clients", value)]);
    set.expect("a setting");
    engine.config_changed();
}

fn left(engine: &Engine) -> Vec<u64> {
    engine.clients.all().iter().map(|client| client.id).collect()
}

#[test]
fn the_largest_go_first() {
    let (engine, _clients) = engine(&[1 << 20, 3 << 20, 2 << 20, 1 << 19]);
    limit(&engine, "7mb");
    assert_eq!(left(&engine), [1, 2, 3, 4]);
    limit(&engine, "3mb");
    assert_eq!(left(&engine), [1, 4]);
    assert_eq!(engine.stats.evicted_clients.load(Relaxed), 2);
    limit(&engine, "0");
    assert_eq!(left(&engine), [1, 4]);
}

#[test]
fn who_is_exempt_does_not_count() {
    let (engine, clients) = engine(&[4 << 20, 1 << 20]);
    clients[0].set_flag(flags::NO_EVICT, true);
    limit(&engine, "2mb");
    assert_eq!(left(&engine), [1, 2]);
    clients[1].figures.output_bytes.store(3 << 20, Relaxed);
    engine.reckon_client(&clients[1]);
    assert_eq!(left(&engine), [1]);
    assert!(clients[1].take_wishes().kill);
    clients[0].set_flag(flags::NO_EVICT, false);
    engine.reckon_client(&clients[0]);
    assert_eq!((left(&engine), engine.client_memory.sum()), (vec![], 0));
}

#[test]
fn a_share_of_maxmemory() {
    let (engine, _clients) = engine(&[3 << 20]);
    limit(&engine, "50%");
    assert_eq!(left(&engine), [1]);
    let set = engine.config.set_many(SetContext::default(), &[("maxmemory", "4mb")]);
    set.expect("a setting");
    engine.config_changed();
    assert_eq!(left(&engine), [] as [u64; 0]);
}
