//! The scenario `shm`: one client on the same host, through shared memory and through sockets.
//!
//! Redis has no shared memory; where a figure stands for it, Redis answers over the socket that the
//! label names. The floor under all of it, two cores that send 32 bytes to and fro and do nothing
//! else, is measured beside, since it differs from machine to machine.

use super::load::{self, LOAD_CORE, SERVER_CORE, Tool};
use super::scenarios::Session;
use super::server::{Flavor, Server};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

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
    session.add("shm.floor", floor(session.benchmark())?)?;
    let idle = idle(session, &server, or(Way::Unix))?;
    session.add("shm.idle", idle)
}

/// What one run of the benchmark says, in microseconds and a second.
struct Figures {
    rate: f64,
    p50: f64,
    p999: f64,
}

fn figures(program: &std::path::Path, arguments: &str) -> Result<Figures, String> {
    let path = std::env::temp_dir().join(format!("compare-shm-{}.json", std::process::id()));
    let all = format!("{arguments} --json {}", path.display());
    let rate = load::run_at(program, LOAD_CORE, &all)?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{all}: {error}"))?;
    let _ = std::fs::remove_file(&path);
    let field = |name: &str| {
        let rest = text.split(&format!("\"{name}\":")).nth(1)?;
        rest.split([',', '}']).next()?.trim().parse::<f64>().ok()
    };
    let missing = |name: &str| format!("the benchmark's JSON has no {name}: {text}");
    Ok(Figures {
        rate,
        p50: field("p50").ok_or_else(|| missing("p50"))? * 1e3,
        p999: field("p999").ok_or_else(|| missing("p999"))? * 1e3,
    })
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

/// Ends with the measurement.
struct Clients(Child);

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
