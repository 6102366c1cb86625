//! `--bigkeys` and `--memkeys`: the largest key of each type, by elements or by bytes.
//!
//! Of a server with two tiers of memory, `--memkeys` tells the bytes in DRAM and those in far
//! memory apart.

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
    let has_tiers = measure == Measure::Bytes && has_tiers(session)?;
    let mut census = Census::new(measure, has_tiers);
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

/// Whether the server has far memory beside DRAM.
fn has_tiers(session: &mut Session) -> Result<bool, Stop> {
    let command: Vec<&[u8]> = vec![b"INFO", b"tiers"];
    let replies = session
        .ask_all(&[command])
        .map_err(|error| Stop::failed(format!("Error getting INFO: {error}")))?;
    let text = replies.first().and_then(Value::as_str).unwrap_or_default();
    Ok(text.contains("\ntier_far_0:"))
}

/// The size of a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    all: u64,
    /// The part in far memory.
    far: u64,
}

impl Size {
    /// What a reply says, of either form.
    fn of(reply: &Value) -> Option<Size> {
        let number = |value: Option<&Value>| u64::try_from(value?.as_i64()?).ok();
        if let Value::Integer(all) = reply {
            return Some(Size { all: u64::try_from(*all).unwrap_or(0), far: 0 });
        }
        let (dram, far) = (number(reply.field("dram"))?, number(reply.field("far"))?);
        Some(Size { all: dram + far, far })
    }
}

/// What has been found.
struct Census {
    measure: Measure,
    /// Whether the tiers are told apart.
    has_tiers: bool,
    kinds: Vec<Kind>,
    key_bytes: u64,
}

/// What has been found of one type.
struct Kind {
    name: String,
    /// The command that counts elements, and what they are called. Types of modules have none.
    counting: Option<(&'static str, &'static str)>,
    keys: u64,
    size: Size,
    /// The size and the quoted name of the largest.
    largest: Option<(Size, String)>,
}

impl Census {
    fn new(measure: Measure, has_tiers: bool) -> Self {
        let known = [
            ("string", "STRLEN", "bytes"),
            ("list", "LLEN", "items"),
            ("set", "SCARD", "members"),
            ("hash", "HLEN", "fields"),
            ("zset", "ZCARD", "members"),
            ("stream", "XLEN", "entries"),
        ];
        let kinds = known.map(|(name, command, unit)| Kind::new(name, Some((command, unit))));
        Self { measure, has_tiers, kinds: kinds.into(), key_bytes: 0 }
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

    /// The command that tells a key's size.
    fn asking<'a>(&self, kind: &Kind, key: &'a [u8], samples: &'a str) -> Option<Vec<&'a [u8]>> {
        if self.measure == Measure::Elements {
            return Some(vec![kind.counting?.0.as_bytes(), key]);
        }
        let mut command: Vec<&[u8]> = vec![b"MEMORY", b"USAGE", key];
        if samples != "0" {
            command.extend([&b"SAMPLES"[..], samples.as_bytes()]);
        }
        if self.has_tiers {
            command.push(b"TIERS");
        }
        Some(command)
    }

    /// The sizes of keys; 0 where there is none to be had.
    fn sizes_of(
        &self,
        session: &mut Session,
        keys: &[Vec<u8>],
        types: &[Option<usize>],
    ) -> Result<Vec<Size>, Stop> {
        let samples = session.options.memory_samples.to_string();
        let command = |key: &Vec<u8>, kind: &Option<usize>| -> Option<Vec<Vec<u8>>> {
            let kind = self.kinds.get((*kind)?)?;
            let text = self.asking(kind, key, &samples)?;
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
                sizes.push(Size::default());
                continue;
            };
            match replies.next().as_ref().and_then(Size::of) {
                Some(size) => sizes.push(size),
                // The key may be gone by now, or of another type.
                None => {
                    let name = match self.measure {
                        Measure::Elements => String::from_utf8_lossy(&command[0]).into_owned(),
                        Measure::Bytes => "MEMORY USAGE".to_owned(),
                    };
                    let key = String::from_utf8_lossy(key);
                    eprintln!("Warning:  {name} on '{key}' failed (may have changed type)");
                    sizes.push(Size::default());
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
    fn count(&mut self, kind: usize, key: &[u8], size: Size) -> Option<String> {
        let (measure, tiers) = (self.measure, self.tiers(size));
        let kind = self.kinds.get_mut(kind)?;
        self.key_bytes += key.len() as u64;
        kind.keys += 1;
        kind.size.all += size.all;
        kind.size.far += size.far;
        if size.all <= kind.largest.as_ref().map_or(0, |(size, _)| size.all) {
            return None;
        }
        let key = words::quoted(key);
        let line = format!(
            "Biggest {:<6} found so far '{key}' with {} {}{tiers}",
            kind.name,
            size.all,
            kind.unit(measure)
        );
        kind.largest = Some((size, key));
        Some(line)
    }

    /// Where so many bytes lie, if that is to be told.
    fn tiers(&self, size: Size) -> String {
        match self.has_tiers {
            true => format!(" ({} in DRAM, {} far)", size.all - size.far, size.far),
            false => String::new(),
        }
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
                let (all, tiers) = (size.all, self.tiers(*size));
                text +=
                    &format!("Biggest {:>6} found '{key}' has {all} {unit}{tiers}\n", kind.name);
            }
        }
        text.push('\n');
        for kind in &self.kinds {
            text += &format!(
                "{} {}s with {} {} ({:05.2}% of keys, avg size {:.2}){}\n",
                kind.keys,
                kind.name,
                kind.size.all,
                kind.unit(self.measure),
                100.0 * average(kind.keys, sampled),
                average(kind.size.all, kind.keys),
                self.tiers(kind.size)
            );
        }
        if self.has_tiers {
            let sum = |part: fn(Size) -> u64| self.kinds.iter().map(|kind| part(kind.size)).sum();
            let (all, far): (u64, u64) = (sum(|size| size.all), sum(|size| size.far));
            text += &format!(
                "\n{} bytes in DRAM and {far} bytes in far memory ({:.2}%)\n",
                all - far,
                100.0 * average(far, all)
            );
        }
        text
    }
}

impl Kind {
    fn new(name: &str, counting: Option<(&'static str, &'static str)>) -> Self {
        Self { name: name.to_owned(), counting, keys: 0, size: Size::default(), largest: None }
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

    fn size(all: u64, far: u64) -> Size {
        Size { all, far }
    }

    #[test]
    fn only_larger_keys_are_announced() {
        let mut census = Census::new(Measure::Elements, false);
        let list = census.kind(b"list");
        let first = census.count(list, b"a\n", size(3, 0)).unwrap();
        assert_eq!(first, r#"Biggest list   found so far '"a\n"' with 3 items"#);
        assert_eq!(census.count(list, b"b", size(3, 0)), None);
        assert!(census.count(list, b"c", size(4, 0)).is_some());
        let module = census.kind(b"graph");
        assert_eq!(census.kind(b"graph"), module);
        let summary = census.summary("", 3);
        assert!(summary.contains(r#"Biggest   list found '"c"' has 4 items"#), "{summary}");
        assert!(summary.contains("3 lists with 10 items (100.00% of keys, avg size 3.33)"));
        assert!(summary.contains("0 strings with 0 bytes (00.00% of keys, avg size 0.00)"));
    }

    #[test]
    fn tiers_are_told_apart() {
        let map = |dram, far| {
            let pair = |name: &str, bytes| (Value::Bulk(name.into()), Value::Integer(bytes));
            Value::Map(vec![pair("dram", dram), pair("far", far)])
        };
        assert_eq!(Size::of(&map(60, 1000)), Some(size(1060, 1000)));
        assert_eq!(Size::of(&Value::Integer(7)), Some(size(7, 0)));
        assert_eq!(Size::of(&Value::Null), None);
        let mut census = Census::new(Measure::Bytes, true);
        let string = census.kind(b"string");
        let line = census.count(string, b"k", size(1060, 1000)).unwrap();
        assert!(line.ends_with("'\"k\"' with 1060 bytes (60 in DRAM, 1000 far)"), "{line}");
        census.count(string, b"l", size(40, 0));
        let summary = census.summary("", 2);
        for part in [
            "Biggest string found '\"k\"' has 1060 bytes (60 in DRAM, 1000 far)",
            "avg size 550.00) (100 in DRAM, 1000 far)",
            "\n100 bytes in DRAM and 1000 bytes in far memory (90.91%)\n",
        ] {
            assert!(summary.contains(part), "{part}: {summary}");
        }
        let words = census.asking(&census.kinds[0], b"k", "9").unwrap();
        assert_eq!(words, [&b"MEMORY"[..], b"USAGE", b"k", b"SAMPLES", b"9", b"TIERS"]);
    }
}
