//! The best few are the first of all, whatever is leapt over to find them.

use redpoll_search::execute::{Helpers, Limits, NewThreads, SearchOptions};
use redpoll_search::query::{AffixKind, Node, NodeKind, TextMask};
use redpoll_search::schema::{Field, FieldKind, IndexOptions, Schema, TextField};
use redpoll_search::score::Scorer;
use redpoll_search::{Document, Index, Snapshot};
use std::sync::Arc;

fn index() -> Index {
    let text = |name: &str| Field::new(name, FieldKind::Text(TextField::default()));
    let fields = vec![text("t"), text("u")];
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
        let (text, title) = (words.join(" "), words[words.len() / 2].as_str());
        let fields: [(&[u8], &[u8]); 2] = [(b"t", text.as_bytes()), (b"u", title.as_bytes())];
        index.put(&Document::new(key.as_bytes(), &fields)).expect("it fits");
    }
    index
}

/// As clients have them, but for patterns of one character.
fn options() -> SearchOptions {
    let limits = Limits { prefix_min: 1, ..Limits::default() };
    SearchOptions { limits, ..SearchOptions::default() }
}

fn word(word: &str) -> Node {
    Node::term(word)
}

fn all(nodes: Vec<Node>) -> Node {
    Node::new(NodeKind::Intersection(nodes))
}

fn any(nodes: Vec<Node>) -> Node {
    Node::new(NodeKind::Union(nodes))
}

fn phrase(words: &[&str]) -> Node {
    Node::new(NodeKind::Exact(words.iter().map(|name| word(name)).collect()))
}

fn prefix(text: &[u8]) -> Node {
    Node::new(NodeKind::Affix { kind: AffixKind::Prefix, text: text.to_vec() })
}

fn near(slop: Option<u32>, in_order: bool, words: &[&str]) -> Node {
    let mut node = all(words.iter().map(|name| word(name)).collect());
    node.options.slop = slop;
    node.options.in_order = in_order.then_some(true);
    node
}

fn weighing(weight: f64, mut node: Node) -> Node {
    node.options.weight = weight;
    node
}

/// All that a node asks for in these fields.
fn inside(fields: u128, mut node: Node) -> Node {
    node.restrict(TextMask(fields));
    node
}

/// Of any number of words, twice the same, in one field, of some weight.
fn words_near_one_another() -> Vec<Node> {
    vec![
        phrase(&["w2", "w0"]),
        phrase(&["w0", "w1", "w2"]),
        phrase(&["w3", "w1", "w0", "w2"]),
        phrase(&["w1", "w1"]),
        phrase(&["w5", "w6"]),
        phrase(&["w1", "none"]),
        phrase(&["w4"]),
        inside(1, phrase(&["w1", "w2"])),
        inside(2, near(None, true, &["w1", "w3"])),
        all(vec![inside(2, word("w0")), phrase(&["w3", "w4"])]),
        weighing(2.0, phrase(&["w1", "w3"])),
        near(Some(0), false, &["w2", "w3"]),
        near(Some(0), false, &["w1", "w2", "w3"]),
        near(Some(1), true, &["w4", "w1", "w2"]),
        near(Some(3), false, &["w4", "w2", "w5"]),
        near(Some(2), true, &["w3", "w3"]),
        near(None, true, &["w6", "w1", "w5"]),
        near(None, true, &["w2", "w4"]),
        phrase(&["w1", "w2"]),
    ]
}

fn words_anywhere() -> Vec<Node> {
    vec![
        // Of one field, in which fewer documents have them.
        inside(2, word("w2")),
        any(vec![inside(2, word("w1")), inside(1, word("w5"))]),
        all(vec![inside(2, word("w1")), word("w3")]),
        inside(2, prefix(b"w")),
        // Intersections of which some words weigh more, less or nothing.
        all(vec![word("w0"), word("w5"), word("w1")]),
        weighing(2.0, all(vec![weighing(3.0, word("w2")), weighing(0.0, word("w4"))])),
        all(vec![word("w1"), word("none")]),
        all(vec![word("w6")]),
        // Unions in unions, of words that weigh more, less or nothing, and of words that there are
        // not.
        any(vec![any(vec![word("w1"), word("w2")]), any(vec![word("w6"), word("none")])]),
        any(vec![weighing(3.0, word("w1")), weighing(0.5, any(vec![word("w4"), word("w5")]))]),
        any(vec![weighing(0.0, word("w1")), word("w4")]),
        weighing(2.0, any(vec![word("w2"), word("w2"), word("w6")])),
        // One that a document has makes its score.
        prefix(b"w"),
        any(vec![prefix(b"w"), word("w3")]),
        word("w0"),
        word("w3"),
        any(vec![word("w1"), word("w4")]),
        any(vec![word("w5"), word("w4"), word("w3")]),
        all(vec![word("w1"), word("w4")]),
    ]
}

fn check(snapshot: &Snapshot) {
    for query in words_near_one_another().iter().chain(&words_anywhere()) {
        for scorer in [Scorer::Bm25Std, Scorer::Bm25StdTanh(4), Scorer::DisMax, Scorer::TfIdf] {
            // Who wants to know what iterators do gets no short cuts.
            let every = SearchOptions { scorer, limit: 100_000, ..options() };
            let every = SearchOptions { profile: true, ..every };
            let every = snapshot.search(query, &every).expect("it fits");
            for (limit, threads) in [(1, 1), (10, 1), (10, 2), (300, 1)] {
                let helpers: Option<Arc<dyn Helpers>> = match threads {
                    1 => None,
                    _ => Some(Arc::new(NewThreads(threads))),
                };
                let few = SearchOptions { scorer, limit, helpers, ..options() };
                let few = snapshot.search(query, &few).expect("it fits");
                assert_eq!(few.total, every.total);
                let want = every.hits.iter().take(limit);
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

#[test]
fn iterators_tell_what_they_have_done() {
    let index = index();
    let words = ["w1", "w4"].map(Node::term).to_vec();
    let query = Node::new(NodeKind::Intersection(words));
    let options = SearchOptions { profile: true, ..options() };
    let results = index.snapshot().search(&query, &options).expect("it fits");
    let profile = results.profile.expect("it was wanted");
    assert_eq!((profile.kind, profile.children.len()), ("INTERSECT", 2));
    assert_eq!(profile.reads, results.total);
    for (child, word) in profile.children.iter().zip(["w1", "w4"]) {
        assert_eq!((child.kind, child.term.as_deref()), ("TEXT", Some(word.as_bytes())));
        assert!(child.reads > 0 && child.estimate > Some(0) && child.nanos <= profile.nanos);
    }
}
