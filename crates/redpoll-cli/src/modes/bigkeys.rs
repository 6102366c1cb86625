//! `--bigkeys` and `--memkeys`: the largest key of each type, by elements or by bytes.

use std::sync::atomic::Ordering;
use std::thread;

use redpoll_client::Value;

use super::scanner::{Progress, Scanner};
use crate::interrupt;
use crate::session::Session;
use crate::stop::Stop;
use crate::words;

/// What is largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Elements, as the type counts them.
    Elements,
    /// Bytes, as MEMORY USAGE says.
    Bytes,
}

/// Rounds between two pauses (`-i`).
const ROUNDS_A_PAUSE: u64 = 100;

/// Keys between two lines that say how far the walk is.
const KEYS_A_REPORT: u64 = 1_000_000;

/// Walks through all keys, says when a larger one turns up, and sums up.
pub fn run(session: &mut Session, measure: Measure) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let stopped = interrupt::flag();
    let mut progress = Progress::new(session)?;
    session.print(
        b"\n# Scanning the entire keyspace to find biggest keys as well as\n\
          # average sizes per key type.  You can use -i 0.1 to sleep 0.1 sec\n\
          # per 100 SCAN commands (not usually needed).\n\n",
    )?;
    let mut census = Census::new(measure);
    let mut scanner = Scanner::default();
    let mut rounds = 0;
    while let Some(keys) = scanner.round(session)? {
        rounds += 1;
        let label = progress.label();
        let types = census.types_of(session, &keys)?;
        let sizes = census.sizes_of(session, &keys, &types)?;
        for ((key, kind), size) in keys.iter().zip(&types).zip(&sizes) {
            let Some(kind) = *kind else { continue };
            progress.sampled += 1;
            if let Some(line) = census.count(kind, key, *size) {
                session.print(format!("{label} {line}\n").as_bytes())?;
            }
            if progress.sampled % KEYS_A_REPORT == 0 {
                let line = format!("{label} Sampled {} keys so far\n", progress.sampled);
                session.print(line.as_bytes())?;
            }
        }
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        if rounds % ROUNDS_A_PAUSE == 0 {
            thread::sleep(session.options.interval);
        }
    }
    let label = match stopped.load(Ordering::Relaxed) {
        true => progress.label() + " ",
        false => String::new(),
    };
    session.print(census.summary(&label, progress.sampled).as_bytes())
}

/// What has been found.
struct Census {
    measure: Measure,
    kinds: Vec<Kind>,
    key_bytes: u64,
}

/// What has been found of one type.
struct Kind {
    name: String,
    /// The command that counts elements, and what they are called. Types of modules have none.
    counting: Option<(&'static str, &'static str)>,
    keys: u64,
    size: u64,
    /// The size and the quoted name of the largest.
    largest: Option<(u64, String)>,
}

impl Census {
    fn new(measure: Measure) -> Self {
        let known = [
            ("string", "STRLEN", "bytes"),
            ("list", "LLEN", "items"),
            ("set", "SCARD", "members"),
            ("hash", "HLEN", "fields"),
            ("zset", "ZCARD", "members"),
            ("stream", "XLEN", "entries"),
        ];
        let kinds = known.map(|(name, command, unit)| Kind::new(name, Some((command, unit))));
        Self { measure, kinds: kinds.into(), key_bytes: 0 }
    }

    /// The types of keys, as indices; `None` for keys that are gone.
    fn types_of(
        &mut self,
        session: &mut Session,
        keys: &[Vec<u8>],
    ) -> Result<Vec<Option<usize>>, Stop> {
        let commands: Vec<Vec<&[u8]>> = keys.iter().map(|key| vec![&b"TYPE"[..], key]).collect();
        let replies = session
            .ask_all(&commands)
            .map_err(|error| Stop::failed(format!("Error getting types: {error}")))?;
        let mut types = Vec::with_capacity(keys.len());
        for (reply, key) in replies.iter().zip(keys) {
            match reply {
                Value::Status(name) if name == b"none" => types.push(None),
                Value::Status(name) => types.push(Some(self.kind(name))),
                Value::Error(text) => {
                    let text = String::from_utf8_lossy(text);
                    return Err(Stop::failed(format!("TYPE returned an error: {text}")));
                }
                _ => {
                    let key = words::quoted(key);
                    return Err(Stop::failed(format!("Invalid reply type for TYPE on key {key}!")));
                }
            }
        }
        Ok(types)
    }

    /// The sizes of keys; 0 where there is none to be had.
    fn sizes_of(
        &self,
        session: &mut Session,
        keys: &[Vec<u8>],
        types: &[Option<usize>],
    ) -> Result<Vec<u64>, Stop> {
        let samples = session.options.memory_samples.to_string();
        let command = |key: &Vec<u8>, kind: &Option<usize>| -> Option<Vec<Vec<u8>>> {
            let kind = self.kinds.get((*kind)?)?;
            let text: Vec<&[u8]> = match self.measure {
                Measure::Elements => vec![kind.counting?.0.as_bytes(), key],
                Measure::Bytes if session.options.memory_samples == 0 => {
                    vec![b"MEMORY", b"USAGE", key]
                }
                Measure::Bytes => vec![b"MEMORY", b"USAGE", key, b"SAMPLES", samples.as_bytes()],
            };
            Some(text.into_iter().map(<[u8]>::to_vec).collect())
        };
        let commands: Vec<Option<Vec<Vec<u8>>>> =
            keys.iter().zip(types).map(|(key, kind)| command(key, kind)).collect();
        let sent: Vec<Vec<Vec<u8>>> = commands.iter().flatten().cloned().collect();
        let mut replies = session
            .ask_all(&sent)
            .map_err(|error| Stop::failed(format!("Error getting sizes: {error}")))?
            .into_iter();
        let mut sizes = Vec::with_capacity(keys.len());
        for (command, key) in commands.iter().zip(keys) {
            let Some(command) = command else {
                sizes.push(0);
                continue;
            };
            match replies.next() {
                Some(Value::Integer(size)) => sizes.push(u64::try_from(size).unwrap_or(0)),
                // The key may be gone by now, or of another type.
                _ => {
                    let name = match self.measure {
                        Measure::Elements => String::from_utf8_lossy(&command[0]).into_owned(),
                        Measure::Bytes => "MEMORY USAGE".to_owned(),
                    };
                    let key = String::from_utf8_lossy(key);
                    eprintln!("Warning:  {name} on '{key}' failed (may have changed type)");
                    sizes.push(0);
                }
            }
        }
        Ok(sizes)
    }

    fn kind(&mut self, name: &[u8]) -> usize {
        let name = String::from_utf8_lossy(name);
        match self.kinds.iter().position(|kind| kind.name == name) {
            Some(index) => index,
            None => {
                self.kinds.push(Kind::new(&name, None));
                self.kinds.len() - 1
            }
        }
    }

    /// Takes a key in; returns what to say if it is the largest of its type.
    fn count(&mut self, kind: usize, key: &[u8], size: u64) -> Option<String> {
        let measure = self.measure;
        let kind = self.kinds.get_mut(kind)?;
        self.key_bytes += key.len() as u64;
        kind.keys += 1;
        kind.size += size;
        if size <= kind.largest.as_ref().map_or(0, |(size, _)| *size) {
            return None;
        }
        let key = words::quoted(key);
        let line = format!(
            "Biggest {:<6} found so far '{key}' with {size} {}",
            kind.name,
            kind.unit(measure)
        );
        kind.largest = Some((size, key));
        Some(line)
    }

    fn summary(&self, label: &str, sampled: u64) -> String {
        let average =
            |sum: u64, count: u64| if count == 0 { 0.0 } else { sum as f64 / count as f64 };
        let mut text = format!(
            "\n-------- summary -------\n\n\
             {label}Sampled {sampled} keys in the keyspace!\n\
             Total key length in bytes is {} (avg len {:.2})\n\n",
            self.key_bytes,
            average(self.key_bytes, sampled)
        );
        for kind in &self.kinds {
            if let Some((size, key)) = &kind.largest {
                let unit = kind.unit(self.measure);
                text += &format!("Biggest {:>6} found '{key}' has {size} {unit}\n", kind.name);
            }
        }
        text.push('\n');
        for kind in &self.kinds {
            text += &format!(
                "{} {}s with {} {} ({:05.2}% of keys, avg size {:.2})\n",
                kind.keys,
                kind.name,
                kind.size,
                kind.unit(self.measure),
                100.0 * average(kind.keys, sampled),
                average(kind.size, kind.keys)
            );
        }
        text
    }
}

impl Kind {
    fn new(name: &str, counting: Option<(&'static str, &'static str)>) -> Self {
        Self { name: name.to_owned(), counting, keys: 0, size: 0, largest: None }
    }

    fn unit(&self, measure: Measure) -> &'static str {
        match measure {
            Measure::Bytes => "bytes",
            Measure::Elements => self.counting.map_or("?", |(_, unit)| unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_larger_keys_are_announced() {
        let mut census = Census::new(Measure::Elements);
        let list = census.kind(b"list");
        let first = census.count(list, b"a\n", 3).unwrap();
        assert_eq!(first, r#"Biggest list   found so far '"a\n"' with 3 items"#);
        assert_eq!(census.count(list, b"b", 3), None);
        assert!(census.count(list, b"c", 4).is_some());
        let module = census.kind(b"graph");
        assert_eq!(census.kind(b"graph"), module);
        let summary = census.summary("", 3);
        assert!(summary.contains(r#"Biggest   list found '"c"' has 4 items"#), "{summary}");
        assert!(summary.contains("3 lists with 10 items (100.00% of keys, avg size 3.33)"));
        assert!(summary.contains("0 strings with 0 bytes (00.00% of keys, avg size 0.00)"));
    }
}
