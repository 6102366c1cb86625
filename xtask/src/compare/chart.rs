//! The comparison as a picture: two bars a figure, the longer of which fills the row.
//!
//! The figures differ by powers of ten and by unit, so each pair has its own scale, and its values
//! are written at its bars. What can be read at a glance is the ratio, and it is the point.

use super::report::{Row, number};
use std::fmt::Write;

const WIDTH: f64 = 960.0;
const HEAD: f64 = 84.0;
const SECTION: f64 = 46.0;
const ROW: f64 = 44.0;
const BARS_LEFT: f64 = 250.0;
const BARS_WIDTH: f64 = 470.0;
const BAR: f64 = 14.0;
const OURS: &str = "#dc2626";
const THEIRS: &str = "#9ca3af";
const INK: &str = "#1f2937";
const MUTED: &str = "#6b7280";

/// The whole drawing.
pub fn document(subject: &str, rows: &[Row]) -> String {
    let mut sections: Vec<&str> = rows.iter().map(|row| row.metric.section).collect();
    sections.dedup();
    let height = HEAD + SECTION * sections.len() as f64 + ROW * rows.len() as f64 + 24.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {WIDTH:.0} {height:.0}\" font-family=\"system-ui, -apple-system, \
         'Segoe UI', 'DejaVu Sans', sans-serif\">\n\
         <rect width=\"{WIDTH:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n"
    );
    text(&mut out, (24.0, 36.0), "Redpoll and Redis", "start", 19.0, INK, true);
    text(&mut out, (24.0, 58.0), subject, "start", 11.5, MUTED, false);
    legend(&mut out);
    let mut y = HEAD;
    let mut section = "";
    for row in rows {
        if row.metric.section != section {
            section = row.metric.section;
            let _ = writeln!(
                out,
                "<line x1=\"24\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#e5e7eb\"/>",
                WIDTH - 24.0
            );
            text(&mut out, (24.0, y + 27.0), section, "start", 13.5, INK, true);
            let better =
                if row.metric.less_is_better { "shorter is better" } else { "longer is better" };
            text(&mut out, (WIDTH - 24.0, y + 27.0), better, "end", 11.0, MUTED, false);
            y += SECTION;
        }
        draw(&mut out, y, row);
        y += ROW;
    }
    out.push_str("</svg>\n");
    out
}

fn legend(out: &mut String) {
    for (x, color, name) in [(WIDTH - 190.0, OURS, "Redpoll"), (WIDTH - 90.0, THEIRS, "Redis")] {
        rect(out, x, 25.0, 12.0, color);
        text(out, (x + 18.0, 36.0), name, "start", 12.5, INK, false);
    }
}

fn draw(out: &mut String, y: f64, row: &Row) {
    text(out, (BARS_LEFT - 14.0, y + 18.0), row.metric.label, "end", 12.5, INK, false);
    let longest = row.medians[0].max(row.medians[1]).max(f64::MIN_POSITIVE);
    for (index, (value, color)) in row.medians.iter().zip([OURS, THEIRS]).enumerate() {
        let top = y + (BAR + 2.0) * index as f64;
        let width = (value / longest * BARS_WIDTH).max(2.0);
        rect(out, BARS_LEFT, top, width, color);
        let label = number(*value, row.metric.unit);
        text(out, (BARS_LEFT + width + 7.0, top + 11.0), &label, "start", 11.0, MUTED, false);
    }
    if !row.ratio().is_nan() {
        let ratio = format!("{:.2}×", row.ratio());
        text(out, (WIDTH - 60.0, y + 20.0), &ratio, "end", 14.0, INK, true);
    }
    match row.goal() {
        Some((_, true)) => text(out, (WIDTH - 48.0, y + 20.0), "✓", "start", 13.0, "#15803d", true),
        Some((_, false)) => {
            text(out, (WIDTH - 48.0, y + 20.0), "✗", "start", 13.0, "#b45309", true)
        }
        None => {}
    }
}

fn rect(out: &mut String, x: f64, y: f64, width: f64, fill: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" \
         fill=\"{fill}\"/>"
    );
}

/// Writes a text; `anchor` says which end of it stands at the place.
pub(super) fn text(
    out: &mut String,
    (x, y): (f64, f64),
    text: &str,
    anchor: &str,
    size: f64,
    color: &str,
    bold: bool,
) {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let weight = if bold { " font-weight=\"600\"" } else { "" };
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\" \
         text-anchor=\"{anchor}\"{weight}>{escaped}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::super::metrics::METRICS;
    use super::*;

    #[test]
    fn every_figure_has_two_bars_and_a_ratio() {
        let rows: Vec<Row> =
            METRICS.iter().map(|metric| Row { metric, medians: [1.0, 4.0] }).collect();
        let drawing = document("a < b", &rows);
        let bars = drawing.matches("<rect x=").count();
        assert_eq!(bars, 2 * METRICS.len() + 2, "and two in the legend");
        assert_eq!(drawing.matches("0.25×").count(), METRICS.len());
        assert!(drawing.contains("a &lt; b"));
    }

    #[test]
    fn zeros_are_drawn_as_slivers() {
        let rows = [Row { metric: &METRICS[0], medians: [0.0, 0.0] }];
        let drawing = document("", &rows);
        assert!(drawing.contains("width=\"2.0\""), "{drawing}");
    }
}
