//! The index against a naive scan of all documents: random schemas, documents, changes and queries,
//! with merges in between, and snapshots that are held meanwhile.

mod naive;
mod random;

use naive::Model;
use random::{Generator, Random};
use redpoll_search::document::{Document, Value};
use redpoll_search::execute::{Helpers, NewThreads, SearchOptions, Sort};
use redpoll_search::query::Node;
use redpoll_search::score::Scorer;
use redpoll_search::{Index, Snapshot};
use std::sync::Arc;

/// Names of the results in order, with their scores.
fn run(snapshot: &Snapshot, query: &Node, options: &SearchOptions) -> (u64, Vec<(Vec<u8>, f64)>) {
    let results = snapshot.search(query, options).expect("the query fits the schema");
    assert!(!results.interrupted);
    let hits = results.hits.iter();
    let named = hits.map(|hit| (snapshot.key(hit.address).to_vec(), hit.score)).collect();
    (results.total, named)
}

fn threads(count: usize) -> Arc<dyn Helpers> {
    Arc::new(NewThreads(count))
}

fn check(
    snapshot: &Snapshot,
    model: &Model,
    random: &mut Random,
    generator: &Generator,
    exact: bool,
) {
    let query = generator.query(random, 3);
    let scorer = random.pick(&SCORERS);
    let scorer = if exact { scorer } else { Scorer::DisMax };
    let options = SearchOptions {
        scorer,
        limit: random.pick(&[0, 1, 3, 10_000]),
        offset: random.pick(&[0, 0, 2]),
        helpers: random.pick(&[None, Some(2)]).map(threads),
        payload: Some(b"payl".to_vec()),
        ..SearchOptions::default()
    };
    let want = model.search(&query, scorer);
    let (total, got) = run(snapshot, &query, &options);
    assert_eq!(total, want.len() as u64, "{query:#?}");
    let wanted = want.iter().skip(options.offset).take(options.limit);
    assert_eq!(got.len(), wanted.len(), "{query:#?}");
    // Sums may be made in another order, so that equal scores may differ a little.
    for ((key, score), want) in got.iter().zip(wanted) {
        let own = want_score(&model.search(&query, scorer), key);
        assert!(
            near(*score, want.1) && near(*score, own),
            "{scorer:?} {score} {want:?} {query:#?}"
        );
    }
    check_sorted(snapshot, model, &query, random);
    check_each(snapshot, &query, want.len());
}

fn want_score(want: &[(Vec<u8>, f64)], key: &[u8]) -> f64 {
    want.iter().find(|(other, _)| other == key).map_or(f64::NAN, |(_, score)| *score)
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn check_sorted(snapshot: &Snapshot, model: &Model, query: &Node, random: &mut Random) {
    let field = random.pick(&model.sortable());
    let descending = random.below(2) == 1;
    let options = SearchOptions {
        sort: Sort::Field { field, descending },
        limit: 5,
        offset: random.below(3),
        helpers: random.pick(&[None, Some(2)]).map(threads),
        ..SearchOptions::default()
    };
    let want: Vec<_> = model.sorted(query, field, descending);
    let want: Vec<_> = want.into_iter().skip(options.offset).take(5).collect();
    let results = snapshot.search(query, &options).expect("the query fits the schema");
    let got: Vec<(Vec<u8>, Value)> = results
        .hits
        .iter()
        .map(|hit| (snapshot.key(hit.address).to_vec(), hit.sort_value.clone()))
        .collect();
    assert_eq!(got, want, "{query:#?}");
}

fn check_each(snapshot: &Snapshot, query: &Node, want: usize) {
    let mut addresses = Vec::new();
    let results = snapshot
        .for_each(query, &SearchOptions::default(), |hit| {
            addresses.push(hit.address);
            std::ops::ControlFlow::Continue(())
        })
        .expect("the query fits the schema");
    assert_eq!((results.total, addresses.len()), (want as u64, want));
    assert!(addresses.is_sorted());
}

const SCORERS: [Scorer; 8] = [
    Scorer::Bm25Std,
    Scorer::Bm25StdTanh(4),
    Scorer::Bm25,
    Scorer::TfIdf,
    Scorer::TfIdfDocNorm,
    Scorer::DisMax,
    Scorer::DocScore,
    Scorer::Hamming,
];

fn round(seed: u64, changes: usize) {
    let mut random = Random::new(seed);
    let generator = Generator::new(&mut random);
    let schema = generator.schema();
    let index = Index::new(schema.clone());
    let mut model = Model::new(schema);
    let mut held: Vec<(Snapshot, Model, bool)> = Vec::new();
    for change in 0..changes {
        match random.below(20) {
            0..=12 => {
                let key = format!("doc:{}", random.below(40)).into_bytes();
                let fields = generator.document(&mut random);
                let pairs: Vec<(&[u8], &[u8])> = fields
                    .iter()
                    .map(|(name, value)| (name.as_slice(), value.as_slice()))
                    .collect();
                let document = Document {
                    score: Some(random.pick(&[1.0, 1.0, 0.5, 0.0])),
                    payload: random.pick(&[None, Some(b"payL"), Some(b"x")]),
                    ..Document::new(&key, &pairs)
                };
                let put = index.put(&document).is_ok();
                assert_eq!(put, model.put(&document), "{fields:?}");
            }
            13 | 14 => {
                let key = format!("doc:{}", random.below(40)).into_bytes();
                assert_eq!(index.delete(&key), model.delete(&key));
            }
            15 => index.seal(),
            16 => drop(index.maintain()),
            17 => held.push((index.snapshot(), model.clone(), false)),
            18 if random.below(4) == 0 => {
                index.optimize();
                held.push((index.snapshot(), model.clone(), true));
            }
            18 => drop(held.pop()),
            _ => drop(index.tidy(std::time::Duration::ZERO)),
        }
        assert_eq!(index.snapshot().docs(), model.len() as u64);
        if change % 3 == 0 {
            check(&index.snapshot(), &model, &mut random, &generator, false);
        }
        if let Some((snapshot, model, exact)) = held.get(random.below(held.len().max(1))) {
            check(snapshot, model, &mut random, &generator, *exact);
        }
    }
}

#[test]
fn results_are_those_of_a_naive_scan() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(12);
    let from = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    for seed in from..from + rounds {
        println!("seed {seed}");
        round(seed, 150);
    }
}

#[test]
fn a_document_is_one_at_any_time() {
    let schema = Generator::new(&mut Random::new(1)).schema();
    let index = Index::new(schema);
    let docs = 300u32;
    for number in 0..docs {
        put(&index, number, 0);
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    let (done, index) = (&done, &index);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2u32)
            .map(|writer| {
                scope.spawn(move || {
                    for round in 1..60 {
                        for number in (writer..docs).step_by(2) {
                            put(index, number, round);
                        }
                    }
                })
            })
            .collect();
        let seal = scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                index.seal();
                index.maintain();
                std::thread::yield_now();
            }
        });
        let reader = scope.spawn(move || {
            let query = Node::term("common");
            let mut searches = 0u32;
            while !done.load(std::sync::atomic::Ordering::Relaxed) || searches < 100 {
                let snapshot = index.snapshot();
                let options = SearchOptions { limit: 1000, ..SearchOptions::default() };
                let (total, mut hits) = run(&snapshot, &query, &options);
                assert_eq!(total, u64::from(docs));
                hits.sort_by(|a, b| a.0.cmp(&b.0));
                hits.dedup_by(|a, b| a.0 == b.0);
                assert_eq!(hits.len(), docs as usize);
                searches += 1;
            }
        });
        for writer in writers {
            writer.join().expect("a writer ends well");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        seal.join().expect("the merging thread ends well");
        reader.join().expect("the reader ends well");
    });
}

fn put(index: &Index, number: u32, round: u32) {
    let key = format!("doc:{number}").into_bytes();
    let text = format!("common word{} round{round}", number % 10).into_bytes();
    let fields: [(&[u8], &[u8]); 1] = [(b"t0", &text)];
    index.put(&Document::new(&key, &fields)).expect("the document fits the schema");
}
