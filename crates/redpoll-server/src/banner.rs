//! What the program says of itself when it starts.

use redpoll_engine::engine::ProcessInfo;

/// The version line of `--version`.
pub fn version() -> String {
    format!("Redpoll server v={} (compatible with Redis 7.2.4)", env!("CARGO_PKG_VERSION"))
}

/// The start-up banner: version, address, process, threads, and where the data goes.
pub fn text(process: &ProcessInfo, addresses: &[String], directory: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let pid = std::process::id();
    let workers = process.workers;
    let listening = if addresses.is_empty() { "nothing".to_owned() } else { addresses.join(", ") };
    let plural = if workers == 1 { "" } else { "s" };
    format!(
        "
      \\\\
      (o>     Redpoll {version}, compatible with Redis 7.2
   \\\\_//)     Listening on {listening}
    \\_/_)     PID: {pid}, {workers} worker thread{plural}
     _|_      Data in {directory}
"
    )
}
