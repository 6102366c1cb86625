//! A selector: commands with the keys, channels and databases that they may be used on. Every user
//! has one, and may have more in parentheses; a command is allowed if one of them allows it whole.

use super::commands::Commands;
use super::patterns::{Channels, Databases, Keys};
use super::rule::Grammar;
use crate::table::CommandTable;

/// See the module's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The commands.
    pub commands: Commands,
    /// The keys.
    pub keys: Keys,
    /// The channels.
    pub channels: Channels,
    /// The databases.
    pub databases: Databases,
}

impl Selector {
    /// One that allows nothing, or just every channel if the configuration says so.
    pub fn new(grammar: &Grammar<'_>) -> Self {
        let mut channels = Channels::default();
        channels.set_all(grammar.channels_by_default);
        Selector {
            commands: Commands::none(grammar.commands),
            keys: Keys::default(),
            channels,
            databases: Databases::all(),
        }
    }

    /// Whether it allows every command on everything.
    pub fn allows_everything(&self, table: &CommandTable) -> bool {
        self.keys.are_all()
            && self.channels.are_all()
            && self.databases.are_all()
            && self.commands.are_all(table)
    }

    /// The rules that lead here from a new selector.
    pub fn describe(&self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut word = |word: &[u8]| {
            if !word.is_empty() {
                text.extend_from_slice(word);
                text.push(b' ');
            }
        };
        word(&self.keys.describe());
        if !self.channels.are_all() {
            word(b"resetchannels");
        }
        word(&self.channels.describe());
        if !self.databases.are_all() {
            word(self.databases.describe().as_bytes());
        }
        text.extend_from_slice(&self.commands.describe());
        text
    }
}
