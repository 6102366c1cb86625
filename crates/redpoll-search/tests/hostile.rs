//! What does not fit, is too large, or is no text: clear errors, in bounded time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redpoll_search::document::DocumentError;
use redpoll_search::execute::{Limits, SearchError, SearchOptions, SearchResults};
use redpoll_search::query::{
    AffixKind, FieldId, Node, NodeKind, ShapePredicate, ShapeQuery, VectorQuery, VectorSearch,
    VectorTuning,
};
use redpoll_search::schema::{
    Algorithm, CoordinateSystem, Element, Field, FieldKind, HnswOptions, IndexOptions, Metric,
    Schema, TextField, VectorField,
};
use redpoll_search::{Document, Index};

fn index() -> Index {
    let vector = VectorField {
        element: Element::Float32,
        dimensions: 3,
        metric: Metric::Cosine,
        algorithm: Algorithm::Hnsw(HnswOptions::default()),
    };
    let fields = vec![
        Field::new("t", FieldKind::Text(TextField::default())),
        Field::new("n", FieldKind::Numeric),
        Field::new("g", FieldKind::Geo),
        Field::new("s", FieldKind::Shape(CoordinateSystem::Spherical)),
        Field::new("v", FieldKind::Vector(vector)),
    ];
    Index::new(Schema::new(IndexOptions::default(), fields).expect("a good schema"))
}

fn put(index: &Index, name: &[u8], value: &[u8]) -> Result<(), DocumentError> {
    index.put(&Document::new(b"doc", &[(name, value)])).map(drop)
}

fn search(index: &Index, kind: NodeKind) -> Result<SearchResults, SearchError> {
    index.snapshot().search(&Node::new(kind), &SearchOptions::default())
}

#[test]
fn a_value_that_does_not_fit_takes_the_document_out() {
    let index = index();
    let bad: [(&[u8], &[u8]); 8] = [
        (b"n", b"x"),
        (b"n", b""),
        (b"n", b"nan"),
        (b"g", b"200,1"),
        (b"g", b"1"),
        (b"s", b"POINT(200 1)"),
        (b"s", b"POLYGON((1 1))"),
        (b"v", b"\0\0\0\0"),
    ];
    for (name, value) in bad {
        put(&index, b"t", b"word").expect("it fits");
        assert!(index.contains(b"doc"));
        put(&index, name, value).expect_err("it does not fit");
        assert!(!index.contains(b"doc"));
        assert_eq!(index.snapshot().docs(), 0);
    }
    let error = put(&index, b"v", b"abc");
    let want = DocumentError::VectorSize { field: FieldId(4), bytes: 3, expected: 12 };
    assert_eq!(error, Err(want));
}

#[test]
fn bytes_that_are_no_text_can_be_searched() {
    let index = index();
    put(&index, b"t", b"\xff\xfe\x80 ok \xf0\x9f").expect("any bytes are text");
    for text in [&b"ok"[..], b"\xff\xfe\x80", b"\xf0\x9f"] {
        let term = NodeKind::Term { text: text.to_vec(), expanded: false };
        assert_eq!(search(&index, term).expect("it fits").total, 1, "{text:?}");
        for distance in 1..=3 {
            let fuzzy = NodeKind::Fuzzy { text: text.to_vec(), distance };
            assert!(search(&index, fuzzy).expect("it fits").total <= 1);
        }
        for kind in [AffixKind::Prefix, AffixKind::Suffix, AffixKind::Infix] {
            let affix = NodeKind::Affix { kind, text: text.to_vec() };
            assert_eq!(search(&index, affix).expect("it fits").total, 1);
        }
        let wild = NodeKind::Wildcard { pattern: [b"*", text, b"*"].concat() };
        assert_eq!(search(&index, wild).expect("it fits").total, 1);
    }
}

#[test]
fn a_query_that_does_not_fit_is_refused() {
    let index = index();
    let vector = |bytes: &[u8], search| {
        NodeKind::Vector(Box::new(VectorQuery {
            field: FieldId(4),
            search,
            vector: bytes.to_vec(),
            parameter: b"v".to_vec(),
            score_as: None,
            filter: None,
            tuning: VectorTuning { ef_runtime: Some(0), ..VectorTuning::default() },
        }))
    };
    let error = search(&index, vector(b"1234", VectorSearch::Nearest(1)));
    let want = SearchError::VectorSize { field: FieldId(4), bytes: 4, expected: 12 };
    assert_eq!(error, Err(want));
    let shape = ShapeQuery {
        field: FieldId(3),
        predicate: ShapePredicate::Within,
        text: b"CIRCLE(1 1)".to_vec(),
    };
    search(&index, NodeKind::Shape(shape)).expect_err("it is no shape");
    // Zeros have no direction, and what is no number is near nothing.
    put(&index, b"v", &[0; 12]).expect("it fits");
    for bytes in [[0; 12], [0xff; 12]] {
        for wanted in [VectorSearch::Nearest(0), VectorSearch::Nearest(usize::MAX)] {
            assert!(search(&index, vector(&bytes, wanted)).expect("it fits").total <= 1);
        }
        let within = VectorSearch::Within(f64::NAN);
        assert_eq!(search(&index, vector(&bytes, within)).expect("it fits").total, 0);
    }
}

#[test]
fn patterns_are_bounded() {
    let index = index();
    for block in 0..20 {
        let words: Vec<String> = (0..2000).map(|i| format!("w{}x", block * 2000 + i)).collect();
        let key = format!("doc{block}").into_bytes();
        let text = words.join(" ").into_bytes();
        index.put(&Document::new(&key, &[(b"t", &text)])).expect("it fits");
        if block % 5 == 0 {
            index.seal();
            index.maintain();
        }
    }
    let start = Instant::now();
    let limits = Limits { prefix_min: 2, expansions_max: 50 };
    let options = SearchOptions { limits, ..SearchOptions::default() };
    let pattern = b"*w*".repeat(1000);
    let kinds = [
        NodeKind::Wildcard { pattern },
        NodeKind::Wildcard { pattern: b"?*?*?*?*?*?*?*?*?*?*y".to_vec() },
        NodeKind::Fuzzy { text: vec![b'w'; 100_000], distance: 3 },
        NodeKind::Fuzzy { text: b"w123".to_vec(), distance: 3 },
        NodeKind::Affix { kind: AffixKind::Infix, text: b"1".repeat(10_000) },
    ];
    for kind in kinds {
        index.snapshot().search(&Node::new(kind), &options).expect("it fits");
    }
    let affix = |text: &[u8]| NodeKind::Affix { kind: AffixKind::Prefix, text: text.to_vec() };
    let results = index.snapshot().search(&Node::new(affix(b"w")), &options).expect("it fits");
    assert_eq!((results.total, results.truncated), (0, false), "too short to mean anything");
    let results = index.snapshot().search(&Node::new(affix(b"w1")), &options).expect("it fits");
    assert!(results.truncated && results.total > 0);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_search_is_given_up_when_it_is_told() {
    let index = index();
    for number in 0..9000 {
        let key = format!("doc{number}").into_bytes();
        index.put(&Document::new(&key, &[(b"t", b"word other")])).expect("it fits");
    }
    let interrupt = || true;
    let options = SearchOptions { interrupt: Arc::new(interrupt), ..SearchOptions::default() };
    let nodes = [Node::term("word"), Node::new(NodeKind::All)];
    for node in nodes {
        let results = index.snapshot().search(&node, &options).expect("it fits");
        assert!(results.interrupted);
    }
}

#[test]
fn a_thousand_fields_are_no_trouble() {
    let texts =
        (0..128).map(|i| Field::new(format!("t{i}"), FieldKind::Text(TextField::default())));
    let numbers = (0..896).map(|i| Field::new(format!("n{i}"), FieldKind::Numeric).sortable());
    let schema = Schema::new(IndexOptions::default(), texts.chain(numbers).collect());
    let index = Index::new(schema.expect("as many fields as there may be"));
    let names: Vec<String> = (0..1024)
        .map(|i| if i < 128 { format!("t{i}") } else { format!("n{}", i - 128) })
        .collect();
    for number in 0..50 {
        let value = format!("{number}");
        let fields: Vec<(&[u8], &[u8])> =
            names.iter().map(|name| (name.as_bytes(), value.as_bytes())).collect();
        index.put(&Document::new(value.as_bytes(), &fields)).expect("it fits");
    }
    index.optimize();
    let mut node = Node::term("7");
    node.restrict(redpoll_search::query::TextMask::of(127));
    assert_eq!(
        index.snapshot().search(&node, &SearchOptions::default()).expect("it fits").total,
        1
    );
}
