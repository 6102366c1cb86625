//! What the language must know of an index's fields.
//!
//! The schema answers through a trait, so that the language can be tested without an index, and so
//! that it holds no copy of the schema.

/// A field's number in its schema: its place in the order of definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u16);

/// The kinds of index that a field has. A field of a schema may be of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldKinds {
    /// Full text.
    pub text: bool,
    /// Tags: whole values between separators.
    pub tag: bool,
    /// Numbers.
    pub numeric: bool,
    /// Points on the globe.
    pub geo: bool,
    /// Shapes, on a plane or on the globe.
    pub shape: bool,
    /// Vectors.
    pub vector: bool,
}

/// One field, as the language sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its number.
    pub id: FieldId,
    /// What it is indexed as.
    pub kinds: FieldKinds,
    /// For a text field: its number among the text fields, a bit of a
    /// [`TextMask`](super::TextMask).
    pub text_bit: u8,
    /// Whether the words of this text field are never stemmed.
    pub no_stem: bool,
    /// Whether this text field is indexed by sound, too.
    pub phonetic: bool,
    /// Whether documents that lack this field can be asked for.
    pub index_missing: bool,
    /// Whether empty values can be asked for.
    pub index_empty: bool,
    /// For a tag field: whether upper and lower case differ.
    pub case_sensitive: bool,
}

/// The fields of an index, found by the names that queries call them by.
pub trait Fields {
    /// The field called `name`.
    fn field(&self, name: &[u8]) -> Option<FieldInfo>;

    /// The name of a field.
    fn name(&self, field: FieldId) -> &[u8];

    /// The name of the text field with this bit.
    fn text_name(&self, text_bit: u8) -> Option<&[u8]>;

    /// The text field with this bit.
    fn text_field(&self, text_bit: u8) -> Option<FieldInfo> {
        self.field(self.text_name(text_bit)?)
    }

    /// The bits of all text fields that are indexed by sound.
    fn phonetic_fields(&self) -> super::TextMask;
}
