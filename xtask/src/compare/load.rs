//! The load: a run of a benchmark program, and what it printed.

use super::server::Settings;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where servers run.
pub const SERVER_CORE: &str = "0";

/// Where the load comes from.
pub const LOAD_CORE: &str = "1";

/// Both of them.
pub const BOTH_CORES: &str = "0,1";

/// Benchmark programs that can be used: both understand the same options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// redpoll-benchmark.
    Redpoll,
    /// redis-benchmark, for those who rather trust that.
    Redis,
}

impl Tool {
    /// The program.
    pub fn program(self, settings: &Settings) -> &Path {
        match self {
            Tool::Redpoll => &settings.benchmark,
            Tool::Redis => Path::new("redis-benchmark"),
        }
    }
}

/// Runs a benchmark program on the given cores and returns its requests a second.
pub fn run(program: &Path, cores: &str, port: u16, arguments: &str) -> Result<f64, String> {
    run_at(program, cores, &format!("-p {port} {arguments}"))
}

/// The same where the arguments say where the server is.
pub fn run_at(program: &Path, cores: &str, arguments: &str) -> Result<f64, String> {
    let output = Command::new("taskset")
        .args(["-c", cores])
        .arg(program)
        .arg("--csv")
        .args(arguments.split_whitespace())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        return Err(format!("{} {arguments}: {}\n{text}", program.display(), output.status));
    }
    last_rate(&text).ok_or(format!("{} {arguments}: no result in\n{text}", program.display()))
}

/// The second column of the last line: requests a second.
fn last_rate(csv: &str) -> Option<f64> {
    let line = csv.lines().last()?;
    // A title may have commas in it, so the columns are counted by their quotes.
    line.split("\",\"").nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_in_the_second_column() {
        let csv = "\"test\",\"rps\",\"avg\"\n\"MSET a,b\",\"123456.78\",\"0.1\"\n";
        assert_eq!(last_rate(csv), Some(123_456.78));
        assert_eq!(last_rate("\"test\",\"rps\"\n"), None);
        assert_eq!(last_rate(""), None);
    }
}
