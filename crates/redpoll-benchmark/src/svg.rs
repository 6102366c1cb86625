//! A canvas for charts: the few shapes they need, written as SVG, and axes with round numbers.
//!
//! A charting library would bring fonts and rasterizers along to draw two panels; an SVG is text,
//! and the viewer has the fonts.

use std::fmt::Write;

/// Ink of titles, and of everything less important.
pub const INK: &str = "#1f2937";
/// Axis labels and subtitles.
pub const MUTED: &str = "#6b7280";
/// Grid lines and frames.
pub const GRID: &str = "#e5e7eb";

/// Which part of a text stands at its position.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy)]
pub struct Style {
    /// Height in pixels.
    pub size: f64,
    /// Colour.
    pub color: &'static str,
    /// Bold or not.
    pub bold: bool,
    /// What stands at the position.
    pub anchor: Anchor,
}

/// Labels of axes.
pub const LABEL: Style = Style { size: 11.0, color: MUTED, bold: false, anchor: Anchor::Middle };

/// A drawing in the making.
pub struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

impl Canvas {
    /// An empty white sheet.
    pub fn new(width: f64, height: f64) -> Canvas {
        let mut canvas = Canvas { width, height, body: String::new() };
        canvas.rect(0.0, 0.0, width, height, "#ffffff", 1.0);
        canvas
    }

    /// A filled rectangle.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str, opacity: f64) {
        self.push(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"{fill}\" fill-opacity=\"{opacity}\"/>"
        ));
    }

    /// A line; `dash` is a pattern, or empty.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), color: &str, width: f64, dash: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let dash =
            if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.push(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
             stroke=\"{color}\" stroke-width=\"{width}\"{dash}/>"
        ));
    }

    /// A curve through points, with the area down to `base` tinted.
    pub fn area(&mut self, points: &[(f64, f64)], base: f64, color: &str) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
        let mut path = String::new();
        for (index, (x, y)) in points.iter().enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            // Writing to a string cannot fail.
            let _ = write!(path, "{command}{x:.1} {y:.1}");
        }
        let (start, end) = (first.0, last.0);
        self.push(format_args!(
            "<path d=\"{path}L{end:.1} {base:.1}L{start:.1} {base:.1}Z\" fill=\"{color}\" \
             fill-opacity=\"0.12\"/>"
        ));
        self.push(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.8\" \
             stroke-linejoin=\"round\"/>"
        ));
    }

    /// A curve through points; `dash` is a pattern, or empty.
    pub fn curve(&mut self, points: &[(f64, f64)], color: &str, dash: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash =
            if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.push(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.8\" \
             stroke-linejoin=\"round\"{dash}/>",
            points.join(" ")
        ));
    }

    /// A text.
    pub fn text(&mut self, x: f64, y: f64, text: &str, style: Style) {
        let anchor = match style.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if style.bold { " font-weight=\"600\"" } else { "" };
        let Style { size, color, .. } = style;
        let text = escape(text);
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\" \
             text-anchor=\"{anchor}\"{weight}>{text}</text>"
        ));
    }

    /// The finished document.
    pub fn finish(self) -> String {
        let Canvas { width, height, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"system-ui, -apple-system, \
             'Segoe UI', 'DejaVu Sans', sans-serif\">\n{body}</svg>\n"
        )
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{element}");
    }
}

/// A text as XML can hold it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The step of an axis from 0 to `max` with about `count` round ticks: 1, 2 or 5 times a power of
/// ten.
pub fn round_step(max: f64, count: usize) -> f64 {
    let rough = (max / count.max(1) as f64).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= rough * 0.999);
    step.unwrap_or(10.0) * power
}

/// A number in few characters: `250`, `12k`, `1.5M`.
pub fn short_number(number: f64) -> String {
    let scaled = |value: f64, unit: &str| {
        let digits = if value < 10.0 && (value - value.round()).abs() > 0.05 { 1 } else { 0 };
        format!("{value:.digits$}{unit}")
    };
    match number {
        n if n >= 1e9 => scaled(n / 1e9, "G"),
        n if n >= 1e6 => scaled(n / 1e6, "M"),
        n if n >= 1e3 => scaled(n / 1e3, "k"),
        n => scaled(n, ""),
    }
}

/// A time in its own unit: `850 ns`, `12.5 µs`, `1.25 ms`, `3 s`.
pub fn short_time(nanoseconds: f64) -> String {
    let scaled = |value: f64, unit: &str| {
        let digits = match value {
            v if v >= 99.95 => 0,
            v if v >= 9.995 => 1,
            _ => 2,
        };
        let text = format!("{value:.digits$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text} {unit}")
    };
    match nanoseconds {
        n if n >= 1e9 => scaled(n / 1e9, "s"),
        n if n >= 1e6 => scaled(n / 1e6, "ms"),
        n if n >= 1e3 => scaled(n / 1e3, "µs"),
        n => scaled(n, "ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (max, count, step) in
            [(10.0, 5, 2.0), (98_000.0, 4, 50_000.0), (1.0, 4, 0.5), (7.0, 7, 1.0)]
        {
            assert!((round_step(max, count) - step).abs() < step / 1e6, "{max} in {count}");
        }
    }

    #[test]
    fn numbers_and_times_are_short() {
        for (number, text) in
            [(0.0, "0"), (250.0, "250"), (1500.0, "1.5k"), (2e6, "2M"), (12e3, "12k")]
        {
            assert_eq!(short_number(number), text);
        }
        for (time, text) in
            [(850.0, "850 ns"), (12_500.0, "12.5 µs"), (1_250_000.0, "1.25 ms"), (3e9, "3 s")]
        {
            assert_eq!(short_time(time), text);
        }
    }

    #[test]
    fn texts_are_escaped() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text(1.0, 2.0, "a<b & c\n", LABEL);
        assert!(canvas.finish().contains(">a&lt;b &amp; c </text>"));
    }
}
