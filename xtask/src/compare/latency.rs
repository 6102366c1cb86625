//! Distributions of latencies as a picture: how long the slowest part of the requests takes.
//!
//! Along the bottom is how many of the requests are answered within the time that the line shows;
//! each step to the right leaves out nine tenths of what was left, so that the rare and slow ones
//! have as much room as the many. Times are to the tenfold, too, as sockets and memory are two
//! powers of ten apart.

use super::chart;
use super::report::median;
use std::fmt::Write;

/// The parts of the requests, in per cent, at which latencies are taken.
pub const QUANTILES: &[f64] =
    &[0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.95, 99.99];

/// One way to talk to a server, in one round.
#[derive(Clone, Debug)]
pub struct Curve {
    /// The server and the way.
    pub name: &'static str,
    /// Latencies at [`QUANTILES`].
    pub microseconds: Vec<f64>,
}

const SIZE: (f64, f64) = (960.0, 430.0);
/// Where the plot lies: left, top, right, bottom.
const PLOT: (f64, f64, f64, f64) = (78.0, 84.0, 742.0, 372.0);
const INK: &str = "#1f2937";
const MUTED: &str = "#6b7280";
const GRID: &str = "#e5e7eb";
/// Names and their colours, in the order of the legend.
const LINES: &[(&str, &str)] = &[
    ("Redis, TCP", "#9ca3af"),
    ("Redpoll, TCP", "#2563eb"),
    ("Redpoll, Unix socket", "#d97706"),
    ("Redpoll, shared memory", "#dc2626"),
];

/// The whole drawing; of several rounds, the median at each part.
pub fn document(subject: &str, curves: &[Curve]) -> String {
    let lines: Vec<(&str, &str, Vec<f64>)> = LINES
        .iter()
        .filter_map(|(name, color)| Some((*name, *color, middle(curves, name)?)))
        .collect();
    let all = || lines.iter().flat_map(|(.., line)| line.iter().copied()).filter(|v| *v > 0.0);
    let bottom = all().fold(f64::MAX, f64::min).min(0.3).log10().floor();
    let top = all().fold(0.0, f64::max).max(100.0).log10().ceil();
    let (width, height) = SIZE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"system-ui, -apple-system, \
         'Segoe UI', 'DejaVu Sans', sans-serif\">\n\
         <rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut out, (24.0, 36.0), "GET, one client: how long it takes", "start", (19.0, INK));
    text(&mut out, (24.0, 58.0), subject, "start", (11.5, MUTED));
    axes(&mut out, (bottom, top));
    for (_, color, line) in &lines {
        let points: Vec<String> = QUANTILES
            .iter()
            .zip(line)
            .map(|(quantile, micros)| {
                format!("{:.1},{:.1}", across(*quantile), up(*micros, (bottom, top)))
            })
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2.5\" \
             stroke-linejoin=\"round\"/>",
            points.join(" ")
        );
    }
    legend(&mut out, &lines);
    out.push_str("</svg>\n");
    out
}

/// The medians of all rounds of one way.
fn middle(curves: &[Curve], name: &str) -> Option<Vec<f64>> {
    let rounds: Vec<&Curve> = curves.iter().filter(|curve| curve.name == name).collect();
    (0..QUANTILES.len())
        .map(|index| {
            let values: Vec<f64> =
                rounds.iter().filter_map(|curve| curve.microseconds.get(index).copied()).collect();
            median(&values)
        })
        .collect()
}

/// Where a part of the requests lies.
fn across(quantile: f64) -> f64 {
    let (left, _, right, _) = PLOT;
    let most = 4.0;
    let rest = (1.0 - quantile / 100.0).max(1e-4);
    left + (right - left) * -rest.log10() / most
}

/// Where a latency lies, between two powers of ten.
fn up(micros: f64, (bottom, top): (f64, f64)) -> f64 {
    let (_, high, _, low) = PLOT;
    let part = (micros.max(1e-3).log10() - bottom) / (top - bottom);
    low - (low - high) * part.clamp(0.0, 1.0)
}

fn axes(out: &mut String, (bottom, top): (f64, f64)) {
    let (left, high, right, low) = PLOT;
    for power in (bottom as i32)..=(top as i32) {
        let micros = 10f64.powi(power);
        let y = up(micros, (bottom, top));
        line(out, (left, y), (right, y));
        let label = match power {
            ..=2 => format!("{micros} µs"),
            3..=5 => format!("{} ms", micros / 1e3),
            _ => format!("{} s", micros / 1e6),
        };
        text(out, (left - 8.0, y + 4.0), &label, "end", (11.0, MUTED));
    }
    for (quantile, label) in
        [(0.0, "0 %"), (90.0, "90 %"), (99.0, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %")]
    {
        let x = across(quantile);
        line(out, (x, high), (x, low));
        text(out, (x, low + 18.0), label, "middle", (11.0, MUTED));
    }
    let middle = across(50.0);
    line(out, (middle, high), (middle, low));
    text(out, (middle, low + 18.0), "50 %", "middle", (11.0, MUTED));
    let under = "of the requests are answered within";
    text(out, ((left + right) / 2.0, low + 40.0), under, "middle", (11.5, MUTED));
}

fn legend(out: &mut String, lines: &[(&str, &str, Vec<f64>)]) {
    let x = PLOT.2 + 20.0;
    for (index, (name, color, line)) in lines.iter().enumerate() {
        let y = PLOT.1 + 16.0 + 46.0 * index as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"14\" height=\"4\" fill=\"{color}\"/>",
            y - 6.0
        );
        text(out, (x + 20.0, y), name, "start", (12.5, INK));
        let at = |quantile: f64| {
            let index = QUANTILES.iter().position(|known| *known == quantile);
            index.and_then(|index| line.get(index)).copied().unwrap_or_default()
        };
        let figures = format!("50 %: {}, 99.9 %: {}", time(at(50.0)), time(at(99.9)));
        text(out, (x + 20.0, y + 17.0), &figures, "start", (10.5, MUTED));
    }
}

fn time(micros: f64) -> String {
    match micros {
        m if m < 10.0 => format!("{m:.2} µs"),
        m if m < 1e3 => format!("{m:.0} µs"),
        m => format!("{:.1} ms", m / 1e3),
    }
}

fn line(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{GRID}\"/>"
    );
}

fn text(out: &mut String, at: (f64, f64), text: &str, anchor: &str, (size, color): (f64, &str)) {
    chart::text(out, at, text, anchor, size, color, size > 15.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_that_was_measured_has_a_line() {
        let curve = |name, micros: f64| Curve { name, microseconds: vec![micros; QUANTILES.len()] };
        let curves = [
            curve("Redis, TCP", 50.0),
            curve("Redpoll, shared memory", 0.4),
            curve("Redpoll, shared memory", 0.6),
        ];
        let drawing = document("a < b", &curves);
        assert_eq!(drawing.matches("<polyline").count(), 2);
        assert!(drawing.contains("a &lt; b") && drawing.contains("50 %: 0.50 µs"), "{drawing}");
        assert!(!drawing.contains("Redpoll, TCP"));
    }

    #[test]
    fn parts_go_to_the_right_and_times_upwards() {
        assert!(across(0.0) < across(50.0) && across(99.9) < across(99.99));
        assert_eq!((across(0.0), across(99.99).round()), (PLOT.0, PLOT.2));
        assert!(up(1.0, (-1.0, 3.0)) > up(100.0, (-1.0, 3.0)));
    }
}
