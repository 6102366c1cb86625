//! When those are sent something to whom little by little much is sent: replicas, the stream.
//!
//! To send a packet costs more than a dozen writes, and so does to receive it. A replica gets what
//! there is at once, if it has not been sent anything for a moment; else the rest of that moment is
//! waited for, and what comes meanwhile goes along. So however many writes there are, only so many
//! packets go out. Who asks something of a replica (WAIT) does not wait for that.

use redpoll_engine::client::ClientId;
use std::time::{Duration, Instant};

/// The moment: short beside what a network takes, long beside what a packet costs.
const MOMENT: Duration = Duration::from_micros(500);

/// See the module's head. Those of one worker; they are few.
#[derive(Default)]
pub struct Gathering(Vec<Line>);

struct Line {
    client: ClientId,
    /// When something was sent last.
    sent: Instant,
    /// Whether something waits.
    waits: bool,
}

impl Gathering {
    /// There is something for a client. Answers whether it is to be sent at once.
    pub fn offer(&mut self, client: ClientId, now: Instant) -> bool {
        let Some(line) = self.0.iter_mut().find(|line| line.client == client) else {
            self.0.push(Line { client, sent: now, waits: false });
            return true;
        };
        if now.saturating_duration_since(line.sent) >= MOMENT {
            (line.sent, line.waits) = (now, false);
            return true;
        }
        line.waits = true;
        false
    }

    /// When to look for [`Gathering::due`]; `None` as long as nothing waits.
    pub fn next(&self) -> Option<Instant> {
        self.0.iter().filter(|line| line.waits).map(|line| line.sent + MOMENT).min()
    }

    /// A client that has waited long enough; it is to be sent everything now.
    pub fn due(&mut self, now: Instant) -> Option<ClientId> {
        let is_due = |line: &&mut Line| line.waits && now >= line.sent + MOMENT;
        let line = self.0.iter_mut().find(is_due)?;
        (line.sent, line.waits) = (now, false);
        Some(line.client)
    }

    /// A client has gone.
    pub fn forget(&mut self, client: ClientId) {
        self.0.retain(|line| line.client != client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_soon_after_goes_along_with_what_follows() {
        let (mut gathering, begun) = (Gathering::default(), Instant::now());
        assert!(gathering.offer(7, begun));
        assert_eq!((gathering.next(), gathering.due(begun + MOMENT)), (None, None));
        assert!(!gathering.offer(7, begun + MOMENT / 5));
        assert!(!gathering.offer(7, begun + MOMENT / 4));
        assert!(gathering.offer(8, begun + MOMENT / 4), "another one");
        assert_eq!(gathering.next(), Some(begun + MOMENT));
        assert_eq!(gathering.due(begun + MOMENT / 2), None);
        assert_eq!(gathering.due(begun + MOMENT), Some(7));
        assert_eq!(gathering.due(begun + MOMENT), None);
        assert!(!gathering.offer(7, begun + MOMENT), "it counts from what was sent");
        assert!(gathering.offer(7, begun + 2 * MOMENT), "long enough ago");
        assert_eq!(gathering.next(), None);
        assert!(!gathering.offer(7, begun + 2 * MOMENT));
        gathering.forget(7);
        assert_eq!(gathering.next(), None);
    }
}
