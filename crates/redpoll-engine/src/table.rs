//! The command table: names to commands, whatever their case.

use crate::spec::Command;
use std::collections::HashMap;

/// A command with its number and full name.
pub struct Row {
    /// The command.
    pub command: &'static Command,
    /// Its name, with its container's before a bar (`config|get`).
    pub full_name: String,
    /// The number of its container, for a subcommand.
    pub parent: Option<usize>,
    /// Whether it has another name than its metadata says, or none.
    pub renamed: bool,
}

/// All commands and subcommands, numbered.
pub struct CommandTable {
    rows: Vec<Row>,
    names: HashMap<Box<[u8]>, usize>,
    /// By the names in the metadata, whatever `rename-command` says.
    originals: HashMap<Box<[u8]>, usize>,
}

/// The longest name looked up; none is longer.
const NAME_MAX: usize = 64;

impl CommandTable {
    /// The table of these commands and their subcommands.
    pub fn new(commands: impl IntoIterator<Item = &'static Command>) -> Self {
        let mut table =
            CommandTable { rows: Vec::new(), names: HashMap::new(), originals: HashMap::new() };
        for command in commands {
            let parent = table.add(command, command.spec.name.to_owned(), None);
            for sub in command.spec.subcommands {
                table.add(sub, format!("{}|{}", command.spec.name, sub.spec.name), Some(parent));
            }
        }
        table
    }

    fn add(
        &mut self,
        command: &'static Command,
        full_name: String,
        parent: Option<usize>,
    ) -> usize {
        let id = self.rows.len();
        self.names.insert(full_name.as_bytes().into(), id);
        self.originals.insert(full_name.as_bytes().into(), id);
        self.rows.push(Row { command, full_name, parent, renamed: false });
        id
    }

    /// Gives a command another name, or with an empty name none (`rename-command`). It loses its
    /// old name in any case, even if the new one belongs to another command: what an operator wants
    /// hidden must not stay. Answers whether there was such a command, and the new name was free.
    pub fn rename(&mut self, old: &[u8], new: &[u8]) -> bool {
        let Some(id) = self.find(old) else { return false };
        self.names.retain(|name, named| *named != id || !name.eq_ignore_ascii_case(old));
        self.rows[id].renamed = true;
        let new = new.to_ascii_lowercase();
        if new.is_empty() {
            return true;
        }
        let free = new.len() <= NAME_MAX && !self.names.contains_key(&*new);
        if free {
            self.names.insert(new.into(), id);
        }
        free
    }

    /// The number of the command or container called `name`, in any case.
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        if name.contains(&b'|') {
            return None;
        }
        self.find_full(name)
    }

    /// The number of the command with this full name (`config|get`), in any case.
    pub fn find_full(&self, name: &[u8]) -> Option<usize> {
        find_in(&self.names, name)
    }

    /// The number of the command with this full name in its metadata, in any case: what ACL rules
    /// are about, so that `rename-command` does not change them.
    pub fn find_original(&self, name: &[u8]) -> Option<usize> {
        find_in(&self.originals, name)
    }

    /// The number of a container's subcommand, in any case.
    pub fn find_sub(&self, container: usize, name: &[u8]) -> Option<usize> {
        // They follow their container, and are so few that looking at each is quicker than hashing.
        let subs = &self.rows[container + 1..];
        let mut subs = subs.iter().take_while(|row| row.parent == Some(container));
        let at =
            subs.position(|row| row.command.spec.name.as_bytes().eq_ignore_ascii_case(name))?;
        Some(container + 1 + at)
    }

    /// The command with this number.
    #[inline(always)]
    pub fn row(&self, id: usize) -> &Row {
        &self.rows[id]
    }

    /// All commands and subcommands by number.
    pub fn rows(&self) -> impl Iterator<Item = (usize, &Row)> {
        self.rows.iter().enumerate()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

fn find_in(names: &HashMap<Box<[u8]>, usize>, name: &[u8]) -> Option<usize> {
    let mut lower = [0; NAME_MAX];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    names.get(&*lower).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    static GET: Command = Command { spec: Spec { name: "get", ..Spec::EMPTY }, run: |_, _| Ok(()) };
    static SET: Command = Command { spec: Spec { name: "set", ..Spec::EMPTY }, run: |_, _| Ok(()) };

    #[test]
    fn renamed_commands_lose_their_names() {
        let mut table = CommandTable::new([&GET, &SET]);
        let get = table.find(b"GET");
        assert!(get.is_some());
        assert!(table.rename(b"Get", b"Fetch"));
        assert_eq!((table.find(b"get"), table.find(b"FETCH")), (None, get));
        assert!(!table.rename(b"get", b"x"));
        assert!(!table.rename(b"fetch", b"set"));
        assert_eq!(table.find(b"fetch"), None);
        assert!(table.rename(b"set", b""));
        assert_eq!(table.find(b"set"), None);
    }
}
