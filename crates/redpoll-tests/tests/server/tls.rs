//! TLS: certificates, what is refused, and everything through it that is large, slow or broken.

use redpoll_client::{Config, Connection, Tls};
use redpoll_tests::tls::Files;
use redpoll_tests::{Authority, PATIENCE, Raw, Server, Talk, eventually, server::free_port};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A server with TLS and without, its authority, and a certificate for clients.
struct Scene {
    server: Server,
    authority: Authority,
    port: u16,
    client: Files,
}

impl Scene {
    #[track_caller]
    fn start(more: &[&str]) -> Scene {
        let authority = Authority::new();
        let own = authority.sign("server");
        let client = authority.sign("client");
        let port = free_port();
        let (number, file) = (port.to_string(), authority.file());
        let mut settings = vec!["--tls-port", &number, "--tls-ca-cert-file", &file];
        settings.extend(["--tls-cert-file", &own.certificate, "--tls-key-file", &own.key]);
        settings.extend(more);
        let server = Server::start(&settings);
        Scene { server, authority, port, client }
    }

    fn tls(&self) -> Tls {
        self.authority.client(Some(&self.client))
    }

    #[track_caller]
    fn raw(&self) -> Raw {
        Raw::tls(self.port, &self.tls())
    }

    #[track_caller]
    fn talk(&self) -> Talk {
        Talk::with(&self.config(self.tls()))
    }

    fn config(&self, tls: Tls) -> Config {
        let mut config = Config::tcp("127.0.0.1", self.port);
        config.io_timeout = Some(PATIENCE);
        config.tls = Some(tls);
        config
    }

    /// Whether such a client can run a command.
    fn lets_in(&self, tls: Tls) -> bool {
        Connection::open(&self.config(tls))
            .is_ok_and(|mut connection| connection.command(&["PING"]).is_ok())
    }
}

#[test]
fn clients_need_a_certificate_as_tls_auth_clients_says() {
    let scene = Scene::start(&[]);
    let mut plain = scene.server.talk();
    scene.talk().check("PING", "PONG");
    let stranger = Authority::new();
    let other = stranger.sign("client");
    let without = || scene.authority.client(None);
    let foreign = || scene.authority.client(Some(&other));
    assert!(!scene.lets_in(without()) && !scene.lets_in(foreign()));
    plain.check("CONFIG SET tls-auth-clients optional", "OK");
    assert!(scene.lets_in(without()) && !scene.lets_in(foreign()));
    plain.check("CONFIG SET tls-auth-clients no", "OK");
    assert!(scene.lets_in(without()) && scene.lets_in(foreign()));
    plain.check("CONFIG SET tls-auth-clients yes", "OK");
    let expired = scene.authority.sign_expired("late");
    assert!(!scene.lets_in(scene.authority.client(Some(&expired))));
    assert!(!scene.lets_in(stranger.client(Some(&scene.client))), "the client trusts another");
    scene.talk().check("PING", "PONG");
}

#[test]
fn a_certificate_may_name_the_user() {
    let scene = Scene::start(&["--requirepass", "secret", "--tls-auth-clients-user", "CN"]);
    scene.talk().check("GET k", "-NOAUTH Authentication required.");
    let named = scene.authority.sign("default");
    let mut talk = Talk::with(&scene.config(scene.authority.client(Some(&named))));
    talk.check("GET k", "nil");
}

#[test]
fn large_values_and_long_pipelines_arrive_whole() {
    let scene = Scene::start(&[]);
    let mut raw = scene.raw();
    let value: Vec<u8> = (0..8_000_000u32).map(|number| (number % 251) as u8).collect();
    let head = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${}\r\n", value.len());
    raw.send([head.as_bytes(), &value, b"\r\n"].concat());
    raw.expect("+OK\r\n");
    // The answer waits, larger than all buffers, while more is asked for.
    raw.send("GET k\r\nPING\r\n");
    // sleep: nothing shows from outside that the answer fills all buffers.
    std::thread::sleep(Duration::from_millis(50));
    raw.expect([format!("${}\r\n", value.len()).as_bytes(), &value, b"\r\n+PONG\r\n"].concat());

    let mut writer = raw.twin();
    let sender = std::thread::spawn(move || {
        for number in 0..10_000 {
            writer.send(format!("SET key:{number} {number}\r\nGET key:{number}\r\n"));
        }
    });
    for number in 0..10_000 {
        let text = number.to_string();
        raw.expect(format!("+OK\r\n${}\r\n{text}\r\n", text.len()));
    }
    sender.join().expect("everything is sent");
}

#[test]
fn commands_arrive_byte_by_byte_and_messages_unasked() {
    let scene = Scene::start(&[]);
    let mut raw = scene.raw();
    for byte in b"*2\r\n$4\r\nECHO\r\n$5\r\nhello\r\n" {
        raw.send([*byte]);
    }
    raw.expect("$5\r\nhello\r\n");
    raw.send("SUBSCRIBE news\r\n");
    raw.expect("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    scene.server.talk().check("PUBLISH news flash", ":1");
    raw.expect("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nflash\r\n");
    let mut waiting = scene.talk();
    waiting.send("BLPOP queue 0");
    eventually("somebody waits", || {
        scene.server.talk().ask("INFO clients").contains("blocked_clients:1")
    });
    scene.talk().check("RPUSH queue a", ":1");
    assert_eq!(waiting.receive(), "[queue a]");
    let mut quits = scene.raw();
    quits.send("QUIT\r\n");
    quits.expect("+OK\r\n");
    quits.expect_closed();
}

#[test]
fn what_speaks_no_tls_is_disconnected() {
    let scene = Scene::start(&[]);
    // A record that is far too long, a message of a handshake without end, and noise.
    let endless = [&b"\x16\x03\x01\x40\x00\x01\xff\xff\xff"[..], &[0; 0x4000]].concat();
    for bytes in [
        &b"PING\r\n"[..],
        b"*1\r\n$4\r\nPING\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\xff\xff\x01\x00\x00",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x17\x03\x03\x00\x05hello",
        b"\x80\x2e\x01\x00\x02",
        &endless.repeat(20),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", scene.port)).expect("the port");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // It may be closed before everything is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.len() < 100, "{}", answer.escape_ascii());
        assert!(answer.is_empty() || answer[0] == 21, "{}", answer.escape_ascii());
    }
    scene.talk().check("PING", "PONG");
}

#[test]
fn damaged_records_end_their_connection_only() {
    let scene = Scene::start(&[]);
    let socket = TcpStream::connect(("127.0.0.1", scene.port)).expect("the port");
    let mut under = socket.try_clone().expect("a second handle");
    let transport =
        redpoll_client::tls::TlsTransport::open(socket, &scene.tls(), "localhost", Some(PATIENCE));
    let mut connection = Connection::over(Box::new(transport.expect("a handshake")));
    connection.command(&["PING"]).expect("an answer");
    under.write_all(b"\x17\x03\x03\x00\x20garbage garbage garbage garbage!").expect("it is open");
    assert!(connection.command(&["PING"]).is_err());
    scene.talk().check("PING", "PONG");
}

#[test]
fn handshakes_that_stall_end_and_hold_nobody_up() {
    let scene = Scene::start(&["--maxclients", "200"]);
    let start = Instant::now();
    let stalled: Vec<TcpStream> = (0..100)
        .map(|number| {
            let mut stream = TcpStream::connect(("127.0.0.1", scene.port)).expect("the port");
            // Nothing, or the beginning of a record.
            stream.write_all(&b"\x16\x03\x01\x01\x00\x01"[..number % 7]).expect("it is open");
            stream
        })
        .collect();
    for _ in 0..20 {
        scene.talk().check("PING", "PONG");
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    for mut stream in stalled {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let mut rest = Vec::new();
        // Closed, whether with an alert or a reset.
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(start.elapsed() >= Duration::from_secs(9), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn handshakes_count_towards_maxclients() {
    let scene = Scene::start(&["--maxclients", "10"]);
    let mut talk = scene.server.talk();
    let stalled: Vec<TcpStream> =
        (0..9).map(|_| TcpStream::connect(("127.0.0.1", scene.port)).expect("the port")).collect();
    let is_served = || {
        let connection = Connection::open(&Config::tcp("127.0.0.1", scene.server.port));
        let reply = connection.and_then(|mut connection| connection.command(&["PING"]));
        reply.is_ok_and(|reply| reply.error_text().is_none())
    };
    // One that asks earlier might be let in before them, and turn one of them away.
    eventually("all have come", || talk.info("total_connections_received") == 10);
    assert!(!is_served(), "all are taken");
    drop(stalled);
    eventually("there is room again", is_served);
}

#[test]
fn certificates_are_replaced_whole_or_not_at_all() {
    let scene = Scene::start(&[]);
    let mut plain = scene.server.talk();
    let mut before = scene.talk();
    let stranger = Authority::new();
    let other = stranger.sign("other");
    let expired = scene.authority.sign_expired("late");
    let broken = scene.authority.path("broken.pem");
    fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .expect("room");
    let empty = scene.authority.path("empty.pem");
    fs::write(&empty, "").expect("room");
    let refused = |what: &str| {
        format!(
            "-ERR CONFIG SET failed (possibly related to argument '{what}') - Unable to update TLS \
             configuration. Check server logs."
        )
    };
    for (settings, first) in [
        (format!("tls-cert-file {}", other.certificate), "tls-cert-file"),
        (format!("tls-key-file {}", other.key), "tls-key-file"),
        (format!("tls-cert-file {broken}"), "tls-cert-file"),
        (format!("tls-cert-file {empty}"), "tls-cert-file"),
        ("tls-cert-file /nowhere".to_owned(), "tls-cert-file"),
        (format!("tls-key-file {empty}"), "tls-key-file"),
        (format!("tls-ca-cert-file {broken}"), "tls-ca-cert-file"),
        (
            format!("tls-cert-file {} tls-key-file {}", expired.certificate, expired.key),
            "tls-cert-file",
        ),
        ("tls-ciphers AES128-SHA".to_owned(), "tls-ciphers"),
        ("tls-protocols TLSv1.1".to_owned(), "tls-protocols"),
        ("tls-ciphersuites NONE".to_owned(), "tls-ciphersuites"),
    ] {
        plain.check(&format!("CONFIG SET {settings}"), &refused(first));
        scene.talk().check("PING", "PONG");
    }
    let file = plain.ask("CONFIG GET tls-cert-file");
    assert!(file.contains("server.crt"), "{file}");
    let (certificate, key, file) = (&other.certificate, &other.key, stranger.file());
    let all = format!("tls-cert-file {certificate} tls-key-file {key} tls-ca-cert-file {file}");
    plain.check(&format!("CONFIG SET {all}"), "OK");
    assert!(!scene.lets_in(scene.tls()));
    assert!(scene.lets_in(stranger.client(Some(&other))));
    before.check("PING", "PONG");
}

#[test]
fn files_that_change_are_read_anew() {
    let scene = Scene::start(&["--tls-auto-reload-interval", "1"]);
    let info = scene.server.talk().ask("INFO tls");
    assert!(info.contains("tls_server_cert_serial:01726564706F6C6C"), "{info}");
    let left = |first: u32| format!("tls_server_cert_expires_in_seconds:{first}");
    assert!(info.contains(&left(35)) || info.contains(&left(36)), "{info}");
    let good = fs::read(scene.authority.path("server.crt")).expect("the certificate");
    fs::write(scene.authority.path("server.crt"), "nothing").expect("room");
    eventually("it is refused", || scene.server.log().contains("the old ones stay in use"));
    scene.talk().check("PING", "PONG");
    fs::write(scene.authority.path("server.crt"), good).expect("room");
    eventually("it is read", || scene.server.log().contains("have changed and were read anew"));
    scene.talk().check("PING", "PONG");
}

#[test]
fn a_key_may_have_a_password() {
    let scene = Scene::start(&[]);
    let encrypted = scene.authority.path("encrypted.key");
    let made = Command::new("openssl")
        .args(["pkcs8", "-topk8", "-v2", "aes256", "-passout", "pass:secret", "-in"])
        .arg(scene.authority.path("server.key"))
        .args(["-out", &encrypted])
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: there is no openssl");
        return;
    }
    let mut plain = scene.server.talk();
    let set = |more: &str| format!("CONFIG SET tls-key-file {encrypted}{more}");
    assert!(plain.ask(&set("")).starts_with("-ERR CONFIG SET failed"));
    assert!(plain.ask(&set(" tls-key-file-pass wrong")).starts_with("-ERR CONFIG SET failed"));
    plain.check(&set(" tls-key-file-pass secret"), "OK");
    scene.talk().check("PING", "PONG");
}

#[test]
fn ports_change_between_tls_and_plain() {
    let scene = Scene::start(&[]);
    let mut talk = scene.talk();
    let (plain, secure) = (scene.server.port, scene.port);
    talk.check("CONFIG SET port 0", "OK");
    eventually("it is closed", || TcpStream::connect(("127.0.0.1", plain)).is_err());
    talk.check(&format!("CONFIG SET tls-port 0 port {secure}"), "OK");
    let mut turned = Talk::with(&Config::tcp("127.0.0.1", secure));
    turned.check("PING", "PONG");
    turned.check(&format!("CONFIG SET tls-port {plain}"), "OK");
    turned.check("CONFIG SET port 0", "OK");
    let mut config = scene.config(scene.tls());
    config.endpoint = redpoll_client::Endpoint::tcp("127.0.0.1", plain);
    let mut last = Talk::with(&config);
    last.check("PING", "PONG");
    let info = last.ask("INFO server");
    assert!(info.contains(&format!("tcp_port:{plain}\r\n")), "{info}");
    assert!(info.contains(&format!("listener0:name=tls,bind=127.0.0.1,port={plain}")), "{info}");
}

#[test]
fn a_start_without_usable_certificates_fails_with_a_reason() {
    let port = free_port().to_string();
    for (settings, reason) in [
        (&[][..], "No tls-cert-file configured!"),
        (&["--tls-cert-file", "/nowhere"], "No tls-key-file configured!"),
        (
            &["--tls-cert-file", "/nowhere", "--tls-key-file", "/nowhere"],
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified",
        ),
    ] {
        let output = Command::new(redpoll_tests::server::program())
            .args(["--port", "0", "--tls-port", &port])
            .args(settings)
            .stdin(Stdio::null())
            .output()
            .expect("the program");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(!output.status.success() && said.contains(reason), "{said}");
        assert!(said.contains("Failed to configure TLS. Check logs for more info."), "{said}");
    }
}

#[test]
fn redis_cli_and_redis_benchmark_connect() {
    let scene = Scene::start(&[]);
    let run = |program: &str, more: &[&str]| {
        let output = Command::new(program)
            .args(["-p", &scene.port.to_string(), "--tls", "--cacert", &scene.authority.file()])
            .args(["--cert", &scene.client.certificate, "--key", &scene.client.key])
            .args(more)
            .output()
            .unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(run("redis-cli", &["ECHO", "hello"]), "hello\n");
    let said = run("redis-benchmark", &["-q", "-n", "2000", "-P", "16", "-t", "set,get,lrange"]);
    assert!(said.matches(" requests per second").count() >= 6, "{said}");
    let said =
        run("redis-benchmark", &["-q", "-n", "50", "-c", "5", "-d", "30000", "-t", "set,get"]);
    assert!(said.matches(" requests per second").count() == 2, "{said}");
}
