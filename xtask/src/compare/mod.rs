//! `cargo xtask compare`: this server and Debian's redis-server, measured in turn by one tool.
//!
//! A number alone says nothing on a shared machine, so every figure is a pair, taken in the same
//! run: the servers take turns on core 0, round after round, with the load on core 1, and what is
//! reported is the ratio of the medians. The steadiest figure is the server's processor time a
//! command; throughput also depends on how fast the load comes. Nothing here passes or fails: the
//! goals of the project stand beside the figures, and people judge.
//!
//! [`scenarios`] says what is measured, [`server`] and [`load`] run the two ends, [`probe`] waits
//! on one connection for pauses, [`machine`] tells those of the machine apart, [`report`],
//! [`chart`] and [`latency`] show what came of it.

mod chart;
mod commands;
mod latency;
mod load;
mod machine;
mod metrics;
mod probe;
mod published;
mod replicas;
mod report;
mod scenarios;
pub(crate) mod server;
mod shm;
mod timeline;

use crate::repo;
use load::Tool;
use report::Results;
use scenarios::{SCENARIOS, Scenario, Session};
use server::{Flavor, Settings};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask compare [options]
  --quick            fewer keys, requests and rounds: a first look in under a minute
  --only NAME        one scenario, or all whose names go on behind NAME with a dash;
                     may be given several times
  --rounds N         rounds of each scenario, in place of its own number
  --server-bin PATH  our server, in place of a release build of this tree
  --peer-bin PATH    the other one (default: redis-server)
  --tool NAME        redpoll-benchmark (default) or redis-benchmark for the throughput scenario
  --profile NAME     profile to build with (default: release)
  --commands         the processor time of every command, in place of the scenarios;
                     --only takes the beginning of a command's name then
  --publish          also put table and charts into docs/; what was not measured
                     now stays as it is there";

/// What the command line chose.
pub struct Options {
    quick: bool,
    only: Vec<String>,
    rounds: Option<usize>,
    server: Option<PathBuf>,
    peer: PathBuf,
    tool: Tool,
    profile: String,
    publish: bool,
    commands: bool,
}

/// Runs `compare` with its arguments.
pub fn run(args: &[String]) -> ExitCode {
    if args.iter().any(|arg| matches!(arg.as_str(), "-h" | "--help")) {
        println!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let options = match parse(args) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("error: {why}\n{}", usage());
            return ExitCode::from(2);
        }
    };
    match compare(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// All options and what there is to measure.
fn usage() -> String {
    let scenario = |s: &Scenario| format!("\n  {:<12} {}", s.name, s.about);
    let scenarios: String = SCENARIOS.iter().map(scenario).collect();
    format!("{USAGE}\nscenarios:{scenarios}")
}

fn parse(args: &[String]) -> Result<Options, String> {
    let mut options = Options {
        quick: false,
        only: Vec::new(),
        rounds: None,
        server: None,
        peer: PathBuf::from("redis-server"),
        tool: Tool::Redpoll,
        profile: "release".into(),
        publish: false,
        commands: false,
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().cloned().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--quick" => options.quick = true,
            "--publish" => options.publish = true,
            "--commands" => options.commands = true,
            "--only" => options.only.push(value()?),
            "--rounds" => {
                let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                options.rounds = Some(rounds.ok_or("--rounds needs a number of at least 1")?);
            }
            "--server-bin" => options.server = Some(value()?.into()),
            "--peer-bin" => options.peer = value()?.into(),
            "--profile" => options.profile = value()?,
            "--tool" => {
                options.tool = match value()?.as_str() {
                    "redpoll-benchmark" => Tool::Redpoll,
                    "redis-benchmark" => Tool::Redis,
                    other => return Err(format!("no tool named '{other}'")),
                }
            }
            other => return Err(format!("no option named '{other}'")),
        }
    }
    let unknown = |name: &&String| !SCENARIOS.iter().any(|scenario| scenario.is_named(name));
    if let Some(name) = options.only.iter().find(unknown).filter(|_| !options.commands) {
        return Err(format!("no scenario named '{name}'"));
    }
    Ok(options)
}

fn compare(options: &Options) -> Result<(), String> {
    let built = build(options)?;
    let ours = options.server.clone().unwrap_or_else(|| built.join("redpoll-server"));
    let settings = Settings {
        binaries: [ours, options.peer.clone()],
        benchmark: built.join("redpoll-benchmark"),
        cli: built.join("redpoll-cli"),
        tool: options.tool,
        quick: options.quick,
    };
    // From here on this program is part of the load, and must not disturb the server's core.
    pin_self(load::LOAD_CORE)?;
    let mut results = Results::new(&settings)?;
    let directory = repo::root().join("target/compare");
    if options.commands {
        let rounds = options.rounds.unwrap_or(if options.quick { 1 } else { 3 });
        let table = commands::measure(&settings, &options.only, rounds, results.subject())?;
        println!("\n{}\nwritten to target/compare/commands.md", table.summary());
        let docs = options.publish.then(|| repo::root().join("docs"));
        return commands::write(&table, &directory, docs.as_deref());
    }
    for scenario in SCENARIOS {
        if options.only.is_empty() || options.only.iter().any(|name| scenario.is_named(name)) {
            measure(scenario, &settings, options, &mut results)?;
        }
    }
    results.write(&directory)?;
    println!("\n{}", results.table());
    println!("written to target/compare: compare.md, compare.json, compare.svg, latency.svg");
    if options.publish {
        results.publish(&repo::root().join("docs"))?;
        println!("published in docs/performance.md, docs/compare.svg and docs/latency.svg");
    }
    Ok(())
}

/// All rounds of one scenario; the two servers take turns in going first.
fn measure(
    scenario: &Scenario,
    settings: &Settings,
    options: &Options,
    results: &mut Results,
) -> Result<(), String> {
    let own = if options.quick { scenario.rounds.min(2) } else { scenario.rounds };
    let rounds = options.rounds.unwrap_or(own);
    for round in 0..rounds {
        let mut order = [Flavor::Peer, Flavor::Ours];
        if round % 2 == 1 {
            order.reverse();
        }
        for flavor in order {
            println!("{}: round {} of {rounds}, {}", scenario.name, round + 1, flavor.name());
            let mut session = Session::new(settings, flavor);
            (scenario.run)(&mut session)?;
            results.add_curves(session.take_curves());
            results.add_lines(session.take_lines());
            if let Some(timeline) = session.take_timeline() {
                results.draw(flavor, timeline);
            }
            for (metric, value) in session.finish() {
                results.add(metric, flavor, value);
            }
        }
    }
    Ok(())
}

/// Builds what is measured and what measures; returns the directory of the programs.
fn build(options: &Options) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--profile", &options.profile]);
    cargo.args(["--package", "redpoll-benchmark", "--package", "redpoll-cli"]);
    if options.server.is_none() {
        cargo.args(["--package", "redpoll-server"]);
    }
    let status = cargo.current_dir(repo::root()).status().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err("the build failed".into());
    }
    let directory = if options.profile == "dev" { "debug" } else { options.profile.as_str() };
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    Ok(target.unwrap_or_else(|| repo::root().join("target")).join(directory))
}

fn pin_self(core: &str) -> Result<(), String> {
    let pid = std::process::id().to_string();
    let output = Command::new("taskset")
        .args(["-a", "-c", "-p", core, &pid])
        .output()
        .map_err(|error| format!("taskset (package util-linux): {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        let why = String::from_utf8_lossy(&output.stderr);
        Err(format!("the comparison needs two cores, and cannot run on core {core}: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        parse(&line.split_whitespace().map(String::from).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read() {
        let line = "--quick --only pings --only growth --rounds 3 --tool redis-benchmark";
        let options = parsed(line).expect("valid options");
        assert!(options.quick && !options.publish);
        assert_eq!((options.only.len(), options.rounds), (2, Some(3)));
        assert_eq!(options.tool, Tool::Redis);
        let options = parsed("--only zadd --commands").expect("a command is no scenario");
        assert!(options.commands);
    }

    #[test]
    fn mistakes_are_named() {
        for (line, words) in [
            ("--only nothing", "no scenario named 'nothing'"),
            ("--rounds 0", "--rounds needs a number of at least 1"),
            ("--tool wrk", "no tool named 'wrk'"),
            ("--server-bin", "--server-bin needs a value"),
            ("--fast", "no option named '--fast'"),
        ] {
            assert_eq!(parsed(line).err().as_deref(), Some(words));
        }
    }
}
