//! Everything that a connection can do goes through shared memory as through a socket.

use super::{config, descriptors, mappings, talk, with_ring};
use redpoll_client::{Protocol, SharedMemory};
use redpoll_tests::{Server, Talk, eventually};

#[test]
fn what_the_connection_was_it_stays() {
    let server = Server::start(&[]);
    server.talk().check("ACL SETUSER ann on >secret +@all ~* &*", "OK");
    let mut config = config(&server);
    config.username = Some("ann".to_owned());
    config.password = Some("secret".to_owned());
    config.database = 3;
    config.protocol = Protocol::Resp3;
    let mut talk = Talk::with(&config);
    talk.check("ACL WHOAMI | SET k v | GET k", "ann | OK | v");
    let info = talk.ask("CLIENT INFO");
    for part in [" db=3 ", " user=ann ", " resp=3 ", " flags=U ", " transport=shm"] {
        assert!(info.contains(part), "{part} in {info}");
    }
    let mut other = server.talk();
    other.check("SELECT 3 | GET k", "OK | v");
    assert_eq!(other.info("shm_connections"), 1);
    assert!(other.ask("CLIENT INFO").contains(" transport=tcp"));
}

#[test]
fn refusals_say_why_and_leave_the_connection_as_it_is() {
    let server = Server::start(&["--shm-max-connections", "1"]);
    let told = server.talk().ask("SHM.OPEN 2");
    let socket = server.socket();
    assert_eq!(
        told,
        format!(
            "-ERR shared memory is for clients on this host: connect to the Unix socket {}",
            socket.display()
        )
    );
    let mut unix = server.raw_unix();
    let version = "-ERR unsupported version of the shared-memory protocol; supported: 2\r\n";
    unix.check("SHM.OPEN 1 /name\r\n", version);
    unix.check("SHM.OPEN -1\r\n", version);
    unix.check("MULTI\r\n", "+OK\r\n");
    unix.check("SHM.OPEN 2\r\n", "-ERR Command not allowed inside a transaction\r\n");
    unix.check("DISCARD\r\n", "+OK\r\n");
    unix.check(
        "SHM.OPEN 2\r\nPING\r\n",
        "-ERR send SHM.OPEN alone, with all earlier replies read\r\n+PONG\r\n",
    );
    unix.check(
        "EVAL \"return redis.pcall('shm.open', '2').err\" 0\r\n",
        "$49\r\nERR This Redis command is not allowed from script\r\n",
    );
    unix.check("SUBSCRIBE c\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    unix.send("SHM.OPEN 2\r\n");
    assert!(unix.line().starts_with("-ERR Can't execute 'shm.open'"));

    let mut first = talk(&server);
    first.check("SHM.OPEN 2 | PING", "-ERR this connection uses shared memory already | PONG");
    let mut config = config(&server);
    config.shared_memory = SharedMemory::Try;
    let mut second = Talk::with(&config);
    assert_eq!(
        second.connection.refusal(),
        Some("ERR max number of shared-memory connections reached (shm-max-connections)")
    );
    second.check("PING | CONFIG SET shm-max-connections 2 shm-enabled no", "PONG | OK");
    let third = Talk::with(&config);
    assert_eq!(third.connection.refusal(), Some("ERR shared memory is disabled (shm-enabled no)"));
    // Those that have it keep it.
    first.check("PING", "PONG");
    second.check("CONFIG SET shm-enabled yes requirepass p", "OK");
    let mut fourth = Talk::with(&config);
    assert_eq!(fourth.connection.refusal(), Some("NOAUTH Authentication required."));
    fourth.check("AUTH p | PING", "OK | PONG");
}

#[test]
fn transactions_waits_and_messages() {
    let server = Server::start(&[]);
    let mut talk = talk(&server);
    talk.check("MULTI | SET a 1 | INCR a | EXEC", "OK | QUEUED | QUEUED | [OK :2]");
    let mut other = server.talk();
    talk.check("WATCH a | MULTI", "OK | OK");
    other.check("SET a 5", "OK");
    talk.check("GET a | EXEC", "QUEUED | nil");

    talk.send("BLPOP l 0");
    eventually("it waits", || other.info("blocked_clients") == 1);
    other.check("RPUSH l x", ":1");
    assert_eq!(talk.receive(), "[l x]");
    talk.check("BLPOP l 0.05", "nil");
    let id = talk.ask("CLIENT ID").trim_start_matches(':').to_owned();
    talk.send("BLPOP l 0");
    eventually("it waits", || other.info("blocked_clients") == 1);
    other.check(&format!("CLIENT UNBLOCK {id} ERROR"), ":1");
    assert!(talk.receive().starts_with("-UNBLOCKED"));

    talk.check("SUBSCRIBE c", "[subscribe c :1]");
    eventually("it listens", || other.ask("PUBLISH c hello") == ":1");
    assert_eq!(talk.receive(), "[message c hello]");
    other.check(&format!("CLIENT KILL ID {id}"), ":1");
    assert!(talk.connection.receive().is_err(), "the connection has ended");
}

#[test]
fn pushes_come_by_themselves() {
    let server = Server::start(&[]);
    let mut config = config(&server);
    config.protocol = Protocol::Resp3;
    let mut talk = Talk::with(&config);
    let mut other = server.talk();
    talk.check("CLIENT TRACKING ON | GET k", "OK | nil");
    other.check("SET k v", "OK");
    assert_eq!(talk.receive(), ">invalidate [k]");

    let mut monitor = super::talk(&server);
    monitor.check("MONITOR", "OK");
    other.check("GET seen", "nil");
    assert!(monitor.receive().contains("\"GET\" \"seen\""));
}

#[test]
fn values_larger_than_the_ring_flow_through() {
    let server = Server::start(&[]);
    let mut talk = with_ring(&server, 64 << 10);
    let value: Vec<u8> = (0..100u32 << 20).map(|i| (i >> 3) as u8).collect();
    assert_eq!(talk.ask_words(&[b"SET", b"big", &value]), "OK");
    talk.check("STRLEN big", ":104857600");
    let got = talk.connection.command(&["GET", "big"]).expect("a reply");
    assert!(got.as_bytes() == Some(&value[..]));
}

#[test]
fn a_pipeline_larger_than_both_rings_does_not_lock_up() {
    let server = Server::start(&[]);
    let mut talk = with_ring(&server, 4096);
    let argument = vec![b'x'; 10_000];
    let commands: Vec<[&[u8]; 2]> = vec![[b"ECHO", &argument]; 500];
    let replies = talk.connection.pipeline(&commands).expect("replies");
    assert!(replies.iter().all(|reply| reply.as_bytes() == Some(&argument)));
}

#[test]
fn many_clients_come_and_go_and_leave_nothing() {
    let server = Server::start(&[]);
    let mut other = server.talk();
    other.check("PING", "PONG");
    let before = descriptors(&server);
    for round in 0..20 {
        let mut talks: Vec<Talk> = (0..50).map(|_| with_ring(&server, 4096)).collect();
        for (number, talk) in talks.iter_mut().enumerate() {
            talk.send(&format!("SET {number} {round}"));
        }
        for talk in &mut talks {
            assert_eq!(talk.receive(), "OK");
        }
        assert_eq!(other.info("shm_connections"), 50);
        drop(talks);
        eventually("all are gone", || other.info("shm_connections") == 0);
    }
    eventually("descriptors are given back", || descriptors(&server) <= before);
    assert_eq!(mappings(&server), 0);
    assert_eq!((other.info("shm_bytes"), other.info("shm_total_connections")), (0, 1000));
}

#[test]
fn idle_clients_cost_nothing() {
    let server = Server::start(&[]);
    let mut talks: Vec<Talk> = (0..300).map(|_| with_ring(&server, 4096)).collect();
    for talk in &mut talks {
        talk.check("PING", "PONG");
    }
    let mut other = server.talk();
    eventually("nobody polls", || other.info("shm_pollers_parked") == 1);
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("/proc");
        let fields = stat.rsplit(") ").next().expect("fields").split(' ');
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    };
    let before = ticks();
    // sleep: to see what is used while nothing happens.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let used = ticks() - before;
    assert!(used <= 10, "{used} of 200 ticks used while idle");
    talks[7].check("PING", "PONG");
}

#[test]
fn clients_that_come_regularly_are_expected() {
    let server = Server::start(&[]);
    let mut other = server.talk();
    let mut talk = talk(&server);
    eventually("it is expected", || {
        for _ in 0..50 {
            talk.check("PING", "PONG");
            // sleep: the interval.
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        other.info("shm_requests_expected") > 0
    });
    assert!(other.info("shm_requests_met") <= other.info("shm_requests_expected"));
    other.check("CONFIG RESETSTAT | CONFIG SET shm-expect-us 0", "OK | OK");
    let before = other.info("shm_requests_expected");
    for _ in 0..40 {
        talk.check("PING", "PONG");
        // sleep: the interval.
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(other.info("shm_requests_expected") <= before + 1, "one may have been under way");
    assert!(other.ask("INFO commandstats").contains("cmdstat_ping:calls=40,"));
}
