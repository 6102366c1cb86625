//! `FT.INFO index`: what an index is and how it does.

use super::common;
use crate::prelude::*;
use redpoll_engine::search::{FailureCount, Failures, SearchIndex};
use redpoll_resp::Reply;
use redpoll_search::aggregate::Cursors;
use redpoll_search::analysis::Language;
use redpoll_search::index::Statistics;
use redpoll_search::number::general_with;
use redpoll_search::query::FieldId;
use redpoll_search::schema::{
    Algorithm, CoordinateSystem, Field, FieldKind, IndexOptions, VectorField,
};

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
    let failures = index.failures();
    let scanned = index.scanned();
    let stop_words = !schema.options().stop_words.is_default();
    let reply = &mut ctx.reply;
    reply.map(34 + usize::from(stop_words));
    simple(reply, "index_name");
    reply.bulk(&index.name);
    options(reply, schema.options());
    definition(reply, &index, schema.options());
    simple(reply, "attributes");
    reply.array(schema.fields().len());
    schema.fields().iter().for_each(|field| attribute(reply, field));
    sizes(reply, &statistics);
    count(reply, "hash_indexing_failures", failures.all.count);
    number(reply, "total_indexing_time", statistics.indexing_nanos as f64 / 1e6);
    count(reply, "indexing", u64::from(scanned.is_some()));
    number(reply, "percent_indexed", scanned.unwrap_or(1.0));
    simple(reply, "number_of_uses");
    reply.int(index.uses() as i64);
    garbage(reply, &statistics);
    simple(reply, "cursor_stats");
    reply.map(4);
    count(reply, "global_idle", cursors.0 as u64);
    count(reply, "global_total", cursors.0 as u64);
    count(reply, "index_capacity", Cursors::PER_INDEX as u64);
    count(reply, "index_total", cursors.1 as u64);
    if stop_words {
        simple(reply, "stopwords_list");
        let words = schema.options().stop_words.sorted();
        reply.array(words.len());
        words.iter().for_each(|word| reply.bulk(word));
    }
    simple(reply, "dialect_stats");
    reply.map(4);
    for (number, uses) in index.dialects().into_iter().enumerate() {
        count(reply, &format!("dialect_{}", number + 1), uses);
    }
    errors(reply, &failures.all);
    field_statistics(reply, schema.fields(), &failures);
    Ok(())
}

/// How much there is of what, and in how many bytes.
fn sizes(reply: &mut Reply<'_>, statistics: &Statistics) {
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    // Of nothing there is no average.
    let per = |sum: u64, count: u64| if count == 0 { f64::NAN } else { sum as f64 / count as f64 };
    let tally = &statistics.tally;
    count(reply, "num_docs", statistics.docs);
    count(reply, "max_doc_id", statistics.id_max);
    count(reply, "num_terms", statistics.terms);
    count(reply, "num_records", tally.records);
    number(reply, "inverted_sz_mb", megabytes(tally.list_bytes));
    number(reply, "vector_index_sz_mb", megabytes(statistics.vector_bytes));
    count(reply, "total_inverted_index_blocks", tally.blocks);
    number(reply, "offset_vectors_sz_mb", megabytes(tally.position_bytes));
    number(reply, "doc_table_size_mb", megabytes(statistics.doc_bytes));
    number(reply, "sortable_values_size_mb", megabytes(statistics.column_bytes));
    number(reply, "key_table_size_mb", megabytes(statistics.key_bytes));
    number(reply, "tag_overhead_sz_mb", megabytes(tally.tag_bytes));
    number(reply, "text_overhead_sz_mb", megabytes(tally.word_bytes));
    number(reply, "total_index_memory_sz_mb", megabytes(statistics.bytes));
    number(reply, "geoshapes_sz_mb", megabytes(statistics.shape_bytes));
    number(reply, "records_per_doc_avg", per(tally.records, statistics.docs));
    number(reply, "bytes_per_record_avg", per(tally.list_bytes, tally.records));
    number(reply, "offsets_per_term_avg", per(tally.positions, tally.records));
    number(reply, "offset_bits_per_record_avg", per(8 * tally.position_bytes, tally.positions));
}

/// What was removed, and what is done about the room it takes.
fn garbage(reply: &mut Reply<'_>, statistics: &Statistics) {
    simple(reply, "cleaning");
    reply.int(0);
    simple(reply, "gc_stats");
    let merges = &statistics.merges;
    let milliseconds = |nanos: u64| nanos as f64 / 1e6;
    let average = match merges.total {
        0 => f64::NAN,
        total => milliseconds(merges.nanos) / total as f64,
    };
    reply.map(10);
    number(reply, "bytes_collected", merges.bytes as f64);
    number(reply, "total_ms_run", milliseconds(merges.nanos));
    number(reply, "total_cycles", merges.total as f64);
    number(reply, "average_cycle_time_ms", average);
    number(reply, "last_run_time_ms", milliseconds(merges.last_nanos));
    // Nothing that was done is ever in vain: what changes meanwhile is carried over.
    number(reply, "gc_numeric_trees_missed", 0.0);
    number(reply, "gc_blocks_denied", 0.0);
    number(reply, "merging", statistics.merging as f64);
    number(reply, "deleted_docs", statistics.deleted as f64);
    number(reply, "segments", statistics.segments as f64);
}

/// What could not be indexed because of each field.
fn field_statistics(reply: &mut Reply<'_>, fields: &[Field], failures: &Failures) {
    simple(reply, "field statistics");
    reply.array(fields.len());
    let none = FailureCount::default();
    for (number, field) in fields.iter().enumerate() {
        let own = failures.fields.get(&FieldId(number as u16));
        reply.map(3);
        simple(reply, "identifier");
        reply.bulk(&field.path);
        simple(reply, "attribute");
        reply.bulk(&field.name);
        errors(reply, own.unwrap_or(&none));
    }
}

fn errors(reply: &mut Reply<'_>, failures: &FailureCount) {
    simple(reply, "Index Errors");
    reply.map(3);
    simple(reply, "indexing failures");
    reply.int(failures.count as i64);
    simple(reply, "last indexing error");
    let none = (&b"N/A"[..], "N/A");
    let (key, reason) =
        failures.last.as_ref().map_or(none, |last| (&*last.key, last.reason.as_str()));
    reply.bulk(reason.as_bytes());
    simple(reply, "last indexing error key");
    reply.bulk(key);
}

fn simple(reply: &mut Reply<'_>, text: &str) {
    reply.simple(text);
}

fn number(reply: &mut Reply<'_>, name: &str, value: f64) {
    reply.simple(name);
    reply.double_text(general_with(value, 17).as_bytes());
}

fn count(reply: &mut Reply<'_>, name: &str, value: u64) {
    reply.simple(name);
    reply.int(value as i64);
}

fn options(reply: &mut Reply<'_>, options: &IndexOptions) {
    let all = [
        (options.no_frequencies, "NOFREQS"),
        (options.no_fields, "NOFIELDS"),
        (options.no_offsets, "NOOFFSETS"),
        (options.no_highlight, "NOHL"),
        (options.max_text_fields, "MAXTEXTFIELDS"),
    ];
    simple(reply, "index_options");
    reply.array(all.iter().filter(|(set, _)| *set).count());
    all.iter().filter(|(set, _)| *set).for_each(|(_, name)| simple(reply, name));
}

fn definition(reply: &mut Reply<'_>, index: &SearchIndex, options: &IndexOptions) {
    let language = (options.language != Language::English).then(|| options.language.name().into());
    let score = Some(general_with(options.score, 17).into());
    let fields: [(&str, Option<Vec<u8>>); 6] = [
        ("filter", options.filter.clone()),
        ("default_language", language),
        ("language_field", options.language_field.clone()),
        ("default_score", score),
        ("score_field", options.score_field.clone()),
        ("payload_field", options.payload_field.clone()),
    ];
    let given = fields.iter().filter(|(_, value)| value.is_some()).count();
    simple(reply, "index_definition");
    reply.map(3 + given);
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
        let Some(value) = value else { continue };
        simple(reply, name);
        match name {
            "default_score" => reply.double_text(&value),
            _ => reply.bulk(&value),
        }
    }
    simple(reply, "indexes_all");
    reply.bulk(if options.index_all { b"true" } else { b"false" });
}

/// What is told of a field.
enum Part {
    Text(Vec<u8>),
    Count(usize),
    Number(f64),
}

impl Part {
    fn text(text: &str) -> Self {
        Part::Text(text.into())
    }
}

/// A field: pairs of names and values, then flags.
fn attribute(reply: &mut Reply<'_>, field: &Field) {
    let mut pairs: Vec<(&str, Part)> = vec![
        ("identifier", Part::Text(field.path.clone())),
        ("attribute", Part::Text(field.name.clone())),
        ("type", Part::text(kind(&field.kind))),
    ];
    let mut flags = Vec::new();
    let mut suffixes = false;
    match &field.kind {
        FieldKind::Text(text) => {
            pairs.push(("WEIGHT", Part::Number(text.weight)));
            flags.push((text.no_stem, "NOSTEM"));
            suffixes = text.suffix_index;
        }
        FieldKind::Tag(tag) => {
            pairs.push(("SEPARATOR", Part::Text(vec![tag.separator])));
            flags.push((tag.case_sensitive, "CASESENSITIVE"));
            suffixes = tag.suffix_index;
        }
        FieldKind::Shape(system) => {
            let name = match system {
                CoordinateSystem::Spherical => "SPHERICAL",
                CoordinateSystem::Flat => "FLAT",
            };
            pairs.push(("coord_system", Part::text(name)));
        }
        FieldKind::Vector(vector) => {
            pairs.extend(of_vectors(vector));
        }
        FieldKind::Numeric | FieldKind::Geo => {}
    }
    flags.push((field.sortable.is_some(), "SORTABLE"));
    flags.push((field.sortable.is_some_and(|sortable| sortable.unnormalized), "UNF"));
    flags.push((field.no_index, "NOINDEX"));
    flags.push((suffixes, "WITHSUFFIXTRIE"));
    flags.push((field.index_empty, "INDEXEMPTY"));
    flags.push((field.index_missing, "INDEXMISSING"));
    let flags: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    match reply.proto() {
        redpoll_resp::Proto::Resp2 => reply.array(pairs.len() * 2 + flags.len()),
        _ => reply.map(pairs.len() + 1),
    }
    for (name, value) in &pairs {
        simple(reply, name);
        match value {
            Part::Text(text) => reply.bulk(text),
            Part::Count(count) => reply.count(*count),
            Part::Number(number) => reply.double_text(general_with(*number, 17).as_bytes()),
        }
    }
    if reply.proto() != redpoll_resp::Proto::Resp2 {
        simple(reply, "flags");
        reply.array(flags.len());
    }
    flags.iter().for_each(|flag| simple(reply, flag));
}

/// What is told of a field of vectors besides.
fn of_vectors(vector: &VectorField) -> Vec<(&'static str, Part)> {
    let mut pairs = vec![
        ("algorithm", Part::text(vector.algorithm.name())),
        ("data_type", Part::text(vector.element.name())),
        ("dim", Part::Count(vector.dimensions)),
        ("distance_metric", Part::text(vector.metric.name())),
    ];
    match vector.algorithm {
        Algorithm::Flat => {}
        Algorithm::Hnsw(graph) => pairs.extend([
            ("M", Part::Count(graph.m)),
            ("ef_construction", Part::Count(graph.ef_construction)),
            ("ef_runtime", Part::Count(graph.ef_runtime)),
        ]),
        Algorithm::Vamana(graph) => pairs.extend([
            ("graph_max_degree", Part::Count(graph.degree)),
            ("construction_window_size", Part::Count(graph.construction_window)),
            ("compression", Part::text("NO_COMPRESSION")),
        ]),
    }
    pairs
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
