//! What ZUNION, ZINTER, ZDIFF, their storing forms and ZINTERCARD read, and how they answer.

use super::algebra::{Aggregate, Computed, Input, Weighted};
use super::members::Writer;
use crate::crew::Crew;
use crate::prelude::*;
use redpoll_keyspace::Keys;
use redpoll_resp::Reply;
use redpoll_types::limits::Limits;
use redpoll_types::listpack::Element;
use redpoll_types::value::Type;
use redpoll_types::zset::ZSet;
use std::cmp::Ordering;

/// Which options a command knows.
#[derive(Clone, Copy)]
pub struct Known {
    /// WEIGHTS and AGGREGATE.
    pub weights: bool,
    /// WITHSCORES.
    pub scores: bool,
    /// LIMIT.
    pub limit: bool,
}

/// What a command computes with.
pub struct Operands<'a> {
    /// The sets and their weights.
    pub inputs: Weighted<'a>,
    /// How scores are joined.
    pub aggregate: Aggregate,
    /// Whether scores are to be answered.
    pub with_scores: bool,
    /// How many members are enough; 0: all.
    pub limit: usize,
}

impl<'k> Operands<'k> {
    /// Reads the keys, whose number is the `at`th word, and the options behind them. `name` is the
    /// command's.
    pub fn read(
        keys: &'k mut Keys<'_>,
        args: Args<'_>,
        at: usize,
        name: &str,
        known: Known,
    ) -> Result<Self> {
        let count = key_count(args, at, name)?;
        let words = args.iter_from(at + 1).take(count);
        let values = keys.read_many_of(&[Type::ZSet, Type::Set], words)?;
        let inputs = values.into_iter().map(|value| (value.and_then(Input::of), 1.0));
        let mut operands = Operands {
            inputs: inputs.collect(),
            aggregate: Aggregate::Sum,
            with_scores: false,
            limit: 0,
        };
        operands.options(args, at + 1 + count, known)?;
        Ok(operands)
    }

    fn options(&mut self, args: Args<'_>, at: usize, known: Known) -> Result {
        let mut words = args.iter_from(at);
        while let Some(word) = words.next() {
            let mut next = || words.next().ok_or(Error::Syntax);
            if known.weights && parse::is(word, "weights") {
                if words.clone().count() < self.inputs.len() {
                    return Err(Error::Syntax);
                }
                for ((_, weight), word) in self.inputs.iter_mut().zip(words.by_ref()) {
                    let error = |_| Error::text("ERR weight value is not a float");
                    *weight = parse::float(word).map_err(error)?;
                }
            } else if known.weights && parse::is(word, "aggregate") {
                self.aggregate = Aggregate::parse(next()?)?;
            } else if known.scores && parse::is(word, "withscores") {
                self.with_scores = true;
            } else if known.limit && parse::is(word, "limit") {
                let error = |_| Error::text("ERR LIMIT can't be negative");
                self.limit = parse::count(next()?).map_err(error)?;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(())
    }
}

/// How many keys a command names in its `at`th word, with that many words behind it at least.
fn key_count(args: Args<'_>, at: usize, name: &str) -> Result<usize> {
    let count = parse::int(args.at(at))?;
    let count = usize::try_from(count).ok().filter(|&count| count > 0).ok_or_else(|| {
        Error::text(format!("ERR at least 1 input key is needed for '{name}' command"))
    })?;
    if count > args.len() - at - 1 { Err(Error::Syntax) } else { Ok(count) }
}

/// Answers a result in its order: by score, then by bytes.
pub fn answer(reply: &mut Reply<'_>, result: Computed<'_>, with_scores: bool, crew: Crew<'_>) {
    let mut writer = Writer::new(reply, with_scores);
    let mut members = match result {
        Computed::Members(members) => members,
        Computed::Parts(parts) => return writer.runs(&parts.order(crew)),
    };
    // No score is NaN.
    let by_score = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
    members.sort_unstable_by(|a, b| by_score(a.1, b.1).then_with(|| a.0.cmp(&b.0)));
    writer.all(members.iter().map(|(member, score)| (Element::Bytes(member), *score)));
}

/// A result as a set.
pub fn into_set(result: Computed<'_>, limits: &Limits, crew: Crew<'_>) -> ZSet {
    match result {
        Computed::Members(members) => ZSet::from_distinct(members, limits),
        Computed::Parts(parts) => parts.into_set(limits, crew),
    }
}

/// The argument WEIGHTS.
pub const WEIGHTS: Arg = Arg::integer("weight").token("WEIGHTS").optional().multiple();

/// The argument AGGREGATE.
pub const AGGREGATE: Arg = Arg::one_of(
    "aggregate",
    &[
        Arg::flag("sum", "SUM"),
        Arg::flag("min", "MIN"),
        Arg::flag("max", "MAX"),
        Arg::flag("count", "COUNT").since("8.8.0"),
    ],
)
.token("AGGREGATE")
.optional();

/// What the commands that answer a result have in common.
pub const READING: Spec = Spec {
    arity: -3,
    flags: Flags::READONLY.with(Flags::MOVABLEKEYS),
    keys: &[KeySpec::counted(1).ro().access()],
    group: Group::SortedSet,
    since: "6.2.0",
    ..Spec::EMPTY
};

/// What the commands that store a result have in common.
pub const STORING: Spec = Spec {
    arity: -4,
    flags: Flags::WRITE.with(Flags::DENYOOM).with(Flags::MOVABLEKEYS),
    keys: &[KeySpec::at(1).ow().update(), KeySpec::counted(2).ro().access()],
    group: Group::SortedSet,
    since: "2.0.0",
    ..Spec::EMPTY
};
