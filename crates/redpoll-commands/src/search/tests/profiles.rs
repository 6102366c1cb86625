//! FT.PROFILE.

use super::with_shop;
use crate::testing::TestServer;

/// Runs commands, and compares the profile that the last one ends with, all times left out.
#[track_caller]
fn profiled(commands: &str, want: &str) {
    let mut server = TestServer::new();
    let mut client = server.client();
    let mut answer = String::new();
    for command in commands.split(" | ") {
        answer = server.run(&mut client, command);
    }
    let (_, profile) = answer.split_once("Shards [[").expect("a profile");
    let mut words = profile.split(' ').peekable();
    let mut shown: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        let is_time = word == "Time" || word == "time";
        shown.push(word.to_owned());
        if is_time && let Some(time) = words.next() {
            let closing =
                time.trim_start_matches(|c: char| c.is_ascii_digit() || ".e+-".contains(c));
            shown.push(format!("_{closing}"));
        }
    }
    let shown = shown.join(" ");
    let (_, iterators) = shown.split_once("Warning [None] Iterators profile ").expect("iterators");
    assert_eq!(iterators.replace("Time _ ", ""), want);
}

const SETUP: &str = "FT.CREATE i SCHEMA t TEXT g TAG n NUMERIC SORTABLE | HSET a t 'hello world' \
                     g x n 1 | HSET b t 'help' g y n 2";

#[test]
fn iterators_and_processors_of_a_search() {
    profiled(
        &format!(
            "{SETUP} | FT.PROFILE i SEARCH QUERY '@g:{{x|y}} -world' VERBATIM NOCONTENT DIALECT 2"
        ),
        "[Type INTERSECT Number of reading operations 1 Child iterators [[Type UNION Query type \
         TAG Number of reading operations 2 Child iterators [[Type TAG Term x Number of reading \
         operations 1 Estimated number of matches 1] [Type TAG Term y Number of reading operations \
         1 Estimated number of matches 1]]] [Type NOT Number of reading operations 1 Child \
         iterator [Type TEXT Term world Number of reading operations 1 Estimated number of matches \
         1]]]] Result processors profile [[Type Index Results processed 1] [Type Scorer Results \
         processed 1] [Type Sorter Results processed 1]]]] Coordinator []]]",
    );
    profiled(
        &format!("{SETUP} | FT.PROFILE i SEARCH LIMITED QUERY 'hel*' SORTBY n RETURN 1 n"),
        "[Type UNION Query type PREFIX - hel Number of reading operations 2 Child iterators The \
         number of iterators in the union is 2] Result processors profile [[Type Index Results \
         processed 2] [Type Sorter Results processed 2] [Type Loader Results processed 2]]]] \
         Coordinator []]]",
    );
}

#[test]
fn steps_of_an_aggregation() {
    profiled(
        &format!(
            "{SETUP} | FT.PROFILE i AGGREGATE QUERY * LOAD 1 @t APPLY '@n * 2' AS m \
             FILTER '@m > 2' GROUPBY 1 @m SORTBY 1 @m"
        ),
        "[Type WILDCARD Number of reading operations 2] Result processors profile [[Type Index \
         Results processed 2] [Type Loader Results processed 2] [Type Projector - Operator * \
         Results processed 2] [Type Filter - Predicate > Results processed 1] [Type Grouper \
         Results processed 1] [Type Sorter Results processed 1]]]] Coordinator []]]",
    );
}

#[test]
fn mistakes() {
    with_shop(
        "FT.PROFILE i NOPE QUERY x | FT.PROFILE i SEARCH FIND x | FT.PROFILE i SEARCH QUERY | \
         FT.PROFILE i AGGREGATE QUERY * WITHCURSOR | FT.PROFILE none SEARCH QUERY x",
        "No `SEARCH`, `AGGREGATE`, or `HYBRID` provided | The QUERY keyword is expected | \
         ERR wrong number of arguments for 'ft.profile' command | \
         FT.PROFILE does not support cursor | none: no such index",
    );
}
