//! What can be wrong with a configuration, with Redis's words for it.
//!
//! [`ValueError`] is about one value; [`ConfigError`] puts it into a line of a file, [`SetError`]
//! into the reply of CONFIG SET. Scripts and test suites compare these texts, so they are Redis's
//! to the letter; where Redis has none (nesting of includes, limits), the words are ours.

use crate::choice::Choice;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a value is refused.
#[derive(Debug)]
pub enum ValueError {
    /// A boolean that is neither `yes` nor `no`.
    NotYesOrNo,
    /// A word that is none of those known.
    NotOneOf(&'static [Choice]),
    /// Not an integer.
    NotInteger,
    /// Not a number of bytes.
    NotMemory,
    /// Neither a number of bytes nor a percentage.
    NotMemoryOrPercent,
    /// Not an octal number.
    NotOctal,
    /// A number outside of its bounds, both inclusive.
    OutOfRange {
        /// The least value.
        min: i128,
        /// The greatest value.
        max: i128,
    },
    /// An octal number outside of its bounds.
    OctalOutOfRange {
        /// The least value.
        min: i128,
        /// The greatest value.
        max: i128,
    },
    /// A percentage above this one.
    PercentAbove(u8),
    /// Too few or too many arguments.
    ArgumentCount,
    /// Quotes inside of a value of several words do not balance.
    UnbalancedQuotes,
    /// The value breaks a rule of its directive, which is told.
    Rule(&'static str),
    /// The operating system refuses it.
    Os(io::ErrorKind, String),
    /// What applying the value failed of; see
    /// [`Config::set_many_with`](crate::Config::set_many_with).
    Apply(String),
}

impl From<io::Error> for ValueError {
    fn from(error: io::Error) -> Self {
        Self::Os(error.kind(), os_text(&error))
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYesOrNo => f.write_str("argument must be 'yes' or 'no'"),
            Self::NotOneOf(choices) => {
                let names: Vec<&str> = choices.iter().map(|choice| choice.name).collect();
                write!(f, "argument(s) must be one of the following: {}", names.join(", "))
            }
            Self::NotInteger => f.write_str("argument couldn't be parsed into an integer"),
            Self::NotMemory => f.write_str("argument must be a memory value"),
            Self::NotMemoryOrPercent => f.write_str("argument must be a memory or percent value"),
            Self::NotOctal => f.write_str("argument couldn't be parsed as an octal number"),
            Self::OutOfRange { min, max } => {
                write!(f, "argument must be between {min} and {max} inclusive")
            }
            Self::OctalOutOfRange { min, max } => {
                write!(f, "argument must be between {min:o} and {max:o} inclusive")
            }
            Self::PercentAbove(max) => {
                write!(f, "percentage argument must be less or equal to {max}")
            }
            Self::ArgumentCount => f.write_str("wrong number of arguments"),
            Self::UnbalancedQuotes => f.write_str("Unbalanced quotes in configuration line"),
            Self::Rule(text) => f.write_str(text),
            Self::Os(_, text) | Self::Apply(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for ValueError {}

/// Where a line of the configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file, by the name it was given.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The arguments of the program.
    CommandLine,
    /// A text handed over by the program itself.
    Text,
}

/// A line of the configuration and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The source it stands in.
    pub origin: Origin,
    /// Its number within the source, from 1.
    pub line_number: usize,
    /// Its number in Redis's way of counting: as if the file, standard input and the command line
    /// were one text, with an empty line before the last.
    pub total_number: usize,
    /// The line without white space at its ends.
    pub text: Vec<u8>,
}

impl Line {
    /// An error about this line, for directives only the server can carry out
    /// (`user`, `rename-command`, `loadmodule`).
    #[must_use]
    pub fn error(&self, reason: impl Into<String>) -> ConfigError {
        ConfigError::Line { line: Box::new(self.clone()), reason: reason.into() }
    }
}

/// Why the server cannot start with its configuration. Displayed as the block Redis prints.
#[derive(Debug)]
pub enum ConfigError {
    /// A line is wrong.
    Line {
        /// The line and its place.
        line: Box<Line>,
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read.
    Open {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// Directives that are fine by themselves do not fit together, or not to this machine.
    Whole {
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header =
            concat!("*** FATAL CONFIG FILE ERROR (Redpoll ", env!("CARGO_PKG_VERSION"), ") ***");
        match self {
            Self::Line { line, reason } => {
                writeln!(f, "\n{header}")?;
                writeln!(f, "Reading the configuration file, at line {}", line.total_number)?;
                writeln!(f, ">>> '{}'", String::from_utf8_lossy(&line.text))?;
                writeln!(f, "{reason}")?;
                write_place(f, line)
            }
            Self::Open { path, reason } => {
                let path = path.display();
                write!(f, "Fatal error, can't open config file '{path}': {reason}")
            }
            Self::Whole { reason } => write!(f, "\n{header}\n{reason}"),
        }
    }
}

/// Names the source itself, which Redis does not: with includes its number alone tells little.
fn write_place(f: &mut fmt::Formatter<'_>, line: &Line) -> fmt::Result {
    let number = line.line_number;
    match &line.origin {
        Origin::File(path) => write!(f, "(in {}, line {number})", path.display()),
        Origin::Stdin => write!(f, "(in standard input, line {number})"),
        Origin::CommandLine => f.write_str("(on the command line)"),
        Origin::Text => write!(f, "(in the text, line {number})"),
    }
}

impl std::error::Error for ConfigError {}

/// Why CONFIG SET changed nothing.
#[derive(Debug)]
pub enum SetError {
    /// There is no such directive. The name as it was given.
    Unknown(Vec<u8>),
    /// A directive cannot be set, or not to this value.
    Refused {
        /// The directive.
        name: Vec<u8>,
        /// Why.
        reason: ValueError,
    },
    /// The directive waits until the data is loaded. The only error whose code is not `ERR`.
    Loading,
}

impl SetError {
    /// The error as it goes to the client, with its code, without the line end.
    #[must_use]
    pub fn reply(&self) -> Vec<u8> {
        match self {
            Self::Unknown(name) => {
                [b"ERR Unknown option or number of arguments for CONFIG SET - '", &**name, b"'"]
                    .concat()
            }
            Self::Refused { name, reason } => [
                b"ERR CONFIG SET failed (possibly related to argument '",
                &**name,
                b"') - ",
                reason.to_string().as_bytes(),
            ]
            .concat(),
            Self::Loading => b"LOADING Redis is loading the dataset in memory".to_vec(),
        }
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reply = self.reply();
        let text = reply.strip_prefix(b"ERR ").unwrap_or(&reply);
        f.write_str(&String::from_utf8_lossy(text))
    }
}

impl std::error::Error for SetError {}

/// Why CONFIG REWRITE failed. The old file is then untouched.
#[derive(Debug)]
pub enum RewriteError {
    /// The server was started without one.
    NoConfigFile,
    /// Reading the old or writing the new file failed.
    Io(io::Error),
}

impl From<io::Error> for RewriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoConfigFile => f.write_str("The server is running without a config file"),
            Self::Io(error) => write!(f, "Rewriting config file: {}", os_text(error)),
        }
    }
}

impl std::error::Error for RewriteError {}

/// The operating system's text for an error, without the number Rust appends.
pub(crate) fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_error_is_redis_block_and_the_place() {
        let line = Line {
            origin: Origin::File("redpoll.conf".into()),
            line_number: 3,
            total_number: 3,
            text: b"port abc".to_vec(),
        };
        let error = line.error(ValueError::NotInteger.to_string());
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            error.to_string(),
            format!(
                "\n*** FATAL CONFIG FILE ERROR (Redpoll {version}) ***\n\
                 Reading the configuration file, at line 3\n\
                 >>> 'port abc'\n\
                 argument couldn't be parsed into an integer\n\
                 (in redpoll.conf, line 3)"
            )
        );
    }

    #[test]
    fn replies_keep_the_bytes_of_names() {
        let error = SetError::Unknown(b"a\xff".to_vec());
        assert_eq!(
            error.reply(),
            b"ERR Unknown option or number of arguments for CONFIG SET - 'a\xff'"
        );
        let error = SetError::Refused { name: b"dir".to_vec(), reason: ValueError::NotMemory };
        assert_eq!(
            error.to_string(),
            "CONFIG SET failed (possibly related to argument 'dir') - \
             argument must be a memory value"
        );
        assert!(SetError::Loading.reply().starts_with(b"LOADING "));
    }

    #[test]
    fn operating_system_texts_lose_their_number() {
        let error = std::fs::File::open("/nowhere/at/all").unwrap_err();
        assert_eq!(os_text(&error), "No such file or directory");
        assert_eq!(os_text(&io::Error::other("plain")), "plain");
    }
}
