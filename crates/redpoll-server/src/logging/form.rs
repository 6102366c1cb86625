//! The form of a line.

use jiff::{Timestamp, Zoned};
use log::Level;
use redpoll_config::{Config, LogFormat, LogTimestampFormat};
use std::fmt::Write;

/// How lines are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    format: LogFormat,
    time: LogTimestampFormat,
}

impl Form {
    pub(super) fn of(config: &Config) -> Self {
        Form { format: config.log_format(), time: config.log_timestamp_format() }
    }

    /// A whole line.
    pub(super) fn line(self, level: Level, message: &str) -> String {
        let thread = std::thread::current();
        let entry = Entry {
            time: Zoned::now(),
            level,
            pid: std::process::id(),
            thread: thread.name().unwrap_or("?"),
            message,
        };
        entry.line(self)
    }
}

/// What is told of an event.
struct Entry<'a> {
    time: Zoned,
    level: Level,
    pid: u32,
    thread: &'a str,
    message: &'a str,
}

impl Entry<'_> {
    fn line(&self, form: Form) -> String {
        match form.format {
            LogFormat::Text => self.text(form.time),
            LogFormat::Json => self.json(form.time),
            LogFormat::Logfmt => self.logfmt(form.time),
        }
    }

    fn text(&self, time: LogTimestampFormat) -> String {
        let mark = match self.level {
            Level::Error | Level::Warn => '#',
            Level::Info => '*',
            Level::Debug => '-',
            Level::Trace => '.',
        };
        let (pid, time) = (self.pid, self.time(time));
        format!("{pid}:M {time} {mark} {}\n", escaped(self.message))
    }

    fn json(&self, time: LogTimestampFormat) -> String {
        let time = match time {
            LogTimestampFormat::Milliseconds => self.time(time),
            // A form with the zone is what machines want.
            _ => quoted(&self.time(LogTimestampFormat::Iso8601)),
        };
        format!(
            "{{\"time\":{time},\"level\":{},\"pid\":{},\"role\":\"primary\",\"thread\":{},\
             \"message\":{}}}\n",
            quoted(self.level()),
            self.pid,
            quoted(self.thread),
            quoted(self.message),
        )
    }

    fn logfmt(&self, time: LogTimestampFormat) -> String {
        let (pid, level, time) = (self.pid, self.level(), quoted(&self.time(time)));
        let message = quoted(self.message);
        format!("pid={pid} role=primary timestamp={time} level={level} message={message}\n")
    }

    /// The level's name in the configuration.
    fn level(&self) -> &'static str {
        match self.level {
            Level::Error | Level::Warn => "warning",
            Level::Info => "notice",
            Level::Debug => "verbose",
            Level::Trace => "debug",
        }
    }

    fn time(&self, form: LogTimestampFormat) -> String {
        match form {
            LogTimestampFormat::Legacy => self.time.strftime("%d %b %Y %H:%M:%S%.3f").to_string(),
            LogTimestampFormat::Iso8601 => {
                self.time.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
            }
            LogTimestampFormat::Milliseconds => {
                Timestamp::from(&self.time).as_millisecond().to_string()
            }
        }
    }
}

/// The text with its control characters as escapes. A tab does no harm.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push('\t'),
            other if other.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\x{:02x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out
}

/// The text as a string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => {
                // As above.
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat, time: LogTimestampFormat, message: &str) -> String {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
        let entry = Entry {
            time: Timestamp::from_millisecond(1_700_000_000_123).expect("a time").to_zoned(zone),
            level: Level::Info,
            pid: 7,
            thread: "worker-0",
            message,
        };
        entry.line(Form { format, time })
    }

    #[test]
    fn forms() {
        use LogTimestampFormat::{Iso8601, Legacy, Milliseconds};
        assert_eq!(line(LogFormat::Text, Legacy, "a"), "7:M 14 Nov 2023 23:13:20.123 * a\n");
        assert_eq!(
            line(LogFormat::Json, Legacy, "a \"b\""),
            "{\"time\":\"2023-11-14T23:13:20.123+01:00\",\"level\":\"notice\",\"pid\":7,\
             \"role\":\"primary\",\"thread\":\"worker-0\",\"message\":\"a \\\"b\\\"\"}\n"
        );
        assert!(line(LogFormat::Json, Milliseconds, "a").starts_with("{\"time\":1700000000123,"));
        assert_eq!(
            line(LogFormat::Logfmt, Iso8601, "a b"),
            "pid=7 role=primary timestamp=\"2023-11-14T23:13:20.123+01:00\" level=notice \
             message=\"a b\"\n"
        );
    }

    #[test]
    fn nothing_from_outside_ends_a_line() {
        let evil = "x\r\n1:M fake\u{1b}[2J\0\u{85}\u{9b}";
        for format in [LogFormat::Text, LogFormat::Json, LogFormat::Logfmt] {
            let line = line(format, LogTimestampFormat::Legacy, evil);
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert!(!line.trim_end().chars().any(char::is_control), "{line:?}");
        }
        assert_eq!(escaped("a\r\n\u{1b}\t"), "a\\r\\n\\x1b\t");
    }
}
