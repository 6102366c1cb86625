//! The fields of an index: what each is indexed as.

use super::vector::VectorField;

/// One field of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The document's field that it takes its value from.
    pub path: Vec<u8>,
    /// What queries call it: the path, if the definition gives no other name.
    pub name: Vec<u8>,
    /// What it is indexed as.
    pub kind: FieldKind,
    /// Whether results can be sorted by it without loading documents, and how.
    pub sortable: Option<Sortable>,
    /// Not indexed: kept for sorting only.
    pub no_index: bool,
    /// Whether empty values can be asked for.
    pub index_empty: bool,
    /// Whether documents that lack the field can be asked for.
    pub index_missing: bool,
}

impl Field {
    /// A field of this name and kind, with no options.
    pub fn new(name: impl Into<Vec<u8>>, kind: FieldKind) -> Self {
        let name = name.into();
        Field {
            path: name.clone(),
            name,
            kind,
            sortable: None,
            no_index: false,
            index_empty: false,
            index_missing: false,
        }
    }

    /// The same, sortable.
    pub fn sortable(mut self) -> Self {
        self.sortable = Some(Sortable { unnormalized: false });
        self
    }
}

/// How a field is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sortable {
    /// `UNF`: by the value as it stands, not in lower case.
    pub unnormalized: bool,
}

/// What a field is indexed as.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// Full text.
    Text(TextField),
    /// Tags.
    Tag(TagField),
    /// Numbers.
    Numeric,
    /// Points on the globe.
    Geo,
    /// Shapes.
    Shape(CoordinateSystem),
    /// Vectors.
    Vector(VectorField),
}

/// A field of full text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextField {
    /// How much its words weigh in scores.
    pub weight: f64,
    /// Words are not stemmed.
    pub no_stem: bool,
    /// Words are indexed by their sound, too.
    pub phonetic: bool,
    /// The dictionary has an index of suffixes, for queries that do not know how a word begins.
    pub suffix_index: bool,
}

impl Default for TextField {
    fn default() -> Self {
        TextField { weight: 1.0, no_stem: false, phonetic: false, suffix_index: false }
    }
}

/// A field of tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagField {
    /// What stands between two tags.
    pub separator: u8,
    /// Upper and lower case differ.
    pub case_sensitive: bool,
    /// The dictionary has an index of suffixes.
    pub suffix_index: bool,
}

impl Default for TagField {
    fn default() -> Self {
        TagField { separator: b',', case_sensitive: false, suffix_index: false }
    }
}

/// Where shapes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoordinateSystem {
    /// On the globe: longitude and latitude in degrees.
    #[default]
    Spherical,
    /// On a plane.
    Flat,
}
