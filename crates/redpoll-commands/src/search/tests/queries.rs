//! FT.SEARCH and its kin.

use super::with_shop;
use crate::testing::check;

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
    check(
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
fn users_use_indexes_whose_keys_they_may_read() {
    let no = "NOPERM User does not have the required permissions to query the index";
    let commands = [
        "FT.PROFILE i SEARCH QUERY *",
        "FT.AGGREGATE i * WITHCURSOR",
        "FT.EXPLAIN i x",
        "FT.INFO i",
        "FT.TAGVALS i brand",
        "FT.SPELLCHECK i x",
        "FT.SYNDUMP i",
        "FT.SYNUPDATE i g x",
        "FT.CURSOR READ i 1",
        "FT.CURSOR DEL i 1",
        "FT.CURSOR GC i 0",
        "FT.ALTER i SCHEMA ADD x TAG",
        "FT.ALIASADD b i",
        "FT.ALIASUPDATE a j",
        "FT.ALIASDEL a",
        "FT.ALIASLIST i",
        "FT.GET i d:1",
        "FT.DEL i d:1",
        "FT.DROPINDEX a",
        "FT._DROPINDEXIFX i DD",
    ];
    let setup = "FT.ALIASADD a i | FT.CREATE j PREFIX 1 d:1 SCHEMA t TEXT | \
                 ACL SETUSER eve on >x +@all ~d:1* %R~e:* | AUTH eve x";
    for command in commands {
        with_shop(&format!("{setup} | {command}"), &format!("OK | OK | OK | OK | {no}"));
    }
    with_shop(
        &format!(
            "{setup} | FT.SEARCH j * NOCONTENT | FT.ALIASADD b j | FT.DROPINDEX b DD | EXISTS d:1"
        ),
        "OK | OK | OK | OK | [1 d:1] | OK | OK | 0",
    );
    // To delete documents is to write them.
    with_shop(
        "FT.CREATE j PREFIX 1 e: SCHEMA t TEXT | ACL SETUSER eve on >x +@all %R~e:* | \
         AUTH eve x | FT.SEARCH j * | FT.DROPINDEX j DD | FT.DROPINDEX j",
        &format!("OK | OK | OK | [0] | {no} | OK"),
    );
}

#[test]
fn parameters_may_be_infinite_or_empty() {
    with_shop(
        "HSET d:4 price inf | FT.SEARCH i '@price:[$p]' NOCONTENT PARAMS 2 p +inf DIALECT 2 | \
         FT.SEARCH i '@price:[$p 10]' NOCONTENT PARAMS 2 p -inf DIALECT 2 | \
         FT.SEARCH i '@price:[$p]' PARAMS 2 p nan DIALECT 2 | \
         FT.SEARCH i '@brand:{$p|acme}' NOCONTENT SORTBY price PARAMS 2 p '' DIALECT 2 | \
         FT.SEARCH i '@brand:{\"\"}' DIALECT 2",
        "1 | [1 d:4] | [1 d:1] | Bad lower range: nan | [2 d:1 d:2] | \
         Use `INDEXEMPTY` in field creation in order to index and query for empty strings",
    );
}

#[test]
fn words_of_the_index_alone_are_explained() {
    check(
        "FT.CREATE i SCHEMA t TEXT g TAG | HSET d t hello g x | \
         FT.SEARCH i hello NOCONTENT WITHSCORES EXPLAINSCORE SCORER DISMAX | \
         FT.SEARCH i 'hel*=>{$weight: 3}' NOCONTENT WITHSCORES EXPLAINSCORE SCORER DISMAX | \
         FT.SEARCH i '@g:{x|y}' NOCONTENT WITHSCORES EXPLAINSCORE SCORER DISMAX DIALECT 2",
        "OK | 2 | [1 d [1 DISMAX 1.00 = Weight 1.00 * Frequency 1]] | \
         [1 d [3 DISMAX 3.00 = Weight 3.00 * Frequency 1]] | \
         [1 d [1 DISMAX 1.00 = Weight 1.00 * Frequency 1]]",
    );
}

#[test]
fn queries_that_name_no_scorer_have_the_default_one() {
    check(
        "FT.CREATE i SCHEMA t TEXT | HSET d t 'cat cat cat' | \
         FT.CONFIG SET DEFAULT_SCORER dismax | \
         FT.CONFIG GET DEFAULT_SCORER | FT.SEARCH i cat NOCONTENT WITHSCORES | \
         FT.AGGREGATE i cat ADDSCORES | CONFIG SET search-default-scorer BM25STD.NORM | \
         FT.SEARCH i cat NOCONTENT WITHSCORES | FT.CONFIG SET BM25STD_TANH_FACTOR 10000 | \
         FT.SEARCH i cat NOCONTENT WITHSCORES SCORER BM25STD.TANH | \
         FT.CONFIG SET DEFAULT_SCORER none | FT.CONFIG SET BM25STD_TANH_FACTOR 0",
        "OK | 1 | OK | [[DEFAULT_SCORER DISMAX]] | [1 d 3] | [1 [__score 3]] | OK | [1 d 1] | OK | \
         [1 d 4.520718324964493e-5] | Could not convert argument to expected type | \
         Could not convert argument to expected type",
    );
}

#[test]
fn limits_end_at_the_most_results() {
    with_shop(
        "FT.CONFIG SET MAXSEARCHRESULTS 2 | FT.SEARCH i * NOCONTENT SORTBY price LIMIT 1 2 | \
         FT.SEARCH i * NOCONTENT LIMIT 2 2 | FT.SEARCH i * LIMIT 3 1 | FT.SEARCH i * LIMIT 0 3",
        "OK | [3 d:2] | [3] | OFFSET exceeds maximum of 2 | LIMIT exceeds maximum of 2",
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

#[test]
fn what_documents_say_of_themselves_is_shown_on_demand() {
    check(
        "FT.CREATE i SCORE_FIELD rank LANGUAGE_FIELD tongue PAYLOAD_FIELD note SCHEMA t TEXT | \
         HSET d t cat rank 0.5 tongue english note n | FT.SEARCH i cat | \
         FT.SEARCH i cat WITHPAYLOADS RETURN 2 t rank | FT.AGGREGATE i cat LOAD * | \
         FT.AGGREGATE i cat LOAD 2 t tongue",
        "OK | 4 | [1 d [t cat]] | [1 d n [t cat rank 0.5]] | [1 [t cat]] | \
         [1 [t cat tongue english]]",
    );
}

#[test]
fn returned_fields_have_names_of_their_own() {
    with_shop(
        "FT.SEARCH i hats RETURN 10 title AS a brand AS b title AS b title | \
         FT.SEARCH i hats RETURN 2 brand brand",
        "[1 d:3 [a red hats b red hats title red hats]] | [1 d:3 [brand bolt]]",
    );
}

#[test]
fn numbers_are_returned_as_numbers() {
    check(
        "FT.CREATE i SCHEMA n NUMERIC SORTABLE m AS x NUMERIC | HSET d n 1.50 m 2.0 | \
         FT.SEARCH i * RETURN 3 n x m | FT.SEARCH i *",
        "OK | 2 | [1 d [n 1.5 x 2 m 2.0]] | [1 d [n 1.50 m 2.0]]",
    );
}

#[test]
fn filters_see_keys_and_names_of_fields() {
    check(
        "FT.CREATE i FILTER 'startswith(@__key, \"x:\") && @name == \"ann\"' \
         SCHEMA n AS name TEXT | HSET x:1 n ann | HSET y:1 n ann | HSET x:2 n bob name ann | \
         FT.SEARCH i * NOCONTENT | RENAME y:1 x:3 | FT.SEARCH i * NOCONTENT",
        "OK | 1 | 1 | 2 | [1 x:1] | OK | [2 x:1 x:3]",
    );
}

#[test]
fn settings_of_vector_searches_are_those_of_their_index() {
    let create = |name: &str, algorithm: &str| {
        format!(
            "FT.CREATE {name} SCHEMA v VECTOR {algorithm} 6 TYPE FLOAT32 DIM 1 DISTANCE_METRIC L2"
        )
    };
    let setup = [create("flat", "FLAT"), create("hnsw", "HNSW"), create("svs", "SVS-VAMANA")];
    let setup = format!("{} | HSET d v aaaa", setup.join(" | "));
    let refused = "Error parsing vector similarity parameters: Invalid option";
    let found = "[1 d]";
    let nearest = |setting: &str| format!("*=>[KNN 1 @v $b {setting}]");
    let within = |setting: &str| format!("@v:[VECTOR_RANGE 1 $b]=>{{${setting}}}");
    for (query, answers) in [
        (nearest("EF_RUNTIME 5"), [refused, found, refused]),
        (nearest("SEARCH_WINDOW_SIZE 5"), [refused, refused, found]),
        (within("EPSILON: 0.5"), [refused, found, found]),
        (within("EF_RUNTIME: 5"), [refused, refused, refused]),
        (nearest("USE_SEARCH_HISTORY ON"), [refused, refused, refused]),
    ] {
        let search = |index: &str| {
            format!("FT.SEARCH {index} '{query}' PARAMS 2 b aaaa NOCONTENT DIALECT 2")
        };
        let commands = ["flat", "hnsw", "svs"].map(search).join(" | ");
        let want = format!("OK | OK | OK | 1 | {}", answers.join(" | "));
        check(&format!("{setup} | {commands}"), &want);
    }
    check(
        &format!(
            "{setup} | FT.SEARCH flat '*=>[KNN 1 @v $b AS v]' PARAMS 2 b aaaa DIALECT 2 | \
             FT.SEARCH flat '@v:[VECTOR_RANGE 1 $b]=>{{$YIELD_DISTANCE_AS: v}}' PARAMS 2 b aaaa \
             DIALECT 2"
        ),
        "OK | OK | OK | 1 | Property `v` already exists in schema | \
         Property `v` already exists in schema",
    );
    let parts = ["2", "x"].map(|part| {
        let query = format!("*=>[KNN 1 @v $b]=>{{$SHARD_K_RATIO: {part}}}");
        format!("FT.SEARCH flat '{query}' PARAMS 2 b aaaa DIALECT 2")
    });
    check(
        &format!("{setup} | {}", parts.join(" | ")),
        "OK | OK | OK | 1 | Invalid shard k ratio value: Shard k ratio must be greater than 0 and \
         at most 1 (got 2) | Invalid shard k ratio value 'x'",
    );
}
