//! Users of a running server: files, restarts, and clients whose user changes under them.

use redpoll_tests::server::{free_port, new_directory, program};
use redpoll_tests::{Server, Talk};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).to_str().expect("a path").to_owned()
}

/// Starts the program, which must refuse to; returns what it says.
#[track_caller]
fn refusal(arguments: &[&str]) -> String {
    let port = free_port().to_string();
    let mut program = Command::new(program());
    program.args(["--port", &port, "--bind", "127.0.0.1"]).args(arguments);
    let output = program.output().expect("the program");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    text
}

#[test]
fn an_acl_file_is_read_written_and_read_again() {
    let directory = new_directory();
    let file = path(&directory, "users.acl");
    fs::write(&file, "user alice on >secret ~a:* +@read\n").expect("a file");
    let server = Server::start(&["--aclfile", &file]);
    let mut talk = server.talk();
    talk.check("AUTH alice secret | GET a:1", "OK | nil");
    talk.check("GET b", "-NOPERM No permissions to access a key");
    let mut admin = server.talk();
    admin.check("ACL SETUSER bob on nopass +@all ~* (+get ~x) | ACL SAVE", "OK | OK");
    admin.check("ACL DELUSER bob alice | ACL USERS", ":2 | [default]");
    admin.check("ACL LOAD | ACL USERS", "OK | [alice bob default]");
    let text = fs::read_to_string(&file).expect("the file");
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(!text.contains("secret"), "{text}");
    fs::write(&file, "user alice on\nuser bob +nope\n").expect("a file");
    let error = admin.ask("ACL LOAD");
    assert!(error.contains(":2: Error in applying operation '+nope'"), "{error}");
    admin.check("ACL USERS", "[alice bob default]");
    assert_eq!(fs::read_dir(&directory).expect("it").count(), 1, "no temporary file is left");
    fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn a_corrupt_acl_file_prevents_the_start() {
    let directory = new_directory();
    let file = path(&directory, "users.acl");
    fs::write(&file, "user alice on\nalice\nuser alice\n").expect("a file");
    let text = refusal(&["--aclfile", &file]);
    for part in [":2 should start with user keyword", "Duplicate user 'alice' found on line 3"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let missing = path(&directory, "missing.acl");
    let text = refusal(&["--aclfile", &missing]);
    assert!(text.contains("opening file"), "{text}");
    fs::write(&file, "").expect("a file");
    let text = refusal(&["--aclfile", &file, "--user", "bob", "on"]);
    assert!(text.contains("in one of the two places only"), "{text}");
    let text = refusal(&["--user", "bob", "+nope"]);
    assert!(text.contains("Unknown command or category name in ACL"), "{text}");
    fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn config_rewrite_keeps_users() {
    let directory = new_directory();
    let file = path(&directory, "redis.conf");
    fs::write(&file, "user bob on nopass +@all ~*\nrename-command GET fetch\n").expect("a file");
    let start = || {
        // The file comes first on the command line; what the test adds comes behind.
        let socket = directory.join("socket");
        let port = free_port();
        let child = Command::new(program())
            .args([file.as_str(), "--port", &port.to_string(), "--bind", "127.0.0.1"])
            .arg("--unixsocket")
            .arg(&socket)
            .current_dir(&directory)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("the program");
        redpoll_tests::eventually("it listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        redpoll_tests::eventually("it has loaded", || Talk::tcp(port).ask("PING") == "PONG");
        (child, Talk::tcp(port))
    };
    let (mut child, mut talk) = start();
    // Rules are about the commands' own names.
    talk.check("ACL SETUSER eve on >x +get ~a\"b %R~c &d (+set ~e) | CONFIG REWRITE", "OK | OK");
    let users = talk.ask("ACL LIST");
    child.kill().and_then(|()| child.wait()).expect("the end");
    let (mut child, mut talk) = start();
    assert_eq!(talk.ask("ACL LIST"), users);
    talk.check("AUTH eve x | fetch c", "OK | nil");
    child.kill().and_then(|()| child.wait()).expect("the end");
    fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn those_who_lose_what_they_hear_are_disconnected() {
    let server = Server::start(&[]);
    let mut admin = server.talk();
    admin.check("ACL SETUSER bob on nopass +@all ~* &news* &all", "OK");
    let mut loses = server.raw();
    loses.check("AUTH bob x\r\n", "+OK\r\n");
    loses.check("SUBSCRIBE all\r\n", "*3\r\n$9\r\nsubscribe\r\n$3\r\nall\r\n:1\r\n");
    let mut keeps = server.raw();
    keeps.check("AUTH bob x\r\n", "+OK\r\n");
    keeps.check("SUBSCRIBE news1\r\n", "*3\r\n$9\r\nsubscribe\r\n$5\r\nnews1\r\n:1\r\n");
    admin.check("ACL SETUSER bob resetchannels &news*", "OK");
    loses.expect_closed();
    keeps.check("PING\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    let mut waits = server.raw();
    waits.check("AUTH bob x\r\n", "+OK\r\n");
    waits.send("BLPOP list 0\r\n");
    admin.check("ACL DELUSER bob", ":1");
    waits.expect_closed();
    keeps.expect_closed();
}

#[test]
fn a_right_that_is_taken_is_gone_at_once() {
    let server = Server::start(&["--io-threads", "4"]);
    let mut admin = server.talk();
    admin.check("ACL SETUSER bob on nopass +set +get ~*", "OK");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..3 {
            let (server, done) = (&server, &done);
            scope.spawn(move || {
                let mut talk = server.talk();
                talk.check("AUTH bob x", "OK");
                while !done.load(Ordering::Acquire) {
                    let reply = talk.ask(&format!("SET key{number} v"));
                    assert!(reply == "OK" || reply.starts_with("-NOPERM"), "{reply}");
                }
            });
        }
        for _ in 0..100 {
            admin.check("ACL SETUSER bob -set", "OK");
            // sleep: a batch that had begun may still write, and nothing tells of its end.
            std::thread::sleep(std::time::Duration::from_millis(2));
            admin.ask("DEL key0 key1 key2");
            // sleep: whoever still could would write now.
            std::thread::sleep(std::time::Duration::from_millis(1));
            admin.check("EXISTS key0 key1 key2", ":0");
            admin.check("ACL SETUSER bob +set", "OK");
        }
        done.store(true, Ordering::Release);
    });
}
