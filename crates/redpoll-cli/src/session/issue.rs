//! One command from the user to the server and its reply to the screen, with everything a reply
//! can change: the database, a transaction, subscriptions, the protocol, the server itself.

use std::thread;

use redpoll_client::{Error, Value};

use super::redirect::{self, Redirect};
use super::{Session, Subscriptions};
use crate::numbers::atoi;
use crate::session::reading_text::is_reading_text;
use crate::stop::Stop;

/// How often one command may be redirected before the cluster must be out of its mind.
const REDIRECTS_MAX: u32 = 16;

/// What came back.
enum Got {
    Reply(Value),
    Redirect(Redirect),
    /// The connection is gone, for a reason to be told.
    Lost(Error),
    /// The connection is gone because the user wanted it so.
    Left,
}

/// How a command ended.
enum Sent {
    Done,
    Redirect(Redirect),
    Lost(Error),
}

impl Session {
    /// Sends a command `repeat` times (without end if negative) and prints the replies. Returns
    /// whether it could be sent; why not is said on stderr. An error reply is a reply.
    pub fn issue(&mut self, command: &[Vec<u8>], repeat: i64) -> Result<bool, Stop> {
        for _ in 0..REDIRECTS_MAX {
            // A server that closed an idle connection is noticed before anything is sent to it:
            // afterwards nobody could tell whether the command was executed.
            let stale = match &mut self.link {
                None => true,
                Some(link) => self.interactive && link.is_closed(),
            };
            if stale && self.transaction.is_some() {
                // What was queued is lost; the rest of it must not run on its own.
                eprintln!("Error: {}", Error::Closed);
                self.disconnect();
                return Ok(false);
            }
            if stale && !self.connect(false) && self.link.is_none() {
                return Ok(false);
            }
            if std::mem::take(&mut self.asking) && self.ask(&["ASKING"]).is_err() {
                self.disconnect();
                continue;
            }
            match self.send(command, repeat)? {
                Sent::Done => return Ok(true),
                Sent::Redirect(redirect) => self.follow(redirect)?,
                Sent::Lost(error) => {
                    eprintln!("Error: {error}");
                    self.disconnect();
                    return Ok(false);
                }
            }
        }
        eprintln!("Error: redirected {REDIRECTS_MAX} times");
        Ok(false)
    }

    /// Prints messages until there are no more subscriptions.
    pub fn print_messages(&mut self) -> Result<(), Stop> {
        while self.is_subscribed() {
            match self.receive(false)? {
                Got::Reply(reply) => self.count_subscriptions(&reply),
                Got::Lost(error) => return Err(Stop::failed(format!("Error: {error}"))),
                Got::Redirect(_) | Got::Left => {}
            }
        }
        Ok(())
    }

    fn send(&mut self, command: &[Vec<u8>], mut repeat: i64) -> Result<Sent, Stop> {
        let text = is_reading_text(command);
        let _guard = match &self.link {
            Some(link) if self.interactive => Some(self.interrupt.aim_at_waits(link.transport())),
            _ => None,
        };
        self.shutting_down = is_command(command, "shutdown");
        while repeat != 0 {
            repeat = if repeat < 0 { repeat } else { repeat - 1 };
            let Some(link) = &mut self.link else { return Ok(Sent::Done) };
            link.queue(command);
            if let Err(error) = link.flush() {
                return match self.failed(error)? {
                    Got::Lost(error) => Ok(Sent::Lost(error)),
                    _ => Ok(Sent::Done),
                };
            }
            let got = if is_command(command, "monitor") {
                self.monitor(text)?
            } else {
                self.await_reply(command, text)?
            };
            match got {
                Got::Reply(reply) => self.settle(command, &reply),
                Got::Redirect(redirect) => return Ok(Sent::Redirect(redirect)),
                Got::Lost(error) => return Ok(Sent::Lost(error)),
                Got::Left => return Ok(Sent::Done),
            }
            if !self.options.interval.is_zero() {
                thread::sleep(self.options.interval);
            }
        }
        Ok(Sent::Done)
    }

    /// Prints what MONITOR sends until the user or an error ends it.
    fn monitor(&mut self, text: bool) -> Result<Got, Stop> {
        loop {
            match self.receive(text)? {
                Got::Reply(reply) if !reply.is_error() => {}
                other => return Ok(other),
            }
        }
    }

    /// Reads the reply to a command, passing over messages for a subscriber. Commands that
    /// subscribe are answered with one message for each channel.
    fn await_reply(&mut self, command: &[Vec<u8>], text: bool) -> Result<Got, Stop> {
        let mut confirmations = match subscribing(command) {
            true => command.len().saturating_sub(1).max(1),
            false => 0,
        };
        loop {
            let in_band = self.is_subscribed() || confirmations > 0;
            let reply = match self.receive_where(text, in_band)? {
                Got::Reply(reply) => reply,
                other => return Ok(other),
            };
            if !in_band {
                return Ok(Got::Reply(reply));
            }
            let Some(kind) = self.message_kind(&reply) else {
                match reply {
                    Value::Push(_) => continue,
                    reply => return Ok(Got::Reply(reply)),
                }
            };
            let confirms = command.first().is_some_and(|name| name.eq_ignore_ascii_case(kind));
            self.count_subscriptions(&reply);
            if confirms && confirmations > 0 {
                confirmations -= 1;
                if confirmations == 0 {
                    return Ok(Got::Reply(reply));
                }
            }
        }
    }

    /// Reads and prints one reply, as [`receive_where`](Self::receive_where) does, with messages
    /// in their place for subscribers.
    fn receive(&mut self, text: bool) -> Result<Got, Stop> {
        self.receive_where(text, self.is_subscribed())
    }

    /// Reads and prints one reply. Pushes that come before it are printed as the options say, or
    /// returned as replies if `in_band`.
    fn receive_where(&mut self, text: bool, in_band: bool) -> Result<Got, Stop> {
        loop {
            let Some(link) = &mut self.link else { return Ok(Got::Left) };
            let reply = match link.receive_any() {
                Ok(reply) => reply,
                Err(error) => return self.failed(error),
            };
            if matches!(reply, Value::Push(_)) && !in_band {
                if self.options.show_pushes {
                    self.print(&self.options.style.push(&reply))?;
                }
                continue;
            }
            if let Some(error) = reply.error_text() {
                if self.options.cluster
                    && let Some(redirect) = redirect::parse(error)
                {
                    return Ok(Got::Redirect(redirect));
                }
                if self.options.error_code && !self.interactive {
                    return Err(Stop::failed(String::from_utf8_lossy(error)));
                }
            }
            self.print_reply(&reply, text)?;
            return Ok(Got::Reply(reply));
        }
    }

    /// Prints a reply in the session's form, or as the text it is.
    pub(super) fn print_reply(&self, reply: &Value, text: bool) -> Result<(), Stop> {
        let style = &self.options.style;
        self.print(&if text { style.text_reply(reply) } else { style.reply(reply) })
    }

    /// Sorts a failure of the connection: wanted by the user, to be survived, or the end.
    fn failed(&mut self, error: Error) -> Result<Got, Stop> {
        if self.interrupt.take() {
            // The terminal has shown ^C where the reply would have been.
            self.print(b"\n")?;
            self.connect(false);
            return Ok(Got::Left);
        }
        if self.shutting_down {
            self.disconnect();
            return Ok(Got::Left);
        }
        if self.interactive && matches!(error, Error::Closed | Error::Io(_)) {
            return Ok(Got::Lost(error));
        }
        Err(Stop::failed(format!("Error: {error}")))
    }

    fn follow(&mut self, redirect: Redirect) -> Result<(), Stop> {
        if let Some(host) = redirect.host {
            self.options.host = host;
        }
        self.options.port = redirect.port;
        if self.interactive {
            let line = format!(
                "-> Redirected to slot [{}] located at {}:{}\n",
                redirect.slot, self.options.host, self.options.port
            );
            self.print(line.as_bytes())?;
        }
        self.disconnect();
        self.asking = redirect.ask;
        Ok(())
    }

    /// What the reply to a command changes for the session.
    fn settle(&mut self, command: &[Vec<u8>], reply: &Value) {
        let name = command.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
        let failed = reply.is_error();
        match (name.as_slice(), command.len()) {
            (b"select", 2) if !failed => self.database_is(atoi(&command[1])),
            (b"auth", 2 | 3) => {
                self.select();
            }
            (b"multi", 1) if !failed => self.transaction = Some(self.database),
            (b"exec", 1) => {
                if let Some(before) = self.transaction.take()
                    && (failed || *reply == Value::Null)
                {
                    self.database_is(before);
                }
            }
            (b"discard", 1) if !failed => {
                if let Some(before) = self.transaction.take() {
                    self.database_is(before);
                }
            }
            (b"reset", 1) if !failed => {
                self.transaction = None;
                self.subscriptions = Subscriptions::default();
                self.resp3 = false;
                self.database_is(0);
            }
            (b"hello", _) if !failed => self.resp3 = matches!(reply, Value::Map(_)),
            _ => {}
        }
    }

    fn database_is(&mut self, database: i64) {
        self.database = database;
        self.options.database = database;
    }

    /// The kind of a message for subscribers (`message`, `subscribe`, …); `None` for others.
    fn message_kind<'a>(&self, reply: &'a Value) -> Option<&'a [u8]> {
        let items = match (reply, self.resp3) {
            (Value::Push(items), true) | (Value::Array(items), false) if items.len() >= 3 => items,
            _ => return None,
        };
        match items.first() {
            Some(Value::Bulk(kind))
                if kind.ends_with(b"message") || kind.ends_with(b"subscribe") =>
            {
                Some(kind)
            }
            _ => None,
        }
    }

    /// Takes the number of subscriptions over from a message that confirms one.
    pub(super) fn count_subscriptions(&mut self, reply: &Value) {
        let Some(kind) = self.message_kind(reply) else { return };
        let Some(Value::Integer(count)) = reply.as_slice().and_then(|items| items.get(2)) else {
            return;
        };
        match kind {
            b"ssubscribe" | b"sunsubscribe" => self.subscriptions.shards = *count,
            kind if kind.ends_with(b"subscribe") => self.subscriptions.channels = *count,
            _ => {}
        }
    }
}

/// Whether the words are this command.
pub fn is_command(words: &[Vec<u8>], name: &str) -> bool {
    words.first().is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
}

fn subscribing(command: &[Vec<u8>]) -> bool {
    let names =
        ["subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe"];
    names.iter().any(|name| is_command(command, name))
}
