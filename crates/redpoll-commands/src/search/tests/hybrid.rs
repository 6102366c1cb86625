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
            "FT.CREATE i SCHEMA t TEXT n NUMERIC v VECTOR FLAT 6 TYPE FLOAT32 DIM 2 \
             DISTANCE_METRIC L2"
                .to_owned(),
            format!("HSET a t 'red cat' n 1 v \"{one}{zero}\""),
            format!("HSET b t 'red dog' n 2 v \"{zero}{one}\""),
            format!("HSET c t 'blue cat' n 3 v \"{zero}{zero}\""),
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
}

#[test]
fn mistakes() {
    for (command, want) in [
        ("FT.HYBRID i QUERY x VSIM @v $q $$", "SEARCH keyword is required"),
        ("FT.HYBRID i SEARCH x KNN @v $q $$", "VSIM keyword is required"),
        ("FT.HYBRID i SEARCH x VSIM v $q $$", "Missing @ prefix for vector field name"),
        ("FT.HYBRID i SEARCH x VSIM @t $q $$", "Expected a vector field `t`"),
        ("FT.HYBRID i SEARCH x VSIM @x $q $$", "Unknown field `x`"),
        ("FT.HYBRID i SEARCH x VSIM @v $q KNN 2 K 0 $$", "Invalid K value"),
        ("FT.HYBRID i SEARCH x VSIM @v $q COMBINE BEST 0 $$", "Unknown argument `BEST`"),
        ("FT.HYBRID i SEARCH x VSIM @v $q NOPE $$", "Unknown argument `NOPE`"),
        ("FT.HYBRID none SEARCH x VSIM @v $q $$", "none: no such index"),
    ] {
        with_pictures(command, want);
    }
}
