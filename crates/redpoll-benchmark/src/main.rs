//! `redpoll-benchmark`: puts load on a RESP server and says how fast it answered.
//!
//! It takes the options of redis-benchmark and prints its lines, so that scripts written for one
//! work with the other. What it adds: latency measured to 8 nanoseconds, `--json` and `--plot`,
//! `--duration`, `--sequential`. What it is made for: to cost as little as possible beside the
//! server it measures, since on one machine the two share cores, caches and memory bandwidth.
//!
//! How it hangs together: [`options`] reads the command line; [`suite`] makes the tests; [`run`]
//! starts one [`worker`] a thread, which sends prebuilt requests ([`template`]) and counts replies
//! ([`skip`]) into a [`record`]; [`report`], [`json`] and [`plot`] say what came of it.

#![forbid(unsafe_code)]

mod floor;
mod json;
mod options;
mod plot;
mod progress;
mod random;
mod record;
mod report;
mod run;
mod search;
mod server;
mod skip;
mod socket;
mod suite;
mod svg;
mod template;
mod tiers;
mod worker;
mod zipf;

use options::{Options, Parsed};
use run::Outcome;
use std::io::{self, Read, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args_os().skip(1).map(std::os::unix::ffi::OsStringExt::into_vec);
    let options = match options::parse(arguments.collect()) {
        Parsed::Run(options) => *options,
        Parsed::Stop { text, code } => {
            // Nobody is left to tell when the output is gone.
            let _ = io::stdout().write_all(text.as_bytes());
            return ExitCode::from(code);
        }
    };
    match benchmark(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs everything that the options ask for.
fn benchmark(mut options: Options) -> Result<(), String> {
    if options.stdin_argument && !options.command.is_empty() {
        let mut last = Vec::new();
        io::stdin().read_to_end(&mut last).map_err(|error| format!("standard input: {error}"))?;
        options.command.push(last);
    }
    for warning in options.warnings() {
        eprintln!("WARNING: {warning}");
    }
    if options.floor {
        println!("{}", floor::run()?);
        return Ok(());
    }
    socket::allow_open_files(options.clients);
    server::locate(&mut options)?;
    let target = server::resolve(&options)?;
    let settings = server::settings(&options)?;
    if settings.is_none() {
        eprintln!("WARNING: Could not fetch server CONFIG");
    }
    if options.idle && options.tiers_chart.is_some() {
        return tiers::watch_only(&options);
    }
    let watch = tiers::Watch::start(&options)?;
    if options.idle {
        return run::idle(&options, &target);
    }
    let mut out = io::stdout().lock();
    let text = |error: io::Error| format!("output: {error}");
    if options.csv {
        report::csv_header(&mut out).map_err(text)?;
    }
    if let Some(corpus) = &options.search {
        let outcomes = search::run(&options, &target, corpus, &mut out)?;
        for outcome in &outcomes {
            report::print(&mut out, outcome, &options, settings.as_ref()).map_err(text)?;
        }
        write_files(&options, &outcomes)?;
        return watch.map_or(Ok(()), |watch| watch.draw(&options));
    }
    let mut outcomes = Vec::new();
    loop {
        for test in suite::tests(&options) {
            watch.iter().for_each(|watch| watch.mark(&test.title));
            let outcome = run::run(&test, &options, &target)?;
            report::print(&mut out, &outcome, &options, settings.as_ref()).map_err(text)?;
            outcomes.push(outcome);
        }
        if options.command.is_empty() && !options.csv {
            writeln!(out).map_err(text)?;
        }
        write_files(&options, &outcomes)?;
        if !options.forever {
            return watch.map_or(Ok(()), |watch| watch.draw(&options));
        }
        outcomes.clear();
    }
}

fn write_files(options: &Options, outcomes: &[Outcome]) -> Result<(), String> {
    let write = |path: &std::path::Path, text: String| {
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if let Some(path) = &options.json {
        write(path, json::document(options, outcomes))?;
    }
    if let Some(path) = &options.plot {
        write(path, plot::document(options, outcomes))?;
    }
    Ok(())
}
