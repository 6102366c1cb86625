//! The command line, parsed in redis-cli's manner: options up to the first word that is not one,
//! single dashes with values beside double ones, later options over earlier ones.
//!
//! Written by hand because the syntax fits no general parser: an unknown option and an option
//! whose value is missing are the same error, `-h` alone asks for help, numbers are read as C's
//! `atoi` reads them, and the first other word ends the options even if more follow.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use crate::format::paint::Paint;
use crate::format::{Output, Style};
use crate::numbers::{self, atoi};
use crate::stop::Stop;
use crate::{uri, usage, words};
use redpoll_client::TlsSettings;

/// What the program does. In the order of precedence: of several asked for, the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// `--latency`, `--latency-history`
    Latency,
    /// `--latency-dist`
    LatencyDist,
    /// `--replica`
    Replica,
    /// `--rdb`, `--functions-rdb`
    Rdb,
    /// `--pipe`
    Pipe,
    /// `--bigkeys`
    BigKeys,
    /// `--memkeys`, `--memkeys-samples`
    MemKeys,
    /// `--hotkeys`
    HotKeys,
    /// `--stat`
    Stat,
    /// `--sync-stat`
    SyncStat,
    /// `--scan`
    Scan,
    /// `--lru-test`
    LruTest,
    /// `--intrinsic-latency`
    IntrinsicLatency,
    /// `--test_hint`: prints the argument hint for an unfinished line.
    TestHint,
    /// `--eval`
    Eval,
    /// A command on the command line, or the interactive mode without one.
    Command,
}

/// Which protocol version to speak, and how much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resp {
    /// Nothing said: version 2.
    Unsaid,
    /// `-2`
    Two,
    /// `-3`: a server without version 3 is an error.
    Three,
    /// JSON output: version 3 where the server has it.
    ThreeIfKnown,
}

/// Everything the command line says.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// `-h`
    pub host: String,
    /// `-p`
    pub port: u16,
    /// `-s`: a Unix socket, over host and port.
    pub socket: Option<PathBuf>,
    /// `--shm`: go over to shared memory.
    pub shm: bool,
    /// `--rdma`: the port is one of RDMA.
    pub rdma: bool,
    /// `-t`
    pub connect_timeout: Option<Duration>,
    /// `--tls`, or a URI that asks for it.
    pub tls: bool,
    /// `--cacert` and what goes with it.
    pub tls_settings: TlsSettings,
    /// `--user`
    pub user: Option<Vec<u8>>,
    /// `-a`, `--pass`, the URI's password or `REDISCLI_AUTH`
    pub password: Option<Vec<u8>>,
    /// `--askpass`
    pub ask_password: bool,
    /// `-n`
    pub database: i64,
    /// `-2`, `-3` and what implies it
    pub resp: Resp,
    /// `-c`: follow redirections.
    pub cluster: bool,
    /// `-r`: how often; negative is without end.
    pub repeat: i64,
    /// `-i`; zero where nothing was said.
    pub interval: Duration,
    /// `-x`: the last argument comes from stdin.
    pub stdin_last: bool,
    /// `-X`: the argument equal to this comes from stdin.
    pub stdin_tag: Option<Vec<u8>>,
    /// `--quoted-input`
    pub quoted_input: bool,
    /// `-e`: an error reply is an exit code.
    pub error_code: bool,
    /// `--verbose`
    pub verbose: bool,
    /// `--show-pushes`
    pub show_pushes: bool,
    /// The form of the output.
    pub style: Style,
    /// `--pattern`, `--quoted-pattern`
    pub pattern: Option<Vec<u8>>,
    /// `--count`
    pub count: i64,
    /// `--memkeys-samples`; 0 leaves it to the server.
    pub memory_samples: i64,
    /// `--pipe-timeout`, seconds; 0 is without end.
    pub pipe_timeout: i64,
    /// `--latency-history`
    pub latency_history: bool,
    /// `--latency-sample-rate`: the pause between samples.
    pub latency_pause: Duration,
    /// `--mono`: grey shades instead of colours.
    pub mono: bool,
    /// `--intrinsic-latency`, seconds
    pub intrinsic_seconds: i64,
    /// `--lru-test`: how many keys
    pub lru_keys: i64,
    /// `--eval`: the script's file
    pub script: Option<PathBuf>,
    /// `--rdb`, `--functions-rdb`: where the snapshot goes; `-` is standard output
    pub rdb_file: Option<PathBuf>,
    /// `--functions-rdb`
    pub functions_only: bool,
    /// `--test_hint`: the unfinished line
    pub hint_line: Vec<u8>,
    /// The command and its arguments.
    pub command: Vec<Vec<u8>>,
}

/// The pause between latency samples where nothing is said.
const LATENCY_PAUSE: Duration = Duration::from_micros(10_000);

/// Whether output is for somebody's eyes. As in Redis's client, `FAKETTY` in the environment stands
/// for a terminal.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal() || std::env::var_os("FAKETTY").is_some()
}

impl Options {
    /// The options before anything is parsed, for the terminal or pipe that stdout is.
    fn at_start() -> Self {
        let terminal = stdout_is_terminal();
        Self {
            mode: Mode::Command,
            host: "127.0.0.1".to_owned(),
            port: 6379,
            socket: None,
            shm: false,
            rdma: false,
            connect_timeout: None,
            tls: false,
            tls_settings: TlsSettings::default(),
            user: None,
            password: None,
            ask_password: false,
            database: 0,
            resp: Resp::Unsaid,
            cluster: false,
            repeat: 1,
            interval: Duration::ZERO,
            stdin_last: false,
            stdin_tag: None,
            quoted_input: false,
            error_code: false,
            verbose: false,
            show_pushes: terminal,
            style: Style {
                output: if terminal { Output::Standard } else { Output::Raw },
                element_delimiter: b"\n".to_vec(),
                reply_delimiter: b"\n".to_vec(),
                paint: Paint::of_stdout(),
            },
            pattern: None,
            count: 10,
            memory_samples: 0,
            pipe_timeout: 30,
            latency_history: false,
            latency_pause: LATENCY_PAUSE,
            mono: false,
            intrinsic_seconds: 0,
            lru_keys: 0,
            script: None,
            rdb_file: None,
            functions_only: false,
            hint_line: Vec::new(),
            command: Vec::new(),
        }
    }
}

/// Parses the arguments, without the program's name, and the environment. `--help` and
/// `--version` print what they promise and stop with code 0.
pub fn parse(program: &str, arguments: Vec<OsString>) -> Result<Options, Stop> {
    let mut parser = Parser {
        program,
        arguments: arguments.into_iter().map(OsString::into_vec).collect(),
        at: 0,
        options: Options::at_start(),
        modes: BTreeSet::new(),
        auth_on_line: false,
        quiet: false,
        resp2: false,
    };
    while let Some(argument) = parser.arguments.get(parser.at) {
        if argument.first() != Some(&b'-') {
            break;
        }
        parser.option()?;
    }
    parser.finish()
}

struct Parser<'a> {
    program: &'a str,
    arguments: Vec<Vec<u8>>,
    /// The argument being looked at.
    at: usize,
    options: Options,
    modes: BTreeSet<Mode>,
    /// A password stands on the command line, where others can see it.
    auth_on_line: bool,
    /// The user knows.
    quiet: bool,
    resp2: bool,
}

impl Parser<'_> {
    /// Takes one option and its value.
    fn option(&mut self) -> Result<(), Stop> {
        let name = String::from_utf8_lossy(&self.arguments[self.at]).into_owned();
        let taken = self.refused(&name)?
            || self.flag(&name)?
            || self.mode_flag(&name)
            || match self.arguments.get(self.at + 1).cloned() {
                Some(value) if self.valued(&name, &value)? => {
                    self.at += 1;
                    true
                }
                _ => false,
            };
        if !taken && name == "-h" {
            return self.print_and_stop(&usage::help(self.program));
        }
        if !taken {
            return Err(Stop::failed(format!(
                "Unrecognized option or bad number of args for: '{name}'"
            )));
        }
        self.at += 1;
        Ok(())
    }

    /// Options of redis-cli that this build has no part for.
    fn refused(&mut self, name: &str) -> Result<bool, Stop> {
        let what = match name {
            "--ldb" | "--ldb-sync-mode" => "the Lua debugger",
            "--keystats" | "--keystats-samples" => "key statistics; see --bigkeys and --memkeys",
            name if name.starts_with("--cluster") => "the cluster manager",
            _ => return Ok(false),
        };
        let program = self.program;
        Err(Stop::failed(format!("{name}: this build of {program} does not have {what}.")))
    }

    /// Options without a value.
    fn flag(&mut self, name: &str) -> Result<bool, Stop> {
        let options = &mut self.options;
        match name {
            "--help" => return self.print_and_stop(&usage::help(self.program)).map(|()| true),
            "-v" | "--version" => {
                return self.print_and_stop(&usage::version(self.program)).map(|()| true);
            }
            "-x" => options.stdin_last = true,
            "--no-auth-warning" => self.quiet = true,
            "--askpass" => options.ask_password = true,
            "--raw" => options.style.output = Output::Raw,
            "--no-raw" => options.style.output = Output::Standard,
            "--csv" => options.style.output = Output::Csv,
            "--json" | "--quoted-json" => {
                let quoted = name == "--quoted-json";
                options.style.output = if quoted { Output::QuotedJson } else { Output::Json };
                if options.resp == Resp::Unsaid {
                    options.resp = Resp::ThreeIfKnown;
                }
            }
            "--quoted-input" => options.quoted_input = true,
            "-c" => options.cluster = true,
            "-e" => options.error_code = true,
            "--verbose" => options.verbose = true,
            "-2" => self.resp2 = true,
            "-3" => options.resp = Resp::Three,
            "--mono" => options.mono = true,
            "--shm" => options.shm = true,
            "--rdma" => options.rdma = true,
            "--tls" => options.tls = true,
            "--insecure" => options.tls_settings.insecure = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Options without a value that choose what to do.
    fn mode_flag(&mut self, name: &str) -> bool {
        let mode = match name {
            "--latency" => Mode::Latency,
            "--latency-history" => {
                self.options.latency_history = true;
                Mode::Latency
            }
            "--latency-dist" => Mode::LatencyDist,
            "--replica" | "--slave" => Mode::Replica,
            "--stat" => Mode::Stat,
            "--sync-stat" => Mode::SyncStat,
            "--scan" => Mode::Scan,
            "--pipe" => Mode::Pipe,
            "--bigkeys" => Mode::BigKeys,
            "--memkeys" => Mode::MemKeys,
            "--hotkeys" => Mode::HotKeys,
            _ => return false,
        };
        self.modes.insert(mode);
        true
    }

    /// Options with a value.
    fn valued(&mut self, name: &str, value: &[u8]) -> Result<bool, Stop> {
        Ok(self.valued_connection(name, value)?
            || self.valued_tls(name, value)
            || self.valued_mode(name, value)
            || self.valued_form(name, value)?)
    }

    fn valued_connection(&mut self, name: &str, value: &[u8]) -> Result<bool, Stop> {
        let options = &mut self.options;
        match name {
            "-h" => options.host = text(value),
            "-p" => options.port = port(atoi(value))?,
            "-s" => options.socket = Some(path(value)),
            "-t" => options.connect_timeout = Some(connect_timeout(value)?),
            "-n" => options.database = atoi(value),
            "--user" => options.user = Some(value.to_vec()),
            "-a" | "--pass" => {
                options.password = Some(value.to_vec());
                self.auth_on_line = true;
            }
            "-u" => {
                let uri = uri::parse(&text(value))?;
                options.tls |= uri.tls;
                options.shm |= uri.shm;
                options.rdma |= uri.rdma;
                if let Some(socket) = uri.socket {
                    options.socket = Some(path(&socket));
                }
                if let Some(host) = uri.host {
                    options.host = host;
                }
                if let Some(number) = uri.port {
                    options.port = port(number)?;
                }
                if let Some(database) = uri.database {
                    options.database = database;
                }
                if let Some(user) = uri.user {
                    options.user = Some(user);
                }
                if let Some(password) = uri.password {
                    options.password = Some(password);
                    self.auth_on_line = true;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn valued_tls(&mut self, name: &str, value: &[u8]) -> bool {
        let settings = &mut self.options.tls_settings;
        match name {
            "--sni" => settings.server_name = Some(text(value)),
            "--cacert" => settings.authority_file = Some(path(value)),
            "--cacertdir" => settings.authority_directory = Some(path(value)),
            "--cert" => settings.certificate = Some(path(value)),
            "--key" => settings.key = Some(path(value)),
            "--tls-ciphers" => settings.allowed.ciphers = Some(text(value)),
            "--tls-ciphersuites" => settings.allowed.ciphersuites = Some(text(value)),
            _ => return false,
        }
        true
    }

    fn valued_mode(&mut self, name: &str, value: &[u8]) -> bool {
        let options = &mut self.options;
        let mode = match name {
            "--lru-test" => {
                options.lru_keys = atoi(value);
                Mode::LruTest
            }
            "--intrinsic-latency" => {
                options.intrinsic_seconds = atoi(value);
                Mode::IntrinsicLatency
            }
            "--memkeys-samples" => {
                options.memory_samples = atoi(value);
                Mode::MemKeys
            }
            "--rdb" | "--functions-rdb" => {
                options.functions_only = name == "--functions-rdb";
                options.rdb_file = Some(path(value));
                Mode::Rdb
            }
            "--eval" => {
                options.script = Some(path(value));
                Mode::Eval
            }
            "--test_hint" => {
                options.hint_line = value.to_vec();
                Mode::TestHint
            }
            _ => return false,
        };
        self.modes.insert(mode);
        true
    }

    fn valued_form(&mut self, name: &str, value: &[u8]) -> Result<bool, Stop> {
        let options = &mut self.options;
        match name {
            "-r" => options.repeat = atoi(value),
            "-i" => options.interval = numbers::seconds(value),
            "-X" => options.stdin_tag = Some(value.to_vec()),
            "-d" => options.style.element_delimiter = value.to_vec(),
            "-D" => options.style.reply_delimiter = value.to_vec(),
            "--pattern" => options.pattern = Some(value.to_vec()),
            "--quoted-pattern" => {
                options.pattern = Some(words::unquote(value).ok_or_else(|| {
                    Stop::failed("Invalid quoted string specified for --quoted-pattern.")
                })?);
            }
            "--count" => options.count = atoi(value),
            "--pipe-timeout" => options.pipe_timeout = atoi(value),
            "--latency-sample-rate" => {
                options.latency_pause = match u64::try_from(atoi(value)) {
                    Ok(micros) => Duration::from_micros(micros),
                    Err(_) => LATENCY_PAUSE,
                };
            }
            "--show-pushes" => match value.first().map(u8::to_ascii_lowercase) {
                Some(b'y') => options.show_pushes = true,
                Some(b'n') => options.show_pushes = false,
                _ => eprintln!(
                    "Unknown --show-pushes value '{}' (valid: '[y]es', '[n]o')",
                    text(value)
                ),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What can only be judged when all options are known.
    fn finish(mut self) -> Result<Options, Stop> {
        let mut options = self.options;
        options.command = self.arguments.split_off(self.at);
        options.mode = self.modes.first().copied().unwrap_or(Mode::Command);
        if options.socket.is_some() && options.cluster {
            return Err(Stop::failed("Options -c and -s are mutually exclusive."));
        }
        if options.shm && options.cluster {
            return Err(Stop::failed("Options -c and --shm are mutually exclusive."));
        }
        let others = options.cluster || options.shm || options.tls || options.socket.is_some();
        if options.rdma && others {
            return Err(Stop::failed("Option --rdma goes with none of -c, -s, --shm and --tls."));
        }
        if self.resp2 && options.resp == Resp::Three {
            return Err(Stop::failed("Options -2 and -3 are mutually exclusive."));
        }
        if self.resp2 {
            options.resp = Resp::Two;
        }
        if self.auth_on_line && !self.quiet {
            eprintln!(
                "Warning: Using a password with '-a' or '-u' option on the command line \
                 interface may not be safe."
            );
        }
        if options.stdin_last && options.stdin_tag.is_some() {
            return Err(Stop::failed("Options -x and -X are mutually exclusive."));
        }
        if options.password.is_none() {
            options.password = std::env::var_os("REDISCLI_AUTH").map(OsString::into_vec);
        }
        Ok(options)
    }

    fn print_and_stop(&self, text: &str) -> Result<(), Stop> {
        use std::io::Write;
        std::io::stdout().write_all(text.as_bytes())?;
        Err(Stop::Code(0))
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

fn path(value: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(value))
}

fn port(number: i64) -> Result<u16, Stop> {
    u16::try_from(number).map_err(|_| Stop::failed("Invalid server port."))
}

fn connect_timeout(value: &[u8]) -> Result<Duration, Stop> {
    numbers::timeout(value).ok_or_else(|| Stop::failed("Invalid connection timeout for -t."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        let arguments = line.split_whitespace().map(OsString::from).collect();
        parse("redpoll-cli", arguments).map_err(|stop| match stop {
            Stop::Failed(text) => text,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn options_end_at_the_first_other_word() {
        let options = parsed("-p 7000 -n 3 set -x 1").unwrap();
        assert_eq!((options.port, options.database, options.stdin_last), (7000, 3, false));
        assert_eq!(options.command, [&b"set"[..], b"-x", b"1"]);
    }

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        assert_eq!(parsed("-r 5x").unwrap().repeat, 5);
        assert_eq!(parsed("-r x").unwrap().repeat, 0);
        assert_eq!(parsed("-r -1").unwrap().repeat, -1);
        assert_eq!(parsed("-i 0.25s").unwrap().interval, Duration::from_millis(250));
        assert_eq!(parsed("-i -1").unwrap().interval, Duration::ZERO);
        assert_eq!(parsed("-r 99999999999999999999").unwrap().repeat, i64::MAX);
        assert_eq!(
            parsed("--latency-sample-rate -5").unwrap().latency_pause,
            Duration::from_millis(10)
        );
        assert_eq!(parsed("--latency-sample-rate 0").unwrap().latency_pause, Duration::ZERO);
    }

    #[test]
    fn wrong_lines_are_refused_with_a_sentence() {
        let cases = [
            ("-p", "Unrecognized option or bad number of args for: '-p'"),
            ("--nothing", "Unrecognized option or bad number of args for: '--nothing'"),
            ("-p 70000", "Invalid server port."),
            ("-p -1", "Invalid server port."),
            ("-2 -3", "Options -2 and -3 are mutually exclusive."),
            ("-c -s /s", "Options -c and -s are mutually exclusive."),
            ("-c --shm", "Options -c and --shm are mutually exclusive."),
            ("-x -X t", "Options -x and -X are mutually exclusive."),
            ("--rdma -s /s", "Option --rdma goes with none of -c, -s, --shm and --tls."),
            ("-t -1", "Invalid connection timeout for -t."),
            ("--quoted-pattern \"a", "Invalid quoted string specified for --quoted-pattern."),
            ("--rdb", "Unrecognized option or bad number of args for: '--rdb'"),
            ("--ldb", "--ldb: this build of redpoll-cli does not have the Lua debugger."),
            (
                "--cluster info",
                "--cluster: this build of redpoll-cli does not have the cluster manager.",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(parsed(line).err().as_deref(), Some(expected), "{line}");
        }
    }

    #[test]
    fn the_first_mode_in_rank_counts() {
        assert_eq!(parsed("--scan --bigkeys").unwrap().mode, Mode::BigKeys);
        assert_eq!(parsed("--eval f --stat").unwrap().mode, Mode::Stat);
        assert_eq!(parsed("ping").unwrap().mode, Mode::Command);
    }

    #[test]
    fn json_asks_for_version_3_but_does_not_insist() {
        assert_eq!(parsed("--json").unwrap().resp, Resp::ThreeIfKnown);
        assert_eq!(parsed("-3 --json").unwrap().resp, Resp::Three);
        assert_eq!(parsed("--json -2").unwrap().resp, Resp::Two);
    }

    #[test]
    fn tls_is_asked_for_by_option_or_uri() {
        let options = parsed("--tls --sni a --cacert b --cert c --key d --insecure").unwrap();
        let settings = options.tls_settings;
        assert!(options.tls && settings.insecure);
        assert_eq!(settings.server_name.as_deref(), Some("a"));
        assert_eq!(settings.authority_file, Some(PathBuf::from("b")));
        assert!(parsed("-u rediss://h").unwrap().tls && !parsed("-u redis://h").unwrap().tls);
    }

    #[test]
    fn rdma_is_asked_for_by_option_or_uri() {
        assert!(parsed("--rdma -h 10.0.0.1").unwrap().rdma && !parsed("ping").unwrap().rdma);
        let options = parsed("-u rdma://10.0.0.1:7/2").unwrap();
        assert_eq!((options.host.as_str(), options.port, options.database), ("10.0.0.1", 7, 2));
        assert!(options.rdma);
    }

    #[test]
    fn a_uri_fills_in_what_it_names() {
        let options = parsed("--no-auth-warning -h other -u redis://u:p%40@[::1]:7001/4").unwrap();
        assert_eq!((options.host.as_str(), options.port, options.database), ("::1", 7001, 4));
        assert_eq!(options.user.as_deref(), Some(&b"u"[..]));
        assert_eq!(options.password.as_deref(), Some(&b"p@"[..]));
    }
}
