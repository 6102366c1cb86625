//! Target: what goes into Lua and comes out of it is a reply, an error, or nothing; never a panic.
//!
//! The first byte of the input chooses the way: bytes as a command's reply to a script and from
//! there back to a client, or bytes as what `cjson`, `cmsgpack` or `struct` is to decode.

use redpoll_client::Value;
use redpoll_resp::{Args, Proto, Reply};
use redpoll_script::{Compiled, Failure, Host, Refusal, Sandbox, Verdict};
use std::cell::RefCell;
use std::time::{Duration, Instant};

/// The longest input that is tried.
const INPUT_MAX: usize = 20_000;
/// Memory for the scripts.
const MEMORY: usize = 64 << 20;
/// How long a script may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The ways: each is a script that gets the input as its argument.
const WAYS: &[&str] = &[
    "return redis.call('reply')",
    "redis.setresp(3) return redis.call('reply')",
    "return {pcall(cjson.decode, ARGV[1])}",
    "return cjson.encode(cjson.decode(ARGV[1]))",
    "return {pcall(cmsgpack.unpack, ARGV[1])}",
    "return cmsgpack.pack(cmsgpack.unpack(ARGV[1]))",
    "return {pcall(struct.unpack, ARGV[1], ARGV[2])}",
    "return {pcall(struct.pack, ARGV[1], ARGV[2], 1, -2, 3.5)}",
    "return {pcall(loadstring, ARGV[1])}",
];

/// Answers every command with the same bytes.
struct Same<'a> {
    reply: &'a [u8],
    since: Instant,
    proto: Proto,
    value: Vec<u8>,
}

impl Host for Same<'_> {
    fn call(&mut self, _: Args<'_>) -> Result<&[u8], Refusal> {
        Ok(self.reply)
    }

    fn may_call(&mut self, _: Args<'_>) -> Option<bool> {
        None
    }

    fn log(&mut self, _: u8, _: &[u8]) {}

    fn set_proto(&mut self, _: Proto) {}

    fn set_replication(&mut self, _: u8) {}

    fn answer(&mut self) -> (Proto, Reply<'_>) {
        (self.proto, Reply::new(&mut self.value, self.proto))
    }

    fn look(&mut self) -> Verdict {
        if self.since.elapsed() > PATIENCE { Verdict::Kill } else { Verdict::Continue }
    }
}

thread_local! {
    static STATE: RefCell<Option<(Sandbox, Vec<Compiled>)>> = const { RefCell::new(None) };
}

fn make() -> (Sandbox, Vec<Compiled>) {
    let sandbox = Sandbox::new(MEMORY).expect("a Lua state");
    let compile = |way: &&str| sandbox.compile(way.as_bytes(), 0).expect("the scripts are right");
    let ways = WAYS.iter().map(compile).collect();
    (sandbox, ways)
}

/// The target.
pub fn run(data: &[u8]) {
    let Some((&way, input)) = data.split_first() else { return };
    let input = &input[..input.len().min(INPUT_MAX)];
    let mut state = STATE.with(|slot| slot.borrow_mut().take()).unwrap_or_else(make);
    let (sandbox, ways) = &mut state;
    let script = &ways[usize::from(way) % ways.len()];
    let middle = input.len() / 2;
    let arguments = [input, &input[middle..]];
    for proto in [Proto::Resp2, Proto::Resp3] {
        let mut host = Same { reply: input, since: Instant::now(), proto, value: Vec::new() };
        let result = sandbox.run(&mut host, script, [].into_iter(), arguments.into_iter());
        match result {
            Ok(None) => assert_is_one_reply(&host.value),
            Ok(Some(_)) | Err(Failure::Error { .. }) => {}
            Err(Failure::Restart) => panic!("nobody has asked for another run"),
        }
    }
    sandbox.collect();
    STATE.with(|slot| *slot.borrow_mut() = Some(state));
}

/// Whatever a script returns, the client must get exactly one whole reply.
fn assert_is_one_reply(out: &[u8]) {
    let mut decoder = redpoll_client::Decoder::new();
    decoder.feed(out);
    let first: Result<Option<Value>, _> = decoder.next();
    // Depths and lengths that the client refuses are its own affair.
    if let Ok(first) = first {
        assert!(first.is_some(), "half a reply: {}", out.escape_ascii());
        assert!(matches!(decoder.next(), Ok(None)), "more than a reply: {}", out.escape_ascii());
    }
}

/// Inputs to begin with: something right for each way.
pub fn seeds() -> Vec<Vec<u8>> {
    let inputs: [(u8, &[u8]); 12] = [
        (0, b"*3\r\n$1\r\nx\r\n:7\r\n*1\r\n+fine\r\n"),
        (0, b"-ERR no\r\n"),
        (1, b"%1\r\n+a\r\n~2\r\n,1.5\r\n#t\r\n"),
        (1, b"=6\r\ntxt:hi\r\n"),
        (1, b"|1\r\n+a\r\n:1\r\n(123\r\n"),
        (2, br#"{"a": [1, 2.5e3, "x\u00e9\ud83d\ude00", null, true], "b": {}}"#),
        (3, br#"[[1, [2, {"k": -0.1}]]]"#),
        (4, b"\x93\x01\xa2ab\x82\xa1k\xcb\x3f\xf0\0\0\0\0\0\0\xa1l\xc0"),
        (5, b"\xdc\0\x02\xcd\x01\x00\xd1\xff\x00"),
        (6, b"<i4>i2!8bdsc0 \0\0\0\x01\0\x02\x03ab\0"),
        (7, b">I2hBs4"),
        (8, b"return 1"),
    ];
    inputs.iter().map(|(way, input)| [&[*way], *input].concat()).collect()
}
