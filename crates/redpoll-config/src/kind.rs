//! The kinds of values: how each is read from arguments, shown by CONFIG GET, and written to a
//! file.
//!
//! A kind is data (default, bounds, words), so that a directive is one row of the table and help,
//! documentation, checks and rewriting all read the same row.

use crate::choice::{self, Choice};
use crate::error::ValueError;
use crate::number::{format_memory, parse_integer, parse_memory, parse_octal};
use crate::quote::push_quoted;
use crate::special::Special;
use crate::value::{Text, Value};

/// When a value is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// At start, for the first time.
    Load,
    /// At start, by a directive that has appeared before.
    LoadAgain,
    /// By CONFIG SET.
    Run,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    /// `42`
    Plain,
    /// `42`, `1k`, `1kb`, … up to `1gb`
    Memory,
    /// As memory, or `5%`, which is kept as -5.
    MemoryOrPercent,
    /// `700`
    Octal,
}

/// The kind of value a directive takes, with its default and bounds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Bool {
        default: bool,
    },
    Number {
        default: i64,
        min: i128,
        max: i128,
        notation: Notation,
    },
    Word {
        default: i64,
        choices: &'static [Choice],
        combine: bool,
    },
    /// `unset`: an empty text means that there is none, and is not written to files.
    Text {
        default: &'static str,
        unset: bool,
    },
    Special(Special),
}

/// A line CONFIG REWRITE writes.
#[derive(Debug, PartialEq)]
pub(crate) struct Written {
    pub text: Vec<u8>,
    /// Whether it must be written even if the directive is not in the file so far.
    pub force: bool,
}

impl Kind {
    /// Reads a value from `args`. `current` is what the directive holds now.
    pub fn parse(
        &self,
        current: &Value,
        args: &[Vec<u8>],
        stage: Stage,
    ) -> Result<Value, ValueError> {
        if let Self::Special(special) = self {
            return special.parse(current, args, stage);
        }
        if let Self::Word { choices, combine, .. } = self {
            let number = choice::parse(choices, *combine, args);
            return number.map(Value::Number).ok_or(ValueError::NotOneOf(choices));
        }
        let [arg] = args else { return Err(ValueError::ArgumentCount) };
        match self {
            Self::Bool { .. } => parse_bool(arg).map(|on| Value::Number(i64::from(on))),
            Self::Number { min, max, notation, .. } => {
                parse_number(arg, *min, *max, *notation).map(Value::Number)
            }
            _ => Ok(Value::Text(arg.as_slice().into())),
        }
    }

    /// The value before anything is configured.
    pub fn default(&self) -> Value {
        match self {
            Self::Bool { default } => Value::Number(i64::from(*default)),
            Self::Number { default, .. } | Self::Word { default, .. } => Value::Number(*default),
            Self::Text { default, .. } => Value::Text(Text::from(*default)),
            Self::Special(special) => special.default(),
        }
    }

    /// The value as CONFIG GET shows it.
    pub fn show(&self, value: &Value) -> Vec<u8> {
        match (self, value) {
            (Self::Special(special), _) => special.show(value),
            (_, Value::Text(text)) => text.to_vec(),
            (_, Value::Number(number)) => self.show_number(*number).into_bytes(),
            _ => Vec::new(),
        }
    }

    fn show_number(&self, number: i64) -> String {
        match self {
            Self::Bool { .. } => if number != 0 { "yes" } else { "no" }.to_string(),
            Self::Word { choices, .. } => choice::format(choices, number),
            Self::Number { notation, .. } => match notation {
                Notation::Plain => number.to_string(),
                Notation::MemoryOrPercent if number < 0 => format!("{}%", number.unsigned_abs()),
                Notation::Memory | Notation::MemoryOrPercent => (number as u64).to_string(),
                Notation::Octal => format!("{number:o}"),
            },
            Self::Text { .. } | Self::Special(_) => String::new(),
        }
    }

    /// The lines CONFIG REWRITE writes for the value. None: the directive is to vanish from the
    /// file.
    pub fn write(&self, name: &str, value: &Value) -> Vec<Written> {
        let mut text = format!("{name} ").into_bytes();
        let force = *value != self.default();
        match (self, value) {
            (Self::Special(special), _) => return special.write(name, value),
            (Self::Text { unset: true, .. }, Value::Text(value)) if value.is_empty() => {
                return Vec::new();
            }
            (_, Value::Text(value)) => push_quoted(&mut text, value),
            (Self::Number { notation, .. }, Value::Number(number))
                if *notation == Notation::Memory
                    || (*notation == Notation::MemoryOrPercent && *number >= 0) =>
            {
                text.extend(format_memory(*number as u64).bytes());
            }
            _ => text.extend(self.show(value)),
        }
        vec![Written { text, force }]
    }

    /// What may be given, for people.
    pub fn syntax(&self) -> String {
        match self {
            Self::Bool { .. } => "yes or no".to_string(),
            Self::Number { min, max, notation, .. } => match notation {
                Notation::Plain => format!("{} to {}", bound(*min), bound(*max)),
                Notation::Memory if *min > 1 => {
                    format!("memory, at least {}", format_memory(*min as u64))
                }
                Notation::Memory => "memory".to_string(),
                Notation::MemoryOrPercent => "memory or percent".to_string(),
                Notation::Octal => format!("octal, up to {max:o}"),
            },
            Self::Word { choices, combine, .. } => {
                let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
                names.join(if *combine { " " } else { ", " })
            }
            Self::Text { .. } => "text".to_string(),
            Self::Special(special) => special.syntax().to_string(),
        }
    }
}

/// Bounds that are those of a machine type say nothing to people by their digits.
fn bound(number: i128) -> String {
    for (bits, limit) in
        [(31, i128::from(i32::MAX)), (32, i128::from(u32::MAX)), (63, i128::from(i64::MAX))]
    {
        if number == limit {
            return format!("2^{bits}-1");
        }
    }
    if number == i128::from(i32::MIN) { "-2^31".to_string() } else { number.to_string() }
}

fn parse_bool(arg: &[u8]) -> Result<bool, ValueError> {
    match arg.to_ascii_lowercase().as_slice() {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        _ => Err(ValueError::NotYesOrNo),
    }
}

fn parse_number(arg: &[u8], min: i128, max: i128, notation: Notation) -> Result<i64, ValueError> {
    let number = match notation {
        Notation::Plain => parse_integer(arg).map(i128::from).ok_or(ValueError::NotInteger)?,
        Notation::Octal => parse_octal(arg).map(i128::from).ok_or(ValueError::NotOctal)?,
        Notation::Memory => parse_memory(arg).map(i128::from).ok_or(ValueError::NotMemory)?,
        Notation::MemoryOrPercent => match parse_percent(arg) {
            Some(percent) if percent < min => {
                return Err(ValueError::PercentAbove(min.unsigned_abs() as u8));
            }
            Some(percent) => percent,
            None => parse_memory(arg).map(i128::from).ok_or(ValueError::NotMemoryOrPercent)?,
        },
    };
    match number {
        _ if (min..=max).contains(&number) => Ok(number as i64),
        _ if notation == Notation::Octal => Err(ValueError::OctalOutOfRange { min, max }),
        _ => Err(ValueError::OutOfRange { min, max }),
    }
}

/// A percentage as the negative number it is kept as.
fn parse_percent(arg: &[u8]) -> Option<i128> {
    let number = parse_integer(arg.strip_suffix(b"%")?)?;
    (number >= 0).then_some(-i128::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::{LogLevel, ShutdownFlags};

    fn set(kind: Kind, text: &str) -> String {
        let args: Vec<Vec<u8>> = text.split(' ').map(|arg| arg.as_bytes().to_vec()).collect();
        match kind.parse(&kind.default(), &args, Stage::Run) {
            Ok(value) => String::from_utf8(kind.show(&value)).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    fn number(min: i128, max: i128, notation: Notation) -> Kind {
        Kind::Number { default: 0, min, max, notation }
    }

    #[test]
    fn booleans() {
        let kind = Kind::Bool { default: false };
        assert_eq!(set(kind, "YES"), "yes");
        assert_eq!(set(kind, "no"), "no");
        assert_eq!(set(kind, "1"), "argument must be 'yes' or 'no'");
        assert_eq!(set(kind, "yes no"), "wrong number of arguments");
    }

    #[test]
    fn plain_numbers() {
        let kind = number(1, 65535, Notation::Plain);
        assert_eq!(set(kind, "7000"), "7000");
        assert_eq!(set(kind, "0"), "argument must be between 1 and 65535 inclusive");
        assert_eq!(set(kind, "-1"), "argument must be between 1 and 65535 inclusive");
        assert_eq!(set(kind, "1k"), "argument couldn't be parsed into an integer");
    }

    #[test]
    fn memory_and_percent() {
        let kind = number(0, i128::from(u64::MAX), Notation::Memory);
        assert_eq!(set(kind, "1gb"), "1073741824");
        assert_eq!(set(kind, "18446744073709551615"), "18446744073709551615");
        assert_eq!(set(kind, "5%"), "argument must be a memory value");
        let kind = number(-100, i128::from(i64::MAX), Notation::MemoryOrPercent);
        assert_eq!(set(kind, "5%"), "5%");
        assert_eq!(set(kind, "2mb"), "2097152");
        assert_eq!(set(kind, "101%"), "percentage argument must be less or equal to 100");
        assert_eq!(set(kind, "-5%"), "argument must be a memory or percent value");
        let small = number(1 << 20, i128::from(i64::MAX), Notation::Memory);
        assert_eq!(
            set(small, "1k"),
            "argument must be between 1048576 and 9223372036854775807 inclusive"
        );
    }

    #[test]
    fn octal_numbers() {
        let kind = number(0, 0o777, Notation::Octal);
        assert_eq!(set(kind, "755"), "755");
        assert_eq!(set(kind, "1000"), "argument must be between 0 and 777 inclusive");
        assert_eq!(set(kind, "9"), "argument couldn't be parsed as an octal number");
    }

    #[test]
    fn words() {
        let kind = Kind::Word { default: 2, choices: LogLevel::CHOICES, combine: false };
        assert_eq!(set(kind, "Warning"), "warning");
        assert_eq!(
            set(kind, "loud"),
            "argument(s) must be one of the following: debug, verbose, notice, warning, nothing"
        );
        let kind = Kind::Word { default: 0, choices: ShutdownFlags::CHOICES, combine: true };
        assert_eq!(set(kind, "now save"), "save now");
    }

    #[test]
    fn lines_are_written_as_they_are_read() {
        let kind = number(0, i128::from(u64::MAX), Notation::Memory);
        let written = kind.write("maxmemory", &Value::Number(3 << 20));
        assert_eq!(written, [Written { text: b"maxmemory 3mb".to_vec(), force: true }]);
        let kind = Kind::Text { default: "", unset: true };
        assert_eq!(kind.write("pidfile", &kind.default()), []);
        let written = kind.write("pidfile", &Value::Text("a b".into()));
        assert_eq!(written, [Written { text: b"pidfile \"a b\"".to_vec(), force: true }]);
        let kind = Kind::Text { default: "x", unset: false };
        assert!(!kind.write("ident", &kind.default())[0].force);
        assert_eq!(kind.write("ident", &Value::Text("".into()))[0].text, b"ident \"\"");
    }
}
