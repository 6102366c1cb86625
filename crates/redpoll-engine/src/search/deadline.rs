//! How long a query may take.

use redpoll_search::execute::Interrupt;
use std::time::{Duration, Instant};

/// A moment at which a query is given up, and when it began.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    begun: Instant,
    over: Option<Instant>,
}

impl Deadline {
    /// So many milliseconds from now; 0: never.
    pub fn after(milliseconds: u64) -> Self {
        let begun = Instant::now();
        let over = (milliseconds > 0)
            .then(|| begun.checked_add(Duration::from_millis(milliseconds)))
            .flatten();
        Deadline { begun, over }
    }

    /// Whether the time is over.
    pub fn is_over(&self) -> bool {
        self.over.is_some_and(|over| Instant::now() >= over)
    }

    /// How long it has taken so far, in microseconds.
    pub fn micros(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Interrupt for Deadline {
    fn stop(&self) -> bool {
        self.is_over()
    }
}
