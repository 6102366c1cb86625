//! What is printed after each test: redis-benchmark's lines, in its three styles.

use crate::options::Options;
use crate::record::Record;
use crate::run::Outcome;
use crate::server::Settings;
use std::io::{self, Write};

/// Widths of the latency distribution's steps, and up to which latency each is used.
const STEPS_NS: [(u64, u64); 2] = [(100_000, 2_000_000), (1_000_000, u64::MAX)];

/// The same where most requests took less than the first of those steps tells.
const STEPS_FINE_NS: [(u64, u64); 5] =
    [(100, 2_000), (1_000, 20_000), (10_000, 200_000), (100_000, 2_000_000), (1_000_000, u64::MAX)];

/// A latency below so many milliseconds is shown to the nanosecond: through shared memory, three
/// digits would be zeros.
const SHORT_MS: f64 = 0.01;

/// The first line of `--csv`.
pub fn csv_header(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\"test\",\"rps\",\"avg_latency_ms\",\"min_latency_ms\",\"p50_latency_ms\",\
         \"p95_latency_ms\",\"p99_latency_ms\",\"max_latency_ms\""
    )
}

/// Prints the outcome of a test in the style that the options choose.
pub fn print(
    out: &mut impl Write,
    outcome: &Outcome,
    options: &Options,
    settings: Option<&Settings>,
) -> io::Result<()> {
    let [average, min, p50, p95, p99, max] = summary_ms(&outcome.record);
    let [average, min, p50, p95, p99, max] = [average, min, p50, p95, p99, max].map(shown);
    let (title, rate) = (&outcome.title, outcome.rate());
    if options.csv {
        writeln!(
            out,
            "\"{title}\",\"{rate:.2}\",\"{average}\",\"{min}\",\"{p50}\",\"{p95}\",\"{p99}\",\
             \"{max}\""
        )
    } else if options.quiet {
        writeln!(out, "{title}: {rate:.2} requests per second, p50={p50} msec")
    } else {
        print_head(out, outcome, options, settings)?;
        print_percentiles(out, &outcome.record)?;
        print_distribution(out, &outcome.record)?;
        writeln!(out, "Summary:")?;
        writeln!(out, "  throughput summary: {rate:.2} requests per second")?;
        writeln!(out, "  latency summary (msec):")?;
        let names = ["avg", "min", "p50", "p95", "p99", "max"];
        writeln!(out, "    {}", names.map(|name| format!("{name:>9}")).join(" "))?;
        let values = [average, min, p50, p95, p99, max];
        writeln!(out, "    {}", values.map(|value| format!("{value:>9}")).join(" "))
    }
}

/// Average, minimum, p50, p95, p99 and maximum in milliseconds.
pub fn summary_ms(record: &Record) -> [f64; 6] {
    let latency = &record.latency;
    let at = |quantile: f64| milliseconds(latency.value_at_quantile(quantile));
    [
        record.mean_ns() / 1e6,
        milliseconds(latency.min()),
        at(0.50),
        at(0.95),
        at(0.99),
        milliseconds(latency.max()),
    ]
}

/// Milliseconds as they are printed.
fn shown(milliseconds: f64) -> String {
    if milliseconds > 0.0 && milliseconds < SHORT_MS {
        format!("{milliseconds:.6}")
    } else {
        format!("{milliseconds:.3}")
    }
}

/// Nanoseconds in milliseconds.
pub fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn print_head(
    out: &mut impl Write,
    outcome: &Outcome,
    options: &Options,
    settings: Option<&Settings>,
) -> io::Result<()> {
    let requests = outcome.record.requests();
    let seconds = outcome.elapsed.as_secs_f64();
    writeln!(out, "====== {} ======", outcome.title)?;
    writeln!(out, "  {requests} requests completed in {seconds:.2} seconds")?;
    writeln!(out, "  {} parallel clients", options.clients)?;
    writeln!(out, "  {} bytes payload", outcome.payload)?;
    writeln!(out, "  keep alive: {}", u8::from(options.keepalive))?;
    if let Some(settings) = settings {
        writeln!(out, "  host configuration \"save\": {}", settings.save)?;
        writeln!(out, "  host configuration \"appendonly\": {}", settings.appendonly)?;
    }
    match options.threads {
        Some(threads) => writeln!(out, "  multi-thread: yes\n  threads: {threads}")?,
        None => writeln!(out, "  multi-thread: no")?,
    }
    writeln!(out)
}

/// Each line halves the part of the requests that were slower.
fn print_percentiles(out: &mut impl Write, record: &Record) -> io::Result<()> {
    writeln!(out, "Latency by percentile distribution:")?;
    for point in percentiles(record) {
        print_point(out, point.percentile, point.latency_ns, point.count)?;
    }
    writeln!(out)
}

/// A place in the distribution: so many requests took at most so long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Percent of the requests, 0 to 100.
    pub percentile: f64,
    /// The latency in nanoseconds.
    pub latency_ns: u64,
    /// How many requests.
    pub count: u64,
}

/// Points at 0 %, 50 %, 75 %, 87.5 % and so on until all requests are in, and at 100 %.
pub fn percentiles(record: &Record) -> Vec<Point> {
    let latency = &record.latency;
    let total = latency.len();
    let mut points: Vec<Point> = Vec::new();
    if total == 0 {
        return points;
    }
    let mut slower = 1.0;
    loop {
        let quantile = 1.0 - slower;
        let latency_ns = latency.value_at_quantile(quantile);
        let count = latency.count_between(0, latency_ns);
        if points.last().is_none_or(|last| last.count != count) {
            points.push(Point { percentile: quantile * 100.0, latency_ns, count });
        }
        if count == total {
            break;
        }
        slower /= 2.0;
    }
    points.push(Point { percentile: 100.0, latency_ns: latency.max(), count: total });
    points
}

/// How many requests took at most a tenth of a millisecond, two tenths, and so on; in finer steps
/// where that would say nothing.
fn print_distribution(out: &mut impl Write, record: &Record) -> io::Result<()> {
    writeln!(out, "Cumulative distribution of latencies:")?;
    let total = record.requests();
    let mut recorded = record.latency.iter_recorded().peekable();
    let short = total > 0 && milliseconds(record.latency.value_at_quantile(0.5)) < SHORT_MS;
    let steps: &[(u64, u64)] = if short { &STEPS_FINE_NS } else { &STEPS_NS };
    let width = |bound| {
        let step = steps.iter().find(|(_, end)| bound < *end);
        step.map_or(STEPS_NS[1].0, |(width, _)| *width)
    };
    let (mut bound, mut count, mut printed) = (width(0), 0, None);
    while count < total {
        while let Some(value) = recorded.next_if(|value| value.value_iterated_to() <= bound) {
            count += value.count_at_value();
        }
        if printed != Some(count) {
            print_point(out, count as f64 / total as f64 * 100.0, bound, count)?;
            printed = Some(count);
        }
        bound += width(bound);
    }
    writeln!(out)
}

fn print_point(out: &mut impl Write, percent: f64, latency_ns: u64, count: u64) -> io::Result<()> {
    let latency = shown(milliseconds(latency_ns));
    writeln!(out, "{percent:.3}% <= {latency} milliseconds (cumulative count {count})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn outcome() -> Outcome {
        let mut record = Record::new(3);
        record.add(1, 50_000, 1_000_000);
        record.add(98, 250_000, 20_000_000);
        record.add(1, 4_300_000, 500_000_000);
        let elapsed = Duration::from_millis(500);
        Outcome { title: "GET".into(), payload: 3, record, elapsed, cpu: Duration::ZERO }
    }

    fn printed(options: &Options, settings: Option<&Settings>) -> String {
        let mut out = Vec::new();
        print(&mut out, &outcome(), options, settings).expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn one_line() {
        let options = Options { quiet: true, ..Options::default() };
        let line = printed(&options, None);
        assert_eq!(line, "GET: 200.00 requests per second, p50=0.250 msec\n");
    }

    #[test]
    fn comma_separated() {
        let options = Options { csv: true, quiet: true, ..Options::default() };
        let line = printed(&options, None);
        assert_eq!(
            line,
            "\"GET\",\"200.00\",\"0.288\",\"0.050\",\"0.250\",\"0.250\",\"0.250\",\"4.301\"\n"
        );
        let mut header = Vec::new();
        csv_header(&mut header).expect("memory takes everything");
        assert_eq!(header.iter().filter(|byte| **byte == b',').count(), 7);
    }

    #[test]
    fn in_full() {
        let settings = Settings { save: "60 1".into(), appendonly: "no".into() };
        let options = Options { threads: Some(2), ..Options::default() };
        let text = printed(&options, Some(&settings));
        let expected = "\
====== GET ======
  100 requests completed in 0.50 seconds
  50 parallel clients
  3 bytes payload
  keep alive: 1
  host configuration \"save\": 60 1
  host configuration \"appendonly\": no
  multi-thread: yes
  threads: 2

Latency by percentile distribution:
0.000% <= 0.050 milliseconds (cumulative count 1)
50.000% <= 0.250 milliseconds (cumulative count 99)
99.219% <= 4.301 milliseconds (cumulative count 100)
100.000% <= 4.301 milliseconds (cumulative count 100)

Cumulative distribution of latencies:
1.000% <= 0.100 milliseconds (cumulative count 1)
99.000% <= 0.300 milliseconds (cumulative count 99)
100.000% <= 5.000 milliseconds (cumulative count 100)

Summary:
  throughput summary: 200.00 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.288     0.050     0.250     0.250     0.250     4.301
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_takes_less_than_a_microsecond_is_seen() {
        let mut record = Record::new(3);
        record.add(90, 407, 1_000_000);
        record.add(10, 1_207, 2_000_000);
        let short = Outcome { record, ..outcome() };
        let said = |options: &Options| {
            let mut out = Vec::new();
            print(&mut out, &short, options, None).expect("memory takes everything");
            String::from_utf8(out).expect("text")
        };
        let line = said(&Options { quiet: true, ..Options::default() });
        assert!(line.ends_with("p50=0.000407 msec\n"), "{line}");
        let text = said(&Options::default());
        for line in ["90.000% <= 0.000500 mill", "100.000% <= 0.001300 mill"] {
            assert!(text.contains(line), "{text}");
        }
        let csv = said(&Options { csv: true, ..Options::default() });
        assert_eq!(csv.matches("\",\"").count(), 7, "{csv}");
    }

    #[test]
    fn a_test_without_requests_is_printed_too() {
        let record = Record::new(3);
        let none = Outcome { record, elapsed: Duration::ZERO, ..outcome() };
        let mut out = Vec::new();
        print(&mut out, &none, &Options::default(), None).expect("memory takes everything");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("throughput summary: 0.00 requests per second"), "{text}");
    }
}
