//! `Call`: the server as a running script sees it.

use crate::prelude::*;
use log::Level;
use redpoll_engine::script::{self, ScriptRun};
use redpoll_resp::{Proto, Reply};
use redpoll_script::{Host, Refusal, Verdict};

/// See the module's head.
pub(super) struct Call<'c, 'a> {
    pub ctx: &'c mut Ctx<'a>,
    pub run: ScriptRun,
    /// The script's SHA-1 or the function's name.
    pub name: &'c str,
    /// The command that runs it.
    pub args: Args<'c>,
    /// Where the reply begins; what commands answer to the script is written there, too.
    pub mark: usize,
    /// Lines for the log. They are held back while the script may have to begin again.
    pub lines: Vec<(Level, Vec<u8>)>,
}

impl Call<'_, '_> {
    fn write_lines(&mut self) {
        for (level, line) in self.lines.drain(..) {
            log::log!(level, "{}", String::from_utf8_lossy(&line));
        }
    }

    /// Ends the run; what it has done stays.
    pub(super) fn finish(mut self) {
        self.write_lines();
        self.run.finish(self.ctx);
    }

    /// Takes the run back.
    pub(super) fn give_up(self) {
        self.ctx.reply.rewind(self.mark);
        self.run.give_up(self.ctx);
    }
}

impl Host for Call<'_, '_> {
    fn call(&mut self, args: Args<'_>) -> std::result::Result<&[u8], Refusal> {
        self.ctx.reply.rewind(self.mark);
        self.run.call(self.ctx, args)?;
        Ok(&self.ctx.reply.buffer()[self.mark..])
    }

    fn may_call(&mut self, args: Args<'_>) -> Option<bool> {
        script::may_call(self.ctx, args)
    }

    fn log(&mut self, level: u8, line: &[u8]) {
        let level = match level {
            0 => Level::Trace,
            1 => Level::Debug,
            2 => Level::Info,
            _ => Level::Warn,
        };
        if level <= log::max_level() {
            self.lines.push((level, line.to_vec()));
        }
        if self.run.is_final() {
            self.write_lines();
        }
    }

    fn set_proto(&mut self, proto: Proto) {
        self.run.set_proto(proto);
    }

    fn set_replication(&mut self, targets: u8) {
        self.run.set_replication(targets);
    }

    fn answer(&mut self) -> (Proto, Reply<'_>) {
        self.ctx.reply.rewind(self.mark);
        let proto = self.ctx.reply.proto();
        (self.run.proto(), Reply::new(self.ctx.reply.buffer(), proto))
    }

    fn look(&mut self) -> Verdict {
        let was_busy = self.run.is_busy();
        let verdict = self.run.look(self.ctx, self.name, self.args);
        if self.run.is_busy() && !was_busy {
            log::warn!(
                "Slow script detected: still in execution after {} milliseconds. It can be ended \
                 by {} as long as it has written nothing. Its name is {}.",
                self.run.elapsed().as_millis(),
                self.run.kill_command(),
                self.name
            );
        }
        verdict
    }
}
