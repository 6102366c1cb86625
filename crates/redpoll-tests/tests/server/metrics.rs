//! The endpoint for Prometheus: its text read strictly, and its HTTP used wrongly.

use redpoll_tests::{PATIENCE, Server, server::free_port};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;

struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// All samples of a text, with the kinds of the metrics. Panics at whatever the format forbids.
#[derive(Default)]
struct Metrics {
    kinds: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

impl Metrics {
    fn parse(text: &str) -> Metrics {
        assert!(text.ends_with('\n'));
        let mut metrics = Metrics::default();
        let mut current = String::new();
        let mut helped = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help text");
                assert!(is_name(name) && !help.is_empty(), "{line}");
                assert!(helped.insert(name.to_owned()), "twice: {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(["counter", "gauge", "summary", "histogram"].contains(&kind), "{line}");
                let before = metrics.kinds.insert(name.to_owned(), kind.to_owned());
                assert!(before.is_none() && helped.contains(name), "{line}");
                current = name.to_owned();
            } else {
                let sample = Sample::parse(line);
                let base = metrics.base(&sample.name);
                assert_eq!(base, current, "a sample apart from its heading: {line}");
                let identity = line.rsplit_once(' ').expect("a value").0;
                assert!(seen.insert(identity.to_owned()), "twice: {line}");
                metrics.samples.push(sample);
            }
        }
        metrics.check_histograms();
        metrics
    }

    /// The metric that a sample belongs to.
    fn base(&self, name: &str) -> String {
        for suffix in ["_bucket", "_sum", "_count"] {
            if let Some(base) = name.strip_suffix(suffix)
                && self.kinds.get(base).is_some_and(|kind| kind == "histogram" || kind == "summary")
            {
                assert!(suffix != "_bucket" || self.kinds[base] == "histogram");
                return base.to_owned();
            }
        }
        name.to_owned()
    }

    fn check_histograms(&self) {
        for base in self.kinds.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name)
        {
            let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
            for bucket in self.samples.iter().filter(|s| s.name == format!("{base}_bucket")) {
                let bound = match bucket.labels["le"].as_str() {
                    "+Inf" => f64::INFINITY,
                    number => number.parse().expect("a bound"),
                };
                series.entry(bucket.labels["cmd"].clone()).or_default().push((bound, bucket.value));
            }
            for (cmd, buckets) in series {
                let rises =
                    buckets.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
                assert!(rises, "{cmd}: {buckets:?}");
                let last = buckets.last().expect("a bucket");
                assert_eq!(last.0, f64::INFINITY);
                assert_eq!(Some(last.1), self.get(&format!("{base}_count"), &[("cmd", &cmd)]));
                assert!(self.get(&format!("{base}_sum"), &[("cmd", &cmd)]).is_some());
            }
        }
    }

    fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&Sample| {
            let label = |(label, value): &(&str, &str)| {
                sample.labels.get(*label).is_some_and(|found| found == value)
            };
            sample.name == name && labels.iter().all(label)
        };
        self.samples.iter().find(fits).map(|sample| sample.value)
    }
}

impl Sample {
    fn parse(line: &str) -> Sample {
        let (front, value) = line.rsplit_once(' ').expect("a value");
        let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        let mut labels = BTreeMap::new();
        let name = match front.split_once('{') {
            None => front,
            Some((name, rest)) => {
                let mut rest = rest.strip_suffix('}').expect("a closing brace");
                while !rest.is_empty() {
                    let (label, after) = rest.split_once("=\"").expect("a label");
                    assert!(is_name(label) && !label.contains(':'), "{line}");
                    let (text, end) = label_value(after);
                    assert!(labels.insert(label.to_owned(), text).is_none(), "{line}");
                    rest = &after[end..];
                    rest = rest.strip_prefix(',').unwrap_or(rest);
                }
                name
            }
        };
        assert!(is_name(name), "{line}");
        Sample { name: name.to_owned(), labels, value }
    }
}

/// A label's value up to its quotation mark, and where it ends.
fn label_value(text: &str) -> (String, usize) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, at + 1),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, other @ ('"' | '\\'))) => value.push(other),
                _ => panic!("a wrong escape: {text}"),
            },
            other => value.push(other),
        }
    }
    panic!("no end: {text}")
}

fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_:".contains(&byte);
    name.bytes().all(inner) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn ask(port: u16, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the endpoint");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(request.as_bytes()).expect("it is open");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer of text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), body.to_owned())
}

fn metrics(port: u16) -> Metrics {
    let (head, body) = ask(port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    Metrics::parse(&body)
}

#[test]
fn figures_are_infos_under_the_names_of_redis_exporter() {
    let port = free_port();
    let server = Server::start(&["--metrics-port", &port.to_string(), "--maxmemory", "100mb"]);
    let mut talk = server.talk();
    for line in ["SET a 1", "SET b 2 EX 100", "GET a", "GET nothing", "HSET a b c", "SELECT 3"] {
        talk.ask(line);
    }
    talk.ask("SET c 1");
    let metrics = metrics(port);
    for (name, value) in [
        ("redis_up", 1.0),
        ("redis_connected_clients", 1.0),
        ("redis_memory_max_bytes", f64::from(100 << 20)),
        ("redis_keyspace_hits_total", 1.0),
        ("redis_keyspace_misses_total", 1.0),
        ("redis_commands_processed_total", 7.0),
        ("redis_connections_received_total", 1.0),
        ("redis_evicted_keys_total", 0.0),
        ("redis_expired_keys_total", 0.0),
        ("redis_connected_slaves", 0.0),
        ("redis_blocked_clients", 0.0),
    ] {
        assert_eq!(metrics.get(name, &[]), Some(value), "{name}");
    }
    for (name, labels, value) in [
        ("redis_commands_total", [("cmd", "set")], 3.0),
        ("redis_commands_failed_calls_total", [("cmd", "hset")], 1.0),
        ("redis_commands_latencies_usec_count", [("cmd", "set")], 3.0),
        ("redis_db_keys", [("db", "db0")], 2.0),
        ("redis_db_keys_expiring", [("db", "db0")], 1.0),
        ("redis_db_keys", [("db", "db3")], 1.0),
        ("redis_errors_total", [("err", "WRONGTYPE")], 1.0),
        ("redis_instance_info", [("redis_mode", "standalone")], 1.0),
    ] {
        assert_eq!(metrics.get(name, &labels), Some(value), "{name} {labels:?}");
    }
    for name in [
        "redis_uptime_in_seconds",
        "redis_memory_used_bytes",
        "redis_net_input_bytes_total",
        "redis_net_output_bytes_total",
        "redis_cpu_user_seconds_total",
        "redis_start_time_seconds",
        "redis_mem_fragmentation_ratio",
        "redis_slowlog_length",
        "redis_rdb_changes_since_last_save",
    ] {
        assert!(metrics.get(name, &[]).is_some(), "{name}");
    }
    let p50 = [("cmd", "get"), ("quantile", "50")];
    assert!(metrics.get("redis_latency_percentiles_usec", &p50).is_some());
    let ttl = metrics.get("redis_db_avg_ttl_seconds", &[("db", "db0")]).expect("a mean");
    assert!((90.0..=100.0).contains(&ttl), "{ttl}");
    // Looking changes nothing.
    let again = self::metrics(port);
    assert_eq!(again.get("redis_commands_processed_total", &[]), Some(7.0));
    assert_eq!(again.get("redis_connections_received_total", &[]), Some(1.0));
}

#[test]
fn clients_of_the_endpoint_cannot_hold_it() {
    let port = free_port();
    let server = Server::start(&["--metrics-port", &port.to_string()]);
    assert!(ask(port, "GET /x HTTP/1.1\r\n\r\n").0.starts_with("HTTP/1.1 404 "));
    assert!(ask(port, "DELETE /metrics HTTP/1.1\r\n\r\n").0.starts_with("HTTP/1.1 405 "));
    assert!(ask(port, "*1\r\n$4\r\nPING\r\n\r\n").0.starts_with("HTTP/1.1 400 "));
    let connect = || TcpStream::connect(("127.0.0.1", port)).expect("the endpoint");
    let silent: Vec<TcpStream> = (0..50).map(|_| connect()).collect();
    metrics(port);
    let mut endless = connect();
    endless.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let _ = endless.write_all(&vec![b'x'; 100_000]);
    let mut answer = Vec::new();
    // An answer, or a reset as not everything was read.
    let _ = endless.read_to_end(&mut answer);
    for mut stream in silent {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let _ = stream.read_to_end(&mut answer);
    }
    metrics(port);
    server.talk().check("PING", "PONG");
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port().to_string();
    let output = std::process::Command::new(redpoll_tests::server::program())
        .args(["--port", &free_port().to_string(), "--metrics-port", &port])
        .output()
        .expect("the program");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success() && said.contains("(metrics), aborting"), "{said}");
}

#[test]
fn the_place_may_change() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    let mut set = |port: u16| talk.ask(&format!("CONFIG SET metrics-port {port}"));
    let refused = |port: u16| TcpStream::connect(("127.0.0.1", port)).is_err();
    let (first, second) = (free_port(), free_port());
    assert_eq!(set(first), "OK");
    metrics(first);
    assert_eq!(set(second), "OK");
    metrics(second);
    assert!(refused(first));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let answer = set(taken.local_addr().expect("its address").port());
    let failed = "-ERR CONFIG SET failed (possibly related to argument 'metrics-port') - Unable to \
                  listen there. Check server logs.";
    assert_eq!(answer, failed);
    metrics(second);
    server.talk().check("CONFIG SET metrics-bind localhost", "OK");
    assert_eq!(set(0), "OK");
    assert!(refused(second));
}
