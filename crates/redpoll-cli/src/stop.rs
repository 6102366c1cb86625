//! How the program ends early: a sentence, an exit code, or a reader of its output that left.

use std::io;
use std::process::ExitCode;

/// Why there is nothing more to do.
#[derive(Debug)]
pub enum Stop {
    /// A failure; the text goes to stderr as it is, the exit code is 1.
    Failed(String),
    /// Whatever there was to say has been said; only the exit code is left.
    Code(u8),
    /// Standard output cannot be written any more.
    Output(io::Error),
}

impl Stop {
    /// A failure with its sentence.
    pub fn failed(text: impl Into<String>) -> Self {
        Self::Failed(text.into())
    }

    /// Says what is left to say and names the exit code.
    pub fn conclude(self) -> ExitCode {
        match self {
            Self::Failed(text) => {
                eprintln!("{text}");
                ExitCode::from(1)
            }
            Self::Code(code) => ExitCode::from(code),
            // The reader of a pipe (`| head`) had enough: what a shell reports for SIGPIPE, and
            // as with SIGPIPE not a word.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(141),
            Self::Output(error) => {
                eprintln!("Writing to standard output: {error}");
                ExitCode::from(1)
            }
        }
    }
}

impl From<io::Error> for Stop {
    /// Only writes to standard output use `?` on plain I/O errors.
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
