//! The options one by one: name, value, help, effect.

use super::{Options, uri};
use std::str::FromStr;
use std::time::Duration;

/// One option.
pub struct Flag {
    /// With its dashes.
    pub name: &'static str,
    /// What its value is called in the help; `None` when it takes none.
    pub value: Option<&'static str>,
    /// One or more lines.
    pub help: &'static str,
    /// Puts it into effect. The value is empty when it takes none.
    pub apply: fn(&mut Options, &str) -> Result<(), String>,
}

/// The largest value a server takes without being told otherwise.
const DATA_SIZE_MAX: usize = 512 * 1024 * 1024;

/// More threads than this help nobody, and each has a buffer.
const THREADS_MAX: usize = 500;

/// Twelve digits stand in place of `__rand_int__`.
const KEYSPACE_MAX: u64 = 1_000_000_000_000;

const fn with(
    name: &'static str,
    value: &'static str,
    help: &'static str,
    apply: fn(&mut Options, &str) -> Result<(), String>,
) -> Flag {
    Flag { name, value: Some(value), help, apply }
}

const fn alone(
    name: &'static str,
    help: &'static str,
    apply: fn(&mut Options, &str) -> Result<(), String>,
) -> Flag {
    Flag { name, value: None, help, apply }
}

/// All options, in the order of the help.
pub const FLAGS: &[Flag] = &[
    with("-h", "hostname", "Server's host (default 127.0.0.1)", |o, v| set(&mut o.host, v)),
    with("-p", "port", "Server's port (default 6379)", |o, v| set(&mut o.port, v)),
    with("-s", "socket", "Unix socket (in place of host and port)", |o, v| some(&mut o.unix, v)),
    alone(
        "--shm",
        "Go on through shared memory; without -s, the server\nis asked for its Unix socket",
        |o, _| on(&mut o.shm),
    ),
    alone("--rdma", "Over RDMA: the port is the server's rdma-port", |o, _| on(&mut o.rdma)),
    with("-a", "password", "Password for AUTH", |o, v| some(&mut o.password, v)),
    with("--user", "username", "User for AUTH; needs -a", |o, v| some(&mut o.user, v)),
    with(
        "-u",
        "uri",
        "redis://user:password@host:port/db in one word;\nredis+shm:///path for shared memory, \
         rdma://… for RDMA",
        uri::apply,
    ),
    with("-c", "clients", "Connections (default 50)", |o, v| {
        o.clients = at_least_one(v)?;
        Ok(())
    }),
    with("-n", "requests", "Requests a test (default 100000)", |o, v| {
        o.requests = Some(at_least_one(v)?);
        Ok(())
    }),
    with(
        "--duration",
        "seconds",
        "Stop a test after this time, or after -n if given\nand sooner",
        |o, v| {
            let seconds: f64 = number(v)?;
            let duration = Duration::try_from_secs_f64(seconds).ok().filter(|d| !d.is_zero());
            o.duration = Some(duration.ok_or("not a time in seconds")?);
            Ok(())
        },
    ),
    with("-d", "size", "Bytes of a value (default 3)", |o, v| {
        o.data_size = loose(v)?.clamp(1, DATA_SIZE_MAX as i64) as usize;
        Ok(())
    }),
    with("--dbnum", "db", "Database to SELECT (default 0)", |o, v| set(&mut o.database, v)),
    alone("-3", "Speak RESP3", |o, _| on(&mut o.resp3)),
    with("--threads", "num", "Threads that send (default 1)", |o, v| {
        let threads = loose(v)?.clamp(0, THREADS_MAX as i64) as usize;
        o.threads = (threads > 0).then_some(threads);
        Ok(())
    }),
    alone("--enable-tracking", "Send CLIENT TRACKING ON first", |o, _| on(&mut o.tracking)),
    with("-k", "boolean", "1 keeps connections (default), 0 opens one a batch", |o, v| {
        o.keepalive = loose(v)? != 0;
        Ok(())
    }),
    with("-r", "keyspacelen", KEYSPACE_HELP, |o, v| {
        o.keyspace = Some(loose(v)?.clamp(0, KEYSPACE_MAX as i64) as u64);
        Ok(())
    }),
    alone("--sequential", SEQUENTIAL_HELP, |o, _| on(&mut o.sequential)),
    with("--zipf", "s[,shift]", ZIPF_HELP, |o, v| {
        let (exponent, shift) = v.split_once(',').unwrap_or((v, "0"));
        let exponent: f64 = exponent.parse().map_err(|_| "not a number".to_string())?;
        if !(0.01..=20.0).contains(&exponent) {
            return Err("not between 0.01 and 20".into());
        }
        o.zipf = Some((exponent, loose(shift)? as u64));
        Ok(())
    }),
    with("-P", "numreq", "Requests sent at once on a connection (default 1)", |o, v| {
        o.pipeline = loose(v)?.clamp(1, 1 << 24) as usize;
        Ok(())
    }),
    alone("-q", "One line a test", |o, _| on(&mut o.quiet)),
    with("--precision", "n", "Significant digits of latencies, 1 to 4 (default 3)", |o, v| {
        let digits = loose(v)?;
        o.digits = if digits < 0 { 3 } else { digits.clamp(1, 4) as u8 };
        Ok(())
    }),
    alone("--csv", "Comma-separated values", |o, _| on(&mut o.csv)),
    with(
        "--json",
        "file",
        "Write all results, with percentiles and throughput\nover time",
        |o, v| some(&mut o.json, v),
    ),
    with("--plot", "file.svg", "Draw throughput over time and the latencies", |o, v| {
        some(&mut o.plot, v)
    }),
    with("--tiers-chart", "file.svg", TIERS_HELP, |o, v| some(&mut o.tiers_chart, v)),
    alone("-l", "Start over when all tests are done, until stopped", |o, _| on(&mut o.forever)),
    with("-t", "tests", TESTS_HELP, |o, v| {
        o.tests = Some(v.to_lowercase().split(',').map(|name| name.trim().to_string()).collect());
        Ok(())
    }),
    with("--search", "corpus", SEARCH_HELP, |o, v| some(&mut o.search, v)),
    with(
        "--search-clients",
        "heavy,light",
        "Connections with heavy and with light searches\n(default 5,10)",
        |o, v| {
            let (heavy, light) = v.split_once(',').ok_or("not two numbers")?;
            o.search_clients = (at_least_one(heavy)?, at_least_one(light)?);
            Ok(())
        },
    ),
    alone(
        "--shm-floor",
        "Only measure how fast two cores talk through the\nrings of shared memory; no server",
        |o, _| on(&mut o.floor),
    ),
    alone("-I", "Only open connections, and wait", |o, _| on(&mut o.idle)),
    alone("-x", "Take the command's last argument from standard input", |o, _| {
        on(&mut o.stdin_argument)
    }),
    with("--seed", "num", "Start of the random numbers (default: the clock)", |o, v| {
        o.seed = Some(loose(v)? as u64);
        Ok(())
    }),
    alone("-e", "Taken for old scripts' sake: an error reply ends the run\nanyway", |o, _| {
        on(&mut o.errors_shown)
    }),
    alone("--tls", "Speak TLS", |o, _| on(&mut o.tls)),
    with("--cacert", "file", "Authorities that servers are trusted by", |o, v| {
        some(&mut o.tls_settings.authority_file, v)
    }),
    with(
        "--cacertdir",
        "dir",
        "The same, from a directory; with neither those of\nthe system",
        |o, v| some(&mut o.tls_settings.authority_directory, v),
    ),
    with("--cert", "file", "Certificate to show; needs --key", |o, v| {
        some(&mut o.tls_settings.certificate, v)
    }),
    with("--key", "file", "Key of the certificate", |o, v| some(&mut o.tls_settings.key, v)),
    with("--sni", "host", "Name to ask for", |o, v| some(&mut o.tls_settings.server_name, v)),
    alone("--insecure", "Trust any server", |o, _| on(&mut o.tls_settings.insecure)),
    with("--tls-ciphers", "list", "Ciphers to offer, up to TLS 1.2", |o, v| {
        some(&mut o.tls_settings.allowed.ciphers, v)
    }),
    with("--tls-ciphersuites", "list", "Ciphers to offer, from TLS 1.3 on", |o, v| {
        some(&mut o.tls_settings.allowed.ciphersuites, v)
    }),
    alone("--cluster", "Not in this program", |_, _| Err(ABSENT_CLUSTER.into())),
];

const KEYSPACE_HELP: &str = "\
Put a random number below this, in 12 digits, in place
of each __rand_int__. The tests use it for the keys of
SET, GET, INCR and MSET, for elements of sets and hashes
and for scores. Without it they use one key.";

const SEQUENTIAL_HELP: &str = "\
Count up in place of __rand_int__ instead of drawing:
-n and -r of one size touch every key once";

const ZIPF_HELP: &str = "\
Draw some numbers far more often than others, as
1 / rank^s (0.99 is usual); another shift makes other
numbers the frequent ones";

const TESTS_HELP: &str = "\
Only these tests, separated by commas: ping, ping_inline,
ping_mbulk, set, get, incr, lpush, rpush, lpop, rpop,
sadd, hset, spop, zadd, zpopmin, lrange, lrange_100,
lrange_300, lrange_500, lrange_600, mset, xadd";

const SEARCH_HELP: &str = "\
Load and index the documents of a file, JSON lines or
.csv, or zipf:N made-up comments (--seed), and measure
heavy and light searches, apart, together, and beside
GET, SET and HSET; each mix takes --duration (10 s)";

const TIERS_HELP: &str = "\
Draw how a server with far memory places its values
meanwhile; with -I only watch, for --duration";

const ABSENT_CLUSTER: &str = "cannot be used; measure one node at a time";

fn on(field: &mut bool) -> Result<(), String> {
    *field = true;
    Ok(())
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| "not a number in range".to_string())
}

fn set<T: FromStr>(field: &mut T, value: &str) -> Result<(), String> {
    *field = value.parse().map_err(|_| "not a valid value".to_string())?;
    Ok(())
}

fn some<T: for<'a> From<&'a str>>(field: &mut Option<T>, value: &str) -> Result<(), String> {
    *field = Some(T::from(value));
    Ok(())
}

/// A number that is then brought into its range, where redis-benchmark does so too.
fn loose(value: &str) -> Result<i64, String> {
    number(value)
}

fn at_least_one<T: FromStr + PartialOrd + From<u8>>(value: &str) -> Result<T, String> {
    let parsed: T = number(value)?;
    if parsed >= T::from(1) { Ok(parsed) } else { Err("must be at least 1".into()) }
}
