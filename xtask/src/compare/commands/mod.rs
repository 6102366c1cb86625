//! `cargo xtask compare --commands`: the server's processor time of every command.
//!
//! Both servers run side by side on core 0, and the load of one command goes to one of them at a
//! time, in turns, at a pipeline of 16. The processor time is the scheduler's own count, in
//! nanoseconds, so that a fraction of a second is enough for a command.

mod table;
mod workloads;

use super::load::{self, LOAD_CORE, SERVER_CORE, Tool};
use super::server::{Client, Flavor, Server, Settings};
use std::path::Path;
use table::{Figure, Table};
use workloads::{GROUPS, KEYS, Workload};

/// Commands that are sent at once.
const PIPELINE: u32 = 16;
/// Connections that send.
const CLIENTS: u32 = 50;
/// Requests of one measurement.
const REQUESTS: u64 = 200_000;

/// Measures all commands, or those whose name begins with one of `only`, and writes the table into
/// `directory`.
///
/// # Errors
/// If a server does not start, or a load does not run.
pub fn measure(
    settings: &Settings,
    only: &[String],
    rounds: usize,
    subject: String,
) -> Result<Table, String> {
    let start = |flavor: Flavor| Server::start(&settings.binaries[flavor.index()], SERVER_CORE, 1);
    let servers = [start(Flavor::Ours)?, start(Flavor::Peer)?];
    let mut table = Table::new(subject);
    for group in GROUPS {
        for load in group.loads.iter().filter(|load| is_wanted(load, only)) {
            let figure = measure_one(settings, &servers, load, rounds)?;
            println!("{}", figure.line());
            table.add(group.title, figure);
        }
    }
    Ok(table)
}

fn is_wanted(load: &Workload, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|word| load.name.starts_with(&word.to_uppercase()))
}

fn measure_one(
    settings: &Settings,
    servers: &[Server; 2],
    load: &Workload,
    rounds: usize,
) -> Result<Figure, String> {
    let mut figure = Figure::new(load.name);
    for round in 0..rounds {
        for turn in [round % 2, (round + 1) % 2] {
            let server = &servers[turn];
            if !prepare(settings, server, load)? {
                continue;
            }
            let sample = nanoseconds(settings, server, load);
            figure.samples[turn].push(sample.map_err(|why| format!("{}: {why}", load.name))?);
        }
    }
    Ok(figure)
}

/// Empties the server and puts there what the load needs. Answers whether the server knows the
/// command: newer ones are not everywhere.
fn prepare(settings: &Settings, server: &Server, load: &Workload) -> Result<bool, String> {
    let mut client = server.connect()?;
    client.ask(&["FLUSHALL"])?;
    for line in load.setup {
        let words: Vec<&str> = line.split(' ').collect();
        client.command(&words)?;
    }
    let known = is_known(&mut client, load)?;
    if load.fill.is_empty() {
        return Ok(known);
    }
    let (count, range) = if load.consumes { (REQUESTS, REQUESTS) } else { (KEYS, KEYS) };
    let options = format!("-n {count} -r {range} --sequential -P 100 -c 1 {}", load.fill);
    load::run(Tool::Redpoll.program(settings), LOAD_CORE, server.port, &options)?;
    Ok(known)
}

fn is_known(client: &mut Client, load: &Workload) -> Result<bool, String> {
    let words = ["COMMAND", "GETKEYS"].into_iter().chain(load.line.split(' '));
    match client.command(&words.collect::<Vec<&str>>()) {
        Err(why) if why.starts_with('-') => Ok(!why.contains("Invalid command")),
        other => other.map(|()| true),
    }
}

/// Processor time of one command.
fn nanoseconds(settings: &Settings, server: &Server, load: &Workload) -> Result<f64, String> {
    // Whoever consumes meets each thing that was put there once.
    let order = if load.consumes { "--sequential" } else { "--seed 1" };
    let range = if load.consumes { REQUESTS } else { KEYS };
    let options =
        format!("-n {REQUESTS} -r {range} {order} -P {PIPELINE} -c {CLIENTS} {}", load.line);
    let before = server.cpu_nanoseconds()?;
    load::run(Tool::Redpoll.program(settings), LOAD_CORE, server.port, &options)?;
    Ok((server.cpu_nanoseconds()? - before) / REQUESTS as f64)
}

/// Writes the table into a directory, and into the documentation if that is asked for.
///
/// # Errors
/// If a file cannot be written.
pub fn write(table: &Table, directory: &Path, docs: Option<&Path>) -> Result<(), String> {
    table.write(directory)?;
    docs.map_or(Ok(()), |docs| table.publish(docs))
}
