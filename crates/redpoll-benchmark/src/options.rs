//! The command line.
//!
//! Options are redis-benchmark's, in its loose style (single dashes, values as separate words, the
//! first word without a dash starts a command of one's own). Each is one row of a table that knows
//! its name, its help and what it does, so that help and parser cannot drift apart. Unlike
//! redis-benchmark, a value that is no number is refused instead of being read as zero.

mod table;
mod uri;

use crate::suite;
use redpoll_client::{Endpoint, TlsSettings};
use std::path::PathBuf;
use std::time::Duration;

/// Everything that can be chosen.
#[derive(Debug, Clone)]
pub struct Options {
    /// Host, unless a Unix socket is given.
    pub host: String,
    /// Port, unless a Unix socket is given.
    pub port: u16,
    /// Unix socket; wins over host and port.
    pub unix: Option<PathBuf>,
    /// Whether to go on through shared memory; needs a Unix socket.
    pub shm: bool,
    /// Whether the port is one of RDMA.
    pub rdma: bool,
    /// Whether to speak TLS.
    pub tls: bool,
    /// What TLS needs.
    pub tls_settings: TlsSettings,
    /// User name for AUTH.
    pub user: Option<String>,
    /// Password for AUTH.
    pub password: Option<String>,
    /// Parallel connections, at least 1.
    pub clients: usize,
    /// Requests a test; `None` when only a duration limits it.
    pub requests: Option<u64>,
    /// How long a test may send requests.
    pub duration: Option<Duration>,
    /// Bytes of a value.
    pub data_size: usize,
    /// Database to SELECT.
    pub database: u32,
    /// Whether to speak RESP3.
    pub resp3: bool,
    /// Threads that send; `None` for one, the same one that redis-benchmark would use.
    pub threads: Option<usize>,
    /// Whether connections are kept between batches.
    pub keepalive: bool,
    /// Range of the numbers put in place of `__rand_int__`; `None` leaves the words as they are.
    pub keyspace: Option<u64>,
    /// Whether the numbers count up instead of being random.
    pub sequential: bool,
    /// How unevenly the numbers are drawn, and which are the frequent ones; `None` for evenly.
    pub zipf: Option<(f64, u64)>,
    /// Requests sent at once on a connection, at least 1.
    pub pipeline: usize,
    /// One line a test.
    pub quiet: bool,
    /// Comma-separated values.
    pub csv: bool,
    /// Significant digits of latencies, 1 to 5.
    pub digits: u8,
    /// Start over when all tests are done.
    pub forever: bool,
    /// Names of the chosen tests, in lower case.
    pub tests: Option<Vec<String>>,
    /// Only open connections.
    pub idle: bool,
    /// Only measure the rings of shared memory, without a server.
    pub floor: bool,
    /// The command's last argument comes from standard input.
    pub stdin_argument: bool,
    /// Where random numbers start.
    pub seed: Option<u64>,
    /// Send CLIENT TRACKING ON first.
    pub tracking: bool,
    /// The `-e` of old scripts was given.
    pub errors_shown: bool,
    /// File for all results.
    pub json: Option<PathBuf>,
    /// File for the charts.
    pub plot: Option<PathBuf>,
    /// File for the chart of the tiers of memory.
    pub tiers_chart: Option<PathBuf>,
    /// Measure searches, over this corpus.
    pub search: Option<String>,
    /// Connections with heavy searches, and with light ones.
    pub search_clients: (usize, usize),
    /// A command of one's own, with its arguments.
    pub command: Vec<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            host: "127.0.0.1".into(),
            port: 6379,
            unix: None,
            shm: false,
            rdma: false,
            tls: false,
            tls_settings: TlsSettings::default(),
            user: None,
            password: None,
            clients: 50,
            requests: None,
            duration: None,
            data_size: 3,
            database: 0,
            resp3: false,
            threads: None,
            keepalive: true,
            keyspace: None,
            sequential: false,
            zipf: None,
            pipeline: 1,
            quiet: false,
            csv: false,
            digits: 3,
            forever: false,
            tests: None,
            idle: false,
            floor: false,
            stdin_argument: false,
            seed: None,
            tracking: false,
            errors_shown: false,
            json: None,
            plot: None,
            tiers_chart: None,
            search: None,
            search_clients: (5, 10),
            command: Vec::new(),
        }
    }
}

/// Requests a test when neither a number nor a duration is given.
const REQUESTS_DEFAULT: u64 = 100_000;

impl Options {
    /// Where the server is.
    pub fn endpoint(&self) -> Endpoint {
        match &self.unix {
            Some(path) => Endpoint::Unix(path.clone()),
            None if self.rdma => Endpoint::Rdma { host: self.host.clone(), port: self.port },
            None => Endpoint::tcp(self.host.clone(), self.port),
        }
    }

    /// How many requests a test may send at most.
    pub fn request_limit(&self) -> u64 {
        match (self.requests, self.duration) {
            (Some(requests), _) => requests,
            (None, Some(_)) => u64::MAX,
            (None, None) => REQUESTS_DEFAULT,
        }
    }

    /// What to tell the user before the start.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.errors_shown {
            warnings.push("-e has no effect: any error reply ends the run".to_string());
        }
        if !self.keepalive {
            warnings.push(
                "Keepalive disabled: each batch opens a connection; many of them may use up the \
                 machine's ports (net.ipv4.tcp_tw_reuse helps)"
                    .to_string(),
            );
        }
        match &self.tests {
            Some(_) if !self.command.is_empty() => warnings.push("Option -t is ignored.".into()),
            Some(names) => {
                let unknown = suite::unknown(names).map(|name| format!("no test named '{name}'"));
                warnings.extend(unknown);
            }
            None => {}
        }
        warnings
    }
}

/// What the command line asks for.
pub enum Parsed {
    /// To run with these options.
    Run(Box<Options>),
    /// To print a text and stop with an exit code.
    Stop {
        /// The text, with its last newline.
        text: String,
        /// The exit code.
        code: u8,
    },
}

/// Reads the arguments that follow the program's name.
pub fn parse(arguments: Vec<Vec<u8>>) -> Parsed {
    let mut options = Options::default();
    let mut rest = arguments.into_iter().peekable();
    while let Some(word) = rest.next_if(|word| word.starts_with(b"-")) {
        let name = String::from_utf8_lossy(&word).into_owned();
        match name.as_str() {
            "--help" => return Parsed::Stop { text: help(), code: 0 },
            "--version" | "-v" => {
                let text = format!("redpoll-benchmark {}\n", env!("CARGO_PKG_VERSION"));
                return Parsed::Stop { text, code: 0 };
            }
            _ => {}
        }
        let Some(flag) = table::FLAGS.iter().find(|flag| flag.name == name) else {
            return invalid(&name);
        };
        let value = if flag.value.is_some() {
            match rest.next() {
                Some(value) => String::from_utf8_lossy(&value).into_owned(),
                None => return invalid(&name),
            }
        } else {
            String::new()
        };
        if let Err(why) = (flag.apply)(&mut options, &value) {
            return Parsed::Stop { text: format!("{name} {value}: {why}\n"), code: 1 };
        }
    }
    options.command = rest.collect();
    Parsed::Run(Box::new(options))
}

fn invalid(name: &str) -> Parsed {
    let text = format!("Invalid option \"{name}\" or option argument missing\n\n{}", help());
    Parsed::Stop { text, code: 1 }
}

/// Width of the names in the help.
const HELP_COLUMN: usize = 19;

/// The usage text.
fn help() -> String {
    let mut text =
        String::from("Usage: redpoll-benchmark [OPTIONS] [COMMAND ARGS...]\n\nOptions:\n");
    for flag in table::FLAGS {
        let left = match flag.value {
            Some(value) => format!("{} <{value}>", flag.name),
            None => flag.name.to_string(),
        };
        // A name too long for its column has a line to itself.
        let (mut column, alone) = (left.as_str(), left.len() > HELP_COLUMN);
        if alone {
            text.push_str(&format!(" {left}\n"));
            column = "";
        }
        for line in flag.help.lines() {
            text.push_str(&format!(" {column:<HELP_COLUMN$} {line}\n"));
            column = "";
        }
    }
    text.push_str(" --help              Print this help and stop.\n");
    text.push_str(" --version           Print the version and stop.\n");
    text.push_str(EXAMPLES);
    text
}

const EXAMPLES: &str = "
Examples:

 All tests against a server on this machine:
   $ redpoll-benchmark

 Two tests, pipelined, one line each:
   $ redpoll-benchmark -t set,get -P 16 -r 1000000 -q

 Ten seconds of a command of one's own, with a chart:
   $ redpoll-benchmark --duration 10 -r 1000 --plot load.svg incr n:__rand_int__

 Exactly one million keys, each once:
   $ redpoll-benchmark -t set -n 1000000 -r 1000000 --sequential -P 100
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, (String, u8)> {
        match parse(line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()) {
            Parsed::Run(options) => Ok(*options),
            Parsed::Stop { text, code } => Err((text, code)),
        }
    }

    #[test]
    fn defaults_are_those_of_redis_benchmark() {
        let options = parsed("").expect("nothing is a valid command line");
        assert_eq!(options.endpoint(), Endpoint::tcp("127.0.0.1", 6379));
        assert_eq!((options.clients, options.pipeline, options.data_size), (50, 1, 3));
        assert_eq!(options.request_limit(), 100_000);
        assert!(options.keepalive && options.keyspace.is_none() && options.threads.is_none());
    }

    #[test]
    fn every_option_is_taken() {
        let options = parsed(
            "-h example.org -p 7000 -a secret --user me -c 3 -n 10 -d 16 --dbnum 4 -3 --threads 2 \
             -k 0 -r 1000 -P 16 -q --precision 2 --csv -l -t SET,get -I -x --seed 5 \
             --enable-tracking -e --json a.json --plot a.svg --duration 1.5 --sequential",
        )
        .expect("all options are known");
        assert_eq!(options.endpoint(), Endpoint::tcp("example.org", 7000));
        assert_eq!(options.password.as_deref(), Some("secret"));
        assert_eq!(options.user.as_deref(), Some("me"));
        assert_eq!((options.clients, options.requests), (3, Some(10)));
        assert_eq!((options.data_size, options.database), (16, 4));
        assert_eq!((options.threads, options.keyspace), (Some(2), Some(1000)));
        assert_eq!((options.pipeline, options.digits, options.seed), (16, 2, Some(5)));
        assert_eq!(options.tests, Some(vec!["set".to_string(), "get".to_string()]));
        assert_eq!(options.duration, Some(Duration::from_millis(1500)));
        assert!(options.resp3 && !options.keepalive && options.quiet && options.csv);
        assert!(options.forever && options.idle && options.stdin_argument);
        assert!(options.tracking && options.errors_shown && options.sequential);
        assert_eq!(options.warnings().len(), 2);
    }

    #[test]
    fn a_command_takes_the_rest_dashes_included() {
        let options = parsed("-n 5 set -k __rand_int__ --csv").expect("a command");
        assert_eq!(options.command, [b"set".as_slice(), b"-k", b"__rand_int__", b"--csv"]);
        assert!(options.keepalive && !options.csv);
    }

    #[test]
    fn mistakes_are_refused_with_code_1() {
        for (line, words) in [
            ("--nope", "Invalid option \"--nope\" or option argument missing\n\nUsage:"),
            ("-h", "Invalid option \"-h\" or option argument missing\n\nUsage:"),
            ("-c many", "-c many: "),
            ("-c 0", "-c 0: "),
            ("-p 65536", "-p 65536: "),
            ("-r -x", "-r -x: "),
            ("-u http://a", "-u http://a: "),
            ("--duration nan", "--duration nan: "),
        ] {
            let (text, code) = parsed(line).expect_err(line);
            assert_eq!(code, 1, "{line}");
            assert!(text.starts_with(words), "{line}: {text}");
        }
    }

    #[test]
    fn small_numbers_are_raised_as_redis_benchmark_does() {
        let options = parsed("-d 0 -P 0 -r -5 --precision 9 --threads 0").expect("numbers");
        assert_eq!((options.data_size, options.pipeline, options.keyspace), (1, 1, Some(0)));
        assert_eq!((options.digits, options.threads), (4, None));
    }

    #[test]
    fn help_names_every_option_and_fits_a_terminal() {
        let (text, code) = parsed("-q --help").expect_err("help stops");
        assert_eq!(code, 0);
        for flag in table::FLAGS {
            assert!(text.contains(&format!("\n {}", flag.name)), "{}", flag.name);
        }
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
