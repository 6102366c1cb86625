//! The text of INFO: headings and fields.

use std::fmt::{Display, Write};

/// See the module's head.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a section.
    pub fn heading(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push_str("\r\n");
        }
        self.0.push_str("# ");
        self.0.push_str(name);
        self.0.push_str("\r\n");
    }

    /// A field.
    pub fn field(&mut self, name: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{name}:{value}\r\n");
    }

    /// A field with two decimals.
    pub fn decimal(&mut self, name: &str, value: f64) {
        self.field(name, format_args!("{value:.2}"));
    }

    /// Fields that count what this build cannot do: always 0.
    pub fn zeros(&mut self, names: &[&str]) {
        names.iter().for_each(|name| self.field(name, 0));
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }

    /// The text so far.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
