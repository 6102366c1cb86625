//! One walk over all stripes for what INFO and MEMORY STATS tell of the keyspace.

use super::info::Sizes;
use crate::prelude::*;

/// Entries looked at in each stripe of a database to estimate how long keys have to live.
const TTL_SAMPLES: usize = 16;

/// What is known of one database.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DbSurvey {
    /// Keys, expired ones that are still there included.
    pub keys: usize,
    /// Those with an expiry.
    pub volatile: usize,
    /// Bytes of tables and wheels.
    pub overhead: usize,
    ttl_sum: i64,
    ttl_count: i64,
}

impl DbSurvey {
    /// How many milliseconds the keys with an expiry have to live, as the mean of a sample; 0 if
    /// the sample held none.
    pub fn average_ttl(&self) -> i64 {
        if self.ttl_count == 0 { 0 } else { self.ttl_sum / self.ttl_count }
    }
}

/// What is known of the keyspace.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// By database number.
    pub dbs: Vec<DbSurvey>,
    /// Keys that clients wait for.
    pub awaited_keys: usize,
    /// How large the values are, if that is asked for.
    pub sizes: Sizes,
    /// Those of them of which a client wants to hear that they are gone.
    pub needed_keys: usize,
}

impl Survey {
    /// Walks over all stripes, one locked at a time (or all, in a transaction). O(stripes ×
    /// databases).
    pub fn take(ctx: &mut Ctx<'_>) -> Self {
        let keyspace = ctx.keys.keyspace();
        let now = ctx.keys.now();
        let dbs = vec![DbSurvey::default(); keyspace.databases()];
        let mut survey = Survey { dbs, ..Survey::default() };
        for number in 0..keyspace.stripes() {
            let stripe = ctx.keys.stripe(number);
            survey.awaited_keys += stripe.observed_counts().1;
            survey.needed_keys += stripe.needed_keys();
            for (db, found) in stripe.dbs().iter().zip(&mut survey.dbs) {
                found.keys += db.table.len();
                found.volatile += db.volatile;
                found.overhead += db.overhead_bytes();
                if db.volatile == 0 {
                    continue;
                }
                for due in db.table.iter().take(TTL_SAMPLES).filter_map(|entry| entry.expiry()) {
                    found.ttl_sum = found.ttl_sum.saturating_add((due - now).max(0));
                    found.ttl_count += 1;
                }
            }
        }
        ctx.keys.unlock_walk();
        survey
    }

    /// Keys of all databases.
    pub fn keys(&self) -> usize {
        self.dbs.iter().map(|db| db.keys).sum()
    }

    /// Bytes of all tables and wheels.
    pub fn overhead(&self) -> usize {
        self.dbs.iter().map(|db| db.overhead).sum()
    }
}
