//! FT.INFO.

use crate::testing::TestServer;

/// Runs commands, and asks whether what FT.INFO tells of index `i` then has all of these parts.
#[track_caller]
fn informs(commands: &str, parts: &[&str]) {
    let mut server = TestServer::new();
    let mut client = server.client();
    for command in commands.split(" | ") {
        server.run(&mut client, command);
    }
    let info = server.run(&mut client, "FT.INFO i");
    for part in parts {
        assert!(info.contains(part), "no {part} in {info}");
    }
}

#[test]
fn counts_what_is_indexed() {
    informs(
        "FT.CREATE i SCHEMA t TEXT NOSTEM g TAG | HSET a t 'one two' g x,y | HSET b t one g x",
        &[
            "num_docs 2",
            "num_terms 4",
            "num_records 6",
            "total_inverted_index_blocks 4",
            "records_per_doc_avg 3",
            "offsets_per_term_avg 0.5",
            "offset_bits_per_record_avg 8",
            "gc_stats [bytes_collected 0 total_ms_run 0 total_cycles 0 average_cycle_time_ms nan \
             last_run_time_ms 0 gc_numeric_trees_missed 0 gc_blocks_denied 0 ",
            "cursor_stats [global_idle 0 global_total 0 index_capacity 128 index_total 0]",
        ],
    );
    informs("FT.CREATE i SCHEMA t TEXT", &["num_docs 0", "records_per_doc_avg nan"]);
}

#[test]
fn tells_what_could_not_be_indexed() {
    let none = "indexing failures 0 last indexing error N/A last indexing error key N/A";
    let failed = "indexing failures 2 last indexing error Invalid numeric value: 'bad' \
                  last indexing error key c";
    informs(
        "FT.CREATE i SCHEMA t TEXT $n AS n NUMERIC | FT.SEARCH i x | HSET a t x | \
         HSET b $n nope | HSET c $n bad",
        &[
            "hash_indexing_failures 2",
            &format!("Index Errors [{failed}]"),
            &format!(
                "field statistics [[identifier t attribute t Index Errors [{none}]] \
                 [identifier $n attribute n Index Errors [{failed}]]]"
            ),
        ],
    );
}

#[test]
fn counts_dialects() {
    informs(
        "FT.CREATE i SCHEMA t TEXT | FT.SEARCH i x | FT.SEARCH i x DIALECT 3 | \
         FT.AGGREGATE i x DIALECT 3",
        &["dialect_stats [dialect_1 1 dialect_2 0 dialect_3 2 dialect_4 0]"],
    );
}

#[test]
fn repeats_the_definition() {
    informs(
        "FT.CREATE i PREFIX 2 a: b: FILTER '@n > 1' LANGUAGE german SCORE_FIELD s SCORE 0.5 \
         INDEXALL ENABLE SCHEMA t TEXT WEIGHT 2 NOSTEM v VECTOR HNSW 6 TYPE FLOAT32 DIM 2 \
         DISTANCE_METRIC L2",
        &[
            "index_definition [key_type HASH prefixes [a: b:] filter @n > 1 \
             default_language german default_score 0.5 score_field s indexes_all true]",
            "attributes [[identifier t attribute t type TEXT WEIGHT 2 NOSTEM] \
             [identifier v attribute v type VECTOR algorithm HNSW data_type FLOAT32 dim 2 \
             distance_metric L2 M 16 ef_construction 200 ef_runtime 10]]",
        ],
    );
    informs(
        "FT.CREATE i SCHEMA t TEXT",
        &["index_definition [key_type HASH prefixes [\"\"] default_score 1 indexes_all false]"],
    );
    informs(
        "FT.CREATE i NOOFFSETS NOFIELDS SCHEMA t TEXT",
        &["index_options [NOFIELDS NOOFFSETS NOHL]"],
    );
}
