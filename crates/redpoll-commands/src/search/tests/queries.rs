//! FT.SEARCH and its kin.

use super::with_shop;

#[test]
fn scores_are_normalized_and_stretched() {
    with_shop(
        "FT.SEARCH i red SCORER BM25STD.NORM WITHSCORES NOCONTENT | \
         FT.SEARCH i red SCORER BM25STD.NORM WITHSCORES NOCONTENT LIMIT 1 1 | \
         FT.AGGREGATE i red SCORER BM25STD.NORM ADDSCORES SORTBY 1 @__score LIMIT 0 1 | \
         FT.SEARCH i red SCORER BM25STD.TANH BM25STD_TANH_FACTOR 1000000 | \
         FT.SEARCH i red BM25STD_TANH_FACTOR 4",
        "[2 d:3 1 d:1 0.8430232532753565] | [2 d:1 0.8430232532753565] | \
         [2 [__score 0.843023253275]] | \
         Bad arguments for BM25STD_TANH_FACTOR: Value is outside acceptable bounds | \
         BM25STD_TANH_FACTOR is only relevant for the BM25STD.TANH scorer",
    );
}

#[test]
fn keys_are_returned_by_name() {
    with_shop(
        "FT.SEARCH i hats RETURN 1 __key | FT.SEARCH i hats RETURN 4 __key AS k brand",
        "[1 d:3 [__key d:3]] | [1 d:3 [k d:3 brand bolt]]",
    );
}

#[test]
fn formats() {
    with_shop(
        "FT.SEARCH i hats NOCONTENT FORMAT STRING | FT.SEARCH i hats FORMAT | \
         FT.SEARCH i hats FORMAT EXPAND | FT.AGGREGATE i hats FORMAT NOPE",
        "[1 d:3] | Need an argument for FORMAT | EXPAND format is only supported with RESP3 | \
         FORMAT NOPE is not supported",
    );
}

#[test]
fn words_tags_and_numbers() {
    with_shop(
        "FT.SEARCH i red NOCONTENT SORTBY price | FT.SEARCH i 'red shoes' NOCONTENT | \
         FT.SEARCH i '@brand:{acme} @price:[15 inf]' NOCONTENT DIALECT 2 | FT.SEARCH i none | \
         FT.SEARCH i run NOCONTENT | FT.SEARCH i run NOCONTENT VERBATIM | FT.SEARCH i * LIMIT 0 0",
        "[2 d:1 d:3] | [1 d:1] | [1 d:2] | [0] | [1 d:1] | [0] | [3]",
    );
}

#[test]
fn fields_are_returned() {
    with_shop(
        "FT.SEARCH i hats | FT.SEARCH i hats RETURN 2 title none | \
         FT.SEARCH i hats RETURN 3 price AS p | FT.SEARCH i hats RETURN 0",
        "[1 d:3 [title red hats brand bolt price 30 place 50,50]] | \
         [1 d:3 [title red hats]] | [1 d:3 [p 30]] | [1 d:3]",
    );
}

#[test]
fn what_is_not_indexed_is_sorted_by_and_not_found() {
    crate::testing::check(
        "FT.CREATE i SCHEMA n NUMERIC SORTABLE NOINDEX m NUMERIC | HSET a n 2 m 1 | \
         HSET b n 1 m 1 | FT.SEARCH i '@n:[0 9]' NOCONTENT | \
         FT.SEARCH i '@m:[0 9]' NOCONTENT SORTBY n | FT.SEARCH i * NOCONTENT FILTER n 0 9",
        "OK | 2 | 2 | [0] | [2 b a] | [0]",
    );
}

#[test]
fn results_are_sorted_and_cut() {
    with_shop(
        "FT.SEARCH i * NOCONTENT SORTBY price DESC LIMIT 0 2 | \
         FT.SEARCH i * NOCONTENT SORTBY title ASC | \
         FT.SEARCH i * NOCONTENT SORTBY price LIMIT 2 5 WITHSORTKEYS | FT.SEARCH i * SORTBY none",
        "[3 d:3 d:2] | [3 d:2 d:3 d:1] | [3 d:3 #30] | Property `none` not loaded nor in schema",
    );
}

#[test]
fn filters_and_limits() {
    with_shop(
        "FT.SEARCH i * NOCONTENT FILTER price 10 (20 | FT.SEARCH i * NOCONTENT INKEYS 2 d:2 x | \
         FT.SEARCH i * NOCONTENT GEOFILTER place 1 1 200 km SORTBY price | \
         FT.SEARCH i red NOCONTENT INFIELDS 1 brand | FT.SEARCH i $w NOCONTENT PARAMS 2 w hats \
         DIALECT 2",
        "[1 d:1] | [1 d:2] | [2 d:1 d:2] | [0] | [1 d:3]",
    );
}

#[test]
fn matches_are_marked() {
    with_shop(
        "FT.SEARCH i runs RETURN 1 title HIGHLIGHT | \
         FT.SEARCH i hats RETURN 1 title HIGHLIGHT FIELDS 1 title TAGS [ ] | \
         FT.SEARCH i hats RETURN 1 title SUMMARIZE FRAGS 1 LEN 5",
        "[1 d:1 [title red <b>running</b> shoes]] | [1 d:3 [title red [hats]]] | \
         [1 d:3 [title red hats... ]]",
    );
}

#[test]
fn mistakes() {
    with_shop(
        "FT.SEARCH none * | FT.SEARCH i '(red' DIALECT 2 | FT.SEARCH i * NOPE | \
         FT.SEARCH i * LIMIT 1 | \
         FT.SEARCH i * LIMIT 1 0 | FT.SEARCH i * DIALECT 9 | FT.SEARCH i * LANGUAGE klingon | \
         FT.SEARCH i * SCORER none | FT.SEARCH i * EXPLAINSCORE | FT.SEARCH i * PARAMS 1 a",
        "none: no such index | Syntax error at offset 1 near red | \
         Unknown argument `NOPE` at position 3 for <main> | LIMIT requires two arguments | \
         The `offset` of the LIMIT must be 0 when `num` is 0 | \
         DIALECT requires a non negative integer >=1 and <= 4 | No such language | \
         No such scorer none | EXPLAINSCORE must be accompanied with WITHSCORES | \
         Parameters must be specified in PARAM VALUE pairs",
    );
}

#[test]
fn queries_are_explained() {
    with_shop(
        "FT.EXPLAIN i hello VERBATIM DIALECT 2 | FT.EXPLAINCLI i '@title:red' VERBATIM",
        "hello\n | [@title:red \"\"]",
    );
}

#[test]
fn tags_and_spelling() {
    with_shop(
        "FT.TAGVALS i brand | FT.TAGVALS i title | FT.TAGVALS i none | FT.SPELLCHECK i shoos | \
         FT.SPELLCHECK i red | FT.DICTADD d shoos | FT.SPELLCHECK i shoos TERMS EXCLUDE d | \
         FT.SPELLCHECK i shoos TERMS INCLUDE none | FT.SPELLCHECK i x DISTANCE 5",
        "[acme bolt] | Not a tag field | No such field | \
         [[TERM shoos [[0.6666666666666666 shoes]]]] | [] | 1 | [] | Dict does not exist: none | \
         bad distance given, distance must be a natural number between 1 to 4",
    );
}

#[test]
fn users_find_what_they_may_read() {
    with_shop(
        "ACL SETUSER eve on >x +@all ~d:1 ~d:3 | AUTH eve x | \
         FT.SEARCH i * NOCONTENT SORTBY price | FT.SEARCH i shoes NOCONTENT | \
         FT.SEARCH i * NOCONTENT SORTBY price LIMIT 1 1 | \
         FT.AGGREGATE i * GROUPBY 1 @brand REDUCE COUNT 0 AS n SORTBY 2 @brand ASC",
        "OK | OK | [2 d:1 d:3] | [1 d:1] | [2 d:3] | [2 [brand acme n 1] [brand bolt n 1]]",
    );
}

#[test]
fn safe_mode_answers_the_same() {
    with_shop(
        "CONFIG SET search-mode safe | FT.SEARCH i red NOCONTENT SORTBY price | MULTI | \
         FT.SEARCH i hats RETURN 1 title | EXEC | FT.AGGREGATE i red LOAD 1 @title LIMIT 0 1 | \
         FT.CONFIG GET WORKERS",
        "OK | [2 d:1 d:3] | OK | QUEUED | [[1 d:3 [title red hats]]] | \
         [1 [title red running shoes]] | [[WORKERS 0]]",
    );
}
