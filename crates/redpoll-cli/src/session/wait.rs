//! A subscriber at the keyboard: messages are printed as they come, until a key is pressed or
//! Ctrl-C ends the subscriptions.

use std::io;
use std::time::Duration;

use redpoll_client::Error;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::Session;
use crate::format::Output;
use crate::options::stdout_is_terminal;
use crate::stop::Stop;

/// How long to wait before the line that says so is drawn again.
const ROUND: Duration = Duration::from_secs(5);

/// How long to wait for a transport that cannot be polled before looking at the keyboard.
const ROUND_UNPOLLED: Duration = Duration::from_millis(50);

/// What ended a wait.
enum Woken {
    Message,
    Key,
    Nothing,
}

impl Session {
    /// Prints messages until somebody types.
    pub fn wait_for_messages_or_key(&mut self) -> Result<(), Stop> {
        let notice = self.options.style.output != Output::Raw && stdout_is_terminal();
        let _keys = SingleKeys::of_stdin();
        let _guard = self.link.as_ref().map(|link| self.interrupt.aim_at_waits(link.transport()));
        while self.is_subscribed() {
            self.print_buffered()?;
            if !self.is_subscribed() {
                break;
            }
            if notice {
                let line = "Reading messages... \
                            (press Ctrl-C to quit or any key to type command)\r";
                let paint = self.options.style.paint;
                self.print(paint.text(crate::format::paint::Role::Faint, line).as_bytes())?;
            }
            let woken = self.wait_round();
            if notice {
                self.print(b"\x1b[K")?;
            }
            match woken {
                Ok(Woken::Message) => self.print_message()?,
                Ok(Woken::Key) => break,
                Ok(Woken::Nothing) => {}
                Err(_) if self.interrupt.take() => {
                    self.connect_or_stop()?;
                }
                Err(error) => return Err(Stop::failed(format!("Error: {error}"))),
            }
        }
        if let Some(link) = &self.link {
            // Only a transport that cannot be polled has been given a timeout.
            let _ = link.transport().set_read_timeout(None);
        }
        Ok(())
    }

    /// Prints what has been read from the connection already.
    fn print_buffered(&mut self) -> Result<(), Stop> {
        while let Some(link) = &mut self.link {
            match link.buffered() {
                Ok(Some(reply)) => {
                    self.print_reply(&reply, false)?;
                    self.count_subscriptions(&reply);
                }
                Ok(None) => break,
                Err(error) => return Err(Stop::failed(format!("Error: {error}"))),
            }
        }
        Ok(())
    }

    /// Reads and prints one message that is known to be there.
    fn print_message(&mut self) -> Result<(), Stop> {
        let Some(link) = &mut self.link else { return Ok(()) };
        match link.receive_any() {
            Ok(reply) => {
                self.print_reply(&reply, false)?;
                self.count_subscriptions(&reply);
                Ok(())
            }
            Err(_) if self.interrupt.take() => self.connect_or_stop(),
            Err(Error::Timeout) => Ok(()),
            Err(error) => Err(Stop::failed(format!("Error: {error}"))),
        }
    }

    fn wait_round(&mut self) -> Result<Woken, Error> {
        let Some(link) = &mut self.link else { return Err(Error::Closed) };
        let stdin = io::stdin();
        let Some(socket) = link.transport().poll_fd() else {
            let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
            let _ = poll(&mut fds, Some(&timespec(Duration::ZERO)));
            link.transport().set_read_timeout(Some(ROUND_UNPOLLED))?;
            return Ok(if fds[0].revents().is_empty() { Woken::Message } else { Woken::Key });
        };
        let mut fds =
            [PollFd::from_borrowed_fd(socket, PollFlags::IN), PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, Some(&timespec(ROUND))) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Error::Io(error.into())),
        }
        Ok(if !fds[0].revents().is_empty() {
            Woken::Message
        } else if !fds[1].revents().is_empty() {
            Woken::Key
        } else {
            Woken::Nothing
        })
    }
}

fn timespec(duration: Duration) -> Timespec {
    // Rounds are seconds at most.
    Timespec::try_from(duration).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
}

/// The terminal in a state in which single keys are seen, and not echoed; as before when dropped.
struct SingleKeys {
    before: Option<Termios>,
}

impl SingleKeys {
    fn of_stdin() -> Self {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin).ok();
        if let Some(before) = &before {
            let mut single = before.clone();
            single.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            let _ = tcsetattr(&stdin, OptionalActions::Now, &single);
        }
        Self { before }
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
