//! All users: snapshots by name, replaced as a whole when one changes.
//!
//! Lock order: this registry's lock comes after stripes and before the clients'.

use super::check::Reason;
use super::log::AclLog;
use super::rule::Grammar;
use super::user::User;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::*};

/// The user that a client acts as until it logs in. It is always there.
pub const DEFAULT_USER: &[u8] = b"default";

pub(super) type Map = BTreeMap<Box<[u8]>, Arc<User>>;

/// See the module's head.
pub struct Users {
    users: RwLock<Map>,
    /// Whether clients may work without logging in.
    open: AtomicBool,
    last_id: AtomicU64,
    /// What was refused.
    pub log: AclLog,
}

impl Users {
    /// The default user alone, who may do everything.
    pub fn new(grammar: &Grammar<'_>) -> Self {
        let users = Users {
            users: RwLock::default(),
            open: AtomicBool::new(true),
            last_id: AtomicU64::new(0),
            log: AclLog::default(),
        };
        users.put(User::new_default(grammar), grammar);
        users
    }

    /// The user of this name.
    pub fn get(&self, name: &[u8]) -> Option<Arc<User>> {
        self.users.read().get(name).cloned()
    }

    /// The user with this number.
    pub fn by_id(&self, id: u64) -> Option<Arc<User>> {
        self.users.read().values().find(|user| user.id == id).cloned()
    }

    /// The default user.
    pub fn default_user(&self) -> Arc<User> {
        let users = self.users.read();
        // Nothing removes it.
        users.get(DEFAULT_USER).cloned().expect("the default user")
    }

    /// Whether clients may work without logging in: the default user is on and needs no password.
    pub fn are_open(&self) -> bool {
        self.open.load(Acquire)
    }

    /// All users, by name.
    pub fn all(&self) -> Vec<Arc<User>> {
        self.users.read().values().cloned().collect()
    }

    /// A number for a new user.
    pub(super) fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Relaxed) + 1
    }

    /// Puts a user in the place of the one with its name.
    pub(super) fn put(&self, mut user: User, grammar: &Grammar<'_>) {
        user.seal(grammar);
        let mut users = self.users.write();
        users.insert(user.name.clone(), Arc::new(user));
        self.note_default(&users);
    }

    /// Changes a user, or makes one, by what `change` makes of the present one. Others who change
    /// users wait. Returns the user before and after.
    pub(super) fn update<E>(
        &self,
        name: &[u8],
        grammar: &Grammar<'_>,
        change: impl FnOnce(&User) -> Result<User, E>,
    ) -> Result<(Option<Arc<User>>, Arc<User>), E> {
        let mut users = self.users.write();
        let old = users.get(name).cloned();
        let mut new = match &old {
            Some(user) => change(user)?,
            None => change(&User::new(name, self.next_id(), grammar))?,
        };
        new.seal(grammar);
        let new = Arc::new(new);
        users.insert(name.into(), Arc::clone(&new));
        self.note_default(&users);
        Ok((old, new))
    }

    /// Removes a user; never the default one.
    pub(super) fn remove(&self, name: &[u8]) -> Option<Arc<User>> {
        if name == DEFAULT_USER {
            return None;
        }
        self.users.write().remove(name)
    }

    /// Replaces all users, among which there must be the default one; returns those of before.
    pub(super) fn replace(&self, new: Vec<User>, grammar: &Grammar<'_>) -> Map {
        let mut users = self.users.write();
        let seal = |mut user: User| {
            user.seal(grammar);
            (user.name.clone(), Arc::new(user))
        };
        let mut new: Map = new.into_iter().map(seal).collect();
        new.entry(DEFAULT_USER.into()).or_insert_with(|| {
            let mut user = User::new_default(grammar);
            user.seal(grammar);
            Arc::new(user)
        });
        let old = std::mem::replace(&mut *users, new);
        self.note_default(&users);
        old
    }

    /// Runs `act` with the present user of this name, while nobody can change users.
    pub(super) fn with<R>(&self, name: &[u8], act: impl FnOnce(Option<&Arc<User>>) -> R) -> R {
        act(self.users.read().get(name))
    }

    fn note_default(&self, users: &Map) {
        self.open.store(users.get(DEFAULT_USER).is_some_and(|user| user.is_open()), Release);
    }

    /// How often something was refused for this reason.
    pub fn denied(&self, reason: Reason) -> u64 {
        self.log.count(reason)
    }
}
