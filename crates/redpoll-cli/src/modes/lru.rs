//! `--lru-test N`: a cache under load. Half the operations write, half read, over N keys of which
//! a fifth get four fifths of the accesses; the share of reads that miss tells how well the
//! server's eviction keeps what is used.

use std::time::{Duration, Instant};

use redpoll_client::Value;

use super::random::Random;
use crate::session::Session;
use crate::stop::Stop;

/// Operations sent at once.
const BATCH: usize = 250;

/// How long each line covers.
const CYCLE: Duration = Duration::from_secs(1);

/// The exponent at which a fifth of the keys gets four fifths of the accesses.
const EXPONENT: f64 = 6.2;

/// Runs without end, a line each second.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let keys = session.options.lru_keys.max(1);
    let mut random = Random::new();
    loop {
        let start = Instant::now();
        let (mut hits, mut misses) = (0u64, 0u64);
        while start.elapsed() < CYCLE {
            let writes: Vec<Vec<String>> = (0..BATCH)
                .map(|_| vec!["SET".into(), key(&mut random, keys), value(&mut random)])
                .collect();
            let reads: Vec<Vec<String>> =
                (0..BATCH).map(|_| vec!["GET".into(), key(&mut random, keys)]).collect();
            exchange(session, &writes)?;
            for reply in exchange(session, &reads)? {
                match reply {
                    Value::Null => misses += 1,
                    Value::Error(text) => eprintln!("{}", String::from_utf8_lossy(&text)),
                    _ => hits += 1,
                }
            }
        }
        let all = hits + misses;
        let share = |part: u64| if all == 0 { 0.0 } else { part as f64 / all as f64 * 100.0 };
        let line = format!(
            "{all} Gets/sec | Hits: {hits} ({:.3}%) | Misses: {misses} ({:.3}%)\n",
            share(hits),
            share(misses)
        );
        session.print(line.as_bytes())?;
    }
}

fn exchange(session: &mut Session, commands: &[Vec<String>]) -> Result<Vec<Value>, Stop> {
    session
        .ask_all(commands)
        .map_err(|error| Stop::failed(format!("I/O error during LRU test: {error}")))
}

/// A key, the ones with high numbers far more often than the others.
fn key(random: &mut Random, keys: i64) -> String {
    let share = random.unit().powf(1.0 / (EXPONENT + 1.0));
    // Below `keys`, as the share is below 1.
    format!("lru:{}", (share * keys as f64) as i64)
}

fn value(random: &mut Random) -> String {
    let bits = random.bits();
    (0..5).map(|place| char::from(b'A' + (bits >> (place * 5) & 31) as u8 % 26)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_keys_gets_most_accesses() {
        let mut random = Random::new();
        let mut often = 0;
        for _ in 0..10_000 {
            let number: i64 = key(&mut random, 1000)[4..].parse().unwrap();
            assert!((0..1000).contains(&number));
            often += i32::from(number >= 800);
        }
        assert!((7500..8500).contains(&often), "{often} of 10000");
    }
}
