//! Runs a target on mutated inputs for some seconds: `redpoll-fuzz TARGET [--seconds N]
//! [--seed N] [FILE…]`.
//!
//! Without guidance by coverage, which needs a nightly compiler, it is no match for cargo-fuzz in a
//! long run; but it runs anywhere, in every check of the repository, and what it finds it prints as
//! a file that reproduces it: `redpoll-fuzz TARGET FILE`. Inputs of earlier runs are kept below the
//! target directory and are begun with.

#![forbid(unsafe_code)]

use redpoll_fuzz::mutate::{Random, mutate};
use redpoll_fuzz::{TARGETS, Target, target};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs};

/// Inputs kept in memory for mutation.
const POOL_MAX: usize = 2000;
/// One in so many inputs is kept for later runs.
const KEEP_EACH: u64 = 2000;

struct Options {
    target: &'static Target,
    seconds: u64,
    seed: u64,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let options = match parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(why) => {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("error: {why}");
            eprintln!("Usage: redpoll-fuzz TARGET [--seconds N] [--seed N] [FILE…]");
            eprintln!("Targets: {}", names.join(", "));
            return ExitCode::from(2);
        }
    };
    if options.files.is_empty() { explore(&options) } else { reproduce(&options) }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let name = words.next().ok_or("a target is missing")?;
    let target = target(&name).ok_or(format!("there is no target {name}"))?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?;
    let mut options =
        Options { target, seconds: 20, seed: since.as_nanos() as u64, files: Vec::new() };
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or(format!("{word} needs a number"))?;
            text.parse().map_err(|_| format!("{text} is no number"))
        };
        match word.as_str() {
            "--seconds" => options.seconds = number()?,
            "--seed" => options.seed = number()?,
            option if option.starts_with("--") => return Err(format!("unknown option {option}")),
            _ => options.files.push(word.into()),
        }
    }
    Ok(options)
}

/// Runs the target on files, one by one; a panic shows as it is.
fn reproduce(options: &Options) -> ExitCode {
    for path in &options.files {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("error: {}: {error}", path.display());
                return ExitCode::from(2);
            }
        };
        let data = if path.extension().is_some_and(|e| e == "hex") { unhex(&text) } else { text };
        (options.target.run)(&data);
        println!("{}: fine", path.display());
    }
    ExitCode::SUCCESS
}

fn explore(options: &Options) -> ExitCode {
    let directory = directory(options.target.name);
    let mut pool = (options.target.seeds)();
    pool.extend(kept(&directory));
    println!("{}: seed {}, {} inputs to begin with", options.target.name, options.seed, pool.len());
    let (start, limit) = (Instant::now(), Duration::from_secs(options.seconds));
    let mut random = Random::new(options.seed);
    let mut first = pool.clone().into_iter();
    let mut count = 0_u64;
    while start.elapsed() < limit {
        let input = first.next().unwrap_or_else(|| {
            let (one, other) = (random.below(pool.len()), random.below(pool.len()));
            mutate(&pool[one], &pool[other], &mut random)
        });
        if catch_unwind(AssertUnwindSafe(|| (options.target.run)(&input))).is_err() {
            return report(options, &directory, &input);
        }
        count += 1;
        if pool.len() < POOL_MAX {
            pool.push(input);
        } else {
            let at = random.below(pool.len());
            if count.is_multiple_of(KEEP_EACH) {
                // A corpus that cannot be kept is a shorter memory, nothing worse.
                let _ = fs::write(directory.join(format!("{:016x}", digest(&input))), &input);
            }
            pool[at] = input;
        }
    }
    println!("{}: {count} inputs, no fault", options.target.name);
    ExitCode::SUCCESS
}

fn report(options: &Options, directory: &Path, input: &[u8]) -> ExitCode {
    let path = directory.join(format!("fault-{:016x}.hex", digest(input)));
    let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
    match fs::write(&path, &hex) {
        Ok(()) => {
            let (name, path) = (options.target.name, path.display());
            eprintln!("A fault. Reproduce: cargo run -p redpoll-fuzz -- {name} {path}");
        }
        Err(error) => eprintln!("A fault, and {error} at its file. The input: {hex}"),
    }
    ExitCode::FAILURE
}

/// Where inputs are kept: below the target directory, which this program lies in.
fn directory(name: &str) -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(2).unwrap_or(Path::new("target"));
    let directory = target.join("fuzz-corpus").join(name);
    // If it cannot be made, writing there will say why.
    let _ = fs::create_dir_all(&directory);
    directory
}

/// Inputs kept by earlier runs; faults are left out, to be run by name.
fn kept(directory: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_none());
    paths.take(POOL_MAX / 2).filter_map(|path| fs::read(path).ok()).collect()
}

fn digest(input: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    hasher.finish()
}

fn unhex(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text
        .iter()
        .filter_map(|&byte| char::from(byte).to_digit(16).map(|digit| digit as u8))
        .collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
