//! A connection whose command is in the background: its answer comes in parts, which are sent as
//! fast as the client reads. What others have for the client comes behind it, and its further
//! commands wait.

use super::Connection;
use redpoll_engine::Executor;

/// Bytes of an answer that may be unsent while more of it is taken.
const UNSENT_MAX: usize = 256 << 10;

impl Connection {
    /// Takes what there is of the answer, unless the client has not read the parts before; and goes
    /// on in the foreground when that was all.
    pub(super) fn pull(&mut self, executor: &mut Executor, out: &mut Vec<u8>, now: i64) {
        let hard = usize::try_from(self.output_limit(executor).hard_bytes).unwrap_or(0);
        let most = if hard > 0 { UNSENT_MAX.min(hard / 2) } else { UNSENT_MAX };
        if self.unsent() > most {
            return;
        }
        let done = self.session.has_come_back();
        if let Some(task) = self.session.background() {
            task.take_reply(out);
        }
        if done {
            executor.come_back(&mut self.session, out, now);
            self.rest_if_ahead(executor.engine());
        }
    }

    /// Lets the connection be looked at again if more of an answer can be sent now.
    pub(super) fn ask_for_more(&self) {
        if let Some(task) = self.session.background()
            && (task.is_done() || task.waiting_bytes() > 0)
        {
            self.session.client.wake();
        }
    }
}
