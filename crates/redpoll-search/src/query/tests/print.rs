//! A tree as a query again, in the second dialect.

use super::super::{AffixKind, Fields, NodeKind, TagValue};
use super::{FIELDS, Node, TextMask};

/// A query whose tree is `node`.
pub(super) fn print(node: &Node) -> String {
    scoped(node, TextMask::ALL)
}

fn scoped(node: &Node, outer: TextMask) -> String {
    let mask = node.options.fields;
    let names = match &node.kind {
        _ if mask == outer => String::new(),
        _ => {
            let name = |bit| escaped(FIELDS.text_name(bit).unwrap());
            format!("@{}:", mask.bits().map(name).collect::<Vec<_>>().join("|"))
        }
    };
    format!("{names}({}){}", inner(node), attributes(node))
}

fn attributes(node: &Node) -> String {
    let options = &node.options;
    let mut out = String::new();
    if options.weight != 1.0 {
        out += &format!("$weight: {};", options.weight);
    }
    if let Some(slop) = options.slop {
        out += &format!("$slop: {slop};");
    }
    if let Some(in_order) = options.in_order {
        out += &format!("$inorder: {in_order};");
    }
    if let Some(phonetic) = options.phonetic {
        out += &format!("$phonetic: {phonetic};");
    }
    if out.is_empty() { out } else { format!("=>{{{out}}}") }
}

fn inner(node: &Node) -> String {
    let joined = |nodes: &[Node], by: &str| {
        let parts: Vec<_> = nodes.iter().map(|child| scoped(child, node.options.fields)).collect();
        parts.join(by)
    };
    match &node.kind {
        NodeKind::Empty => "the".to_owned(),
        NodeKind::All => "*".to_owned(),
        NodeKind::Term { text, .. } if node.options.verbatim => {
            String::from_utf8_lossy(text).into_owned()
        }
        NodeKind::Term { text, .. } => escaped(text),
        NodeKind::Exact(nodes) => {
            let words: Vec<_> = nodes.iter().map(inner).collect();
            format!("\"{}\"", words.join(" "))
        }
        NodeKind::Intersection(nodes) => joined(nodes, " "),
        NodeKind::Union(nodes) => joined(nodes, "|"),
        NodeKind::Not(child) => format!("-{}", scoped(child, node.options.fields)),
        NodeKind::Optional(child) => format!("~{}", scoped(child, node.options.fields)),
        NodeKind::Affix { kind, text } => affix(*kind, text),
        NodeKind::Wildcard { pattern } => format!("w'{}'", String::from_utf8_lossy(pattern)),
        NodeKind::Fuzzy { text, distance } => {
            let percents = "%".repeat(usize::from(*distance));
            format!("{percents}{}{percents}", escaped(text))
        }
        NodeKind::Tag(query) => {
            let values: Vec<_> = query.values.iter().map(tag).collect();
            let name = escaped(FIELDS.name(query.field));
            format!("@{name}:{{{}}}", values.join("|"))
        }
        NodeKind::Numeric(range) => {
            let open = |inclusive| if inclusive { "" } else { "(" };
            format!(
                "@{}:[{}{} {}{}]",
                escaped(FIELDS.name(range.field)),
                open(range.min_inclusive),
                range.min,
                open(range.max_inclusive),
                range.max
            )
        }
        NodeKind::Geo(circle) => format!(
            "@place:[{} {} {} {}]",
            circle.longitude,
            circle.latitude,
            circle.radius,
            circle.unit.name()
        ),
        NodeKind::Missing(field) => format!("ismissing(@{})", escaped(FIELDS.name(*field))),
        NodeKind::Shape(_) | NodeKind::Vector(_) | NodeKind::Keys(_) => unreachable!(),
    }
}

fn tag(value: &TagValue) -> String {
    match value {
        TagValue::Exact(text) => escaped(text),
        TagValue::Words(words) => {
            words.iter().map(|word| escaped(word)).collect::<Vec<_>>().join(" ")
        }
        TagValue::Affix(kind, text) => affix(*kind, text),
        TagValue::Wildcard(pattern) => format!("w'{}'", String::from_utf8_lossy(pattern)),
    }
}

fn affix(kind: AffixKind, text: &[u8]) -> String {
    let text = escaped(text);
    match kind {
        AffixKind::Prefix => format!("{text}*"),
        AffixKind::Suffix => format!("*{text}"),
        AffixKind::Infix => format!("*{text}*"),
    }
}

fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for character in String::from_utf8_lossy(text).chars() {
        if character.is_ascii_punctuation() || character.is_ascii_whitespace() {
            out.push('\\');
        }
        out.push(character);
    }
    out
}
