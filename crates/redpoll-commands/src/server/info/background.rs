//! INFO's section `Background`: long commands, and the locks that they have held.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use std::sync::atomic::Ordering::Relaxed;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let background = &ctx.engine.background;
    let (census, counts) = (background.census(), &background.counts);
    text.field("background_threads", ctx.engine.background_threads());
    text.field("background_threads_started", census.threads);
    text.field("background_queued", census.queued);
    text.field("background_running", census.running);
    text.field("background_held", census.held);
    text.field("background_finished", counts.finished.load(Relaxed));
    text.field("background_cancelled", counts.cancelled.load(Relaxed));
    text.field("background_rejected", counts.rejected.load(Relaxed));
    text.field("background_retried", counts.retried.load(Relaxed));
    text.field("background_inlined", counts.inlined.load(Relaxed));
    text.field("background_faults", counts.faults.load(Relaxed));
    text.field("background_slices", counts.slices.load(Relaxed));
    text.field("background_longest_lock_us", counts.longest_slice.load(Relaxed) / 1000);
    text.field("background_longest_task_us", counts.longest_task.load(Relaxed));
}
