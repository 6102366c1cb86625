//! MONITOR: every command that runs, shown to those who asked for it.

use crate::engine::Engine;
use crate::session::Session;
use crate::slowlog::SECRET;
use crate::spec::{Flags, Spec};
use redpoll_resp::Args;

impl Engine {
    /// Shows a command that has just run to all monitors; an operator's commands are not shown, nor
    /// are passwords.
    #[cold]
    pub(crate) fn show_command(&self, session: &Session, spec: &Spec, args: Args<'_>, now: i64) {
        self.show_command_of(session, &session.client.origin.address, spec, args, now);
    }

    /// As [`Engine::show_command`], for a command that comes from elsewhere than the client.
    #[cold]
    pub(crate) fn show_command_of(
        &self,
        session: &Session,
        address: &str,
        spec: &Spec,
        args: Args<'_>,
        now: i64,
    ) {
        if !spec.flags.has(Flags::SKIP_MONITOR) && !spec.flags.has(Flags::ADMIN) {
            self.show_words(session, address, args, now);
        }
    }

    /// Shows the words of a command to all monitors, whatever its flags are: for those that show
    /// themselves before the commands they run.
    #[cold]
    pub fn show_words(&self, session: &Session, address: &str, args: Args<'_>, now: i64) {
        let (seconds, micros) = (now / 1000, now % 1000 * 1000);
        let db = session.db;
        let mut line = format!("+{seconds}.{micros:06} [{db} {address}]").into_bytes();
        for (index, word) in args.iter().enumerate() {
            let secret = session.secret_words.contains(&index);
            push_quoted(&mut line, if secret { SECRET } else { word });
        }
        line.extend_from_slice(b"\r\n");
        self.show(&line);
    }
}

/// Appends a blank and the word in quotes, with everything escaped that is no printable ASCII.
fn push_quoted(line: &mut Vec<u8>, word: &[u8]) {
    line.extend_from_slice(b" \"");
    for &byte in word {
        match byte {
            b'\\' | b'"' => line.extend_from_slice(&[b'\\', byte]),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            b'\t' => line.extend_from_slice(b"\\t"),
            0x07 => line.extend_from_slice(b"\\a"),
            0x08 => line.extend_from_slice(b"\\b"),
            b' '..=b'~' => line.push(byte),
            _ => line.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted() {
        let mut line = Vec::new();
        push_quoted(&mut line, b"a\"\\\r\n\t\x07\x08\xff z");
        assert_eq!(line, br#" "a\"\\\r\n\t\a\b\xff z""#);
    }
}
