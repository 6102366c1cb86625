//! The interactive mode: a line is read, run and answered, until somebody leaves.
//!
//! Lines come from a terminal with editing, history, completion and hints, or from a pipe without
//! any of these and without prompts.

pub mod docs;
mod editor;
pub mod help;
pub mod hint;
mod history;

use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal, Stdin};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use redpoll_client::Value;

use crate::format::Output;
use crate::interrupt::Target;
use crate::session::{Session, is_command};
use crate::stop::Stop;
use crate::words;
use docs::Docs;
use editor::{Knowledge, LineEditor};
use history::HistoryFile;

/// Commands that take at least this long are followed by their time.
const SLOW: Duration = Duration::from_millis(500);

/// Runs until the user leaves.
pub fn run(session: &mut Session, program: &str) -> Result<(), Stop> {
    session.interactive = true;
    // Without it Ctrl-C ends the program at once, which will do.
    let _ = session.interrupt.install();
    session.connect(false);
    // What waits says so itself. In between, a Ctrl-C comes too late for the command it was meant
    // for, and must not end the session instead.
    let _between = session.interrupt.aim(Target::Nothing);
    let mut repl = Repl::new(session, program)?;
    loop {
        repl.learn();
        let Some(line) = repl.read()? else {
            if repl.session.is_subscribed() && repl.session.connect(false) {
                continue;
            }
            return Ok(());
        };
        if !line.is_empty() && !repl.line(&line)? {
            return Ok(());
        }
        if repl.session.is_subscribed() && !repl.has_input() {
            repl.session.wait_for_messages_or_key()?;
        }
    }
}

/// Asks the server what it knows about its commands; empty where it does not say.
pub fn fetch_docs(session: &mut Session) -> Docs {
    let _guard = session.interrupt.aim(Target::Program);
    match session.ask(&["COMMAND", "DOCS"]) {
        Ok(Value::Error(_)) => match session.ask(&["COMMAND"]) {
            Ok(reply) => Docs::from_command_reply(&reply),
            Err(_) => Docs::default(),
        },
        Ok(reply) => Docs::from_reply(&reply),
        Err(_) => Docs::default(),
    }
}

/// Where lines come from.
enum Input {
    Terminal(Box<LineEditor>),
    Pipe(BufReader<Stdin>),
}

struct Repl<'a> {
    session: &'a mut Session,
    program: &'a str,
    input: Input,
    knowledge: Arc<RwLock<Knowledge>>,
    history: HistoryFile,
}

impl<'a> Repl<'a> {
    fn new(session: &'a mut Session, program: &'a str) -> Result<Self, Stop> {
        let knowledge = Arc::new(RwLock::new(Knowledge { hints: true, ..Knowledge::default() }));
        let history = HistoryFile::of_environment();
        let input = if io::stdin().is_terminal() {
            let paint = session.options.style.paint;
            let editor = LineEditor::new(Arc::clone(&knowledge), &history.load(), paint)
                .map_err(|error| Stop::failed(format!("The terminal: {error}")))?;
            Input::Terminal(Box::new(editor))
        } else {
            Input::Pipe(BufReader::new(io::stdin()))
        };
        let mut repl = Self { session, program, input, knowledge, history };
        if repl.is_terminal() {
            repl.load_settings()?;
        }
        Ok(repl)
    }

    fn is_terminal(&self) -> bool {
        matches!(self.input, Input::Terminal(_))
    }

    /// Whether a line has been read from the pipe and waits to be run.
    fn has_input(&self) -> bool {
        match &self.input {
            Input::Terminal(_) => false,
            Input::Pipe(reader) => !reader.buffer().is_empty(),
        }
    }

    /// Asks for the documentation as soon as there is somebody to ask.
    fn learn(&mut self) {
        if self.is_terminal() && self.session.is_at_ease() && self.knowledge().docs.is_empty() {
            let docs = fetch_docs(self.session);
            self.knowledge().docs = docs;
        }
    }

    fn knowledge(&self) -> RwLockWriteGuard<'_, Knowledge> {
        self.knowledge.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        match &mut self.input {
            Input::Terminal(editor) => editor
                .read(&self.session.prompt())
                .map(|line| line.map(String::into_bytes))
                .map_err(|error| Stop::failed(format!("The terminal: {error}"))),
            Input::Pipe(reader) => {
                let mut line = Vec::new();
                let count = reader
                    .read_until(b'\n', &mut line)
                    .map_err(|error| Stop::failed(format!("Standard input: {error}")))?;
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                Ok((count > 0).then_some(line))
            }
        }
    }

    /// Runs one line; `false` ends the loop.
    fn line(&mut self, line: &[u8]) -> Result<bool, Stop> {
        let Some(words) = words::split(line) else {
            self.remember(line);
            self.session.print(b"Invalid argument(s)\n")?;
            return Ok(true);
        };
        let Some((repeat, command)) = repetition(&words) else {
            self.session.print(b"Invalid redis-cli repeat command option value.\n")?;
            return Ok(true);
        };
        let Some(first) = command.first() else { return Ok(true) };
        if !history::is_secret(command) {
            self.remember(line);
        }
        if is_command(command, "quit") || is_command(command, "exit") {
            return Ok(false);
        }
        if first.starts_with(b":") {
            self.set(command, "")?;
        } else if is_command(command, "restart") {
            self.session.print(b"Use 'restart' only in Lua debugging mode.\n")?;
        } else if is_command(command, "clear") && command.len() == 1 {
            if let Input::Terminal(editor) = &mut self.input {
                editor.clear_screen();
            }
        } else if is_command(command, "help") || first == b"?" {
            self.help(&command[1..])?;
        } else if let ([_, host, port], true) = (command, is_command(command, "connect")) {
            self.connect(host, port)?;
        } else {
            self.run(command, repeat)?;
        }
        Ok(true)
    }

    fn run(&mut self, command: &[Vec<u8>], repeat: i64) -> Result<(), Stop> {
        let start = Instant::now();
        self.session.issue(command, repeat)?;
        let elapsed = start.elapsed();
        if elapsed >= SLOW && self.session.options.style.output == Output::Standard {
            self.session.print(format!("({:.2}s)\n", elapsed.as_secs_f64()).as_bytes())?;
        }
        Ok(())
    }

    fn connect(&mut self, host: &[u8], port: &[u8]) -> Result<(), Stop> {
        let number = crate::numbers::atoi(port);
        let Ok(port) = u16::try_from(number) else {
            return self.session.print(b"Invalid server port.\n");
        };
        self.session.options.host = String::from_utf8_lossy(host).into_owned();
        self.session.options.port = port;
        self.session.options.socket = None;
        self.knowledge().docs = Docs::default();
        self.session.connect(false);
        Ok(())
    }

    fn help(&mut self, words: &[Vec<u8>]) -> Result<(), Stop> {
        if !self.is_terminal() && self.session.is_at_ease() {
            let docs = fetch_docs(self.session);
            self.knowledge().docs = docs;
        }
        let paint = self.session.options.style.paint;
        let text = help::text(&self.knowledge().docs, words, self.program, paint);
        self.session.print(text.as_bytes())
    }

    fn remember(&mut self, line: &[u8]) {
        let Input::Terminal(editor) = &mut self.input else { return };
        let line = String::from_utf8_lossy(line);
        editor.remember(&line);
        self.history.append(&line);
    }

    /// A setting, from the keyboard or, with its name in front of complaints, from a file.
    fn set(&mut self, words: &[Vec<u8>], place: &str) -> Result<(), Stop> {
        let name = words.get(1).map(|word| word.to_ascii_lowercase()).unwrap_or_default();
        let shown = |index: usize| {
            String::from_utf8_lossy(words.get(index).map(Vec::as_slice).unwrap_or_default())
                .into_owned()
        };
        if !is_command(words, ":set") || words.len() < 2 {
            let text = format!("{place}unknown redis-cli internal command '{}'\n", shown(0));
            return self.session.print(text.as_bytes());
        }
        match name.as_slice() {
            b"hints" => self.knowledge().hints = true,
            b"nohints" => self.knowledge().hints = false,
            _ => {
                let text = format!("{place}unknown redis-cli preference '{}'\n", shown(1));
                self.session.print(text.as_bytes())?;
            }
        }
        Ok(())
    }

    fn load_settings(&mut self) -> Result<(), Stop> {
        let Some(path) = history::dotfile("REDISCLI_RCFILE", ".redisclirc") else { return Ok(()) };
        let Ok(file) = fs::read(path) else { return Ok(()) };
        for line in file.split(|byte| *byte == b'\n') {
            match words::split(line) {
                Some(words) if !words.is_empty() => self.set(&words, ".redisclirc: ")?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The number in front of a command, and the command. `None` if the number is no sensible count.
fn repetition(words: &[Vec<u8>]) -> Option<(i64, &[Vec<u8>])> {
    let (first, rest) = match words.split_first() {
        Some((first, rest)) if !rest.is_empty() => (first, rest),
        _ => return Some((1, words)),
    };
    let digits = first.strip_prefix(b"-").or(first.strip_prefix(b"+")).unwrap_or(first);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Some((1, words));
    }
    let count = std::str::from_utf8(first).ok()?.parse::<i64>().ok()?;
    (count > 0).then_some((count, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_front_is_a_count() {
        let split = |line: &str| words::split(line.as_bytes()).unwrap();
        let counted =
            |line: &str| repetition(&split(line)).map(|(count, command)| (count, command.len()));
        assert_eq!(counted("5 incr x"), Some((5, 2)));
        assert_eq!(counted("incr 5"), Some((1, 2)));
        assert_eq!(counted("5"), Some((1, 1)));
        assert_eq!(counted("5x incr"), Some((1, 2)));
        assert_eq!(counted("0 incr x"), None);
        assert_eq!(counted("-1 incr x"), None);
        assert_eq!(counted("99999999999999999999 incr x"), None);
    }
}
