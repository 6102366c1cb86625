//! Members, with their scores or without, in the form that the protocol has for them: with scores,
//! pairs in RESP3, and one after the other in RESP2.

use crate::answer::{self, Bound};
use redpoll_engine::Result;
use redpoll_resp::{Proto, Reply};
use redpoll_types::listpack::Element;
use redpoll_types::zset::Run;

/// Writes members one by one, after a head that says how many.
pub struct Writer<'r, 'o> {
    reply: &'r mut Reply<'o>,
    with_scores: bool,
    /// Whether a member and its score are an array of their own.
    paired: bool,
}

impl<'r, 'o> Writer<'r, 'o> {
    /// A writer in the protocol's usual form.
    pub fn new(reply: &'r mut Reply<'o>, with_scores: bool) -> Self {
        let paired = with_scores && reply.proto() == Proto::Resp3;
        Writer { reply, with_scores, paired }
    }

    /// A writer of members with scores, as pairs or not.
    pub fn scored(reply: &'r mut Reply<'o>, paired: bool) -> Self {
        Writer { reply, with_scores: true, paired }
    }

    /// The head, for so many members.
    pub fn head(&mut self, members: usize) {
        let flat = self.with_scores && !self.paired;
        self.reply.array(if flat { 2 * members } else { members });
    }

    /// A member.
    #[inline]
    pub fn member(&mut self, member: Element<'_>, score: f64) {
        if self.paired {
            self.reply.array(2);
        }
        answer::element(self.reply, member);
        if self.with_scores {
            self.reply.double(score);
        }
    }

    /// The head and the members.
    pub fn all<'a>(&mut self, members: impl ExactSizeIterator<Item = (Element<'a>, f64)>) {
        self.head(members.len());
        members.for_each(|(member, score)| {
            self.member(member, score);
            self.reply.flow();
        });
    }

    /// The head and the members of all runs.
    pub fn runs(&mut self, runs: &[Run]) {
        self.head(runs.iter().map(Run::len).sum());
        runs.iter().flat_map(Run::members).for_each(|(member, score)| {
            self.member(Element::Bytes(member), score);
            self.reply.flow();
        });
    }

    /// Whether to go on with the reply that began at `start`; see [`Bound::allows`].
    pub fn may_go_on(&self, bound: Bound, start: usize) -> Result<bool> {
        bound.allows(self.reply, start)
    }

    /// Where the reply is.
    pub fn mark(&self) -> usize {
        self.reply.mark()
    }
}
