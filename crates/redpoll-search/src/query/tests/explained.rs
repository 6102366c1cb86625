//! What queries mean, shown by their explanations.

use super::*;

fn check(query: &str, want: &str) {
    assert_eq!(shown(query, Dialect::Two), want, "{query}");
}

#[test]
fn words_and_operators() {
    check("", "<empty>");
    check("the of", "<empty>");
    check("*", "<WILDCARD>");
    check("((*))", "<WILDCARD>");
    check("Hello", "hello");
    check("red fox", "INTERSECT { red fox }");
    check("red the fox", "INTERSECT { red fox }");
    check("red|fox|dog", "UNION { red fox dog }");
    check("red fox|dog", "UNION { INTERSECT { red fox } dog }");
    check("red (fox|dog)", "INTERSECT { red UNION { fox dog } }");
    check("-red fox", "INTERSECT { NOT{ red } fox }");
    check("--red", "red");
    check("-(red fox)", "NOT{ INTERSECT { red fox } }");
    check("~red fox", "INTERSECT { OPTIONAL{ red } fox }");
    check("red 12", "INTERSECT { red 12 }");
    check(r"\-red a\ b", "INTERSECT { -red a b }");
}

#[test]
fn phrases_affixes_patterns_and_errors() {
    check(r#""red fox""#, "EXACT { red fox }");
    check("'red fox'", "EXACT { red fox }");
    check(r#""red, the $fox""#, "EXACT { red $fox }");
    check(r#""the""#, "<empty>");
    check("fo* *ox *o*", "INTERSECT { PREFIX{fo*} SUFFIX{*ox} INFIX{*o*} }");
    check("w'F?x*'", "WILDCARD{f?x*}");
    check(r"w'a\'b\*c\\'", r"WILDCARD{a'b\*c\\}");
    check("%fox% %%fox%% %%%the%%%", "INTERSECT { FUZZY{fox} FUZZY{fox} FUZZY{the} }");
    check("$p $p*", "INTERSECT { foo PREFIX{foo*} }");
    check("%$p%", "FUZZY{foo}");
}

#[test]
fn fields() {
    check("@title:red", "@title:red");
    check("@title:red fox", "INTERSECT { @title:red fox }");
    check("@title:(red fox)", "@title:INTERSECT { @title:red @title:fox }");
    check("@title|body:red", "@title|body:red");
    check("@title:red|fox", "UNION { @title:red fox }");
    check("@title:-red", "@title:NOT{ @title:red }");
    check(r"@a\-b:red", "@a-b:red");
    check("red @title:fox", "INTERSECT { red @title:fox }");
    check("@title:red fo*", "@title:INTERSECT { @title:red @title:PREFIX{fo*} }");
    check("ismissing(@size)", "ISMISSING{size}");
    check("ismissing", "ismissing");
}

#[test]
fn tags() {
    check("@tags:{Red}", "TAG:@tags { red }");
    check("@tags:{red | green apple}", "TAG:@tags { red INTERSECT { green apple } }");
    check(r"@tags:{green\ apple}", "TAG:@tags { green apple }");
    check("@tags:{re* | *ed | w'r?d'}", "TAG:@tags { PREFIX{re*} SUFFIX{*ed} WILDCARD{r?d} }");
    check("@Case:{Red}", "TAG:@Case { Red }");
    check(r"@tags:{a\-b}", "TAG:@tags { a-b }");
    check(r#"@tags:{"a-b c"}"#, "TAG:@tags { a-b c }");
    check("@tags:{the}", "TAG:@tags { the }");
    check("@tags:{$p}", "TAG:@tags { foo }");
    check("@tags:{3d35-86fe | a@b.C:5}", "TAG:@tags { 3d35-86fe a@b.c:5 }");
    check(r"@tags:{ a-b\ c\  } red", "INTERSECT { TAG:@tags { a-b c } red }");
    check("@tags:{-5}", "TAG:@tags { -5 }");
}

#[test]
fn ranges() {
    check("@size:[1 (2.5]", "NUMERIC {1.000000 <= @size < 2.500000}");
    check("@size:[-inf +inf]", "NUMERIC {-inf <= @size <= inf}");
    check("@size:[3]", "NUMERIC {3.000000 <= @size <= 3.000000}");
    check("@size:[$n ($n]", "NUMERIC {5.000000 <= @size < 5.000000}");
    check("@size==3", "NUMERIC {3.000000 <= @size <= 3.000000}");
    check("@size != -$n", "NOT{ NUMERIC {-5.000000 <= @size <= -5.000000} }");
    check(
        "@size>3 @size<=4",
        "INTERSECT { NUMERIC {3.000000 < @size <= inf} NUMERIC {-inf <= @size <= 4.000000} }",
    );
    check("@place:[1 -2 30 KM]", "GEO place:{1.000000,-2.000000 --> 30.000000 km}");
    check("@shape:[within $wkt]", "GEOSHAPE{2 POINT (1 1)}");
}

#[test]
fn vectors() {
    check(
        "*=>[KNN 10 @v $vec]",
        "VECTOR {K=10 nearest vectors to `$vec` in vector index associated with field @v, \
         yields distance as `__v_score`}",
    );
    check(
        "@title:red=>[knn $n @v $vec EF_RUNTIME 50 AS d]",
        "VECTOR { @title:red } => {K=5 nearest vectors to `$vec` in vector index associated with \
         field @v, EF_RUNTIME = 50, yields distance as `d`}",
    );
    check(
        "(red fox)=>[KNN 1 @v $vec]=>{$yield_distance_as: d; $hybrid_policy: adhoc_bf}",
        "VECTOR { INTERSECT { red fox } } => {K=1 nearest vectors to `$vec` in vector index \
         associated with field @v, HYBRID_POLICY = ADHOC_BF, yields distance as `d`}",
    );
    check(
        "@v:[VECTOR_RANGE 0.5 $vec]=>{$epsilon: 0.1; $yield_distance_as: d} red",
        "INTERSECT { VECTOR {Vectors that are within 0.5 distance radius from `$vec` in vector \
         index associated with field @v, EPSILON = 0.1, yields distance as `d`} red }",
    );
}

#[test]
fn attributes() {
    check("red=>{$weight: 2}", "red => {$weight: 2;}");
    check(
        "(red fox)=>{$slop: 1; $inorder: true;} dog",
        "INTERSECT { INTERSECT { red fox } => { $slop: 1; $inorder: true; } dog }",
    );
    check("(red fox)=>{$weight: $n}", "INTERSECT { red fox } => { $weight: 5; }");
    check("(red fox)=>{}", "INTERSECT { red fox }");
    check("(red fox)=>{$slop: -1}", "INTERSECT { red fox }");
}

#[test]
fn expansions() {
    assert_eq!(
        expanded("@title:dogs"),
        "@title:UNION { @title:dogs @title:+dog(expanded) @title:dog(expanded) }"
    );
    assert_eq!(expanded("car"), "UNION { car ~vehicle(expanded) <KR(expanded) +car(expanded) }");
    assert_eq!(expanded("@body:dogs"), "@body:dogs");
    assert_eq!(
        expanded("@title|body:dogs"),
        "@title|body:UNION { @title|body:dogs @title:+dog(expanded) @title:dog(expanded) }"
    );
    assert_eq!(
        expanded("@name:jon=>{$phonetic: false}"),
        "@name:UNION { @name:jon @name:+jon(expanded) }"
    );
    assert_eq!(expanded("@title:jon=>{$phonetic: true}"), "field does not support phonetics");
    assert_eq!(
        expanded("\"dogs\" 12 @tags:{dogs}"),
        "INTERSECT { EXACT { dogs } 12 TAG:@tags { dogs } }"
    );
}
