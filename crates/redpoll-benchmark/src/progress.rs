//! How far a test is: a bar that is drawn over itself on a terminal, and nothing in a pipe.

use crate::options::Options;
use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

/// Cells of the bar.
const CELLS: usize = 24;

/// The bar of one test.
pub struct Progress {
    title: String,
    /// Requests in all, if that is what ends the test.
    limit: Option<u64>,
    duration: Option<Duration>,
    start: Instant,
    /// When the bar was last drawn, and the requests answered by then.
    last: (Instant, u64),
    enabled: bool,
    drawn: bool,
}

impl Progress {
    /// The bar of a test that starts now.
    pub fn new(title: &str, options: &Options) -> Progress {
        let now = Instant::now();
        Progress {
            title: title.chars().take(30).collect(),
            limit: Some(options.request_limit()).filter(|limit| *limit != u64::MAX),
            duration: options.duration,
            start: now,
            last: (now, 0),
            enabled: !options.csv && stdout().is_terminal(),
            drawn: false,
        }
    }

    /// Draws the bar.
    pub fn show(&mut self, finished: u64) {
        if !self.enabled {
            return;
        }
        let now = Instant::now();
        let since = now.duration_since(self.last.0).as_secs_f64().max(1e-9);
        let rate = (finished - self.last.1) as f64 / since;
        self.last = (now, finished);
        let line = self.line(finished, rate, now.duration_since(self.start));
        // Without a terminal there is nobody to see what could not be drawn.
        let mut out = stdout();
        let _ = write!(out, "\r{line}\x1b[K").and_then(|()| out.flush());
        self.drawn = true;
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if self.drawn {
            let mut out = stdout();
            let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
            self.drawn = false;
        }
    }

    fn line(&self, finished: u64, rate: f64, elapsed: Duration) -> String {
        let by_count = self.limit.map_or(0.0, |limit| finished as f64 / limit as f64);
        let by_time =
            self.duration.map_or(0.0, |whole| elapsed.as_secs_f64() / whole.as_secs_f64());
        let part = by_count.max(by_time).clamp(0.0, 1.0);
        let full = (part * CELLS as f64).round() as usize;
        let overall = finished as f64 / elapsed.as_secs_f64().max(1e-9);
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(CELLS - full));
        format!(
            "{}  {bar} {:3.0}%  {:>9} rps  (overall {})",
            self.title,
            part * 100.0,
            grouped(rate),
            grouped(overall)
        )
    }
}

/// A whole number with thin groups of three digits: `1,234,567`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_the_part_that_is_done() {
        let options = Options { requests: Some(200), ..Options::default() };
        let progress = Progress::new("GET", &options);
        let line = progress.line(50, 1234.5, Duration::from_secs(1));
        assert_eq!(line, "GET  ██████░░░░░░░░░░░░░░░░░░  25%      1,234 rps  (overall 50)");
        let full = progress.line(200, 0.0, Duration::from_secs(1));
        assert!(full.contains("100%") && !full.contains('░'));
    }

    #[test]
    fn time_counts_where_it_is_the_limit() {
        let options = Options { duration: Some(Duration::from_secs(10)), ..Options::default() };
        let line = Progress::new("GET", &options).line(5, 1.0, Duration::from_secs(5));
        assert!(line.contains(" 50%"), "{line}");
    }

    #[test]
    fn digits_are_grouped() {
        for (number, text) in
            [(0.0, "0"), (999.4, "999"), (1000.0, "1,000"), (12345678.0, "12,345,678")]
        {
            assert_eq!(grouped(number), text);
        }
    }
}
