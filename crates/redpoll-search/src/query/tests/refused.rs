//! Queries that are none, and what is said about them.

use super::*;

fn check(query: &str, want: &str) {
    match tree(query, Dialect::Two) {
        Ok(tree) => panic!("{query} became {}", flat(&tree)),
        Err(error) => assert_eq!(error.to_string(), want, "{query}"),
    }
}

#[test]
fn syntax() {
    check("(red", "Syntax error at offset 1 near red");
    check("red)", "Syntax error at offset 3 near red");
    check("()", "Syntax error at offset 1 near ");
    check("red |", "Syntax error at offset 4 near red");
    check("@title:", "Syntax error at offset 6 near title");
    check("@title:@body:red", "Syntax error at offset 7 near body");
    check("@title:(@size:[1 2])", "Syntax error at offset 8 near size");
    check("red *", "Syntax error at offset 4 near red");
    check("\"red", "Syntax error at offset 1 near red");
    check("%red", "Syntax error at offset 1 near red");
    check("{red}", "Syntax error at offset 0 near ");
    check("@tags:{red|}", "Syntax error at offset 11 near red");
    check("@size:[1 2 3]", "Syntax error at offset 12 near 3");
    check("red fox=>[KNN 1 @v $vec]", "Syntax error at offset 9 near >[");
    check("*=>[KNN x @v $vec]", "Syntax error at offset 8 near x");
    check("*=>[KNN 1 @v $vec] red", "Syntax error at offset 19 near red");
}

#[test]
fn fields_and_kinds() {
    check("@none:red", "Unknown field at offset 0 near none");
    check("@size:red", "Expected a TEXT field at offset 0 near size");
    check("@title:{red}", "Expected a TAG field at offset 0 near title");
    check("@title:[1 2]", "Expected a NUMERIC field at offset 0 near title");
    check("@title>3", "Expected a NUMERIC field at offset 0 near title");
    check("@title:[1 2 3 km]", "Expected a GEO field at offset 0 near title");
    check("@title:[within $wkt]", "Expected a GEOSHAPE field at offset 0 near title");
    check("@title:[vector_range 1 $vec]", "Expected a VECTOR field at offset 0 near title");
    check("*=>[KNN 1 @title $vec]", "Expected a VECTOR field at offset 10 near title");
    check("@title|size:red", "Expected a TEXT field at offset 7 near size");
    check(
        "ismissing(@title)",
        "'ismissing' requires defining the field with 'INDEXMISSING' at offset 10 near title",
    );
    check(
        "@shape:[near $wkt]",
        "Syntax error: Expecting a geoshape predicate at offset 13 near wkt",
    );
    check(
        "*=>[ANN 1 @v $vec]",
        "Syntax error: Expecting Vector Similarity command at offset 4 near ANN",
    );
}

#[test]
fn values() {
    check("$none", "No such parameter `none`");
    check("$none )", "Syntax error at offset 6 near none");
    check("@size:[$p 5]", "Bad lower range: Foo");
    check("@size>$p", "Invalid numeric value (Foo) for parameter `p`");
    check("red=>{$weight: 1e999}", "Invalid value (1e999) for `weight`");
    check("@size:[5 1]", "Invalid numeric range (min > max): @size:[5.000000 1.000000]");
    check("@place:[1 2 3 parsec]", "Invalid GeoFilter unit");
    check("@place:[181 2 3 km]", "Invalid GeoFilter lat/lon");
    check("@place:[1 2 0 km]", "Invalid GeoFilter radius");
    check("red=>{$weight: -1}", "Invalid value (-1) for `weight`");
    check("red=>{$slop: x}", "Invalid value (x) for `slop`");
    check("red=>{$colour: x}", "Invalid attribute colour");
    check("red=>{$ef_runtime: 5}", "Invalid attribute ef_runtime");
    check(
        "@v:[vector_range -1 $vec]",
        "Error parsing vector similarity query: negative radius (-1) given in a range query",
    );
    check("*=>[KNN 1 @v $vec EF 5]", "Error parsing vector similarity parameters: Invalid option");
    check(
        "*=>[KNN 1 @v $vec EPSILON 5]",
        "Error parsing vector similarity parameters: range query attributes were sent for a \
         non-range query",
    );
    check(
        "*=>[KNN 1 @v $vec AS a]=>{$yield_distance_as: b}",
        "Distance field was specified twice for vector query: a and b",
    );
    check(
        "@title:\"\"",
        "Use `INDEXEMPTY` in field creation in order to index and query for empty strings",
    );
    assert!(tree("@body:\"\"", Dialect::Two).is_ok());
    check("@size:[(5]", "Syntax error at offset 9 near 5");
    check("@size:[inf 5]", "Invalid numeric range (min > max): @size:[inf 5.000000]");
}

#[test]
fn depth_is_bounded() {
    let deep = |open: &str, depth: usize| open.repeat(depth) + "red";
    for open in ["(", "-", "~", "@title:-", "red|(", "red ("] {
        let error = tree(&deep(open, 5000), Dialect::Two).unwrap_err();
        assert!(matches!(error, QueryError::TooDeep | QueryError::Syntax { .. }), "{open}");
    }
    let closed = "(".repeat(150) + "red" + &")".repeat(150);
    assert!(tree(&closed, Dialect::Two).is_ok());
    assert!(tree(&"red ".repeat(20_000), Dialect::Two).is_ok());
    assert!(tree("red|".repeat(20_000).trim_end_matches('|'), Dialect::Two).is_ok());
    assert!(tree(&"1 ".repeat(20_000), Dialect::Two).is_ok());
    assert!(tree(&"red fo* ".repeat(20_000), Dialect::One).is_ok());
}
