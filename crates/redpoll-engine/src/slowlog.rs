//! SLOWLOG and COMMANDLOG: the commands that took long, and those whose requests or replies were
//! large; newest first, bounded in number and in size.

use crate::engine::Engine;
use crate::session::Session;
use crate::settings::Settings;
use crate::spec::{Flags, Spec};
use parking_lot::Mutex;
use redpoll_resp::Args;
use std::collections::VecDeque;
use std::sync::atomic::Ordering::Relaxed;

/// The most words of a command that an entry keeps, the last telling how many more there were.
const WORDS_MAX: usize = 32;
/// The longest part of a word that an entry keeps.
const WORD_MAX: usize = 128;
/// The longest part of a query's plan that an entry keeps, behind the words.
const REMARK_MAX: usize = 1024;
/// The commands that have one.
const QUERIES: [&str; 3] = ["ft.search", "ft.aggregate", "ft.profile"];

/// A command that took long or was large.
#[derive(Clone, Debug)]
pub struct SlowEntry {
    /// Its number; never used twice, RESET or not.
    pub id: u64,
    /// When it ran, in seconds since 1970.
    pub time: i64,
    /// How long it took, in microseconds, or how large it was, in bytes.
    pub amount: u64,
    /// Its words, shortened.
    pub words: Vec<Vec<u8>>,
    /// The client's address.
    pub address: String,
    /// The client's name.
    pub name: String,
}

#[derive(Default)]
struct Log {
    entries: VecDeque<SlowEntry>,
    next_id: u64,
}

/// One of the logs.
#[derive(Default)]
pub struct SlowLog(Mutex<Log>);

impl SlowLog {
    /// Adds an entry and forgets the oldest beyond `max`; the entry's number is given here.
    pub fn add(&self, mut entry: SlowEntry, max: usize) {
        let mut log = self.0.lock();
        entry.id = log.next_id;
        log.next_id += 1;
        log.entries.push_front(entry);
        log.entries.truncate(max);
    }

    /// The newest `count` entries.
    pub fn newest(&self, count: usize) -> Vec<SlowEntry> {
        self.0.lock().entries.iter().take(count).cloned().collect()
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.0.lock().entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all entries.
    pub fn reset(&self) {
        self.0.lock().entries.clear();
    }
}

impl Engine {
    /// Puts a command into the slow log and among the latency spikes, if it took long enough by the
    /// configuration of this moment, which it may have changed itself.
    #[inline]
    pub(crate) fn note_time(
        &self,
        session: &Session,
        spec: &Spec,
        args: Args<'_>,
        nanos: u64,
        now: i64,
    ) {
        if nanos / 1000 >= self.notable_from_micros.load(Relaxed) {
            self.note_slow(session, spec, args, nanos, now);
        }
    }

    /// Whether a command that has taken so long is slow.
    pub fn is_slow_after(&self, micros: u64) -> bool {
        micros >= self.notable_from_micros.load(Relaxed)
            && self.settings().is_slow(micros.saturating_mul(1000))
    }

    #[cold]
    fn note_slow(&self, session: &Session, spec: &Spec, args: Args<'_>, nanos: u64, now: i64) {
        let settings = self.settings();
        if settings.is_slow(nanos) && !spec.flags.has(Flags::SKIP_SLOWLOG) {
            let mut entry = entry(session, args, nanos / 1000, now);
            let remark = session.remark.as_deref().filter(|_| QUERIES.contains(&spec.name));
            entry.words.extend(remark.map(|remark| shorten_word(remark, REMARK_MAX)));
            self.slowlog.add(entry, settings.slowlog_max);
        }
        let event = if spec.flags.has(Flags::FAST) { "fast-command" } else { "command" };
        self.latency.add(event, nanos / 1_000_000, settings.latency_threshold_ms, now / 1000);
    }

    /// Puts a command into the logs of large requests and replies, if it belongs there.
    #[cold]
    pub(crate) fn note_large(
        &self,
        session: &Session,
        settings: &Settings,
        args: Args<'_>,
        (request, reply): (usize, usize),
        now: i64,
    ) {
        for (log, size, (threshold, max)) in [
            (&self.large_requests, request, settings.large_request),
            (&self.large_replies, reply, settings.large_reply),
        ] {
            if size >= threshold && max > 0 {
                log.add(entry(session, args, size as u64, now), max);
            }
        }
    }
}

/// What the log says of a command; its number is still to come.
fn entry(session: &Session, args: Args<'_>, amount: u64, now: i64) -> SlowEntry {
    let client = &session.client;
    SlowEntry {
        id: 0,
        time: now / 1000,
        amount,
        words: shorten(args, &session.secret_words),
        address: client.origin.address.clone(),
        name: client.names.lock().name.clone(),
    }
}

/// What stands in place of a word that nobody may see.
pub(crate) const SECRET: &[u8] = b"(redacted)";

/// A command's words, shortened as SLOWLOG shows them; passwords, whose positions are `secret`, are
/// left out.
pub fn shorten(args: Args<'_>, secret: &[usize]) -> Vec<Vec<u8>> {
    let shown = if args.len() > WORDS_MAX { WORDS_MAX - 1 } else { args.len() };
    let show = |(index, word)| match secret.contains(&index) {
        true => SECRET.to_vec(),
        false => shorten_word(word, WORD_MAX),
    };
    let mut words: Vec<Vec<u8>> = args.iter().enumerate().take(shown).map(show).collect();
    if shown < args.len() {
        words.push(format!("... ({} more arguments)", args.len() - shown).into_bytes());
    }
    words
}

fn shorten_word(word: &[u8], max: usize) -> Vec<u8> {
    if word.len() <= max {
        return word.to_vec();
    }
    let mut short = word[..max].to_vec();
    short.extend(format!("... ({} more bytes)", word.len() - max).bytes());
    short
}
