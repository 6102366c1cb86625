//! Line editing on a terminal: completion, hints and keys, over rustyline.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{
    Cmd, CompletionType, ConditionalEventHandler, Config, Context, Editor, Event, EventContext,
    EventHandler, Helper, KeyCode, KeyEvent, Modifiers, Movement, RepeatCount,
};

use super::docs::Docs;
use super::hint;
use crate::format::paint::{Paint, Role};

/// What the line editor looks things up in, shared with the loop that fills it.
#[derive(Default)]
pub struct Knowledge {
    /// The server's commands.
    pub docs: Docs,
    /// Whether to show hints.
    pub hints: bool,
}

/// A terminal on which lines are typed.
pub struct LineEditor {
    editor: Editor<Assistant, MemHistory>,
}

impl LineEditor {
    /// An editor with the given history, oldest line first.
    pub fn new(
        knowledge: Arc<RwLock<Knowledge>>,
        history: &[String],
        paint: Paint,
    ) -> Result<Self, ReadlineError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(10_000)?
            .auto_add_history(false)
            .build();
        let past = MemHistory::with_config(&config);
        let mut editor = Editor::with_history(config, past)?;
        editor.set_helper(Some(Assistant { knowledge, paint }));
        editor.bind_sequence(
            KeyEvent(KeyCode::Char('C'), Modifiers::CTRL),
            EventHandler::Conditional(Box::new(ClearOrLeave)),
        );
        for line in history {
            let _ = editor.add_history_entry(line.as_str());
        }
        Ok(Self { editor })
    }

    /// Reads a line; `None` at Ctrl-D, or at Ctrl-C on an empty line.
    pub fn read(&mut self, prompt: &str) -> Result<Option<String>, ReadlineError> {
        match self.editor.readline(prompt) {
            Ok(line) => Ok(Some(line)),
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a line to those that the arrow keys bring back.
    pub fn remember(&mut self, line: &str) {
        let _ = self.editor.add_history_entry(line);
    }

    /// Empties the screen.
    pub fn clear_screen(&mut self) {
        let _ = self.editor.clear_screen();
    }
}

/// Ctrl-C drops what is typed, and leaves where nothing is.
struct ClearOrLeave;

impl ConditionalEventHandler for ClearOrLeave {
    fn handle(
        &self,
        _event: &Event,
        _count: RepeatCount,
        _positive: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        Some(if context.line().is_empty() {
            Cmd::Interrupt
        } else {
            Cmd::Kill(Movement::WholeBuffer)
        })
    }
}

struct Assistant {
    knowledge: Arc<RwLock<Knowledge>>,
    paint: Paint,
}

impl Assistant {
    fn with<T>(&self, look: impl FnOnce(&Knowledge) -> T) -> T {
        look(&self.knowledge.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Helper for Assistant {}
impl Validator for Assistant {}

impl Completer for Assistant {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..at).unwrap_or_default();
        Ok(self.with(|knowledge| candidates(&knowledge.docs, typed)))
    }
}

/// The names that what is typed may become, and where they begin. Behind `help`, groups too.
fn candidates(docs: &Docs, typed: &str) -> (usize, Vec<String>) {
    let for_help =
        typed.len() >= 5 && typed.is_char_boundary(5) && typed[..5].eq_ignore_ascii_case("help ");
    let start = if for_help { typed.len() - typed[5..].trim_start().len() } else { 0 };
    let prefix = &typed[start..];
    let lower = prefix.contains(|c: char| c.is_ascii_lowercase());
    let mut names: Vec<String> = docs.commands.iter().map(super::docs::Command::name).collect();
    if for_help {
        names.extend(docs.groups.iter().map(|group| format!("@{group}")));
    }
    names.retain(|name| {
        name.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    });
    if lower {
        names.iter_mut().for_each(|name| name.make_ascii_lowercase());
    }
    if let [only] = names.as_mut_slice() {
        // Nothing is left to choose: on to the arguments.
        only.push(' ');
    }
    (start, names)
}

impl Hinter for Assistant {
    type Hint = ArgumentHint;

    fn hint(&self, line: &str, at: usize, _context: &Context<'_>) -> Option<ArgumentHint> {
        if at < line.len() {
            return None;
        }
        let text = self.with(|knowledge| {
            knowledge.hints.then(|| hint::hint(&knowledge.docs, line)).flatten()
        })?;
        let gap = if line.ends_with(' ') { "" } else { " " };
        (!text.is_empty()).then(|| ArgumentHint(format!("{gap}{text}")))
    }
}

/// A hint that describes and is never taken over into the line.
struct ArgumentHint(String);

impl Hint for ArgumentHint {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(self.paint.text(Role::Faint, hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repl::docs::Command;

    #[test]
    fn completion_keeps_the_case_that_is_typed() {
        let command = |name: &str| Command {
            words: name.split(' ').map(str::to_owned).collect(),
            ..Command::default()
        };
        let docs = Docs {
            commands: vec![command("CLIENT LIST"), command("GET"), command("GETDEL")],
            groups: vec!["generic".to_owned()],
        };
        assert_eq!(candidates(&docs, "GETD"), (0, vec!["GETDEL ".to_owned()]));
        assert_eq!(candidates(&docs, "client l"), (0, vec!["client list ".to_owned()]));
        assert_eq!(candidates(&docs, "help  getd"), (6, vec!["getdel ".to_owned()]));
        assert_eq!(candidates(&docs, "HELP @"), (5, vec!["@generic ".to_owned()]));
        assert_eq!(candidates(&docs, "é").1.len(), 0);
    }
}
