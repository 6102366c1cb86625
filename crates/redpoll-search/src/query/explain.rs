//! A query's tree for people to read: what FT.EXPLAIN answers.

use super::{
    AffixKind, Fields, HybridPolicy, Node, NodeKind, NodeOptions, ShapePredicate, TagValue,
    TextMask, VectorQuery, VectorSearch,
};
use crate::number::{general, six_places};

/// `node` and all below it, a line each, indented by its depth.
pub fn explain(node: &Node, fields: &dyn Fields) -> Vec<u8> {
    let mut out = Writer { out: Vec::new(), fields };
    out.node(node, 0);
    out.out
}

struct Writer<'a> {
    out: Vec<u8>,
    fields: &'a dyn Fields,
}

impl Writer<'_> {
    fn node(&mut self, node: &Node, depth: usize) {
        self.pad(depth);
        self.scope(node);
        match &node.kind {
            NodeKind::Term { text, expanded } => {
                self.term(text, *expanded, &node.options);
                return;
            }
            NodeKind::Exact(nodes) => self.group("EXACT {", nodes, depth),
            NodeKind::Intersection(nodes) => self.group("INTERSECT {", nodes, depth),
            NodeKind::Union(nodes) => self.group("UNION {", nodes, depth),
            NodeKind::Not(inner) => self.group("NOT{", std::slice::from_ref(inner), depth),
            NodeKind::Optional(inner) => {
                self.group("OPTIONAL{", std::slice::from_ref(inner), depth)
            }
            NodeKind::Tag(query) => {
                self.text("TAG:@");
                self.name(query.field);
                self.text(" {\n");
                query.values.iter().for_each(|value| self.tag(value, depth + 1));
                self.pad(depth);
                self.text("}");
            }
            NodeKind::Vector(query) => self.vector(query, depth),
            _ => self.leaf(node),
        }
        self.attributes(&node.options);
        self.text("\n");
    }

    /// A node without others below it.
    fn leaf(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Empty => self.text("<empty>"),
            NodeKind::All => self.text("<WILDCARD>"),
            NodeKind::Affix { kind, text } => self.affix(*kind, text),
            NodeKind::Wildcard { pattern } => self.braced("WILDCARD{", pattern),
            NodeKind::Fuzzy { text, .. } => self.braced("FUZZY{", text),
            NodeKind::Numeric(range) => {
                let at_most = |inclusive| if inclusive { "<=" } else { "<" };
                self.text(&format!("NUMERIC {{{} ", six_places(range.min)));
                self.text(&format!("{} @", at_most(range.min_inclusive)));
                self.name(range.field);
                self.text(&format!(" {} ", at_most(range.max_inclusive)));
                self.text(&format!("{}}}", six_places(range.max)));
            }
            NodeKind::Geo(circle) => {
                self.text("GEO ");
                self.name(circle.field);
                self.text(&format!(
                    ":{{{},{} --> {} {}}}",
                    six_places(circle.longitude),
                    six_places(circle.latitude),
                    six_places(circle.radius),
                    circle.unit.name()
                ));
            }
            NodeKind::Shape(query) => {
                let number = match query.predicate {
                    ShapePredicate::Contains => 1,
                    ShapePredicate::Within => 2,
                    ShapePredicate::Disjoint => 3,
                    ShapePredicate::Intersects => 4,
                };
                self.braced(&format!("GEOSHAPE{{{number} "), &query.text);
            }
            NodeKind::Missing(field) => {
                self.text("ISMISSING{");
                self.name(*field);
                self.text("}");
            }
            NodeKind::Keys(keys) => {
                self.text("IDS {");
                for key in keys {
                    self.out.extend_from_slice(key);
                    self.text(",");
                }
                self.text("}");
            }
            _ => {}
        }
    }

    fn vector(&mut self, query: &VectorQuery, depth: usize) {
        self.text("VECTOR {");
        if let Some(filter) = &query.filter {
            self.text("\n");
            self.node(filter, depth + 1);
            self.pad(depth);
            self.text("} => {");
        }
        match query.search {
            VectorSearch::Nearest(k) => self.text(&format!("K={k} nearest vectors to `$")),
            VectorSearch::Within(radius) => self.text(&format!(
                "Vectors that are within {} distance radius from `$",
                general(radius)
            )),
        }
        self.out.extend_from_slice(&query.parameter);
        self.text("` in vector index associated with field @");
        self.name(query.field);
        self.tuning(query);
        if let Some(name) = &query.score_as {
            self.text(", yields distance as `");
            self.out.extend_from_slice(name);
            self.text("`");
        }
        self.text("}");
    }

    fn tuning(&mut self, query: &VectorQuery) {
        let tuning = &query.tuning;
        let policy = tuning.hybrid_policy.map(|policy| match policy {
            HybridPolicy::Batches => "BATCHES".to_owned(),
            HybridPolicy::AdHoc => "ADHOC_BF".to_owned(),
        });
        let settings = [
            ("EF_RUNTIME", tuning.ef_runtime.map(|value| value.to_string())),
            ("SEARCH_WINDOW_SIZE", tuning.search_window.map(|value| value.to_string())),
            ("EPSILON", tuning.epsilon.map(general)),
            ("HYBRID_POLICY", policy),
            ("BATCH_SIZE", tuning.batch_size.map(|value| value.to_string())),
        ];
        for (name, value) in settings {
            if let Some(value) = value {
                self.text(&format!(", {name} = {value}"));
            }
        }
    }

    /// The fields that words must stand in.
    fn scope(&mut self, node: &Node) {
        let mask = node.options.fields;
        if mask == TextMask::NONE {
            self.text("@NULL:");
        }
        let own = matches!(node.kind, NodeKind::Numeric(_) | NodeKind::Geo(_) | NodeKind::Keys(_));
        if own || mask == TextMask::NONE || mask == TextMask::ALL {
            return;
        }
        self.text("@");
        for (at, bit) in mask.bits().enumerate() {
            self.text(if at == 0 { "" } else { "|" });
            let name = self.fields.text_name(bit).unwrap_or(b"n/a");
            self.out.extend_from_slice(name);
        }
        self.text(":");
    }

    fn term(&mut self, text: &[u8], expanded: bool, options: &NodeOptions) {
        self.word(text);
        self.text(if expanded { "(expanded)" } else { "" });
        if options.weight != 1.0 {
            self.text(&format!(" => {{$weight: {};}}", general(options.weight)));
        }
        self.text("\n");
    }

    fn word(&mut self, text: &[u8]) {
        match text {
            b"" => self.text("\"\""),
            text => self.out.extend_from_slice(text),
        }
    }

    fn tag(&mut self, value: &TagValue, depth: usize) {
        self.pad(depth);
        match value {
            TagValue::Exact(text) => self.word(text),
            TagValue::Words(words) => {
                self.text("INTERSECT {\n");
                for word in words {
                    self.pad(depth + 1);
                    self.word(word);
                    self.text("\n");
                }
                self.pad(depth);
                self.text("}");
            }
            TagValue::Affix(kind, text) => self.affix(*kind, text),
            TagValue::Wildcard(pattern) => self.braced("WILDCARD{", pattern),
        }
        self.text("\n");
    }

    fn affix(&mut self, kind: AffixKind, text: &[u8]) {
        let (name, before, after) = match kind {
            AffixKind::Prefix => ("PREFIX{", "", "*}"),
            AffixKind::Suffix => ("SUFFIX{", "*", "}"),
            AffixKind::Infix => ("INFIX{", "*", "*}"),
        };
        self.text(name);
        self.text(before);
        self.out.extend_from_slice(text);
        self.text(after);
    }

    fn group(&mut self, name: &str, nodes: &[Node], depth: usize) {
        self.text(name);
        self.text("\n");
        for node in nodes {
            self.node(node, depth + 1);
        }
        self.pad(depth);
        self.text("}");
    }

    fn attributes(&mut self, options: &NodeOptions) {
        let in_order = options.in_order == Some(true);
        if options.weight == 1.0 && options.slop.is_none() && !in_order {
            return;
        }
        self.text(" => {");
        if options.weight != 1.0 {
            self.text(&format!(" $weight: {};", general(options.weight)));
        }
        if let Some(slop) = options.slop {
            self.text(&format!(" $slop: {slop};"));
        }
        if in_order || options.slop.is_some() {
            self.text(&format!(" $inorder: {in_order};"));
        }
        self.text(" }");
    }

    fn braced(&mut self, name: &str, text: &[u8]) {
        self.text(name);
        self.out.extend_from_slice(text);
        self.text("}");
    }

    fn name(&mut self, field: super::FieldId) {
        self.out.extend_from_slice(self.fields.name(field));
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn pad(&mut self, depth: usize) {
        self.out.resize(self.out.len() + depth * 2, b' ');
    }
}
