//! Tantivy.

use std::time::Instant;

use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, PhraseQuery, Query as _, RegexQuery, TermQuery};
use tantivy::schema::{
    Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, Searcher, Term, doc};

use crate::corpus::{Corpus, Query};

type Boxed = Box<dyn tantivy::query::Query>;

pub struct Theirs {
    searcher: Searcher,
    text: Field,
}

impl Theirs {
    pub fn new(corpus: &Corpus) -> Self {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("default")
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let key = schema.add_text_field("key", STRING | STORED);
        let index = Index::create_in_ram(schema.build());
        let start = Instant::now();
        let mut writer = index.writer_with_num_threads(2, 200 << 20).expect("a writer");
        for (number, comment) in corpus.texts.iter().enumerate() {
            let comment = comment.as_str();
            writer
                .add_document(doc!(text => comment, key => format!("comment:{number}")))
                .expect("it fits");
        }
        writer.commit().expect("a commit");
        let added = start.elapsed().as_secs_f64();
        writer.wait_merging_threads().expect("merges");
        let merged = start.elapsed().as_secs_f64();
        let rate = |seconds: f64| corpus.texts.len() as f64 / seconds;
        println!("tantivy: {:.0} documents/s, with merges {:.0}/s", rate(added), rate(merged));
        let reader = index.reader().expect("a reader");
        let searcher = reader.searcher();
        let space = searcher.space_usage().expect("its size").total().get_bytes();
        let part = space as f64 / corpus.text_bytes() as f64;
        println!("  {} segments, size {part:.2} of the text", searcher.segment_readers().len());
        Theirs { searcher, text }
    }

    pub fn query(&self, query: &Query) -> Boxed {
        let term = |word: &String| Term::from_field_text(self.text, word);
        let word = |word: &String| -> Boxed {
            Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs))
        };
        match query {
            Query::Word(one) => word(one),
            Query::All(all) => Box::new(BooleanQuery::intersection(all.iter().map(word).collect())),
            Query::Any(all) => Box::new(BooleanQuery::union(all.iter().map(word).collect())),
            Query::Phrase(all) => Box::new(PhraseQuery::new(all.iter().map(term).collect())),
            Query::Prefix(text) => {
                let pattern = format!("{text}.*");
                Box::new(RegexQuery::from_pattern(&pattern, self.text).expect("a pattern"))
            }
        }
    }

    pub fn top(&self, query: &Boxed) -> usize {
        self.searcher
            .search(query, &TopDocs::with_limit(10).order_by_score())
            .expect("results")
            .len()
    }

    pub fn top_and_count(&self, query: &Boxed) -> usize {
        let collectors = (TopDocs::with_limit(10).order_by_score(), Count);
        self.searcher.search(query, &collectors).expect("results").1
    }

    pub fn count(&self, query: &Boxed) -> u64 {
        query.count(&self.searcher).expect("a number") as u64
    }
}
