//! Suggestions, dictionaries, synonyms, aliases, settings.

use crate::testing::check;

#[test]
fn suggestions() {
    check(
        "FT.SUGADD s hello 1 | FT.SUGADD s help 5 PAYLOAD p | FT.SUGLEN s | FT.SUGGET s hel | \
         FT.SUGGET s hel MAX 1 WITHPAYLOADS | FT.SUGGET s hxl | FT.SUGGET s hxl FUZZY MAX 1 | \
         FT.SUGADD s hello 10 INCR | FT.SUGGET s hel MAX 1 | FT.SUGDEL s hello | \
         FT.SUGDEL s hello | \
         FT.SUGLEN s | FT.SUGLEN none | FT.SUGGET none x",
        "1 | 2 | 2 | [help hello] | [help p] | [] | [help] | 2 | [hello] | 1 | 0 | 1 | 0 | []",
    );
    check(
        "SET k v | FT.SUGADD k a 1 | FT.SUGADD s a x | FT.SUGADD s a 1 NOPE | \
         FT.SUGGET s a MAX 0 | \
         FT.SUGADD s a 1 | FLUSHALL | FT.SUGLEN s",
        "OK | WRONGTYPE Operation against a key holding the wrong kind of value | \
         ERR invalid score | Unknown argument `NOPE` | \
         MAX: Value is outside acceptable bounds | 1 | OK | 0",
    );
}

#[test]
fn dictionaries() {
    check(
        "FT.DICTADD d a b a | FT.DICTDUMP d | FT.DICTDEL d a c | FT.DICTDUMP d | FT.DICTDEL d b | \
         FT.DICTDUMP d | FT.DICTDUMP none",
        "2 | [a b] | 1 | [b] | 1 | [] | []",
    );
}

#[test]
fn synonyms_and_aliases() {
    check(
        "FT.CREATE i SCHEMA t TEXT | FT.SYNUPDATE i g boy child | FT.SYNUPDATE i h child kid | \
         FT.SYNDUMP i | HSET a t boy | FT.SEARCH i child NOCONTENT | FT.ALIASADD x i | \
         FT.ALIASADD x i | FT.ALIASADD y x | FT.SEARCH x boy NOCONTENT | FT.ALIASLIST i | \
         FT.ALIASUPDATE x i | FT.ALIASDEL x | FT.ALIASDEL x | FT.SEARCH x boy",
        "OK | OK | OK | [boy [g] child [g h] kid [h]] | 1 | [1 a] | OK | Alias already exists | \
         Unknown index name (or name is an alias itself) | [1 a] | [x] | OK | OK | \
         Alias does not exist | x: no such index",
    );
}

#[test]
fn settings() {
    check(
        "FT.CONFIG GET TIMEOUT | FT.CONFIG SET TIMEOUT 100 | FT.CONFIG GET timeout | \
         FT.CONFIG SET NOPE 1 | FT.CONFIG SET TIMEOUT x | FT.CONFIG SET MINSTEMLEN 3 | \
         FT.CONFIG SET DEFAULT_DIALECT 2 | FT.CONFIG GET NOPE",
        "[[TIMEOUT 500]] | OK | [[TIMEOUT 100]] | No such option | \
         Could not convert argument to expected type | Not modifiable at runtime | OK | []",
    );
}
