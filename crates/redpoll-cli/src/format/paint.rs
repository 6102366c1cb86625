//! Colours for terminals: a handful of roles, so that output code never names an escape.

use std::io::IsTerminal;

/// Whether to colour, decided once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    enabled: bool,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Numbering, type names, hints.
    Faint,
    /// An error reply.
    Error,
    /// A string.
    Text,
    /// A number or truth value.
    Number,
    /// A title.
    Strong,
    /// A label.
    Label,
}

impl Paint {
    /// No colours whatever stdout is, for tests.
    #[cfg(test)]
    pub const PLAIN: Self = Self { enabled: false };

    /// Colours if stdout is a terminal that has them and the user did not decline (`NO_COLOR`).
    pub fn of_stdout() -> Self {
        let capable = std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let declined = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { enabled: capable && !declined && std::io::stdout().is_terminal() }
    }

    /// Colours whatever stdout is, for tests.
    #[cfg(test)]
    pub const ALWAYS: Self = Self { enabled: true };

    /// Appends `text` in the colour of its role.
    pub fn write(self, out: &mut Vec<u8>, role: Role, text: &[u8]) {
        if !self.enabled {
            out.extend_from_slice(text);
            return;
        }
        out.extend_from_slice(match role {
            Role::Faint => b"\x1b[90m",
            Role::Error => b"\x1b[31m",
            Role::Text => b"\x1b[32m",
            Role::Number => b"\x1b[36m",
            Role::Strong => b"\x1b[1m",
            Role::Label => b"\x1b[33m",
        });
        out.extend_from_slice(text);
        out.extend_from_slice(b"\x1b[0m");
    }

    /// [`write`](Self::write) as a string.
    pub fn text(self, role: Role, text: &str) -> String {
        let mut out = Vec::new();
        self.write(&mut out, role, text.as_bytes());
        String::from_utf8_lossy(&out).into_owned()
    }
}
