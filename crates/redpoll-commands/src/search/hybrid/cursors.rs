//! WITHCURSOR: a cursor for each of the two searches, for those who put them together themselves.

use super::combine::{self, Combined, Place};
use super::{Searched, running};
use crate::prelude::*;
use crate::search::aggregate::{self, Source};
use crate::search::common;
use crate::search::plan::CursorOptions;
use redpoll_search::aggregate::{Cursor, Limits, Plan, Row, Step};
use redpoll_search::index::DocAddress;

/// Opens both cursors, and tells their numbers.
pub(super) fn reply(ctx: &mut Ctx<'_>, searched: &Searched<'_>, options: CursorOptions) -> Result {
    let Searched { hybrid, found, metric, running, .. } = searched;
    let texts: Vec<_> = hybrid.combine.places(&found.texts, |score| score).collect();
    let similarity = |distance| combine::similarity(distance, *metric);
    let vectors: Vec<_> = hybrid.combine.places(&found.vectors, similarity).collect();
    let texts = cursor(ctx, searched, &texts, true, options)?;
    let vectors = cursor(ctx, searched, &vectors, false, options)?;
    let interrupted = found.text_end.interrupted || found.vector_end.interrupted;
    running::ended(ctx, running, interrupted, false)?;
    let now = aggregate::now_of(ctx);
    // Nothing may fail once the reply is begun.
    let [texts, vectors] = {
        let mut cursors = ctx.engine.search.cursors.lock();
        let texts = cursors.add(texts, now).map_err(common::error)?;
        let vectors = cursors.add(vectors, now).map_err(|error| {
            let _ = cursors.take(&searched.index.name, texts, now);
            common::error(error)
        })?;
        [texts, vectors]
    };
    let reply = &mut ctx.reply;
    reply.map(3);
    for (name, id) in [("SEARCH", texts), ("VSIM", vectors)] {
        reply.simple(name);
        reply.int(id as i64);
    }
    let warnings = found.warnings();
    reply.simple("warnings");
    reply.array(warnings.len());
    warnings.iter().for_each(|text| reply.simple(text));
    Ok(())
}

/// A cursor over what one of the searches has found: the fields that are loaded, and its score
/// where that has a name.
fn cursor(
    ctx: &mut Ctx<'_>,
    searched: &Searched<'_>,
    found: &[(DocAddress, Place)],
    of_words: bool,
    options: CursorOptions,
) -> Result<Cursor> {
    let Searched { hybrid, snapshot, .. } = searched;
    let loads = |step: &&Step| matches!(step, Step::Load(_) | Step::LoadAll);
    let mut steps: Vec<Step> = hybrid.plan.steps.iter().take_while(loads).cloned().collect();
    let key = steps.is_empty().then_some(&b"__key"[..]);
    let alias = if of_words { hybrid.text_alias } else { hybrid.vsim.alias };
    let own = [key, alias].into_iter().flatten();
    let own: Vec<_> = own.map(|name| (name.to_vec(), name.to_vec())).collect();
    if !own.is_empty() {
        steps.push(Step::Load(own));
    }
    let schema = snapshot.schema();
    let names: Vec<Vec<u8>> = alias.into_iter().map(<[u8]>::to_vec).collect();
    let is_field = |name: &[u8]| schema.id(name).is_some() || alias == Some(name);
    let plan = Plan { steps };
    let mut pipeline = plan.compile(&is_field, Limits::default(), 0).map_err(common::error)?;
    let mut source = Source::new(ctx, snapshot, &pipeline, &names);
    let mut row = Row::default();
    for (address, place) in found {
        let (text, vector) = if of_words { (Some(*place), None) } else { (None, Some(*place)) };
        let document = Combined { address: *address, text, vector, score: place.score };
        if source.fill(&document.hit(hybrid), &mut row) {
            let _ = pipeline.push(&mut row).map_err(common::error)?;
        }
    }
    let rows = pipeline.finish().map_err(common::error)?;
    let index = &searched.index.name;
    Ok(Cursor::new(index, pipeline, rows, options.count, options.max_idle_ms))
}
