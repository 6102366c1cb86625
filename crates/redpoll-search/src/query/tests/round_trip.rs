//! Any tree, written as a query and read again, is the same tree.

use proptest::prelude::*;

use super::print::print;
use super::*;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{2,6}x",
        "[a-zäöüß中]{1,4}y",
        Just(r"a\-b".to_owned()),
        Just(r"c\ d".to_owned()),
        Just("the".to_owned()),
    ]
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => word(),
        1 => word().prop_map(|word| format!("{word}*")),
        1 => word().prop_map(|word| format!("*{word}")),
        1 => word().prop_map(|word| format!("*{word}*")),
        1 => word().prop_map(|word| format!("%%{word}%%")),
        1 => (word(), word()).prop_map(|(one, other)| format!("\"{one} {other}\"")),
        1 => "[a-z?*]{1,5}".prop_map(|pattern| format!("w'{pattern}'")),
        1 => (-1000i32..1000, 0u32..1000).prop_map(|(min, more)| {
            format!("@size:[{min} ({}]", f64::from(min) + f64::from(more) / 8.0)
        }),
        1 => word().prop_map(|word| format!("@tags:{{{word} | {word}* | x y}}")),
        1 => (-180i32..180, -80i32..80).prop_map(|(x, y)| format!("@place:[{x} {y} 3.5 mi]")),
        1 => Just("ismissing(@size)".to_owned()),
        1 => Just("-inf".to_owned()),
    ]
}

fn query() -> impl Strategy<Value = String> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let some = || prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            some().prop_map(|parts| format!("({})", parts.join(" "))),
            some().prop_map(|parts| format!("({})", parts.join("|"))),
            some().prop_map(|parts| parts.join(" ")),
            inner.clone().prop_map(|part| format!("-{part}")),
            inner.clone().prop_map(|part| format!("~({part})")),
            inner.clone().prop_map(|part| format!("@title:{part}")),
            inner.clone().prop_map(|part| format!("@title|body:({part})")),
            inner.clone().prop_map(|part| format!("({part})=>{{$weight: 2.5; $slop: 3}}")),
            inner.clone().prop_map(|part| format!("({part})=>{{$inorder: true}}")),
        ]
    })
}

proptest! {
    #[test]
    fn a_tree_survives_being_written_and_read(query in query()) {
        if let Ok(first) = tree(&query, Dialect::Two) {
            let written = print(&first);
            let second = tree(&written, Dialect::Two);
            prop_assert_eq!(Ok(first), second, "{} became {}", query, written);
        }
    }

    #[test]
    fn no_text_breaks_the_parser(query in "[a-z@:(){}|\\[\\]~*%$\"'=>;<! \\\\-]{0,40}") {
        for dialect in [Dialect::One, Dialect::Two] {
            if let Ok(tree) = tree(&query, dialect) {
                flat(&tree);
            }
        }
    }

    #[test]
    fn no_bytes_break_the_parser(query in prop::collection::vec(any::<u8>(), 0..60)) {
        let (parameters, stop_words) = (Parameters::default(), StopWords::default());
        let pairs = [(Dialect::One, Language::Chinese), (Dialect::Two, Language::English)];
        for (dialect, language) in pairs {
            let options = ParseOptions {
                dialect, parameters: &parameters, stop_words: &stop_words, language,
            };
            let _ = parse(&query, &*FIELDS, options);
        }
    }
}
