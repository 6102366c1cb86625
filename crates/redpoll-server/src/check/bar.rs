//! A bar that shows how far reading has come, on a terminal.

use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(100);
const WIDTH: u64 = 40;

/// See the module's head.
pub struct Bar {
    total: u64,
    passed: u64,
    /// When it was drawn last; `None`: nobody is there to see it.
    drawn: Option<Instant>,
    shown: bool,
}

impl Bar {
    /// A bar for so many bytes.
    pub fn new(total: u64) -> Self {
        let seen = io::stderr().is_terminal();
        Bar { total, passed: 0, drawn: seen.then(Instant::now), shown: false }
    }

    /// So many more bytes have been read.
    pub fn pass(&mut self, bytes: u64) {
        self.passed += bytes;
        if self.drawn.is_some_and(|drawn| drawn.elapsed() >= EVERY) {
            self.drawn = Some(Instant::now());
            self.shown = true;
            // Nothing depends on it.
            let _ = write!(io::stderr(), "\r{}", line(self.passed, self.total));
        }
    }

    /// Takes it off the screen.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let blank = " ".repeat(line(self.total, self.total).chars().count());
            // As above.
            let _ = write!(io::stderr(), "\r{blank}\r");
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(passed: u64, total: u64) -> String {
    let passed = passed.min(total);
    let share = |of: u64| (u128::from(passed) * u128::from(of) / u128::from(total.max(1))) as u64;
    let full = share(WIDTH) as usize;
    let bar = format!("{}{}", "#".repeat(full), ".".repeat(WIDTH as usize - full));
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    format!("[{bar}] {:>3} % of {:.1} MiB", share(100), mebibytes(total))
}

/// A reader that moves a bar.
pub struct Watched<'b, R> {
    /// Where the bytes come from.
    pub inner: R,
    /// What shows them.
    pub bar: &'b mut Bar,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(target)?;
        self.bar.pass(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fills_from_left_to_right() {
        let bar = |passed| line(passed, 4 << 20);
        assert!(bar(0).starts_with("[....") && bar(0).ends_with("]   0 % of 4.0 MiB"));
        let full = bar(2 << 20).matches('#').count();
        assert_eq!((full, bar(2 << 20).contains(" 50 % of")), (20, true));
        assert!(bar(9 << 20).contains("####] 100 %"));
        assert!(line(0, 0).ends_with("0 % of 0.0 MiB"));
    }
}
