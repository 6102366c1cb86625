//! `--plot`: two charts a test, drawn for a person who would rather look than read.
//!
//! On the left, requests a second over time: warm-up, stalls and drifts show. On the right, how
//! many requests took how long, both axes logarithmic, so that one slow request among a million is
//! seen as well as the bulk; the percentiles people quote are marked.

use crate::options::Options;
use crate::progress::grouped;
use crate::record::{INTERVAL, Record};
use crate::run::Outcome;
use crate::svg::{
    Anchor, Canvas, GRID, INK, LABEL, MUTED, Style, round_step, short_number, short_time,
};

const WIDTH: f64 = 980.0;
const HEAD: f64 = 56.0;
const ROW: f64 = 284.0;
const THROUGHPUT: &str = "#2563eb";
const LATENCY: &str = "#0d9488";
const TITLE: Style = Style { size: 16.0, color: INK, bold: true, anchor: Anchor::Start };
const NOTE: Style = Style { size: 12.0, color: MUTED, bold: false, anchor: Anchor::Start };
const PANEL: Style = Style { size: 11.5, color: INK, bold: true, anchor: Anchor::Start };

/// Points of a throughput curve at most.
const POINTS_MAX: usize = 120;
/// Bars in a factor of ten of latency.
const BARS_A_DECADE: f64 = 24.0;
/// Marked percentiles.
const MARKS: &[(&str, f64)] = &[("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// A panel's inside.
#[derive(Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    fn x(&self, part: f64) -> f64 {
        self.left + (self.right - self.left) * part
    }

    fn y(&self, part: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * part
    }
}

/// The whole drawing, a row for each test.
pub fn document(options: &Options, outcomes: &[Outcome]) -> String {
    let mut canvas = Canvas::new(WIDTH, HEAD + ROW * outcomes.len() as f64 + 8.0);
    canvas.text(24.0, 36.0, "redpoll-benchmark", Style { size: 19.0, ..TITLE });
    let note = Style { anchor: Anchor::End, ..NOTE };
    canvas.text(WIDTH - 24.0, 36.0, &subtitle(options), note);
    for (index, outcome) in outcomes.iter().enumerate() {
        draw_row(&mut canvas, HEAD + ROW * index as f64, outcome);
    }
    canvas.finish()
}

fn subtitle(options: &Options) -> String {
    let mut parts = vec![
        options.endpoint().to_string(),
        format!("{} connections", options.clients),
        format!("pipeline {}", options.pipeline),
        format!("{}-byte values", options.data_size),
    ];
    if let Some(threads) = options.threads {
        parts.push(format!("{threads} threads"));
    }
    if let Some(keyspace) = options.keyspace {
        parts.push(format!("{} keys", short_number(keyspace as f64)));
    }
    parts.join(" · ")
}

fn draw_row(canvas: &mut Canvas, top: f64, outcome: &Outcome) {
    canvas.line((24.0, top), (WIDTH - 24.0, top), GRID, 1.0, "");
    let title: String = outcome.title.chars().take(70).collect();
    canvas.text(24.0, top + 30.0, &title, TITLE);
    let record = &outcome.record;
    let at = |quantile| short_time(record.latency.value_at_quantile(quantile) as f64);
    let note = format!(
        "{} requests per second · p50 {} · p99 {} · max {} · {} requests in {:.2} s",
        grouped(outcome.rate()),
        at(0.5),
        at(0.99),
        short_time(record.latency.max() as f64),
        grouped(record.requests() as f64),
        outcome.elapsed.as_secs_f64()
    );
    canvas.text(24.0, top + 50.0, &note, NOTE);
    if record.requests() == 0 {
        return;
    }
    let (upper, lower) = (top + 92.0, top + ROW - 34.0);
    let left = Area { left: 76.0, right: 476.0, top: upper, bottom: lower };
    let right = Area { left: 556.0, right: WIDTH - 32.0, top: upper, bottom: lower };
    canvas.text(left.left, upper - 14.0, "Requests per second over time", PANEL);
    draw_throughput(canvas, left, outcome);
    canvas.text(right.left, upper - 14.0, "Requests by latency", PANEL);
    draw_latency(canvas, right, record);
}

/// Rates over time: middle of the span in seconds, requests a second.
fn rates(outcome: &Outcome) -> Vec<(f64, f64)> {
    let timeline = &outcome.record.timeline;
    let interval = INTERVAL.as_secs_f64();
    let end = outcome.elapsed.as_secs_f64();
    let together = timeline.len().div_ceil(POINTS_MAX).max(1);
    let mut points = Vec::new();
    for (index, chunk) in timeline.chunks(together).enumerate() {
        let from = (index * together) as f64 * interval;
        let span = (chunk.len() as f64 * interval).min(end - from);
        // A sliver at the end says nothing about the rate.
        if span < interval * 0.25 && !points.is_empty() {
            continue;
        }
        let requests: u64 = chunk.iter().map(|interval| interval.requests).sum();
        points.push((from + span / 2.0, requests as f64 / span.max(1e-6)));
    }
    points
}

fn draw_throughput(canvas: &mut Canvas, area: Area, outcome: &Outcome) {
    let end = outcome.elapsed.as_secs_f64().max(1e-6);
    let points = rates(outcome);
    let highest = points.iter().map(|point| point.1).fold(1.0, f64::max);
    let step = round_step(highest * 1.05, 4);
    let top = (highest * 1.05 / step).ceil() * step;
    for tick in 0..=(top / step).round() as usize {
        let value = tick as f64 * step;
        horizontal(canvas, area, value / top, &short_number(value));
    }
    let step = round_step(end, 6);
    for tick in 0..=(end / step + 1e-9).floor() as usize {
        let value = tick as f64 * step;
        let label = match (tick, end) {
            (0, _) => "0".to_string(),
            (_, end) if end < 1.0 => short_time(value * 1e9),
            // One unit for the whole axis, with as many digits as the step has.
            _ => format!("{value:.*} s", if step < 0.95 { 1 } else { 0 }),
        };
        canvas.text(area.x(value / end), area.bottom + 17.0, &label, LABEL);
    }
    let place = |&(second, rate): &(f64, f64)| (area.x(second / end), area.y(rate / top));
    let mut curve: Vec<(f64, f64)> = points.iter().map(place).collect();
    // Out to both ends of the axis, level: the first and last point stand for their whole span.
    if let (Some(first), Some(last)) = (curve.first().copied(), curve.last().copied()) {
        curve.insert(0, (area.left, first.1));
        curve.push((area.right, last.1));
    }
    canvas.area(&curve, area.bottom, THROUGHPUT);
    base(canvas, area);
}

fn draw_latency(canvas: &mut Canvas, area: Area, record: &Record) {
    let latency = &record.latency;
    let low = (latency.min().max(1) as f64).log10();
    let high = (latency.max().max(1) as f64).log10();
    // Half a decade at least, so that a narrow distribution does not fill the panel.
    let margin = ((0.6 - (high - low)) / 2.0).max(0.05);
    let (low, high) = (low - margin, high + margin);
    let part = |nanoseconds: f64| (nanoseconds.log10() - low) / (high - low);
    let mut bars = vec![0u64; ((high - low) * BARS_A_DECADE).ceil() as usize];
    for value in latency.iter_recorded() {
        let bar = part(value.value_iterated_to().max(1) as f64) * bars.len() as f64;
        let last = bars.len() - 1;
        bars[(bar as usize).min(last)] += value.count_at_value();
    }
    let most = bars.iter().copied().max().unwrap_or(1).max(10) as f64;
    let top = most.log10() * 1.08 + 0.3;
    let height = |count: f64| (count.log10() + 0.3) / (top + 0.3);
    let decades = most.log10().ceil() as i32;
    for power in (0..=decades).step_by(if decades > 6 { 2 } else { 1 }) {
        let count = 10f64.powi(power);
        if height(count) <= 1.0 {
            horizontal(canvas, area, height(count), &short_number(count));
        }
    }
    time_axis(canvas, area, low, high);
    let width = (area.right - area.left) / bars.len() as f64;
    for (index, count) in bars.iter().enumerate().filter(|(_, count)| **count > 0) {
        let y = area.y(height(*count as f64));
        let x = area.left + width * index as f64;
        canvas.rect(x + 0.5, y, (width - 1.0).max(0.8), area.bottom - y, LATENCY, 0.85);
    }
    draw_marks(canvas, area, record, &part);
    base(canvas, area);
}

/// Ticks at 1, 2 and 5 times each power of ten, or at the powers alone when there are many.
fn time_axis(canvas: &mut Canvas, area: Area, low: f64, high: f64) {
    let factors: &[f64] = match high - low {
        span if span < 1.3 => &[1.0, 2.0, 3.0, 5.0],
        span if span < 2.6 => &[1.0, 3.0],
        _ => &[1.0],
    };
    for power in low.floor() as i32..=high.ceil() as i32 {
        for factor in factors {
            let value = factor * 10f64.powi(power);
            let part = (value.log10() - low) / (high - low);
            if (0.0..=1.0).contains(&part) {
                let x = area.x(part);
                canvas.line((x, area.bottom), (x, area.bottom + 4.0), MUTED, 1.0, "");
                canvas.text(x, area.bottom + 17.0, &short_time(value), LABEL);
            }
        }
    }
}

/// Dashed lines at the percentiles, their names above the panel; close ones move apart.
fn draw_marks(canvas: &mut Canvas, area: Area, record: &Record, part: &dyn Fn(f64) -> f64) {
    let mut free_from = f64::MIN;
    for (name, quantile) in MARKS {
        let value = record.latency.value_at_quantile(*quantile).max(1) as f64;
        let x = area.x(part(value));
        canvas.line((x, area.top), (x, area.bottom), INK, 1.0, "3 3");
        let label_x = x.max(free_from);
        let style = Style { size: 10.0, color: INK, bold: false, anchor: Anchor::Middle };
        canvas.text(label_x, area.top - 3.0, name, style);
        free_from = label_x + 12.0 + 5.0 * name.len() as f64;
    }
}

fn horizontal(canvas: &mut Canvas, area: Area, part: f64, label: &str) {
    let y = area.y(part);
    canvas.line((area.left, y), (area.right, y), GRID, 1.0, "");
    canvas.text(area.left - 8.0, y + 4.0, label, Style { anchor: Anchor::End, ..LABEL });
}

fn base(canvas: &mut Canvas, area: Area) {
    canvas.line((area.left, area.bottom), (area.right, area.bottom), MUTED, 1.0, "");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn outcome(elapsed_ms: u64, latencies: &[(u64, u64, u64)]) -> Outcome {
        let mut record = Record::new(3);
        for (count, latency_ns, now_ms) in latencies {
            record.add(*count, *latency_ns, now_ms * 1_000_000);
        }
        let elapsed = Duration::from_millis(elapsed_ms);
        Outcome { title: "GET <x>".into(), payload: 3, record, elapsed, cpu: Duration::ZERO }
    }

    #[test]
    fn rates_take_the_last_interval_for_what_it_is() {
        let measured = outcome(250, &[(100, 1, 50), (100, 1, 150), (50, 1, 249)]);
        let rates = rates(&measured);
        assert_eq!(rates.len(), 3);
        assert!(rates.iter().all(|rate| (rate.1 - 1000.0).abs() < 1e-6), "{rates:?}");
    }

    #[test]
    fn long_runs_are_thinned() {
        let seconds: Vec<(u64, u64, u64)> = (0..100).map(|s| (7, 1000, s * 1000)).collect();
        assert!(rates(&outcome(100_000, &seconds)).len() <= POINTS_MAX);
    }

    #[test]
    fn a_drawing_is_finite_whatever_was_measured() {
        let outcomes = [
            outcome(0, &[]),
            outcome(1, &[(1, 1, 0)]),
            outcome(900, &[(1_000_000, 80_000, 10), (1, 900_000_000, 899)]),
            outcome(1, &[(5, 0, 0)]),
        ];
        let text = document(&Options::default(), &outcomes);
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
        assert!(text.contains("GET &lt;x&gt;"));
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
}
