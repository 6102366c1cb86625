//! Queries, expressions and definitions of indexes: whatever they are, they end in bounded time,
//! and what is understood can be explained and evaluated.

use redpoll_engine::search::{Definition, Record};
use redpoll_search::analysis::{Analyzer, Language};
use redpoll_search::execute::SearchOptions;
use redpoll_search::expression::{Expression, Row, Value};
use redpoll_search::query::{self, Dialect, Expander, Parameters, ParseOptions};
use redpoll_search::{Document, Index};
use std::sync::Arc;

/// What fields a row has does not matter: each column holds something else.
struct AnyRow;

impl Row for AnyRow {
    fn value(&self, column: usize) -> Option<Value> {
        match column % 4 {
            0 => None,
            1 => Some(Value::Number(column as f64)),
            2 => Some(Value::text(b"2024-01-01 red,blue")),
            _ => Some(Value::Array([Value::Null, Value::text(b"x")].into())),
        }
    }
}

/// The first byte chooses what the others are.
pub fn run(bytes: &[u8]) {
    let Some((first, text)) = bytes.split_first() else { return };
    match first % 4 {
        0 => expression(text),
        1 => definition(text),
        2 => run_query(text, Dialect::One),
        _ => run_query(text, Dialect::Two),
    }
}

fn expression(text: &[u8]) {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut column = |name: &[u8]| {
        names.push(name.to_vec());
        Some(names.len() - 1)
    };
    if let Ok(expression) = Expression::parse(text, &mut column) {
        drop(expression.evaluate(&AnyRow));
        expression.accepts(&AnyRow);
    }
}

fn definition(text: &[u8]) {
    let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
    drop(Definition::parse(&words));
    if let Some(record) = Record::from_bytes(text) {
        assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
    }
}

fn run_query(text: &[u8], dialect: Dialect) {
    const FIELDS: &[u8] =
        b"i SCHEMA t TEXT PHONETIC dm:en n NUMERIC SORTABLE g TAG INDEXMISSING p GEO \
                            v VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2";
    let words: Vec<&[u8]> =
        FIELDS.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    let definition = Definition::parse(&words).expect("it is one");
    let index = Index::new(definition.schema);
    let fields: [&[(&[u8], &[u8])]; 2] = [
        &[(b"t", b"red shoes run"), (b"n", b"5"), (b"v", b"\0\0\0\0\0\0\0\0")],
        &[(b"t", b"blue"), (b"g", b"a,b"), (b"p", b"1,1")],
    ];
    for (key, fields) in [b"d1", b"d2"].iter().zip(fields) {
        index.put(&Document::new(*key, fields)).expect("it fits");
    }
    let snapshot = index.snapshot();
    let schema = snapshot.schema();
    let mut parameters = Parameters::default();
    parameters.add(b"b", b"\0\0\0\0\0\0\0\0").expect("it is the first");
    let analyzer = Analyzer::new(Language::English, Arc::default());
    let options = ParseOptions {
        dialect,
        parameters: &parameters,
        stop_words: analyzer.stop_words(),
        language: Language::English,
    };
    let Ok(mut root) = query::parse(text, schema, options) else { return };
    let groups = |_: &[u8]| Vec::new();
    if let Some(expander) = Expander::named(b"DEFAULT", &analyzer, &groups) {
        drop(query::expand(&mut root, schema, &expander));
    }
    query::explain(&root, schema);
    if let Ok(results) = snapshot.search(&root, &SearchOptions::default()) {
        assert!(results.hits.len() as u64 <= results.total);
        assert!(results.total <= snapshot.docs());
    }
}

/// One of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let texts: [&[u8]; 9] = [
        b"\0case(@a > 3 && exists(@b), upper(format('%s', @c)), timefmt(parsetime(@c, '%F')))",
        b"\0split(@a, ',') == contains(@b, 'x') || geodistance(@c, '1,2') < 5^2",
        b"\x01i ON HASH PREFIX 1 d: STOPWORDS 0 SCHEMA t TEXT WEIGHT 2 SORTABLE v VECTOR HNSW 6 \
          TYPE FLOAT32 DIM 2 DISTANCE_METRIC COSINE",
        b"\x02@t:red shoes|-blue ~(run) \"red shoes\" re*",
        b"\x03@t:(red|%%shos%% => {$weight: 2; $slop: 1}) -@n:[1 (5] @g:{a | b*} w'r?d*'",
        b"\x03@n>=3 @p:[1 1 10 km] ismissing(@g) *lue *u*",
        b"\x03@v:[VECTOR_RANGE 0.5 $b]=>{$yield_distance_as: d}",
        b"\x03(red)=>[KNN 3 @v $b EF_RUNTIME 5 AS s]",
        b"\x03*=>[KNN 3 @v $b]=>{$hybrid_policy: batches}",
    ];
    texts.iter().map(|text| text.to_vec()).collect()
}
