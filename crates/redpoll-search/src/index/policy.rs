//! Which neighbouring parts are to be made one.

use super::part::{Part, PartView};

/// So many neighbours of a size are merged. More of them make for fewer merges and slower queries.
const FANOUT: usize = 5;
/// Heads that become one segment at once.
const HEADS: usize = 5;
/// Documents of a segment that is not merged any more.
const DOCS_MAX: u32 = 16 << 20;
/// Documents that segments at the end may have to be merged when nobody has anything else to do.
const TIDY_DOCS: u64 = 128 << 10;
/// A segment with more than one deleted document in so many is rewritten.
const DELETED_PART: u32 = 4;

/// The parts to be merged next, by place: neighbours none of which is `busy`. The last part is the
/// head that takes documents, and stays.
pub fn choose(
    parts: &[PartView],
    busy: impl Fn(&PartView) -> bool,
) -> Option<std::ops::Range<usize>> {
    let last = parts.len().saturating_sub(1);
    let free = |part: &PartView| !busy(part);
    let is_head = |part: &PartView| matches!(part.part, Part::Head(_));
    // Heads first: they are slow to search, and writers wait if there are many.
    if let Some(start) = (0..last).find(|at| is_head(&parts[*at]) && free(&parts[*at])) {
        let heads = parts[start..last].iter().take(HEADS);
        let count = heads.take_while(|part| is_head(part) && free(part)).count();
        return Some(start..start + count);
    }
    let wasteful = |part: &PartView| {
        part.docs > 0 && part.deletes.count() >= (part.docs / DELETED_PART).max(1)
    };
    if let Some(at) = (0..last).find(|at| free(&parts[*at]) && wasteful(&parts[*at])) {
        return Some(at..at + 1);
    }
    let levels = parts[..last].iter().map(|part| level(part.live())).max().unwrap_or(0);
    (0..=levels).find_map(|high| {
        run(&parts[..last], |part| {
            free(part) && part.live() <= DOCS_MAX && level(part.live()) <= high
        })
    })
}

/// The small parts at the end that are to be one while nothing changes, by place: each is another
/// list to look up for every word of a query.
pub fn tidy(
    parts: &[PartView],
    busy: impl Fn(&PartView) -> bool,
) -> Option<std::ops::Range<usize>> {
    let last = parts.len().saturating_sub(1);
    let live = |part: &PartView| u64::from(part.live());
    let (mut start, mut docs) = (last, 0);
    for part in parts[..last].iter().rev() {
        if busy(part) || matches!(part.part, Part::Head(_)) || docs + live(part) > TIDY_DOCS {
            break;
        }
        docs += live(part);
        start -= 1;
    }
    // Where documents trickle in, a large part is not copied for the sake of a few.
    while last - start > 1 {
        let largest = parts[start..last].iter().map(live).max().unwrap_or(0);
        if largest * 8 <= docs * 7 {
            return Some(start..last);
        }
        docs -= live(&parts[start]);
        start += 1;
    }
    None
}

/// The first run of enough parts for which `fits` holds, of which the largest is not more than
/// half: so that a document is copied each time into something twice as large.
fn run(parts: &[PartView], fits: impl Fn(&PartView) -> bool) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    while start < parts.len() {
        let len = parts[start..].iter().take_while(|part| fits(part)).count();
        let docs = || parts[start..start + len].iter().map(|part| u64::from(part.live()));
        if len >= FANOUT && docs().max().unwrap_or(0) * 2 <= docs().sum() {
            return Some(start..start + len);
        }
        start += len + 1;
    }
    None
}

/// The logarithm of a segment's size, to the base of the fan-out.
fn level(docs: u32) -> u32 {
    (docs / 4096).max(1).ilog(FANOUT as u32)
}
