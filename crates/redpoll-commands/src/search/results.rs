//! The reply of FT.SEARCH.

use super::load;
use super::request::Request;
use super::running::DOCUMENT;
use super::search::Found;
use crate::prelude::*;
use redpoll_engine::background;
use redpoll_resp::{Proto, Reply};
use redpoll_search::analysis::TextOptions;
use redpoll_search::document::Value;
use redpoll_search::execute::Hit;
use redpoll_search::expression;
use redpoll_search::highlight::{self, Matcher};
use redpoll_search::number::general_with;
use redpoll_search::query::{Fields, TextMask};
use redpoll_search::schema::FieldKind;
use redpoll_search::score::Explanation;

/// The fields of a document, in the order of the reply.
type Shown = Vec<(Vec<u8>, Vec<u8>)>;

/// Writes what a search has found.
pub(super) fn reply(ctx: &mut Ctx<'_>, found: &Found<'_>) {
    let content = !found.request.no_content
        && found.request.returns.as_ref().is_none_or(|fields| !fields.is_empty());
    let mut total = found.results.total;
    let mut documents: Vec<(&Hit, Shown)> = Vec::with_capacity(found.results.hits.len());
    for hit in &found.results.hits {
        match content {
            false => documents.push((hit, Vec::new())),
            // What has gone since the search began is no result.
            true => match shown(ctx, found, hit) {
                Some(fields) => documents.push((hit, fields)),
                None => total = total.saturating_sub(1),
            },
        }
    }
    match ctx.reply.proto() {
        Proto::Resp2 => reply_list(&mut ctx.reply, found, total, &documents, content),
        _ => reply_map(&mut ctx.reply, found, total, &documents, content),
    }
}

fn reply_list(
    reply: &mut Reply<'_>,
    found: &Found<'_>,
    total: u64,
    documents: &[(&Hit, Shown)],
    content: bool,
) {
    let request = &found.request;
    let each = 1 + extras(request, content);
    reply.array(1 + documents.len() * each);
    reply.count(usize::try_from(total).unwrap_or(usize::MAX));
    for (hit, fields) in documents {
        reply.bulk(found.snapshot.key(hit.address));
        if request.scores {
            score(reply, hit);
        }
        if request.payloads {
            reply.bulk_or_null(found.snapshot.payload(hit.address));
        }
        if request.sort_keys {
            sort_key(reply, &hit.sort_value);
        }
        if content {
            reply.array(fields.len() * 2);
            pairs(reply, fields);
        }
        reply.flow();
    }
}

/// How much is told of a document beside its key.
fn extras(request: &Request<'_>, content: bool) -> usize {
    let asked = [request.scores, request.payloads, request.sort_keys, content];
    asked.iter().filter(|asked| **asked).count()
}

fn pairs(reply: &mut Reply<'_>, fields: &Shown) {
    for (name, value) in fields {
        reply.bulk(name);
        reply.bulk(value);
    }
}

fn reply_map(
    reply: &mut Reply<'_>,
    found: &Found<'_>,
    total: u64,
    documents: &[(&Hit, Shown)],
    content: bool,
) {
    let request = &found.request;
    reply.map(5);
    reply.simple("attributes");
    reply.array(0);
    warnings(reply, found.results.interrupted, found.results.truncated);
    reply.simple("total_results");
    reply.count(usize::try_from(total).unwrap_or(usize::MAX));
    reply.simple("format");
    reply.simple("STRING");
    reply.simple("results");
    reply.array(documents.len());
    let each = 2 + extras(request, content);
    for (hit, fields) in documents {
        reply.map(each);
        reply.simple("id");
        reply.bulk(found.snapshot.key(hit.address));
        if request.scores {
            reply.simple("score");
            score(reply, hit);
        }
        if request.payloads {
            reply.simple("payload");
            reply.bulk_or_null(found.snapshot.payload(hit.address));
        }
        if request.sort_keys {
            reply.simple("sortkey");
            sort_key(reply, &hit.sort_value);
        }
        if content {
            reply.simple("extra_attributes");
            reply.map(fields.len());
            pairs(reply, fields);
        }
        reply.simple("values");
        reply.array(0);
        reply.flow();
    }
}

/// What a client should know of results that are not all of them.
pub(super) fn warnings(reply: &mut Reply<'_>, timed_out: bool, truncated: bool) {
    let texts = warning_texts(timed_out, truncated);
    reply.simple("warning");
    reply.array(texts.len());
    texts.iter().for_each(|text| reply.simple(text));
}

pub(super) fn warning_texts(timed_out: bool, truncated: bool) -> Vec<&'static str> {
    let all = [
        (timed_out, "Timeout limit was reached"),
        (truncated, "Max prefix expansions limit was reached"),
    ];
    all.into_iter().filter(|(there, _)| *there).map(|(_, text)| text).collect()
}

fn score(reply: &mut Reply<'_>, hit: &Hit) {
    match &hit.explanation {
        None => reply.double(hit.score),
        Some(explanation) => explained(reply, hit.score, explanation),
    }
}

/// Writes a score, and how it came about.
pub(super) fn explained(reply: &mut Reply<'_>, score: f64, explanation: &Explanation) {
    reply.array(2);
    reply.double(score);
    explain(reply, explanation);
}

/// A step, and what it rests on. A score's explanation is as deep as its query, which is bounded.
fn explain(reply: &mut Reply<'_>, explanation: &Explanation) {
    if explanation.children.is_empty() {
        return reply.bulk(explanation.text.as_bytes());
    }
    reply.array(2);
    reply.bulk(explanation.text.as_bytes());
    reply.array(explanation.children.len());
    explanation.children.iter().for_each(|child| explain(reply, child));
}

fn sort_key(reply: &mut Reply<'_>, value: &Value) {
    match value {
        Value::None => reply.null(),
        Value::Number(number) => reply.bulk(&[b"#", general_with(*number, 17).as_bytes()].concat()),
        Value::Text(text) => reply.bulk(&[b"$", &text[..]].concat()),
    }
}

/// The fields of a document that are to be shown. None if there is no document any more.
fn shown(ctx: &mut Ctx<'_>, found: &Found<'_>, hit: &Hit) -> Option<Shown> {
    background::step(DOCUMENT as usize);
    let key = found.snapshot.key(hit.address);
    let schema = found.snapshot.schema();
    let distances = hit
        .distances
        .iter()
        .map(|(name, distance)| (name.clone(), general_with(*distance, 12).into_bytes()));
    let mut fields: Shown = match &found.request.returns {
        Some(wanted) => {
            let distances: Shown = distances.collect();
            load::with_hash(ctx, key, |hash, now| {
                let value = |name: &[u8]| {
                    if name == b"__key" {
                        return Some(key.to_vec());
                    }
                    if let Some((_, value)) = distances.iter().find(|(known, _)| known == name) {
                        return Some(value.clone());
                    }
                    let field = schema.id(name).and_then(|id| schema.get(id));
                    let path = field.map_or(name, |field| &field.path);
                    let value = hash.get(path, now)?.to_vec();
                    let numeric = field.is_some_and(|field| field.kind == FieldKind::Numeric);
                    let number = numeric.then(|| as_number(&value)).flatten();
                    Some(number.unwrap_or(value))
                };
                let fields = wanted.iter();
                fields.filter_map(|(path, name)| Some((name.to_vec(), value(path)?))).collect()
            })?
        }
        None => {
            let options = schema.options();
            let all = load::with_hash(ctx, key, |hash, now| load::all(hash, now, options))?;
            let mut fields: Shown = distances.collect();
            let first = found.request.sort.map(|(name, _)| name);
            // A field is sorted by under the name that the schema gives it.
            let path = first.and_then(|name| Some(&schema.get(schema.id(name)?)?.path));
            if let (Some(name), Some(path)) = (first, path)
                && name != path.as_slice()
                && let Some((_, value)) = all.iter().find(|(known, _)| known == path)
            {
                fields.push((name.to_vec(), sorted_by(&hit.sort_value, value)));
            }
            let (first, rest): (Shown, Shown) =
                all.into_iter().partition(|(name, _)| Some(name.as_slice()) == first);
            fields.extend(first);
            fields.extend(rest);
            fields
        }
    };
    if found.request.highlight.is_some() || found.request.summarize.is_some() {
        fields.iter_mut().for_each(|(name, value)| mark(found, name, value));
    }
    Some(fields)
}

/// What a document is sorted by, in a field that has `value`.
fn sorted_by(key: &Value, value: &[u8]) -> Vec<u8> {
    match key {
        Value::None => value.to_vec(),
        Value::Number(number) => expression::Value::Number(*number).to_text().to_vec(),
        Value::Text(text) => text.to_vec(),
    }
}

/// RETURN shows numbers as such, in as few digits as they need.
fn as_number(value: &[u8]) -> Option<Vec<u8>> {
    let number = std::str::from_utf8(value).ok()?.parse().ok()?;
    Some(expression::Value::Number(number).to_text().to_vec())
}

/// Marks matches in a field's text, or cuts it down to them, if that is wanted of the field.
fn mark(found: &Found<'_>, name: &[u8], value: &mut Vec<u8>) {
    let schema = found.snapshot.schema();
    let Some(info) = schema.field(name).filter(|info| info.kinds.text) else { return };
    let wants = |fields: &[&[u8]]| fields.is_empty() || fields.contains(&name);
    let highlight = found.request.highlight.as_ref().filter(|(fields, _)| wants(fields));
    let summarize = found.request.summarize.as_ref().filter(|(fields, _)| wants(fields));
    if highlight.is_none() && summarize.is_none() {
        return;
    }
    let matcher = Matcher::of(&found.prepared.root, TextMask::of(info.text_bit));
    let options = match schema.get(info.id).map(|field| &field.kind) {
        Some(FieldKind::Text(text)) => TextOptions { stem: !text.no_stem, phonetic: text.phonetic },
        _ => TextOptions { stem: true, phonetic: false },
    };
    let tags = highlight.map(|(_, tags)| tags);
    let summary = summarize.map(|(_, summary)| summary);
    *value = highlight::render(value, &found.prepared.analyzer, &matcher, options, tags, summary);
}
