//! Recall and speed of the graph of vectors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redpoll_search::execute::{SearchOptions, Sort};
use redpoll_search::query::{FieldId, Node, NodeKind, VectorQuery, VectorSearch, VectorTuning};
use redpoll_search::schema::{
    Algorithm, Element, Field, FieldKind, HnswOptions, IndexOptions, Metric, Schema, VectorField,
};
use redpoll_search::{Document, Index, Snapshot};

use crate::corpus::Random;

const DIMENSIONS: usize = 128;
const QUERIES: usize = 200;

pub fn run(docs: usize) {
    let mut random = Random::new(7);
    // In clusters, as embeddings are: what is far from everything has no nearest.
    let centres: Vec<Vec<f32>> =
        (0..1000).map(|_| normal(&mut random, &[0.0; DIMENSIONS])).collect();
    let mut one = || {
        let centre = &centres[random.next() as usize % centres.len()];
        let spread: Vec<f32> = centre.iter().map(|x| x * 1.5).collect();
        bytes(&normal(&mut random, &spread))
    };
    let vectors: Vec<Vec<u8>> = (0..docs).map(|_| one()).collect();
    let queries: Vec<Vec<u8>> = (0..QUERIES).map(|_| one()).collect();
    let flat = build(&vectors, Algorithm::Flat).snapshot();
    let start = Instant::now();
    let exact: Vec<_> = queries.iter().map(|query| nearest(&flat, query, None)).collect();
    println!("flat: {:.0} queries/s", QUERIES as f64 / start.elapsed().as_secs_f64());
    for m in [16] {
        let hnsw = HnswOptions { m, ..HnswOptions::default() };
        let index = build(&vectors, Algorithm::Hnsw(hnsw));
        let snapshot = index.snapshot();
        for ef in [10, 20, 40, 60, 80, 120, 200] {
            let found = queries.iter().map(|query| nearest(&snapshot, query, Some(ef)));
            let hits: usize = found
                .zip(&exact)
                .map(|(found, exact)| found.iter().filter(|doc| exact.contains(doc)).count())
                .sum();
            let recall = hits as f64 / (QUERIES * 10) as f64;
            println!(
                "M {m} ef {ef}: recall {recall:.3}, {:.0} queries/s on two threads",
                rate(&snapshot, &queries, ef)
            );
        }
    }
}

fn rate(snapshot: &Snapshot, queries: &[Vec<u8>], ef: usize) -> f64 {
    let done = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let done = &done;
            scope.spawn(move || {
                for query in queries.iter().cycle().skip(thread * 100) {
                    if start.elapsed() > Duration::from_secs(1) {
                        return;
                    }
                    std::hint::black_box(nearest(snapshot, query, Some(ef)));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner() as f64 / start.elapsed().as_secs_f64()
}

fn nearest(snapshot: &Snapshot, vector: &[u8], ef: Option<usize>) -> Vec<Vec<u8>> {
    let query = Node::new(NodeKind::Vector(Box::new(VectorQuery {
        field: FieldId(0),
        search: VectorSearch::Nearest(10),
        vector: vector.to_vec(),
        parameter: b"v".to_vec(),
        score_as: Some(b"d".to_vec()),
        filter: None,
        tuning: VectorTuning { ef_runtime: ef, ..VectorTuning::default() },
    })));
    let sort = Sort::Distance { name: b"d".to_vec(), descending: false };
    let results = snapshot.search(&query, &SearchOptions { sort, ..SearchOptions::default() });
    let hits = results.expect("a good query").hits;
    hits.iter().map(|hit| snapshot.key(hit.address).to_vec()).collect()
}

fn build(vectors: &[Vec<u8>], algorithm: Algorithm) -> Index {
    let field = VectorField {
        element: Element::Float32,
        dimensions: DIMENSIONS,
        metric: Metric::L2,
        algorithm,
    };
    let fields = vec![Field::new("v", FieldKind::Vector(field))];
    let index = Index::new(Schema::new(IndexOptions::default(), fields).expect("a good schema"));
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(vector) = vectors.get(number) else { return };
                    let fields: [(&[u8], &[u8]); 1] = [(b"v", vector)];
                    index
                        .put(&Document::new(format!("{number}").as_bytes(), &fields))
                        .expect("it fits");
                }
            });
        }
    });
    println!(
        "{algorithm:?}: {:.0} vectors/s, {} bytes each",
        vectors.len() as f64 / start.elapsed().as_secs_f64(),
        index.statistics().vector_bytes as usize / vectors.len()
    );
    index
}

/// Normally distributed around a centre, about.
fn normal(random: &mut Random, centre: &[f32]) -> Vec<f32> {
    let mut one = || (0..4).map(|_| random.uniform() as f32).sum::<f32>() - 2.0;
    centre.iter().map(|x| x + one()).collect()
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|x| x.to_le_bytes()).collect()
}
