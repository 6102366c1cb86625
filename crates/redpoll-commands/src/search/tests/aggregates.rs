//! FT.AGGREGATE and cursors.

use super::with_shop;
use crate::testing::check;

#[test]
fn rows_are_grouped_computed_and_sorted() {
    with_shop(
        "FT.AGGREGATE i * GROUPBY 1 @brand REDUCE COUNT 0 AS n REDUCE SUM 1 @price AS sum \
         SORTBY 2 @n DESC | \
         FT.AGGREGATE i * APPLY '@price*2' AS double SORTBY 1 @price LIMIT 0 1 | \
         FT.AGGREGATE i red LOAD 2 @title @__key FILTER '@price > 15' | \
         FT.AGGREGATE i hats LOAD *",
        "[2 [brand acme n 2 sum 30] [brand bolt n 1 sum 30]] | [3 [price 10 double 20]] | \
         [1 [title red hats __key d:3 price 30]] | \
         [1 [title red hats brand bolt price 30 place 50,50]]",
    );
}

#[test]
fn words_by_which_documents_were_found() {
    with_shop(
        "FT.AGGREGATE i 'red (ha*|@brand:{bolt})' VERBATIM APPLY 'matched_terms()' AS terms | \
         FT.AGGREGATE i 'shoes|(red nothing)' VERBATIM APPLY 'matched_terms(1)' AS terms | \
         FT.AGGREGATE i '@price:[30 30] -shoes' APPLY 'matched_terms()' AS terms | \
         FT.AGGREGATE i '@price:[30 30] ~hats' APPLY 'matched_terms()' AS terms",
        "[1 [terms [red hats bolt]]] | [2 [terms [shoes]] [terms [shoes]]] | [1 [terms nil]] | \
         [1 [terms [hats +hat]]]",
    );
}

#[test]
fn cursors_are_read_bit_by_bit() {
    with_shop(
        "FT.AGGREGATE i * LOAD 1 @price SORTBY 1 @price WITHCURSOR COUNT 2 | FT.CURSOR READ i 1 | \
         FT.CURSOR READ i 1 | FT.AGGREGATE i * LOAD 1 @price WITHCURSOR COUNT 1 | \
         FT.CURSOR DEL i 2 | \
         FT.CURSOR DEL i 2 | FT.CURSOR READ i x | FT.AGGREGATE i * WITHCURSOR COUNT 3 | \
         FT.CURSOR READ i 3",
        "[[3 [price 10] [price 20]] 1] | [[0 [price 30]] 0] | Cursor not found, id: 1 | \
         [[3 [price 10]] 2] | OK | Cursor does not exist | Bad cursor ID | [[3 [] [] []] 3] | \
         [[0] 0]",
    );
}

#[test]
fn later_reads_of_a_cursor_tell_totals() {
    let read = "FT.CURSOR READ i 1 COUNT 1 | FT.CURSOR READ i 1 COUNT 2";
    with_shop(
        &format!("FT.AGGREGATE i * LOAD 1 @price WITHCURSOR COUNT 1 | {read}"),
        "[[3 [price 10]] 1] | [[1 [price 20]] 1] | [[1 [price 30]] 0]",
    );
    with_shop(
        &format!("FT.AGGREGATE i * GROUPBY 1 @price WITHCURSOR COUNT 1 | {read}"),
        "[[3 [price 10]] 1] | [[0 [price 20]] 1] | [[0 [price 30]] 0]",
    );
    let sorted = "FT.AGGREGATE i * WITHCOUNT SORTBY 1 @price";
    with_shop(
        &format!("{sorted} WITHCURSOR COUNT 1 | {read}"),
        "[[3 [price 10]] 1] | [[3 [price 20]] 1] | [[3 [price 30]] 0]",
    );
}

#[test]
fn scores_come_first_and_sortable_words_in_lower_case() {
    with_shop(
        "HSET e:1 name Bar | FT.CREATE j PREFIX 1 e: SCHEMA name TEXT SORTABLE | \
         FT.AGGREGATE j bar ADDSCORES | FT.AGGREGATE j * GROUPBY 1 @name | \
         FT.AGGREGATE j * LOAD 1 @name GROUPBY 1 @name | FT.CURSOR GC j 0",
        "1 | OK | [1 [__score 0.287682072452]] | [1 [name bar]] | [1 [name Bar]] | 0",
    );
}

#[test]
fn how_many_rows_are_wanted() {
    let sorted = "FT.AGGREGATE i * SORTBY 2 @price DESC";
    with_shop(
        &format!(
            "{sorted} MAX 1 | {sorted} MAX 1 LIMIT 0 2 | {sorted} MAX 2 LIMIT 0 0 | \
             {sorted} MAX 0 | FT.AGGREGATE i * LIMIT 0 0 | \
             FT.AGGREGATE i * LIMIT 0 0 SORTBY 1 @price"
        ),
        "[3 [price 30]] | [3 [price 30] [price 20]] | [3] | \
         [3 [price 30] [price 20] [price 10]] | [3] | [3]",
    );
}

#[test]
fn mistakes() {
    with_shop(
        "FT.AGGREGATE i * GROUPBY 1 brand | FT.AGGREGATE i * GROUPBY 1 @none | \
         FT.AGGREGATE i * APPLY '1 +' AS x | FT.AGGREGATE i * GROUPBY 0 REDUCE NOPE 0 | \
         FT.AGGREGATE i * SORTBY 1 price | FT.AGGREGATE i * LOAD x | FT.AGGREGATE i * RETURN 1 a",
        "Bad arguments for GROUPBY: Unknown property `brand`. Did you mean `@brand`? | \
         No such property `none` | Syntax error at offset 2 near '1' | No such reducer: NOPE | \
         MISSING ASC or DESC after sort field (price) | \
         Bad arguments for LOAD: Expected number of fields or `*` | \
         RETURN is not supported on FT.AGGREGATE",
    );
}

#[test]
fn all_rows_are_counted_on_demand() {
    with_shop(
        "FT.AGGREGATE i * LIMIT 0 1 | FT.AGGREGATE i * WITHCOUNT LIMIT 0 1 | \
         FT.AGGREGATE i * WITHCOUNT FILTER '@price > 10' LIMIT 1 1 | \
         FT.AGGREGATE i * LIMIT 0 2 GROUPBY 1 @brand | \
         FT.AGGREGATE i * LOAD 1 @price SORTBY 0 | \
         FT.AGGREGATE i * WITHCOUNT LOAD 1 @price SORTBY 0 MAX 1",
        "[1 []] | [3 []] | [2 [price 30]] | [1 [brand acme]] | \
         [3 [price 10] [price 20] [price 30]] | [3 [price 10]]",
    );
}

#[test]
fn distances_are_shown_and_the_nearest_come_first() {
    // The numbers 3, 1 and 2 as vectors, and the query's 0.
    let documents = [
        r#"HSET a v "\x00\x00\x40\x40" n 1"#,
        r#"HSET b v "\x00\x00\x80\x3f" n 2"#,
        r#"HSET c v "\x00\x00\x00\x40" n 3"#,
    ];
    let query = |text: &str, rest: &str| {
        let parameters = r#"PARAMS 2 b "\x00\x00\x00\x00" DIALECT 2"#;
        format!("FT.AGGREGATE i '{text}' {parameters} {rest}")
    };
    let commands = [
        query("*=>[KNN 2 @v $b]", ""),
        query("*=>[KNN 3 @v $b AS d]", "LOAD 1 @n"),
        query("@n:[1 2]=>[KNN 2 @v $b AS d]", "SORTBY 1 @d"),
        query("*=>[KNN 3 @v $b AS d]", "GROUPBY 0 REDUCE MAX 1 @d AS most"),
    ];
    let create = "FT.CREATE i SCHEMA n NUMERIC v VECTOR FLAT 6 TYPE FLOAT32 DIM 1 \
                  DISTANCE_METRIC L2";
    check(
        &format!("{create} | {} | {}", documents.join(" | "), commands.join(" | ")),
        "OK | 2 | 2 | 2 | [2 [__v_score 1] [__v_score 4]] | \
         [3 [d 1 n 2] [d 4 n 3] [d 9 n 1]] | [2 [d 1] [d 9]] | [1 [most 9]]",
    );
}
