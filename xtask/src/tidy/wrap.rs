//! `cargo xtask tidy --wrap`: breaks comments that are too wide.
//!
//! The formatter leaves comments alone, and breaking them by hand is no work for people. Only
//! paragraphs with a line that is too wide are touched; what has a form of its own (code between
//! fences, tables, headings, indented drawings) stays as it is.

use super::banned::COLUMNS;

/// The text with every paragraph broken that has a line wider than allowed.
pub fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut paragraph: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in text.split_inclusive('\n') {
        let (prefix, body) = split(line);
        if prefix.is_empty() || body.starts_with("```") {
            fenced = !prefix.is_empty() && !fenced;
        }
        let starts_anew = paragraph.first().is_none_or(|first| {
            split(first).0.trim_end() != prefix.trim_end() || opens_paragraph(body)
        });
        if starts_anew {
            flush(&mut paragraph, &mut out);
        }
        if prefix.is_empty() || fenced || is_form(body) {
            flush(&mut paragraph, &mut out);
            out.push_str(line);
        } else {
            paragraph.push(line);
        }
    }
    flush(&mut paragraph, &mut out);
    out
}

/// Indentation and slashes with the blank after them, and the rest. Empty when the line has code.
fn split(line: &str) -> (&str, &str) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let slashes = ["//!", "///", "//"].into_iter().find(|mark| line[indent..].starts_with(mark));
    let Some(slashes) = slashes else { return ("", line) };
    let mut end = indent + slashes.len();
    if line[end..].starts_with(' ') {
        end += 1;
    }
    (&line[..end], line[end..].trim_end())
}

/// Lines that keep their form: blank ones, headings, tables, fences, drawings.
fn is_form(body: &str) -> bool {
    body.is_empty()
        || body.starts_with(['#', '|', ' ', '+', '<'])
        || body.starts_with("```")
        || body.contains("://")
}

/// Whether a line begins a list item, and so a paragraph.
fn opens_paragraph(body: &str) -> bool {
    marker(body) > 0
}

/// Length of a list item's mark: `- `, `* `, `1. `.
fn marker(body: &str) -> usize {
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    match &body[digits..] {
        rest if digits > 0 && rest.starts_with(". ") => digits + 2,
        _ if body.starts_with("- ") || body.starts_with("* ") => 2,
        _ => 0,
    }
}

fn flush(paragraph: &mut Vec<&str>, out: &mut String) {
    let lines = std::mem::take(paragraph);
    let wide = |line: &&str| line.trim_end().chars().count() > COLUMNS;
    let Some(first) = lines.first().filter(|_| lines.iter().any(wide)) else {
        out.extend(lines);
        return;
    };
    let (prefix, body) = split(first);
    let slashes = prefix.trim_end();
    let hanging = " ".repeat(marker(body));
    let mut line = slashes.to_string();
    let words = lines.iter().flat_map(|line| split(line).1.split(' ')).filter(|w| !w.is_empty());
    for word in words {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS && line != slashes {
            out.push_str(&line);
            out.push('\n');
            line = format!("{slashes}{hanging}");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paragraphs_with_a_wide_line_change() {
        let words = "abcdefghi ".repeat(12);
        let text = format!("//! Short.\n//!\n//! {words}\n//! tail\n\nfn a() {{}} // {words}\n");
        let wide = wrapped(&text);
        let lines: Vec<&str> = wide.lines().collect();
        assert_eq!(lines[..2], ["//! Short.", "//!"]);
        assert_eq!(lines[2].len(), 4 + 9 * 10 - 1);
        assert_eq!(lines[3], "//! abcdefghi abcdefghi abcdefghi tail");
        assert_eq!(lines[5], format!("fn a() {{}} // {words}"));
        assert_eq!(wrapped(&wide), wide, "a second time changes nothing");
    }

    #[test]
    fn list_items_hang() {
        let text = format!("    /// - one {}\n    /// - two\n", "word ".repeat(20));
        let wide = wrapped(&text);
        assert!(
            wide.lines().nth(1).is_some_and(|line| line.starts_with("    ///   word")),
            "{wide}"
        );
        assert!(wide.ends_with("\n    /// - two\n"), "{wide}");
    }

    #[test]
    fn forms_stay() {
        let wide = "x ".repeat(80);
        for text in [
            format!("//! | {wide}|\n"),
            format!("/// ```\n/// {wide}\n/// ```\n"),
            format!("///     {wide}\n"),
            format!("let a = \"{wide}\";\n"),
        ] {
            assert_eq!(wrapped(&text), text);
        }
    }
}
