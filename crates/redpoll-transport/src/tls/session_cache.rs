//! Sessions that clients may resume, for a while and up to a number.

use rustls::server::StoresServerSessions;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// See the module's head. The oldest goes when there is no room.
pub(super) struct SessionCache {
    sessions: Mutex<Sessions>,
    /// How many are kept.
    size: usize,
    /// How long each is.
    timeout: Duration,
}

#[derive(Default)]
struct Sessions {
    by_key: HashMap<Vec<u8>, (Instant, Vec<u8>)>,
    /// The keys with their times, the oldest first; those of sessions that were taken stay until
    /// their turn comes.
    order: VecDeque<(Instant, Vec<u8>)>,
}

impl SessionCache {
    /// An empty cache; a size of 0 has no limit.
    pub(super) fn new(size: usize, timeout: Duration) -> Self {
        let size = if size == 0 { usize::MAX } else { size };
        SessionCache { sessions: Mutex::default(), size, timeout }
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        // Nothing in here can be half done.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, (since, value): (Instant, Vec<u8>)) -> Option<Vec<u8>> {
        (since.elapsed() < self.timeout).then_some(value)
    }
}

impl Sessions {
    /// Drops the oldest while it is too old, or there are too many.
    fn tidy(&mut self, size: usize, timeout: Duration) {
        while let Some((since, key)) = self.order.front() {
            if since.elapsed() < timeout && self.order.len() <= size {
                return;
            }
            if self.by_key.get(key).is_some_and(|(stored, _)| stored == since) {
                self.by_key.remove(key);
            }
            self.order.pop_front();
        }
    }
}

impl fmt::Debug for SessionCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets are not shown.
        f.debug_struct("SessionCache").field("size", &self.size).finish_non_exhaustive()
    }
}

impl StoresServerSessions for SessionCache {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        let now = Instant::now();
        let mut sessions = self.lock();
        sessions.order.push_back((now, key.clone()));
        sessions.by_key.insert(key, (now, value));
        sessions.tidy(self.size, self.timeout);
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let found = self.lock().by_key.get(key).cloned();
        found.and_then(|session| self.fresh(session))
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let found = self.lock().by_key.remove(key);
        found.and_then(|session| self.fresh(session))
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_go_when_there_is_no_room_or_their_time_is_over() {
        let cache = SessionCache::new(2, Duration::from_secs(100));
        for key in [1, 2, 3] {
            assert!(cache.put(vec![key], vec![key]));
        }
        assert_eq!((cache.get(&[1]), cache.get(&[2])), (None, Some(vec![2])));
        assert_eq!((cache.take(&[3]), cache.take(&[3])), (Some(vec![3]), None));
        let cache = SessionCache::new(0, Duration::ZERO);
        cache.put(vec![1], vec![1]);
        assert_eq!(cache.get(&[1]), None);
        assert!(cache.lock().order.is_empty());
    }
}
