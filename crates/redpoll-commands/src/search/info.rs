//! `FT.INFO index`: what an index is and how it does.

use super::common;
use crate::prelude::*;
use redpoll_engine::search::{Failure, SearchIndex};
use redpoll_resp::Reply;
use redpoll_search::aggregate::Cursors;
use redpoll_search::index::Statistics;
use redpoll_search::number::general_with;
use redpoll_search::schema::{Algorithm, CoordinateSystem, Field, FieldKind, IndexOptions};

pub const INFO: Command = Command {
    spec: Spec {
        name: "ft.info",
        arity: 2,
        flags: Flags::READONLY,
        group: Group::Search,
        since: "1.0.0",
        summary: "Tells what an index is and how it does.",
        complexity: "O(1)",
        args: &[Arg::string("index")],
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    common::catch_up(ctx);
    let index = common::index(ctx, args.at(1))?;
    let cursors = {
        let cursors = ctx.engine.search.cursors.lock();
        (cursors.len(), cursors.of_index(&index.name))
    };
    let schema = index.index.schema();
    let statistics = index.index.statistics();
    let (failures, last) = index.failures();
    let scanned = index.scanned();
    let stop_words = !schema.options().stop_words.is_default();
    let reply = &mut ctx.reply;
    reply.map(32 + usize::from(stop_words));
    simple(reply, "index_name");
    reply.bulk(&index.name);
    options(reply, schema.options());
    definition(reply, &index, schema.options());
    simple(reply, "attributes");
    reply.array(schema.fields().len());
    schema.fields().iter().for_each(|field| attribute(reply, field));
    sizes(reply, &statistics);
    number(reply, "hash_indexing_failures", failures as f64);
    number(reply, "total_indexing_time", statistics.indexing_nanos as f64 / 1e6);
    number(reply, "indexing", f64::from(u8::from(scanned.is_some())));
    number(reply, "percent_indexed", scanned.unwrap_or(1.0));
    simple(reply, "number_of_uses");
    reply.int(index.uses() as i64);
    garbage(reply, &statistics);
    simple(reply, "cursor_stats");
    reply.map(4);
    count(reply, "global_idle", cursors.0);
    count(reply, "global_total", cursors.0);
    count(reply, "index_capacity", Cursors::PER_INDEX);
    count(reply, "index_total", cursors.1);
    if stop_words {
        simple(reply, "stopwords_list");
        let words = schema.options().stop_words.sorted();
        reply.array(words.len());
        words.iter().for_each(|word| reply.bulk(word));
    }
    errors(reply, failures, last);
    Ok(())
}

/// How much there is of what, and in how many bytes.
fn sizes(reply: &mut Reply<'_>, statistics: &Statistics) {
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let per = |sum: u64, count: u64| if count == 0 { 0.0 } else { sum as f64 / count as f64 };
    let text_bytes = statistics.dict_bytes + statistics.list_bytes;
    number(reply, "num_docs", statistics.docs as f64);
    number(reply, "max_doc_id", statistics.id_max as f64);
    number(reply, "num_terms", statistics.terms as f64);
    number(reply, "num_records", statistics.words as f64);
    number(reply, "inverted_sz_mb", megabytes(statistics.list_bytes));
    number(reply, "vector_index_sz_mb", megabytes(statistics.vector_bytes));
    number(reply, "total_inverted_index_blocks", (statistics.segments + statistics.heads) as f64);
    number(reply, "offset_vectors_sz_mb", 0.0);
    number(reply, "doc_table_size_mb", megabytes(statistics.doc_bytes));
    number(reply, "sortable_values_size_mb", megabytes(statistics.column_bytes));
    number(reply, "key_table_size_mb", megabytes(statistics.key_bytes));
    number(reply, "tag_overhead_sz_mb", 0.0);
    number(reply, "text_overhead_sz_mb", megabytes(statistics.dict_bytes));
    number(reply, "total_index_memory_sz_mb", megabytes(statistics.bytes));
    number(reply, "geoshapes_sz_mb", megabytes(statistics.shape_bytes));
    number(reply, "records_per_doc_avg", per(statistics.words, statistics.docs));
    number(reply, "bytes_per_record_avg", per(text_bytes, statistics.words));
    number(reply, "offsets_per_term_avg", 0.0);
    number(reply, "offset_bits_per_record_avg", 0.0);
}

/// What was removed, and what is done about the room it takes.
fn garbage(reply: &mut Reply<'_>, statistics: &Statistics) {
    simple(reply, "cleaning");
    reply.int(0);
    simple(reply, "gc_stats");
    reply.map(4);
    number(reply, "total_cycles", statistics.merges as f64);
    number(reply, "merging", statistics.merging as f64);
    number(reply, "deleted_docs", statistics.deleted as f64);
    number(reply, "segments", statistics.segments as f64);
}

fn errors(reply: &mut Reply<'_>, failures: u64, last: Option<Failure>) {
    simple(reply, "Index Errors");
    reply.map(3);
    simple(reply, "indexing failures");
    reply.int(failures as i64);
    simple(reply, "last indexing error");
    let none = (b"N/A".to_vec(), "N/A".to_owned());
    let (key, reason) = last.map_or(none, |last| (last.key.to_vec(), last.reason));
    reply.bulk(reason.as_bytes());
    simple(reply, "last indexing error key");
    reply.bulk(&key);
}

fn simple(reply: &mut Reply<'_>, text: &str) {
    reply.simple(text);
}

fn number(reply: &mut Reply<'_>, name: &str, value: f64) {
    reply.simple(name);
    reply.double_text(general_with(value, 17).as_bytes());
}

fn count(reply: &mut Reply<'_>, name: &str, value: usize) {
    reply.simple(name);
    reply.count(value);
}

fn options(reply: &mut Reply<'_>, options: &IndexOptions) {
    let all = [
        (options.no_frequencies, "NOFREQS"),
        (options.no_fields, "NOFIELDS"),
        (options.no_offsets, "NOOFFSETS"),
        (options.no_highlight && !options.no_offsets, "NOHL"),
        (options.max_text_fields, "MAXTEXTFIELDS"),
    ];
    simple(reply, "index_options");
    reply.array(all.iter().filter(|(set, _)| *set).count());
    all.iter().filter(|(set, _)| *set).for_each(|(_, name)| simple(reply, name));
}

fn definition(reply: &mut Reply<'_>, index: &SearchIndex, options: &IndexOptions) {
    let fields = [
        ("filter", &options.filter),
        ("language_field", &options.language_field),
        ("score_field", &options.score_field),
        ("payload_field", &options.payload_field),
    ];
    let given = fields.iter().filter(|(_, value)| value.is_some()).count();
    simple(reply, "index_definition");
    reply.map(4 + given);
    simple(reply, "key_type");
    reply.bulk(b"HASH");
    simple(reply, "prefixes");
    let prefixes: &[Vec<u8>] = match index.prefixes.is_empty() {
        true => &[Vec::new()],
        false => &index.prefixes,
    };
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    for (name, value) in fields {
        if let Some(value) = value {
            simple(reply, name);
            reply.bulk(value);
        }
    }
    simple(reply, "default_language");
    reply.bulk(options.language.name().as_bytes());
    number(reply, "default_score", options.score);
}

/// A field: pairs of names and values, then flags.
fn attribute(reply: &mut Reply<'_>, field: &Field) {
    let mut pairs: Vec<(&str, Vec<u8>)> = vec![
        ("identifier", field.path.clone()),
        ("attribute", field.name.clone()),
        ("type", kind(&field.kind).into()),
    ];
    let mut flags = Vec::new();
    match &field.kind {
        FieldKind::Text(text) => {
            pairs.push(("WEIGHT", general_with(text.weight, 17).into()));
            flags.push((text.no_stem, "NOSTEM"));
            flags.push((text.suffix_index, "WITHSUFFIXTRIE"));
        }
        FieldKind::Tag(tag) => {
            pairs.push(("SEPARATOR", vec![tag.separator]));
            flags.push((tag.case_sensitive, "CASESENSITIVE"));
            flags.push((tag.suffix_index, "WITHSUFFIXTRIE"));
        }
        FieldKind::Shape(system) => {
            let name = match system {
                CoordinateSystem::Spherical => "SPHERICAL",
                CoordinateSystem::Flat => "FLAT",
            };
            pairs.push(("coord_system", name.into()));
        }
        FieldKind::Vector(vector) => {
            let algorithm = if vector.algorithm == Algorithm::Flat { "FLAT" } else { "HNSW" };
            pairs.push(("algorithm", algorithm.into()));
            pairs.push(("data_type", vector.element.name().into()));
            pairs.push(("dim", vector.dimensions.to_string().into()));
            pairs.push(("distance_metric", vector.metric.name().into()));
            if let Algorithm::Hnsw(graph) = vector.algorithm {
                pairs.push(("M", graph.m.to_string().into()));
                pairs.push(("ef_construction", graph.ef_construction.to_string().into()));
            }
        }
        FieldKind::Numeric | FieldKind::Geo => {}
    }
    flags.push((field.sortable.is_some(), "SORTABLE"));
    flags.push((field.sortable.is_some_and(|sortable| sortable.unnormalized), "UNF"));
    flags.push((field.no_index, "NOINDEX"));
    flags.push((field.index_empty, "INDEXEMPTY"));
    flags.push((field.index_missing, "INDEXMISSING"));
    let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    match reply.proto() {
        redpoll_resp::Proto::Resp2 => reply.array(pairs.len() * 2 + flags.len()),
        _ => reply.map(pairs.len() + 1),
    }
    for (name, value) in &pairs {
        simple(reply, name);
        reply.bulk(value);
    }
    if reply.proto() != redpoll_resp::Proto::Resp2 {
        simple(reply, "flags");
        reply.array(flags.len());
    }
    flags.iter().for_each(|flag| simple(reply, flag));
}

fn kind(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text(_) => "TEXT",
        FieldKind::Tag(_) => "TAG",
        FieldKind::Numeric => "NUMERIC",
        FieldKind::Geo => "GEO",
        FieldKind::Shape(_) => "GEOSHAPE",
        FieldKind::Vector(_) => "VECTOR",
    }
}
