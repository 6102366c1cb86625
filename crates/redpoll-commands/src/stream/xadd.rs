//! `XADD key [NOMKSTREAM] [KEEPREF | DELREF | ACKED] [IDMPAUTO pid | IDMP pid iid]
//! [MAXLEN | MINID [= | ~] threshold [LIMIT count]] * | id field value [field value ...]`.

use super::options::{self, Idempotence, NewId, Options};
use super::{entries, options::CONDITION};
use crate::prelude::*;
use redpoll_types::stream::{
    IdempotenceLimits, NODE_BYTES_MAX, References, Stream, StreamId, Threshold, Trim, Trimmed,
};
use sha1_smol::Sha1;

pub const XADD: Command = Command {
    spec: Spec {
        name: "xadd",
        arity: -5,
        flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::FAST),
        keys: &[KeySpec::at(1).rw().update()],
        group: Group::Stream,
        since: "5.0.0",
        summary: "Adds an entry to a stream, which is made if need be.",
        complexity: "O(1) to add, O(N) to trim, N being the number of entries that go.",
        args: &[
            Arg::key("key", 0),
            Arg::flag("nomkstream", "NOMKSTREAM").optional(),
            CONDITION,
            IDEMPOTENCE,
            TRIM,
            Arg::one_of("id-selector", &[Arg::flag("auto-id", "*"), Arg::string("id")]),
            Arg::block("data", &[Arg::string("field"), Arg::string("value")]).multiple(),
        ],
        tips: &["nondeterministic_output"],
        ..Spec::EMPTY
    },
    run,
};

const IDEMPOTENCE: Arg = Arg::one_of(
    "idmp",
    &[
        Arg::string("pid").token("IDMPAUTO"),
        Arg::block("idmp", &[Arg::string("pid"), Arg::string("iid")]).token("IDMP"),
    ],
)
.optional();

const TRIM: Arg =
    Arg::block("trim", &[options::STRATEGY, options::OPERATOR, options::THRESHOLD, options::LIMIT])
        .optional();

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let options = options::read(args, true, ctx.limits)?;
    let fields_at = options.id_at + 1;
    let fields = args.len().saturating_sub(fields_at);
    if fields < 2 || fields % 2 == 1 {
        return Err(Error::arity("xadd"));
    }
    if matches!(options.id, NewId::Exact(StreamId::MIN)) {
        return Err(Error::text("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let words = args.iter_from(fields_at);
    if words.clone().map(<[u8]>::len).sum::<usize>() > NODE_BYTES_MAX {
        return Err(Error::text("ERR Elements are too large to be stored"));
    }
    let (key, now) = (args.at(1), ctx.keys.now());
    let own_id = options.idempotence.map(|it| (it.producer, own_id(&it, words.clone())));
    let idempotence_limits = default_limits(ctx);
    if options.references != References::Keep && ctx.leaves(options::cost(&ctx.keys, key, &options))
    {
        return Ok(());
    }
    let stream = match options.no_make {
        false => ctx.keys.write_or_new::<Stream>(key)?,
        true => match ctx.keys.write::<Stream>(key)? {
            Some(stream) => stream,
            None => {
                ctx.reply.null();
                return Ok(());
            }
        },
    };
    if let Some((producer, id)) = &own_id
        && stream.producers().is_some()
    {
        let producers = stream.producers_mut(idempotence_limits);
        if let Some(entry) = producers.duplicate(producer, id, now.unsigned_abs()) {
            entries::id(&mut ctx.reply, entry);
            ctx.log_nothing();
            return Ok(());
        }
    }
    let id = choose_id(stream.log().last_id(), options.id, now)?;
    stream.log_mut().add(id, words, ctx.limits);
    if let Some((producer, own)) = &own_id {
        stream.producers_mut(idempotence_limits).record(producer, own, id, now.unsigned_abs());
    }
    let trimmed = options.trim.map(|trim| stream.trim(&trim, options.references));
    let trimmed = trimmed.unwrap_or_default();
    let exact = options.trim.map(|trim| exact(&trim, options.references, stream));
    let is_there = stream.log().contains(id);
    entries::id(&mut ctx.reply, id);
    added(ctx, key, trimmed);
    if ctx.keys.is_logging() {
        log(ctx, args, &options, id, exact.as_ref());
        // An entry that was trimmed at once cannot be named there.
        if let Some((producer, own)) = own_id.as_ref().filter(|_| is_there) {
            let id = id.to_string();
            ctx.log_as([b"XIDMPRECORD", key, producer, own, id.as_bytes()]);
        }
    }
    Ok(())
}

/// Says what has changed, and frees what was trimmed.
fn added(ctx: &mut Ctx<'_>, key: &[u8], trimmed: Trimmed) {
    ctx.keys.effects.dirty += 1;
    match trimmed.count {
        0 => ctx.keys.grown(key),
        _ => ctx.keys.modified(key),
    }
    ctx.keys.event(key, Class::Stream, "xadd");
    if trimmed.count > 0 {
        ctx.keys.event(key, Class::Stream, "xtrim");
    }
    ctx.keys.discard_part(trimmed);
}

/// The id of the new entry.
fn choose_id(last: StreamId, wanted: NewId, now: i64) -> Result<StreamId> {
    if last == StreamId::MAX {
        return Err(Error::text(
            "ERR The stream has exhausted the last possible ID, unable to add more items",
        ));
    }
    let id = match wanted {
        NewId::Auto => StreamId::after(last, now.unsigned_abs()),
        NewId::Within(ms) if ms == last.ms => {
            last.seq.checked_add(1).map(|seq| StreamId::new(ms, seq))
        }
        NewId::Within(ms) => Some(StreamId::new(ms, 0)),
        NewId::Exact(id) => Some(id),
    };
    let too_small =
        "ERR The ID specified in XADD is equal or smaller than the target stream top item";
    id.filter(|id| *id > last).ok_or(Error::text(too_small))
}

/// The producer's own id of a message. One that it has not given is a fingerprint of the fields, in
/// whichever order.
fn own_id<'w>(idempotence: &Idempotence<'_>, mut words: impl Iterator<Item = &'w [u8]>) -> Vec<u8> {
    if let Some(id) = idempotence.id {
        return id.to_vec();
    }
    let mut total = [0u64; 2];
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        let mut hash = Sha1::from((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update(value);
        let bytes = hash.digest().bytes();
        for (sum, part) in total.iter_mut().zip(bytes.chunks_exact(8)) {
            let part = part.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            *sum = sum.wrapping_add(part);
        }
    }
    total.iter().flat_map(|sum| sum.to_le_bytes()).collect()
}

/// How much is remembered of producers where XCFGSET has not said otherwise.
pub(super) fn default_limits(ctx: &Ctx<'_>) -> IdempotenceLimits {
    let config = &ctx.engine.config;
    let number = |value: i64| u64::try_from(value).unwrap_or(0);
    IdempotenceLimits {
        seconds: number(config.stream_idmp_duration()),
        ids: number(config.stream_idmp_maxsize()) as usize,
    }
}

/// A trimming that has the same result wherever it is run: everything goes from the front, so that
/// what is left tells how much it was.
pub(super) fn exact(trim: &Trim, references: References, stream: &Stream) -> Trim {
    if !trim.approximate {
        return *trim;
    }
    let log = stream.log();
    // The first entry may be one that had to stay, and then says nothing.
    let by_id = matches!(trim.until, Threshold::Id(_)) && references != References::MustBeNone;
    let until = match by_id && !log.is_empty() {
        true => Threshold::Id(log.first_id()),
        false => Threshold::Len(log.len()),
    };
    Trim { until, approximate: false, limit: None }
}

fn log(
    ctx: &mut Ctx<'_>,
    args: Args<'_>,
    options: &Options<'_>,
    id: StreamId,
    trim: Option<&Trim>,
) {
    let (id, trimming) = (id.to_string(), options::logged(options.references, trim));
    let head = [b"XADD", args.at(1)].into_iter();
    let head = head.chain(trimming.iter().map(String::as_bytes)).chain([id.as_bytes()]);
    ctx.log_as(head.chain(args.iter_from(options.id_at + 1)));
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check, check_events, configure};

    const ARITY: &str = "ERR wrong number of arguments for 'xadd' command";

    #[test]
    fn ids_grow() {
        check(
            "XADD s * f v | XADD s * f v | ~5 | XADD s * f v | XADD s 1700000000004 f v | \
             XADD s 1700000000005-* f v | XADD s 1700000000006-* f v | XADD s * f v | XLEN s",
            "1700000000000-0 | 1700000000000-1 | ~ | 1700000000005-0 | \
             ERR The ID specified in XADD is equal or smaller than the target stream top item | \
             1700000000005-1 | 1700000000006-0 | 1700000000006-1 | 6",
        );
        check(
            "XADD s 0-0 f v | XADD s 0-* f v | XADD s 0-* f v | \
             XADD s 0-18446744073709551615 f v | \
             XADD s 0-* f v | XADD s 1 f v | EXISTS s",
            "ERR The ID specified in XADD must be greater than 0-0 | 0-1 | 0-2 | \
             0-18446744073709551615 | \
             ERR The ID specified in XADD is equal or smaller than the target stream top item | \
             1-0 | 1",
        );
        check(
            "XADD s 18446744073709551615-18446744073709551615 f v | XADD s * f v",
            "18446744073709551615-18446744073709551615 | \
             ERR The stream has exhausted the last possible ID, unable to add more items",
        );
    }

    #[test]
    fn makes_streams_or_not() {
        check(
            "XADD s NOMKSTREAM * f v | EXISTS s | XADD s 1-1 f v | XADD s NOMKSTREAM 1-2 f v | \
             TYPE s | OBJECT ENCODING s",
            "nil | 0 | 1-1 | 1-2 | stream | stream",
        );
    }

    #[test]
    fn trims() {
        let mut server = TestServer::new();
        configure(&server, "stream-node-max-entries", "10");
        let mut client = server.client();
        for number in 1..=55 {
            server.run(&mut client, &format!("XADD s {number} f v"));
        }
        for (command, len) in [
            ("XADD s MAXLEN ~ 50 * f v", "56"),
            ("XADD s MAXLEN = 55 * f v", "55"),
            ("XADD s MAXLEN 55 * f v", "55"),
            ("XADD s MAXLEN ~ 40 LIMIT 1 * f v", "56"),
            ("XADD s MAXLEN ~ 40 * f v", "40"),
            ("XADD s MINID ~ 25 * f v", "41"),
            ("XADD s MINID 25 * f v", "38"),
            ("XADD s MAXLEN ~ 0 LIMIT 0 * f v", "0"),
            ("XADD s MAXLEN 0 * f v", "0"),
        ] {
            server.run(&mut client, command);
            assert_eq!(server.run(&mut client, "XLEN s"), len, "{command}");
        }
    }

    #[test]
    fn refuses() {
        const ID: &str = "ERR Invalid stream ID specified as stream command argument";
        const INT: &str = "ERR value is not an integer or out of range";
        check(
            "XADD s * f | XADD s * f v g | XADD s MAXLEN 1 f v | XADD s MAXLEN x * f v | \
             XADD s MAXLEN -1 * f v | XADD s MINID x * f v | XADD s -1 f v | XADD s + f v | \
             XADD s NOMKSTREAM MAXLEN 9 * f",
            &format!(
                "{ARITY} | {ARITY} | {ID} | {INT} | ERR The MAXLEN argument must be >= 0. | {ID} | \
                 {ID} | {ID} | {ARITY}"
            ),
        );
        check(
            "XADD s MAXLEN 1 MINID 1 * f v | XADD s LIMIT 1 * f v | \
             XADD s MAXLEN 1 LIMIT 1 * f v | \
             XADD s MAXLEN ~ 1 LIMIT -1 * f v | SET t v | XADD t * f v | XADD s 1-*x f v",
            &format!(
                "ERR syntax error, MAXLEN and MINID options at the same time are not compatible | \
                 ERR syntax error, LIMIT cannot be used without specifying a trimming strategy | \
                 ERR syntax error, LIMIT cannot be used without the special ~ option | \
                 ERR The LIMIT argument must be >= 0. | OK | \
                 WRONGTYPE Operation against a key holding the wrong kind of value | {ID}"
            ),
        );
    }

    #[test]
    fn what_is_sent_twice_is_added_once() {
        check(
            "XADD s IDMP p 1 * f v | XADD s IDMP p 1 * f w | XADD s IDMP q 1 * f v | \
             XADD s IDMPAUTO p * a 1 b 2 | XADD s IDMPAUTO p * b 2 a 1 | \
             XADD s IDMPAUTO p * ab 1 b 2 | XLEN s | ~100001 | XADD s IDMP p 1 * f w | XLEN s",
            "1700000000000-0 | 1700000000000-0 | 1700000000000-1 | 1700000000000-2 | \
             1700000000000-2 | 1700000000000-3 | 4 | ~ | 1700000100001-0 | 5",
        );
        check(
            "XADD s IDMP p * f v | XADD s IDMP p i 1-1 f v | XADD s IDMP p i IDMPAUTO q * f v | \
             XADD s IDMP '' i * f v | XADD s IDMP p '' * f v | XADD s IDMPAUTO '' * f v | EXISTS s",
            "ERR Invalid stream ID specified as stream command argument | \
             ERR syntax error, IDMP/IDMPAUTO can be used only with auto-generated IDs | \
             ERR syntax error, IDMP/IDMPAUTO specified multiple times | \
             ERR syntax error, IDMP requires a non-empty producer ID | \
             ERR syntax error, IDMP requires a non-empty idempotent ID | \
             ERR syntax error, IDMPAUTO requires a non-empty producer ID | 0",
        );
    }

    #[test]
    fn references() {
        let fill = "XADD s 1 f v | XADD s 2 f v | XGROUP CREATE s g 0 | \
                    XREADGROUP GROUP g c STREAMS s > | XACK s g 1 | ";
        let filled = "1-0 | 2-0 | OK | [[s [[1-0 [f v]] [2-0 [f v]]]]] | 1 | ";
        check(
            &format!("{fill}XADD s ACKED MAXLEN 0 3 f v | XLEN s | XPENDING s g"),
            &format!("{filled}3-0 | 2 | [1 2-0 2-0 [[c 1]]]"),
        );
        check(
            &format!("{fill}XADD s DELREF MAXLEN 0 3 f v | XLEN s | XPENDING s g"),
            &format!("{filled}3-0 | 0 | [0 nil nil nil]"),
        );
        check(
            &format!("{fill}XADD s KEEPREF MAXLEN 0 3 f v | XLEN s | XPENDING s g"),
            &format!("{filled}3-0 | 0 | [1 2-0 2-0 [[c 1]]]"),
        );
    }

    #[test]
    fn raises_events() {
        check_events(
            "XADD s * f v | XADD s * f v | XADD s MAXLEN 1 * f v | \
             XADD s MAXLEN 1 NOMKSTREAM 1 f v \
             | XADD none NOMKSTREAM * f v",
            "new s, xadd s, xadd s, xadd s, xtrim s",
            3,
        );
    }
}
