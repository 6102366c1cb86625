//! FT.HYBRID.

use crate::testing::TestServer;

/// Runs a command on a server with three documents that have a text and a vector of two numbers, at
/// once and in the background, and compares the beginning of what it answers. `$$` are parameters
/// with a vector near `b`.
#[track_caller]
fn with_pictures(command: &str, want: &str) {
    // 1.0 and 0.0 as four bytes each.
    let (one, zero) = (r"\x00\x00\x80\x3f", r"\x00\x00\x00\x00");
    let command = command.replace("$$", &format!("PARAMS 2 q \"{zero}{one}\""));
    for background in [false, true] {
        let mut server = match background {
            true => TestServer::in_background("snapshot"),
            false => TestServer::new(),
        };
        let mut client = server.client();
        for line in [
            "FT.CREATE i SCHEMA t TEXT n NUMERIC g TAG v VECTOR HNSW 6 TYPE FLOAT32 DIM 2 \
             DISTANCE_METRIC L2"
                .to_owned(),
            format!("HSET a t 'red cat' n 1 g x v \"{one}{zero}\""),
            format!("HSET b t 'red dog' n 2 g x v \"{zero}{one}\""),
            format!("HSET c t 'blue cat' n 3 g x v \"{zero}{zero}\""),
        ] {
            server.run(&mut client, &line);
        }
        let answer = server.run(&mut client, &command);
        assert!(answer.starts_with(want), "{command}: {answer}");
    }
}

#[test]
fn both_orders_count() {
    with_pictures(
        "FT.HYBRID i SEARCH @t:red VSIM @v $q KNN 2 K 2 LOAD 1 @__key $$",
        "[total_results 3 results [[__key b] [__key a] [__key c]] warnings [] execution_time ",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q LOAD 1 @__key LIMIT 0 1 $$",
        "[total_results 3 results [[__key b]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH cat VSIM @v $q KNN 2 K 1 LOAD 2 @__key @n SORTBY 2 @n DESC $$",
        "[total_results 3 results [[__key c n 3] [__key b n 2] [__key a n 1]]",
    );
}

#[test]
fn words_by_which_documents_were_found() {
    with_pictures(
        "FT.HYBRID i SEARCH @t:red VSIM @v $q LOAD 1 @__key APPLY 'matched_terms()' AS terms $$",
        "[total_results 3 results [[__key b terms [red]] [__key a terms [red]] \
         [__key c terms nil]]",
    );
}

#[test]
fn scores_have_names() {
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q YIELD_SCORE_AS near FILTER @n:[2,3] \
         COMBINE LINEAR 4 ALPHA 0 BETA 2 YIELD_SCORE_AS all LOAD 3 @__key @near @all $$",
        "[total_results 2 results [[__key b near 1 all 2] [__key c near 0.5 all 1]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q RANGE 2 RADIUS 1 LOAD 1 @__key $$",
        "[total_results 2 results [[__key b] [__key c]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q KNN 2 K 1 COMBINE RRF 2 CONSTANT 1 $$",
        "[total_results 1 results [[__key b __score 0.5]]",
    );
    // Names that are not loaded are told all the same, one of them in the place of the score's.
    with_pictures(
        "FT.HYBRID i 2 SEARCH none YIELD_SCORE_AS words VSIM @v $q KNN 4 K 1 YIELD_SCORE_AS near \
         COMBINE RRF 4 CONSTANT 1 YIELD_SCORE_AS all $$",
        "[total_results 1 results [[__key b all 0.5 near 1]]",
    );
}

#[test]
fn weights_have_defaults() {
    let query = "FT.HYBRID i SEARCH none VSIM @v $q KNN 2 K 1 COMBINE LINEAR";
    with_pictures(&format!("{query} 0 $$"), "[total_results 1 results [[__key b __score 0.7]]");
    with_pictures(
        &format!("{query} 4 BETA 0.25 ALPHA 1 $$"),
        "[total_results 1 results [[__key b __score 0.25]]",
    );
}

#[test]
fn tags_do_not_score() {
    with_pictures(
        "FT.HYBRID i SEARCH '@g:{x}' VSIM @v $q KNN 2 K 1 COMBINE LINEAR 4 ALPHA 1 BETA 0 $$",
        "[total_results 3 results [[__key a __score 0] [__key b __score 0] [__key c __score 0]]",
    );
}

#[test]
fn windows_bound_both_searches() {
    with_pictures(
        "FT.HYBRID i SEARCH @t:red VSIM @v $q COMBINE RRF 2 WINDOW 1 LOAD 1 @__key $$",
        "[total_results 2 results [[__key a] [__key b]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q KNN 2 K 3 COMBINE RRF 2 WINDOW 2 LOAD 1 @__key $$",
        "[total_results 2 results [[__key b] [__key c]]",
    );
}

#[test]
fn filters_before_and_behind() {
    for filter in
        ["@t:cat", "1 @t:cat", "3 @t:cat POLICY ADHOC", "5 @t:cat POLICY BATCHES BATCH_SIZE 2"]
    {
        with_pictures(
            &format!("FT.HYBRID i SEARCH none VSIM @v $q FILTER {filter} LOAD 1 @__key $$"),
            "[total_results 2 results [[__key c] [__key a]]",
        );
    }
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q FILTER @t:cat FILTER '@__key != \"c\"' \
         LOAD 1 @__key $$",
        "[total_results 1 results [[__key a]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q RANGE 4 RADIUS 1 EPSILON 0.5 FILTER @t:cat \
         LOAD 1 @__key $$",
        "[total_results 1 results [[__key c]]",
    );
}

#[test]
fn steps_of_aggregations() {
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q APPLY '@n * 2' AS twice LOAD 1 @n \
         SORTBY 3 @twice DESC n LIMIT 0 2 $$",
        "[total_results 3 results [[n 3 twice 6] [n 2 twice 4]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q LOAD 1 @t GROUPBY 1 @t REDUCE COUNT 0 AS c \
         SORTBY 1 t $$",
        "[total_results 3 results [[t blue cat c 1] [t red cat c 1] [t red dog c 1]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q NOSORT LIMIT 0 0 FORMAT STRING $$",
        "[total_results 3 results []",
    );
}

#[test]
fn scores_are_explained() {
    let query = "FT.HYBRID i SEARCH @t:red VSIM @v $q KNN 2 K 1 EXPLAINSCORE";
    with_pictures(
        &format!("{query} LOAD 1 @__key LIMIT 0 1 $$"),
        "[total_results 2 results [[score [0.03252247488101534 [final score: 1 / (constant 60.00 + \
         rank 2) + 1 / (constant 60.00 + rank 1) = 0.03252247488101534 [[Hybrid score (RRF: \
         window=20, constant=60.00) [[text rank = 2 [[Text scorer: BM25STD [[Final BM25 : words \
         BM25 ",
    );
    with_pictures(
        &format!("{query} SORTBY 1 @__key LOAD 1 @__key $$"),
        "[total_results 2 results [[score [0.01639344262295082 [final score: 1 / (constant 60.00 + \
         rank 1) + 0 [vector: no match] = 0.016393442622950821 [[Hybrid score (RRF: ",
    );
    with_pictures(
        "FT.HYBRID i SEARCH none VSIM @v $q RANGE 4 RADIUS 0.5 EPSILON 0.5 COMBINE LINEAR 4 ALPHA \
         0.25 BETA 0.75 EXPLAINSCORE $$",
        "[total_results 1 results [[score [0.75 [final score: 0 [text: no match] + 0.7500 * 1.0000 \
         = 0.75 [[Hybrid score (LINEAR: alpha=0.2500, beta=0.7500, window=20) [text contribution = \
         <no match> [vector branch (RANGE: radius=0.5000, epsilon=0.5) [matched within radius = \
         true vector contribution = 0.7500 * 1.0000 = 0.7500 normalized vector score = \
         1.0000]]]]]]] __key b __score 0.75]]",
    );
    with_pictures(
        "FT.HYBRID i SEARCH dog SCORER TFIDF VSIM @v $q RANGE 2 RADIUS 0 COMBINE LINEAR 4 ALPHA 1 \
         BETA 1 LOAD 1 @__key EXPLAINSCORE $$",
        "[total_results 1 results [[score [",
    );
    with_pictures(
        &format!("{query} GROUPBY 1 @t $$"),
        "EXPLAINSCORE is not supported with GROUPBY",
    );
}

/// Runs commands on a server with the three documents, one after the other.
#[track_caller]
fn with_cursors(commands: &[&str], wants: &[&str]) {
    let (one, zero) = (r"\x00\x00\x80\x3f", r"\x00\x00\x00\x00");
    let mut server = TestServer::new();
    let mut client = server.client();
    for line in [
        "FT.CREATE i SCHEMA t TEXT n NUMERIC v VECTOR FLAT 6 TYPE FLOAT32 DIM 2 DISTANCE_METRIC L2"
            .to_owned(),
        format!("HSET a t 'red cat' n 1 v \"{one}{zero}\""),
        format!("HSET b t 'red dog' n 2 v \"{zero}{one}\""),
        format!("HSET c t 'blue cat' n 3 v \"{zero}{zero}\""),
    ] {
        server.run(&mut client, &line);
    }
    for (command, want) in commands.iter().zip(wants) {
        let command = command.replace("$$", &format!("PARAMS 2 q \"{zero}{one}\""));
        assert_eq!(&server.run(&mut client, &command), want, "{command}");
    }
}

#[test]
fn both_searches_have_cursors() {
    with_cursors(
        &[
            "FT.HYBRID i SEARCH @t:red VSIM @v $q YIELD_SCORE_AS near WITHCURSOR COUNT 1 $$",
            "FT.CURSOR READ i 1",
            "FT.CURSOR READ i 1 COUNT 5",
            "FT.CURSOR READ i 2",
            "FT.CURSOR DEL i 2",
            "FT.HYBRID i SEARCH none VSIM @v $q LOAD 1 @n WITHCURSOR MAXIDLE 1000 $$",
            "FT.CURSOR READ i 3",
            "FT.CURSOR READ i 4",
            "FT.HYBRID i SEARCH none VSIM @v $q WITHCURSOR COUNT 0 $$",
        ],
        &[
            "[SEARCH 1 VSIM 2 warnings []]",
            "[[1 [__key a]] 1]",
            "[[1 [__key b]] 0]",
            "[[1 [__key b near 1]] 2]",
            "OK",
            "[SEARCH 3 VSIM 4 warnings []]",
            "[[0] 0]",
            "[[3 [n 2] [n 3] [n 1]] 0]",
            "Bad arguments for COUNT: Value is outside acceptable bounds",
        ],
    );
}

#[test]
fn searches_are_profiled() {
    with_pictures(
        "FT.PROFILE i HYBRID QUERY SEARCH none VSIM @v $q LOAD 1 @__key LIMIT 0 1 $$",
        "[total_results 3 results [[__key b]] warnings [] execution_time ",
    );
}

#[test]
fn mistakes() {
    let query = "FT.HYBRID i SEARCH x VSIM @v $q";
    for (command, want) in [
        ("FT.HYBRID none SEARCH x VSIM @v $q $$", "none: no such index"),
        ("FT.HYBRID i QUERY x VSIM @v $q $$", "Invalid subqueries count: expected an unsigned"),
        ("FT.HYBRID i 3 SEARCH x VSIM @v $q $$", "FT.HYBRID currently supports only two"),
        ("FT.HYBRID i 2 QUERY x VSIM @v $q $$", "SEARCH keyword is required"),
        ("FT.HYBRID i SEARCH x KNN @v $q $$", "Unknown argument `KNN` in SEARCH"),
        ("FT.HYBRID i SEARCH x DIALECT 2 VSIM @v $q", "DIALECT is not supported in FT.HYBRID"),
        ("FT.HYBRID i SEARCH x SCORER NOPE VSIM @v $q", "No such scorer NOPE"),
        ("FT.HYBRID i SEARCH x SCORER BM25 YIELD_SCORE_AS a", "VSIM argument is required"),
        ("FT.HYBRID i SEARCH x VSIM v $q $$", "Missing @ prefix for vector field name"),
        ("FT.HYBRID i SEARCH x SCORER BM25 VSIM @v", "Missing vector argument"),
        ("FT.HYBRID i SEARCH x VSIM @t $q $$", "Expected a vector field `t`"),
        ("FT.HYBRID i SEARCH x VSIM @x $q $$", "Unknown field `x`"),
        ("FT.HYBRID i SEARCH x VSIM @v $other $$", "No such parameter `other`"),
        (
            "FT.HYBRID i SEARCH '@v:[VECTOR_RANGE 1 $q]' VSIM @v $q $$",
            "Vector expressions are not allowed in FT.HYBRID SEARCH",
        ),
        ("FT.HYBRID i SEARCH x VSIM @v abc $$", "Error parsing vector similarity query"),
    ] {
        with_pictures(command, want);
    }
    for (rest, want) in [
        ("KNN", "Missing argument count"),
        ("KNN x", "Invalid argument count: expected an unsigned integer"),
        ("KNN 1 K", "Invalid argument count: 1 (must be a positive even number for"),
        ("KNN 2", "Expected arguments 2, but 0 were provided"),
        ("KNN 2 K", "Missing argument value for K"),
        ("KNN 2 K 0", "Invalid K value"),
        ("KNN 4 K 1 K 2", "Duplicate K argument"),
        ("KNN 2 EF_RUNTIME 5", "Missing required argument K"),
        ("KNN 4 K 1 RADIUS 2", "Unknown argument `RADIUS` in KNN"),
        ("RANGE 2 EPSILON 1", "Missing required argument RADIUS"),
        ("RANGE 2 RADIUS -1", "Invalid RADIUS value"),
        ("RANGE 4 RADIUS 1 EPSILON 0", "Invalid EPSILON value"),
        ("FILTER", "Missing argument count for FILTER"),
        ("FILTER 3 @t:cat", "Not enough arguments in FILTER, specified 3 but provided only 1"),
        ("FILTER 3 @t:cat POLICY NOPE", "POLICY: Invalid value for argument"),
        (
            "FILTER 5 @t:cat POLICY ADHOC BATCH_SIZE 1",
            "Error parsing vector similarity parameters: 'batch size' is irrelevant for",
        ),
        ("FILTER '@t:cat=>{$weight: 2}' $$", "Weight attributes are not allowed in FT.HYBRID"),
        ("YIELD_SCORE_AS a YIELD_SCORE_AS b", "Duplicate YIELD_SCORE_AS argument"),
        ("COMBINE BEST 0", "COMBINE: Invalid value for argument"),
        ("COMBINE RRF 1 WINDOW", "RRF expects pairs of key value arguments, argument count must"),
        ("COMBINE RRF 2 WINDOW 0", "WINDOW: Value below minimum"),
        ("COMBINE RRF 4 WINDOW 1", "Not enough arguments in RRF, specified 4 but provided only 2"),
        ("COMBINE LINEAR 2 ALPHA 1", "Missing value for BETA"),
        ("COMBINE LINEAR 2 BETA 1", "Missing value for ALPHA"),
        (
            "COMBINE LINEAR 2 YIELD_SCORE_AS a YIELD_SCORE_AS b",
            "YIELD_SCORE_AS specified more than once",
        ),
        ("LIMIT 1", "LIMIT: Not enough arguments were provided"),
        ("LIMIT 1 0", "The `offset` of the LIMIT must be 0 when `num` is 0"),
        ("NOSORT SORTBY 1 @n", "NOSORT is not allowed with SORTBY"),
        ("DIALECT 2", "DIALECT is not supported in FT.HYBRID"),
        ("NOPE", "NOPE: Unknown argument"),
    ] {
        with_pictures(&format!("{query} {rest}"), want);
    }
}
