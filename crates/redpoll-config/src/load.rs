//! Reading the configuration at start: file, standard input, command line, one after another.

use crate::command_line::Launch;
use crate::config::{Config, default_values};
use crate::directive::{Flags, find, row};
use crate::error::{ConfigError, Line, Origin, ValueError, os_text};
use crate::include::{read_bounded, read_files};
use crate::kind::Stage;
use crate::quote::{is_space, split_args};
use crate::table::{COUNT, DIRECTIVES, FORGOTTEN};
use crate::value::{Text, Value};
use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How deep files may include each other. Redis has no bound, and dies of a file that includes
/// itself.
const DEPTH_MAX: usize = 16;

/// Files that may be included altogether: a file that includes itself twice is not deep but
/// endless.
const FILES_MAX: usize = 4096;

/// A line of the files that is no setting, as it was split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extra {
    /// The line, to make an error of if it cannot be carried out.
    pub line: Line,
    /// The words after the directive's name.
    pub args: Vec<Vec<u8>>,
}

/// Directives that only the server can carry out, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// `user name rule …`: at least a name.
    pub users: Vec<Extra>,
    /// `rename-command old new`: two words, the new one empty to remove the command.
    pub renamed_commands: Vec<Extra>,
    /// `loadmodule path arg …`: at least a path.
    pub modules: Vec<Extra>,
    /// `module.setting value …`: the setting's name and at least one value.
    pub module_settings: Vec<Extra>,
    /// What the operator should know: to be logged as warnings.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the configuration a command line asks for. `stdin` is read only if it asks for it.
    ///
    /// Relative paths start at the current directory, and at `dir` from where that is set on. The
    /// process does not change its directory here; do so to [`dir`](Self::dir) before opening
    /// files.
    ///
    /// # Errors
    ///
    /// The first problem found, ready to be printed. The process should then exit with 1.
    pub fn load(launch: &Launch, stdin: impl Read) -> Result<Self, ConfigError> {
        Self::try_load(launch, stdin).map_err(|error| *error)
    }

    /// Reads a configuration from a text, for tests and embedding.
    ///
    /// # Errors
    ///
    /// The first problem found.
    pub fn from_text(text: &[u8]) -> Result<Self, ConfigError> {
        let mut loader = Loader::new();
        loader.read(&Origin::Text, text, &mut 0, 0).map_err(|error| *error)?;
        loader.finish(None).map_err(|error| *error)
    }

    fn try_load(launch: &Launch, stdin: impl Read) -> Result<Self, Box<ConfigError>> {
        let mut loader = Loader::new();
        let mut line_count = 0;
        let mut config_file = None;
        if let Some(path) = &launch.config_file {
            let text = Text::from(path.as_path());
            config_file = Some(loader.dir().join(path));
            loader.read_files(&text, &mut line_count, 0)?;
        }
        if launch.from_stdin {
            let text = read_bounded(stdin)
                .map_err(|error| ConfigError::Open { path: "-".into(), reason: os_text(&error) })?;
            loader.read(&Origin::Stdin, &text, &mut line_count, 0)?;
        }
        // Redis parts the command line from what comes before by a line end, and counts it.
        line_count += 1;
        loader.read(&Origin::CommandLine, &launch.options, &mut line_count, 0)?;
        loader.finish(config_file)
    }
}

struct Loader {
    values: Vec<Value>,
    /// Which directives have appeared.
    seen: [bool; COUNT],
    files: usize,
    extras: Extras,
}

impl Loader {
    fn new() -> Self {
        let (values, extras) = (default_values(), Extras::default());
        Self { values, seen: [false; COUNT], files: 0, extras }
    }

    /// The directory paths are relative to: `dir` as far as it is known.
    fn dir(&self) -> PathBuf {
        match &self.values[row("dir").0] {
            Value::Text(dir) => dir.as_path().to_path_buf(),
            _ => PathBuf::new(),
        }
    }

    fn read_files(
        &mut self,
        name: &[u8],
        line_count: &mut usize,
        depth: usize,
    ) -> Result<(), Box<ConfigError>> {
        for (path, text) in read_files(name, &self.dir())? {
            self.read(&Origin::File(path), &text, line_count, depth)?;
        }
        Ok(())
    }

    /// Reads the lines of a source. `line_count` is the number of line ends before it.
    fn read(
        &mut self,
        origin: &Origin,
        text: &[u8],
        line_count: &mut usize,
        depth: usize,
    ) -> Result<(), Box<ConfigError>> {
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = trim(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let line = Line {
                origin: origin.clone(),
                line_number: index + 1,
                total_number: *line_count + index + 1,
                text: line.to_vec(),
            };
            let words = split_args(&line.text)
                .ok_or_else(|| line.error(ValueError::UnbalancedQuotes.to_string()))?;
            if let Some((name, args)) = words.split_first() {
                self.take(&line, name, args, depth)?;
            }
        }
        *line_count += text.iter().filter(|byte| **byte == b'\n').count();
        Ok(())
    }

    /// Takes in one line.
    fn take(
        &mut self,
        line: &Line,
        name: &[u8],
        args: &[Vec<u8>],
        depth: usize,
    ) -> Result<(), Box<ConfigError>> {
        if let Some(found) = find(name) {
            return match self.set(found.index, args) {
                Ok(()) => Ok(()),
                Err(error) => Err(Box::new(line.error(error.to_string()))),
            };
        }
        let name = name.to_ascii_lowercase();
        let extra = || Extra { line: line.clone(), args: args.to_vec() };
        match (name.as_slice(), args) {
            (b"include", [file]) => return self.include(line, file, depth),
            (b"rename-command", [_, _]) => self.extras.renamed_commands.push(extra()),
            (b"user", [_, ..]) => self.extras.users.push(extra()),
            (b"loadmodule", [_, ..]) => self.extras.modules.push(extra()),
            (_, [_]) if FORGOTTEN.iter().any(|old| old.as_bytes() == name) => {}
            (b"sentinel", []) => return Err(line.error("Sentinel mode is not supported").into()),
            (b"sentinel", _) => {
                return Err(line.error("sentinel directive while not in sentinel mode").into());
            }
            (_, []) if name.contains(&b'.') => {
                return Err(line.error("Module config specified without value").into());
            }
            _ if name.contains(&b'.') => {
                let args = std::iter::once(name).chain(args.iter().cloned()).collect();
                self.extras.module_settings.push(Extra { line: line.clone(), args });
            }
            _ => {
                return Err(line.error("Bad directive or wrong number of arguments").into());
            }
        }
        Ok(())
    }

    fn set(&mut self, index: usize, args: &[Vec<u8>]) -> Result<(), ValueError> {
        let directive = &DIRECTIVES[index];
        let is_multi = directive.flags.contains(Flags::MULTI);
        let stage = if self.seen[index] { Stage::LoadAgain } else { Stage::Load };
        let value = match args {
            // Several arguments may be quoted as one.
            [words] if is_multi && !words.is_empty() => {
                let words = split_args(words).ok_or(ValueError::UnbalancedQuotes)?;
                directive.parse(&self.values[index], &words, stage)?
            }
            _ if !is_multi && args.len() != 1 => return Err(ValueError::ArgumentCount),
            _ => directive.parse(&self.values[index], args, stage)?,
        };
        self.values[index] = value;
        self.seen[index] = true;
        Ok(())
    }

    fn include(&mut self, line: &Line, file: &[u8], depth: usize) -> Result<(), Box<ConfigError>> {
        self.files += 1;
        if depth == DEPTH_MAX || self.files > FILES_MAX {
            let reason = "Too many include directives: does a file include itself?";
            return Err(line.error(reason).into());
        }
        // Lines of an included file are counted on their own.
        self.read_files(file, &mut 0, depth + 1)
    }

    /// Checks the whole, and makes a configuration of it.
    fn finish(mut self, config_file: Option<PathBuf>) -> Result<Config, Box<ConfigError>> {
        let dir = self.dir();
        self.check_log_file(&dir)?;
        self.check_cluster()?;
        self.check_oom_scores();
        Ok(Config::with(self.values, self.extras, config_file))
    }

    /// Whether the log can be written, while there is still a terminal to complain to.
    fn check_log_file(&self, dir: &Path) -> Result<(), Box<ConfigError>> {
        let Value::Text(file) = &self.values[row("logfile").0] else { return Ok(()) };
        if file.is_empty() {
            return Ok(());
        }
        let opened = OpenOptions::new().append(true).create(true).open(dir.join(file.as_path()));
        opened.map(drop).map_err(|error| {
            let reason = format!("Can't open the log file: {}", os_text(&error));
            Box::new(ConfigError::Whole { reason })
        })
    }

    fn check_cluster(&mut self) -> Result<(), Box<ConfigError>> {
        if self.values[row("cluster-enabled").0] != Value::Number(1) {
            return Ok(());
        }
        if self.values[row("replicaof").0] != Value::Primary(None) {
            let reason = "replicaof directive not allowed in cluster mode".to_string();
            return Err(Box::new(ConfigError::Whole { reason }));
        }
        let databases = &mut self.values[row("databases").0];
        if let Value::Number(count @ 2..) = *databases {
            *databases = Value::Number(1);
            self.extras.warnings.push(format!(
                "WARNING: Changing databases number from {count} to 1 since we are in cluster mode"
            ));
        }
        Ok(())
    }

    fn check_oom_scores(&mut self) {
        if let Value::OomScores(scores) = &self.values[row("oom-score-adj-values").0]
            && !scores.is_sorted()
        {
            self.extras.warnings.push(
                "The oom-score-adj-values do not rise from primary to replica to background \
                     process, which only a privileged process may set"
                    .to_string(),
            );
        }
    }
}

/// The line without white space at its ends.
pub(crate) fn trim(mut line: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = line {
        if !is_space(*first) {
            break;
        }
        line = rest;
    }
    while let [rest @ .., last] = line {
        if !is_space(*last) {
            break;
        }
        line = rest;
    }
    line
}

#[cfg(test)]
mod tests;
