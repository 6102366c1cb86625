//! The table of directives: one row each, from which everything else follows.
//!
//! A row reads `getter: Kind(default, …), "name" | "alias", [FLAGS], check rule, "doc";` and makes
//! an entry of [`DIRECTIVES`] and a method of [`Config`](crate::Config) that returns the value with
//! its type. The rows are spread over files by subject; each file continues the numbering of the
//! one before it, so that a getter knows its slot at compile time.
//!
//! Names, kinds, defaults and bounds are those of Redis 7.2, so that any of its files works here.
//! Directives whose subject does not exist here (yet) are accepted, and say so.

use crate::directive::Directive;

/// The largest C `int`, the bound of many numbers.
const INT_MAX: i128 = i32::MAX as i128;
/// The smallest C `int`.
const INT_MIN: i128 = i32::MIN as i128;
/// The largest C `unsigned int`.
const UINT_MAX: i128 = u32::MAX as i128;
/// The largest C `long`.
const LONG_MAX: i128 = i64::MAX as i128;
/// The largest C `unsigned long long`.
const ULONG_MAX: i128 = u64::MAX as i128;

/// The [`Kind`](crate::kind::Kind) of a row.
macro_rules! kind {
    (Bool $default:expr) => { Kind::Bool { default: $default } };
    (Int $default:expr, $min:expr, $max:expr) => {
        Kind::Number { default: $default, min: $min, max: $max, notation: Notation::Plain }
    };
    (Count $default:expr, $min:expr, $max:expr) => { kind!(Int $default, $min, $max) };
    (Port $default:expr) => { kind!(Int $default, 0, 65535) };
    (Bytes $default:expr, $min:expr, $max:expr) => {
        Kind::Number { default: $default, min: $min, max: $max, notation: Notation::Memory }
    };
    (BytesOrPercent $default:expr) => {
        Kind::Number {
            default: $default,
            min: -100,
            max: super::LONG_MAX,
            notation: Notation::MemoryOrPercent,
        }
    };
    (Mode $default:expr) => {
        Kind::Number { default: $default, min: 0, max: 0o777, notation: Notation::Octal }
    };
    (Word $type:ident, $default:ident) => {
        Kind::Word { default: $type::$default as i64, choices: $type::CHOICES, combine: false }
    };
    (Signal) => { Kind::Word { default: 0, choices: ShutdownFlags::CHOICES, combine: true } };
    (Str $default:expr) => { Kind::Text { default: $default, unset: false } };
    (OptStr) => { Kind::Text { default: "", unset: true } };
    ($special:ident) => { Kind::Special(Special::$special) };
}

/// The getter of a row.
macro_rules! getter {
    ($about:expr, $name:ident, $index:expr, Bool $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> bool {
            self.number($index) != 0
        }
    };
    ($about:expr, $name:ident, $index:expr, Int $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> i64 {
            self.number($index)
        }
    };
    ($about:expr, $name:ident, $index:expr, Count $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> usize {
            self.number($index) as usize
        }
    };
    ($about:expr, $name:ident, $index:expr, Port $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> u16 {
            self.number($index) as u16
        }
    };
    ($about:expr, $name:ident, $index:expr, Bytes $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> u64 {
            self.number($index) as u64
        }
    };
    ($about:expr, $name:ident, $index:expr, BytesOrPercent $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> MemoryLimit {
            match self.number($index) {
                number @ 0.. => MemoryLimit::Bytes(number as u64),
                percent => MemoryLimit::Percent(percent.unsigned_abs() as u8),
            }
        }
    };
    ($about:expr, $name:ident, $index:expr, Mode $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> u32 {
            self.number($index) as u32
        }
    };
    ($about:expr, $name:ident, $index:expr, Word $type:ident, $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> $type {
            $type::from_number(self.number($index))
        }
    };
    ($about:expr, $name:ident, $index:expr, Signal) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> ShutdownFlags {
            ShutdownFlags::from_number(self.number($index))
        }
    };
    ($about:expr, $name:ident, $index:expr, Notify) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self) -> NotifyFlags {
            NotifyFlags::from_number(self.number($index))
        }
    };
    ($about:expr, $name:ident, $index:expr, BufferLimits) => {
        #[doc = $about]
        #[must_use]
        #[inline]
        pub fn $name(&self, class: ClientClass) -> BufferLimit {
            self.buffer_limit(class)
        }
    };
    ($about:expr, $name:ident, $index:expr, Str $($rest:tt)*) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Text {
            self.text($index)
        }
    };
    ($about:expr, $name:ident, $index:expr, Dir) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Text {
            self.text($index)
        }
    };
    ($about:expr, $name:ident, $index:expr, OptStr) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Option<Text> {
            Some(self.text($index)).filter(|t| !t.is_empty())
        }
    };
    ($about:expr, $name:ident, $index:expr, Save) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Arc<[SavePoint]> {
            match self.value($index) {
                Value::Save(points) => points,
                _ => Arc::default(),
            }
        }
    };
    ($about:expr, $name:ident, $index:expr, OomScores) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> [i32; 3] {
            match self.value($index) {
                Value::OomScores(scores) => scores,
                _ => [0; 3],
            }
        }
    };
    ($about:expr, $name:ident, $index:expr, Addresses) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Arc<[Text]> {
            match self.value($index) {
                Value::Addresses(list) => list,
                _ => Arc::default(),
            }
        }
    };
    ($about:expr, $name:ident, $index:expr, FarMemory) => {
        getter!($about, $name, $index, Addresses);
    };
    ($about:expr, $name:ident, $index:expr, TierRatio) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> (u32, u32) {
            unpack_ratio(self.number($index))
        }
    };
    ($about:expr, $name:ident, $index:expr, Primary) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Option<Primary> {
            match self.value($index) {
                Value::Primary(primary) => primary,
                _ => None,
            }
        }
    };
    ($about:expr, $name:ident, $index:expr, Percentiles) => {
        #[doc = $about]
        #[must_use]
        pub fn $name(&self) -> Arc<[f64]> {
            match self.value($index) {
                Value::Percentiles(list) => list,
                _ => Arc::default(),
            }
        }
    };
}

/// The rule of a row, if it names one.
macro_rules! rule {
    () => {
        crate::rules::anything
    };
    ($rule:ident) => {
        crate::rules::$rule
    };
}

/// Declares the rows of one section.
macro_rules! directives {
    (
        after $base:expr;
        section $section:literal;
        $(
            $getter:ident: $kind:ident $(($($arg:tt)*))?, $name:literal $(| $alias:literal)*,
            [$($flag:ident)*], $(check $rule:ident,)? $doc:literal;
        )*
    ) => {
        /// The rows by their getters, to number them. Some getters have no need of their number.
        #[allow(non_camel_case_types, dead_code)]
        enum Row { $($getter),* }

        /// The number of the first row.
        pub(super) const BASE: usize = $base;

        /// The number after the last row.
        pub(super) const END: usize = BASE + ROWS.len();

        /// The rows.
        pub(super) const ROWS: &[Directive] = &[$(
            Directive {
                name: $name,
                aliases: &[$($alias),*],
                flags: Flags::NONE $(.with(Flags::$flag))*,
                section: $section,
                doc: $doc,
                kind: kind!($kind $($($arg)*)?),
                rule: rule!($($rule)?),
            }
        ),*];

        #[doc = concat!("# ", $section)]
        impl Config {$(
            getter!(
                concat!("`", $name, "`: ", $doc),
                $getter,
                BASE + Row::$getter as usize,
                $kind $($($arg)*)?
            );
        )*}
    };
}

mod append_only;
mod background;
mod clients;
mod cluster;
mod encodings;
mod memory;
mod monitoring;
mod network;
mod process;
mod rdma;
mod replication;
mod search;
mod security;
mod shared_memory;
mod snapshots;
mod testing;
mod tiers;
mod tls;

/// How many directives there are.
pub(crate) const COUNT: usize = testing::END;

/// All directives, grouped by section.
pub static DIRECTIVES: [Directive; COUNT] = {
    let sections = [
        network::ROWS,
        shared_memory::ROWS,
        rdma::ROWS,
        tiers::ROWS,
        background::ROWS,
        search::ROWS,
        tls::ROWS,
        process::ROWS,
        clients::ROWS,
        security::ROWS,
        memory::ROWS,
        encodings::ROWS,
        snapshots::ROWS,
        append_only::ROWS,
        replication::ROWS,
        cluster::ROWS,
        monitoring::ROWS,
        testing::ROWS,
    ];
    let mut all = [network::ROWS[0]; COUNT];
    let mut next = 0;
    let mut section = 0;
    while section < sections.len() {
        let mut row = 0;
        while row < sections[section].len() {
            all[next] = sections[section][row];
            next += 1;
            row += 1;
        }
        section += 1;
    }
    assert!(next == COUNT);
    all
};

/// Directives of older versions that are read over in silence, each with one argument.
pub(crate) const FORGOTTEN: [&str; 3] =
    ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directive::{Flags, find};
    use crate::kind::{Kind, Stage};
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_lower_case() {
        let mut seen = HashSet::new();
        for name in DIRECTIVES.iter().flat_map(Directive::names) {
            assert!(seen.insert(name), "{name} twice");
            assert_eq!(name, name.to_ascii_lowercase());
            assert!(FORGOTTEN.iter().all(|forgotten| *forgotten != name));
        }
    }

    #[test]
    fn sections_are_contiguous_and_rows_in_their_places() {
        let mut sections: Vec<&str> = DIRECTIVES.iter().map(|row| row.section).collect();
        sections.dedup();
        let count = sections.len();
        sections.sort_unstable();
        sections.dedup();
        assert_eq!(sections.len(), count);
        for (index, directive) in DIRECTIVES.iter().enumerate() {
            let found = find(directive.name.to_ascii_uppercase().as_bytes()).unwrap();
            assert_eq!((found.index, found.name), (index, directive.name));
        }
    }

    #[test]
    fn docs_are_one_finished_line() {
        for directive in &DIRECTIVES {
            let doc = directive.doc;
            assert!(doc.ends_with('.') && doc.len() < 120 && !doc.contains('\n'), "{doc}");
            assert!(!doc.contains('|'), "{doc} would break a table");
        }
    }

    #[test]
    fn defaults_are_valid_values() {
        for directive in DIRECTIVES.iter().filter(|directive| directive.name != "dir") {
            let default = directive.kind.default();
            let shown = directive.show(&default);
            let args: Vec<Vec<u8>> = match directive.flags.contains(Flags::MULTI) {
                true if shown.is_empty() => continue,
                true => shown.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(),
                false => vec![shown],
            };
            let parsed = directive.parse(&default, &args, Stage::Run);
            assert_eq!(parsed.unwrap(), default, "{}", directive.name);
        }
    }

    #[test]
    fn bounds_fit_the_stored_number() {
        for directive in &DIRECTIVES {
            if let Kind::Number { default, min, max, .. } = directive.kind {
                let name = directive.name;
                assert!(min <= i128::from(default) && i128::from(default) <= max, "{name}");
                assert!(min >= i128::from(i64::MIN) && max <= ULONG_MAX, "{name}");
            }
        }
    }
}
