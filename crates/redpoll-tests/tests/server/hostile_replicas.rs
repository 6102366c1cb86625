//! Clients that claim to be replicas and say anything: the primary answers others all the while, a
//! good replica follows it, and nobody is told that a write is anywhere where it is not.

use redpoll_tests::replication::{converge, follow, info, is_up};
use redpoll_tests::{Raw, Server, eventually};

const DEBUG: &[&str] = &["--enable-debug-command", "yes", "--repl-diskless-sync", "no"];

/// A primary with a good replica.
fn pair() -> (Server, Server) {
    let (primary, replica) = (Server::start(DEBUG), Server::start(DEBUG));
    primary.talk().check("SET k v | DEBUG POPULATE 2000 key 1000", "OK | OK");
    follow(&replica, &primary);
    eventually("the link is up", || is_up(&replica));
    // There is a stream, whatever else it will hold.
    primary.talk().check("SET k u", "OK");
    eventually("it comes", || replica.talk().ask("GET k") == "u");
    (primary, replica)
}

/// A client that says this, and takes what it is answered for a moment.
fn says(primary: &Server, words: &str) -> Raw {
    let mut raw = primary.raw();
    raw.send(words);
    raw
}

/// Words that no replica says, or not so; `ID` is the stream's.
const WORDS: &[&str] = &[
    "PSYNC ID 18446744073709551615",
    "PSYNC ID x",
    "PSYNC ID \"\"",
    "PSYNC ID",
    "PSYNC",
    "PSYNC ID 1 FAILOVER",
    "PSYNC ? -1 FAILOVER",
    "PSYNC ID 1 x y z",
    "REPLCONF",
    "REPLCONF x",
    "REPLCONF x y",
    "REPLCONF capa",
    "REPLCONF capa x capa",
    "REPLCONF listening-port -1",
    "REPLCONF listening-port 99999999999",
    "REPLCONF listening-port x",
    "REPLCONF rdb-only 7",
    "REPLCONF rdb-only x",
    "REPLCONF rdb-filter-only data",
    "REPLCONF rdb-filter-only \"\"",
    "REPLCONF ack",
    "REPLCONF ack -1",
    "REPLCONF ack x",
    "REPLCONF ack 9223372036854775807",
    "REPLCONF ack 1 fack",
    "REPLCONF ack 1 fack -1",
    "REPLCONF ack 1 fack x",
    "REPLCONF getack *",
    "REPLCONF getack",
    "REPLCONF table-done",
    "REPLCONF table-done -1 x 18446744073709551616",
    "REPLCONF table-fetch",
    "REPLCONF table-fetch x 0 0 1",
    "REPLCONF table-fetch 7777777777777777777777777777777777777777777777777777777777777777 \
     18446744073709551615 9223372036854775807 9223372036854775807",
];

/// What clients send, each on a connection of its own.
fn hostile(id: &str) -> Vec<String> {
    let mut hostile = Vec::new();
    for number in ["0", "-1", "-2", "9223372036854775807", "-9223372036854775808", "1", "7"] {
        for known in [id, "?", "", &"b".repeat(40), &"c".repeat(10_000)] {
            hostile.push(format!("PSYNC \"{known}\" {number}\r\n"));
        }
    }
    for words in WORDS {
        let words = words.replace("ID", id);
        hostile.push(format!("{words}\r\n"));
        // The same from one who is a replica by then, and more that none says.
        hostile.push(format!("PSYNC {id} 1\r\n{words}\r\nPING\r\nSET k hostile\r\n{words}\r\n"));
        hostile
            .push(format!("REPLCONF capa eof capa redpoll-table-1\r\nPSYNC ? -1\r\n{words}\r\n"));
    }
    for words in
        ["SYNC", "MULTI", "SUBSCRIBE c", "MONITOR", "RESET", "HELLO 3", "QUIT", "BLPOP k 0"]
    {
        hostile.push(format!("PSYNC {id} 1\r\n{words}\r\nPSYNC {id} 1\r\n{words}\r\n"));
        hostile.push(format!("{words}\r\nPSYNC {id} 1\r\nSYNC\r\n"));
        hostile.push(format!("{words}\r\nSYNC\r\nEXEC\r\n"));
    }
    hostile
}

#[test]
fn what_no_replica_says_changes_nothing() {
    let (primary, replica) = pair();
    let hostile = hostile(&info(&primary, "master_replid"));
    let clients: Vec<Raw> = hostile.iter().map(|words| says(&primary, words)).collect();
    for section in ["INFO everything", "ROLE", "CLIENT LIST", "MEMORY STATS"] {
        assert!(!primary.talk().ask(section).starts_with('-'), "{section}");
    }
    primary.talk().check("SET later 1", "OK");
    eventually("the good one has it", || replica.talk().ask("GET later") == "1");
    drop(clients);
    eventually("they are gone", || info(&primary, "connected_slaves") == "1");
    converge(&primary, &replica);
    let log = primary.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn who_claims_what_has_not_been_written_is_not_believed() {
    let (primary, replica) = pair();
    let (id, offset) = (info(&primary, "master_replid"), info(&primary, "master_repl_offset"));
    let next = offset.parse::<u64>().expect("a number") + 1;
    let ack = "REPLCONF ACK 9223372036854775807 FACK 9223372036854775807\r\n";
    let mut liar = says(&primary, &format!("PSYNC {id} {next}\r\n{ack}{ack}"));
    assert!(liar.line().starts_with("+CONTINUE"));
    let mut talk = primary.talk();
    eventually("it is known", || info(&primary, "connected_slaves") == "2");
    eventually("it has claimed that", || {
        let info = info(&primary, "slave1");
        info.contains("online") && !info.contains("offset=0")
    });
    talk.check("SET k w", "OK");
    // It said so before there was anything.
    assert_eq!(talk.ask("WAIT 2 300"), ":1");
    eventually("the good one has it", || replica.talk().ask("GET k") == "w");
    // A number too large for a replica that follows.
    assert_eq!(talk.ask("WAIT 9223372036854775807 1"), ":1");
    assert_eq!(talk.ask("WAIT -9223372036854775808 0"), ":1");
    assert_eq!(talk.ask("WAITAOF 0 9223372036854775807 1"), "[:0 :0]");
}

/// One that is asked what it has, again and again, and takes nothing of it.
#[test]
fn who_asks_for_all_and_goes_costs_nothing_that_lasts() {
    let (primary, replica) = pair();
    for round in 0..30 {
        let sync = ["SYNC\r\n", "PSYNC ? -1\r\n", "REPLCONF capa eof\r\nPSYNC ? -1\r\n"][round % 3];
        let hostile = says(&primary, sync);
        if round % 2 == 0 {
            // It may have begun by then.
            eventually("it is known", || info(&primary, "connected_slaves") != "1");
        }
        drop(hostile);
    }
    eventually("they are gone", || info(&primary, "connected_slaves") == "1");
    primary.talk().check("SET later 1", "OK");
    converge(&primary, &replica);
    let fresh = Server::start(DEBUG);
    follow(&fresh, &primary);
    eventually("the link is up", || is_up(&fresh));
    converge(&primary, &fresh);
    eventually("no snapshot is on its way", || info(&primary, "sync_table_active") == "0");
}
