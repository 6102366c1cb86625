//! The `help` command.

use super::docs::{Command, Docs};
use super::hint;
use crate::format::paint::{Paint, Role};

/// The text for `help` with these words behind it.
pub fn text(docs: &Docs, words: &[Vec<u8>], program: &str, paint: Paint) -> String {
    let words: Vec<String> =
        words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    let Some(first) = words.first() else { return general(program) };
    let group = first.strip_prefix('@');
    let mut text = String::new();
    for command in &docs.commands {
        let wanted = match group {
            Some(group) => command.group.eq_ignore_ascii_case(group),
            None => begins_with(command, &words),
        };
        if wanted {
            text.push_str(&entry(command, group.is_none(), paint));
        }
    }
    if docs.is_empty() {
        text.push_str("\n  Help comes from the server, and there is no connection to one.\n");
    }
    text + "\n"
}

fn begins_with(command: &Command, words: &[String]) -> bool {
    words.len() <= command.words.len()
        && words.iter().zip(&command.words).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn entry(command: &Command, with_group: bool, paint: Paint) -> String {
    let title = paint.text(Role::Strong, &command.name());
    let syntax = paint.text(Role::Faint, &hint::syntax(command));
    let mut text = format!("\n  {title} {syntax}\n");
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {} {value}\n", paint.text(Role::Label, label)));
        }
    };
    line("summary:", &command.summary);
    line("since:", &command.since);
    if with_group {
        line("group:", &command.group);
    }
    text
}

fn general(program: &str) -> String {
    format!(
        "{program} {}
Redis commands:
      \"help <command>\"     what a command does and takes
      \"help @<group>\"      all commands of a group
      \"help <tab>\"         what there is help on
      \"<n> <command>\"      run a command n times
Commands of this program:
      \"connect <host> <port>\"   another server
      \"clear\"              an empty screen
      \":set hints\"         show arguments while typing
      \":set nohints\"       do not
      \"quit\"               leave (also exit, Ctrl-D)
Ctrl-C stops a command that waits, and clears the line. Settings are kept in ~/.redisclirc
",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_finds_commands_by_prefix_of_words_and_by_group() {
        let command = |name: &str, group: &str| Command {
            words: name.split(' ').map(str::to_owned).collect(),
            group: group.to_owned(),
            ..Command::default()
        };
        let docs = Docs {
            commands: vec![command("CONFIG", "server"), command("CONFIG GET", "server")],
            groups: Vec::new(),
        };
        let ask = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|w| w.as_bytes().to_vec()).collect();
            text(&docs, &words, "p", Paint::PLAIN)
        };
        assert_eq!(ask("config").matches("CONFIG").count(), 2);
        assert_eq!(ask("config get").matches("CONFIG").count(), 1);
        assert_eq!(ask("@server").matches("group:").count(), 0);
        assert_eq!(ask("nothing"), "\n");
        assert!(text(&docs, &[], "p", Paint::PLAIN).starts_with("p "));
    }
}
