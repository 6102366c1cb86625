//! Random schemas, documents and queries.

use redpoll_search::query::{
    AffixKind, FieldId, GeoRadius, GeoUnit, Node, NodeKind, NumericRange, ShapePredicate,
    ShapeQuery, TagQuery, TagValue, TextMask, VectorQuery, VectorSearch, VectorTuning,
};
use redpoll_search::schema::{
    Algorithm, CoordinateSystem, Element, Field, FieldKind, IndexOptions, Metric, Schema, TagField,
    TextField, VectorField,
};

/// Numbers that look random and are the same every time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next() % bound as u64) as usize }
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }
}

/// Makes documents and queries for one schema.
pub struct Generator {
    schema: Schema,
    texts: usize,
}

const WORDS: [&str; 16] = [
    "run", "running", "runs", "dog", "dogs", "alpha", "alpine", "beta", "gamma", "été", "x",
    "hello", "help", "held", "world", "the",
];
const TAGS: [&str; 6] = ["Red", "green", "Blue sky", "red", "", "grey"];

// The fields behind the text fields, from the first of them on.
const TAG: u16 = 0;
const CASED: u16 = 1;
const NUMBER: u16 = 2;
const PLACE: u16 = 3;
const SHAPE: u16 = 4;
const FLAT: u16 = 5;
const SORTED: u16 = 6;

impl Generator {
    pub fn new(random: &mut Random) -> Self {
        let texts = random.pick(&[1, 1, 2, 3, 40]);
        let mut fields: Vec<Field> = (0..texts)
            .map(|number| {
                let weight = random.pick(&[1.0, 1.0, 3.0]);
                let no_stem = random.below(3) == 0;
                let suffix_index = random.below(3) == 0;
                let text = TextField { weight, no_stem, suffix_index, ..TextField::default() };
                let mut field = Field::new(format!("t{number}"), FieldKind::Text(text));
                field.index_empty = random.below(2) == 0;
                field.index_missing = random.below(2) == 0;
                field
            })
            .collect();
        fields[0] = fields[0].clone().sortable();
        let cased = TagField { case_sensitive: true, separator: b';', ..TagField::default() };
        let vector = VectorField {
            element: Element::Float32,
            dimensions: 2,
            metric: Metric::L2,
            algorithm: Algorithm::Flat,
        };
        let suffix_index = random.below(2) == 0;
        let tag = TagField { suffix_index, ..TagField::default() };
        let mut tag = Field::new("tag", FieldKind::Tag(tag));
        tag.index_empty = true;
        tag.index_missing = true;
        fields.extend([
            tag,
            Field::new("cased", FieldKind::Tag(cased)),
            Field::new("number", FieldKind::Numeric).sortable(),
            Field::new("place", FieldKind::Geo),
            Field::new("shape", FieldKind::Shape(CoordinateSystem::Flat)),
            Field::new("flat", FieldKind::Vector(vector)),
            Field::new("sorted", FieldKind::Tag(TagField::default())).sortable(),
        ]);
        let options = IndexOptions {
            no_offsets: random.below(6) == 0,
            no_frequencies: random.below(6) == 0,
            no_fields: random.below(6) == 0,
            ..IndexOptions::default()
        };
        let schema = Schema::new(options, fields).expect("the schema is well made");
        Generator { schema, texts }
    }

    pub fn schema(&self) -> Schema {
        self.schema.clone()
    }

    fn field(&self, behind: u16) -> FieldId {
        FieldId(self.texts as u16 + behind)
    }

    pub fn document(&self, random: &mut Random) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut fields = Vec::new();
        for number in 0..self.texts.min(4) {
            if random.below(4) > 0 {
                let words = random.below(8);
                let words: Vec<_> = (0..words).map(|_| random.pick(&WORDS)).collect();
                fields.push((format!("t{number}"), words.join(" ")));
            }
        }
        if self.texts > 4 && random.below(2) == 0 {
            fields.push(("t37".to_owned(), random.pick(&WORDS).to_owned()));
        }
        let tags: Vec<_> = (0..random.below(4)).map(|_| random.pick(&TAGS)).collect();
        let number = random.pick(&["1", "2", "2.5", "-7", "1e3", "inf", "3"]);
        let number = if random.below(40) == 0 { "no" } else { number };
        let low = random.below(5);
        let high = low + 1 + random.below(4);
        let shape = match random.below(3) {
            0 => format!("POINT({low} {high})"),
            _ => format!("POLYGON(({low} {low}, {low} {high}, {high} {high}, {high} {low}))"),
        };
        let place = random.pick(&["13.361,38.115", "15.087,37.502", "2.35,48.85"]);
        let others = [
            ("tag", tags.join(", ")),
            ("cased", tags.join(";")),
            ("number", number.to_owned()),
            ("place", place.to_owned()),
            ("shape", shape),
            ("sorted", random.pick(&TAGS).to_owned()),
        ];
        for (name, value) in others {
            if random.below(3) > 0 {
                fields.push((name.to_owned(), value));
            }
        }
        let mut fields: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
            .collect();
        if random.below(2) == 0 {
            fields.push((b"flat".to_vec(), vector(random)));
        }
        fields
    }

    pub fn query(&self, random: &mut Random, depth: usize) -> Node {
        let mut node = match random.below(8) {
            0 => near(random),
            _ => Node::new(self.kind(random, depth)),
        };
        if random.below(4) == 0 {
            node.options.weight = random.pick(&[2.0, 0.5, 0.0]);
        }
        if random.below(3) == 0 {
            let mask = if random.below(5) == 0 { 1 << 37 } else { 1 << random.below(self.texts) };
            node.restrict(TextMask(mask));
        }
        node
    }

    fn kind(&self, random: &mut Random, depth: usize) -> NodeKind {
        let children = |random: &mut Random| -> Vec<Node> {
            let count = random.pick(&[2, 2, 3, 12]);
            (0..count).map(|_| self.query(random, depth - 1)).collect()
        };
        let choice = if depth == 0 { 5 + random.below(15) } else { random.below(20) };
        match choice {
            0 => NodeKind::Intersection(children(random)),
            1 => NodeKind::Union(children(random)),
            2 => NodeKind::Not(Box::new(self.query(random, depth - 1))),
            3 => NodeKind::Optional(Box::new(self.query(random, depth - 1))),
            4 => NodeKind::Union(vec![near(random), Node::term("nothing")]),
            5 => NodeKind::Exact(words(random)),
            6 => {
                let kind = random.pick(&[AffixKind::Prefix, AffixKind::Suffix, AffixKind::Infix]);
                let text = random.pick(&["he", "al", "ru", "ld", "un", "a", ""]);
                NodeKind::Affix { kind, text: text.as_bytes().to_vec() }
            }
            7 => {
                let pattern = random.pick(&["h*l?", "*a", "?un*", "é*", "al*e", "*"]);
                NodeKind::Wildcard { pattern: pattern.as_bytes().to_vec() }
            }
            8 => {
                let text = random.pick(&["helo", "rum", "ete", "wrold", "x"]);
                NodeKind::Fuzzy {
                    text: text.as_bytes().to_vec(),
                    distance: 1 + random.below(3) as u8,
                }
            }
            9 | 10 => NodeKind::Tag(self.tags(random)),
            11 => NodeKind::Numeric(self.numbers(random)),
            12 => NodeKind::Geo(self.circle(random)),
            13 => self.shape(random),
            14 => NodeKind::Missing(random.pick(&[self.field(TAG), FieldId(0)])),
            15 => NodeKind::All,
            16 => self.vector(random),
            17 => {
                let key = |random: &mut Random| format!("doc:{}", random.below(45)).into_bytes();
                NodeKind::Keys((0..3).map(|_| key(random)).collect())
            }
            18 => NodeKind::Term { text: b"+run".to_vec(), expanded: true },
            _ => NodeKind::Term { text: random.pick(&WORDS).as_bytes().to_vec(), expanded: false },
        }
    }

    fn tags(&self, random: &mut Random) -> TagQuery {
        let cased = random.below(2) == 0;
        let value = |random: &mut Random| {
            let tag = random.pick(&TAGS).as_bytes().to_vec();
            let tag = if cased { tag } else { tag.to_ascii_lowercase() };
            match random.below(5) {
                0 => TagValue::Affix(AffixKind::Prefix, b"gr".to_vec()),
                1 => TagValue::Wildcard(b"*e?".to_vec()),
                _ => TagValue::Exact(tag),
            }
        };
        let values = (0..1 + random.below(3)).map(|_| value(random)).collect();
        TagQuery { field: self.field(if cased { CASED } else { TAG }), values }
    }

    fn numbers(&self, random: &mut Random) -> NumericRange {
        let ends = [f64::NEG_INFINITY, -7.0, 1.0, 2.0, 2.5, 1000.0, f64::INFINITY];
        NumericRange {
            field: self.field(NUMBER),
            min: random.pick(&ends),
            max: random.pick(&ends),
            min_inclusive: random.below(2) == 0,
            max_inclusive: random.below(2) == 0,
        }
    }

    fn circle(&self, random: &mut Random) -> GeoRadius {
        GeoRadius {
            field: self.field(PLACE),
            longitude: 15.0,
            latitude: 37.0,
            radius: random.pick(&[100.0, 200.0, 3000.0]),
            unit: random.pick(&[GeoUnit::Kilometres, GeoUnit::Miles]),
        }
    }

    fn shape(&self, random: &mut Random) -> NodeKind {
        let predicates = [
            ShapePredicate::Within,
            ShapePredicate::Contains,
            ShapePredicate::Intersects,
            ShapePredicate::Disjoint,
        ];
        let (low, high) = (random.below(4), 4 + random.below(4));
        let text = format!("POLYGON(({low} {low}, {low} {high}, {high} {high}, {high} {low}))");
        let predicate = random.pick(&predicates);
        let field = self.field(SHAPE);
        NodeKind::Shape(ShapeQuery { field, predicate, text: text.into_bytes() })
    }

    fn vector(&self, random: &mut Random) -> NodeKind {
        NodeKind::Vector(Box::new(VectorQuery {
            field: self.field(FLAT),
            search: VectorSearch::Within(random.pick(&[0.0, 2.0, 9.0])),
            vector: vector(random),
            parameter: b"v".to_vec(),
            score_as: None,
            filter: None,
            tuning: VectorTuning::default(),
        }))
    }
}

/// The sortable fields of a schema of this many text fields.
pub fn sortable(texts: usize) -> Vec<FieldId> {
    vec![FieldId(0), FieldId(texts as u16 + NUMBER), FieldId(texts as u16 + SORTED)]
}

fn words(random: &mut Random) -> Vec<Node> {
    (0..2 + random.below(2)).map(|_| Node::term(random.pick(&WORDS))).collect()
}

/// Words that have to stand near one another.
fn near(random: &mut Random) -> Node {
    let mut node = Node::new(NodeKind::Intersection(words(random)));
    node.options.slop = random.pick(&[None, Some(0), Some(1), Some(3)]);
    node.options.in_order = random.pick(&[None, Some(true)]);
    node
}

fn vector(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..2 {
        bytes.extend_from_slice(&(random.below(4) as f32).to_le_bytes());
    }
    bytes
}
