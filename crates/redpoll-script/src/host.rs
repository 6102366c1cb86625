//! `Host`: what a running script reaches of the server, and how Lua's callbacks find it.
//!
//! A callback of Lua must own what it uses, while a host borrows the command that runs the script.
//! So the host lies in a slot of the thread while a script runs, and only then.

use redpoll_resp::{Args, Proto, Reply};
use scoped_tls_hkt::{ReborrowMut, scoped_thread_local};

/// Why a command of a script did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The script is told so, code word first; counted by the server already.
    Error(String),
    /// The script is to end here, whatever it catches, and will be run again from its beginning.
    Restart,
}

/// How a script goes on after it has been looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Continue,
    /// Somebody has asked for its end.
    Kill,
    /// It is to be run again from its beginning.
    Restart,
}

/// The parts of the server that a script reaches.
pub trait Host {
    /// Runs a command and returns its encoded reply.
    fn call(&mut self, args: Args<'_>) -> Result<&[u8], Refusal>;

    /// Whether the user may run this command; `None` if there is no such command.
    fn may_call(&mut self, args: Args<'_>) -> Option<bool>;

    /// Writes a line to the server's log; the levels are those of `redis.log`, 0 to 3.
    fn log(&mut self, level: u8, line: &[u8]);

    /// Chooses the protocol in which replies come to the script.
    fn set_proto(&mut self, proto: Proto);

    /// Chooses where the effects of further commands go: bit 0 the append-only file, bit 1
    /// replicas.
    fn set_replication(&mut self, targets: u8);

    /// Where the script's value is to be written, and the protocol that the script has chosen for
    /// itself: it says what a boolean becomes. Asked for once, when the script has succeeded.
    fn answer(&mut self) -> (Proto, Reply<'_>);

    /// Called every hundred thousand instructions or so.
    fn look(&mut self) -> Verdict;
}

/// A host for as long as a script runs.
pub(crate) struct Slot<'a>(pub &'a mut dyn Host);

impl<'a> ReborrowMut<'a> for Slot<'_> {
    type Result = Slot<'a>;

    fn reborrow_mut(&'a mut self) -> Slot<'a> {
        Slot(&mut *self.0)
    }
}

scoped_thread_local!(static mut HOST: for<'a> Slot<'a>);

/// Lets `act` run with a host in the thread's slot.
pub(crate) fn with_host_set<R>(host: &mut dyn Host, act: impl FnOnce() -> R) -> R {
    HOST.set(Slot(host), act)
}

/// The host of the running script; `None` outside of one.
pub(crate) fn with_host<R>(act: impl FnOnce(&mut dyn Host) -> R) -> Option<R> {
    if !HOST.is_set() {
        return None;
    }
    Some(HOST.with(|slot| act(slot.0)))
}
