//! `--search CORPUS`: full-text search under load.
//!
//! A corpus is loaded and indexed; then two queries are sent, a heavy one whose word is in a fifth
//! of all documents and a light one whose word is in one of two thousand: each alone, both at once,
//! and both beside GETs, SETs and HSETs of documents. What a server makes of that mix is what
//! searches cost everybody else.
//!
//! A server may find the best of many documents without looking at most of them. So the light ones
//! are also sent beside searches whose scorer, TFIDF, has all documents of the heavy word scored,
//! and beside aggregations, which have to go through these, too.

mod corpus;
mod synthetic;

use crate::options::Options;
use crate::run::{self, Outcome};
use crate::server;
use crate::socket::Target;
use crate::suite::Test;
use corpus::Corpus;
use redpoll_client::{Connection, Value, request};
use std::io::Write;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

/// The index that is made.
const INDEX: &str = "redpoll-benchmark";
/// What the keys of documents begin with; twelve digits follow.
pub(crate) const PREFIX: &str = "search:document:";
/// How long each mix is measured, if the options do not say.
const DURATION: Duration = Duration::from_secs(10);
/// Documents sent at once while loading.
const BATCH: usize = 256;
/// Connections that load, unless `--threads` says more.
const LOADERS: usize = 2;
/// Connections of each load beside the queries.
const BESIDE: usize = 5;
/// An index whose size has not changed for so long is tidy, and how long that is waited for.
const SETTLED: Duration = Duration::from_millis(500);
const SETTLES: Duration = Duration::from_secs(20);
/// How long the server may take to index what is there already.
const PATIENCE: Duration = Duration::from_secs(600);

/// Loads the corpus, sends the mixes, and answers what came of each.
///
/// # Errors
/// A sentence for the user.
pub fn run(
    options: &Options,
    target: &Target,
    corpus: &str,
    out: &mut impl Write,
) -> Result<Vec<Outcome>, String> {
    let corpus = Corpus::read(corpus, options.seed.unwrap_or(1))?;
    load(options, &corpus, out)?;
    let mixes = Mixes::new(options, target, &corpus)?;
    let mut outcomes = Vec::new();
    for mix in mixes.all() {
        outcomes.extend(mixes.send(mix)?);
    }
    Ok(outcomes)
}

/// Makes the index and sends all documents; says how fast that was and how large it has become.
fn load(options: &Options, corpus: &Corpus, out: &mut impl Write) -> Result<(), String> {
    let mut connection = server::connect(options)?;
    // There is none the first time.
    let _ = connection.command(&["FT.DROPINDEX", INDEX]);
    let mut create: Vec<&str> = vec!["FT.CREATE", INDEX, "PREFIX", "1", PREFIX, "SCHEMA"];
    for field in &corpus.fields {
        create.extend([field.name.as_str(), if field.numeric { "NUMERIC" } else { "TEXT" }]);
    }
    ask(&mut connection, &create)?;
    let start = Instant::now();
    send(options, corpus)?;
    wait_until_indexed(&mut connection)?;
    let seconds = start.elapsed().as_secs_f64();
    let bytes = settled_bytes(&mut connection)?;
    let (docs, text) = (corpus.len(), corpus.text_bytes);
    let say = |out: &mut dyn Write| {
        writeln!(out, "====== Indexing ======")?;
        writeln!(out, "  {docs} documents, {} bytes of text", text)?;
        writeln!(
            out,
            "  {:.0} documents per second, {:.2} seconds",
            docs as f64 / seconds,
            seconds
        )?;
        writeln!(out, "  index: {bytes:.0} bytes, {:.2} of the text", bytes / text.max(1) as f64)?;
        writeln!(
            out,
            "  heavy word: \"{}\" in {} documents; light word: \"{}\" in {}\n",
            corpus.heavy.text, corpus.heavy.documents, corpus.light.text, corpus.light.documents
        )
    };
    if options.csv || options.quiet {
        return say(&mut std::io::stderr()).map_err(|error| format!("output: {error}"));
    }
    say(out).map_err(|error| format!("output: {error}"))
}

/// Sends all documents over several connections.
fn send(options: &Options, corpus: &Corpus) -> Result<(), String> {
    let next = Mutex::new(0);
    let loader = || -> Result<(), String> {
        let mut connection = server::connect(options)?;
        let mut requests = Vec::new();
        loop {
            let from = {
                let mut next = next.lock().map_err(|_| "a loader has failed")?;
                let from = *next;
                *next += BATCH;
                from
            };
            let batch = from..corpus.len().min(from + BATCH);
            if batch.is_empty() {
                return Ok(());
            }
            requests.clear();
            batch.clone().for_each(|number| corpus.encode(number, &mut requests));
            let replies = connection.exchange(&requests, batch.len());
            for reply in replies.map_err(|error| error.to_string())? {
                refuse_error(reply)?;
            }
        }
    };
    let loaders = options.threads.unwrap_or(LOADERS).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..loaders).map(|_| scope.spawn(loader)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a loader has failed".to_owned())?)
    })
}

fn wait_until_indexed(connection: &mut Connection) -> Result<(), String> {
    let start = Instant::now();
    while info(connection, "indexing")? != 0.0 {
        if start.elapsed() > PATIENCE {
            return Err("the server does not come to an end with indexing".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Bytes that the index takes once the server has tidied it: when they change no more.
fn settled_bytes(connection: &mut Connection) -> Result<f64, String> {
    let (start, mut bytes) = (Instant::now(), index_bytes(connection)?);
    loop {
        thread::sleep(SETTLED);
        let before = std::mem::replace(&mut bytes, index_bytes(connection)?);
        if bytes == before || start.elapsed() > SETTLES {
            return Ok(bytes);
        }
    }
}

/// Bytes that the index takes, as the server tells it.
fn index_bytes(connection: &mut Connection) -> Result<f64, String> {
    Ok(info(connection, "total_index_memory_sz_mb")? * f64::from(1 << 20))
}

/// A number from FT.INFO.
fn info(connection: &mut Connection, field: &str) -> Result<f64, String> {
    let reply = ask(connection, &["FT.INFO", INDEX])?;
    let number = reply.field(field).and_then(|value| match value {
        Value::Integer(number) => Some(*number as f64),
        other => other.as_str()?.parse().ok(),
    });
    number.ok_or_else(|| format!("FT.INFO tells no {field}"))
}

fn ask(connection: &mut Connection, command: &[&str]) -> Result<Value, String> {
    refuse_error(connection.command(command).map_err(|error| error.to_string())?)
}

fn refuse_error(reply: Value) -> Result<Value, String> {
    match reply {
        Value::Error(text) => Err(String::from_utf8_lossy(&text).into_owned()),
        other => Ok(other),
    }
}

/// What is sent at the same time: a name, and what stands in it.
struct Mix {
    name: &'static str,
    loads: Vec<Load>,
}

/// One command sent again and again, and over how many connections.
#[derive(Clone)]
struct Load {
    title: String,
    command: Vec<u8>,
    clients: usize,
    keyspace: u64,
}

struct Mixes<'a> {
    options: &'a Options,
    target: &'a Target,
    heavy: Load,
    light: Load,
    scored: Load,
    aggregation: Load,
    beside: Vec<Load>,
}

impl<'a> Mixes<'a> {
    fn new(options: &'a Options, target: &'a Target, corpus: &Corpus) -> Result<Self, String> {
        let (heavy, light) = options.search_clients;
        let documents = corpus.len() as u64;
        let load = |title: String, words: &[&[u8]], clients, keyspace| {
            let mut command = Vec::new();
            request::encode(&mut command, words);
            Load { title, command, clients, keyspace }
        };
        let query = |kind: &str, word: &corpus::Word, more: &[&[u8]], clients| {
            let title = format!("{kind} search, {} documents", word.documents);
            let words: &[&[u8]] = &[b"FT.SEARCH", INDEX.as_bytes(), word.text.as_bytes()];
            load(title, &[words, more].concat(), clients, 1)
        };
        let (key, document) = (format!("{PREFIX}__rand_int__"), corpus.typical());
        let mut hset: Vec<&[u8]> = vec![b"HSET", key.as_bytes()];
        hset.extend(document.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        let beside = vec![
            load("GET".into(), &[b"GET", b"key:__rand_int__"], BESIDE, 100_000),
            load("SET".into(), &[b"SET", b"key:__rand_int__", b"value"], BESIDE, 100_000),
            load("HSET of a document".into(), &hset, BESIDE, documents),
        ];
        let word = &corpus.heavy;
        let aggregation = load(
            format!("Aggregation, {} documents", word.documents),
            &[
                b"FT.AGGREGATE",
                INDEX.as_bytes(),
                word.text.as_bytes(),
                b"GROUPBY",
                b"0",
                b"REDUCE",
                b"COUNT",
                b"0",
                b"AS",
                b"count",
            ],
            heavy,
            1,
        );
        let scored = query("Scored", word, &[b"SCORER", b"TFIDF"], heavy);
        let heavy = query("Heavy", word, &[], heavy);
        let light = query("Light", &corpus.light, &[], light);
        Ok(Mixes { options, target, heavy, light, scored, aggregation, beside })
    }

    fn all(&self) -> Vec<Mix> {
        let Mixes { heavy, light, scored, aggregation, .. } = self;
        let both = [light.clone(), heavy.clone()];
        let [get, set, hset] = &self.beside[..] else { return Vec::new() };
        let with = |load: &Load| both.iter().chain([load]).cloned().collect();
        vec![
            Mix { name: "alone", loads: vec![light.clone()] },
            Mix { name: "alone", loads: vec![heavy.clone()] },
            Mix { name: "alone", loads: vec![scored.clone()] },
            Mix { name: "alone", loads: vec![aggregation.clone()] },
            Mix { name: "searches and scored ones", loads: vec![light.clone(), scored.clone()] },
            Mix {
                name: "searches and aggregations",
                loads: vec![light.clone(), aggregation.clone()],
            },
            Mix { name: "both searches", loads: both.to_vec() },
            Mix { name: "both searches and GET", loads: with(get) },
            Mix { name: "both searches and SET", loads: with(set) },
            Mix { name: "both searches and HSET", loads: with(hset) },
        ]
    }

    /// Sends all of a mix at once.
    fn send(&self, mix: Mix) -> Result<Vec<Outcome>, String> {
        let one = |load: &Load| {
            let options = Options {
                clients: load.clients,
                keyspace: Some(load.keyspace),
                requests: None,
                duration: Some(self.options.duration.unwrap_or(DURATION)),
                threads: Some(1),
                quiet: true,
                ..self.options.clone()
            };
            let title = format!("{} ({})", load.title, mix.name);
            let test = Test { title, command: load.command.clone(), payload: load.command.len() };
            run::run(&test, &options, self.target)
        };
        thread::scope(|scope| {
            let threads: Vec<_> = mix.loads.iter().map(|load| scope.spawn(|| one(load))).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                thread.join().map_err(|_| "a load has failed".to_owned())?
            };
            threads.into_iter().map(join).collect()
        })
    }
}
