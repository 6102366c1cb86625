//! Directives whose values are of no common kind: rules, lists and a directory.

use crate::error::ValueError;
use crate::kind::{Stage, Written};
use crate::notify::NotifyFlags;
use crate::number::{format_decimal, format_memory, parse_loosely, parse_memory};
use crate::quote::quote;
use crate::value::{BufferLimit, ClientClass, Primary, SavePoint, Text, Value};
use redpoll_memory::tiers::{BadSpec, FarSpec};
use std::fs;
use std::io;

/// Addresses `bind` takes at most.
const ADDRESSES_MAX: usize = 16;

/// What `bind` stands at before it is set: this host alone. (Redis takes all addresses and relies
/// on its protected mode; a server that nobody has configured has no business on a network.)
const ADDRESSES: [&str; 2] = ["127.0.0.1", "-::1"];

const PERCENTILES: [f64; 3] = [50.0, 99.0, 99.9];
const OOM_SCORES: [i32; 3] = [0, 200, 800];
const SAVE_POINTS: [SavePoint; 3] = [
    SavePoint { seconds: 3600, changes: 1 },
    SavePoint { seconds: 300, changes: 100 },
    SavePoint { seconds: 60, changes: 10000 },
];
const BUFFER_LIMITS: [BufferLimit; 3] = [
    BufferLimit { hard_bytes: 0, soft_bytes: 0, soft_seconds: 0 },
    BufferLimit { hard_bytes: 256 << 20, soft_bytes: 64 << 20, soft_seconds: 60 },
    BufferLimit { hard_bytes: 32 << 20, soft_bytes: 8 << 20, soft_seconds: 60 },
];

/// A directive with a kind of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    Dir,
    Save,
    BufferLimits,
    OomScores,
    Notify,
    Addresses,
    Primary,
    Percentiles,
    FarMemory,
    TierRatio,
}

impl Special {
    pub fn parse(
        self,
        current: &Value,
        args: &[Vec<u8>],
        stage: Stage,
    ) -> Result<Value, ValueError> {
        match self {
            Self::Dir => parse_dir(current, args),
            Self::Save => parse_save(current, args, stage),
            Self::BufferLimits => parse_buffer_limits(current, args),
            Self::OomScores => parse_oom_scores(args),
            Self::Notify => parse_notify(args),
            Self::Addresses => parse_addresses(args),
            Self::Primary => parse_primary(args),
            Self::Percentiles => parse_percentiles(args),
            Self::FarMemory => parse_far_memory(current, args, stage),
            Self::TierRatio => parse_tier_ratio(args),
        }
    }

    pub fn default(self) -> Value {
        match self {
            Self::Dir => Value::Text(Text::default()),
            Self::Save => Value::Save(SAVE_POINTS.into()),
            Self::BufferLimits => Value::BufferLimits(BUFFER_LIMITS),
            Self::OomScores => Value::OomScores(OOM_SCORES),
            Self::Notify => Value::Number(0),
            Self::Addresses => Value::Addresses(ADDRESSES.map(Text::from).into()),
            Self::Primary => Value::Primary(None),
            Self::Percentiles => Value::Percentiles(PERCENTILES.into()),
            Self::FarMemory => Value::Addresses([].into()),
            Self::TierRatio => Value::Number(pack_ratio(1, 3)),
        }
    }

    pub fn show(self, value: &Value) -> Vec<u8> {
        match value {
            Value::Number(pair) if self == Self::TierRatio => {
                let (dram, far) = unpack_ratio(*pair);
                format!("{dram} {far}").into_bytes()
            }
            Value::Addresses(list) if self == Self::FarMemory && list.is_empty() => b"none".into(),
            Value::Text(dir) => dir.to_vec(),
            Value::Number(bits) => NotifyFlags::from_number(*bits).letters().into_bytes(),
            Value::Save(points) => join(points.iter().map(show_point)),
            Value::BufferLimits(limits) => join(ClientClass::ALL.iter().zip(limits).map(
                |(class, BufferLimit { hard_bytes, soft_bytes, soft_seconds })| {
                    format!("{} {hard_bytes} {soft_bytes} {soft_seconds}", class.name())
                },
            )),
            Value::OomScores(scores) => join(scores.iter().map(i32::to_string)),
            Value::Addresses(addresses) => {
                addresses.iter().map(|address| address.to_vec()).collect::<Vec<_>>().join(&b' ')
            }
            Value::Primary(None) => Vec::new(),
            Value::Primary(Some(Primary { host, port })) => {
                [host, format!(" {port}").as_bytes()].concat()
            }
            Value::Percentiles(numbers) => join(numbers.iter().map(|n| format_decimal(*n))),
        }
    }

    pub fn write(self, name: &str, value: &Value) -> Vec<Written> {
        let shown = self.show(value);
        let force = *value != self.default();
        let line = |value: &[u8], force| Written { text: with_name(name, value), force };
        match (self, value) {
            // The directory may be one of several the file's other paths are relative to.
            (Self::Dir, _) => vec![line(&quote(&shown), true)],
            (Self::Notify, _) => vec![line(&quote(&shown), force)],
            (Self::Addresses | Self::FarMemory, _) if !force => Vec::new(),
            (Self::Primary, Value::Primary(None)) => Vec::new(),
            (_, Value::Save(points)) if !points.is_empty() => {
                points.iter().map(|point| line(show_point(point).as_bytes(), true)).collect()
            }
            (_, Value::BufferLimits(limits)) => write_buffer_limits(name, limits),
            _ if shown.is_empty() => vec![line(b"\"\"", true)],
            (Self::Percentiles, _) => vec![line(&shown, true)],
            _ => vec![line(&shown, force)],
        }
    }

    pub fn syntax(self) -> &'static str {
        match self {
            Self::Dir => "directory",
            Self::Save => "seconds changes … or \"\"",
            Self::BufferLimits => "class hard soft seconds …",
            Self::OomScores => "three numbers, -2000 to 2000",
            Self::Notify => "letters of Ag$lshzxeKEtmdn",
            Self::Addresses => "up to 16 addresses",
            Self::Primary => "host port, or no one",
            Self::Percentiles => "numbers, 0 to 100",
            Self::FarMemory => "none, or numa:NODE, dax:/dev/daxX.Y, file:/path,size …",
            Self::TierRatio => "two whole numbers from 1 on",
        }
    }
}

/// Checks that the directory can be worked in, and makes it absolute: later paths are relative to
/// it.
fn parse_dir(current: &Value, args: &[Vec<u8>]) -> Result<Value, ValueError> {
    let ([dir], Value::Text(current)) = (args, current) else {
        return Err(ValueError::ArgumentCount);
    };
    if dir.is_empty() {
        return Err(io::Error::from_raw_os_error(NO_ENTRY).into());
    }
    let path = current.as_path().join(Text::from(dir.as_slice()).as_path());
    let path = fs::canonicalize(path)?;
    // Looking up `.` needs the same permission as changing into the directory.
    fs::metadata(path.join("."))?;
    Ok(Value::Text(path.as_path().into()))
}

/// ENOENT, the same on every Unix.
const NO_ENTRY: i32 = 2;

fn parse_save(current: &Value, args: &[Vec<u8>], stage: Stage) -> Result<Value, ValueError> {
    let wrong = || ValueError::Rule("Invalid save parameters");
    if is_one_empty(args) {
        return Ok(Value::Save([].into()));
    }
    let mut points = match current {
        // Rules in a file come one a line; the first line replaces the defaults.
        Value::Save(points) if stage == Stage::LoadAgain => points.to_vec(),
        _ => Vec::new(),
    };
    for pair in args.chunks(2) {
        let [seconds, changes] = pair else { return Err(wrong()) };
        let seconds = unsigned(seconds).filter(|seconds| *seconds > 0).ok_or_else(wrong)?;
        let changes = unsigned(changes).ok_or_else(wrong)?;
        points.push(SavePoint { seconds, changes });
    }
    Ok(Value::Save(points.into()))
}

fn parse_buffer_limits(current: &Value, args: &[Vec<u8>]) -> Result<Value, ValueError> {
    let Value::BufferLimits(mut limits) = *current else { return Err(ValueError::ArgumentCount) };
    if !args.len().is_multiple_of(4) {
        let text = "Wrong number of arguments in buffer limit configuration.";
        return Err(ValueError::Rule(text));
    }
    for part in args.chunks(4) {
        let [class, hard, soft, seconds] = part else { return Err(ValueError::ArgumentCount) };
        let class = match class.to_ascii_lowercase().as_slice() {
            b"normal" => ClientClass::Normal,
            b"slave" | b"replica" => ClientClass::Replica,
            b"pubsub" => ClientClass::Pubsub,
            _ => {
                let text = "Invalid client class specified in buffer limit configuration.";
                return Err(ValueError::Rule(text));
            }
        };
        let parsed = (parse_memory(hard), parse_memory(soft), unsigned(seconds));
        let (Some(hard_bytes), Some(soft_bytes), Some(soft_seconds)) = parsed else {
            return Err(ValueError::Rule(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            ));
        };
        limits[class as usize] = BufferLimit { hard_bytes, soft_bytes, soft_seconds };
    }
    Ok(Value::BufferLimits(limits))
}

fn parse_oom_scores(args: &[Vec<u8>]) -> Result<Value, ValueError> {
    if args.len() != 3 {
        return Err(ValueError::ArgumentCount);
    }
    let mut scores = [0; 3];
    for (score, arg) in scores.iter_mut().zip(args) {
        let number = parse_loosely(arg).filter(|number| (-2000..=2000).contains(number));
        *score = number.ok_or(ValueError::Rule(
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
        ))? as i32;
    }
    Ok(Value::OomScores(scores))
}

fn parse_notify(args: &[Vec<u8>]) -> Result<Value, ValueError> {
    let [letters] = args else { return Err(ValueError::ArgumentCount) };
    let flags = NotifyFlags::parse(letters)
        .ok_or(ValueError::Rule("Invalid event class character. Use 'Ag$lshzxeKEtmdn'."))?;
    Ok(Value::Number(i64::from(flags.bits())))
}

fn parse_addresses(args: &[Vec<u8>]) -> Result<Value, ValueError> {
    if args.len() > ADDRESSES_MAX {
        return Err(ValueError::Rule("Too many bind addresses specified."));
    }
    let args = if is_one_empty(args) { &[] } else { args };
    Ok(Value::Addresses(args.iter().map(|arg| arg.as_slice().into()).collect()))
}

fn parse_primary(args: &[Vec<u8>]) -> Result<Value, ValueError> {
    let [host, port] = args else { return Err(ValueError::ArgumentCount) };
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        return Ok(Value::Primary(None));
    }
    let port = parse_loosely(port).and_then(|port| u16::try_from(port).ok());
    let port = port.ok_or(ValueError::Rule("Invalid master port"))?;
    Ok(Value::Primary(Some(Primary { host: host.as_slice().into(), port })))
}

fn parse_percentiles(args: &[Vec<u8>]) -> Result<Value, ValueError> {
    let args = if is_one_empty(args) { &[] } else { args };
    let numbers = args.iter().map(|arg| {
        let number = std::str::from_utf8(arg).ok().and_then(|text| text.parse::<f64>().ok());
        match number {
            Some(number) if (0.0..=100.0).contains(&number) => Ok(number),
            Some(number) if !number.is_nan() => Err(ValueError::Rule(
                "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
            )),
            _ => Err(ValueError::Rule("Invalid latency-tracking-info-percentiles parameters")),
        }
    });
    Ok(Value::Percentiles(numbers.collect::<Result<_, _>>()?))
}

/// Pieces of far memory: words on one line, on several lines of a file, or in one quoted text.
fn parse_far_memory(current: &Value, args: &[Vec<u8>], stage: Stage) -> Result<Value, ValueError> {
    let words: Vec<&[u8]> = args.iter().flat_map(|arg| arg.split(|byte| *byte == b' ')).collect();
    let words = words.into_iter().filter(|word| !word.is_empty());
    let words: Vec<&[u8]> = words.filter(|word| !word.eq_ignore_ascii_case(b"none")).collect();
    let mut list = match current {
        Value::Addresses(before) if stage == Stage::LoadAgain && !words.is_empty() => {
            before.to_vec()
        }
        _ => Vec::new(),
    };
    for word in words {
        let text = std::str::from_utf8(word).map_err(|_| ValueError::Rule("not a text"))?;
        let spec: FarSpec = text.parse().map_err(|e: BadSpec| ValueError::Apply(e.to_string()))?;
        list.push(spec.to_string().as_str().into());
    }
    Ok(Value::Addresses(list.into()))
}

/// Parts in DRAM and in far memory.
fn parse_tier_ratio(args: &[Vec<u8>]) -> Result<Value, ValueError> {
    let joined = args.join(&b' ');
    let words: Vec<&[u8]> = joined.split(|byte| *byte == b' ').filter(|w| !w.is_empty()).collect();
    let part = |word: &[u8]| {
        let number = std::str::from_utf8(word).ok()?.parse::<u32>().ok()?;
        (1..=i32::MAX as u32).contains(&number).then_some(number)
    };
    let wrong = ValueError::Rule("dram-pmem-ratio takes two whole numbers from 1 on, as in: 1 3");
    let [dram, far] = words[..] else { return Err(wrong) };
    let (Some(dram), Some(far)) = (part(dram), part(far)) else { return Err(wrong) };
    Ok(Value::Number(pack_ratio(dram, far)))
}

fn pack_ratio(dram: u32, far: u32) -> i64 {
    i64::from(dram) << 32 | i64::from(far)
}

/// The two parts of a ratio that is kept as one number.
pub(crate) fn unpack_ratio(pair: i64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

fn write_buffer_limits(name: &str, limits: &[BufferLimit; 3]) -> Vec<Written> {
    let classes = ["normal", "replica", "pubsub"];
    let lines = classes.iter().zip(limits).zip(&BUFFER_LIMITS);
    lines
        .map(|((class, limit), default)| {
            let (hard, soft) = (format_memory(limit.hard_bytes), format_memory(limit.soft_bytes));
            let text = format!("{name} {class} {hard} {soft} {}", limit.soft_seconds);
            Written { text: text.into_bytes(), force: limit != default }
        })
        .collect()
}

fn is_one_empty(args: &[Vec<u8>]) -> bool {
    matches!(args, [only] if only.is_empty())
}

fn unsigned(arg: &[u8]) -> Option<u64> {
    parse_loosely(arg).and_then(|number| u64::try_from(number).ok())
}

fn show_point(point: &SavePoint) -> String {
    format!("{} {}", point.seconds, point.changes)
}

fn join(parts: impl Iterator<Item = String>) -> Vec<u8> {
    parts.collect::<Vec<_>>().join(" ").into_bytes()
}

fn with_name(name: &str, value: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b" ", value].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_from(special: Special, current: &Value, text: &str, stage: Stage) -> String {
        let args: Vec<Vec<u8>> = text.split(' ').map(|arg| arg.as_bytes().to_vec()).collect();
        match special.parse(current, &args, stage) {
            Ok(value) => String::from_utf8(special.show(&value)).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    fn set(special: Special, text: &str) -> String {
        set_from(special, &special.default(), text, Stage::Run)
    }

    fn lines(special: Special, name: &str, value: &Value) -> Vec<String> {
        let written = special.write(name, value);
        written.iter().map(|w| String::from_utf8_lossy(&w.text).into_owned()).collect()
    }

    #[test]
    fn save_rules() {
        let save = Special::Save;
        assert_eq!(save.show(&save.default()), b"3600 1 300 100 60 10000");
        assert_eq!(set(save, "900 1 60 5"), "900 1 60 5");
        assert_eq!(set(save, ""), "");
        for wrong in ["900", "0 1", "-1 1", "1 -1", "a b", "900 1 "] {
            assert_eq!(set(save, wrong), "Invalid save parameters", "{wrong}");
        }
        assert_eq!(set_from(save, &save.default(), "900 1", Stage::Load), "900 1");
        let current = Value::Save([SavePoint { seconds: 900, changes: 1 }].into());
        assert_eq!(set_from(save, &current, "60 5", Stage::LoadAgain), "900 1 60 5");
        assert_eq!(set_from(save, &current, "", Stage::LoadAgain), "");
        assert_eq!(lines(save, "save", &current), ["save 900 1"]);
        assert_eq!(lines(save, "save", &Value::Save([].into())), ["save \"\""]);
    }

    #[test]
    fn far_memory_is_named_by_words() {
        let far = Special::FarMemory;
        assert_eq!(set(far, "none"), "none");
        assert_eq!(set(far, "file:/mnt/a,8mb numa:1"), "file:/mnt/a,8388608 numa:1");
        let one = far.parse(&far.default(), &[b"numa:1 numa:2".to_vec()], Stage::Load).unwrap();
        assert_eq!(far.show(&one), b"numa:1 numa:2");
        assert_eq!(set_from(far, &one, "numa:3", Stage::LoadAgain), "numa:1 numa:2 numa:3");
        assert!(set(far, "pmem:1").contains("the kinds are"));
        assert_eq!(lines(far, "far-memory", &one), ["far-memory numa:1 numa:2"]);
        assert!(lines(far, "far-memory", &far.default()).is_empty());
    }

    #[test]
    fn ratios_are_two_positive_numbers() {
        let ratio = Special::TierRatio;
        assert_eq!(ratio.show(&ratio.default()), b"1 3");
        assert_eq!(set(ratio, "2 5"), "2 5");
        for wrong in ["", "1", "1 0", "0 1", "-1 3", "1 2 3", "a b", "1 99999999999"] {
            assert!(set(ratio, wrong).contains("two whole numbers"), "{wrong}");
        }
    }

    #[test]
    fn buffer_limits_change_the_named_classes_only() {
        let limits = Special::BufferLimits;
        assert_eq!(
            set(limits, "replica 1k 2kb 3"),
            "normal 0 0 0 slave 1000 2048 3 pubsub 33554432 8388608 60"
        );
        assert_eq!(
            set(limits, "normal 1"),
            "Wrong number of arguments in buffer limit configuration."
        );
        assert_eq!(
            set(limits, "master 0 0 0"),
            "Invalid client class specified in buffer limit configuration."
        );
        assert_eq!(
            set(limits, "normal 0 0 -1"),
            "Error in hard, soft or soft_seconds setting in buffer limit configuration."
        );
        let value = limits.default();
        let name = "client-output-buffer-limit";
        assert_eq!(lines(limits, name, &value)[1], format!("{name} replica 256mb 64mb 60"));
        assert!(limits.write(name, &value).iter().all(|line| !line.force));
    }

    #[test]
    fn oom_scores() {
        assert_eq!(set(Special::OomScores, "1 -2 2000"), "1 -2 2000");
        assert_eq!(set(Special::OomScores, "1 2"), "wrong number of arguments");
        assert_eq!(
            set(Special::OomScores, "1 2 2001"),
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
        );
    }

    #[test]
    fn events() {
        assert_eq!(set(Special::Notify, "KEA"), "AKE");
        assert_eq!(
            set(Special::Notify, "q"),
            "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
        );
        let name = "notify-keyspace-events";
        assert_eq!(lines(Special::Notify, name, &Value::Number(3)), [format!("{name} \"KE\"")]);
    }

    #[test]
    fn addresses() {
        let bind = Special::Addresses;
        assert_eq!(bind.show(&bind.default()), b"127.0.0.1 -::1");
        assert_eq!(set(bind, "127.0.0.1 ::1"), "127.0.0.1 ::1");
        assert_eq!(set(bind, ""), "");
        assert_eq!(set(bind, &["a"; 17].join(" ")), "Too many bind addresses specified.");
        assert_eq!(lines(bind, "bind", &bind.default()), [""; 0]);
        assert_eq!(lines(bind, "bind", &Value::Addresses([].into())), ["bind \"\""]);
    }

    #[test]
    fn the_primary() {
        let primary = Special::Primary;
        assert_eq!(set(primary, "10.0.0.1 6379"), "10.0.0.1 6379");
        assert_eq!(set(primary, "NO one"), "");
        assert_eq!(set(primary, "host"), "wrong number of arguments");
        assert_eq!(set(primary, "host 65536"), "Invalid master port");
        assert_eq!(lines(primary, "replicaof", &Value::Primary(None)), [""; 0]);
    }

    #[test]
    fn percentiles() {
        let percentiles = Special::Percentiles;
        assert_eq!(set(percentiles, "1.5 99.99999 100"), "1.5 99.99999 100");
        assert_eq!(set(percentiles, ""), "");
        for wrong in ["x", "nan", "50 "] {
            assert_eq!(
                set(percentiles, wrong),
                "Invalid latency-tracking-info-percentiles parameters"
            );
        }
        assert_eq!(
            set(percentiles, "101"),
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
        );
    }

    #[test]
    fn the_directory_becomes_absolute_and_must_exist() {
        let root = tempfile::tempdir().unwrap();
        let base = root.path().canonicalize().unwrap();
        fs::create_dir(base.join("data")).unwrap();
        fs::write(base.join("file"), "").unwrap();
        let current = Value::Text(base.as_path().into());
        let set = |text| set_from(Special::Dir, &current, text, Stage::Run);
        assert_eq!(set("data/../data"), base.join("data").to_str().unwrap());
        assert_eq!(set("nothing"), "No such file or directory");
        assert_eq!(set(""), "No such file or directory");
        assert_eq!(set("file"), "Not a directory");
    }
}
