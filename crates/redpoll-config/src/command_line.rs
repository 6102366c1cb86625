//! The arguments of the server: a file, `-` for standard input, and overrides.
//!
//! Overrides become lines of configuration, read after the file and standard input: `--port 7000`
//! is the line `port "7000"`. What makes up an option, and the exceptions for `--save`, follow
//! redis-server, as scripts and container images depend on them.

use crate::quote::{push_quoted, split_args};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What the server is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// Show [`help`](crate::help).
    Help,
    /// Show the version.
    Version,
    /// Start.
    Launch(Launch),
}

/// From where the configuration is read, in this order; what is read later wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// The configuration file.
    pub config_file: Option<PathBuf>,
    /// Whether standard input is read.
    pub from_stdin: bool,
    /// The overrides, as lines of configuration.
    pub options: Vec<u8>,
}

impl CommandLine {
    /// Reads arguments, without the program's own name. Never fails: what makes no sense becomes
    /// a line that makes none, and is reported with all other lines.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Self {
        let args: Vec<OsString> = args.into_iter().collect();
        match args.first().map(|arg| arg.as_bytes()) {
            Some(b"-h" | b"--help") => Self::Help,
            Some(b"-v" | b"--version") => Self::Version,
            _ => Self::Launch(Launch::parse(&args)),
        }
    }
}

impl Launch {
    fn parse(args: &[OsString]) -> Self {
        let mut launch = Self::default();
        let mut rest = args;
        if let Some((first, others)) = args.split_first()
            && first.as_bytes().first() != Some(&b'-')
        {
            launch.config_file = Some(PathBuf::from(first));
            rest = others;
        }
        // Whether the option at hand has a value, so that `--` begins another one.
        let mut complete = true;
        for (index, arg) in rest.iter().enumerate() {
            let arg = arg.as_bytes();
            let is_first = index == 0 && launch.config_file.is_none();
            let next = rest.get(index + 1).map(|next| next.as_bytes());
            if arg == b"-" && (is_first || next.is_none()) {
                launch.from_stdin = true;
            } else if let Some(name) = arg.strip_prefix(b"--").filter(|_| complete) {
                complete = launch.push_option(name, next);
            } else {
                push_quoted(&mut launch.options, arg);
                launch.options.push(b' ');
                complete = true;
            }
        }
        launch
    }

    /// Begins the line of an option. Returns whether it needs no value of its own any more.
    fn push_option(&mut self, name: &[u8], next: Option<&[u8]>) -> bool {
        if !self.options.is_empty() {
            self.options.push(b'\n');
        }
        self.options.extend(name);
        self.options.push(b' ');
        // An option may come with its value as one argument: `"--port 7000"`.
        if split_args(name).is_none_or(|words| words.len() != 1) {
            return true;
        }
        let next_is_option = next.is_some_and(|next| next.starts_with(b"--"));
        // `--save` without a value means no saving; arrays of arguments that are empty become that.
        if name.eq_ignore_ascii_case(b"save") && (next_is_option || next.is_none()) {
            self.options.extend(b"\"\"");
            return true;
        }
        name.eq_ignore_ascii_case(b"sentinel") && next_is_option
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(args: &[&str]) -> CommandLine {
        CommandLine::parse(args.iter().map(OsString::from))
    }

    fn options(args: &[&str]) -> String {
        let CommandLine::Launch(launch) = parse(args) else { panic!("{args:?} starts nothing") };
        String::from_utf8(launch.options).unwrap()
    }

    #[test]
    fn help_and_version_come_first_or_not_at_all() {
        for arg in ["-h", "--help"] {
            assert_eq!(parse(&[arg, "--port", "1"]), CommandLine::Help);
        }
        for arg in ["-v", "--version"] {
            assert_eq!(parse(&[arg]), CommandLine::Version);
        }
        assert_eq!(options(&["--port", "1", "--help"]), "port \"1\" \nhelp ");
    }

    #[test]
    fn a_file_comes_first() {
        let file = Launch { config_file: Some("a.conf".into()), ..Launch::default() };
        assert_eq!(parse(&["a.conf"]), CommandLine::Launch(file));
        assert_eq!(options(&["--port", "1", "a.conf"]), "port \"1\" \"a.conf\" ");
        assert_eq!(options(&["a.conf", "--port", "1"]), "port \"1\" ");
        assert_eq!(parse(&[]), CommandLine::Launch(Launch::default()));
    }

    #[test]
    fn a_dash_is_standard_input_at_the_start_or_the_end() {
        for args in [&["-"][..], &["-", "--port", "1"], &["--port", "1", "-"], &["a.conf", "-"]] {
            let CommandLine::Launch(launch) = parse(args) else { panic!("{args:?}") };
            assert!(launch.from_stdin, "{args:?}");
        }
        let CommandLine::Launch(launch) = parse(&["--port", "-", "--hz", "1"]) else { panic!() };
        assert!(!launch.from_stdin);
    }

    #[test]
    fn options_become_lines() {
        assert_eq!(
            options(&["--port", "7000", "--bind", "127.0.0.1", "::1"]),
            "port \"7000\" \nbind \"127.0.0.1\" \"::1\" "
        );
        assert_eq!(options(&["--port 7000", "--hz", "1"]), "port 7000 \nhz \"1\" ");
        assert_eq!(
            options(&["--requirepass", "--x", "--hz", "1"]),
            "requirepass \"--x\" \nhz \"1\" "
        );
        assert_eq!(options(&["-x"]), "\"-x\" ");
    }

    #[test]
    fn saving_is_turned_off_by_an_empty_option() {
        assert_eq!(options(&["--save", ""]), "save \"\" ");
        assert_eq!(options(&["--save"]), "save \"\"");
        assert_eq!(options(&["--save", "--port", "1"]), "save \"\"\nport \"1\" ");
        assert_eq!(options(&["--save", "900", "1"]), "save \"900\" \"1\" ");
        assert_eq!(options(&["--save", "900 1 60 5"]), "save \"900 1 60 5\" ");
    }

    proptest! {
        #[test]
        fn values_come_through_whole(value in "[^-\0]\\PC{0,20}") {
            let lines = options(&["--requirepass", &value]);
            let words = split_args(lines.as_bytes()).unwrap();
            prop_assert_eq!(words, [b"requirepass".to_vec(), value.into_bytes()]);
        }

        #[test]
        fn never_panics(args in prop::collection::vec("(--?)?(save|port|[\\PC]{0,6})", 0..6)) {
            CommandLine::parse(args.iter().map(OsString::from));
        }
    }
}
