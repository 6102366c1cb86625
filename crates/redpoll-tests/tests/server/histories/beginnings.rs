//! The moment in which a server begins to log what changes: its first replica comes, or its
//! append-only file is turned on, while clients write. What they change then belongs either into
//! the snapshot or into the log. The moment comes once in a server's life: each round has a fresh
//! one.
//!
//! `REDPOLL_TEST_KILLS=500` sets the number of rounds.

use super::faults::eventually_equal;
use super::writer::{command, fill};
use super::{Stop, breathe, faults};
use redpoll_tests::replication::{follow, info, is_up};
use redpoll_tests::server::new_directory;
use redpoll_tests::{Chance, Server, Talk, eventually};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// What all servers are started with: little is long, so that much goes through the background.
const SETTINGS: &[&str] =
    &["--enable-debug-command", "yes", "--background-threshold", "200", "--repl-timeout", "10"];

/// What those have that evict keys: about as much as the data take.
const EVICTS: &[&str] = &["--maxmemory-policy", "allkeys-lru", "--maxmemory-samples", "1"];

/// How the writers write.
const WAYS: &[Way] =
    &[plainly, in_pipelines, as_units, waiting, for_waiting, at_length, for_a_moment];

type Way = fn(&mut Talk, &mut Chance);

fn plainly(talk: &mut Talk, chance: &mut Chance) {
    talk.ask(&command(chance, false));
}

fn in_pipelines(talk: &mut Talk, chance: &mut Chance) {
    let count = 1 + chance.below(40);
    (0..count).for_each(|_| talk.send(&command(chance, false)));
    (0..count).for_each(|_| drop(talk.receive()));
}

/// What changes the data in one step: it takes its locks by itself.
fn as_units(talk: &mut Talk, chance: &mut Chance) {
    let (one, other, number) = (chance.below(9), chance.below(9), chance.below(1000));
    match chance.below(7) {
        0 | 1 => {
            talk.ask("MULTI");
            for _ in 0..chance.below(6) {
                talk.ask(&command(chance, false));
            }
            talk.ask("EXEC");
        }
        2 => {
            let script = "redis.call('set', KEYS[1], ARGV[1]) redis.call('spop', KEYS[2]) \
                          redis.call('pexpire', KEYS[1], 1 + ARGV[1] % 50)";
            let keys = [format!("fill:{number}"), format!("set:{one}")];
            let number = number.to_string();
            let words = [&keys[0], &keys[1], &number].map(String::as_bytes);
            talk.ask_words(&[&[b"EVAL", script.as_bytes(), b"2"], &words[..]].concat());
        }
        3 => {
            // A key that it has not declared: it begins anew, with all stripes.
            let script = "redis.call('incr', KEYS[1]) return redis.call('lpush', ARGV[1], 'x')";
            let words = [format!("n:{one}"), format!("list:{other}")];
            let [key, list] = [&words[0], &words[1]].map(|word| word.as_bytes());
            talk.ask_words(&[b"EVAL", script.as_bytes(), b"1", key, list]);
        }
        4 => drop(talk.ask(&format!("FCALL write 2 fill:{number} list:{one} {number}"))),
        5 => {
            let by = chance.one_of(&["BY fill:*", "BY nosort GET fill:*", "ALPHA"]);
            talk.ask(&format!("SORT list:{one} {by} STORE list:sorted:{other}"));
        }
        _ => {
            talk.ask(&format!("GEOADD geo 13.{number} 38.{number} p{number}"));
            talk.ask(&format!("GEORADIUS geo 13.5 38.5 90 km STORE zset:geo:{other}"));
        }
    }
}

/// Commands that wait, and are served by others.
fn waiting(talk: &mut Talk, chance: &mut Chance) {
    let number = chance.below(3);
    let line = match chance.below(5) {
        0 => format!("BLPOP wait:{number} wait:1 0.01"),
        1 => format!("BLMOVE wait:{number} waited LEFT RIGHT 0.01"),
        2 => "BLMPOP 0.01 2 wait:0 wait:2 LEFT COUNT 2".to_owned(),
        3 => format!("BZPOPMIN zwait:{number} zwait:0 0.01"),
        _ => "XREADGROUP GROUP g c BLOCK 10 STREAMS stream:wait >".to_owned(),
    };
    talk.ask(&line);
}

fn for_waiting(talk: &mut Talk, chance: &mut Chance) {
    let number = chance.below(3);
    let line = match chance.below(6) {
        0 | 1 => format!("RPUSH wait:{number} a b c"),
        2 => format!("ZADD zwait:{number} 1 a 2 b"),
        3 => "LTRIM waited -100 -1".to_owned(),
        4 => format!("RENAME list:{number} wait:{number}"),
        _ => "XADD stream:wait MAXLEN 100 * f v".to_owned(),
    };
    talk.ask(&line);
}

/// What takes long: it runs in the background, or what it removes is freed there.
fn at_length(talk: &mut Talk, chance: &mut Chance) {
    let (one, other, number) = (chance.below(4), chance.below(4), chance.below(3));
    let line = match chance.below(14) {
        0 => format!("ZUNIONSTORE large:z:{number} 2 large:zset:{one} large:zset:{other}"),
        1 => format!("ZINTERSTORE large:z:{number} 2 large:zset:{one} large:set:{other}"),
        2 => format!("SUNIONSTORE large:s:{number} large:set:{one} large:set:{other}"),
        3 => format!("SDIFFSTORE large:s:{number} large:set:{one} large:s:{number}"),
        4 => format!("SORT large:list:{one} BY fill:* STORE large:l:{number}"),
        5 => format!("SORT large:set:{one} ALPHA STORE large:l:{number}"),
        6 => format!("DEL large:z:{number} large:s:{number}"),
        7 => format!("UNLINK large:l:{number} large:z:{number}"),
        8 => format!("COPY large:zset:{one} large:z:{number} REPLACE"),
        9 => format!("SADD large:set:{one} more:{}", chance.below(1000)),
        10 => format!("SPOP large:s:{number} 300"),
        11 => format!("ZRANGESTORE large:z:{number} large:zset:{one} 10 900"),
        12 => format!("LREM large:l:{number} 0 7"),
        _ => format!("SET fill:{} {number}", chance.below(1000)),
    };
    talk.ask(&line);
}

/// What goes by itself soon.
fn for_a_moment(talk: &mut Talk, chance: &mut Chance) {
    let (number, soon) = (chance.below(3000), 1 + chance.below(15));
    let line = match chance.below(6) {
        0 | 1 => format!("SET soon:{number} v PX {soon}"),
        2 => format!("HSET hsoon:{number} f v g w"),
        3 => format!("HPEXPIRE hsoon:{number} {soon} FIELDS 1 f"),
        4 => format!("HPEXPIRE hsoon:{} {soon} FIELDS 2 f g", number % 30),
        _ => format!("MGET soon:{number} soon:{}", chance.below(3000)),
    };
    talk.ask(&line);
}

/// A fresh server that nobody follows, with some data.
fn primary(settings: &[&str]) -> Server {
    let primary = Server::start(&[SETTINGS, settings].concat());
    let mut talk = primary.talk();
    fill(&mut talk);
    let script = "for i = 1, 1000 do for n = 0, 3 do \
                  redis.call('sadd', 'large:set:' .. n, 'm' .. i * (n + 1)) \
                  redis.call('zadd', 'large:zset:' .. n, i, 'm' .. i * (n + 2)) \
                  redis.call('rpush', 'large:list:' .. n, i * 7 % 1000) end end";
    assert_eq!(talk.ask_words(&[b"EVAL", script.as_bytes(), b"0"]), "nil");
    talk.ask("XGROUP CREATE stream:wait g $ MKSTREAM");
    let code = "#!lua name=lib\nredis.register_function('write', function(keys, args) \
                redis.call('append', keys[1], args[1]) redis.call('lpush', keys[2], args[1]) \
                return redis.call('ltrim', keys[2], 0, 200) end)";
    assert_eq!(talk.ask_words(&[b"FUNCTION", b"LOAD", code.as_bytes()]), "lib");
    if settings == EVICTS {
        let limit = talk.info("used_memory") + (1 << 16);
        talk.ask(&format!("CONFIG SET maxmemory {limit}"));
    }
    primary
}

/// Lets clients write to a server, lets something happen at any moment, and ends the writing some
/// time later.
fn amid_writes(server: &Server, chance: &mut Chance, happens: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let stop = &stop;
        let _stop = Stop(stop);
        for way in WAYS {
            let (mut own, mut talk) = (Chance::new(chance.any()), server.talk());
            scope.spawn(move || {
                while !stop.load(Relaxed) {
                    way(&mut talk, &mut own);
                    if own.below(3) == 0 {
                        breathe();
                    }
                }
            });
        }
        pause(chance, 60);
        happens();
        pause(chance, 40);
    });
}

/// Any time up to so many milliseconds.
fn pause(chance: &mut Chance, millis: u64) {
    // sleep: it is the moments that are tried.
    thread::sleep(Duration::from_micros(chance.below(1000 * millis)));
}

fn first_replicas(sync: &[&str], settings: &[&str]) {
    let mut chance = Chance::of_the_day();
    let replica = Server::start(&[SETTINGS, sync].concat());
    for round in 0..faults(3) {
        println!("round {round}");
        let primary = primary(&[sync, settings].concat());
        amid_writes(&primary, &mut chance, || {
            follow(&replica, &primary);
            eventually("the link is up", || is_up(&replica));
        });
        eventually("the offsets agree", || {
            info(&primary, "master_repl_offset") == info(&replica, "slave_repl_offset")
        });
        eventually_equal(&[&primary, &replica], false);
    }
}

#[test]
fn a_first_replica_that_reads_a_table() {
    first_replicas(&["--repl-sync", "onesided"], &[]);
}

#[test]
fn a_first_replica_that_gets_a_stream() {
    first_replicas(&["--repl-sync", "stream"], &[]);
}

#[test]
fn a_first_replica_while_keys_are_evicted() {
    first_replicas(&[], EVICTS);
}

#[test]
fn an_append_only_file_that_is_turned_on() {
    let mut chance = Chance::of_the_day();
    for round in 0..faults(3) {
        println!("round {round}");
        let directory = new_directory();
        let path = directory.display().to_string();
        let primary = primary(&["--dir", &path]);
        amid_writes(&primary, &mut chance, || {
            assert_eq!(primary.talk().ask("CONFIG SET appendonly yes"), "OK");
        });
        let mut talk = primary.talk();
        eventually("the base is written", || talk.info("aof_rewrite_in_progress") == 0);
        talk.check("SET last 1 | WAITAOF 1 0 0", "OK | [:1 :0]");
        let copy = new_directory();
        copy_files(&directory, &copy);
        let second = copy.display().to_string();
        let second = [SETTINGS, &["--appendonly", "yes", "--dir", &*second]].concat();
        let second = Server::start(&second);
        eventually_equal(&[&primary, &second], false);
        drop((primary, second));
        for directory in [directory, copy] {
            fs::remove_dir_all(directory).expect("a directory of our own");
        }
    }
}

/// Copies what is in a directory.
fn copy_files(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-r").arg(from.join(".")).arg(to).status();
    assert!(status.expect("cp").success());
}
