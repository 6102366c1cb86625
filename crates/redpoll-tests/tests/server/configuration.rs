//! The program's words: command line, configuration files, exit codes, signals.

use redpoll_tests::server::{free_port, new_directory, program};
use redpoll_tests::{Raw, Server, eventually};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};

/// Runs the program to its end, with `stdin` on its standard input.
fn run(arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut input = child.stdin.take().expect("stdin is a pipe");
    // The program may end without reading it.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    child.wait_with_output().expect("the program's output")
}

#[track_caller]
fn fatal(arguments: &[&str], stdin: &str, parts: &[&str]) {
    let output = run(arguments, stdin);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("*** FATAL CONFIG FILE ERROR"), "{errors}");
    for part in parts {
        assert!(errors.contains(part), "{part} in {errors}");
    }
}

#[test]
fn a_bad_directive_is_fatal_with_its_line() {
    let stdin = "port 0\n\nno-such-directive yes\n";
    fatal(&["-"], stdin, &["line 3", "no-such-directive yes"]);
    fatal(&["-"], "port 123456\n", &["port 123456"]);
    fatal(&["-"], "maxmemory lots\n", &["maxmemory lots"]);
    fatal(&["-"], "port\n", &[]);
    fatal(&["-"], "dir \"open\n", &[]);
    fatal(&["--no-such-option", "1"], "", &["no-such-option"]);
}

#[test]
fn a_missing_file_is_fatal() {
    let output = run(&["/no/such/file.conf"], "");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("/no/such/file.conf"), "{errors}");
}

#[test]
fn a_file_names_the_file_and_line_of_its_fault() {
    let directory = new_directory();
    let (main, part) = (directory.join("main.conf"), directory.join("part.conf"));
    std::fs::write(&main, "port 0\ninclude part.conf\n").expect("a file");
    std::fs::write(&part, "\nmaxclients none\n").expect("a file");
    let main = main.to_str().expect("a path");
    let output = Command::new(program()).arg(main).current_dir(&directory).output().expect("run");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("maxclients none"), "{errors}");
    std::fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn help_and_version() {
    for option in ["--help", "-h"] {
        let output = run(&[option], "");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("--port"), "{text}");
    }
    for option in ["--version", "-v"] {
        let output = run(&[option], "");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("v="), "{text}");
    }
}

#[test]
fn a_file_on_stdin_and_words_behind_it() {
    let directory = new_directory();
    let port = free_port().to_string();
    let text =
        format!("# comment\nport 1\nbind 127.0.0.1\nmaxclients 77\ndir {}\n", directory.display());
    let mut child = Command::new(program())
        .args(["-", "--port", &port, "--save", ""])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let mut input = child.stdin.take().expect("stdin is a pipe");
    input.write_all(text.as_bytes()).expect("stdin is read");
    drop(input);
    let number: u16 = port.parse().expect("a port");
    eventually("it listens", || std::net::TcpStream::connect(("127.0.0.1", number)).is_ok());
    let mut raw = Raw::connect(number);
    raw.check("CONFIG GET maxclients\r\n", "*2\r\n$10\r\nmaxclients\r\n$2\r\n77\r\n");
    raw.send("SHUTDOWN NOSAVE\r\n");
    raw.expect_closed();
    assert_eq!(child.wait().expect("the end").code(), Some(0));
    std::fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn without_a_port_the_unix_socket_is_the_only_way_in() {
    let directory = new_directory();
    let path = directory.join("only");
    let mut child = Command::new(program())
        .args(["--port", "0", "--unixsocketperm", "700", "--save", "", "--unixsocket"])
        .arg(&path)
        .current_dir(&directory)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    eventually("the socket is there", || UnixStream::connect(&path).is_ok());
    let mut raw = Raw::over(UnixStream::connect(&path).expect("the socket"));
    eventually("it has loaded", || {
        raw.send("PING\r\n");
        raw.line() == "+PONG"
    });
    let mode = std::fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    raw.send("SHUTDOWN\r\n");
    raw.expect_closed();
    assert_eq!(child.wait().expect("the end").code(), Some(0));
    assert!(!path.exists(), "the socket is removed");
    std::fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn nowhere_to_listen_is_an_error() {
    let output = run(&["--port", "0"], "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_port_in_use_is_an_error() {
    let server = Server::start(&[]);
    let output = run(&["--port", &server.port.to_string(), "--bind", "127.0.0.1"], "");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("in use"), "{text}");
}

/// Each signal has a directive of its own. What cannot be saved keeps the server, unless forced.
#[test]
fn signals_end_it_as_their_directives_say() {
    let mut server = Server::start(&["--save", "900 1", "--shutdown-on-sigterm", "force"]);
    let mut talk = server.talk();
    talk.check("SET k v", "OK");
    let directory = talk.ask("CONFIG GET dir");
    let directory = directory.trim_matches(['[', ']']).trim_start_matches("dir ");
    std::fs::create_dir(format!("{directory}/dump.rdb")).expect("a directory in the file's place");
    server.signal("INT");
    eventually("it has tried to save", || server.log().contains("can't exit"));
    talk.check("SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.");
    talk.check("GET k", "v");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(server.log().contains("exiting anyway"));
}

#[test]
fn signals_end_it_with_success() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&[]);
        server.talk().check("SET k v", "OK");
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal}");
        assert!(!server.socket().exists(), "the socket is removed");
    }
}

#[test]
fn the_log_says_what_tools_look_for() {
    let server = Server::start(&[]);
    let log = server.log();
    for part in [format!("PID: {}", server.pid()), "Server initialized".into()] {
        assert!(log.contains(&part), "{part} in {log}");
    }
}

#[test]
fn a_pid_file_comes_and_goes() {
    let directory = new_directory();
    let path = directory.join("pid");
    let mut server = Server::start(&["--pidfile", path.to_str().expect("a path")]);
    let text = std::fs::read_to_string(&path).expect("the pid file");
    assert_eq!(text.trim(), server.pid().to_string());
    server.signal("TERM");
    server.wait();
    assert!(!path.exists());
    std::fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn settings_change_at_run_time() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    talk.check("CONFIG SET maxclients 500 timeout 100", "OK");
    talk.check("CONFIG GET maxclients", "[maxclients 500]");
    assert!(
        talk.ask("CONFIG SET no-such 1").starts_with("-ERR Unknown option or number of arguments")
    );
    assert!(talk.ask("CONFIG SET timeout many").starts_with("-ERR CONFIG SET failed"));
    talk.check("CONFIG GET timeout", "[timeout 100]");
    talk.check("CONFIG SET requirepass secret", "OK");
    server.raw().check("PING\r\n", "-NOAUTH Authentication required.\r\n");
}
