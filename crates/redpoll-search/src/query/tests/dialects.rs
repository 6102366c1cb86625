//! Where the first dialect differs.

use super::*;

fn check(query: &str, one: &str, two: &str) {
    assert_eq!(shown(query, Dialect::One), one, "{query}");
    assert_eq!(shown(query, Dialect::Two), two, "{query}");
    assert_eq!(shown(query, Dialect::Three), two, "{query}");
    assert_eq!(shown(query, Dialect::Four), two, "{query}");
}

#[test]
fn names_and_minus_reach_further() {
    check(
        "@title:red fox",
        "@title:INTERSECT { @title:red @title:fox }",
        "INTERSECT { @title:red fox }",
    );
    check("-red fox", "NOT{ INTERSECT { red fox } }", "INTERSECT { NOT{ red } fox }");
    check("@title:red|fox", "@title:UNION { @title:red @title:fox }", "UNION { @title:red fox }");
    check("~red (fox)", "OPTIONAL{ INTERSECT { red fox } }", "INTERSECT { OPTIONAL{ red } fox }");
}

#[test]
fn or_binds_more_tightly() {
    check(
        "(red) fo*|dog",
        "INTERSECT { red UNION { PREFIX{fo*} dog } }",
        "UNION { INTERSECT { red PREFIX{fo*} } dog }",
    );
    check(
        "red fox|dog",
        "UNION { INTERSECT { red fox } dog }",
        "UNION { INTERSECT { red fox } dog }",
    );
}

#[test]
fn unknown_fields_match_nothing() {
    check("@none:red", "@NULL:red", "Unknown field at offset 0 near none");
    check("@none:{red}", "<empty>", "Unknown field at offset 0 near none");
    check("@none:[1 2]", "<empty>", "Unknown field at offset 0 near none");
}

#[test]
fn later_inventions_are_not_there() {
    check("$p", "Syntax error at offset 0 near p", "foo");
    check("w'fo?'", "INTERSECT { w fo }", "WILDCARD{fo?}");
    check("'red fox'", "INTERSECT { red fox }", "EXACT { red fox }");
    check("\"red the fox\"", "EXACT { red fox }", "EXACT { red fox }");
    check("(*)", "Syntax error at offset 1 near ", "<WILDCARD>");
    assert!(tree("*=>[KNN 1 @v $vec]", Dialect::One).is_err());
}

#[test]
fn numbers_are_written_plainly() {
    for (number, shown_as) in
        [("+7", "7.000000"), (".5", "5.000000"), ("2.", "2.000000"), ("1e-1", "0.100000")]
    {
        let want = format!("NUMERIC {{{shown_as} <= @size <= 9.000000}}");
        assert_eq!(shown(&format!("@size:[{number} 9]"), Dialect::One), want);
    }
    check(
        "@size:[-inf 1e+2]",
        "Syntax error at offset 12 near 1e",
        "NUMERIC {-inf <= @size <= 100.000000}",
    );
    check(
        "@size:[1 Inf]",
        "Syntax error at offset 9 near Inf",
        "NUMERIC {1.000000 <= @size <= inf}",
    );
}
