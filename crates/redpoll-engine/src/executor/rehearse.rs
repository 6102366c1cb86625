//! Going through what a command takes before there is one.
//!
//! A thread that has slept for milliseconds finds the processor's caches cold: the first command
//! then takes ten times as long as the next one. One that has got up because it expects a request
//! uses the time until it comes.

use super::Executor;
use super::check::Verdict;
use super::prepare::Plan;
use crate::session::Session;
use redpoll_resp::Batch;

impl Executor {
    /// Plans, checks and runs a batch of harmless commands for a session that is nobody's. Nothing
    /// is counted, logged or told to anybody, and the replies are of no use.
    pub fn rehearse(
        &mut self,
        session: &mut Session,
        (batch, buffer): (&Batch, &[u8]),
        plan: &mut Plan,
        out: &mut Vec<u8>,
        now: i64,
    ) {
        self.refresh_settings();
        self.refresh_user(session);
        self.plan(session, batch, buffer, plan);
        self.prefetch(session, plan);
        for index in 0..batch.len() {
            let (args, prepared) = (batch.command(index, buffer), plan.0[index]);
            if let Verdict::Run(command, id) = self.check(session, &prepared, args, now) {
                self.run(session, (command, id), args, prepared.hash, out, now);
            }
        }
    }
}
