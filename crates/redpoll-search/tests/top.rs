//! The best few are the first of all, whatever is leapt over to find them.

use redpoll_search::execute::{Helpers, NewThreads, SearchOptions};
use redpoll_search::query::{Node, NodeKind};
use redpoll_search::schema::{Field, FieldKind, IndexOptions, Schema, TextField};
use redpoll_search::score::Scorer;
use redpoll_search::{Document, Index, Snapshot};
use std::sync::Arc;

fn index() -> Index {
    let fields = vec![Field::new("t", FieldKind::Text(TextField::default()))];
    let index = Index::new(Schema::new(IndexOptions::default(), fields).expect("a good schema"));
    let mut state = 88_172_645_463_325_252u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for number in 0..6000 {
        let len = 1 + random() % 40;
        // The lower the number of a word, the more frequent it is.
        let words: Vec<String> =
            (0..len).map(|_| format!("w{}", (random() % 64).trailing_zeros())).collect();
        let key = format!("doc:{number}");
        let text = words.join(" ");
        index.put(&Document::new(key.as_bytes(), &[(b"t", text.as_bytes())])).expect("it fits");
    }
    index
}

fn check(snapshot: &Snapshot) {
    let word = |word: &str| Node::term(word);
    let queries = [
        word("w0"),
        word("w3"),
        Node::new(NodeKind::Union(vec![word("w1"), word("w4")])),
        Node::new(NodeKind::Union(vec![word("w5"), word("w4"), word("w3")])),
        Node::new(NodeKind::Intersection(vec![word("w1"), word("w4")])),
        Node::new(NodeKind::Exact(vec![word("w1"), word("w2")])),
    ];
    for query in queries {
        for scorer in [Scorer::Bm25Std, Scorer::Bm25StdTanh(4), Scorer::DisMax, Scorer::TfIdf] {
            let all = SearchOptions { scorer, limit: 100_000, ..SearchOptions::default() };
            let all = snapshot.search(&query, &all).expect("it fits");
            for (limit, threads) in [(1, 1), (10, 1), (10, 2), (300, 1)] {
                let helpers: Option<Arc<dyn Helpers>> = match threads {
                    1 => None,
                    _ => Some(Arc::new(NewThreads(threads))),
                };
                let few = SearchOptions { scorer, limit, helpers, ..SearchOptions::default() };
                let few = snapshot.search(&query, &few).expect("it fits");
                assert_eq!(few.total, all.total);
                let want = all.hits.iter().take(limit);
                assert!(few.hits.iter().eq(want), "{scorer:?} {limit} {query:?}");
            }
        }
    }
}

#[test]
fn the_best_are_the_first_of_all() {
    let index = index();
    check(&index.snapshot());
    index.optimize();
    check(&index.snapshot());
    for number in (0..6000).step_by(7) {
        index.delete(format!("doc:{number}").as_bytes());
    }
    check(&index.snapshot());
}
