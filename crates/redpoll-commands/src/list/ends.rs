//! Taking elements off the ends of lists: what LPOP, LMPOP, LMOVE and their blocking forms share.

use crate::answer;
use crate::prelude::*;
use redpoll_types::list::{End, List};

/// The argument that names an end.
pub const SIDES: &[Arg] = &[Arg::flag("left", "LEFT"), Arg::flag("right", "RIGHT")];

/// Where the two lists are; so it is for the blocking forms too.
pub const KEYS: &[KeySpec] = &[KeySpec::at(1).rw().access().delete(), KeySpec::at(2).rw().insert()];

/// LEFT or RIGHT.
pub fn side(word: &[u8]) -> Result<End> {
    match word {
        _ if parse::is(word, "left") => Ok(End::Front),
        _ if parse::is(word, "right") => Ok(End::Back),
        _ => Err(Error::Syntax),
    }
}

/// The word for an end, for the change log.
pub fn side_name(end: End) -> &'static [u8] {
    if end == End::Front { b"LEFT" } else { b"RIGHT" }
}

/// The command that pops at an end, for the change log.
pub fn pop_name(end: End) -> &'static [u8] {
    if end == End::Front { b"LPOP" } else { b"RPOP" }
}

/// The event of an element pushed at an end.
pub fn push_event(end: End) -> &'static str {
    if end == End::Front { "lpush" } else { "rpush" }
}

fn pop_event(end: End) -> &'static str {
    if end == End::Front { "lpop" } else { "rpop" }
}

/// Notes that `count` elements were popped, and removes the key if none is left.
pub fn popped(ctx: &mut Ctx<'_>, key: &[u8], end: End, count: usize, emptied: bool) {
    ctx.wrote(key, Class::List, pop_event(end), count as u64);
    if emptied {
        ctx.keys.drop_if_empty(key);
    }
}

/// Pops one element and answers it as a bulk string, behind `head`; answers false, and has written
/// nothing, if there is no list.
pub fn pop_one(ctx: &mut Ctx<'_>, key: &[u8], end: End, head: Option<&[u8]>) -> Result<bool> {
    let Some(list) = ctx.keys.write::<List>(key)? else { return Ok(false) };
    let reply = &mut ctx.reply;
    if let Some(head) = head {
        reply.array(2);
        reply.bulk(head);
    }
    list.pop_with(end, ctx.limits, |element| answer::element(reply, element));
    let emptied = list.is_empty();
    popped(ctx, key, end, 1, emptied);
    Ok(true)
}

/// Pops up to `count` elements and answers them as an array, behind `head`. Answers their number;
/// nothing has been written if there is no list.
pub fn pop_many(
    ctx: &mut Ctx<'_>,
    key: &[u8],
    (end, count): (End, usize),
    head: Option<&[u8]>,
) -> Result<Option<usize>> {
    let Some(list) = ctx.keys.write::<List>(key)? else { return Ok(None) };
    let reply = &mut ctx.reply;
    if let Some(head) = head {
        reply.array(2);
        reply.bulk(head);
    }
    let len = list.len();
    let count = count.min(len);
    reply.array(count);
    if count == 0 {
        return Ok(Some(0));
    }
    let (first, last) = if end == End::Front { (0, count) } else { (len - count, len) };
    let elements = list.range(first as i64, last as i64 - 1);
    match end {
        End::Front => elements.for_each(|element| answer::element(reply, element)),
        End::Back => elements.rev().for_each(|element| answer::element(reply, element)),
    }
    if count < len {
        let removed = list.remove_range(first as u64..last as u64, ctx.limits);
        ctx.keys.discard_part(removed);
        popped(ctx, key, end, count, false);
    } else {
        // The list goes as a whole, which may take long, so it is freed in the background.
        ctx.wrote(key, Class::List, pop_event(end), count as u64);
        ctx.keys.delete(key);
        ctx.wrote(key, Class::Generic, "del", 0);
    }
    Ok(Some(count))
}

/// Moves an element from one list to another (or the same) and answers it; answers false, and has
/// written nothing, if there is no source.
pub fn move_one(
    ctx: &mut Ctx<'_>,
    (source, from): (&[u8], End),
    (target, to): (&[u8], End),
) -> Result<bool> {
    let moved = match source == target {
        true => turn(ctx, source, (from, to))?,
        false => carry(ctx, (source, from), (target, to))?,
    };
    let Some((element, emptied)) = moved else { return Ok(false) };
    ctx.wrote(target, Class::List, push_event(to), 0);
    popped(ctx, source, from, 1, emptied);
    ctx.reply.bulk(&element);
    Ok(true)
}

/// Moves an element within a list, which is looked up once for it. Answers the element and that
/// the list is not empty.
fn turn(ctx: &mut Ctx<'_>, key: &[u8], (from, to): (End, End)) -> Result<Option<(Vec<u8>, bool)>> {
    let Some(list) = ctx.keys.write::<List>(key)? else { return Ok(None) };
    let Some(element) = list.pop(from, ctx.limits) else { return Ok(None) };
    list.push(to, &element, ctx.limits);
    Ok(Some((element, false)))
}

/// Moves an element to another list. Answers the element, and whether the source is empty now.
fn carry(
    ctx: &mut Ctx<'_>,
    (source, from): (&[u8], End),
    (target, to): (&[u8], End),
) -> Result<Option<(Vec<u8>, bool)>> {
    if ctx.keys.write::<List>(source)?.is_none() {
        return Ok(None);
    }
    // Refused before anything is taken.
    ctx.keys.write::<List>(target)?;
    let Some(list) = ctx.keys.write::<List>(source)? else { return Ok(None) };
    let Some(element) = list.pop(from, ctx.limits) else { return Ok(None) };
    let emptied = list.is_empty();
    ctx.keys.write_or_new::<List>(target)?.push(to, &element, ctx.limits);
    Ok(Some((element, emptied)))
}
