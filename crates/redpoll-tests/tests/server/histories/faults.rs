//! The three servers, what is between them, and how both break.

use super::writer::fill;
use redpoll_tests::node::lasting_port;
use redpoll_tests::replication::is_up;
use redpoll_tests::{Chance, Node, Proxy, Server, Talk, eventually};
use std::thread;
use std::time::{Duration, Instant};

/// What all of them are started with: first syncs take a while, and silence is noticed soon.
const SETTINGS: &[&str] = &[
    "--enable-debug-command",
    "yes",
    "--repl-timeout",
    "4",
    "--repl-ping-replica-period",
    "1",
    "--rdb-key-save-delay",
    "100",
];
/// And those of ours.
const OURS: &[&str] = &["--repl-sync-memory", "1mb", "--repl-sync-share-window", "0"];
/// Where first syncs go by these, one of the servers is redis-server.
pub const REDIS_FIRST: &str = "redis, ours, redis";
/// See [`REDIS_FIRST`].
pub const REDIS_BETWEEN: &str = "ours, redis, ours";
/// How long a server is waited for that may be stopped.
const PATIENCE: Duration = Duration::from_secs(5);

/// See the module's head.
pub struct Chain {
    /// The primary, its replica, and that one's.
    nodes: Vec<Node>,
    /// What is before each but the last.
    proxies: Vec<Proxy>,
    begun: Instant,
}

impl Chain {
    /// Starts all with these settings.
    pub fn start(carrier: &str, more: &[&str]) -> Chain {
        let carriers: &[&str] = match carrier {
            REDIS_FIRST | REDIS_BETWEEN => &[],
            "stream" => &["--repl-sync", "stream"],
            _ => &["--repl-sync", "onesided", "--repl-sync-carriers", carrier],
        };
        let start = |number: usize, primary: Option<&str>| {
            let follow = primary.map_or_else(Vec::new, |primary| vec!["--replicaof", primary]);
            let settings = [SETTINGS, more, &follow].concat();
            if (carrier, number % 2) == (REDIS_FIRST, 0) || (carrier, number) == (REDIS_BETWEEN, 1)
            {
                return Node::redis(&settings);
            }
            let (device, port) = (std::env::var("REDPOLL_TEST_RDMA"), lasting_port().to_string());
            let device = device.unwrap_or_default();
            let rdma: &[&str] = match carrier {
                "rdma" => &["--rdma-bind", &device, "--rdma-port", &port],
                _ => &[],
            };
            Node::start(&[&settings, OURS, carriers, rdma].concat())
        };
        let (nodes, proxies) = (vec![start(0, None)], Vec::new());
        let mut chain = Chain { nodes, proxies, begun: Instant::now() };
        fill(&mut chain.nodes[0].talk());
        for number in 1..3 {
            let proxy = Proxy::to(chain.nodes.last().expect("a node").port);
            let primary = format!("127.0.0.1 {}", proxy.port);
            chain.nodes.push(start(number, Some(&primary)));
            chain.proxies.push(proxy);
        }
        chain
    }

    /// Where the servers are.
    pub fn ports(&self) -> [u16; 3] {
        [0, 1, 2].map(|node| self.nodes[node].port)
    }

    /// Breaks something, and lets it be for a moment.
    pub fn break_something(&mut self, chance: &mut Chance) {
        let (node, link) = (chance.below(3) as usize, chance.below(2) as usize);
        let moment = Duration::from_millis(chance.below(300));
        let what = chance.below(14);
        let since = self.begun.elapsed();
        println!("{since:.2?}: fault {what} at node {node}, link {link}, for {moment:?}");
        let proxy = &self.proxies[link];
        match what {
            0..=2 => {
                self.nodes[node].kill();
                pause(moment / 2);
                self.nodes[node].start_again();
                if node == 0 {
                    fill(&mut self.nodes[0].talk());
                }
            }
            3 => proxy.cut(),
            4 => proxy.cut_after(chance.below(400_000)),
            5 => {
                proxy.hold(true);
                // Longer than their timeout, or not.
                pause(moment * chance.one_of(&[1, 2, 16]));
            }
            6 => proxy.half_close(chance.below(2) == 0),
            7 => {
                proxy.refuse(true);
                proxy.cut();
                pause(moment);
            }
            8 => {
                let kind = chance.one_of(&["master", "replica"]);
                self.ask(node, &format!("CLIENT KILL TYPE {kind}"));
            }
            9 => proxy.delay(moment / 30),
            10 => {
                // Whoever comes back gets a snapshot, beside the data that it has.
                self.ask(0, "DEBUG CHANGE-REPL-ID");
                proxy.cut();
            }
            11 => {
                let server = self.nodes[node].server();
                server.signal("STOP");
                pause(moment * chance.one_of(&[1, 2, 16]));
                server.signal("CONT");
            }
            12 => {
                let line = chance.one_of(&["BGSAVE", "BGREWRITEAOF", "SAVE"]);
                self.ask(node, line);
            }
            _ => {
                let delay = chance.one_of(&[0, 20, 100, 200]);
                self.ask(node, &format!("CONFIG SET rdb-key-save-delay {delay}"));
            }
        }
        pause(moment);
        if what != 4 && chance.below(3) > 0 {
            self.heal();
        }
        if chance.below(4) == 0 {
            self.heal();
            self.eventually_whole();
        }
    }

    /// Tells a server, which may not listen now.
    fn ask(&self, node: usize, line: &str) {
        let talk = Talk::try_tcp(self.nodes[node].port, PATIENCE);
        talk.and_then(|mut talk| talk.try_ask(line));
    }

    /// Mends all links.
    pub fn heal(&self) {
        self.proxies.iter().for_each(Proxy::heal);
    }

    /// Waits until both links stand.
    #[track_caller]
    pub fn eventually_whole(&self) {
        for node in &self.nodes[1..] {
            eventually("a link stands", || is_up(node.server()));
        }
    }

    /// Waits until all have the same; nobody writes any more.
    #[track_caller]
    pub fn eventually_equal(&self, with_redis: bool) {
        let servers: Vec<&Server> = self.nodes.iter().map(Node::server).collect();
        eventually_equal(&servers, with_redis);
    }
}

/// Waits until all have what the first one has; nobody writes any more.
#[track_caller]
pub fn eventually_equal(servers: &[&Server], with_redis: bool) {
    let libraries = [0, 1, 2].map(|it| format!("FUNCTION LIST WITHCODE LIBRARYNAME lib{it}"));
    let questions = ["DEBUG DIGEST"].into_iter().chain(libraries.iter().map(|it| &**it));
    let (first, others) = servers.split_first().expect("servers");
    for question in questions {
        let answer = |server: &Server| server.talk().ask(question);
        for other in others {
            eventually(question, || answer(other) == answer(first));
        }
    }
    // What the fingerprint does not cover.
    for database in ["0", "3", "9"] {
        let fields: &[u8] = if with_redis { b"0" } else { b"1" };
        let words = [b"EVAL", DETAILS.as_bytes(), b"0", database.as_bytes(), fields];
        let details = |server: &Server| server.talk().ask_words(&words);
        for other in others {
            let (begun, seen) = (Instant::now(), || (details(other), details(first)));
            while let (here, there) = seen()
                && here != there
            {
                let (mut here, mut there) = (here.split(' '), there.split(' '));
                let differ = here.by_ref().zip(there.by_ref()).find(|(one, other)| one != other);
                assert!(begun.elapsed() < redpoll_tests::PATIENCE, "{database}: {differ:?}");
            }
        }
    }
}

/// The time until the next fault, and how long one lasts: any.
fn pause(moment: Duration) {
    // sleep: it is the moments that are tried.
    thread::sleep(moment);
}

/// Times of expiry, and what groups of streams have read, in one database.
const DETAILS: &str = "#!lua flags=no-writes
    redis.call('select', ARGV[1])
    local keys, out = redis.call('keys', '*'), {}
    table.sort(keys)
    for _, key in ipairs(keys) do
        local seen = {key, redis.call('pexpiretime', key)}
        local kind = redis.call('type', key).ok
        if kind == 'hash' and ARGV[2] == '1' then
            seen[3] = redis.call('hpexpiretime', key, 'FIELDS', 3, 'f', 'f:1', 'f:2')
        elseif kind == 'stream' then
            local groups = redis.call('xinfo', 'groups', key)
            seen[3] = #groups > 0 and redis.call('xpending', key, 'g') or 0
            -- Redis 7.0 does not tell its replicas how much a group has read.
            seen[4] = ARGV[2] == '1' and groups or 0
        end
        out[#out + 1] = cjson.encode(seen)
    end
    return out";
