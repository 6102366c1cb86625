//! Commands that were carried out elsewhere, or earlier, and are run again: those of a primary's
//! stream, and those of the log on disk.
//!
//! They do not fail, unless the data here is not what it was there. So an error among their answers
//! is said in the log and counted, and ends the server if that is wanted
//! (`propagation-error-behavior`).

use redpoll_client::{Decoder, Value};
use redpoll_config::PropagationErrorBehavior as Behavior;
use redpoll_engine::executor::Progress;
use redpoll_engine::{Engine, Executor, Session};
use redpoll_resp::Batch;
use std::sync::atomic::Ordering::Relaxed;

/// The longest part of an error that is written to the log, in bytes.
const ERROR_MAX: usize = 4096;

/// Where commands come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A primary's stream.
    Primary,
    /// The log on disk.
    Log,
}

/// Runs commands whose spans lie in `buffer`, and says how far that went. `out` is room for their
/// answers, which nobody gets.
pub fn run(
    executor: &mut Executor,
    session: &mut Session,
    (batch, buffer): (&Batch, &[u8]),
    out: &mut Vec<u8>,
    (source, now): (Source, i64),
) -> Progress {
    out.clear();
    let before = executor.stats().errors.get();
    let progress = executor.run_batch(session, (batch, buffer), (out, usize::MAX), now);
    // An error is rare; only then the answers are looked at.
    if executor.stats().errors.get() != before && !is_superseded(executor.engine(), session) {
        let names = (0..batch.len()).map(|index| {
            let name = batch.command(index, buffer).at(0).to_ascii_lowercase();
            String::from_utf8_lossy(&name).into_owned()
        });
        // The question how far we are has no reply.
        let names: Vec<String> = names.filter(|name| name != "replconf").collect();
        let replies = replies(out);
        let matched = replies.len() == names.len();
        for (index, reply) in replies.iter().enumerate() {
            let name = if matched { &*names[index] } else { "<unknown>" };
            errors(reply).for_each(|error| report(executor.engine(), source, error, name));
        }
    }
    progress
}

/// Whether the commands are those of a link that was given up while they waited for their turn.
/// They are refused for that, whatever the data.
fn is_superseded(engine: &Engine, session: &Session) -> bool {
    let link = session.link.as_ref();
    link.is_some_and(|link| !engine.replication.is_current(link.epoch))
}

fn replies(out: &[u8]) -> Vec<Value> {
    let mut decoder = Decoder::new();
    decoder.feed(out);
    std::iter::from_fn(|| decoder.next().ok().flatten()).collect()
}

/// The errors in a reply: itself, or what the commands of a transaction have answered.
fn errors(reply: &Value) -> impl Iterator<Item = &[u8]> {
    let inner = reply.as_slice().unwrap_or_default();
    std::iter::once(reply).chain(inner).filter_map(Value::error_text)
}

/// Says that a command has failed, and ends the server if that is wanted.
fn report(engine: &Engine, source: Source, error: &[u8], name: &str) {
    let (from, to) = match source {
        Source::Primary => ("replica", "master"),
        Source::Log => ("server", "AOF-loading-client"),
    };
    let error = String::from_utf8_lossy(&error[..error.len().min(ERROR_MAX)]);
    log::warn!(
        "== CRITICAL == This {from} is sending an error to its {to}: '{error}' after processing \
         the command '{name}'"
    );
    engine.stats.unexpected_errors.fetch_add(1, Relaxed);
    let config = &engine.config;
    let panics = match (config.propagation_error_behavior(), source) {
        (Behavior::Ignore, _) | (Behavior::PanicOnReplicas, Source::Log) => false,
        (Behavior::Panic, Source::Log) => true,
        // Where clients may write, the data may well be another.
        (Behavior::Panic | Behavior::PanicOnReplicas, Source::Primary) => {
            config.replica_read_only()
        }
    };
    if panics {
        log::error!(
            "This {from} ends, as the command '{name}' of its {to} has failed \
             (propagation-error-behavior)"
        );
        log::logger().flush();
        std::process::abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_found_in_transactions_too() {
        let replies = replies(b"+OK\r\n-WRONG a\r\n*3\r\n:1\r\n-WRONG b\r\n$1\r\n-\r\n");
        let found: Vec<&[u8]> = replies.iter().flat_map(errors).collect();
        assert_eq!(replies.len(), 3);
        assert_eq!(found, [&b"WRONG a"[..], b"WRONG b"]);
    }
}
