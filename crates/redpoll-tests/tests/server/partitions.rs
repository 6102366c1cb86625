//! Servers on hosts of their own, one of which is cut off for a while, and nobody is told.
//!
//! Hosts are network namespaces. Where there can be none, a proxy that lets nothing pass plays the
//! same; delay and loss then have to wait for a kernel that can them.

use redpoll_tests::net::Network;
use redpoll_tests::{Node, Proxy, eventually};
use std::thread;
use std::time::Duration;

const SETTINGS: &[&str] = &[
    "--enable-debug-command",
    "yes",
    "--bind",
    "0.0.0.0",
    "--protected-mode",
    "no",
    "--repl-timeout",
    "2",
    "--repl-ping-replica-period",
    "1",
    "--repl-backlog-size",
    "64kb",
    "--repl-sync-share-window",
    "0",
    "--rdbcompression",
    "no",
];

/// What is between the two.
enum Between {
    Network(Network),
    Proxy(Proxy),
}

/// A primary and its replica, on two hosts.
struct Pair {
    primary: Node,
    replica: Node,
    between: Between,
}

impl Pair {
    /// In a network, or with a proxy between them.
    fn start(network: Option<Network>, more: &[&str]) -> Pair {
        let settings = [SETTINGS, more].concat();
        let host = |host| network.as_ref().map(|network| network.host(host));
        let primary = Node::start_in(host(0).as_deref(), &settings);
        let replica = Node::start_in(host(1).as_deref(), &settings);
        let between = match network {
            Some(network) => Between::Network(network),
            None => Between::Proxy(Proxy::to(primary.port)),
        };
        Pair { primary, replica, between }
    }

    fn follow(&self) {
        let place = match &self.between {
            Between::Network(network) => format!("{} {}", network.address(0), self.primary.port),
            Between::Proxy(proxy) => format!("127.0.0.1 {}", proxy.port),
        };
        self.replica.talk().check(&format!("REPLICAOF {place}"), "OK");
    }

    fn part(&self) {
        match &self.between {
            Between::Network(network) => network.take_off(1),
            Between::Proxy(proxy) => proxy.hold(true),
        }
    }

    fn join(&self) {
        match &self.between {
            Between::Network(network) => network.put_back(1),
            Between::Proxy(proxy) => {
                // What it has kept is lost, as on a network.
                proxy.cut();
                proxy.heal();
            }
        }
    }

    fn is_noticed(&self) {
        let gone = || info(&self.primary, "connected_slaves") == "0";
        eventually("the primary lets the replica go", gone);
        let alone = || info(&self.replica, "master_link_status") == "down";
        eventually("the replica is alone", alone);
    }

    fn eventually_equal(&self) {
        // First this: a fingerprint holds up all that is done to the data.
        eventually("the link is up", || info(&self.replica, "master_link_status") == "up");
        let digest = |node: &Node| node.talk().ask("DEBUG DIGEST");
        eventually("the data agree", || digest(&self.primary) == digest(&self.replica));
    }

    fn syncs(&self) -> (u64, u64) {
        let mut talk = self.primary.talk();
        (talk.info("sync_full"), talk.info("sync_partial_ok"))
    }
}

fn info(node: &Node, field: &str) -> String {
    let info = node.talk().ask("INFO replication");
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_default().to_owned()
}

/// Strings of about a thousand bytes.
fn fill(node: &Node, name: &str, count: u32) {
    let script = "for i = 1, ARGV[1] do redis.call('set', KEYS[1] .. i, string.rep('v', 1000)) end";
    let count = count.to_string();
    let words = [b"EVAL", script.as_bytes(), b"1", name.as_bytes(), count.as_bytes()];
    assert_eq!(node.talk().ask_words(&words), "nil");
}

/// A partition that is noticed by both, twice: what was missed is in the backlog, and is not.
fn parts_and_joins(pair: &Pair) {
    fill(&pair.primary, "before", 100);
    pair.follow();
    pair.eventually_equal();
    let mut talk = pair.primary.talk();
    talk.check("CONFIG SET min-replicas-to-write 1 | CONFIG SET min-replicas-max-lag 1", "OK | OK");
    eventually("it may write", || talk.ask("SET near 1") == "OK");
    pair.part();
    let refused = "-NOREPLICAS Not enough good replicas to write.";
    eventually("it may not write", || talk.ask("SET far 1") == refused);
    pair.is_noticed();
    talk.check("CONFIG SET min-replicas-to-write 0", "OK");
    fill(&pair.primary, "meanwhile", 10);
    pair.join();
    pair.eventually_equal();
    assert_eq!(pair.syncs(), (1, 1), "it went on where it was");
    talk.check("CONFIG SET min-replicas-to-write 1", "OK");
    eventually("it may write again", || talk.ask("SET near 2") == "OK");
    talk.check("CONFIG SET min-replicas-to-write 0", "OK");
    pair.part();
    fill(&pair.primary, "much", 500);
    pair.is_noticed();
    pair.join();
    pair.eventually_equal();
    assert_eq!(pair.syncs().0, 2, "what it missed is not kept");
}

#[test]
fn both_sides_notice_and_go_on_where_they_were_if_they_can() {
    if let Some(network) = Network::new(2) {
        parts_and_joins(&Pair::start(Some(network), &[]));
    }
}

#[test]
fn both_sides_notice_a_silent_proxy() {
    parts_and_joins(&Pair::start(None, &[]));
}

/// Parts the two in the middle of a first sync for so long.
fn in_the_middle(pair: &Pair, seconds: f32) {
    fill(&pair.primary, "k", 1000);
    pair.follow();
    let comes = || !["", "0"].contains(&&*info(&pair.replica, "master_sync_read_bytes"));
    eventually("the sync is under way", comes);
    pair.part();
    // sleep: time is what this is about.
    thread::sleep(Duration::from_secs_f32(seconds));
    assert_ne!(info(&pair.replica, "master_link_status"), "up");
    pair.join();
    pair.eventually_equal();
}

/// A first sync that takes a second or two.
const SLOW: &[&str] = &["--rdb-key-save-delay", "1500", "--repl-sync-memory", "1mb"];

#[test]
fn a_first_sync_by_tcp_begins_again() {
    let Some(network) = Network::new(2) else { return };
    // Memory is not shared between hosts, though it is the first thing tried.
    let pair = Pair::start(Some(network), &[SLOW, &["--repl-sync", "onesided"]].concat());
    in_the_middle(&pair, 3.5);
    assert_eq!(info(&pair.replica, "master_last_sync_carrier"), "tcp");
    assert!(pair.syncs().0 >= 2, "{:?}", pair.syncs());
}

#[test]
fn a_first_sync_by_a_stream_begins_again() {
    let Some(network) = Network::new(2) else { return };
    let pair = Pair::start(Some(network), &[SLOW, &["--repl-sync", "stream"]].concat());
    in_the_middle(&pair, 3.5);
    assert_eq!(info(&pair.replica, "master_last_sync_carrier"), "stream");
    assert!(pair.syncs().0 >= 2, "{:?}", pair.syncs());
}

#[test]
fn a_first_sync_goes_on_after_a_short_partition() {
    let Some(network) = Network::new(2) else { return };
    let pair = Pair::start(Some(network), &[SLOW, &["--repl-timeout", "30"]].concat());
    in_the_middle(&pair, 0.5);
    assert_eq!(pair.syncs().0, 1);
}

#[test]
fn a_replica_far_away_keeps_up() {
    let Some(network) = Network::new(2) else { return };
    if !(0..2).all(|host| network.impair(host, "delay 10ms 3ms loss 1%")) {
        return;
    }
    let pair = Pair::start(Some(network), &["--repl-timeout", "20"]);
    fill(&pair.primary, "before", 1000);
    pair.follow();
    for number in 0..20 {
        fill(&pair.primary, &format!("k{number}:"), 50);
    }
    pair.eventually_equal();
    pair.primary.talk().check("SET last 1 | WAIT 1 20000", "OK | :1");
    assert_eq!(pair.syncs(), (1, 0));
}
