//! `--scan`: all keys, one a line.

use std::sync::atomic::Ordering;
use std::thread;

use super::scanner::Scanner;
use crate::format::Output;
use crate::interrupt;
use crate::session::Session;
use crate::stop::Stop;
use crate::words;

/// Lists the keys, quoted for people and as they are for programs.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let stopped = interrupt::flag();
    let quoted = session.options.style.output == Output::Standard;
    let mut scanner = Scanner::default();
    while let Some(keys) = scanner.round(session)? {
        let mut text = Vec::new();
        for key in &keys {
            if quoted {
                words::quote(&mut text, key);
            } else {
                text.extend_from_slice(key);
            }
            text.push(b'\n');
        }
        session.print(&text)?;
        if stopped.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(session.options.interval);
    }
    Ok(())
}
