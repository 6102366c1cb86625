//! The tree of a query.
//!
//! All terms are in the form the index keeps them in: lower case, without escapes. Names are
//! resolved to numbers and parameters to their values. Words are byte strings: a document may hold
//! any bytes.

use super::FieldId;

/// A set of text fields, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextMask(pub u128);

impl TextMask {
    /// Every text field.
    pub const ALL: TextMask = TextMask(u128::MAX);
    /// No field: nothing matches.
    pub const NONE: TextMask = TextMask(0);

    /// The set that holds the field with this bit alone.
    pub fn of(text_bit: u8) -> Self {
        TextMask(1u128.checked_shl(u32::from(text_bit)).unwrap_or(0))
    }

    /// Whether the two sets share a field.
    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The bits of the fields, in ascending order.
    pub fn bits(self) -> impl Iterator<Item = u8> {
        (0..128u8).filter(move |bit| self.0 >> bit & 1 == 1)
    }
}

/// A node of the tree, with what may be said about any node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it asks for.
    pub kind: NodeKind,
    /// How it is to be matched and scored.
    pub options: NodeOptions,
}

/// What `=> { $attribute: value }` and the request's options say about a node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeOptions {
    /// The text fields in which words must stand. Already handed down to the leaves.
    pub fields: TextMask,
    /// What the node's score is multiplied with (`$weight`).
    pub weight: f64,
    /// How many words may stand between the words of an intersection (`$slop`); none: any number.
    pub slop: Option<u32>,
    /// Whether the words of an intersection must stand in the order given (`$inorder`).
    pub in_order: Option<bool>,
    /// Whether to match by sound (`$phonetic`); none: where the fields are indexed so.
    pub phonetic: Option<bool>,
    /// Under which name the node's distance is reported (`$yield_distance_as`).
    pub yield_distance_as: Option<Vec<u8>>,
    /// Words under this node are not expanded by stems, synonyms or sounds.
    pub verbatim: bool,
}

impl Default for NodeOptions {
    fn default() -> Self {
        NodeOptions {
            fields: TextMask::ALL,
            weight: 1.0,
            slop: None,
            in_order: None,
            phonetic: None,
            yield_distance_as: None,
            verbatim: false,
        }
    }
}

/// What a node asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// Nothing: a query of stop words only.
    Empty,
    /// Every document (`*`).
    All,
    /// Documents with this word.
    Term {
        /// The word. Stems begin with `+`, sounds with `<`, groups of synonyms with `~`.
        text: Vec<u8>,
        /// Whether it was added to a word of the query, as its stem for instance.
        expanded: bool,
    },
    /// These words, one directly after the other (`"a b c"`). The children are terms.
    Exact(Vec<Node>),
    /// All of these. Slop and order of the options apply to the words among them.
    Intersection(Vec<Node>),
    /// Any of these.
    Union(Vec<Node>),
    /// Every document but these (`-x`).
    Not(Box<Node>),
    /// Every document; those that match score higher (`~x`).
    Optional(Box<Node>),
    /// Words that begin with, end with or contain something (`x*`, `*x`, `*x*`).
    Affix {
        /// Which end is open.
        kind: AffixKind,
        /// The part that must be there.
        text: Vec<u8>,
    },
    /// Words of a pattern, `?` one character, `*` any number, `\` escapes (`w'x?y*'`).
    Wildcard {
        /// The pattern, in lower case, its escapes still in it.
        pattern: Vec<u8>,
    },
    /// Words at most so many edits away (`%x%`, `%%x%%`, `%%%x%%%`).
    Fuzzy {
        /// The word.
        text: Vec<u8>,
        /// Insertions, deletions, replacements: 1 to 3.
        distance: u8,
    },
    /// Documents with any of these tags.
    Tag(TagQuery),
    /// Documents with a number in a range.
    Numeric(NumericRange),
    /// Documents with a point in a circle.
    Geo(GeoRadius),
    /// Documents with a shape that stands in a relation to another.
    Shape(ShapeQuery),
    /// Documents with a vector close to another.
    Vector(Box<VectorQuery>),
    /// Documents that lack a field.
    Missing(FieldId),
    /// Documents of these names (INKEYS).
    Keys(Vec<Vec<u8>>),
}

/// Which ends of a word are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AffixKind {
    /// The word begins with the text.
    Prefix,
    /// The word ends with the text.
    Suffix,
    /// The word contains the text.
    Infix,
}

/// Tags of one field, any of which is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct TagQuery {
    /// The field.
    pub field: FieldId,
    /// The values.
    pub values: Vec<TagValue>,
}

/// What a tag may look like. Lower case, if the field does not tell cases apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagValue {
    /// This tag.
    Exact(Vec<u8>),
    /// The tag that is these words with a space between each two.
    Words(Vec<Vec<u8>>),
    /// Tags that begin with, end with or contain something.
    Affix(AffixKind, Vec<u8>),
    /// Tags of a pattern, as in [`NodeKind::Wildcard`].
    Wildcard(Vec<u8>),
}

/// A range of numbers. The ends may be infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumericRange {
    /// The field.
    pub field: FieldId,
    /// The lower end.
    pub min: f64,
    /// The upper end.
    pub max: f64,
    /// Whether the lower end belongs to the range.
    pub min_inclusive: bool,
    /// Whether the upper end belongs to the range.
    pub max_inclusive: bool,
}

impl NumericRange {
    /// Whether `value` lies in the range.
    pub fn contains(&self, value: f64) -> bool {
        let above = if self.min_inclusive { value >= self.min } else { value > self.min };
        let below = if self.max_inclusive { value <= self.max } else { value < self.max };
        above && below
    }
}

/// A circle on the globe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeoRadius {
    /// The field.
    pub field: FieldId,
    /// The centre's longitude in degrees.
    pub longitude: f64,
    /// The centre's latitude in degrees.
    pub latitude: f64,
    /// The radius, in `unit`.
    pub radius: f64,
    /// The radius's unit.
    pub unit: GeoUnit,
}

impl GeoRadius {
    /// The radius in metres.
    pub fn radius_metres(&self) -> f64 {
        self.radius * self.unit.metres()
    }
}

/// A unit of length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeoUnit {
    /// `m`
    Metres,
    /// `km`
    Kilometres,
    /// `mi`
    Miles,
    /// `ft`
    Feet,
}

impl GeoUnit {
    /// The unit of this name, in any case.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name.to_ascii_lowercase().as_slice() {
            b"m" => Some(GeoUnit::Metres),
            b"km" => Some(GeoUnit::Kilometres),
            b"mi" => Some(GeoUnit::Miles),
            b"ft" => Some(GeoUnit::Feet),
            _ => None,
        }
    }

    /// The name that queries call it by.
    pub fn name(self) -> &'static str {
        match self {
            GeoUnit::Metres => "m",
            GeoUnit::Kilometres => "km",
            GeoUnit::Miles => "mi",
            GeoUnit::Feet => "ft",
        }
    }

    /// How many metres one of it is.
    pub fn metres(self) -> f64 {
        match self {
            GeoUnit::Metres => 1.0,
            GeoUnit::Kilometres => 1000.0,
            GeoUnit::Miles => 1609.34,
            GeoUnit::Feet => 0.3048,
        }
    }
}

/// How a document's shape must stand to the query's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapePredicate {
    /// The document's shape lies within the query's.
    Within,
    /// The document's shape contains the query's.
    Contains,
    /// The two share a point.
    Intersects,
    /// The two share no point.
    Disjoint,
}

/// A shape, and how documents must stand to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeQuery {
    /// The field.
    pub field: FieldId,
    /// The relation.
    pub predicate: ShapePredicate,
    /// The shape, as well-known text. Not checked yet.
    pub text: Vec<u8>,
}

/// A search for vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorQuery {
    /// The field.
    pub field: FieldId,
    /// Which vectors are wanted.
    pub search: VectorSearch,
    /// The query's vector, in the field's format. Its length is not checked yet.
    pub vector: Vec<u8>,
    /// The parameter that `vector` came from: what FT.EXPLAIN shows.
    pub parameter: Vec<u8>,
    /// Under which name the distance is reported; none for a range that was not given one.
    pub score_as: Option<Vec<u8>>,
    /// Among which documents the nearest are looked for; none: among all.
    pub filter: Option<Node>,
    /// How to search.
    pub tuning: VectorTuning,
}

/// Which vectors are wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum VectorSearch {
    /// The nearest, this many.
    Nearest(usize),
    /// All within this distance.
    Within(f64),
}

/// What a query may set about the way in which vectors are searched.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VectorTuning {
    /// How many candidates HNSW keeps (`EF_RUNTIME`).
    pub ef_runtime: Option<usize>,
    /// The same as SVS-VAMANA calls it (`SEARCH_WINDOW_SIZE`).
    pub search_window: Option<usize>,
    /// How far beyond a range a graph looks (`EPSILON`).
    pub epsilon: Option<f64>,
    /// How a filter is combined with the search (`HYBRID_POLICY`).
    pub hybrid_policy: Option<HybridPolicy>,
    /// How many vectors a batch asks for (`BATCH_SIZE`).
    pub batch_size: Option<usize>,
    /// Which part of the nearest each shard is asked for (`$shard_k_ratio`).
    pub shard_k_ratio: Option<f64>,
}

/// How a filter is combined with a search for the nearest vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HybridPolicy {
    /// Ask the index for batches of nearest vectors, and keep what passes the filter.
    Batches,
    /// Compute the distance of every document that passes the filter.
    AdHoc,
}

impl Node {
    /// A node without anything special about it.
    pub fn new(kind: NodeKind) -> Self {
        Node { kind, options: NodeOptions::default() }
    }

    /// A word.
    pub fn term(text: impl Into<Vec<u8>>) -> Self {
        Node::new(NodeKind::Term { text: text.into(), expanded: false })
    }

    /// Narrows the node and all below it to words in `fields`.
    pub fn restrict(&mut self, fields: TextMask) {
        self.options.fields.0 &= fields.0;
        for child in self.children_mut() {
            child.restrict(fields);
        }
    }

    /// Says how far apart, and in which order, the words of intersections stand that do not say so
    /// themselves.
    pub fn constrain(&mut self, slop: Option<u32>, in_order: bool) {
        if let NodeKind::Intersection(_) = self.kind {
            self.options.slop = self.options.slop.or(slop);
            if in_order {
                self.options.in_order.get_or_insert(true);
            }
        }
        for child in self.children_mut() {
            child.constrain(slop, in_order);
        }
    }

    /// The nodes directly below.
    pub fn children(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Exact(nodes) | NodeKind::Intersection(nodes) | NodeKind::Union(nodes) => {
                nodes
            }
            NodeKind::Not(node) | NodeKind::Optional(node) => std::slice::from_ref(node),
            NodeKind::Vector(query) => query.filter.as_slice(),
            _ => &[],
        }
    }

    /// The nodes directly below, to be changed.
    pub fn children_mut(&mut self) -> &mut [Node] {
        match &mut self.kind {
            NodeKind::Exact(nodes) | NodeKind::Intersection(nodes) | NodeKind::Union(nodes) => {
                nodes
            }
            NodeKind::Not(node) | NodeKind::Optional(node) => std::slice::from_mut(node),
            NodeKind::Vector(query) => query.filter.as_mut_slice(),
            _ => &mut [],
        }
    }
}
