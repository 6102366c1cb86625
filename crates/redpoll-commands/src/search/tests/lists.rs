//! Dictionaries, synonyms, aliases, settings.

use crate::testing::check;

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
