//! The scenario `shm`: one client on the same host, through shared memory and through sockets.
//!
//! Redis has no shared memory; where a figure stands for it, Redis answers over the socket that the
//! label names. The floor under all of it, two cores that send 32 bytes to and fro and do nothing
//! else, is measured beside, since it differs from machine to machine.

use super::latency::{Curve, QUANTILES};
use super::load::{self, LOAD_CORE, SERVER_CORE, Tool};
use super::scenarios::Session;
use super::server::{Flavor, Server};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How a client comes to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Tcp,
    Unix,
    Rings,
}

impl Way {
    fn options(self, server: &Server) -> String {
        let socket = server.socket();
        match self {
            Way::Tcp => format!("-p {}", server.port),
            Way::Unix => format!("-s {}", socket.display()),
            Way::Rings => format!("-s {} --shm", socket.display()),
        }
    }
}

/// Connections that do nothing, for what they cost.
const IDLE: u32 = 1000;
/// For how long.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// How long a client sends a PING every 10 ms.
const PACED_SECONDS: u32 = 5;

/// Measures one side.
pub fn run(session: &mut Session<'_>) -> Result<(), String> {
    let server = session.server(SERVER_CORE, 1)?;
    session.fill(&server, "-t set -n 1000 -r 1000 --sequential -P 100 -d 16")?;
    let ours = session.flavor() == Flavor::Ours;
    // What the rings are compared with, where the peer has none.
    let or = |way: Way| if ours { Way::Rings } else { way };
    let requests = session.requests(400_000);
    let get = |server: &Server, way: Way, more: &str| {
        figures(
            session.benchmark(),
            &format!("{} -t get -r 1000 -d 16 {more}", way.options(server)),
        )
    };
    let one = format!("-c 1 -n {requests}");
    let tcp = get(&server, or(Way::Tcp), &one)?;
    let unix = get(&server, or(Way::Unix), &one)?;
    let sixteen = get(&server, or(Way::Unix), &format!("-c 1 -P 16 -n {}", requests * 10))?;
    let own_tcp = get(&server, Way::Tcp, &format!("-c 1 -n {}", requests / 8))?;
    let own_unix = get(&server, Way::Unix, &format!("-c 1 -n {}", requests / 8))?;
    session.add("shm.tcp.p50", tcp.p50)?;
    session.add("shm.unix.p50", unix.p50)?;
    session.add("shm.unix.p999", unix.p999)?;
    session.add("shm.own.tcp", own_tcp.p50)?;
    session.add("shm.own.unix", own_unix.p50)?;
    session.add("shm.rate.16", sixteen.rate)?;
    let curves = match ours {
        true => vec![
            ("Redpoll, TCP", own_tcp.curve),
            ("Redpoll, Unix socket", own_unix.curve),
            ("Redpoll, shared memory", unix.curve),
        ],
        false => vec![("Redis, TCP", own_tcp.curve)],
    };
    for (name, microseconds) in curves {
        session.add_curve(Curve { name, microseconds });
    }
    session.add("shm.floor", floor(session.benchmark())?)?;
    paced(session, &server, [or(Way::Tcp), or(Way::Unix)])?;
    busy(session, &server, or(Way::Unix))?;
    let idle = idle(session, &server, or(Way::Unix))?;
    session.add("shm.idle", idle)
}

/// What one run of the benchmark says, in microseconds and a second.
struct Figures {
    rate: f64,
    mean: f64,
    p50: f64,
    p99: f64,
    p999: f64,
    /// Latencies at [`QUANTILES`].
    curve: Vec<f64>,
}

fn figures(program: &std::path::Path, arguments: &str) -> Result<Figures, String> {
    let path = std::env::temp_dir().join(format!("compare-shm-{}.json", std::process::id()));
    let all = format!("{arguments} --json {}", path.display());
    let rate = load::run_at(program, LOAD_CORE, &all)?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{all}: {error}"))?;
    let _ = std::fs::remove_file(&path);
    let micros = |name: &str| Ok::<f64, String>(field(&text, name)? * 1e3);
    // {"percentile": 50.0, "ms": 0.1, "count": 5}, …
    let points: Vec<(f64, f64)> = text
        .split("{\"percentile\":")
        .skip(1)
        .filter_map(|point| {
            let (percentile, rest) = point.split_once(',')?;
            Some((percentile.trim().parse().ok()?, field(rest, "ms").ok()? * 1e3))
        })
        .collect();
    let at = |quantile: &f64| {
        let found = points.iter().find(|point| point.0 >= *quantile).or(points.last());
        found.map_or(0.0, |point| point.1)
    };
    Ok(Figures {
        rate,
        mean: micros("avg")?,
        p50: micros("p50")?,
        p99: micros("p99")?,
        p999: micros("p999")?,
        curve: QUANTILES.iter().map(at).collect(),
    })
}

/// The first number of this name in a JSON text.
fn field(text: &str, name: &str) -> Result<f64, String> {
    let find = || {
        let rest = text.split(&format!("\"{name}\":")).nth(1)?;
        rest.split([',', '}']).next()?.trim().parse::<f64>().ok()
    };
    find().ok_or_else(|| format!("no {name} in {text}"))
}

/// A PING every 10 ms: how long it takes, and what the server takes for it.
fn paced(session: &mut Session<'_>, server: &Server, ways: [Way; 2]) -> Result<(), String> {
    let cli = session.settings().cli.clone();
    let ping = |way: Way| {
        let arguments = format!(
            "{} --json --latency --latency-sample-rate 10000 -i {PACED_SECONDS}",
            way.options(server)
        );
        let output = Command::new("taskset")
            .args(["-c", LOAD_CORE])
            .arg(&cli)
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{}: {error}", cli.display()))?;
        Ok::<String, String>(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let [tcp, unix] = ways;
    session.add("shm.paced.tcp", field(&ping(tcp)?, "avg")? * 1e3)?;
    let (begun, before) = (Instant::now(), server.cpu_nanoseconds()?);
    let said = ping(unix)?;
    let core = (server.cpu_nanoseconds()? - before) / begun.elapsed().as_nanos() as f64;
    session.add("shm.paced.unix", field(&said, "avg")? * 1e3)?;
    session.add("shm.paced.p50", field(&said, "p50")? * 1e3)?;
    session.add("shm.paced.core", core * 100.0)?;
    if unix == Way::Rings {
        server.connect()?.command(&["CONFIG", "SET", "shm-expect-us", "0"])?;
    }
    session.add("shm.woken", field(&ping(unix)?, "p50")? * 1e3)?;
    if unix == Way::Rings {
        server.connect()?.command(&["CONFIG", "SET", "shm-expect-us", "8000"])?;
    }
    Ok(())
}

/// GET while something else wants both cores.
fn busy(session: &mut Session<'_>, server: &Server, way: Way) -> Result<(), String> {
    let work = |core: &str| {
        Command::new("taskset")
            .args(["-c", core, "sh", "-c", "while :; do :; done"])
            .stdin(Stdio::null())
            .spawn()
            .map(Clients)
            .map_err(|error| format!("other work: {error}"))
    };
    let others = [work(SERVER_CORE)?, work(LOAD_CORE)?];
    let arguments = format!("{} -t get -r 1000 -d 16 -c 1 --duration 3", way.options(server));
    let found = figures(session.benchmark(), &arguments)?;
    drop(others);
    session.add("shm.busy", found.mean)?;
    session.add("shm.busy.p99", found.p99)
}

/// The ring alone, in microseconds.
fn floor(program: &std::path::Path) -> Result<f64, String> {
    let output = Command::new(program).arg("--shm-floor").output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let nanos = text.split("fro: ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    nanos.map(|nanos: f64| nanos / 1e3).ok_or(format!("no floor in: {text}"))
}

/// A core's share that the server takes for connections that do nothing, in per cent.
fn idle(session: &Session<'_>, server: &Server, way: Way) -> Result<f64, String> {
    let arguments = format!("{} -I -c {IDLE}", way.options(server));
    let mut clients = Clients(
        Command::new("taskset")
            .args(["-c", LOAD_CORE])
            .arg(Tool::Redpoll.program(session.settings()))
            .args(arguments.split_whitespace())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("the idle clients: {error}"))?,
    );
    for _ in 0..500 {
        if server.info("connected_clients")? >= f64::from(IDLE) {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    // sleep: what happens when nothing happens is what is measured.
    thread::sleep(Duration::from_millis(500));
    let before = server.cpu_nanoseconds()?;
    thread::sleep(IDLE_TIME);
    let used = server.cpu_nanoseconds()? - before;
    if clients.0.try_wait().map_err(|error| error.to_string())?.is_some() {
        return Err("the idle clients have ended".into());
    }
    Ok(used / IDLE_TIME.as_nanos() as f64 * 100.0)
}

/// A process that ends with the measurement.
struct Clients(Child);

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
