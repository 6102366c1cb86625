//! The documents: from a file of JSON lines or comma-separated values, or made up.

use super::PREFIX;
use super::synthetic::Comments;
use redpoll_client::request;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What a made-up corpus is called: a colon and the number of its documents follow.
const SYNTHETIC: &str = "zipf";
/// The field of made-up documents.
const TEXT: &str = "text";
/// The heavy word is in one of so many documents, and the light one in one of so many.
const HEAVY: usize = 5;
const LIGHT: usize = 2000;

/// A field of the documents.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether all its values are numbers.
    pub numeric: bool,
}

/// A word, and how many documents have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub text: String,
    /// How many documents have it.
    pub documents: usize,
}

/// All documents.
pub struct Corpus {
    /// What fields there are.
    pub fields: Vec<Field>,
    documents: Vec<Vec<(u16, Box<str>)>>,
    /// Bytes of all values.
    pub text_bytes: usize,
    /// A word in many documents.
    pub heavy: Word,
    /// A word in few.
    pub light: Word,
}

/// Counts the documents of a word.
#[derive(Default)]
struct Count {
    documents: usize,
    /// The last document that has it, and one more.
    last: usize,
}

impl Corpus {
    /// The corpus of this name: `zipf:N`, or a file.
    ///
    /// # Errors
    /// If it cannot be read, or has no words.
    pub fn read(name: &str, seed: u64) -> Result<Self, String> {
        let mut builder = Builder::default();
        match name.split_once(':') {
            Some((SYNTHETIC, count)) => {
                let count: usize = count
                    .parse()
                    .ok()
                    .filter(|count| *count > 0)
                    .ok_or_else(|| format!("--search {name}: not a number of documents"))?;
                let mut comments = Comments::new(seed);
                (0..count).for_each(|_| builder.add([(TEXT, comments.next_comment())]));
            }
            _ => builder.read(Path::new(name)).map_err(|why| format!("{name}: {why}"))?,
        }
        builder.finish().ok_or_else(|| format!("{name}: no documents with words"))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Appends the command that stores a document.
    pub fn encode(&self, number: usize, out: &mut Vec<u8>) {
        let key = format!("{PREFIX}{number:012}");
        let mut words: Vec<&[u8]> = vec![b"HSET", key.as_bytes()];
        for (field, value) in &self.documents[number] {
            words.extend([self.fields[usize::from(*field)].name.as_bytes(), value.as_bytes()]);
        }
        request::encode(out, &words);
    }

    /// A document of about the usual length.
    pub fn typical(&self) -> Vec<(&str, &str)> {
        let mean = self.text_bytes / self.documents.len().max(1);
        let length = |document: &[(u16, Box<str>)]| -> usize {
            document.iter().map(|(_, value)| value.len()).sum()
        };
        let some = self.documents.iter().take(1000);
        let document = some.min_by_key(|document| length(document).abs_diff(mean));
        let name = |field: u16| self.fields[usize::from(field)].name.as_str();
        let fields = document.into_iter().flatten();
        fields.map(|(field, value)| (name(*field), &**value)).collect()
    }
}

/// A corpus that is being read.
#[derive(Default)]
struct Builder {
    fields: Vec<Field>,
    documents: Vec<Vec<(u16, Box<str>)>>,
    text_bytes: usize,
    counts: HashMap<Box<str>, Count>,
}

impl Builder {
    fn read(&mut self, path: &Path) -> Result<(), String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let lines = BufReader::new(file);
        let comma_separated = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        if comma_separated { self.read_csv(lines) } else { self.read_json(lines) }
    }

    /// A document a line, as an object whose strings and numbers are its fields.
    fn read_json(&mut self, lines: impl BufRead) -> Result<(), String> {
        for (number, line) in lines.lines().enumerate() {
            let line = line.map_err(|error| error.to_string())?;
            if line.trim().is_empty() {
                continue;
            }
            let wrong = |what: &dyn std::fmt::Display| format!("line {}: {what}", number + 1);
            let object: serde_json::Value =
                serde_json::from_str(&line).map_err(|error| wrong(&error))?;
            let object = object.as_object().ok_or_else(|| wrong(&"not an object"))?;
            let text = |value: &serde_json::Value| match value {
                serde_json::Value::String(text) => Some(text.clone()),
                serde_json::Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            let fields = object.iter();
            self.add(fields.filter_map(|(name, value)| Some((name.as_str(), text(value)?))));
        }
        Ok(())
    }

    /// A line of names, then a document each.
    fn read_csv(&mut self, lines: impl BufRead) -> Result<(), String> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(lines);
        let names = reader.headers().map_err(|error| error.to_string())?.clone();
        for record in reader.records() {
            let record = record.map_err(|error| error.to_string())?;
            self.add(names.iter().zip(record.iter()).map(|(name, value)| (name, value.to_owned())));
        }
        Ok(())
    }

    fn add<'n>(&mut self, fields: impl IntoIterator<Item = (&'n str, String)>) {
        let mut document = Vec::new();
        for (name, value) in fields {
            if value.is_empty() {
                continue;
            }
            let Some(field) = self.field(name) else { continue };
            let is_number = value.trim().parse::<f64>().is_ok_and(f64::is_finite);
            self.fields[usize::from(field)].numeric &= is_number;
            self.text_bytes += value.len();
            self.count(&value);
            document.push((field, value.into_boxed_str()));
        }
        if !document.is_empty() {
            self.documents.push(document);
        }
    }

    fn field(&mut self, name: &str) -> Option<u16> {
        let known = self.fields.iter().position(|field| field.name == name);
        let at = known.unwrap_or_else(|| {
            self.fields.push(Field { name: name.to_owned(), numeric: true });
            self.fields.len() - 1
        });
        u16::try_from(at).ok()
    }

    fn count(&mut self, text: &str) {
        let number = self.documents.len() + 1;
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        for word in words.filter(|word| word.len() > 2 && word.len() < 32) {
            let word = word.to_ascii_lowercase().into_boxed_str();
            let count = self.counts.entry(word).or_default();
            if count.last != number {
                *count = Count { documents: count.documents + 1, last: number };
            }
        }
    }

    fn finish(self) -> Option<Corpus> {
        let Builder { fields, documents, text_bytes, counts } = self;
        let nearest = |wanted: usize| {
            // Words of letters only: numbers may be in fields that are not of text.
            let words =
                counts.iter().filter(|(word, _)| word.bytes().all(|b| b.is_ascii_alphabetic()));
            let word =
                words.min_by_key(|(word, count)| (count.documents.abs_diff(wanted), *word))?;
            Some(Word { text: word.0.to_string(), documents: word.1.documents })
        };
        let heavy = nearest(documents.len() / HEAVY)?;
        let light = nearest((documents.len() / LIGHT).max(1))?;
        Some(Corpus { fields, documents, text_bytes, heavy, light })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(read: impl Fn(&mut Builder) -> Result<(), String>) -> Corpus {
        let mut builder = Builder::default();
        read(&mut builder).expect("a good corpus");
        builder.finish().expect("words")
    }

    #[test]
    fn lines_of_json_are_documents() {
        let lines =
            "{\"title\": \"red shoes\", \"price\": 30, \"tags\": []}\n\n{\"title\": \"red\"}";
        let corpus = built(|builder| builder.read_json(lines.as_bytes()));
        assert_eq!(corpus.len(), 2);
        let price = Field { name: "price".into(), numeric: true };
        assert!(corpus.fields.contains(&price));
        let mut out = Vec::new();
        corpus.encode(1, &mut out);
        let key = format!("{PREFIX}000000000001");
        let wanted =
            format!("*4\r\n$4\r\nHSET\r\n${}\r\n{key}\r\n$5\r\ntitle\r\n$3\r\nred\r\n", key.len());
        assert_eq!(String::from_utf8_lossy(&out), wanted);
        assert!(Builder::default().read_json(&b"[1]"[..]).is_err());
        assert!(Builder::default().read_json(&b"{"[..]).is_err());
    }

    #[test]
    fn comma_separated_values_have_names_first() {
        let corpus =
            built(|b| b.read_csv(&b"id,body\n1,\"a, longer \"\"text\"\"\"\n2,short\n"[..]));
        assert_eq!(corpus.len(), 2);
        let numeric: Vec<bool> = corpus.fields.iter().map(|field| field.numeric).collect();
        assert_eq!(numeric, [true, false]);
        assert_eq!(&*corpus.documents[0][1].1, "a, longer \"text\"");
    }

    #[test]
    fn made_up_corpora_have_heavy_and_light_words() {
        let corpus = Corpus::read("zipf:4000", 1).expect("a size");
        assert_eq!(corpus.len(), 4000);
        assert!((600..1000).contains(&corpus.heavy.documents), "{:?}", corpus.heavy);
        assert_eq!(corpus.light.documents, 2);
        assert!(!corpus.typical().is_empty());
        assert!(Corpus::read("zipf:0", 1).is_err());
        assert!(Corpus::read("/no/such/file.csv", 1).is_err());
    }
}
