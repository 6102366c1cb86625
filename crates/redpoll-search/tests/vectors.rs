//! Vectors: what the graph finds, with documents that come and go, and with filters.

use redpoll_search::execute::{SearchOptions, Sort};
use redpoll_search::query::{
    FieldId, HybridPolicy, Node, NodeKind, TagQuery, TagValue, VectorQuery, VectorSearch,
    VectorTuning,
};
use redpoll_search::schema::{
    Algorithm, Element, Field, FieldKind, HnswOptions, IndexOptions, Metric, Schema, TagField,
    VectorField,
};
use redpoll_search::{Document, Index, Snapshot};

/// Few, and graphs are built with few candidates: what is told apart here is the same, and builds
/// without optimization take their time.
const DIMENSIONS: usize = 6;
const SMALL: HnswOptions = HnswOptions { m: 8, ef_construction: 40, ef_runtime: 10, epsilon: 0.01 };

fn index(algorithm: Algorithm, metric: Metric) -> Index {
    let vector =
        VectorField { element: Element::Float32, dimensions: DIMENSIONS, metric, algorithm };
    let fields = vec![
        Field::new("v", FieldKind::Vector(vector)),
        Field::new("tag", FieldKind::Tag(TagField::default())),
    ];
    Index::new(Schema::new(IndexOptions::default(), fields).expect("a good schema"))
}

fn vector(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 2001) as f32 / 1000.0 - 1.0
    };
    std::iter::repeat_with(next).take(DIMENSIONS).flat_map(f32::to_le_bytes).collect()
}

fn put(index: &Index, number: u64, seed: u64) {
    let key = format!("doc:{number}");
    let tag = format!("mod{}", number % 50);
    let vector = vector(seed);
    let fields: [(&[u8], &[u8]); 2] = [(b"v", &vector), (b"tag", tag.as_bytes())];
    index.put(&Document::new(key.as_bytes(), &fields)).expect("it fits");
}

fn query(search: VectorSearch, seed: u64) -> VectorQuery {
    VectorQuery {
        field: FieldId(0),
        search,
        vector: vector(seed),
        parameter: b"v".to_vec(),
        score_as: Some(b"d".to_vec()),
        filter: None,
        tuning: VectorTuning { ef_runtime: Some(100), ..VectorTuning::default() },
    }
}

/// Names and distances, nearest first.
fn find(snapshot: &Snapshot, query: VectorQuery) -> Vec<(Vec<u8>, f64)> {
    let node = Node::new(NodeKind::Vector(Box::new(query)));
    let sort = Sort::Distance { name: b"d".to_vec(), descending: false };
    let options = SearchOptions { sort, limit: 100_000, ..SearchOptions::default() };
    let results = snapshot.search(&node, &options).expect("it fits");
    assert_eq!(results.total as usize, results.hits.len());
    let one = |hit: &redpoll_search::execute::Hit| {
        (snapshot.key(hit.address).to_vec(), hit.distances[0].1)
    };
    results.hits.iter().map(one).collect()
}

fn tagged(tag: &str) -> Node {
    let values = vec![TagValue::Exact(tag.as_bytes().to_vec())];
    Node::new(NodeKind::Tag(TagQuery { field: FieldId(1), values }))
}

fn recall(found: &[(Vec<u8>, f64)], exact: &[(Vec<u8>, f64)]) -> f64 {
    let hits = exact.iter().filter(|(key, _)| found.iter().any(|(other, _)| other == key)).count();
    hits as f64 / exact.len().max(1) as f64
}

#[test]
fn the_graph_finds_nearly_all_of_the_nearest() {
    // Enough of the first for the graph to be built anew.
    for (metric, docs) in [(Metric::L2, 800), (Metric::InnerProduct, 240), (Metric::Cosine, 240)] {
        let flat = index(Algorithm::Flat, metric);
        let hnsw = index(Algorithm::Hnsw(SMALL), metric);
        for number in 0..docs {
            put(&flat, number, number);
            put(&hnsw, number, number);
        }
        // A third is replaced, a third deleted.
        for number in (0..docs).step_by(3) {
            put(&flat, number, number + 10_000);
            put(&hnsw, number, number + 10_000);
            let key = format!("doc:{}", number + 1);
            assert_eq!(flat.delete(key.as_bytes()), hnsw.delete(key.as_bytes()));
        }
        let held = (flat.snapshot(), hnsw.snapshot());
        assert_eq!(held.0.docs(), held.1.docs());
        compare(&held.0, &held.1);
        for number in 0..docs {
            put(&hnsw, number, number + 20_000);
            put(&flat, number, number + 20_000);
        }
        assert_eq!(hnsw.needs_maintenance(), docs > 700);
        while hnsw.maintain() || flat.maintain() {}
        assert!(!hnsw.needs_maintenance());
        compare(&flat.snapshot(), &hnsw.snapshot());
        compare(&held.0, &held.1);
    }
}

fn compare(flat: &Snapshot, hnsw: &Snapshot) {
    let (mut nearest, mut within, mut queries) = (0.0, 0.0, 0.0);
    for seed in 50_000..50_010 {
        let near = VectorSearch::Nearest(10);
        let exact = find(flat, query(near, seed));
        assert_eq!(exact.len(), 10);
        let found = find(hnsw, query(near, seed));
        assert_eq!(found.len(), 10);
        nearest += recall(&found, &exact);
        let range = VectorSearch::Within(exact[9].1 + 1e-6);
        within += recall(&find(hnsw, query(range, seed)), &exact);
        assert_eq!(find(flat, query(range, seed)), exact);
        queries += 1.0;
    }
    assert!(nearest / queries > 0.95, "recall {}", nearest / queries);
    assert!(within / queries > 0.95, "recall within a range {}", within / queries);
}

#[test]
fn a_filter_holds_and_leaves_enough() {
    let flat = index(Algorithm::Flat, Metric::L2);
    let hnsw = index(Algorithm::Hnsw(SMALL), Metric::L2);
    for number in 0..1500 {
        put(&flat, number, number);
        put(&hnsw, number, number);
    }
    let filters =
        [tagged("mod7"), Node::new(NodeKind::Not(Box::new(tagged("mod7")))), tagged("none")];
    let policies = [None, Some(HybridPolicy::AdHoc), Some(HybridPolicy::Batches)];
    for (filter, want) in filters.into_iter().zip([10, 10, 0]) {
        for policy in policies {
            let mut query = query(VectorSearch::Nearest(10), 77_777);
            query.filter = Some(filter.clone());
            query.tuning.hybrid_policy = policy;
            let exact = find(&flat.snapshot(), query.clone());
            let found = find(&hnsw.snapshot(), query);
            assert_eq!((exact.len(), found.len()), (want, want), "{policy:?}");
            assert!(want == 0 || recall(&found, &exact) >= 0.9);
        }
    }
}

#[test]
fn vectors_are_found_while_others_come() {
    let index = index(Algorithm::Hnsw(SMALL), Metric::L2);
    for number in 0..200 {
        put(&index, number, number);
    }
    std::thread::scope(|scope| {
        for writer in 0..2u64 {
            let index = &index;
            scope.spawn(move || {
                for round in 1..15 {
                    for number in (writer..200).step_by(2) {
                        put(index, number, number + round * 1000);
                    }
                }
            });
        }
        for _ in 0..100 {
            let found = find(&index.snapshot(), query(VectorSearch::Nearest(200), 99));
            // Each document has one vector at any moment, and the graph leads to nearly all.
            let mut keys: Vec<_> = found.iter().map(|(key, _)| key).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), found.len());
            assert!(found.len() >= 190, "{}", found.len());
        }
    });
}
