//! Clients of the older protocol, `SHM.OPEN 1 /name`. The client here is written from the
//! protocol's description, on its own: it knows nothing of the server's constants. A real one maps
//! its file; reading and writing the file comes to the same.

use super::descriptors;
use redpoll_tests::{PATIENCE, Server, Talk, eventually};
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileExt, OpenOptionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

const RING: u64 = 16384;
const TO_CLIENT: u64 = 16416;
const LEN: u64 = 32832;

trait Socket: Read + Write + Send {}

impl Socket for TcpStream {}
impl Socket for UnixStream {}

/// A file under /dev/shm that is gone in the end.
struct Memory {
    path: PathBuf,
    file: File,
}

impl Memory {
    fn new() -> Self {
        let path = Path::new("/dev/shm").join(unique());
        let options = File::options().read(true).write(true).create_new(true).mode(0o700).clone();
        let file = options.open(&path).expect("a file of shared memory");
        let memory = Memory { path, file };
        memory.file.set_len(LEN).expect("its length");
        memory.put(16, RING);
        memory.put(TO_CLIENT + 16, RING);
        memory
    }

    fn name(&self) -> String {
        format!("/{}", self.path.file_name().expect("a name").to_string_lossy())
    }

    fn put(&self, at: u64, value: u64) {
        self.file.write_all_at(&value.to_ne_bytes(), at).expect("written");
    }

    fn word(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        // One that has been cut short holds nothing.
        let _ = self.file.read_exact_at(&mut bytes, at);
        u64::from_ne_bytes(bytes)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn unique() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("redpoll-old-{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed))
}

struct OldClient {
    socket: Box<dyn Socket>,
    memory: Memory,
}

impl OldClient {
    fn by_unix(server: &Server) -> Self {
        let socket = UnixStream::connect(server.socket()).expect("the socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self::open(Box::new(socket))
    }

    fn by_tcp(server: &Server) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", server.port)).expect("the port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self::open(Box::new(socket))
    }

    fn open(mut socket: Box<dyn Socket>) -> Self {
        let memory = Memory::new();
        assert_eq!(ask_to_open(&mut socket, &memory.name()), ":1\r\n");
        std::fs::remove_file(&memory.path).expect("it is there");
        OldClient { socket, memory }
    }

    /// Writes some of these bytes, if there is room.
    fn write(&self, bytes: &[u8]) -> usize {
        let (read, mut write) = (self.memory.word(0), self.memory.word(8));
        let room = (read + 2 * RING - write - 1) % RING;
        let count = bytes.len().min(room as usize);
        let first = count.min((RING - write) as usize);
        let all = |bytes: &[u8], at| self.memory.file.write_all_at(bytes, at).expect("written");
        all(&bytes[..first], 24 + write);
        all(&bytes[first..count], 24);
        write = (write + count as u64) % RING;
        self.memory.put(8, write);
        count
    }

    /// Reads what is there.
    fn read(&self, out: &mut Vec<u8>) -> usize {
        let (read, write) = (self.memory.word(TO_CLIENT), self.memory.word(TO_CLIENT + 8));
        let count = ((write + RING - read) % RING) as usize;
        let mut bytes = vec![0; count];
        let (first, second) = bytes.split_at_mut(count.min((RING - read) as usize));
        self.memory.file.read_exact_at(first, TO_CLIENT + 24 + read).expect("read");
        self.memory.file.read_exact_at(second, TO_CLIENT + 24).expect("read");
        self.memory.put(TO_CLIENT, (read + count as u64) % RING);
        out.extend_from_slice(&bytes);
        count
    }

    /// Sends a request and compares the answer.
    #[track_caller]
    fn check(&self, request: &[u8], wanted: &[u8]) {
        let begun = Instant::now();
        let (mut sent, mut got) = (0, Vec::new());
        while got.len() < wanted.len() {
            sent += self.write(&request[sent..]);
            if self.read(&mut got) == 0 {
                std::thread::yield_now();
            }
            assert!(begun.elapsed() < PATIENCE, "{} of {}", got.len(), wanted.len());
        }
        assert!(got == wanted, "{}", String::from_utf8_lossy(&got[..got.len().min(200)]));
    }

    /// Whether the server has closed the connection.
    fn was_closed(mut self) -> bool {
        let mut byte = [0];
        match self.socket.read(&mut byte) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

/// What the server says to this name.
fn ask_to_open(socket: &mut impl Socket, name: &str) -> String {
    let request = format!("*3\r\n$8\r\nSHM.OPEN\r\n$1\r\n1\r\n${}\r\n{name}\r\n", name.len());
    socket.write_all(request.as_bytes()).expect("sent");
    line(socket)
}

fn line(socket: &mut impl Read) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        assert_eq!(socket.read(&mut byte).expect("an answer"), 1);
        line.push(byte[0]);
    }
    String::from_utf8(line).expect("text")
}

impl<S: Socket + ?Sized> Socket for Box<S> {}

fn server() -> Server {
    Server::start(&["--shm-legacy", "yes"])
}

#[test]
fn it_is_off_by_default() {
    let server = Server::start(&[]);
    let memory = Memory::new();
    let mut socket = UnixStream::connect(server.socket()).expect("the socket");
    let told = ask_to_open(&mut socket, &memory.name());
    assert_eq!(told, "-ERR unsupported version of the shared-memory protocol; supported: 2\r\n");
    server.talk().check("CONFIG SET shm-legacy yes", "OK");
    assert_eq!(ask_to_open(&mut socket, &memory.name()), ":1\r\n");
}

#[test]
fn commands_of_any_size_pass_both_ways() {
    let server = server();
    for client in [OldClient::by_unix(&server), OldClient::by_tcp(&server)] {
        client.check(b"PING\r\n", b"+PONG\r\n");
        client.check(b"SELECT 3\r\nSET k v\r\nGET k\r\n", b"+OK\r\n+OK\r\n$1\r\nv\r\n");
        let value: Vec<u8> = (0..200_000u32).map(|i| (i >> 3) as u8).collect();
        let mut set = b"*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$200000\r\n".to_vec();
        set.extend_from_slice(&value);
        set.extend_from_slice(b"\r\n");
        client.check(&set, b"+OK\r\n");
        let mut answer = b"$200000\r\n".to_vec();
        answer.extend_from_slice(&value);
        answer.extend_from_slice(b"\r\n");
        client.check(b"GET big\r\n", &answer);
        client.check(&b"PING\r\n".repeat(20_000), &b"+PONG\r\n".repeat(20_000));
        client.check(
            b"MULTI\r\nINCR n\r\nDEL n\r\nEXEC\r\n",
            b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:1\r\n",
        );
        // sleep: until the server looks rarely.
        std::thread::sleep(Duration::from_millis(100));
        client.check(b"PING\r\n", b"+PONG\r\n");
    }
    let mut other = server.talk();
    eventually("both are gone", || other.info("shm_connections") == 0);
}

#[test]
fn passwords_blocking_and_messages() {
    let server = server();
    let mut other = server.talk();
    let client = OldClient::by_tcp(&server);
    client.check(b"CLIENT SETNAME old\r\n", b"+OK\r\n");
    let list = other.ask("CLIENT LIST");
    let old = list.lines().find(|line| line.contains(" name=old ")).expect("it is listed");
    assert!(old.ends_with(" transport=shm"), "{old}");
    client.check(b"BLPOP l 0.05\r\n", b"*-1\r\n");
    assert_eq!(client.write(b"BLPOP l 0\r\n"), 11);
    eventually("it waits", || other.info("blocked_clients") == 1);
    other.check("RPUSH l x", ":1");
    client.check(b"", b"*2\r\n$1\r\nl\r\n$1\r\nx\r\n");
    client.check(b"SUBSCRIBE c\r\n", b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
    other.check("PUBLISH c hello", ":1");
    client.check(b"", b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$5\r\nhello\r\n");
    // Without a login, nothing is opened.
    other.check("CONFIG SET requirepass secret", "OK");
    let memory = Memory::new();
    let mut socket = UnixStream::connect(server.socket()).expect("the socket");
    assert_eq!(ask_to_open(&mut socket, &memory.name()), "-NOAUTH Authentication required.\r\n");
    socket.write_all(b"AUTH secret\r\n").expect("sent");
    assert_eq!(line(&mut socket), "+OK\r\n");
    assert_eq!(ask_to_open(&mut socket, &memory.name()), ":1\r\n");
}

/// Something else under /dev/shm, gone in the end.
struct Entry(PathBuf);

impl Entry {
    fn new(make: impl FnOnce(&Path)) -> (Self, String) {
        let name = unique();
        let path = Path::new("/dev/shm").join(&name);
        make(&path);
        (Entry(path), format!("/{name}"))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0).or_else(|_| std::fs::remove_dir(&self.0));
    }
}

#[test]
fn names_of_anything_else_are_refused_and_leave_the_connection_as_it_is() {
    let mut server = server();
    let mut socket = UnixStream::connect(server.socket()).expect("the socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    // The connection has been accepted once it is answered, and counts from then on.
    socket.write_all(b"PING\r\n").expect("sent");
    assert_eq!(line(&mut socket), "+PONG\r\n");
    let before = descriptors(&server);
    let mut refused = |name: &str, why: &str| {
        let told = ask_to_open(&mut socket, name);
        assert!(told.starts_with("-ERR ") && told.contains(why), "{name}: {told}");
        socket.write_all(b"PING\r\n").expect("sent");
        assert_eq!(line(&mut socket), "+PONG\r\n");
    };
    let long = format!("/{}", "x".repeat(40));
    for name in ["", "/", "name", "/..", "/.", "/../etc/passwd", "/a/b", "//a", "/a\0b", &long] {
        refused(name, "the name of shared memory is a slash and up to 37 bytes in all");
    }
    refused("/no-such-memory", "the shared memory cannot be opened");

    let memory = Memory::new();
    let (_link, name) = Entry::new(|path| symlink(&memory.path, path).expect("a link"));
    refused(&name, "no regular file");
    let (_link, name) = Entry::new(|path| symlink("/etc/passwd", path).expect("a link"));
    refused(&name, "no regular file");
    let (_directory, name) = Entry::new(|path| std::fs::create_dir(path).expect("a directory"));
    refused(&name, "no regular file");
    let (_pipe, name) = Entry::new(|path| {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path, kind, mode, 0).expect("a pipe");
    });
    refused(&name, "no regular file");
    for len in [0, 4096, LEN - 1, 10 << 20, 1 << 40] {
        memory.file.set_len(len).expect("a length");
        refused(&memory.name(), "bytes, and not 32832");
    }
    memory.file.set_len(0).expect("a length");
    memory.file.set_len(LEN).expect("a length");
    refused(&memory.name(), "no two empty rings");
    if std::fs::metadata(&memory.path)
        .is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
    {
        // Only root can make a file that belongs to somebody else.
        let memory = Memory::new();
        std::os::unix::fs::chown(&memory.path, Some(12345), None).expect("another owner");
        refused(&memory.name(), "belongs to another user");
    }
    let mut other = server.talk();
    eventually("nothing is left", || descriptors(&server) <= before + 1);
    assert_eq!(other.info("shm_connections"), 0);
    assert!(server.is_running());
}

#[test]
fn one_opening_a_connection_alone_and_not_in_a_transaction() {
    let server = server();
    let (one, two) = (Memory::new(), Memory::new());
    let mut socket = UnixStream::connect(server.socket()).expect("the socket");
    socket.write_all(b"MULTI\r\n").expect("sent");
    assert_eq!(line(&mut socket), "+OK\r\n");
    assert!(ask_to_open(&mut socket, &one.name()).starts_with("-ERR Command not allowed inside"));
    socket.write_all(b"DISCARD\r\n").expect("sent");
    assert_eq!(line(&mut socket), "+OK\r\n");
    for bad in ["SHM.OPEN", "SHM.OPEN 1", "SHM.OPEN 1 /a b", "SHM.OPEN -1 /a", "SHM.OPEN x /a"] {
        socket.write_all(format!("{bad}\r\n").as_bytes()).expect("sent");
        assert!(line(&mut socket).starts_with("-ERR "), "{bad}");
    }
    assert_eq!(ask_to_open(&mut socket, &one.name()), ":1\r\n");
    let client = OldClient { socket: Box::new(socket), memory: one };
    let again = format!("SHM.OPEN 1 {}\r\n", two.name());
    client.check(again.as_bytes(), b"-ERR this connection uses shared memory already\r\n");
    client.check(b"PING\r\n", b"+PONG\r\n");
    let script =
        b"*3\r\n$4\r\nEVAL\r\n$39\r\nreturn redis.call('shm.open', '1', 'a')\r\n$1\r\n0\r\n";
    assert_eq!(client.write(script), script.len());
    eventually("it is refused", || {
        let mut got = Vec::new();
        client.read(&mut got);
        String::from_utf8_lossy(&got).starts_with("-ERR This Redis command is not allowed")
    });

    let mut other = server.talk();
    other.check("CONFIG SET shm-max-connections 1", "OK");
    let mut third = UnixStream::connect(server.socket()).expect("the socket");
    let told = ask_to_open(&mut third, &two.name());
    assert!(told.contains("max number of shared-memory connections"), "{told}");
}

#[test]
fn whoever_breaks_the_rules_loses_its_own_connection() {
    let server = server();
    let mut other = server.talk();
    let cases: [(&str, u64, u64); 8] = [
        ("index beyond the ring", 8, RING),
        ("index far beyond it", 8, u64::MAX),
        ("read index", 0, 1 << 40),
        ("size", 16, 1 << 30),
        ("no size", 16, 0),
        ("the other read index", TO_CLIENT, RING + 5),
        ("the other size", TO_CLIENT + 16, 7),
        ("more taken than there was", TO_CLIENT, 9000),
    ];
    for (number, (what, at, value)) in cases.into_iter().enumerate() {
        let client = OldClient::by_unix(&server);
        client.check(b"PING\r\n", b"+PONG\r\n");
        client.memory.put(at, value);
        if at >= TO_CLIENT {
            // It is seen when a reply is larger than the room for all that is known.
            client.write(b"COMMAND\r\n");
        }
        eventually(what, || other.info("shm_broken_connections") == number as u64 + 1);
        assert!(client.was_closed(), "{what}");
    }
    assert!(server.log().contains("it broke the rules of shared memory: its write index is 16384"));
    other.check("PING", "PONG");
}

#[test]
fn a_file_cut_short_while_commands_run_kills_nobody() {
    let mut server = server();
    let mut other = server.talk();
    for (round, len) in [0, 1, 4096, 16416, 16430, 20_000, 32_000].into_iter().enumerate() {
        let client = OldClient::by_unix(&server);
        let file = client.memory.file.try_clone().expect("a descriptor");
        let cutter = std::thread::spawn(move || {
            // sleep: so that each cuts at another moment.
            std::thread::sleep(Duration::from_micros(500 + 700 * round as u64));
            file.set_len(len).expect("cut short");
        });
        let mut got = Vec::new();
        let begun = Instant::now();
        while !cutter.is_finished() || begun.elapsed() < Duration::from_millis(20) {
            // What a client that has lost its mind writes makes the file longer again.
            if client.memory.file.metadata().is_ok_and(|meta| meta.len() == LEN) {
                client.write(b"SET k v\r\nGET k\r\n");
                let _ = client.memory.word(TO_CLIENT);
            }
            got.clear();
            if !cutter.is_finished() {
                drain(&client, &mut got);
            }
            other.check("PING", "PONG");
        }
        cutter.join().expect("no panic");
        assert!(server.is_running());
    }
    eventually("all are gone", || other.info("shm_connections") == 0);
    let mut talk: Talk = server.talk();
    talk.check("PING", "PONG");
}

/// Reads, if the file is whole.
fn drain(client: &OldClient, got: &mut Vec<u8>) {
    let (read, write) = (client.memory.word(TO_CLIENT), client.memory.word(TO_CLIENT + 8));
    let count = (write + RING - read) % RING;
    got.resize(count as usize, 0);
    client.memory.put(TO_CLIENT, write);
}

#[test]
fn clients_that_go_leave_nothing() {
    let server = server();
    let mut other = server.talk();
    // One that has been served: all threads have what they need by then.
    OldClient::by_tcp(&server).check(b"PING\r\n", b"+PONG\r\n");
    eventually("it is gone", || other.info("shm_connections") == 0);
    let before = descriptors(&server);
    for round in 0..50 {
        let client =
            if round % 2 == 0 { OldClient::by_unix(&server) } else { OldClient::by_tcp(&server) };
        client.write(b"SET k v\r\n");
        if round % 3 == 0 {
            client.write(b"QUIT\r\n");
        }
    }
    eventually("all are gone", || other.info("shm_connections") == 0);
    eventually("descriptors are given back", || descriptors(&server) <= before);
    assert_eq!(other.info("shm_broken_connections"), 0);
}

#[test]
fn one_that_is_idle_costs_little_and_one_that_does_not_read_stops_only_itself() {
    let server = server();
    let mut other = server.talk();
    let (idle, slow) = (OldClient::by_unix(&server), OldClient::by_unix(&server));
    other.check(&format!("SET big {}", "x".repeat(100_000)), "OK");
    slow.write(&b"GET big\r\n".repeat(100));
    for _ in 0..200 {
        other.check("PING", "PONG");
    }
    let ticks = || -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).expect("/proc");
        let fields = stat.rsplit(") ").next().expect("fields").split(' ');
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    };
    // sleep: to see what is used while nothing happens.
    std::thread::sleep(Duration::from_millis(500));
    let before = ticks();
    // sleep: as above.
    std::thread::sleep(Duration::from_secs(1));
    let used = ticks() - before;
    assert!(used <= 15, "{used} of 100 ticks used while idle");
    idle.check(b"PING\r\n", b"+PONG\r\n");
    let mut answer = b"$100000\r\n".to_vec();
    answer.extend_from_slice(&[b'x'; 100_000]);
    answer.extend_from_slice(b"\r\n");
    slow.check(b"", &answer.repeat(100));
}
