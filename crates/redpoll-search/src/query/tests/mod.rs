//! Tests of the language as a whole.

mod dialects;
mod explained;
mod print;
mod refused;
mod round_trip;

use super::{
    Dialect, Expander, FieldId, FieldInfo, FieldKinds, Fields, Node, Parameters, ParseOptions,
    QueryError, TextMask, expand, explain, parse,
};
use crate::analysis::{Analyzer, Language, StopWords};
use std::sync::{Arc, LazyLock};

/// An index with a field of each kind.
pub(super) struct TestFields(Vec<(&'static str, FieldInfo)>);

pub(super) static FIELDS: LazyLock<TestFields> = LazyLock::new(|| {
    let none = FieldKinds::default();
    let text = FieldKinds { text: true, ..none };
    let kinds = [
        ("title", text),
        ("body", text),
        ("name", text),
        ("size", FieldKinds { numeric: true, ..none }),
        ("tags", FieldKinds { tag: true, ..none }),
        ("Case", FieldKinds { tag: true, ..none }),
        ("place", FieldKinds { geo: true, ..none }),
        ("shape", FieldKinds { shape: true, ..none }),
        ("v", FieldKinds { vector: true, ..none }),
        ("a-b", text),
    ];
    let mut text_bit = 0;
    let field = |(at, (name, kinds)): (usize, (&'static str, FieldKinds))| {
        let info = FieldInfo {
            id: FieldId(at as u16),
            kinds,
            text_bit,
            no_stem: name == "body",
            phonetic: name == "name",
            index_missing: name == "size",
            index_empty: name == "body",
            case_sensitive: name == "Case",
        };
        text_bit += u8::from(kinds.text);
        (name, info)
    };
    TestFields(kinds.into_iter().enumerate().map(field).collect())
});

impl Fields for TestFields {
    fn field(&self, name: &[u8]) -> Option<FieldInfo> {
        let found = self.0.iter().find(|(known, _)| known.as_bytes() == name);
        found.map(|(_, info)| *info)
    }

    fn name(&self, field: FieldId) -> &[u8] {
        self.0[usize::from(field.0)].0.as_bytes()
    }

    fn text_name(&self, text_bit: u8) -> Option<&[u8]> {
        let found = self.0.iter().find(|(_, info)| info.kinds.text && info.text_bit == text_bit);
        found.map(|(name, _)| name.as_bytes())
    }

    fn phonetic_fields(&self) -> TextMask {
        TextMask::of(2)
    }
}

/// The tree of `query`.
pub(super) fn tree(query: &str, dialect: Dialect) -> Result<Node, QueryError> {
    let mut parameters = Parameters::default();
    for (name, value) in [("p", "Foo"), ("n", "5"), ("vec", "\0\0\0\0"), ("wkt", "POINT (1 1)")] {
        parameters.add(name.as_bytes(), value.as_bytes()).unwrap();
    }
    let stop_words = StopWords::default();
    let options = ParseOptions {
        dialect,
        parameters: &parameters,
        stop_words: &stop_words,
        language: Language::English,
    };
    parse(query.as_bytes(), &*FIELDS, options)
}

/// How the tree of `query` looks, on one line.
pub(super) fn shown(query: &str, dialect: Dialect) -> String {
    match tree(query, dialect) {
        Ok(tree) => flat(&tree),
        Err(error) => error.to_string(),
    }
}

/// How it looks with stems and the like.
fn expanded(query: &str) -> String {
    let analyzer = Analyzer::new(Language::English, Arc::default());
    let groups = |word: &[u8]| match word {
        b"car" => vec![b"~vehicle".to_vec()],
        _ => Vec::new(),
    };
    let expander = Expander::named(b"DEFAULT", &analyzer, &groups).unwrap();
    let mut tree = tree(query, Dialect::Two).unwrap();
    match expand(&mut tree, &*FIELDS, &expander) {
        Ok(()) => flat(&tree),
        Err(error) => error.to_string(),
    }
}

fn flat(tree: &Node) -> String {
    let text = String::from_utf8_lossy(&explain(tree, &*FIELDS)).into_owned();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
