//! `--pipe`: bulk loading. Standard input goes to the server as it is, replies are only counted.
//!
//! One thread writes while another reads, so that neither side's buffers can fill up for good. An
//! ECHO of random bytes is sent last; its reply tells that all others have been seen.

use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use redpoll_client::{Connection, Error, Transport, Value, request};

use super::random::Random;
use crate::session::Session;
use crate::stop::Stop;

/// Bytes moved at a time.
const BLOCK: usize = 64 * 1024;

/// How often the reading side looks up from waiting.
const ROUND: Duration = Duration::from_millis(500);

/// How often the progress line is drawn.
const REDRAW: Duration = Duration::from_millis(200);

/// Replies counted between two looks at the clock.
const ROUNDS_A_LOOK: u32 = 64;

/// Sends everything and reports; the exit code is 1 if there was any error.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let Some(mut link) = session.take_link() else { return Err(Stop::Code(1)) };
    let transport = link
        .transport()
        .duplicate()
        .and_then(|transport| {
            transport.set_read_timeout(Some(ROUND))?;
            Ok(transport)
        })
        .map_err(|error| Stop::failed(format!("Error preparing the connection: {error}")))?;
    let sent = Arc::new(Sent::default());
    let mark = mark();
    let writer = {
        let (sent, mark) = (Arc::clone(&sent), mark.clone());
        thread::spawn(move || write_all(transport, &sent, &mark))
    };
    let timeout = u64::try_from(session.options.pipe_timeout).unwrap_or(0);
    let mut tally = Tally::new(timeout);
    while !tally.done {
        tally.draw(&sent);
        if writer.is_finished() && !sent.finished.load(Ordering::Acquire) {
            break;
        }
        tally.round(&mut link, &sent, &mark, session)?;
    }
    tally.erase();
    if writer.is_finished()
        && let Ok(Err(stop)) = writer.join()
    {
        return Err(stop);
    }
    let line = format!("errors: {}, replies: {}\n", tally.errors, tally.replies);
    session.print(line.as_bytes())?;
    if tally.errors > 0 { Err(Stop::Code(1)) } else { Ok(()) }
}

/// What the writer has done so far.
#[derive(Default)]
struct Sent {
    bytes: AtomicU64,
    /// Everything is sent, the mark included.
    finished: AtomicBool,
}

/// Twenty random bytes, which no reply holds by chance.
fn mark() -> Vec<u8> {
    let mut random = Random::new();
    (0..20).map(|_| random.bits().to_be_bytes()[0]).collect()
}

/// The writing side.
fn write_all(mut to: Box<dyn Transport>, sent: &Sent, mark: &[u8]) -> Result<(), Stop> {
    let mut block = vec![0; BLOCK];
    let mut stdin = io::stdin().lock();
    let broken = |error| Stop::failed(format!("Error writing to the server: {}", Error::Io(error)));
    loop {
        match stdin.read(&mut block) {
            Ok(0) => break,
            Ok(count) => {
                to.write_all(&block[..count]).map_err(broken)?;
                sent.bytes.fetch_add(count as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                let error = Error::Io(error);
                return Err(Stop::failed(format!("Error reading from stdin: {error}")));
            }
        }
    }
    // The line end in front closes a last line that lacks its own; servers pass over empty ones.
    let mut last = b"\r\n".to_vec();
    request::encode(&mut last, &[&b"ECHO"[..], mark]);
    to.write_all(&last).map_err(broken)?;
    sent.finished.store(true, Ordering::Release);
    Ok(())
}

/// The reading side.
struct Tally {
    errors: u64,
    replies: u64,
    done: bool,
    announced: bool,
    /// Seconds of silence after which to give up; 0 is never.
    timeout: u64,
    heard: Instant,
    drawn: Option<Instant>,
    /// Rounds since the clock was last looked at for drawing.
    undrawn: u32,
    start: Instant,
    terminal: bool,
}

impl Tally {
    fn new(timeout: u64) -> Self {
        let now = Instant::now();
        let terminal = io::stderr().is_terminal();
        Self {
            errors: 0,
            replies: 0,
            done: false,
            announced: false,
            timeout,
            heard: now,
            drawn: None,
            undrawn: 0,
            start: now,
            terminal,
        }
    }

    /// Reads one reply, or waits a moment for one.
    fn round(
        &mut self,
        link: &mut Connection,
        sent: &Sent,
        mark: &[u8],
        session: &Session,
    ) -> Result<(), Stop> {
        let finished = sent.finished.load(Ordering::Acquire);
        if finished {
            self.announce(session)?;
        }
        match link.receive() {
            Ok(Value::Error(text)) => {
                self.erase();
                eprintln!("{}", String::from_utf8_lossy(&text));
                self.errors += 1;
                self.count();
            }
            Ok(Value::Bulk(text)) if text == mark => {
                self.announce(session)?;
                self.done = true;
                session.print(b"Last reply received from server.\n")?;
            }
            Ok(_) => self.count(),
            Err(Error::Timeout) => {
                self.undrawn = ROUNDS_A_LOOK;
                let silent = self.heard.elapsed().as_secs();
                if finished && self.timeout > 0 && silent > self.timeout {
                    self.erase();
                    eprintln!("No replies for {} seconds: exiting.", self.timeout);
                    self.errors += 1;
                    self.done = true;
                }
            }
            Err(error) => {
                self.erase();
                return Err(Stop::failed(format!("Error reading replies from server: {error}")));
            }
        }
        Ok(())
    }

    /// Says once that everything is sent.
    fn announce(&mut self, session: &Session) -> Result<(), Stop> {
        self.erase();
        if std::mem::replace(&mut self.announced, true) {
            return Ok(());
        }
        self.heard = Instant::now();
        session.print(b"All data transferred. Waiting for the last reply...\n")
    }

    fn count(&mut self) {
        self.replies += 1;
        self.heard = Instant::now();
    }

    /// The progress line, on a terminal.
    fn draw(&mut self, sent: &Sent) {
        // Looking at the clock for each of a million replies would be felt.
        self.undrawn += 1;
        if !self.terminal || self.undrawn < ROUNDS_A_LOOK {
            return;
        }
        self.undrawn = 0;
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW) {
            return;
        }
        self.drawn = Some(Instant::now());
        let megabytes = sent.bytes.load(Ordering::Relaxed) as f64 / 1e6;
        let rate = self.replies as f64 / self.start.elapsed().as_secs_f64().max(0.001);
        eprint!(
            "\r\x1b[K{megabytes:.1} MB sent, {} replies ({rate:.0}/s), {} errors",
            self.replies, self.errors
        );
    }

    fn erase(&mut self) {
        if self.drawn.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
