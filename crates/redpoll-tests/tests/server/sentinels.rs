//! Three servers that three Sentinels watch, while clients write: whatever becomes of the primary,
//! what both replicas have acknowledged (WAIT 2) stays.

use redpoll_tests::replication::{info, is_up};
use redpoll_tests::{Node, Sentinel, Talk, eventually};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

const SETTINGS: &[&str] = &["--enable-debug-command", "yes", "--repl-timeout", "3"];
const WRITERS: usize = 3;
/// How long a writer waits for an answer before it asks who the primary is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Three servers, the first of which is the primary, and three Sentinels.
struct Group {
    nodes: Vec<Node>,
    sentinels: Vec<Sentinel>,
}

impl Group {
    fn start() -> Group {
        let nodes: Vec<Node> = (0..3).map(|_| Node::start(SETTINGS)).collect();
        let port = nodes[0].port;
        for node in &nodes[1..] {
            node.talk().check(&format!("REPLICAOF 127.0.0.1 {port}"), "OK");
        }
        let group = Group { nodes, sentinels: Vec::new() };
        group.eventually_whole(0);
        let sentinels: Vec<Sentinel> = (0..3).map(|_| Sentinel::watch(port, 2, 1000)).collect();
        sentinels.iter().for_each(Sentinel::hurry);
        for sentinel in &sentinels {
            eventually("a sentinel knows the others", || {
                sentinel.knows("num-slaves") == "2" && sentinel.knows("num-other-sentinels") == "2"
            });
        }
        Group { sentinels, ..group }
    }

    /// Waits until the other two follow this one.
    #[track_caller]
    fn eventually_whole(&self, primary: usize) {
        let port = self.nodes[primary].port.to_string();
        for (index, node) in self.nodes.iter().enumerate().filter(|(index, _)| *index != primary) {
            eventually(&format!("server {index} follows server {primary}"), || {
                let server = node.server();
                info(server, "master_port") == port && is_up(server)
            });
        }
        let primary = &self.nodes[primary];
        eventually("both are online", || {
            let is_online = |field| info(primary.server(), field).contains("state=online");
            is_online("slave0") && is_online("slave1")
        });
    }

    /// Waits until all Sentinels name another primary than this one, and that it says so, too.
    #[track_caller]
    fn elected(&self, instead: usize) -> usize {
        let mut elected = instead;
        eventually("another is elected", || {
            let mut named = self.sentinels.iter().map(Sentinel::primary);
            let first = named.next().flatten();
            let known = first.filter(|port| named.all(|other| other == Some(*port)));
            let index = self.nodes.iter().position(|node| Some(node.port) == known);
            let index = index.filter(|&index| index != instead && self.nodes[index].runs());
            elected = index.unwrap_or(instead);
            elected != instead && role(&self.nodes[elected]) == "master"
        });
        elected
    }
}

/// What a server says that it is. A Sentinel closes the connections of those whose role it
/// changes: then it is asked again.
fn role(node: &Node) -> String {
    let ask = || Talk::try_tcp(node.port, PATIENCE)?.try_ask("ROLE");
    let role = std::iter::repeat_with(ask).take(50).flatten().next().unwrap_or_default();
    role.trim_start_matches('[').split(' ').next().unwrap_or_default().to_owned()
}

/// Asks a Sentinel for the primary, and writes there, until told to stop; answers which writes both
/// replicas had.
fn write(sentinels: &[u16], writer: usize, stop: &AtomicBool) -> Vec<u64> {
    let (mut number, mut kept) = (0, Vec::new());
    let mut turn = writer;
    while !stop.load(Relaxed) {
        turn += 1;
        let sentinel = sentinels[turn % sentinels.len()];
        let asked = Talk::try_tcp(sentinel, PATIENCE)
            .and_then(|mut talk| talk.try_ask("SENTINEL get-master-addr-by-name m"));
        let port = asked.and_then(|answer| {
            answer.trim_matches(['[', ']']).rsplit_once(' ')?.1.parse::<u16>().ok()
        });
        let Some(mut talk) = port.and_then(|port| Talk::try_tcp(port, PATIENCE)) else {
            for_a_moment();
            continue;
        };
        while !stop.load(Relaxed) {
            number += 1;
            let set = talk.try_ask(&format!("SET w:{writer}:{number} {number}"));
            if set.as_deref() != Some("OK") {
                break;
            }
            match talk.try_ask("WAIT 2 300").as_deref() {
                Some(":2") => kept.push(number),
                Some(_) => {}
                None => break,
            }
        }
    }
    kept
}

/// Demands that all of these are there.
#[track_caller]
fn check_kept(talk: &mut Talk, writer: usize, kept: &[u64]) {
    for some in kept.chunks(500) {
        let keys: Vec<String> = some.iter().map(|number| format!("w:{writer}:{number}")).collect();
        let values: Vec<String> = some.iter().map(u64::to_string).collect();
        let there = talk.ask(&format!("MGET {}", keys.join(" ")));
        assert_eq!(there, format!("[{}]", values.join(" ")), "writer {writer} has lost writes");
    }
}

/// Lets clients write while something is done to the group; then all has to be there, everywhere.
fn while_writing(group: &mut Group, act: impl FnOnce(&mut Group)) {
    let ports: Vec<u16> = group.sentinels.iter().map(|sentinel| sentinel.port).collect();
    let stop = AtomicBool::new(false);
    let kept: Vec<Vec<u64>> = thread::scope(|scope| {
        let (ports, stop) = (&ports, &stop);
        let _stop = Stop(stop);
        let write = |writer| move || write(ports, writer, stop);
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
        act(group);
        stop.store(true, Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    });
    let digest = |node: &Node| Talk::try_tcp(node.port, PATIENCE)?.try_ask("DEBUG DIGEST");
    eventually("all have the same", || {
        let mut digests = group.nodes.iter().map(digest);
        let first = digests.next().flatten();
        first.is_some() && digests.all(|other| other == first)
    });
    for (writer, kept) in kept.iter().enumerate() {
        assert!(kept.len() > 10, "writer {writer} was hardly ever served: {kept:?}");
        group.nodes.iter().for_each(|node| check_kept(&mut node.talk(), writer, kept));
    }
}

/// Ends the writers, also if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// Lets clients write for a moment.
fn for_a_moment() {
    // sleep: writers are to have something to lose.
    thread::sleep(Duration::from_millis(200));
}

#[test]
fn what_both_replicas_have_acknowledged_survives_their_primary() {
    if !Sentinel::is_there() {
        return;
    }
    let mut group = Group::start();
    while_writing(&mut group, |group| {
        // It is killed, and comes back by itself to be told whom to follow.
        for_a_moment();
        group.nodes[0].kill();
        let second = group.elected(0);
        for_a_moment();
        group.nodes[0].start_again();
        group.eventually_whole(second);
        let follows = format!("replicaof 127.0.0.1 {}", group.nodes[second].port);
        eventually("that is in its file", || group.nodes[0].settings().contains(&follows));
        // The next one stands still, and goes on when others have gone on without it.
        for_a_moment();
        group.nodes[second].server().signal("STOP");
        let third = group.elected(second);
        for_a_moment();
        group.nodes[second].server().signal("CONT");
        group.eventually_whole(third);
        for_a_moment();
    });
}

#[test]
fn a_sentinel_is_told_and_tells_what_it_needs() {
    if !Sentinel::is_there() {
        return;
    }
    let mut group = Group::start();
    let lists =
        |group: &Group, what: &str| group.sentinels[0].ask("SENTINEL replicas m").contains(what);
    let port = |group: &Group, node: usize| group.nodes[node].port.to_string();
    // One that is not announced is not listed; one of priority 0 is never elected.
    group.nodes[1].talk().check("CONFIG SET replica-announced no", "OK");
    eventually("it is listed no more", || !lists(&group, &port(&group, 1)));
    group.nodes[1]
        .talk()
        .check("CONFIG SET replica-announced yes | CONFIG SET replica-priority 0", "OK | OK");
    eventually("it is listed", || lists(&group, "slave-priority 0"));
    while_writing(&mut group, |group| {
        for_a_moment();
        let mut old = group.nodes[0].talk();
        let mut listener = group.nodes[0].talk();
        listener.check("SUBSCRIBE c", "[subscribe c :1]");
        eventually("it is begun", || {
            let answer = group.sentinels[0].ask("SENTINEL failover m");
            answer == "OK" || answer.starts_with("-INPROG")
        });
        assert_eq!(group.elected(0), 2);
        group.eventually_whole(2);
        // Who was connected to the old one must look for the new one.
        eventually("its clients are let go", || old.try_ask("PING").is_none());
        eventually("so are those who listen", || listener.try_ask("PING").is_none());
        let follows = format!("replicaof 127.0.0.1 {}", group.nodes[2].port);
        eventually("it is in the files", || {
            let has = |node: usize| group.nodes[node].settings().contains(&follows);
            has(0) && has(1) && !group.nodes[2].settings().contains("\nreplicaof 127")
        });
        for_a_moment();
    });
}

/// Writes to whoever is the primary, without waiting for replicas.
fn write_anywhere(ports: &[u16], writer: usize, stop: &AtomicBool) -> Vec<u64> {
    let (mut number, mut kept, mut turn) = (0, Vec::new(), writer);
    while !stop.load(Relaxed) {
        turn += 1;
        let port = ports[turn % ports.len()];
        let Some(mut talk) = Talk::try_tcp(port, Duration::from_secs(30)) else { continue };
        while !stop.load(Relaxed) {
            number += 1;
            match talk.try_ask(&format!("SET w:{writer}:{number} {number}")).as_deref() {
                Some("OK") => kept.push(number),
                _ => break,
            }
        }
    }
    kept
}

#[test]
fn handing_over_again_and_again_keeps_every_write() {
    let nodes: Vec<Node> = (0..3).map(|_| Node::start(SETTINGS)).collect();
    let ports: Vec<u16> = nodes.iter().map(|node| node.port).collect();
    for node in &nodes[1..] {
        node.talk().check(&format!("REPLICAOF 127.0.0.1 {}", ports[0]), "OK");
    }
    let group = Group { nodes, sentinels: Vec::new() };
    group.eventually_whole(0);
    let stop = AtomicBool::new(false);
    let kept: Vec<Vec<u64>> = thread::scope(|scope| {
        let (ports, stop) = (&ports, &stop);
        let _stop = Stop(stop);
        let write = |writer| move || write_anywhere(ports, writer, stop);
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect();
        for turn in 0..6 {
            let (from, to, other) = (turn % 3, (turn + 1) % 3, (turn + 2) % 3);
            for_a_moment();
            let hand_over = format!("FAILOVER TO 127.0.0.1 {} TIMEOUT 30000", ports[to]);
            group.nodes[from].talk().check(&hand_over, "OK");
            eventually("it is over", || role(&group.nodes[to]) == "master");
            eventually("both know", || role(&group.nodes[from]) == "slave");
            let follow = format!("REPLICAOF 127.0.0.1 {}", ports[to]);
            group.nodes[other].talk().check(&follow, "OK");
            group.eventually_whole(to);
        }
        stop.store(true, Relaxed);
        writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
    });
    for (index, node) in group.nodes.iter().enumerate() {
        for (writer, kept) in kept.iter().enumerate() {
            assert!(kept.len() > 10, "writer {writer} was hardly ever served");
            let last = format!("GET w:{writer}:{}", kept[kept.len() - 1]);
            eventually("the last one is there", || node.talk().ask(&last) != "nil");
            check_kept(&mut node.talk(), writer, kept);
        }
        let snapshots = if index == 0 { 2 } else { 0 };
        assert_eq!(node.talk().info("sync_full"), snapshots, "all went on where they were");
    }
}
