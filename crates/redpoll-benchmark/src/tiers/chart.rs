//! The drawing: a panel for each thing of interest, one above the other, over the same seconds.

use super::{Gathered, Reading};
use crate::options::Options;
use crate::svg::{Anchor, Canvas, GRID, INK, LABEL, MUTED, Style, round_step, short_number};

const WIDTH: f64 = 980.0;
const HEAD: f64 = 72.0;
const PANEL: f64 = 150.0;
/// Where a panel's inside begins and ends.
const UPPER: f64 = 26.0;
const LOWER: f64 = PANEL - 12.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = WIDTH - 32.0;
const NEAR: &str = "#2563eb";
const FAR: &str = "#0d9488";
const WANTED: &str = "#dc2626";
const TITLE: Style = Style { size: 11.5, color: INK, bold: true, anchor: Anchor::Start };
/// Seconds over which a rate is taken.
const SPAN: f64 = 0.5;

/// A line: its name, colour and pattern, and its points in seconds and values.
struct Line {
    name: &'static str,
    color: &'static str,
    dash: &'static str,
    points: Vec<(f64, f64)>,
}

/// A panel of the drawing.
struct Panel {
    title: &'static str,
    /// What stands behind a number of the axis, and the highest value if that is fixed.
    unit: &'static str,
    most: Option<f64>,
    lines: Vec<Line>,
}

/// The whole drawing.
pub(super) fn document(options: &Options, gathered: &Gathered) -> String {
    let panels = panels(&gathered.readings);
    let height = HEAD + PANEL * panels.len() as f64 + 28.0;
    let mut canvas = Canvas::new(WIDTH, height);
    let title = Style { size: 19.0, ..TITLE };
    canvas.text(24.0, 36.0, "Two tiers of memory", title);
    let note = Style { size: 12.0, color: MUTED, bold: false, anchor: Anchor::End };
    canvas.text(WIDTH - 24.0, 36.0, &options.endpoint().to_string(), note);
    let end = gathered.readings.last().map_or(0.0, |reading| reading.at).max(0.1);
    let x = |at: f64| LEFT + (RIGHT - LEFT) * (at / end).clamp(0.0, 1.0);
    let bottom = HEAD + PANEL * panels.len() as f64 - 12.0;
    let marks = marks(gathered);
    draw_marks(&mut canvas, &marks, &x);
    for (index, panel) in panels.iter().enumerate() {
        let top = HEAD + PANEL * index as f64;
        // Not through the titles.
        for (at, _) in &marks {
            let ends = [top + UPPER, top + LOWER].map(|y| (x(*at), y));
            canvas.line(ends[0], ends[1], MUTED, 1.0, "2 3");
        }
        draw(&mut canvas, top, panel, &x);
    }
    let step = round_step(end, 10);
    for tick in 0..=(end / step + 1e-9) as usize {
        let at = tick as f64 * step;
        let label = format!("{at:.*} s", if step < 0.95 { 1 } else { 0 });
        canvas.text(x(at), bottom + 18.0, &label, LABEL);
    }
    canvas.finish()
}

/// What happened when: tests that began, and what the server was told meanwhile.
fn marks(gathered: &Gathered) -> Vec<(f64, String)> {
    let mut marks = gathered.tests.clone();
    for pair in gathered.readings.windows(2) {
        let (before, now) = (&pair[0], &pair[1]);
        if before.policy != now.policy {
            marks.push((now.at, format!("policy {}", now.policy)));
        } else if now.is_ratio() && (before.wanted - now.wanted).abs() > 1e-6 {
            marks.push((now.at, format!("{:.0} % wanted", now.wanted * 100.0)));
        }
    }
    marks.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    marks
}

/// Writes the name of each mark above all panels, in two rows where they are close.
fn draw_marks(canvas: &mut Canvas, marks: &[(f64, String)], x: &dyn Fn(f64) -> f64) {
    let style = Style { size: 10.0, color: MUTED, bold: false, anchor: Anchor::Start };
    let mut free_from = [f64::MIN; 2];
    for (at, name) in marks {
        let (left, name) = (x(*at), name.chars().take(24).collect::<String>());
        canvas.line((left, HEAD - 10.0), (left, HEAD), MUTED, 1.0, "2 3");
        let Some(row) = free_from.iter().position(|free| *free <= left) else { continue };
        canvas.text(left + 4.0, HEAD - 4.0 - 12.0 * row as f64, &name, style);
        free_from[row] = left + 10.0 + 5.5 * name.chars().count() as f64;
    }
}

/// The panels that have something to show.
fn panels(readings: &[Reading]) -> Vec<Panel> {
    let line = |name, color, dash, value: &dyn Fn(&Reading) -> f64| Line {
        name,
        color,
        dash,
        points: readings.iter().map(|reading| (reading.at, value(reading))).collect(),
    };
    let mut panels = vec![Panel {
        title: "Far memory's part of the bytes",
        unit: " %",
        most: Some(100.0),
        lines: vec![line("reached", FAR, "", &|reading| reading.share * 100.0)],
    }];
    if readings.iter().any(Reading::is_ratio) {
        // Other policies aim at no share.
        let line = |name, color, dash, value: &dyn Fn(&Reading) -> f64| {
            let of_ratio = readings.iter().filter(|reading| reading.is_ratio());
            let points = of_ratio.map(|reading| (reading.at, value(reading))).collect();
            Line { name, color, dash, points }
        };
        panels[0].lines.push(line("wanted", WANTED, "5 4", &|reading| reading.wanted * 100.0));
        panels.push(Panel {
            title: "Threshold: values of this size and larger go to far memory",
            unit: " B",
            most: None,
            lines: vec![line("", NEAR, "", &|reading| reading.threshold)],
        });
    }
    let uses = changes(readings, |reading| [reading.near_hits, reading.far_hits]);
    if uses.iter().any(|(_, _, [near, far])| near + far > 0.0) {
        let part = |(at, _, [near, far]): &(f64, f64, [f64; 2])| {
            (near + far > 0.0).then(|| (*at, near / (near + far) * 100.0))
        };
        let points = uses.iter().filter_map(part).collect();
        panels.push(Panel {
            title: "Uses that find their value in DRAM",
            unit: " %",
            most: Some(100.0),
            lines: vec![Line { name: "", color: NEAR, dash: "", points }],
        });
    }
    let moved = changes(readings, |reading| [reading.promoted, reading.demoted]);
    if moved.iter().any(|(_, _, [up, down])| up + down > 0.0) {
        let rate = |at: usize| {
            let points = moved.iter().map(|(when, span, moved)| (*when, moved[at] / span / 1e6));
            points.collect()
        };
        let lines = vec![
            Line { name: "to DRAM", color: NEAR, dash: "", points: rate(0) },
            Line { name: "to far memory", color: FAR, dash: "", points: rate(1) },
        ];
        panels.push(Panel { title: "Moved a second", unit: " MB", most: None, lines });
    }
    panels
}

/// By how much two counters have grown: the middle of each span, its length, and the growth.
fn changes(
    readings: &[Reading],
    counters: impl Fn(&Reading) -> [f64; 2],
) -> Vec<(f64, f64, [f64; 2])> {
    let mut found = Vec::new();
    let Some(mut before) = readings.first() else { return found };
    for reading in &readings[1..] {
        let span = reading.at - before.at;
        if span < SPAN {
            continue;
        }
        let (old, new) = (counters(before), counters(reading));
        let grown = [0, 1].map(|at| (new[at] - old[at]).max(0.0));
        found.push((before.at + span / 2.0, span, grown));
        before = reading;
    }
    found
}

fn draw(canvas: &mut Canvas, top: f64, panel: &Panel, x: &dyn Fn(f64) -> f64) {
    let (upper, lower) = (top + UPPER, top + LOWER);
    canvas.text(LEFT, upper - 9.0, panel.title, TITLE);
    let highest = panel.lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    let highest = highest.fold(1.0, f64::max) * 1.05;
    let step = panel.most.map_or_else(|| round_step(highest, 4), |most| most / 4.0);
    let most = panel.most.unwrap_or_else(|| (highest / step).ceil() * step);
    let y = |value: f64| lower - (lower - upper) * (value / most).clamp(0.0, 1.0);
    for tick in 0..=(most / step).round() as usize {
        let value = tick as f64 * step;
        canvas.line((LEFT, y(value)), (RIGHT, y(value)), GRID, 1.0, "");
        let label = format!("{}{}", short_number(value), panel.unit);
        let style = Style { anchor: Anchor::End, ..LABEL };
        canvas.text(LEFT - 8.0, y(value) + 4.0, &label, style);
    }
    let mut right = RIGHT;
    for line in panel.lines.iter().rev() {
        let place = |&(at, value): &(f64, f64)| (x(at), y(value));
        let curve: Vec<(f64, f64)> = line.points.iter().map(place).collect();
        canvas.curve(&curve, line.color, line.dash);
        if line.name.is_empty() {
            continue;
        }
        let style = Style { size: 11.0, color: line.color, bold: true, anchor: Anchor::End };
        canvas.text(right, upper - 9.0, line.name, style);
        right -= 6.5 * line.name.len() as f64 + 18.0;
    }
    canvas.line((LEFT, lower), (RIGHT, lower), MUTED, 1.0, "");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at: f64, policy: &str) -> Reading {
        let (policy, grown) = (policy.to_owned(), at * 1000.0);
        let (share, wanted, threshold) = (0.5, 0.75, 64.0);
        let (near_hits, far_hits, promoted, demoted) = (grown * 3.0, grown, grown, 0.0);
        Reading { at, policy, share, wanted, threshold, near_hits, far_hits, promoted, demoted }
    }

    #[test]
    fn what_there_is_to_show_is_shown() {
        let tests = vec![(0.3, "GET <x>".to_owned())];
        let readings = (0..30).map(|step| reading(f64::from(step) * 0.1, "ratio")).collect();
        let drawing = document(&Options::default(), &Gathered { readings, tests });
        for part in ["wanted", "Threshold", "find their value in DRAM", "to far memory", "GET &lt;"]
        {
            assert!(drawing.contains(part), "{part}: {drawing}");
        }
        let readings = vec![reading(0.0, "tiered")];
        let drawing = document(&Options::default(), &Gathered { readings, tests: Vec::new() });
        assert!(!drawing.contains("Threshold") && !drawing.contains("Moved"), "{drawing}");
        assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{drawing}");
    }

    #[test]
    fn what_the_server_was_told_is_marked() {
        let mut readings: Vec<Reading> =
            (0..9).map(|step| reading(f64::from(step), "ratio")).collect();
        readings[3..].iter_mut().for_each(|reading| reading.wanted = 0.5);
        readings[4..].iter_mut().for_each(|reading| reading.policy = "tiered".to_owned());
        let tests = vec![(3.5, "GET".to_owned())];
        let names = ["50 % wanted", "GET", "policy tiered"];
        let gathered = Gathered { readings, tests };
        let marks = marks(&gathered);
        assert_eq!(marks.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [3.0, 3.5, 4.0]);
        assert_eq!(marks.iter().map(|(_, name)| name).collect::<Vec<_>>(), names);
        let drawing = document(&Options::default(), &gathered);
        assert!(drawing.contains("50 % wanted") && drawing.contains("policy tiered"), "{drawing}");
    }

    #[test]
    fn counters_become_rates_over_half_seconds() {
        let readings: Vec<Reading> =
            (0..=10).map(|step| reading(f64::from(step) * 0.25, "ratio")).collect();
        let changes = changes(&readings, |reading| [reading.near_hits, reading.far_hits]);
        assert_eq!(changes.len(), 5);
        assert_eq!(changes[0], (0.25, 0.5, [1500.0, 500.0]));
    }
}
