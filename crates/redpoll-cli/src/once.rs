//! One command from the command line, and the other things done once: a password asked for, a
//! hint printed.

use std::io::{self, Read, Write};

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::repl::{self, help, hint};
use crate::session::{Session, is_command};
use crate::stop::Stop;
use crate::words;

/// Runs the command of the command line.
pub fn run(session: &mut Session, program: &str) -> Result<(), Stop> {
    let command = arguments(session)?;
    if is_command(&command, "help") || is_command(&command, "?") {
        let docs = match session.connect(true) {
            true => repl::fetch_docs(session),
            false => repl::docs::Docs::default(),
        };
        let text = help::text(&docs, &command[1..], program, session.options.style.paint);
        return session.print(text.as_bytes());
    }
    let repeat = session.options.repeat;
    if !session.issue(&command, repeat)? {
        return Err(Stop::Code(1));
    }
    session.print_messages()
}

/// Prints what may follow an unfinished line (`--test_hint`).
pub fn print_hint(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let docs = repl::fetch_docs(session);
    let line = String::from_utf8_lossy(&session.options.hint_line).into_owned();
    session.print((hint::hint(&docs, &line).unwrap_or_default() + "\n").as_bytes())
}

/// Asks for a password on the terminal, without showing it.
pub fn ask_password() -> Result<Vec<u8>, Stop> {
    eprint!("Please input password: ");
    let _ = io::stderr().flush();
    let stdin = io::stdin();
    let before = tcgetattr(&stdin).ok();
    if let Some(before) = &before {
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        let _ = tcsetattr(&stdin, OptionalActions::Now, &silent);
    }
    let mut line = String::new();
    let read = stdin.read_line(&mut line);
    if let Some(before) = &before {
        let _ = tcsetattr(&stdin, OptionalActions::Now, before);
        eprintln!();
    }
    read.map_err(|error| Stop::failed(format!("Reading the password: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).as_bytes().to_vec())
}

/// The command's words, unquoted and completed from stdin as the options say.
fn arguments(session: &Session) -> Result<Vec<Vec<u8>>, Stop> {
    let options = &session.options;
    let mut command = options.command.clone();
    if options.quoted_input {
        let unquoted = command.iter().map(|word| words::unquote(word)).collect();
        let Some(unquoted) = unquoted else {
            session.print(b"Invalid quoted string\n")?;
            return Err(Stop::Code(1));
        };
        command = unquoted;
    }
    if options.stdin_last {
        command.push(read_stdin()?);
    } else if let Some(tag) = &options.stdin_tag {
        match command.iter_mut().find(|word| *word == tag) {
            Some(word) => *word = read_stdin()?,
            None => return Err(Stop::failed("Using -X option but stdin tag not match.")),
        }
    }
    Ok(command)
}

fn read_stdin() -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Stop::failed(format!("Reading from standard input: {error}")))?;
    Ok(bytes)
}
