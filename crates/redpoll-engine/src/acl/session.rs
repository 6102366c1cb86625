//! Users and clients: logging in, being checked, and what a change of users does to those who are
//! connected.

use super::check::{Call, Denied, Reason, check};
use super::file;
use super::log::{Context, Entry};
use super::patterns::Access;
use super::rule::{self, Grammar, RuleError};
use super::user::User;
use super::users::DEFAULT_USER;
use crate::client::{ClientId, line};
use crate::engine::Engine;
use crate::error::Error;
use crate::pubsub::Kind;
use crate::session::Session;
use crate::spec::Flags;
use redpoll_config::{AclPubsubDefault, Extra};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};

/// A name and a password that a client gives.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The name of the user.
    pub user: &'a [u8],
    /// The password.
    pub password: &'a [u8],
}

impl Engine {
    /// What rules are read by.
    pub fn acl_grammar(&self) -> Grammar<'_> {
        Grammar {
            commands: &self.commands,
            channels_by_default: self.config.acl_pubsub_default() == AclPubsubDefault::Allchannels,
            databases: usize::try_from(self.config.databases()).unwrap_or(1),
        }
    }

    /// Lets a client act as a user. False if name or password are wrong; that is logged. `verb` is
    /// the command's name as it was given.
    pub fn log_in(
        &self,
        session: &mut Session,
        login: Login<'_>,
        verb: &[u8],
        context: Context,
        now: i64,
    ) -> bool {
        let user = self.users.get(login.user).unwrap_or_else(|| self.nobody());
        let right = user.accepts(login.password);
        let entered = right && self.enter(session, login.user);
        if !entered {
            let client = self.describe_client(session, now);
            let (object, user) = (verb.to_vec(), login.user.to_vec());
            let entry = Entry { object, user, client, ..Entry::new(Reason::Auth, context, now) };
            self.users.log.add(entry, self.config.acllog_max_len());
        }
        entered
    }

    /// Lets a client act as a user without a password, for whoever has made sure of it otherwise
    /// (by a certificate). False if there is no such user, or it is off.
    pub fn enter(&self, session: &mut Session, name: &[u8]) -> bool {
        // While nobody can change users: whoever deletes this one later finds the client by it.
        let entered = self.users.with(name, |user| match user {
            Some(user) if user.enabled => {
                session.set_user(user);
                true
            }
            _ => false,
        });
        session.authenticated |= entered;
        entered
    }

    /// Puts a client back to where it was before it logged in.
    pub fn log_out(&self, session: &mut Session) {
        self.users.with(DEFAULT_USER, |user| user.into_iter().for_each(|u| session.set_user(u)));
        session.authenticated = self.users.are_open();
    }

    /// Takes the newest snapshot of the client's user. If the user is gone, the client is closed.
    #[cold]
    pub fn refresh_user(&self, session: &mut Session) {
        let generation = self.generation();
        let found = match session.user() {
            Some(user) => self.users.get(&user.name).filter(|found| found.id == user.id),
            None => Some(self.users.default_user()),
        };
        match found {
            Some(user) => session.set_user(&user),
            None => {
                // What is left of a transaction is refused, too.
                self.enter_as_nobody(session);
                (session.authenticated, session.closing) = (false, true);
            }
        }
        session.generation = generation;
    }

    /// Lets a session that stands for a waiting client act as its user; as nobody who may do
    /// anything if that is gone.
    pub(crate) fn enter_as(&self, session: &mut Session, id: u64) {
        let user = match id {
            0 => Some(self.users.default_user()),
            _ => self.users.by_id(id),
        };
        let user = user.unwrap_or_else(|| self.nobody());
        session.unrestricted = user.is_unrestricted();
        session.user = Some(user);
    }

    fn enter_as_nobody(&self, session: &mut Session) {
        (session.unrestricted, session.user) = (false, Some(self.nobody()));
    }

    /// A user who may do nothing and is not among the others.
    fn nobody(&self) -> Arc<User> {
        Arc::new(User::new(b"", u64::MAX, &self.acl_grammar()))
    }

    /// The user a client acts as.
    pub fn user_of(&self, session: &Session) -> Arc<User> {
        session.user().cloned().unwrap_or_else(|| self.users.default_user())
    }

    /// Checks a call that a client, a transaction or a script makes; a refusal is logged. In a
    /// script this is to be asked before each command.
    pub fn authorize(
        &self,
        session: &Session,
        call: Call<'_>,
        context: Context,
        now: i64,
    ) -> Result<(), Denied> {
        if session.is_unrestricted() {
            return Ok(());
        }
        let user = self.user_of(session);
        let Err(denied) = check(&user, call) else { return Ok(()) };
        let full_name = &self.commands.row(call.id).full_name;
        let object = match (denied.reason, denied.index) {
            (Reason::Database, 0) if call.command.spec.name != "flushall" => {
                call.db.to_string().into_bytes()
            }
            _ => denied.object(full_name, call.args).to_vec(),
        };
        let client = self.describe_client(session, now);
        let new = Entry::new(denied.reason, context, now);
        let entry = Entry { object, user: user.name.to_vec(), client, ..new };
        self.users.log.add(entry, self.config.acllog_max_len());
        Err(denied)
    }

    /// The error a client gets that was refused a command, `NOPERM` first. (A script is told
    /// `ACL failure in script: ` and [`Denied::message`].)
    pub fn denial(&self, session: &Session, denied: Denied, id: usize) -> Error {
        let user = self.user_of(session);
        Error::text(format!("NOPERM {}", denied.message(&user, &self.commands.row(id).full_name)))
    }

    /// Whether the client must log in before it may run commands with these flags.
    pub(crate) fn needs_login(&self, session: &Session, flags: Flags) -> bool {
        !session.authenticated && !flags.has(Flags::NO_AUTH) && !self.users.are_open()
    }

    fn describe_client(&self, session: &Session, now: i64) -> String {
        session.publish_figures(now);
        let mut text = String::new();
        line::push(&mut text, self, &session.client, now);
        text.truncate(text.trim_end().len());
        text
    }

    /// ACL SETUSER: applies rules to a user, all or none; makes the user if there is none. The
    /// error is without its code word.
    pub fn set_user(
        &self,
        session: &mut Session,
        name: &[u8],
        words: &[&[u8]],
    ) -> Result<(), String> {
        let shown = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        if rule::has_space(name) {
            return Err("Usernames can't contain spaces or null characters".to_owned());
        }
        let rules = rule::join_selectors(words).map_err(|word| {
            format!("Unmatched parenthesis in acl selector starting at '{}'.", shown(word))
        })?;
        let grammar = self.acl_grammar();
        let change = |user: &User| user.with(rules.iter().map(|word| &**word), &grammar);
        let (old, new) = self.users.update(name, &grammar, change).map_err(|(word, error)| {
            format!("Error in ACL SETUSER modifier '{}': {}", shown(word), error.message())
        })?;
        self.acl_changed();
        if let Some(old) = old {
            self.close_subscribers(session, &old, &new);
        }
        Ok(())
    }

    /// ACL DELUSER: removes a user and closes the clients that act as it. False if there is none.
    pub fn delete_user(&self, session: &mut Session, name: &[u8]) -> bool {
        let Some(user) = self.users.remove(name) else { return false };
        self.acl_changed();
        self.close_clients_of(session, user.id);
        true
    }

    /// Replaces all users by those of an ACL file's text. If anything is wrong with it, that is the
    /// error, and nothing has changed. Else clients of all users but the default one are closed, as
    /// Redis does it: whoever has a place in the new file logs in again.
    pub fn load_users(
        &self,
        session: Option<&mut Session>,
        text: &[u8],
        file: &str,
    ) -> Result<(), String> {
        let grammar = self.acl_grammar();
        let new = file::parse(&self.users, text, file, &grammar)?;
        let old = self.users.replace(new, &grammar);
        self.acl_changed();
        let Some(session) = session else { return Ok(()) };
        for user in old.values() {
            match user.id {
                0 => self.close_subscribers(session, user, &self.users.default_user()),
                id => self.close_clients_of(session, id),
            }
        }
        Ok(())
    }

    /// Takes the `user` lines of redis.conf over. The error is for the operator.
    pub fn configure_users(&self, lines: &[Extra]) -> Result<(), String> {
        let grammar = self.acl_grammar();
        let mut names: Vec<&[u8]> = Vec::new();
        for extra in lines {
            let Some((name, words)) = extra.args.split_first() else { continue };
            let refuse = |what: &[u8], error: RuleError| {
                let what = String::from_utf8_lossy(what);
                let reason = format!("Error in user declaration '{what}': {}", error.message());
                extra.line.error(reason).to_string()
            };
            if rule::has_space(name) {
                return Err(extra.line.error("Spaces not allowed in ACL usernames").to_string());
            }
            if names.contains(&&**name) {
                return Err(refuse(name, RuleError::Duplicate));
            }
            names.push(name);
            let words: Vec<&[u8]> = words.iter().map(Vec::as_slice).collect();
            let rules =
                rule::join_selectors(&words).map_err(|word| refuse(word, RuleError::Syntax))?;
            let change = |user: &User| {
                let user = User::new(&user.name, user.id, &grammar);
                user.with(rules.iter().map(|word| &**word), &grammar)
            };
            let update = self.users.update(name, &grammar, change);
            update.map_err(|(word, error)| refuse(word, error))?;
        }
        self.acl_changed();
        Ok(())
    }

    /// Gives the default user the password that `requirepass` names now, or none.
    pub fn requirepass_changed(&self) {
        let grammar = self.acl_grammar();
        let password = self.config.requirepass().filter(|password| !password.is_empty());
        let rule = password.map_or(b"nopass".to_vec(), |password| [b">", &*password].concat());
        let rules: [&[u8]; 2] = [b"resetpass", &rule];
        // Neither rule can be refused.
        let _ = self.users.update(DEFAULT_USER, &grammar, |user| user.with(rules, &grammar));
        self.acl_changed();
    }

    /// To be called when a client has subscribed to these names. If users have changed since that
    /// was allowed, whoever changed them may not have seen the subscription: the client is closed
    /// here if it may not have it any more.
    pub fn recheck_subscriptions<'n>(
        &self,
        session: &mut Session,
        kind: Kind,
        mut names: impl Iterator<Item = &'n [u8]>,
    ) {
        if session.generation == self.generation() {
            return;
        }
        self.refresh_user(session);
        let user = self.user_of(session);
        session.closing |= names.any(|name| !user.may_use_channel(name, kind == Kind::Pattern));
    }

    fn close(&self, session: &mut Session, client: ClientId) {
        if client == session.client.id {
            session.closing = true;
        } else if let Some(client) = self.clients.get(client) {
            client.kill();
        }
    }

    fn close_clients_of(&self, session: &mut Session, user: u64) {
        for client in self.clients.all() {
            if client.user_id.load(Acquire) == user {
                self.close(session, client.id);
            }
        }
    }

    /// Closes the clients of a user who have subscribed to what it may no longer hear.
    fn close_subscribers(&self, session: &mut Session, old: &User, new: &User) {
        let channels = || new.selectors.iter().map(|selector| &selector.channels);
        if old.selectors.iter().all(|selector| selector.channels.are_within(channels())) {
            return;
        }
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            for name in self.pubsub.names(kind, None) {
                if new.may_use_channel(&name, kind == Kind::Pattern) {
                    continue;
                }
                for client in self.pubsub.receivers(kind, &name) {
                    if client.user_id.load(Acquire) == new.id {
                        self.close(session, client.id);
                    }
                }
            }
        }
    }
}

impl Session {
    /// The user it acts as; none before its first command.
    pub fn user(&self) -> Option<&Arc<User>> {
        self.user.as_ref()
    }

    /// Whether its user may read this key.
    pub fn may_read(&self, key: &[u8]) -> bool {
        let allows = |user: &Arc<User>| {
            user.selectors.iter().any(|selector| selector.keys.allow(key, Access::READ))
        };
        self.unrestricted || self.user.as_ref().is_none_or(allows)
    }

    /// Whether its user may do so with every key that begins with `prefix`.
    pub fn may_access_prefix(&self, prefix: &[u8], access: Access) -> bool {
        let allows = |user: &Arc<User>| {
            user.selectors.iter().any(|selector| selector.keys.allow_prefix(prefix, access))
        };
        self.unrestricted || self.user.as_ref().is_none_or(allows)
    }

    /// Whether its user may do everything, so that nothing needs to be checked.
    pub fn is_unrestricted(&self) -> bool {
        self.unrestricted
    }

    /// Makes it act as a user.
    pub(super) fn set_user(&mut self, user: &Arc<User>) {
        self.unrestricted = user.is_unrestricted();
        if self.user.as_ref().is_none_or(|old| old.id != user.id) {
            self.client.user_id.store(user.id, Release);
            self.client.names.lock().user = user.display_name().into_owned();
        }
        self.user = Some(Arc::clone(user));
    }
}
