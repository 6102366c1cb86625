//! Measures the search index, beside tantivy on the same corpus and queries.
//!
//! ```text
//! cargo run --release -- text 500000     indexing, memory and queries of both engines
//! cargo run --release -- ours 500000     of this one alone
//! cargo run --release -- text 500000 phrase either   queries with one of these in their names
//! cargo run --release -- vectors 100000  recall and speed of the graph of vectors
//! ```
//!
//! With `--no-default-features` it is built without tantivy.

#![forbid(unsafe_code)]

mod corpus;
mod ours;
#[cfg(feature = "tantivy")]
mod theirs;
mod vectors;

use std::time::{Duration, Instant, SystemTime};

fn main() {
    let mut args = std::env::args().skip(1);
    let what = args.next().unwrap_or_else(|| "text".to_owned());
    let docs = args.next().and_then(|docs| docs.parse().ok()).unwrap_or(200_000);
    let names: Vec<String> = args.collect();
    match what.as_str() {
        "text" => text(docs, &names, true),
        "ours" => text(docs, &names, false),
        "vectors" => vectors::run(docs),
        other => eprintln!("text, ours or vectors, not {other}"),
    }
}

/// Measures the queries of these names; all, if there are none.
fn text(docs: usize, names: &[String], both: bool) {
    let corpus = corpus::Corpus::new(docs, 42);
    println!("{docs} comments, {} MB of text", corpus.text_bytes() >> 20);
    let ours = ours::Ours::new(&corpus);
    #[cfg(feature = "tantivy")]
    let theirs = both.then(|| theirs::Theirs::new(&corpus));
    #[cfg(not(feature = "tantivy"))]
    let _ = both;
    println!("\n| Query | hits | ours | tantivy, counting | ours of it | tantivy, top 10 only |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let wanted = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(part));
    for (name, query) in corpus.queries().into_iter().filter(|(name, _)| wanted(name)) {
        let own = rate(|| ours.search(&query));
        let total = ours.search(&query);
        print!("| {name} | {total} | {own:.0}/s |");
        #[cfg(feature = "tantivy")]
        if let Some(theirs) = &theirs {
            let query = theirs.query(&query);
            assert_eq!(total, theirs.count(&query), "{name}");
            let (top, counted) =
                (rate(|| theirs.top(&query)), rate(|| theirs.top_and_count(&query)));
            print!(" {counted:.0}/s | {:.2} | {top:.0}/s |", own / counted);
        }
        println!();
    }
}

/// How much of its own time a thread is measured for.
const MEASURED: Duration = Duration::from_millis(500);
/// Between two looks at that.
const SLICE: Duration = Duration::from_millis(50);

/// How often it runs in a second of the thread's own time, without what other programs take.
fn rate<T>(mut run: impl FnMut() -> T) -> f64 {
    run();
    let begun = own_time();
    let mut runs = 0u32;
    loop {
        let slice = Instant::now();
        while slice.elapsed() < SLICE {
            std::hint::black_box(run());
            runs += 1;
        }
        let taken = own_time() - begun;
        if taken >= MEASURED {
            return f64::from(runs) / taken.as_secs_f64();
        }
    }
}

/// How long this thread has had a processor, as Linux counts it; elsewhere, the time of day.
fn own_time() -> Duration {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let counted = counted.and_then(|text| text.split(' ').next()?.parse().ok());
    let today = || SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    counted.map_or_else(today, Duration::from_nanos)
}
