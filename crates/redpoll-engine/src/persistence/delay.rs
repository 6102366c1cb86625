//! Artificial slowness, for tests that want to look at a snapshot while it is written or loaded
//! (`rdb-key-save-delay`, `key-load-delay`).

use std::thread;
use std::time::Duration;

/// The longest sleep between two looks at whether to go on.
const SLICE: Duration = Duration::from_millis(10);

/// A wait after each key, or, if negative, of a microsecond after so many keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delay {
    micros: i64,
    keys: u64,
}

impl Delay {
    /// As a directive says it; 0: none.
    pub fn new(micros: i64) -> Self {
        Delay { micros, keys: 0 }
    }

    /// Waits for what is due after one more key, as long as `go_on` answers true.
    #[inline]
    pub fn after_key(&mut self, go_on: impl Fn() -> bool) {
        if self.micros != 0 {
            self.wait(go_on);
        }
    }

    #[cold]
    fn wait(&mut self, go_on: impl Fn() -> bool) {
        self.keys += 1;
        let mut left = match u64::try_from(self.micros) {
            Ok(micros) => Duration::from_micros(micros),
            Err(_) if self.keys.is_multiple_of(self.micros.unsigned_abs()) => {
                Duration::from_micros(1)
            }
            Err(_) => Duration::ZERO,
        };
        while !left.is_zero() && go_on() {
            let step = left.min(SLICE);
            thread::sleep(step);
            left -= step;
        }
    }
}
