//! The light load over time, as a picture: a line for each server, and the time of the heavy load
//! as a band.

use super::server::Flavor;
use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = 44.0;
const COLORS: [&str; 2] = ["#dc2626", "#6b7280"];

/// What was done in each step of a run.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The length of a step.
    pub step: Duration,
    /// When the heavy load was there.
    pub heavy: Range<Duration>,
    /// Replies a second, step by step.
    pub rates: Vec<f64>,
}

/// The scales of the drawing.
struct Frame {
    /// The highest rate, with some air.
    most: f64,
    seconds: f64,
}

impl Frame {
    fn x(&self, at: f64) -> f64 {
        LEFT + at / self.seconds * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, rate: f64) -> f64 {
        HEIGHT - BOTTOM - rate / self.most * (HEIGHT - TOP - BOTTOM)
    }
}

/// The whole drawing of both sides' runs, in the order of [`Flavor::index`].
pub fn document(subject: &str, runs: [&Timeline; 2]) -> String {
    let most = runs.iter().flat_map(|run| &run.rates).copied().fold(1.0, f64::max) * 1.1;
    let frame = Frame { most, seconds: runs[0].step.as_secs_f64() * runs[0].rates.len() as f64 };
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\" \
         viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" font-family=\"system-ui, -apple-system, \
         'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"11\" fill=\"#6b7280\">\n\
         <rect width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\" fill=\"#ffffff\"/>\n"
    );
    background(&mut out, &frame, runs[0]);
    for (run, color) in runs.iter().zip(COLORS) {
        let step = run.step.as_secs_f64();
        let point = |(index, rate): (usize, &f64)| {
            format!("{:.1},{:.1}", frame.x((index as f64 + 0.5) * step), frame.y(*rate))
        };
        let points: Vec<String> = run.rates.iter().enumerate().map(point).collect();
        let points = points.join(" ");
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>"
        );
    }
    head(&mut out, subject);
    out.push_str("</svg>\n");
    out
}

/// The time of the heavy load, and the axes.
fn background(out: &mut String, frame: &Frame, run: &Timeline) {
    let (from, to) = (frame.x(run.heavy.start.as_secs_f64()), frame.x(run.heavy.end.as_secs_f64()));
    let _ = writeln!(
        out,
        "<rect x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#fef3c7\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">five clients with KEYS *</text>",
        to - from,
        HEIGHT - TOP - BOTTOM,
        (from + to) / 2.0,
        TOP + 16.0
    );
    for quarter in 0..=4 {
        let rate = frame.most * f64::from(quarter) / 4.0;
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\" stroke=\"#e5e7eb\"/>\n\
             <text x=\"{2:.1}\" y=\"{3:.1}\" text-anchor=\"end\">{rate:.0}</text>",
            frame.y(rate),
            WIDTH - RIGHT,
            LEFT - 8.0,
            frame.y(rate) + 4.0
        );
    }
    for second in 0..=frame.seconds as u32 {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{second} s</text>",
            frame.x(second.into()),
            HEIGHT - BOTTOM + 18.0
        );
    }
}

/// What it shows, and whose lines they are.
fn head(out: &mut String, subject: &str) {
    let title = "GETs a second of ten clients";
    let _ = writeln!(
        out,
        "<text x=\"24\" y=\"32\" font-size=\"19\" font-weight=\"600\" \
         fill=\"#1f2937\">{title}</text>\n<text x=\"24\" y=\"54\">{}</text>",
        subject.replace('&', "&amp;").replace('<', "&lt;")
    );
    for (flavor, left) in [(Flavor::Ours, WIDTH - 190.0), (Flavor::Peer, WIDTH - 90.0)] {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"23\" width=\"12\" height=\"12\" fill=\"{}\"/>\n\
             <text x=\"{:.1}\" y=\"33\" font-size=\"12.5\" fill=\"#1f2937\">{}</text>",
            COLORS[flavor.index()],
            left + 18.0,
            flavor.name()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_and_a_band() {
        let run = Timeline {
            step: Duration::from_millis(100),
            heavy: Duration::from_secs(1)..Duration::from_secs(2),
            rates: vec![10.0; 30],
        };
        let drawing = document("a < b", [&run, &run]);
        assert_eq!(drawing.matches("<polyline").count(), 2);
        assert!(drawing.contains("a &lt; b") && drawing.contains("#fef3c7"));
    }
}
