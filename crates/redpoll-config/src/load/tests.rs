//! Tests of reading the configuration.

use super::*;
use crate::command_line::CommandLine;
use proptest::prelude::*;
use std::ffi::OsString;
use std::fs;

fn error(text: &str) -> String {
    Config::from_text(text.as_bytes()).unwrap_err().to_string()
}

/// The error's number, line and reason.
fn complaint(text: &str) -> (String, String, String) {
    let shown = error(text);
    let mut lines = shown.lines().skip(2);
    let mut next = || lines.next().unwrap_or_default().to_string();
    (next(), next(), next())
}

fn reason(line: &str) -> String {
    complaint(line).2
}

fn launch(args: &[&str], stdin: &str) -> Result<Config, ConfigError> {
    match CommandLine::parse(args.iter().map(OsString::from)) {
        CommandLine::Launch(launch) => Config::load(&launch, stdin.as_bytes()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn directives_are_read_in_any_case_with_comments_and_quotes() {
    let config = Config::from_text(
        b"# comment\r\n\r\n  PORT 7000 \r\nrequirepass \"a b\\x00\"\npidfile 'it''\n"
            .strip_suffix(b"pidfile 'it''\n")
            .unwrap(),
    )
    .unwrap();
    assert_eq!(config.port(), 7000);
    assert_eq!(&config.requirepass().unwrap()[..], b"a b\0");
}

#[test]
fn errors_name_the_line() {
    assert_eq!(
        complaint("port 7000\n\n maxmemory 1zb \n"),
        (
            "Reading the configuration file, at line 3".to_string(),
            ">>> 'maxmemory 1zb'".to_string(),
            "argument must be a memory value".to_string()
        )
    );
}

#[test]
fn reasons_are_those_of_redis() {
    for (line, expected) in [
        ("foo bar", "Bad directive or wrong number of arguments"),
        ("port", "wrong number of arguments"),
        ("port 1 2", "wrong number of arguments"),
        ("port 70000", "argument must be between 0 and 65535 inclusive"),
        ("port abc", "argument couldn't be parsed into an integer"),
        ("port \"1", "Unbalanced quotes in configuration line"),
        ("save 900", "Invalid save parameters"),
        ("appendonly maybe", "argument must be 'yes' or 'no'"),
        ("dir /no/such/dir", "No such file or directory"),
        ("slaveof a", "wrong number of arguments"),
        ("include", "Bad directive or wrong number of arguments"),
        ("rename-command a", "Bad directive or wrong number of arguments"),
        ("user", "Bad directive or wrong number of arguments"),
        ("loadmodule", "Bad directive or wrong number of arguments"),
        ("search.threads", "Module config specified without value"),
        ("sentinel monitor a", "sentinel directive while not in sentinel mode"),
        ("sentinel", "Sentinel mode is not supported"),
        ("bind \"'a\"", "Unbalanced quotes in configuration line"),
    ] {
        assert_eq!(reason(line), expected, "{line}");
    }
}

#[test]
fn save_lines_add_up_and_replace_the_defaults() {
    let saves = |text: &str| Config::from_text(text.as_bytes()).unwrap().get_one("save").unwrap();
    assert_eq!(saves("save 900 1\nsave 60 5\n"), b"900 1 60 5");
    assert_eq!(saves("save \"900 1 60 5\""), b"900 1 60 5");
    assert_eq!(saves("save 900 1\nsave \"\"\n"), b"");
    assert_eq!(saves("port 1\n"), b"3600 1 300 100 60 10000");
}

#[test]
fn what_is_no_setting_is_kept_for_the_server() {
    let config = Config::from_text(
        b"user alice on >pass ~*\nrename-command CONFIG \"\"\nloadmodule /a.so x\n\
          search.threads 4\nlist-max-ziplist-value 64\n",
    )
    .unwrap();
    let extras = config.extras();
    assert_eq!(extras.users[0].args[0], b"alice");
    assert_eq!(extras.renamed_commands[0].args, [b"CONFIG".to_vec(), b"".to_vec()]);
    assert_eq!(extras.modules[0].args.len(), 2);
    assert_eq!(extras.module_settings[0].args, [b"search.threads".to_vec(), b"4".to_vec()]);
    let error = extras.users[0].line.error("Error in user declaration");
    assert!(error.to_string().contains(">>> 'user alice on >pass ~*'\nError in user"));
}

#[test]
fn later_sources_win_and_lines_count_on() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("redpoll.conf");
    fs::write(&file, "port 1\ntimeout 1\nhz 1\n").unwrap();
    let file = file.to_str().unwrap();
    let config = launch(&[file, "--hz", "3", "-"], "timeout 2\nhz 2\n").unwrap();
    assert_eq!((config.port(), config.timeout(), config.hz()), (1, 2, 3));
    assert_eq!(config.config_file(), Some(Path::new(file)));

    let shown = launch(&[file, "--port", "x"], "").unwrap_err().to_string();
    assert!(shown.contains("at line 5\n>>> 'port \"x\"'\n"), "{shown}");
    assert!(shown.ends_with("(on the command line)"), "{shown}");
    let shown = launch(&["-"], "hz x\n").unwrap_err().to_string();
    assert!(shown.contains("at line 1\n") && shown.contains("(in standard input, line 1)"));
    let shown = launch(&["--port", "x"], "").unwrap_err().to_string();
    assert!(shown.contains("at line 2\n"), "{shown}");
}

#[test]
fn a_missing_file_is_told() {
    let shown = launch(&["/no/such.conf"], "").unwrap_err().to_string();
    assert_eq!(
        shown,
        "Fatal error, can't open config file '/no/such.conf': No such file or directory"
    );
}

#[test]
fn files_include_files_relative_to_the_directory() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::create_dir(at("conf.d")).unwrap();
    fs::write(
        at("main.conf"),
        format!("dir {}\ninclude conf.d/*.conf\nport 3\n", at("").display()),
    )
    .unwrap();
    fs::write(at("conf.d/1.conf"), "port 1\nhz 11\n").unwrap();
    fs::write(at("conf.d/2.conf"), "port 2\ntimeout 7").unwrap();
    let main = at("main.conf");
    let config = launch(&[main.to_str().unwrap()], "").unwrap();
    assert_eq!((config.port(), config.hz(), config.timeout()), (3, 11, 7));

    fs::write(at("conf.d/2.conf"), "\nnonsense\n").unwrap();
    let shown = launch(&[main.to_str().unwrap()], "").unwrap_err().to_string();
    assert!(shown.contains("conf.d/2.conf, line 2)"), "{shown}");
}

#[test]
fn endless_includes_end() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("a.conf");
    let line = format!("include {}\n", file.display());
    fs::write(&file, line.repeat(2)).unwrap();
    let shown = launch(&[file.to_str().unwrap()], "").unwrap_err().to_string();
    assert!(shown.contains("Too many include directives"), "{shown}");
}

#[test]
fn the_whole_is_checked() {
    let shown = error("cluster-enabled yes\nreplicaof 127.0.0.1 7000\n");
    assert!(shown.ends_with("***\nreplicaof directive not allowed in cluster mode"), "{shown}");
    let config = Config::from_text(b"cluster-enabled yes").unwrap();
    assert_eq!((config.databases(), config.extras().warnings.len()), (1, 1));
    let shown = error("logfile /no/such/dir/log");
    assert!(shown.ends_with("Can't open the log file: No such file or directory"), "{shown}");
    let config = Config::from_text(b"oom-score-adj-values 3 2 1").unwrap();
    assert_eq!(config.extras().warnings.len(), 1);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Config::from_text(&text);
    }

    #[test]
    fn arbitrary_arguments_never_panic(row in 0..COUNT, args in "[ -~]{0,20}") {
        let name = DIRECTIVES[row].name;
        // These would touch the file system.
        prop_assume!(name != "logfile");
        let _ = Config::from_text(format!("{name} {args}").as_bytes());
    }
}
