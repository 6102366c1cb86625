//! More words for each word: its stem, its sound, its synonyms.

use super::{Fields, Node, NodeKind, QueryError, TextMask};
use crate::analysis::{Analyzer, SOUND_PREFIX, STEM_PREFIX};

/// What is added to a query's words.
#[derive(Clone, Copy)]
pub struct Expander<'a> {
    /// Finds stems and sounds.
    pub analyzer: &'a Analyzer,
    /// The groups of synonyms that a word belongs to, as terms of the index.
    pub synonyms: &'a dyn Fn(&[u8]) -> Vec<Vec<u8>>,
    /// Whether stems are added.
    pub stems: bool,
    /// Whether groups of synonyms are added.
    pub groups: bool,
    /// When sounds are added.
    pub sounds: Sounds,
}

/// When sounds are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sounds {
    /// Never.
    Never,
    /// Where the fields are indexed by sound, unless `$phonetic` says otherwise.
    ByField,
    /// Always.
    Always,
}

impl<'a> Expander<'a> {
    /// The expander of this name (the option EXPANDER); none if there is no such one.
    pub fn named(
        name: &[u8],
        analyzer: &'a Analyzer,
        synonyms: &'a dyn Fn(&[u8]) -> Vec<Vec<u8>>,
    ) -> Option<Self> {
        let (stems, groups, sounds) = match name.to_ascii_uppercase().as_slice() {
            b"DEFAULT" => (true, true, Sounds::ByField),
            b"SBSTEM" => (true, false, Sounds::Never),
            b"SYNONYM" => (false, true, Sounds::Never),
            b"PHONETIC" => (false, false, Sounds::Always),
            _ => return None,
        };
        Some(Expander { analyzer, synonyms, stems, groups, sounds })
    }
}

/// Replaces the words of `node` by unions of them with what belongs to them.
///
/// # Errors
/// If a word asks for sounds in fields that have none.
pub fn expand(
    node: &mut Node,
    fields: &dyn Fields,
    expander: &Expander<'_>,
) -> Result<(), QueryError> {
    let fixed = matches!(node.kind, NodeKind::Exact(_) | NodeKind::Tag(_));
    if fixed || node.options.verbatim || !has_stems(node.options.fields, fields) {
        return Ok(());
    }
    match &node.kind {
        NodeKind::Term { text, expanded: false } if !text.is_empty() => {
            let more = expansions(node, text, fields, expander)?;
            if !more.is_empty() {
                let mask = node.options.fields;
                let word = std::mem::replace(node, Node::new(NodeKind::Empty));
                node.options.fields = mask;
                node.kind = NodeKind::Union(std::iter::once(word).chain(more).collect());
            }
            Ok(())
        }
        _ => node.children_mut().iter_mut().try_for_each(|child| expand(child, fields, expander)),
    }
}

/// Whether any of these fields keeps stems.
fn has_stems(mask: TextMask, fields: &dyn Fields) -> bool {
    mask == TextMask::ALL
        || mask.bits().any(|bit| fields.text_field(bit).is_some_and(|field| !field.no_stem))
}

fn expansions(
    node: &Node,
    word: &[u8],
    fields: &dyn Fields,
    expander: &Expander<'_>,
) -> Result<Vec<Node>, QueryError> {
    let mask = node.options.fields;
    let mut more = Vec::new();
    if expander.groups {
        more.extend((expander.synonyms)(word).into_iter().map(|group| expansion(group, mask)));
    }
    if wants_sound(node, fields, expander.sounds)? {
        let sound = expander.analyzer.sound(word);
        more.extend(sound.map(|sound| expansion(prefixed(SOUND_PREFIX, &sound), mask)));
    }
    if let Some(stem) = expander.stems.then(|| expander.analyzer.stem(word)).flatten() {
        let mask = stemmed(mask, fields);
        more.push(expansion(prefixed(STEM_PREFIX, &stem), mask));
        if stem != word {
            more.push(expansion(stem, mask));
        }
    }
    Ok(more)
}

fn expansion(text: Vec<u8>, fields: TextMask) -> Node {
    let mut node = Node::new(NodeKind::Term { text, expanded: true });
    node.options.fields = fields;
    node
}

/// The fields among these that keep stems.
fn stemmed(mask: TextMask, fields: &dyn Fields) -> TextMask {
    if mask == TextMask::ALL {
        return mask;
    }
    let without = |bit: &u8| fields.text_field(*bit).is_some_and(|field| field.no_stem);
    let none = mask.bits().filter(without).fold(0, |none, bit| none | TextMask::of(bit).0);
    TextMask(mask.0 & !none)
}

fn wants_sound(node: &Node, fields: &dyn Fields, sounds: Sounds) -> Result<bool, QueryError> {
    let has_sounds = node.options.fields.meets(fields.phonetic_fields());
    match (sounds, node.options.phonetic) {
        (Sounds::Never, _) => Ok(false),
        (Sounds::Always, _) => Ok(true),
        (Sounds::ByField, None) => Ok(has_sounds),
        (Sounds::ByField, Some(_)) if !has_sounds => Err(QueryError::NotPhonetic),
        (Sounds::ByField, Some(wanted)) => Ok(wanted),
    }
}

fn prefixed(prefix: u8, term: &[u8]) -> Vec<u8> {
    [&[prefix], term].concat()
}
