//! A user: a name, passwords, and selectors. A snapshot that does not change any more once it is
//! among the [`Users`](super::Users).

use super::password::PasswordHash;
use super::rule::{self, Grammar, RuleError};
use super::selector::Selector;
use std::borrow::Cow;

/// See the module's head.
#[derive(Clone, Debug)]
pub struct User {
    /// The name: any bytes but white space.
    pub name: Box<[u8]>,
    /// Tells users apart that had the same name at different times; the default user's is 0.
    pub id: u64,
    /// Whether clients may log in.
    pub enabled: bool,
    /// Whether any password will do.
    pub nopass: bool,
    /// Whether payloads of RESTORE are believed.
    pub skips_sanitizing: bool,
    /// The hashes of the passwords.
    pub passwords: Vec<PasswordHash>,
    /// The permissions outside of parentheses, and those within, in their order.
    pub selectors: Vec<Selector>,
    /// Whether one of the selectors allows everything; set by [`User::seal`].
    unrestricted: bool,
}

impl User {
    /// A user who may do nothing.
    pub fn new(name: &[u8], id: u64, grammar: &Grammar<'_>) -> Self {
        User {
            name: name.into(),
            id,
            enabled: false,
            nopass: false,
            skips_sanitizing: false,
            passwords: Vec::new(),
            selectors: vec![Selector::new(grammar)],
            unrestricted: false,
        }
    }

    /// The default user before anybody has restricted it.
    pub fn new_default(grammar: &Grammar<'_>) -> Self {
        let mut user = User::new(super::DEFAULT_USER, 0, grammar);
        (user.enabled, user.nopass) = (true, true);
        let root = user.root_mut();
        root.commands.set_all(true);
        root.keys.set_all(true);
        root.channels.set_all(true);
        user
    }

    /// This user after some rules, each a whole one; the rule and why it was refused if one was.
    pub fn with<'w>(
        &self,
        rules: impl IntoIterator<Item = &'w [u8]>,
        grammar: &Grammar<'_>,
    ) -> Result<User, (&'w [u8], RuleError)> {
        let mut user = self.clone();
        for word in rules {
            rule::apply(&mut user, word, grammar).map_err(|error| (word, error))?;
        }
        Ok(user)
    }

    /// The permissions outside of parentheses.
    pub fn root(&self) -> &Selector {
        &self.selectors[0]
    }

    /// The same, to be changed.
    pub(super) fn root_mut(&mut self) -> &mut Selector {
        &mut self.selectors[0]
    }

    /// To be called after the last change: finds out what checks want to know at once.
    pub(super) fn seal(&mut self, grammar: &Grammar<'_>) {
        let free = |selector: &Selector| selector.allows_everything(grammar.commands);
        self.unrestricted = self.selectors.iter().any(free);
    }

    /// Whether it may run every command on everything.
    pub fn is_unrestricted(&self) -> bool {
        self.unrestricted
    }

    /// Whether it may log in with this password. Takes as long for a wrong one as for a right one.
    pub fn accepts(&self, password: &[u8]) -> bool {
        let given = PasswordHash::of(password);
        let known = self.passwords.iter().fold(false, |found, hash| found | hash.matches(&given));
        self.enabled && (self.nopass || known)
    }

    /// Whether a client that has just connected acts as this user without logging in.
    pub fn is_open(&self) -> bool {
        self.enabled && self.nopass
    }

    /// Whether a channel, or a pattern of channels, may be subscribed to.
    pub fn may_use_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.selectors.iter().any(|selector| selector.channels.allow(channel, is_pattern))
    }

    /// The name as text.
    pub fn display_name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.name)
    }

    /// The names of its flags.
    pub fn flags(&self) -> impl Iterator<Item = &'static str> {
        [
            Some(if self.enabled { "on" } else { "off" }),
            self.nopass.then_some("nopass"),
            Some(if self.skips_sanitizing { "skip-sanitize-payload" } else { "sanitize-payload" }),
        ]
        .into_iter()
        .flatten()
    }

    /// The rules that lead here from a new user, as ACL LIST shows them behind the name.
    pub fn describe(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for flag in self.flags() {
            text.extend_from_slice(flag.as_bytes());
            text.push(b' ');
        }
        for password in &self.passwords {
            text.extend_from_slice(format!("#{} ", password.digits()).as_bytes());
        }
        text.extend_from_slice(&self.root().describe());
        for selector in &self.selectors[1..] {
            text.extend_from_slice(&[b" (", &*selector.describe(), b")"].concat());
        }
        text
    }
}
