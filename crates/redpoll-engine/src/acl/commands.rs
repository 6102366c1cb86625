//! The commands of a selector: a bit for each, first arguments that are allowed by themselves, and
//! the rules they came from.
//!
//! The rules are kept because their order says more than the bits do: a category may get more
//! commands in a later version, and the description is to mean then what it was written for.

use crate::spec::Acl;
use crate::table::CommandTable;
use std::collections::BTreeMap;

/// `+` or `-` with what it is about: a command, a subcommand, a first argument or a category.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allows: bool,
    /// In lower case.
    text: Vec<u8>,
}

/// See the module's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// By the commands' numbers.
    bits: Vec<u64>,
    /// The rules start from `+@all`, not from `-@all`.
    from_all: bool,
    /// What a command's first argument may be although its bit is not set.
    first_args: BTreeMap<usize, Vec<Vec<u8>>>,
    rules: Vec<Rule>,
}

impl Commands {
    /// No command.
    pub fn none(table: &CommandTable) -> Self {
        Commands { bits: vec![0; table.len().div_ceil(64)], ..Commands::default() }
    }

    /// Allows everything (`+@all`), or nothing (`-@all`).
    pub fn set_all(&mut self, allowed: bool) {
        self.bits.fill(if allowed { u64::MAX } else { 0 });
        self.from_all = allowed;
        self.first_args.clear();
        self.rules.clear();
    }

    /// Allows or forbids a command with all its subcommands.
    pub fn set_command(&mut self, table: &CommandTable, id: usize, allowed: bool) {
        self.set_bits(table, id, allowed);
        self.note(table.row(id).full_name.as_bytes(), allowed);
    }

    /// Allows or forbids the commands of a category, whose name stands without its `@`.
    pub fn set_category(&mut self, table: &CommandTable, name: &[u8], of: Acl, allowed: bool) {
        self.note(&[b"@", name].concat(), allowed);
        for (id, row) in table.rows() {
            if row.command.spec.categories().has(of) {
                self.set_bits(table, id, allowed);
            }
        }
    }

    /// Allows a command with this first argument only. `rule` is the command and the argument as
    /// they were given.
    pub fn add_first_arg(&mut self, id: usize, arg: &[u8], rule: &[u8]) {
        let args = self.first_args.entry(id).or_default();
        if !args.iter().any(|known| known.eq_ignore_ascii_case(arg)) {
            args.push(arg.to_vec());
        }
        self.note(rule, true);
    }

    /// Whether the command may run, its first argument being `first_arg`.
    #[inline]
    pub fn allow(&self, id: usize, first_arg: Option<&[u8]>) -> bool {
        let bit = self.bits.get(id / 64).is_some_and(|word| word >> (id % 64) & 1 != 0);
        bit || (!self.first_args.is_empty() && self.allows_first_arg(id, first_arg))
    }

    fn allows_first_arg(&self, id: usize, first_arg: Option<&[u8]>) -> bool {
        let (Some(allowed), Some(arg)) = (self.first_args.get(&id), first_arg) else {
            return false;
        };
        allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(arg))
    }

    /// Whether every command may run.
    pub fn are_all(&self, table: &CommandTable) -> bool {
        (0..table.len()).all(|id| self.allow(id, None))
    }

    /// The rules that lead here from a new selector: `-@all +get`.
    pub fn describe(&self) -> Vec<u8> {
        let mut text = if self.from_all { b"+@all".to_vec() } else { b"-@all".to_vec() };
        for rule in &self.rules {
            text.extend_from_slice(if rule.allows { b" +" } else { b" -" });
            text.extend_from_slice(&rule.text);
        }
        text
    }

    fn set_bits(&mut self, table: &CommandTable, id: usize, allowed: bool) {
        self.first_args.remove(&id);
        self.set_bit(id, allowed);
        if !table.row(id).command.spec.subcommands.is_empty() {
            let subs = table.rows().filter(|(_, row)| row.parent == Some(id));
            subs.for_each(|(sub, _)| self.set_bit(sub, allowed));
        }
    }

    fn set_bit(&mut self, id: usize, allowed: bool) {
        let Some(word) = self.bits.get_mut(id / 64) else { return };
        let bit = 1 << (id % 64);
        *word = if allowed { *word | bit } else { *word & !bit };
    }

    /// Adds a rule and forgets those that it makes meaningless: the same one, and for a command
    /// those of its subcommands and first arguments.
    fn note(&mut self, text: &[u8], allows: bool) {
        let text = text.to_ascii_lowercase();
        self.rules.retain(|rule| {
            let rest = rule.text.strip_prefix(&*text);
            !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"|"))
        });
        self.rules.push(Rule { allows, text });
    }
}
