//! What the index must answer, by looking at every document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redpoll_search::analysis::{Analyzer, Scratch, TextOptions, lower_case};
use redpoll_search::document::{Document, Value};
use redpoll_search::query::{
    AffixKind, FieldId, Node, NodeKind, ShapePredicate, TagValue, VectorSearch,
};
use redpoll_search::schema::{FieldKind, Schema, TextField};
use redpoll_search::score::Scorer;
use redpoll_types::geo::Point;

/// All documents.
#[derive(Clone)]
pub struct Model {
    schema: Arc<Schema>,
    docs: BTreeMap<Vec<u8>, ModelDoc>,
    next: u64,
}

/// A document, and all that can be asked about it.
#[derive(Clone, Default)]
pub struct ModelDoc {
    order: u64,
    key: Vec<u8>,
    score: f32,
    payload: Option<Vec<u8>>,
    words: BTreeMap<Vec<u8>, Word>,
    len: u32,
    tags: BTreeSet<(FieldId, Vec<u8>)>,
    missing: BTreeSet<FieldId>,
    values: BTreeMap<FieldId, Vec<u8>>,
}

#[derive(Clone, Default)]
struct Word {
    freq: u32,
    mask: u128,
    places: Vec<u32>,
}

/// How a document matches.
#[derive(Default)]
struct Match {
    sum: f64,
    /// Positions, if the match may have some.
    places: Option<Vec<u32>>,
    /// How far the words of the match stand from one another.
    slop: u32,
}

impl Match {
    fn plain(sum: f64) -> Self {
        Match { sum, places: None, slop: 1 }
    }
}

impl Model {
    pub fn new(schema: Schema) -> Self {
        Model { schema: Arc::new(schema), docs: BTreeMap::new(), next: 0 }
    }

    pub fn len(&self) -> usize {
        self.docs.len()
    }

    /// The fields that results can be sorted by.
    pub fn sortable(&self) -> Vec<FieldId> {
        crate::random::sortable(self.schema.text_fields())
    }

    pub fn delete(&mut self, key: &[u8]) -> bool {
        self.docs.remove(key).is_some()
    }

    /// False if the document cannot be indexed. Then there is none of its name.
    pub fn put(&mut self, document: &Document<'_>) -> bool {
        self.docs.remove(document.key);
        let mut doc = ModelDoc {
            key: document.key.to_vec(),
            score: document.score.unwrap_or(1.0) as f32,
            payload: document.payload.map(<[u8]>::to_vec),
            ..ModelDoc::default()
        };
        let mut position = 0;
        let schema = Arc::clone(&self.schema);
        for (index, field) in schema.fields().iter().enumerate() {
            let id = FieldId(index as u16);
            let value = document.fields.iter().find(|(name, _)| *name == field.path);
            let Some((_, value)) = value else {
                if field.index_missing {
                    doc.missing.insert(id);
                }
                continue;
            };
            doc.values.insert(id, value.to_vec());
            match &field.kind {
                FieldKind::Text(options) => {
                    let bit = schema.text_bit(id).expect("it is a text field");
                    doc.text(value, 1 << bit, field.index_empty, options, &mut position);
                }
                FieldKind::Tag(options) => {
                    for tag in value.split(|byte| *byte == options.separator) {
                        let tag = tag.trim_ascii();
                        let cased = options.case_sensitive;
                        let tag = if cased { tag.to_vec() } else { lower_case(tag) };
                        if !tag.is_empty() || field.index_empty {
                            doc.tags.insert((id, tag));
                        }
                    }
                }
                FieldKind::Numeric if number(value).is_none() => return false,
                _ => {}
            }
        }
        doc.order = self.next;
        self.next += 1;
        self.docs.insert(document.key.to_vec(), doc);
        true
    }

    /// Names and scores of the documents that match, the best first.
    pub fn search(&self, query: &Node, scorer: Scorer) -> Vec<(Vec<u8>, f64)> {
        let mut found: Vec<(f64, u64, &ModelDoc)> = Vec::new();
        for doc in self.docs.values() {
            let eval = Eval { model: self, doc, scorer };
            if let Some(matched) = eval.node(query, false) {
                found.push((eval.total(&matched), doc.order, doc));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.into_iter().map(|(score, _, doc)| (doc.key.clone(), score)).collect()
    }

    /// Names of the documents that match, by a field.
    pub fn sorted(&self, query: &Node, field: FieldId, descending: bool) -> Vec<(Vec<u8>, Value)> {
        let matches = |doc: &&ModelDoc| {
            Eval { model: self, doc, scorer: Scorer::DocScore }.node(query, false).is_some()
        };
        let mut found: Vec<&ModelDoc> = self.docs.values().filter(matches).collect();
        found.sort_by(|a, b| {
            let (x, y) = (self.sort_value(a, field), self.sort_value(b, field));
            let up = match (&x, &y) {
                (Value::None, Value::None) => std::cmp::Ordering::Equal,
                (Value::None, _) => return std::cmp::Ordering::Greater,
                (_, Value::None) => return std::cmp::Ordering::Less,
                (Value::Number(x), Value::Number(y)) => x.total_cmp(y),
                (Value::Text(x), Value::Text(y)) => x.cmp(y),
                _ => panic!("a field's values are of one kind"),
            };
            let up = up.then(a.order.cmp(&b.order));
            if descending { up.reverse() } else { up }
        });
        found.into_iter().map(|doc| (doc.key.clone(), self.sort_value(doc, field))).collect()
    }

    fn sort_value(&self, doc: &ModelDoc, field: FieldId) -> Value {
        let Some(value) = doc.values.get(&field) else { return Value::None };
        match self.schema.get(field).map(|field| &field.kind) {
            Some(FieldKind::Numeric) => number(value).map_or(Value::None, Value::Number),
            _ => Value::Text(lower_case(value).into()),
        }
    }

    /// How many documents have a word or tag.
    fn count(&self, has: impl Fn(&ModelDoc) -> bool) -> u64 {
        self.docs.values().filter(|doc| has(doc)).count() as u64
    }

    fn len_mean(&self) -> f64 {
        let total: u64 = self.docs.values().map(|doc| u64::from(doc.len)).sum();
        if self.docs.is_empty() { 0.0 } else { total as f64 / self.docs.len() as f64 }
    }
}

impl ModelDoc {
    fn text(&mut self, value: &[u8], mask: u128, empty: bool, options: &TextField, at: &mut u32) {
        let weight = options.weight as f32;
        let (word_freq, stem_freq) = ((weight as u32).max(1), ((weight * 0.2) as u32).max(1));
        if value.is_empty() {
            *at += 1;
            if empty {
                self.add(b"", mask, word_freq, *at);
                self.len += word_freq;
            }
            return;
        }
        let analyzer = Analyzer::new(Default::default(), Arc::default());
        let wanted = TextOptions { stem: !options.no_stem, phonetic: false };
        let before = *at;
        analyzer.analyze(value, wanted, &mut Scratch::default(), |token| {
            *at = before + token.position;
            self.len += word_freq;
            self.add(token.term, mask, word_freq, *at);
            if let Some(stem) = token.stem {
                self.add(stem, mask, stem_freq, *at);
            }
        });
    }

    fn add(&mut self, word: &[u8], mask: u128, freq: u32, place: u32) {
        let word = self.words.entry(word.to_vec()).or_default();
        word.freq += freq;
        word.mask |= mask;
        word.places.push(place);
    }
}

/// A query and a document.
struct Eval<'a> {
    model: &'a Model,
    doc: &'a ModelDoc,
    scorer: Scorer,
}

const K1: f64 = 1.2f32 as f64;

impl Eval<'_> {
    fn total(&self, matched: &Match) -> f64 {
        let own = f64::from(self.doc.score);
        let slopped = |norm: u32| match (own, norm) {
            (0.0, _) | (_, 0) => 0.0,
            _ => own * matched.sum / f64::from(norm) / f64::from(matched.slop.max(1)),
        };
        match self.scorer {
            Scorer::Bm25Std => own * matched.sum,
            Scorer::Bm25StdTanh(factor) => (own * matched.sum / f64::from(factor)).tanh(),
            Scorer::DisMax => matched.sum,
            Scorer::DocScore => own,
            Scorer::Bm25 => slopped(1),
            Scorer::TfIdf => slopped(self.freq_max()),
            Scorer::TfIdfDocNorm => slopped(self.doc.len),
            Scorer::Hamming => match &self.doc.payload {
                Some(payload) if payload.len() == 4 => {
                    let pairs = payload.iter().zip(b"payl");
                    let bits: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
                    1.0 / f64::from(bits + 1)
                }
                _ => 0.0,
            },
        }
    }

    fn freq_max(&self) -> u32 {
        self.doc.words.values().map(|word| word.freq).max().unwrap_or(0)
    }

    fn node(&self, node: &Node, negated: bool) -> Option<Match> {
        let options = &node.options;
        let (weight, mask) = (options.weight, options.fields.0);
        let matched = match &node.kind {
            NodeKind::Empty => return None,
            NodeKind::All => Match::plain(self.any_doc(weight)),
            NodeKind::Term { text, .. } => self.word(text, mask, weight)?,
            NodeKind::Exact(words) => self.all(words, Some((Some(0), true)), weight, negated)?,
            NodeKind::Intersection(nodes) => {
                let in_order = options.in_order.unwrap_or(false);
                let near = (in_order || options.slop.is_some()).then_some((options.slop, in_order));
                self.all(nodes, near, weight, negated)?
            }
            NodeKind::Union(nodes) => {
                let matches = nodes.iter().filter_map(|node| self.node(node, negated)).collect();
                self.any(matches, negated || weight == 0.0, weight)?
            }
            NodeKind::Not(inner) => match self.node(inner, true) {
                Some(_) => return None,
                None => Match::plain(0.0),
            },
            NodeKind::Optional(inner) => {
                self.optional(inner, weight, negated).unwrap_or_else(|| Match::plain(0.0))
            }
            NodeKind::Affix { kind, text } => {
                if text.len() < 2 {
                    return None;
                }
                let kind = *kind;
                self.pattern(|word| affix(kind, text, word), mask, weight)?
            }
            NodeKind::Wildcard { pattern } => {
                self.pattern(|word| glob(&chars(pattern), &chars(word)), mask, weight)?
            }
            NodeKind::Fuzzy { text, distance } => {
                let near =
                    |word: &[u8]| edits(&chars(text), &chars(word)) <= usize::from(*distance);
                self.pattern(near, mask, weight)?
            }
            NodeKind::Tag(query) => {
                let one = |value: &TagValue| self.tag(query.field, value, weight);
                match query.values.as_slice() {
                    [value] => one(value)?,
                    values => {
                        let matches = values.iter().filter_map(one).collect();
                        self.any(matches, negated || weight == 0.0, weight)?
                    }
                }
            }
            leaf => self.leaf_node(leaf, weight)?,
        };
        Some(matched)
    }

    /// What asks for a value, not for words.
    fn leaf_node(&self, kind: &NodeKind, weight: f64) -> Option<Match> {
        let matched = match kind {
            NodeKind::Numeric(range) => {
                let value = number(self.doc.values.get(&range.field)?)?;
                range.contains(value).then(|| Match::plain(self.value(weight)))?
            }
            NodeKind::Geo(circle) => {
                let text = std::str::from_utf8(self.doc.values.get(&circle.field)?).ok()?;
                let (longitude, latitude) = text.split_once(',')?;
                let point = Point::new(longitude.parse().ok()?, latitude.parse().ok()?)?;
                let centre = Point { longitude: circle.longitude, latitude: circle.latitude };
                let near = centre.distance(point) <= circle.radius_metres();
                near.then(|| Match::plain(self.value(weight)))?
            }
            NodeKind::Shape(query) => {
                let own = rectangle(self.doc.values.get(&query.field)?);
                let fits = relate(query.predicate, own, rectangle(&query.text));
                fits.then(|| Match::plain(self.value(weight)))?
            }
            NodeKind::Vector(query) => {
                let VectorSearch::Within(radius) = query.search else { panic!("only ranges") };
                let (a, b) = (floats(self.doc.values.get(&query.field)?), floats(&query.vector));
                let distance: f32 = a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum();
                (f64::from(distance) <= radius).then(|| Match::plain(0.0))?
            }
            NodeKind::Missing(field) => {
                self.doc.missing.contains(field).then(|| Match::plain(0.0))?
            }
            NodeKind::Keys(keys) => keys.contains(&self.doc.key).then(|| Match::plain(0.0))?,
            other => panic!("{other:?} is no leaf"),
        };
        Some(matched)
    }

    /// What an optional node gives: its weight is in the place of that of the node below. Of
    /// several tags, each has the weight of the node below, too.
    fn optional(&self, inner: &Node, weight: f64, negated: bool) -> Option<Match> {
        match &inner.kind {
            NodeKind::Tag(query) if query.values.len() > 1 => {
                let own = inner.options.weight;
                let one = |value: &TagValue| self.tag(query.field, value, own);
                let matches = query.values.iter().filter_map(one).collect();
                self.any(matches, negated || own == 0.0, weight)
            }
            _ => {
                let mut inner = inner.clone();
                let own = std::mem::replace(&mut inner.options.weight, weight);
                if let NodeKind::Union(nodes) = &inner.kind {
                    let matches =
                        nodes.iter().filter_map(|node| self.node(node, negated)).collect();
                    return self.any(matches, negated || own == 0.0, weight);
                }
                self.node(&inner, negated)
            }
        }
    }

    fn word(&self, text: &[u8], mask: u128, weight: f64) -> Option<Match> {
        let options = self.model.schema.options();
        let word = self.doc.words.get(text)?;
        let anywhere = options.no_fields && mask != 0;
        if !anywhere && word.mask & mask == 0 {
            return None;
        }
        let count = self.model.count(|doc| doc.words.contains_key(text));
        let freq = if options.no_frequencies { 1 } else { word.freq };
        let places = (!options.no_offsets).then(|| word.places.clone());
        Some(Match { sum: self.leaf(weight, freq, count), places, slop: 1 })
    }

    fn pattern(&self, fits: impl Fn(&[u8]) -> bool, mask: u128, weight: f64) -> Option<Match> {
        let own = self.doc.words.keys().filter(|word| !word.starts_with(b"+") && fits(word));
        let matches = own.filter_map(|word| self.word(word, mask, 1.0)).collect();
        self.any(matches, true, weight)
    }

    fn tag(&self, field: FieldId, value: &TagValue, weight: f64) -> Option<Match> {
        let one = |tag: &Vec<u8>, weight: f64| {
            let key = (field, tag.clone());
            self.doc.tags.contains(&key).then(|| {
                let count = self.model.count(|doc| doc.tags.contains(&key));
                Match::plain(self.leaf(weight, 1, count))
            })
        };
        let own = self.doc.tags.iter().filter(|(id, _)| *id == field).map(|(_, tag)| tag);
        match value {
            TagValue::Exact(tag) => one(tag, weight),
            TagValue::Words(words) => one(&words.join(&b' '), weight),
            TagValue::Affix(kind, text) => {
                let fits = own.filter(|tag| affix(*kind, text, tag));
                self.any(fits.filter_map(|tag| one(tag, 1.0)).collect(), true, weight)
            }
            TagValue::Wildcard(pattern) => {
                let fits = own.filter(|tag| glob(&chars(pattern), &chars(tag)));
                self.any(fits.filter_map(|tag| one(tag, 1.0)).collect(), true, weight)
            }
        }
    }

    fn all(
        &self,
        nodes: &[Node],
        near: Option<(Option<u32>, bool)>,
        weight: f64,
        negated: bool,
    ) -> Option<Match> {
        let matches: Vec<Match> =
            nodes.iter().map(|node| self.node(node, negated)).collect::<Option<_>>()?;
        let lists: Vec<&Vec<u32>> = matches.iter().filter_map(|m| m.places.as_ref()).collect();
        if let Some((slop, in_order)) = near
            && lists.len() > 1
            && !is_near(&lists, slop, in_order)
        {
            return None;
        }
        Some(together(matches, weight, |sum, part| sum + part))
    }

    fn any(&self, mut matches: Vec<Match>, first_only: bool, weight: f64) -> Option<Match> {
        if matches.is_empty() {
            return None;
        }
        if first_only {
            matches.truncate(1);
        }
        let best = self.scorer == Scorer::DisMax;
        Some(together(matches, weight, |sum, part| if best { sum.max(part) } else { sum + part }))
    }

    fn leaf(&self, weight: f64, freq: u32, count: u64) -> f64 {
        let docs = self.model.docs.len() as f64;
        let (freq, count) = (f64::from(freq), count as f64);
        let idf = (1.0 + (docs + 1.0) / count.max(1.0)).log2().floor();
        match self.scorer {
            Scorer::TfIdf | Scorer::TfIdfDocNorm => weight * freq * idf,
            Scorer::Bm25 => weight * idf * freq / self.bm25_norm(freq),
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => {
                let idf = (1.0 + (docs.max(count) - count + 0.5) / (count + 0.5)).ln();
                self.bm25_std(weight, idf, freq)
            }
            Scorer::DisMax => weight * freq,
            Scorer::DocScore | Scorer::Hamming => 0.0,
        }
    }

    fn value(&self, weight: f64) -> f64 {
        match self.scorer {
            Scorer::TfIdf | Scorer::TfIdfDocNorm | Scorer::DisMax => weight,
            Scorer::Bm25 => weight / self.bm25_norm(1.0),
            _ => 0.0,
        }
    }

    fn any_doc(&self, weight: f64) -> f64 {
        match self.scorer {
            Scorer::Bm25Std | Scorer::Bm25StdTanh(_) => self.bm25_std(weight, 1.0, 1.0),
            _ => self.value(weight),
        }
    }

    fn bm25_norm(&self, freq: f64) -> f64 {
        freq + K1 * (0.5 + 0.5 * self.model.len_mean())
    }

    fn bm25_std(&self, weight: f64, idf: f64, freq: f64) -> f64 {
        let ratio = f64::from(self.doc.len) / self.model.len_mean().max(f64::MIN_POSITIVE);
        weight * idf * freq * (K1 + 1.0) / (freq + K1 * (0.25 + 0.75 * ratio))
    }
}

fn together(matches: Vec<Match>, weight: f64, add: impl Fn(f64, f64) -> f64) -> Match {
    let sum = matches.iter().fold(0.0, |sum, matched| add(sum, matched.sum));
    let lists: Vec<&Vec<u32>> = matches.iter().filter_map(|m| m.places.as_ref()).collect();
    let slop = match matches.len() {
        1 => 1,
        _ => {
            let pairs = lists.windows(2).map(|pair| least(pair[0], pair[1]).pow(2)).sum::<u64>();
            if pairs > 0 { (pairs as f64).sqrt() as u32 } else { matches.len() as u32 - 1 }
        }
    };
    let mut places: Vec<u32> = lists.iter().flat_map(|list| list.iter().copied()).collect();
    places.sort_unstable();
    let places = (!lists.is_empty()).then_some(places);
    Match { sum: weight * sum, places, slop }
}

/// The least distance, as one pass finds it that ends at the first that is 1 or less: words may
/// stand at the same place, and that is not always found.
fn least(mut a: &[u32], mut b: &[u32]) -> u64 {
    let mut least = None;
    while let (Some((x, behind_x)), Some((y, behind_y))) = (a.split_first(), b.split_first()) {
        let distance = u64::from(x.abs_diff(*y)).min(least.unwrap_or(u64::MAX));
        least = Some(distance);
        match distance {
            0 | 1 => break,
            _ if x < y => a = behind_x,
            _ => b = behind_y,
        }
    }
    least.unwrap_or(0)
}

/// Tries all ways to choose a place of each word.
fn is_near(lists: &[&Vec<u32>], slop: Option<u32>, in_order: bool) -> bool {
    fn choose(lists: &[&Vec<u32>], chosen: &mut Vec<u32>, fits: &dyn Fn(&[u32]) -> bool) -> bool {
        let Some((first, rest)) = lists.split_first() else { return fits(chosen) };
        first.iter().any(|place| {
            chosen.push(*place);
            let found = choose(rest, chosen, fits);
            chosen.pop();
            found
        })
    }
    let fits = |places: &[u32]| {
        let (min, max) = (places.iter().min().copied(), places.iter().max().copied());
        let (min, max) = (i64::from(min.unwrap_or(0)), i64::from(max.unwrap_or(0)));
        let ordered = !in_order || places.windows(2).all(|pair| pair[0] < pair[1]);
        let between = max - min - (places.len() as i64 - 1);
        ordered && min != max && slop.is_none_or(|slop| between <= i64::from(slop))
    };
    choose(lists, &mut Vec::new(), &fits)
}

fn number(value: &[u8]) -> Option<f64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let float = |b: &[u8]| f32::from_le_bytes(b.try_into().expect("four bytes"));
    bytes.chunks_exact(4).map(float).collect()
}

fn chars(text: &[u8]) -> Vec<char> {
    String::from_utf8_lossy(text).chars().collect()
}

fn affix(kind: AffixKind, text: &[u8], word: &[u8]) -> bool {
    let (text, word) = (String::from_utf8_lossy(text), String::from_utf8_lossy(word));
    match kind {
        AffixKind::Prefix => word.starts_with(&*text),
        AffixKind::Suffix => word.ends_with(&*text),
        AffixKind::Infix => word.contains(&*text),
    }
}

fn glob(pattern: &[char], word: &[char]) -> bool {
    match (pattern.split_first(), word.split_first()) {
        (None, _) => word.is_empty(),
        (Some(('*', rest)), _) => (0..=word.len()).any(|skip| glob(rest, &word[skip..])),
        (Some((c, rest)), Some((w, others))) => (*c == '?' || c == w) && glob(rest, others),
        (Some(_), None) => false,
    }
}

fn edits(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let best = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}

/// The corners of a rectangle, or of a point.
fn rectangle(text: &[u8]) -> [f64; 4] {
    let text = String::from_utf8_lossy(text);
    let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let numbers: Vec<f64> = digits.map(|part| part.parse().expect("a number")).collect();
    let (xs, ys) = (numbers.iter().step_by(2), numbers.iter().skip(1).step_by(2));
    let least =
        |values: &mut dyn Iterator<Item = &f64>| values.fold(f64::INFINITY, |a, b| a.min(*b));
    let most = |values: &mut dyn Iterator<Item = &f64>| values.fold(0f64, |a, b| a.max(*b));
    [least(&mut xs.clone()), least(&mut ys.clone()), most(&mut xs.clone()), most(&mut ys.clone())]
}

fn relate(predicate: ShapePredicate, a: [f64; 4], b: [f64; 4]) -> bool {
    let within = |a: [f64; 4], b: [f64; 4]| {
        let closed = a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3];
        let is_point = a[0] == a[2] && a[1] == a[3];
        let inside = a[0] > b[0] && a[1] > b[1] && a[2] < b[2] && a[3] < b[3];
        if is_point && a != b { inside } else { closed }
    };
    let meet = a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];
    match predicate {
        ShapePredicate::Within => within(a, b),
        ShapePredicate::Contains => within(b, a),
        ShapePredicate::Intersects => meet,
        ShapePredicate::Disjoint => !meet,
    }
}
