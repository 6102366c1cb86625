//! `oom-score-adj`: whom the kernel stops first when memory runs out.

use parking_lot::Mutex;
use redpoll_config::{Config, OomScoreAdj};
use std::fs;
use std::io;

const FILE: &str = "/proc/self/oom_score_adj";

/// The score that the process was started with, while another one is set.
static AT_START: Mutex<Option<i32>> = Mutex::new(None);

/// Sets the score as the configuration says, or the one from the start again.
pub fn apply(config: &Config, is_replica: bool) -> io::Result<()> {
    let mut at_start = AT_START.lock();
    let wanted = match (config.oom_score_adj(), *at_start) {
        (OomScoreAdj::No, None) => return Ok(()),
        (OomScoreAdj::No, Some(before)) => before,
        (mode, before) => {
            let before = match before {
                Some(before) => before,
                None => read()?,
            };
            *at_start = Some(before);
            // For a primary, a replica, and a process that saves, which there is none of.
            let score = config.oom_score_adj_values()[usize::from(is_replica)];
            if mode == OomScoreAdj::Relative { before.saturating_add(score) } else { score }
        }
    };
    write(wanted.clamp(-1000, 1000))?;
    if config.oom_score_adj() == OomScoreAdj::No {
        *at_start = None;
    }
    Ok(())
}

fn read() -> io::Result<i32> {
    let text =
        fs::read_to_string(FILE).inspect_err(|e| log::warn!("Unable to read {FILE}: {e}"))?;
    text.trim().parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

fn write(score: i32) -> io::Result<()> {
    fs::write(FILE, format!("{score}\n"))
        .inspect_err(|e| log::warn!("Unable to write {score} to {FILE}: {e}"))
}
