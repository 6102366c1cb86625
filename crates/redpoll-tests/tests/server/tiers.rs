//! Two tiers of memory: values go where the policy says, and stay what they are wherever they lie.

use redpoll_tests::server::{free_port, new_directory, program};
use redpoll_tests::{Server, Talk, eventually};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Far memory of so many megabytes: in a file without a name, or what `REDPOLL_TEST_FAR` names
/// (`numa:1`, `dax:/dev/dax0.0`), on a machine that has it.
fn far_memory(megabytes: usize) -> String {
    let place = std::env::var("REDPOLL_TEST_FAR").unwrap_or_else(|_| "file:.".to_owned());
    format!("{place},{megabytes}mb")
}

/// A server with far memory.
fn start(policy: &str, more: &[&str]) -> Server {
    let far = far_memory(64);
    let far = ["--far-memory", &far, "--memory-alloc-policy", policy];
    Server::start(&[&far, more].concat())
}

/// A number of INFO's. (All of INFO takes an emulated machine a while.)
fn number(talk: &mut Talk, field: &str) -> u64 {
    let info = talk.ask("INFO memory tiers");
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|text| text.trim().parse().ok()).expect("a number")
}

/// A number of INFO's with digits after the point.
fn share(talk: &mut Talk) -> f64 {
    let info = talk.ask("INFO tiers");
    let line = info.split("tier_far_share:").nth(1).expect("the field");
    line.split(['\r', '\n']).next().expect("a value").parse().expect("a number")
}

fn set_ratio(talk: &mut Talk, ratio: &str) {
    assert_eq!(talk.ask_words(&[b"CONFIG", b"SET", b"dram-pmem-ratio", ratio.as_bytes()]), "OK");
}

fn fill(talk: &mut Talk, count: usize, size: usize) {
    let value = "v".repeat(size);
    for key in 0..count {
        talk.send(&format!("SET key:{key} {value}"));
        if key % 100 == 99 {
            (0..100).for_each(|_| assert_eq!(talk.receive(), "OK"));
        }
    }
}

/// One of each kind, small and large.
fn one_of_each(talk: &mut Talk) -> Vec<(String, String)> {
    let long = "x".repeat(300);
    let words: Vec<String> = (0..40).map(|number| format!("{long}{number}")).collect();
    let pairs: Vec<String> = words.iter().map(|word| format!("f{word} {word}")).collect();
    let scores: Vec<String> = (0..40).map(|number| format!("{number} {long}{number}")).collect();
    let all = words.join(" ");
    for command in [
        format!("SET string {long}"),
        format!("SET short {}", "s".repeat(63)),
        "SET number 12345".to_owned(),
        format!("RPUSH list {all} {}", "y".repeat(20_000)),
        format!("SADD set {all}"),
        "SADD integers 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20".to_owned(),
        format!("HSET hash {}", pairs.join(" ")),
        format!("HSET packed a {} b c", "z".repeat(60)),
        format!("ZADD zset {}", scores.join(" ")),
        format!("XADD stream 1-1 field {long}"),
        format!("XADD stream 1-2 field {long}"),
        format!("PFADD hll {all}"),
    ] {
        talk.ask(&command);
    }
    contents(talk)
}

fn contents(talk: &mut Talk) -> Vec<(String, String)> {
    [
        "GET string",
        "GET short",
        "GET number",
        "LRANGE list 0 -1",
        "SORT set ALPHA",
        "SORT integers",
        "HGET hash fx",
        "HGETALL packed",
        "ZRANGE zset 0 -1 WITHSCORES",
        "XRANGE stream - +",
        "PFCOUNT hll",
        "DUMP hash",
    ]
    .map(|command| (command.to_owned(), talk.ask(command)))
    .into()
}

#[test]
fn values_are_the_same_in_either_tier_and_after_a_restart() {
    let server = start("threshold", &["--enable-debug-command", "yes", "--appendonly", "yes"]);
    let mut talk = server.talk();
    let before = one_of_each(&mut talk);
    for (key, tier) in [
        ("string", "far"),
        ("short", "dram"),
        ("number", "dram"),
        ("list", "mixed"),
        ("set", "mixed"),
        ("hash", "mixed"),
        ("zset", "mixed"),
        ("packed", "far"),
        ("stream", "mixed"),
    ] {
        assert_eq!(talk.ask(&format!("OBJECT TIER {key}")), tier, "{key}");
    }
    assert!(number(&mut talk, "used_memory_pmem") > 40 * 300);
    talk.check("DEBUG RELOAD", "OK");
    assert_eq!(contents(&mut talk), before);
    talk.check("DEBUG LOADAOF", "OK");
    assert_eq!(contents(&mut talk), before);
    talk.check("CONFIG SET memory-alloc-policy only-dram", "OK");
    eventually("everything is in DRAM", || number(&mut talk, "used_memory_pmem") == 0);
    assert_eq!(contents(&mut talk), before);
    talk.check("OBJECT TIER list | FLUSHALL", "dram | OK");
}

#[test]
fn values_change_tiers_as_they_grow_and_shrink() {
    let server = start("threshold", &["--static-threshold", "1000"]);
    let mut talk = server.talk();
    let (small, large) = ("a".repeat(600), "b".repeat(2000));
    talk.check(&format!("SET k {small} | OBJECT TIER k"), "OK | dram");
    talk.check(&format!("APPEND k {small} | OBJECT TIER k"), ":1200 | far");
    talk.check(&format!("SET k {small} | OBJECT TIER k"), "OK | dram");
    talk.check(&format!("SETRANGE k 1500 {small} | OBJECT TIER k"), ":2100 | far");
    talk.check("GETRANGE k 0 2 | STRLEN k", "aaa | :2100");
    talk.check(&format!("RPUSH l {small} | OBJECT TIER l"), ":1 | dram");
    talk.check(&format!("RPUSH l {small} | OBJECT TIER l"), ":2 | far");
    talk.check("LPOP l | OBJECT TIER l", &format!("{small} | dram"));
    talk.check(&format!("SET k {large} | OBJECT TIER k | DEL k l"), "OK | far | :2");
    assert_eq!(number(&mut talk, "used_memory_pmem"), 0);
}

#[test]
fn what_was_there_before_a_policy_moves_too() {
    let server = start("only-dram", &[]);
    let mut talk = server.talk();
    for size in [63, 64, 100, 511, 512, 513] {
        let text = "t".repeat(size);
        talk.check(&format!("SET s:{size} {text} | OBJECT TIER s:{size}"), "OK | dram");
    }
    talk.check("EXPIREAT s:100 4102444800 | APPEND s:64 x", ":1 | :65");
    talk.check("CONFIG SET memory-alloc-policy threshold", "OK");
    let tiers = |talk: &mut Talk| {
        [63, 64, 100, 511, 512, 513].map(|size| talk.ask(&format!("OBJECT TIER s:{size}")))
    };
    eventually("they are far", || tiers(&mut talk)[1..].iter().all(|tier| tier == "far"));
    talk.check("OBJECT TIER s:63", "dram");
    let hundred = "t".repeat(100);
    talk.check(
        "GET s:100 | EXPIRETIME s:100 | OBJECT ENCODING s:100",
        &format!("{hundred} | :4102444800 | raw"),
    );
    talk.check(
        "STRLEN s:64 | STRLEN s:511 | STRLEN s:512 | STRLEN s:513",
        ":65 | :511 | :512 | :513",
    );
    talk.check("CONFIG SET memory-alloc-policy only-dram", "OK");
    eventually("they are back", || tiers(&mut talk).iter().all(|tier| tier == "dram"));
    talk.check("GET s:100 | EXPIRETIME s:100", &format!("{hundred} | :4102444800"));
}

#[test]
fn a_threshold_that_comes_back_is_kept_again() {
    let server = start("threshold", &["--static-threshold", "1000000"]);
    let mut talk = server.talk();
    fill(&mut talk, 100, 1000);
    let mut rounds = 0;
    eventually("all values have been looked at", || {
        // sleep: a walk that is not over goes round many times meanwhile.
        thread::sleep(std::time::Duration::from_millis(300));
        let before = std::mem::replace(&mut rounds, number(&mut talk, "tier_rounds"));
        rounds > 0 && rounds == before
    });
    talk.check("CONFIG SET static-threshold 100", "OK");
    eventually("they are far", || number(&mut talk, "used_memory_pmem") >= 100 * 1000);
    talk.check("CONFIG SET static-threshold 1000000", "OK");
    eventually("they are in DRAM", || number(&mut talk, "used_memory_pmem") == 0);
}

#[test]
fn each_region_is_told_apart() {
    if std::env::var_os("REDPOLL_TEST_FAR").is_some() {
        eprintln!("skipped: the regions are files here, whatever far memory there is");
        return;
    }
    let (first, second) = (new_directory(), new_directory());
    let region = |path: &std::path::Path| format!("file:{},8mb", path.join("far").display());
    let (one, two) = (region(&first), region(&second));
    let settings = ["--far-memory", &one, &two, "--memory-alloc-policy", "threshold"];
    let server = Server::start(&settings);
    let mut talk = server.talk();
    fill(&mut talk, 12_000, 1000);
    let facts = |talk: &mut Talk, region: usize| {
        let info = talk.ask("INFO tiers");
        let line = info.split(&format!("tier_far_{region}:name=")).nth(1).expect("the region");
        let line = line.lines().next().unwrap_or_default().to_owned();
        move |name: &str| -> u64 {
            let part = line.split(&format!(",{name}=")).nth(1).expect("a part");
            part.split(',').next().and_then(|text| text.parse().ok()).expect("a number")
        }
    };
    talk.check("GET key:0 | GET key:0", &["v".repeat(1000), "v".repeat(1000)].join(" | "));
    talk.check("GET key:11999", &"v".repeat(1000));
    let (at_first, at_second) = (facts(&mut talk, 0), facts(&mut talk, 1));
    assert!(at_first("used") > 6 << 20 && at_second("used") > 3 << 20);
    assert_eq!((at_first("limit"), at_second("limit")), (8 << 20, 8 << 20));
    assert_eq!((at_first("hits"), at_second("hits")), (2, 1));
    assert_eq!((at_first("misses"), at_second("misses")), (1, 2));
    let stats = talk.ask("MEMORY STATS");
    for part in ["pmem_threshold :64", "used_memory_dram :", "far.0 [name file:", "far.1 [name"] {
        assert!(stats.contains(part), "{part}: {stats}");
    }
    talk.check("CONFIG SET memory-alloc-policy only-dram", "OK");
    eventually("everything is in DRAM", || number(&mut talk, "used_memory_pmem") == 0);
    let (at_first, at_second) = (facts(&mut talk, 0), facts(&mut talk, 1));
    let sum = |name: &str| at_first(name) + at_second(name);
    assert_eq!((sum("promotions"), sum("promoted_bytes")), (12_000, 12_000_000));
    assert!(at_first("promotions") > 6000 && at_second("promotions") > 3000);
    assert_eq!(number(&mut talk, "tier_promotions"), 12_000);
    drop(server);
    for directory in [first, second] {
        drop(std::fs::remove_dir_all(directory));
    }
}

#[test]
fn a_ratio_is_kept_and_a_new_one_is_reached() {
    let server = start("ratio", &["--dram-pmem-ratio", "1", "3"]);
    let mut talk = server.talk();
    fill(&mut talk, 20_000, 1000);
    eventually("the first ratio", || (share(&mut talk) - 0.75).abs() < 0.02);
    set_ratio(&mut talk, "1 1");
    eventually("the second ratio", || (share(&mut talk) - 0.5).abs() < 0.02);
    set_ratio(&mut talk, "1 2");
    eventually("the third ratio", || (share(&mut talk) - 0.67).abs() < 0.02);
    assert!(number(&mut talk, "tier_promotions") > 0 && number(&mut talk, "tier_demotions") > 0);
    talk.check("GET key:19999", &"v".repeat(1000));
}

/// Reads some keys again and again until all of them lie in DRAM.
fn heat(talk: &mut Talk, keys: std::ops::Range<usize>) {
    eventually("the used values are in DRAM", || {
        for _ in 0..3 {
            keys.clone().for_each(|key| talk.send(&format!("GET key:{key}")));
            keys.clone().for_each(|_| assert_eq!(talk.receive().len(), 1000));
        }
        let mut near = |key: usize| talk.ask(&format!("OBJECT TIER key:{key}")) == "dram";
        keys.clone().filter(|key| near(*key)).count() == keys.len()
    });
}

#[test]
fn what_is_used_lies_in_dram_also_after_the_use_has_changed() {
    let server = start("tiered", &[]);
    let mut talk = server.talk();
    let before = number(&mut talk, "used_memory_dram");
    fill(&mut talk, 10_000, 1000);
    // Room for two thousand values beside the keys.
    let limit = before + 10_000 * 160 + 2_000 * 1100;
    talk.check(&format!("CONFIG SET maxmemory-dram {limit}"), "OK");
    eventually("DRAM is kept", || number(&mut talk, "used_memory_dram") <= limit);
    heat(&mut talk, 1000..1500);
    heat(&mut talk, 8000..8500);
    assert!(number(&mut talk, "used_memory_dram") <= limit + (1 << 20));
    assert!(number(&mut talk, "used_memory_pmem") > 6_000 * 1000);
}

#[test]
fn values_stay_what_they_are_while_they_move() {
    let server = start("ratio", &["--memory-ratio-check-period", "5"]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for client in 0..3u64 {
            let (server, done) = (&server, &done);
            scope.spawn(move || work(&mut server.talk(), client, done));
        }
        let mut talk = server.talk();
        let mut rounds = 0..;
        eventually("values have moved both ways, again and again", || {
            let round = rounds.next().unwrap_or(0);
            set_ratio(&mut talk, ["9 1", "1 9", "1 1"][round % 3]);
            if round % 10 == 0 {
                talk.ask("BGSAVE");
            }
            // sleep: values are to move for a while before the ratio changes again.
            thread::sleep(std::time::Duration::from_millis(50));
            let moved =
                number(&mut talk, "tier_promotions").min(number(&mut talk, "tier_demotions"));
            round > 40 && moved > 100
        });
        done.store(true, Relaxed);
    });
}

/// Changes strings and lists of its own, and looks at each against what it must be.
fn work(talk: &mut Talk, client: u64, done: &AtomicBool) {
    let mut strings = vec![String::new(); 300];
    let mut random = client + 1;
    while !done.load(Relaxed) {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let (key, size) = ((random >> 40) as usize % 300, (random >> 20) as usize % 700);
        let (name, own) = (format!("{client}:{key}"), &mut strings[key]);
        let text = ((b'a' + (random >> 33) as u8 % 26) as char).to_string().repeat(size + 1);
        match random >> 60 {
            0..4 => {
                assert_eq!(talk.ask(&format!("SET {name} {text}")), "OK");
                *own = text;
            }
            4..7 if own.len() < 5000 => {
                own.push_str(&text);
                let reply = talk.ask(&format!("APPEND {name} {text}"));
                assert_eq!(reply, format!(":{}", own.len()));
            }
            7 => {
                let was = u8::from(!own.is_empty());
                assert_eq!(talk.ask(&format!("DEL {name}")), format!(":{was}"));
                own.clear();
            }
            _ if own.is_empty() => assert_eq!(talk.ask(&format!("GET {name}")), "nil"),
            _ => assert_eq!(talk.ask(&format!("GET {name}")), *own),
        }
    }
}

#[test]
fn when_far_memory_is_full_dram_is_used_up_to_the_limit() {
    let far = far_memory(8);
    let server = Server::start(&["--far-memory", &far, "--memory-alloc-policy", "only-far"]);
    let mut talk = server.talk();
    fill(&mut talk, 12_000, 1000);
    assert!(number(&mut talk, "tier_far_full") > 2_000);
    talk.check("OBJECT TIER key:0 | OBJECT TIER key:11999", "far | dram");
    let limit = number(&mut talk, "used_memory") + (1 << 20);
    talk.check(&format!("CONFIG SET maxmemory {limit}"), "OK");
    let value = "w".repeat(1000);
    let refused = (0..3000).filter(|key| talk.ask(&format!("SET more:{key} {value}")) != "OK");
    assert!(refused.count() > 1000);
    talk.check("GET key:11999", &"v".repeat(1000));
}

#[test]
fn what_cannot_work_is_refused_with_the_reason() {
    let directory = new_directory();
    let refused = |settings: &[&str], reason: &str| {
        let port = free_port().to_string();
        let output = Command::new(program())
            .args(["--port", &port, "--dir"])
            .arg(&directory)
            .args(settings)
            .output()
            .expect("the program");
        let told =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(reason), "{told}");
    };
    refused(&["--memory-alloc-policy", "threshold"], "needs far memory");
    refused(&["--far-memory", "pmem:0"], "the kinds are numa, dax and file");
    refused(&["--far-memory", "file:far"], "a file needs its size");
    refused(&["--far-memory", "file:far,1mb"], "too few");
    refused(&["--far-memory", "dax:/dev/null"], "no DAX device");
    refused(&["--far-memory", "numa:77"], "no node 77");
    refused(&["--far-memory", "file:far,9000000gb"], "");
    refused(&["--initial-dynamic-threshold", "5"], "initial-dynamic-threshold is not between");
    refused(&["--dram-pmem-ratio", "1", "0"], "two whole numbers");
    let server = Server::start(&[]);
    let told = server.talk().ask("CONFIG SET memory-alloc-policy tiered");
    assert!(told.contains("needs far memory"), "{told}");
    let told = server.talk().ask("CONFIG SET dynamic-threshold-min 20000");
    assert!(told.contains("dynamic-threshold-min is above"), "{told}");
}

/// Elements of a large collection: enough for several parts, and for a guest that is emulated.
const ELEMENTS: u64 = 400;

/// Large collections.
fn large_ones(talk: &mut Talk) {
    for number in 0..ELEMENTS {
        let text = format!("{}{number}", "x".repeat(120));
        talk.send(&format!("RPUSH list {text}"));
        talk.send(&format!("HSET hash f{number} {text}"));
        talk.send(&format!("SADD set {text}"));
        talk.send(&format!("XADD stream {}-0 field {text}", number + 1));
        talk.send(&format!("ZADD zset {} {text}", number % 50));
        (0..5).for_each(|_| drop(talk.receive()));
    }
}

/// What they hold, in short.
fn digest(talk: &mut Talk) -> Vec<String> {
    let commands = [
        "LRANGE list 0 -1",
        "HGET hash f123",
        "HLEN hash",
        "XRANGE stream - +",
        "SORT set ALPHA",
        "ZRANGE zset 0 -1 WITHSCORES",
    ];
    commands.iter().map(|command| talk.ask(command)).collect()
}

#[test]
fn parts_of_large_values_move_while_they_are_saved_and_survive_a_kill() {
    let directory = new_directory();
    let (far, name) = (far_memory(64), directory.to_str().expect("a name").to_owned());
    let settings = ["--far-memory", &far, "--memory-alloc-policy", "threshold"];
    let log = ["--dir", &name, "--static-threshold", "1000000", "--appendonly", "yes"];
    let settings = [&settings[..], &log[..], &["--save", ""]].concat();
    let mut server = Server::start(&settings);
    let mut talk = server.talk();
    large_ones(&mut talk);
    let before = digest(&mut talk);
    assert_eq!(number(&mut talk, "used_memory_pmem"), 0);
    for round in 0..4 {
        if round % 2 == 0 {
            talk.ask(["BGSAVE", "BGREWRITEAOF"][round / 2]);
            talk.check("CONFIG SET static-threshold 100", "OK");
            eventually("the parts are far", || {
                number(&mut talk, "used_memory_pmem") > 5 * 120 * ELEMENTS
            });
        } else {
            talk.check("CONFIG SET static-threshold 1000000", "OK");
            eventually("the parts are in DRAM", || number(&mut talk, "used_memory_pmem") == 0);
        }
        assert_eq!(digest(&mut talk), before);
    }
    talk.check("CONFIG SET static-threshold 100", "OK");
    // The log is on the disk with the system's help: what is killed is the process.
    server.signal("KILL");
    server.wait();
    let server = Server::start(&settings);
    assert_eq!(digest(&mut server.talk()), before);
    drop(server);
    drop(std::fs::remove_dir_all(directory));
}
