//! `XREADGROUP GROUP group consumer [COUNT count] [MAXCOUNT maxcount] [MAXSIZE maxsize]
//! [BLOCK milliseconds] [CLAIM min-idle-time] [NOACK] STREAMS key [key ...] id [id ...]`.

use super::group_log::GroupLog;
use super::reading::{self, Answer, Budget, Request};
use super::{changed_group, entries, ids};
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_resp::Reply;
use redpoll_types::stream::{ConsumerId, Entry, Group as Readers, Log, Stream, StreamId};

pub const XREADGROUP: Command = Command {
    spec: Spec {
        name: "xreadgroup",
        cost: Some(cost),
        groups: Some(|args| {
            let request = Request::parse(args, true, 0);
            request.is_ok_and(|request| request.streams().any(|(_, word)| is_new(word)))
        }),
        arity: -7,
        flags: Flags::WRITE.with(Flags::BLOCKING),
        keys: &[reading::keys(4)],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Returns entries of streams that a group has not read yet, or waits for some.",
        complexity: "For each stream O(N) where N is the number of entries returned.",
        args: &[
            Arg::block("group-block", &[Arg::string("group"), Arg::string("consumer")])
                .token("GROUP"),
            reading::COUNT,
            reading::MAXCOUNT,
            reading::MAXSIZE,
            reading::BLOCK,
            Arg::integer("min-idle-time").token("CLAIM").optional(),
            Arg::flag("noack", "NOACK").optional(),
            reading::STREAMS,
        ],
        ..Spec::EMPTY
    },
    run,
};

/// What is new to the group, or what the consumer has pending. The usual call asks for few, and
/// nothing is looked up for it.
fn cost(keys: &mut Keys<'_>, args: Args<'_>) -> usize {
    let count_of_few = |word: &[u8]| word.len() <= 3 && parse::count(word).is_ok_and(|it| it > 0);
    if args.get(4).is_some_and(|word| parse::is(word, "count"))
        && args.get(5).is_some_and(count_of_few)
    {
        return 0;
    }
    let Ok(request) = Request::parse(args, true, 0) else { return 0 };
    let Some((group, consumer)) = request.group else { return 0 };
    reading::cost_of(&request, |key, word| {
        let Some(stream) = keys.glimpse::<Stream>(key) else { return 0 };
        let Some(group) = stream.group(group) else { return 0 };
        let consumer = || group.consumer(group.find_consumer(consumer)?);
        match parse_from(word) {
            Ok(From::New) => {
                let pending = request.claim.map_or(0, |_| group.pending_count());
                pending + stream.log().about_between(group.last_delivered(), StreamId::MAX)
            }
            Ok(From::History(last)) => consumer().map_or(0, |it| it.pending_count_from(last)),
            Err(_) => 0,
        }
    })
}

/// How long after now a waiting client looks for entries to claim where none are pending yet.
const LOOK_AGAIN_MS: i64 = 10;

/// From where on to read.
#[derive(Clone, Copy)]
enum From {
    /// What is new to the group: `>`.
    New,
    /// What the consumer has pending behind this id.
    History(StreamId),
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let now = ctx.keys.now();
    let request = Request::parse(args, true, now)?;
    request.check_mode(ctx.mode)?;
    let Some((group, consumer)) = request.group else { return Err(Error::Syntax) };
    let mut from = Vec::with_capacity(request.streams);
    for (key, word) in request.streams() {
        let stream = ctx.keys.read::<Stream>(key)?;
        if stream.is_none_or(|stream| stream.group(group).is_none()) {
            let error = super::no_key_or_group(key, group);
            return Err(Error::text(format!(
                "{} in XREADGROUP with GROUP option",
                error.message()
            )));
        }
        from.push(parse_from(word)?);
    }
    let mut answer = Answer::new(&ctx.reply);
    let mut budget = request.budget(&ctx.reply);
    let mut look_again_at = None;
    for ((key, _), from) in request.streams().zip(from) {
        let mut changes = GroupLog::new(ctx, key, group);
        let found = ctx.keys.write::<Stream>(key)?.and_then(|stream| stream.group_mut(group));
        let Some((group, log)) = found else { continue };
        let (id, made) = group.consumer_or_new(consumer, now);
        if made {
            changes.new_consumer(consumer);
        }
        group.saw(id, now);
        let mut read = Read {
            group,
            log,
            changes: &mut changes,
            consumer: id,
            now,
            request: &request,
            moved: false,
        };
        let (reply, budget) = (&mut ctx.reply, &mut budget);
        match from {
            From::History(last) => {
                answer.stream(reply, budget, key, |reply, budget| read.history(reply, budget, last))
            }
            From::New if read.has_any(&mut look_again_at) => {
                answer.stream(reply, budget, key, |reply, budget| read.fresh(reply, budget));
            }
            From::New => {}
        }
        let moved = read.moved;
        changes.write(ctx);
        changed_group(ctx, key, None, u64::from(moved));
        if made {
            changed_group(ctx, key, Some("xgroup-createconsumer"), 1);
        }
    }
    if answer.finish(&mut ctx.reply) {
        return Ok(());
    }
    request.wait(ctx, None, look_again_at)
}

/// Whether this stands for what is new.
fn is_new(word: &[u8]) -> bool {
    matches!(parse_from(word), Ok(From::New))
}

fn parse_from(word: &[u8]) -> Result<From> {
    match word {
        b">" => Ok(From::New),
        b"$" | b"+" => {
            let word = char::from(word[0]);
            Err(Error::text(format!(
                "ERR The {word} ID is meaningless in the context of XREADGROUP: you want to read \
                 the history of this consumer by specifying a proper ID, or use the > ID to get \
                 new messages. The {word} ID would just return an empty result set."
            )))
        }
        // To Redis the highest of all ids and `>` are the same.
        _ => Ok(match ids::id(word)? {
            StreamId::MAX => From::New,
            id => From::History(id),
        }),
    }
}

/// Reading one stream.
struct Read<'r, 'k> {
    group: &'r mut Readers,
    log: &'r Log,
    changes: &'r mut GroupLog<'k>,
    consumer: ConsumerId,
    now: i64,
    request: &'r Request<'r>,
    /// Whether anything has changed that counts.
    moved: bool,
}

impl Read<'_, '_> {
    /// Whether there is anything new, or anything to claim. If not, and the client is to claim,
    /// `look_again_at` becomes the time when there may be.
    fn has_any(&mut self, look_again_at: &mut Option<i64>) -> bool {
        let last = self.group.last_delivered();
        if self.log.last_entry_id().is_some_and(|newest| newest > last) {
            return true;
        }
        let Some(min_idle) = self.request.claim else { return false };
        let log = self.log;
        let oldest = self.group.by_time().find(|pending| log.contains(pending.id()));
        let due = match oldest {
            Some(pending) => pending.delivered().saturating_add(min_idle),
            None => self.now.saturating_add(min_idle.max(LOOK_AGAIN_MS)),
        };
        *look_again_at = Some(look_again_at.map_or(due, |at: i64| at.min(due)));
        due <= self.now
    }

    /// Gives the consumer what is to be claimed, and then what is new; returns how much it was.
    fn fresh(&mut self, reply: &mut Reply<'_>, budget: &mut Budget) -> usize {
        let claimed = match self.request.claim {
            Some(min_idle) => self.claim(reply, budget, min_idle),
            None => 0,
        };
        let mut count = claimed;
        let Some(next) = self.group.last_delivered().next() else { return count };
        for entry in self.log.range(next, StreamId::MAX).take(self.request.count - claimed) {
            let times = self.request.claim.map(|_| (0, 0));
            if !budget.admit(reply, |reply| write(reply, &entry, times)) {
                break;
            }
            self.deliver(entry.id);
            count += 1;
        }
        if self.group.last_delivered().next() > Some(next) {
            self.changes.position(self.group);
        }
        count
    }

    fn deliver(&mut self, id: StreamId) {
        self.moved |= self.group.read(id, self.log);
        if !self.request.no_ack {
            self.group.assign(id, self.consumer, self.now, 1);
            self.group.gave(self.consumer, self.now);
            self.changes.owner(self.group, id);
            self.moved = true;
        }
    }

    /// Gives the consumer what others have had pending for too long.
    fn claim(&mut self, reply: &mut Reply<'_>, budget: &mut Budget, min_idle: i64) -> usize {
        let (now, log) = (self.now, self.log);
        let due = self
            .group
            .by_time()
            .take_while(|pending| now.saturating_sub(pending.delivered()) >= min_idle)
            .filter(|pending| log.contains(pending.id()));
        let due: Vec<_> = due.take(self.request.count).copied().collect();
        let mut count = 0;
        for pending in due {
            let Some(entry) = log.get(pending.id()) else { continue };
            let idle = now.saturating_sub(pending.delivered());
            let times = Some((idle, pending.deliveries()));
            if !budget.admit(reply, |reply| write(reply, &entry, times)) {
                break;
            }
            let deliveries = pending.deliveries().saturating_add(1);
            self.group.assign(entry.id, self.consumer, now, deliveries);
            self.group.gave(self.consumer, now);
            self.changes.owner(self.group, entry.id);
            self.moved = true;
            count += 1;
        }
        count
    }

    /// Gives the consumer again what it has pending behind `last`; returns how much that is.
    fn history(&mut self, reply: &mut Reply<'_>, budget: &mut Budget, last: StreamId) -> usize {
        let (Some(next), Some(consumer)) = (last.next(), self.group.consumer(self.consumer)) else {
            return 0;
        };
        let ids: Vec<_> = consumer.pending_from(next).take(self.request.count).collect();
        let mut count = 0;
        for id in ids {
            let entry = self.log.get(id);
            let admitted = budget.admit(reply, |reply| match &entry {
                Some(entry) => entries::entry(reply, entry),
                None => {
                    reply.array(2);
                    entries::id(reply, id);
                    reply.null_array();
                }
            });
            if !admitted {
                break;
            }
            if let Some(pending) = self.group.get(id).filter(|_| entry.is_some()) {
                let deliveries = pending.deliveries().saturating_add(1);
                self.group.assign(id, self.consumer, self.now, deliveries);
                self.changes.owner(self.group, id);
            }
            count += 1;
        }
        count
    }
}

/// An entry; with CLAIM, for how long it was pending and how often it was delivered, too.
fn write(reply: &mut Reply<'_>, entry: &Entry<'_>, times: Option<(i64, u64)>) {
    let Some((idle, deliveries)) = times else { return entries::entry(reply, entry) };
    reply.array(4);
    entries::id(reply, entry.id);
    entries::fields(reply, entry);
    reply.int(idle);
    reply.count(deliveries as usize);
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, check_events, check_log};

    const FILL: &str = "XADD s 1 f v | XADD s 2 f v | XADD s 3 f v | XGROUP CREATE s g 0 | ";
    const FILLED: &str = "1-0 | 2-0 | 3-0 | OK | ";

    #[test]
    fn replicas_make_the_consumer_as_it_gets_an_entry() {
        check_log(
            "XADD s 1 f v | XGROUP CREATE s g 0 | XREADGROUP GROUP g a STREAMS s > | \
             XREADGROUP GROUP g b STREAMS s >",
            "SELECT 0 | XADD s 1-0 f v | XGROUP CREATE s g 0 | MULTI | XCLAIM s g a 0 1-0 TIME \
             1700000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0 | XGROUP SETID s g 1-0 \
             ENTRIESREAD 1 | EXEC | XGROUP CREATECONSUMER s g b",
        );
    }

    #[test]
    fn reads_what_is_new() {
        check(
            &format!(
                "{FILL}XREADGROUP GROUP g a COUNT 1 STREAMS s > | \
                 XREADGROUP GROUP g b STREAMS s > | \
                 XREADGROUP GROUP g a STREAMS s > | XPENDING s g - + 9"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]]]]] | [[s [[2-0 [f v]] [3-0 [f v]]]]] | nil | \
                 [[1-0 a 0 1] [2-0 b 0 1] [3-0 b 0 1]]"
            ),
        );
        check(
            &format!(
                "{FILL}XREADGROUP GROUP g a NOACK STREAMS s > | XPENDING s g | \
                 XINFO CONSUMERS s g | XREADGROUP GROUP g a STREAMS s 0"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]] [2-0 [f v]] [3-0 [f v]]]]] | [0 nil nil nil] | \
                 [[name a pending 0 idle 0 inactive -1]] | [[s []]]"
            ),
        );
    }

    #[test]
    fn reads_again_what_is_pending() {
        check(
            &format!(
                "{FILL}XREADGROUP GROUP g a STREAMS s > | XDEL s 2 | ~5 | \
                 XREADGROUP GROUP g a STREAMS s 0 | XREADGROUP GROUP g a COUNT 1 STREAMS s 1 | \
                 XREADGROUP GROUP g b STREAMS s 0 | XPENDING s g - + 9"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]] [2-0 [f v]] [3-0 [f v]]]]] | 1 | ~ | \
                 [[s [[1-0 [f v]] [2-0 nil] [3-0 [f v]]]]] | [[s [[2-0 nil]]]] | [[s []]] | \
                 [[1-0 a 0 2] [2-0 a 5 1] [3-0 a 0 2]]"
            ),
        );
    }

    #[test]
    fn what_was_delivered_before_changes_hands() {
        check(
            &format!(
                "{FILL}XREADGROUP GROUP g a STREAMS s > | XGROUP SETID s g 1 | \
                 XREADGROUP GROUP g b STREAMS s > | XPENDING s g"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]] [2-0 [f v]] [3-0 [f v]]]]] | OK | \
                 [[s [[2-0 [f v]] [3-0 [f v]]]]] | [3 1-0 3-0 [[a 1] [b 2]]]"
            ),
        );
    }

    #[test]
    fn claims() {
        check(
            &format!(
                "{FILL}XREADGROUP GROUP g a COUNT 1 STREAMS s > | ~10 | \
                 XREADGROUP GROUP g a COUNT 1 STREAMS s > | ~10 | \
                 XREADGROUP GROUP g b CLAIM 20 STREAMS s > | \
                 XREADGROUP GROUP g b CLAIM 11 STREAMS s > | \
                 XREADGROUP GROUP g b COUNT 1 CLAIM 10 STREAMS s > | XPENDING s g - + 9 | \
                 XDEL s 1 | ~5 | XREADGROUP GROUP g c COUNT 2 CLAIM 0 STREAMS s >"
            ),
            &format!(
                "{FILLED}[[s [[1-0 [f v]]]]] | ~ | [[s [[2-0 [f v]]]]] | ~ | \
                 [[s [[1-0 [f v] 20 1] [3-0 [f v] 0 0]]]] | nil | [[s [[2-0 [f v] 10 1]]]] | \
                 [[1-0 b 0 2] [2-0 b 0 2] [3-0 b 0 1]] | 1 | ~ | \
                 [[s [[2-0 [f v] 5 2] [3-0 [f v] 5 1]]]]"
            ),
        );
    }

    #[test]
    fn budgets() {
        check(
            &format!(
                "{FILL}XADD t 1 f v | XGROUP CREATE t g 0 | \
                 XREADGROUP GROUP g a MAXCOUNT 2 STREAMS s t > > | XPENDING t g | \
                 XREADGROUP GROUP g a MAXSIZE 1 STREAMS t s > > | \
                 XREADGROUP GROUP g a MAXCOUNT 1 STREAMS s t 0 0"
            ),
            &format!(
                "{FILLED}1-0 | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | [0 nil nil nil] | \
                 [[t [[1-0 [f v]]]]] | [[s [[1-0 [f v]]]]]"
            ),
        );
    }

    #[test]
    fn refuses() {
        check(
            "XREADGROUP GROUP g c STREAMS s > | XADD s 1 f v | XREADGROUP GROUP g c STREAMS s > | \
             XREADGROUP COUNT 1 STREAMS a b 0 0 | XGROUP CREATE s g 0 | \
             XREADGROUP GROUP g c STREAMS s x | XREADGROUP GROUP g c STREAMS s s > | \
             XREADGROUP GROUP g c CLAIM x STREAMS s > | XREADGROUP GROUP g c CLAIM -1 STREAMS s >",
            "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option | 1-0 | \
             NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option | \
             ERR Missing GROUP option for XREADGROUP | OK | \
             ERR Invalid stream ID specified as stream command argument | \
             ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be \
             specified. | ERR min-idle-time is not an integer or out of range | \
             ERR min-idle-time must be a positive integer",
        );
        check(
            "XGROUP CREATE s g 0 MKSTREAM | XREADGROUP GROUP g c STREAMS s $",
            "OK | ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the \
             history of this consumer by specifying a proper ID, or use the > ID to get new \
             messages. The $ ID would just return an empty result set.",
        );
    }

    #[test]
    fn counts_changes() {
        check_events(
            &format!(
                "{FILL}XREADGROUP GROUP g a STREAMS s > | XREADGROUP GROUP g a STREAMS s > | \
                 XREADGROUP GROUP g a STREAMS s 0"
            ),
            "new s, xadd s, xadd s, xadd s, xgroup-create s, xgroup-createconsumer s",
            6,
        );
    }
}
