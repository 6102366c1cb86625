//! First syncs as a picture: seconds over the number of replicas, a line for each way.

use super::chart::text;
use super::report::median;
use std::collections::BTreeMap;
use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 76.0;
const BOTTOM: f64 = 52.0;
const COLORS: [&str; 4] = ["#6b7280", "#dc2626", "#f97316", "#fbbf24"];
const DARK: &str = "#1f2937";
const GREY: &str = "#6b7280";

/// Points by the name of their way: replicas, and seconds.
pub type Lines = BTreeMap<&'static str, Vec<(usize, f64)>>;

/// The medians of a line's points, by the number of replicas.
fn medians(points: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let mut by_count: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    points.iter().for_each(|&(count, seconds)| by_count.entry(count).or_default().push(seconds));
    by_count.into_iter().filter_map(|(count, all)| Some((count, median(&all)?))).collect()
}

/// The whole drawing.
pub fn document(subject: &str, lines: &Lines) -> String {
    let lines: Vec<_> = lines.iter().map(|(way, points)| (*way, medians(points))).collect();
    let all = || lines.iter().flat_map(|(_, points)| points);
    let most = all().map(|(_, seconds)| *seconds).fold(0.1, f64::max) * 1.1;
    let counts = all().map(|(count, _)| *count).max().unwrap_or(1).max(2);
    let x = |count: usize| LEFT + (count - 1) as f64 / (counts - 1) as f64 * (WIDTH - LEFT - RIGHT);
    let y = |seconds: f64| HEIGHT - BOTTOM - seconds / most * (HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\" \
         viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" font-family=\"system-ui, -apple-system, \
         'Segoe UI', 'DejaVu Sans', sans-serif\" font-size=\"11\">\n\
         <rect width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\" fill=\"#ffffff\"/>\n"
    );
    let title = "Seconds of a first sync: 1,000,000 values of 1000 bytes";
    text(&mut out, (24.0, 32.0), title, "start", 17.0, DARK, true);
    text(&mut out, (24.0, 54.0), subject, "start", 11.0, GREY, false);
    for quarter in 0..=4 {
        let seconds = most * f64::from(quarter) / 4.0;
        let at = y(seconds);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\" stroke=\"#e5e7eb\"/>",
            WIDTH - RIGHT
        );
        let label = format!("{seconds:.1}");
        text(&mut out, (LEFT - 8.0, at + 4.0), &label, "end", 11.0, GREY, false);
    }
    for count in 1..=counts {
        let label = if count == 1 { "1 replica".to_owned() } else { format!("{count} replicas") };
        text(&mut out, (x(count), HEIGHT - BOTTOM + 20.0), &label, "middle", 11.0, GREY, false);
    }
    let mut labels: Vec<f64> = Vec::new();
    for ((way, points), color) in lines.iter().zip(COLORS.iter().cycle()) {
        let at = |&(count, seconds): &(usize, f64)| format!("{:.1},{:.1}", x(count), y(seconds));
        let drawn: Vec<String> = points.iter().map(at).collect();
        let drawn = drawn.join(" ");
        let _ = writeln!(
            out,
            "<polyline points=\"{drawn}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2.5\"/>"
        );
        let Some(&(count, seconds)) = points.last() else { continue };
        // Labels that would lie on one another move apart.
        let mut place = y(seconds) + 4.0;
        while labels.iter().any(|other| (other - place).abs() < 14.0) {
            place -= 2.0;
        }
        labels.push(place);
        let label = format!("{way}, {seconds:.2} s");
        text(&mut out, (x(count) + 8.0, place), &label, "start", 12.0, color, true);
    }
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_way() {
        let mut lines = Lines::new();
        lines.insert("Redis", vec![(1, 4.0), (2, 5.0), (3, 6.0)]);
        lines.insert("shared memory", vec![(1, 0.4), (1, 0.6), (2, 0.6), (3, 0.7)]);
        let drawing = document("a < b", &lines);
        assert_eq!(drawing.matches("<polyline").count(), 2);
        assert!(drawing.contains("a &lt; b") && drawing.contains("Redis, 6.00 s"));
        assert_eq!(medians(&lines["shared memory"])[0], (1, 0.5));
    }
}
