//! The index of this workspace.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redpoll_search::execute::SearchOptions;
use redpoll_search::query::{AffixKind, Node, NodeKind};
use redpoll_search::schema::{Field, FieldKind, IndexOptions, Schema, TextField};
use redpoll_search::{Document, Index, Snapshot};

use crate::corpus::{Corpus, Query};

const THREADS: usize = 2;

pub struct Ours {
    snapshot: Snapshot,
}

impl Ours {
    pub fn new(corpus: &Corpus) -> Self {
        build(corpus, false);
        let index = build(corpus, true);
        let start = Instant::now();
        index.optimize();
        println!("  merged into one in {:.1} s", start.elapsed().as_secs_f64());
        report(&index, corpus);
        Ours { snapshot: build(corpus, true).snapshot() }
    }

    pub fn search(&self, query: &Query) -> u64 {
        let word = |word: &String| Node::term(word.as_bytes());
        let words = |words: &[String]| words.iter().map(word).collect::<Vec<_>>();
        let node = Node::new(match query {
            Query::Word(one) => NodeKind::Term { text: one.clone().into_bytes(), expanded: false },
            Query::All(all) => NodeKind::Intersection(words(all)),
            Query::Any(all) => NodeKind::Union(words(all)),
            Query::Phrase(all) => NodeKind::Exact(words(all)),
            Query::Prefix(text) => {
                NodeKind::Affix { kind: AffixKind::Prefix, text: text.clone().into_bytes() }
            }
        });
        let mut options = SearchOptions::default();
        options.limits.expansions_max = 1_000_000;
        self.snapshot.search(&node, &options).expect("a good query").total
    }
}

fn build(corpus: &Corpus, no_stem: bool) -> Index {
    let text = TextField { no_stem, ..TextField::default() };
    let options = IndexOptions {
        stop_words: redpoll_search::analysis::StopWords::none().into(),
        ..IndexOptions::default()
    };
    let fields = vec![Field::new("text", FieldKind::Text(text))];
    let index = Index::new(Schema::new(options, fields).expect("a good schema"));
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(1000, Ordering::Relaxed);
                    if from >= corpus.texts.len() {
                        return;
                    }
                    for number in from..corpus.texts.len().min(from + 1000) {
                        let key = format!("comment:{number}");
                        let text = corpus.texts[number].as_bytes();
                        let fields: [(&[u8], &[u8]); 1] = [(b"text", text)];
                        index.put(&Document::new(key.as_bytes(), &fields)).expect("it fits");
                    }
                    index.maintain();
                }
            });
        }
    });
    while index.maintain() {}
    let seconds = start.elapsed().as_secs_f64();
    // As the server does half a second later.
    while index.tidy(Duration::ZERO) {}
    let stems = if no_stem { "without" } else { "with" };
    println!("ours, {stems} stems: {:.0} documents/s", corpus.texts.len() as f64 / seconds);
    report(&index, corpus);
    index
}

fn report(index: &Index, corpus: &Corpus) {
    let figures = index.statistics();
    let part = |bytes: u64| bytes as f64 / corpus.text_bytes() as f64;
    println!(
        "  {} segments, {} heads, {} merges; memory {:.2} of the text: lists {:.2}, terms {:.2}, \
         documents {:.2}, names {:.2}",
        figures.segments,
        figures.heads,
        figures.merges.total,
        part(figures.bytes),
        part(figures.tally.list_bytes),
        part(figures.tally.word_bytes + figures.tally.tag_bytes),
        part(figures.doc_bytes),
        part(figures.key_bytes),
    );
}
