//! Commands in tests: a server without sockets, and replies as a line of text.
//!
//! `check("SET k v | GET k", "OK | v")` runs the commands on an empty server with one client and
//! compares what it answers. Words are split as inline commands are, so quotes and escapes work.

use redpoll_config::{Config, SetContext};
use redpoll_engine::background::Purpose;
use redpoll_engine::block::Waiter;
use redpoll_engine::change_log::Sink;
use redpoll_engine::client::{Origin, Waker};
use redpoll_engine::engine::ProcessInfo;
use redpoll_engine::executor::Annex;
use redpoll_engine::persistence::{Fill, Storage};
use redpoll_engine::pubsub::Kind;
use redpoll_engine::{Engine, Executor, Session};
use redpoll_resp::{Batch, Limits, Parser, Proto};
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self, _client: u64) {}
}

/// A server without sockets, whose time stands still until a test moves it.
pub struct TestServer {
    pub engine: Arc<Engine>,
    pub executor: Executor,
    pub now: i64,
    /// Whether a command that has left stays away until somebody says [`TestServer::work`].
    pub waits_to_work: bool,
}

impl TestServer {
    pub fn new() -> Self {
        let engine = Engine::new(Arc::new(Config::new()), crate::all(), ProcessInfo::default());
        let engine = Arc::new(engine);
        let executor = Executor::new(engine.clone(), 7);
        TestServer { executor, engine, now: 1_700_000_000_000, waits_to_work: false }
    }

    /// Another thread's view of the same server.
    pub fn beside(server: &TestServer) -> Self {
        let engine = Arc::clone(&server.engine);
        let executor = Executor::new(engine.clone(), 7);
        TestServer { executor, engine, now: server.now, waits_to_work: false }
    }

    /// One that runs every command in the background that can run there, and in this mode.
    pub fn in_background(mode: &str) -> Self {
        let server = TestServer::new();
        server.open_background();
        configure(&server, "background-threshold", "1");
        configure(&server, "long-commands", mode);
        server
    }

    /// Lets long commands leave; they run when they are asked to.
    pub fn open_background(&self) {
        self.engine.background.set_spawner(Box::new(|_, _| true));
    }

    /// One with two threads in the background, which runs there what it can.
    pub fn with_threads() -> Self {
        let mut server = TestServer::new();
        let engine = Arc::downgrade(&server.engine);
        for purpose in Purpose::ALL {
            server.engine.background.configure(purpose, 2, 10);
        }
        server.engine.background.set_spawner(Box::new(move |purpose, _| {
            let Some(engine) = engine.upgrade() else { return false };
            thread::spawn(move || {
                let (mut executor, mut annex) =
                    (Executor::new(engine.clone(), 1), Annex::default());
                while let Some(job) = engine.background.next(purpose) {
                    executor.do_job(job, &mut annex);
                }
            });
            true
        }));
        configure(&server, "background-threshold", "1");
        server.waits_to_work = true;
        server
    }

    /// What a command is answered that real threads may run.
    pub fn ask(&mut self, session: &mut Session, line: &str) -> String {
        let mut out = self.raw(session, line);
        while session.is_away() {
            thread::yield_now();
            self.come_back(session, &mut out);
        }
        String::from_utf8(out).expect("text")
    }

    /// Does what waits in the background.
    pub fn work(&mut self) {
        while let Some(job) = self.engine.background.try_next() {
            self.executor.do_job(job, &mut Annex::default());
        }
    }

    /// What a client gets whose command was in the background, if all of it is there.
    pub fn come_back(&mut self, session: &mut Session, out: &mut Vec<u8>) {
        // First this: a part that comes after the look belongs to the answer, too.
        let done = session.has_come_back();
        if let Some(task) = session.background() {
            task.take_reply(out);
        }
        if done {
            self.executor.come_back(session, out, self.now);
        }
        if !session.is_away() {
            session.client.take_outbox(out);
        }
    }

    /// A new client.
    pub fn client(&self) -> Session {
        self.client_from("", "")
    }

    /// A new client with these addresses.
    pub fn client_from(&self, address: &str, local_address: &str) -> Session {
        let (address, local_address) = (address.to_owned(), local_address.to_owned());
        let origin = Origin { address, local_address, ..Origin::default() };
        let client = self.engine.clients.add(origin, Arc::new(NoWaker), self.now);
        Session::new(client, true)
    }

    /// What replicas get from now on.
    pub fn log(&self) -> Arc<Kept> {
        let kept = Arc::new(Kept::default());
        let mut keys = self.engine.keyspace.keys(0, self.now);
        keys.lock_all();
        self.engine.change_log.attach(&keys, kept.clone());
        drop(keys);
        kept
    }

    /// Runs one inline command (or a pipeline of several lines) and returns the raw reply.
    pub fn raw(&mut self, session: &mut Session, line: &str) -> Vec<u8> {
        self.feed(session, format!("{line}\r\n").into_bytes())
    }

    /// Runs what a client sends and returns the raw replies.
    pub fn feed(&mut self, session: &mut Session, mut input: Vec<u8>) -> Vec<u8> {
        let mut out = Vec::new();
        let mut start = 0;
        while start < input.len() && !session.is_away() {
            let mut batch = Batch::default();
            let parsed =
                Parser::default().parse(&mut input[start..], &Limits::default(), 100, &mut batch);
            assert_eq!(parsed.error, None);
            assert!(parsed.consumed > 0, "half a command");
            let buffer = &input[start..];
            let run = (&batch, buffer);
            let done = self.executor.run_batch(session, run, (&mut out, usize::MAX), self.now);
            start += match session.is_away() {
                true => batch.bytes_of(done.executed),
                false => parsed.consumed,
            };
            if session.is_away() && !self.waits_to_work {
                self.work();
                self.come_back(session, &mut out);
            }
        }
        if session.is_away() {
            return out;
        }
        session.client.take_outbox(&mut out);
        out
    }

    /// What a client that may wait has been sent, as text. Like a connection, this goes on where
    /// the wait is over, whether by an answer or by the time.
    pub fn receive(&mut self, session: &mut Session) -> String {
        let mut out = Vec::new();
        let over = |waiter: &Arc<Waiter>| waiter.deadline <= self.now;
        if session.waiting.as_ref().is_some_and(over) {
            self.executor.give_up(session, false, &mut out);
        } else if session.waiting.as_ref().is_some_and(|it| it.look_again_at() <= self.now) {
            self.executor.look_again(session, self.now);
        }
        session.client.take_outbox(&mut out);
        if session.waiting.as_ref().is_some_and(|waiter| waiter.is_done()) {
            session.waiting = None;
        }
        show_all(&out)
    }

    /// Runs one inline command and returns the reply as text; see [`check`]. `~1500` lets 1,500
    /// milliseconds pass and answers `~`.
    pub fn run(&mut self, session: &mut Session, line: &str) -> String {
        if let Some(millis) = line.strip_prefix('~') {
            self.now += millis.parse::<i64>().expect("milliseconds");
            return "~".to_owned();
        }
        show_all(&self.raw(session, line))
    }
}

fn show_all(mut raw: &[u8]) -> String {
    let mut texts = Vec::new();
    while !raw.is_empty() {
        texts.push(show(&mut raw));
    }
    texts.join(" ")
}

/// Takes one reply off `raw` and shows it: arrays as `[a b]`, maps as `{a b}`, null as `nil`,
/// errors and statuses as they are, empty strings as `""`.
fn show(raw: &mut &[u8]) -> String {
    let end = raw.windows(2).position(|pair| pair == b"\r\n").expect("a whole reply");
    let (head, rest) = (&raw[..end], &raw[end + 2..]);
    *raw = rest;
    let text = String::from_utf8_lossy(&head[1..]).into_owned();
    let mut many = |count: usize, open: &str, close: &str| {
        let items: Vec<String> = (0..count).map(|_| show(raw)).collect();
        format!("{open}{}{close}", items.join(" "))
    };
    match head[0] {
        b'$' | b'=' if text == "-1" => "nil".to_owned(),
        b'$' | b'=' => {
            let len: usize = text.parse().expect("a length");
            let bytes = &raw[..len];
            let shown = if len == 0 {
                "\"\"".to_owned()
            } else {
                String::from_utf8_lossy(bytes).into_owned()
            };
            *raw = &raw[len + 2..];
            shown
        }
        b'*' if text == "-1" => "nil".to_owned(),
        b'_' => "nil".to_owned(),
        b'*' | b'~' | b'>' => many(text.parse().expect("a length"), "[", "]"),
        b'%' => many(2 * text.parse::<usize>().expect("a length"), "{", "}"),
        _ => text,
    }
}

/// Runs commands, separated by ` | `, on an empty server, and compares the replies, separated
/// likewise: at once, and in the background, in either way.
#[track_caller]
pub fn check(commands: &str, expected: &str) {
    check_after(|_| {}, commands, expected);
}

/// As [`check`], on a server that `set_up` has prepared.
#[track_caller]
pub fn check_after(set_up: impl Fn(&mut TestServer), commands: &str, expected: &str) {
    for mode in MODES {
        let mut server = mode.map_or_else(TestServer::new, TestServer::in_background);
        set_up(&mut server);
        let mut session = server.client();
        let replies: Vec<String> =
            commands.split(" | ").map(|line| server.run(&mut session, line.trim())).collect();
        assert_eq!(replies.join(" | "), expected.trim(), "{commands} ({mode:?})");
    }
}

/// How commands are tried: at once, and in the background.
const MODES: [Option<&str>; 3] = [None, Some("snapshot"), Some("yield")];

/// Runs commands as [`check`] does, and compares the keyspace events they raise (`event key`,
/// separated by commas) and how many changes they count.
#[track_caller]
pub fn check_events(commands: &str, expected: &str, dirty: u64) {
    for mode in MODES {
        let mut server = mode.map_or_else(TestServer::new, TestServer::in_background);
        check_events_of(&mut server, commands, expected, dirty);
    }
}

#[track_caller]
fn check_events_of(server: &mut TestServer, commands: &str, expected: &str, dirty: u64) {
    configure(server, "notify-keyspace-events", "KEAn");
    let listener = server.client();
    let everything = b"__keyevent@0__:*";
    server.engine.pubsub.subscribe(Kind::Pattern, everything, &listener.client);
    let mut session = server.client();
    for line in commands.split(" | ") {
        server.run(&mut session, line.trim());
    }
    let mut raw = Vec::new();
    listener.client.take_outbox(&mut raw);
    let mut rest = &raw[..];
    let mut events = Vec::new();
    while !rest.is_empty() {
        let message = show(&mut rest);
        let (_, event) = message.trim_end_matches(']').rsplit_once(':').expect("an event");
        events.push(event.to_owned());
    }
    assert_eq!(events.join(", "), expected, "{commands}");
    assert_eq!(server.executor.stats().dirty.get(), dirty, "changes of {commands}");
}

/// Keeps what is logged.
#[derive(Default)]
pub struct Kept(Mutex<Vec<u8>>);

impl Kept {
    /// What has come so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no panic").clone()
    }

    /// The commands so far.
    pub fn commands(&self) -> Vec<String> {
        let raw = self.0.lock().expect("no panic");
        let (mut rest, mut commands) = (&raw[..], Vec::new());
        while !rest.is_empty() {
            commands.push(show(&mut rest).trim_matches(['[', ']']).to_owned());
        }
        commands
    }

    /// The commands since the last time, but for the choice of the database.
    pub fn take(&self) -> String {
        let mut commands = self.commands();
        self.0.lock().expect("no panic").clear();
        commands.retain(|command| !command.starts_with("SELECT "));
        commands.join(", ")
    }
}

impl Sink for Kept {
    fn append(&self, bytes: &[u8]) -> bool {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        true
    }

    fn takes(&self) -> u8 {
        2
    }
}

/// Runs commands as [`check`] does, and compares what replicas get.
#[track_caller]
pub fn check_log(commands: &str, expected: &str) {
    let mut server = TestServer::new();
    let log = server.log();
    let mut session = server.client();
    for line in commands.split(" | ") {
        server.run(&mut session, line.trim());
    }
    assert_eq!(log.commands().join(" | "), expected, "{commands}");
}

/// Plays a scene of several clients on an empty server. Every line is `client: command = reply`,
/// where no reply means that the client waits; `client: = reply` is what a client that waits has
/// received by then.
#[track_caller]
pub fn play(scene: &str) {
    let mut server = TestServer::new();
    let mut clients: BTreeMap<&str, Session> = BTreeMap::new();
    for line in scene.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, line) = line.split_once(':').expect("a client");
        let (command, expected) = line.split_once('=').expect("a reply");
        let session = clients.entry(name).or_insert_with(|| server.client());
        let reply = match command.trim() {
            "" => server.receive(session),
            command => server.run(session, command),
        };
        assert_eq!(reply, expected.trim(), "{name}: {command}");
    }
}

/// Changes a setting of the configuration.
#[track_caller]
pub fn configure(server: &TestServer, name: &str, value: &str) {
    let changed = server.engine.config.set_many(SetContext::default(), &[(name, value)]);
    let changed = changed.expect("a setting");
    server.engine.apply_config(&changed).expect("a setting that can be carried out");
    server.engine.config_changed();
}

/// Runs commands as [`check`] does, for a client that speaks RESP3, and returns the raw replies.
pub fn raw3(commands: &str) -> String {
    let mut server = TestServer::new();
    let mut session = server.client();
    session.set_proto(Proto::Resp3);
    let replies = commands.split(" | ").map(|line| server.raw(&mut session, line.trim()));
    String::from_utf8(replies.collect::<Vec<_>>().concat()).expect("replies are text in tests")
}

/// A disk in memory. What is to be done in the background is done at once.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

#[derive(Default)]
struct Platter {
    files: HashMap<PathBuf, Vec<u8>>,
    broken: bool,
}

impl Disk {
    /// Gives a server a disk.
    pub fn of(server: &TestServer) -> Self {
        let disk = Disk::default();
        server.engine.persistence.set_storage(Box::new(disk.clone()));
        disk
    }

    /// What a file holds.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("a disk").files.get(Path::new(name)).cloned()
    }

    /// Writes a file.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        self.0.lock().expect("a disk").files.insert(name.into(), bytes.into());
    }

    /// Lets all writes fail from now on, or succeed again.
    pub fn break_down(&self, broken: bool) {
        self.0.lock().expect("a disk").broken = broken;
    }
}

impl Storage for Disk {
    fn replace(&self, name: &Path, fill: &mut Fill<'_>) -> io::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        let mut platter = self.0.lock().expect("a disk");
        if platter.broken {
            return Err(io::Error::other("broken"));
        }
        platter.files.insert(name.into(), bytes);
        Ok(())
    }

    fn open(&self, name: &Path) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        let bytes = self.0.lock().expect("a disk").files.get(name).cloned();
        Ok(bytes.map(|bytes| {
            let size = bytes.len() as u64;
            (Box::new(io::Cursor::new(bytes)) as Box<dyn Read + Send>, size)
        }))
    }

    fn together(&self, _name: &str, help: &(dyn Fn() + Sync), own: &mut dyn FnMut()) {
        thread::scope(|scope| {
            (0..2).for_each(|_| drop(scope.spawn(help)));
            own();
        });
    }

    fn spawn(&self, _name: &str, job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        job();
        Ok(())
    }
}
