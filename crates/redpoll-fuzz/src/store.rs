//! The engine without sockets: words in, decoded replies out, and a clock that a test moves.

use redpoll_client::{Decoder, Value, request};
use redpoll_config::Config;
use redpoll_engine::client::{Origin, Waker};
use redpoll_engine::engine::ProcessInfo;
use redpoll_engine::persistence::{Fill, Merge, Storage};
use redpoll_engine::{Engine, Executor, Session};
use redpoll_resp::{Batch, Limits, Parser};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex};

struct NoWaker;

/// A disk with one file, which can be read once.
struct OneFile(Mutex<Option<Vec<u8>>>);

impl Storage for OneFile {
    fn replace(&self, _: &Path, _: &mut Fill<'_>) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn open(&self, _: &Path) -> io::Result<Option<(Box<dyn Read + Send>, u64)>> {
        let file = self.0.lock().ok().and_then(|mut file| file.take());
        Ok(file.map(|bytes| {
            let size = bytes.len() as u64;
            (Box::new(io::Cursor::new(bytes)) as Box<dyn Read + Send>, size)
        }))
    }

    fn together(&self, _: &str, _: &(dyn Fn() + Sync), own: &mut dyn FnMut()) {
        own();
    }

    fn spawn(&self, _: &str, _: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Waker for NoWaker {
    fn wake(&self, _client: u64) {}
}

/// See the module's head.
pub struct Store {
    engine: Arc<Engine>,
    executor: Executor,
    session: Session,
    /// The time in milliseconds since 1970; it stands still until it is moved.
    pub now: i64,
}

impl Default for Store {
    fn default() -> Self {
        let now = 1_700_000_000_000;
        let engine =
            Engine::new(Arc::new(Config::new()), redpoll_commands::all(), ProcessInfo::default());
        let engine = Arc::new(engine);
        let client = engine.clients.add(Origin::default(), Arc::new(NoWaker), now);
        let executor = Executor::new(Arc::clone(&engine), 7);
        Store { engine, executor, session: Session::new(client, true), now }
    }
}

impl Store {
    /// Runs one command. A command that would wait is given up at once.
    ///
    /// # Panics
    /// If there is not exactly one well-formed reply.
    pub fn run<A: AsRef<[u8]>>(&mut self, words: &[A]) -> Value {
        let mut input = Vec::new();
        request::encode(&mut input, words);
        let mut batch = Batch::default();
        let parsed = Parser::default().parse(&mut input, &Limits::default(), 1, &mut batch);
        assert_eq!((parsed.consumed, parsed.error), (input.len(), None), "the encoder is right");
        let mut out = Vec::new();
        let commands = (&batch, &input[..]);
        self.executor.run_batch(&mut self.session, commands, (&mut out, usize::MAX), self.now);
        if self.session.waiting.is_some() {
            self.executor.give_up(&mut self.session, false, &mut out);
        }
        self.session.client.take_outbox(&mut out);
        let mut decoder = Decoder::new();
        decoder.feed(&out);
        let shown = || format!("{} -> {}", show(words), out.escape_ascii());
        let reply = decoder.next().unwrap_or_else(|error| panic!("{error:?}: {}", shown()));
        let reply = reply.unwrap_or_else(|| panic!("no whole reply: {}", shown()));
        let more = decoder.next().map(|more| more.is_some());
        assert!(matches!(more, Ok(false)) && !decoder.is_mid_reply(), "too much: {}", shown());
        reply
    }

    /// Loads a snapshot file; answers whether it was loaded to its end. Works once.
    pub fn load(&mut self, file: Vec<u8>) -> bool {
        let engine = self.executor.engine();
        engine.persistence.set_storage(Box::new(OneFile(Mutex::new(Some(file)))));
        let mut keys = engine.keyspace.keys(0, self.now);
        engine.load(&mut keys, Merge::Refuse).is_ok()
    }

    /// The engine.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Moves the clock forward; with `active`, expired keys are also removed by themselves.
    pub fn advance(&mut self, millis: i64, active: bool) {
        self.now += millis;
        if active {
            self.executor.expire_due(self.now);
        }
    }
}

/// Words as a person would type them.
pub fn show<A: AsRef<[u8]>>(words: &[A]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| word.as_ref().escape_ascii().to_string()).collect();
    words.join(" ")
}
