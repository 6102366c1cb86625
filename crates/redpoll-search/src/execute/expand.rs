//! The terms that a pattern means.
//!
//! They are looked for in all parts, and the first in order are taken, whatever part they are in:
//! so the answer does not depend on how documents are spread over parts.

use super::options::{Interrupt, SearchOptions};
use super::plan::Union;
use crate::index::Snapshot;
use crate::index::dict::{
    AffixFilter, Dict, Filter, FuzzyFilter, TEXT, TermInfo, Verdict, WildcardFilter, is_word,
};
use crate::index::part::Part;
use crate::index::suffix::SuffixIndex;
use crate::query::AffixKind;

/// What terms are to be like.
pub enum Pattern<'a> {
    Affix(AffixKind, &'a [u8]),
    Wildcard(&'a [u8]),
    Fuzzy(&'a [u8], u8),
}

impl Pattern<'_> {
    /// The union of the terms.
    pub fn union(&self) -> Union {
        let (kind, text) = match self {
            Pattern::Affix(_, text) => ("PREFIX", text),
            Pattern::Wildcard(text) => ("WILDCARD", text),
            Pattern::Fuzzy(text, _) => ("FUZZY", text),
        };
        Union::Pattern { kind, text: (*text).into() }
    }
}

/// What each part knows of a term.
pub type Infos = Vec<Option<TermInfo>>;

/// The terms of a pattern.
pub struct Expanded {
    /// Their keys, in order, and what each part knows of them.
    pub terms: Vec<(Vec<u8>, Infos)>,
    /// Whether there are more.
    pub truncated: bool,
}

/// Terms between two looks at whether to give up.
const STOP_INTERVAL: u32 = 256;
/// Terms in no order that are gathered at least before all but the first are dropped.
const UNTIDY: usize = 1024;
/// Characters of a word that is looked for with edits.
const FUZZY_MAX: usize = 512;

/// The terms of a pattern among the keys that begin with `prefix`.
pub fn expand(
    snapshot: &Snapshot,
    prefix: &[u8],
    pattern: &Pattern<'_>,
    options: &SearchOptions,
) -> Expanded {
    let limits = &options.limits;
    let is_text = prefix == [TEXT];
    let mut walk = Walk {
        prefix: prefix.to_vec(),
        skip: prefix.len(),
        part: None,
        found: Vec::with_capacity(snapshot.parts().len()),
        most: limits.expansions_max,
        truncated: false,
        interrupt: &*options.interrupt,
        steps: 0,
    };
    match pattern {
        Pattern::Affix(_, text) if text.len() < limits.prefix_min => {}
        Pattern::Affix(AffixKind::Prefix, text) => {
            walk.prefix.extend_from_slice(text);
            walk.run(snapshot, || Everything);
        }
        Pattern::Affix(kind, text) => {
            let anywhere = *kind == AffixKind::Infix;
            walk.part = Some((text.to_vec(), !anywhere));
            walk.run(snapshot, || Words { is_text, inner: AffixFilter { text, anywhere } });
        }
        Pattern::Wildcard(pattern) => {
            let filter = WildcardFilter::new(pattern);
            walk.prefix.extend(filter.prefix());
            if walk.prefix.len() == prefix.len() {
                walk.part = Some((filter.longest_part(), false));
            }
            walk.run(snapshot, || Words { is_text, inner: WildcardFilter::new(pattern) });
        }
        Pattern::Fuzzy(text, _) if text.len() > FUZZY_MAX => {}
        Pattern::Fuzzy(text, distance) => {
            walk.run(snapshot, || Words { is_text, inner: FuzzyFilter::new(text, *distance) });
        }
    }
    walk.merge()
}

/// The terms that were found in a part.
#[derive(Default)]
struct Terms {
    keys: Vec<u8>,
    /// Where each key begins and ends, and what the part knows of the term.
    terms: Vec<(u32, u32, TermInfo)>,
}

impl Terms {
    fn push(&mut self, key: &[u8], info: TermInfo) {
        let start = self.keys.len();
        self.keys.extend_from_slice(key);
        self.terms.push((start as u32, self.keys.len() as u32, info));
    }

    fn key(&self, at: usize) -> Option<&[u8]> {
        let (start, end, _) = *self.terms.get(at)?;
        self.keys.get(start as usize..end as usize)
    }

    /// Keeps the first `most` in order, each once. Says whether there are more.
    fn tidy(&mut self, most: usize) -> bool {
        let Terms { keys, terms } = &mut *self;
        let key = |(start, end, _): &(u32, u32, TermInfo)| &keys[*start as usize..*end as usize];
        terms.sort_unstable_by(|one, other| key(one).cmp(key(other)));
        terms.dedup_by(|one, other| key(one) == key(other));
        let more = terms.len() > most;
        terms.truncate(most);
        let mut kept = Terms::default();
        for term in terms.iter() {
            kept.push(key(term), term.2);
        }
        *self = kept;
        more
    }
}

/// Any term.
struct Everything;

impl Filter for Everything {
    fn judge(&mut self, _term: &[u8], _shared: usize) -> Verdict {
        Verdict::Yes
    }
}

/// Terms that pass and, if they are of text, are words: not stems, sounds or groups of synonyms.
struct Words<F> {
    is_text: bool,
    inner: F,
}

impl<F: Filter> Filter for Words<F> {
    fn judge(&mut self, term: &[u8], shared: usize) -> Verdict {
        if self.is_text && term.first().is_some_and(|first| !is_word(&[TEXT, *first])) {
            // The inner filter does not see it; as words begin otherwise, the next shares nothing
            // with what it saw last.
            return Verdict::NoneWithPrefix(1);
        }
        self.inner.judge(term, shared)
    }
}

struct Walk<'a> {
    /// What keys must begin with.
    prefix: Vec<u8>,
    /// Bytes of a key before the term.
    skip: usize,
    /// What a term must contain, or end with.
    part: Option<(Vec<u8>, bool)>,
    /// What has been found, by part; each in order, but for the last.
    found: Vec<Terms>,
    most: usize,
    truncated: bool,
    interrupt: &'a dyn Interrupt,
    steps: u32,
}

impl Walk<'_> {
    fn run<F: Filter>(&mut self, snapshot: &Snapshot, filter: impl Fn() -> F) {
        if self.most == 0 {
            return;
        }
        let has_part = self.part.as_ref().is_some_and(|(part, _)| !part.is_empty());
        for view in snapshot.parts() {
            self.found.push(Terms::default());
            if view.live() == 0 {
                continue;
            }
            match &view.part {
                Part::Segment(segment) => {
                    let suffixes = segment.suffixes.as_ref();
                    match suffixes.filter(|suffixes| suffixes.covers(&self.prefix)) {
                        Some(suffixes) if has_part => {
                            self.by_part(suffixes, &segment.dict, filter());
                        }
                        _ => self.segment(&segment.dict, filter()),
                    }
                }
                Part::Head(head) => {
                    let mut filter = filter();
                    let prefix = self.prefix.clone();
                    let mut last = Vec::new();
                    head.keys_with_prefix(&prefix, |key| {
                        let shared = common(&last, key).saturating_sub(self.skip);
                        last.clear();
                        last.extend_from_slice(key);
                        let yes = filter.judge(&key[self.skip..], shared) == Verdict::Yes;
                        // Terms of documents that came later are there, too.
                        if yes && let Some(info) = view.find(key, snapshot.hash(key)) {
                            return self.add(key, info);
                        }
                        self.goes_on()
                    });
                }
            }
        }
    }

    /// The terms of a segment that have an index of their ends, which are in no order.
    fn by_part(&mut self, suffixes: &SuffixIndex, dict: &Dict, mut filter: impl Filter) {
        let Some((text, at_end)) = self.part.clone() else { return };
        let most = self.most;
        suffixes.find(&text, at_end, |key| {
            let fits =
                key.starts_with(&self.prefix) && filter.judge(&key[self.skip..], 0) == Verdict::Yes;
            if let Some(info) = dict.get(key).filter(|_| fits)
                && let Some(found) = self.found.last_mut()
            {
                found.push(key, info);
                if found.terms.len() > most.saturating_mul(2).max(UNTIDY) {
                    self.truncated |= found.tidy(most);
                }
            }
            self.goes_on()
        });
        if let Some(found) = self.found.last_mut() {
            self.truncated |= found.tidy(most);
        }
    }

    fn segment(&mut self, dict: &Dict, mut filter: impl Filter) {
        let mut cursor = dict.seek(&self.prefix);
        // How much of the last term that the filter saw the next one shares.
        let mut shared = 0;
        let mut fresh = true;
        let mut out: Option<usize> = None;
        let mut leapt = 0;
        while cursor.next() {
            if !cursor.key.starts_with(&self.prefix) {
                return;
            }
            shared = if fresh { 0 } else { cursor.shared.saturating_sub(self.skip).min(shared) };
            fresh = false;
            if let Some(len) = out.filter(|len| cursor.shared >= self.skip + len) {
                leapt += 1;
                if leapt > 64
                    && let Some(next) = successor(&cursor.key[..self.skip + len])
                {
                    cursor = dict.seek(&next);
                    (fresh, out, leapt) = (true, None, 0);
                }
                continue;
            }
            (out, leapt) = (None, 0);
            let term = &cursor.key[self.skip..];
            match filter.judge(term, shared) {
                Verdict::Yes if !self.add(&cursor.key, cursor.info) => return,
                Verdict::NoneWithPrefix(len) => out = Some(len),
                _ => {}
            }
            shared = usize::MAX;
            if !self.goes_on() {
                return;
            }
        }
    }

    /// Adds a term of the current part, whose terms come in order. False if no later one can be
    /// among the first.
    fn add(&mut self, key: &[u8], info: TermInfo) -> bool {
        let Some(found) = self.found.last_mut() else { return false };
        let more = found.terms.len() < self.most;
        match more {
            true => found.push(key, info),
            false => self.truncated = true,
        }
        more
    }

    /// The first terms of all parts together.
    fn merge(self) -> Expanded {
        let Walk { found, most, mut truncated, .. } = self;
        let (mut at, mut terms) = (vec![0; found.len()], Vec::new());
        while let Some(key) = found.iter().zip(&at).filter_map(|(part, at)| part.key(*at)).min() {
            if terms.len() == most {
                truncated = true;
                break;
            }
            let infos = found.iter().zip(&mut at).map(|(part, at)| {
                let here = part.key(*at) == Some(key);
                *at += usize::from(here);
                here.then(|| part.terms[*at - 1].2)
            });
            let infos: Infos = infos.collect();
            terms.push((key.to_vec(), infos));
        }
        Expanded { terms, truncated }
    }

    fn goes_on(&mut self) -> bool {
        self.steps += 1;
        !self.steps.is_multiple_of(STOP_INTERVAL) || !self.interrupt.stop()
    }
}

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The least key that is above all that begin with `prefix`.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let len = prefix.iter().rposition(|byte| *byte < u8::MAX)? + 1;
    let mut next = prefix[..len].to_vec();
    next[len - 1] += 1;
    Some(next)
}
