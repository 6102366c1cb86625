//! All that defines searches, as commands: what snapshots keep and logs begin with.

use super::{Definition, Search};
use redpoll_keyspace::Keyspace;
use redpoll_search::dictionary::Dictionary;

/// A command, and the database that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The database.
    pub db: usize,
    /// The command's words.
    pub words: Vec<Box<[u8]>>,
}

/// A record of no more words, so that a large dictionary is not one command.
const WORDS_MAX: usize = 1000;

impl Record {
    fn new<'w>(db: usize, words: impl IntoIterator<Item = &'w [u8]>) -> Self {
        Record { db, words: words.into_iter().map(Box::from).collect() }
    }

    /// The record as bytes: the database, then each word behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = (self.db as u32).to_le_bytes().to_vec();
        for word in &self.words {
            out.extend_from_slice(&(word.len() as u32).to_le_bytes());
            out.extend_from_slice(word);
        }
        out
    }

    /// The record that these bytes are, if they are one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (db, mut rest) = bytes.split_first_chunk::<4>()?;
        let mut words = Vec::new();
        while !rest.is_empty() {
            let (length, behind) = rest.split_first_chunk::<4>()?;
            let (word, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            words.push(word.into());
            rest = behind;
        }
        Some(Record { db: u32::from_le_bytes(*db) as usize, words })
    }
}

impl Search {
    /// The commands that make all of it again.
    pub fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for index in self.indexes() {
            let words = index.words();
            let definition = words.iter().map(|word| &**word);
            records.push(Record::new(0, [&b"FT.CREATE"[..]].into_iter().chain(definition)));
            for (word, groups) in index.synonyms().dump() {
                for group in groups {
                    let words =
                        [&b"FT.SYNUPDATE"[..], &index.name, group, b"SKIPINITIALSCAN", word];
                    records.push(Record::new(0, words));
                }
            }
            for alias in self.aliases_of(&index.name) {
                records.push(Record::new(0, [&b"FT.ALIASADD"[..], &alias, &index.name]));
            }
        }
        for (name, dictionary) in &*self.dictionaries.read() {
            let words: Vec<_> = dictionary.words().collect();
            for part in words.chunks(WORDS_MAX) {
                let head = [&b"FT.DICTADD"[..], name];
                records.push(Record::new(0, head.into_iter().chain(part.iter().copied())));
            }
        }
        records
    }

    /// Carries out a record. Records that are none are passed over: they come from a file.
    pub fn restore(&self, record: &Record, keyspace: &Keyspace, now: i64) -> bool {
        let words: Vec<&[u8]> = record.words.iter().map(|word| &**word).collect();
        match words.as_slice() {
            [b"FT.CREATE", definition @ ..] => Definition::parse(definition)
                .is_ok_and(|definition| self.add(definition, keyspace, now).is_ok()),
            [b"FT.SYNUPDATE", index, group, b"SKIPINITIALSCAN", words @ ..] => {
                let index = self.index(index);
                index.is_some_and(|index| index.add_synonyms(group, words, true).is_ok())
            }
            [b"FT.ALIASADD", alias, index] => self.add_alias(alias, index, false).is_ok(),
            [b"FT.DICTADD", name, words @ ..] => {
                let mut dictionaries = self.dictionaries.write();
                let dictionary: &mut Dictionary = dictionaries.entry((*name).into()).or_default();
                words.iter().for_each(|word| {
                    dictionary.add(word);
                });
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_being_written_and_read() {
        let search = Search::default();
        let keyspace = Keyspace::new(1);
        let words: Vec<&[u8]> = "idx PREFIX 1 doc: SCHEMA t TEXT WEIGHT 2 n NUMERIC SORTABLE"
            .split(' ')
            .map(str::as_bytes)
            .collect();
        search.add(Definition::parse(&words).unwrap(), &keyspace, 0).unwrap();
        search.index(b"idx").unwrap().add_synonyms(b"g", &[b"car", b"auto"], true).unwrap();
        search.index(b"idx").unwrap().add_fields(&[b"g", b"GEO"], true).unwrap();
        search.add_alias(b"other", b"idx", false).unwrap();
        search.dictionaries.write().entry(b"d"[..].into()).or_default().add(b"word");
        let records = search.records();
        let other = Search::default();
        for record in &records {
            let read = Record::from_bytes(&record.to_bytes()).unwrap();
            assert_eq!(read, *record);
            assert!(other.restore(&read, &keyspace, 0), "{record:?}");
        }
        assert_eq!(other.records(), records);
        assert!(other.index(b"other").is_some());
        assert_eq!(other.index(b"idx").unwrap().index.schema().fields().len(), 3);
    }

    #[test]
    fn what_is_no_record_is_passed_over() {
        assert_eq!(Record::from_bytes(b"abc"), None);
        assert_eq!(Record::from_bytes(b"\0\0\0\0\xff\xff\xff\xffx"), None);
        let words = vec![b"FT.CREATE"[..].into(), b"i"[..].into()];
        let search = Search::default();
        assert!(!search.restore(&Record { db: 0, words }, &Keyspace::new(1), 0));
    }
}
