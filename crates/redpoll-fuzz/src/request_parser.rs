//! Target: the same bytes are the same commands, however they arrive.
//!
//! The first bytes of the input choose how the rest is cut into reads and how many commands are
//! parsed at once. What comes out must equal what one parse of the whole finds, fault included;
//! and the words found must not be more than the bytes that came in.

use redpoll_resp::{Batch, Limits, Parser, ProtocolError};

/// The longest stream that is tried: shorter than the limit for lines, as a line that is too long
/// is refused at a moment that depends on the reads.
const STREAM_MAX: usize = 60_000;
/// Bytes that choose how the stream is cut.
const HEAD: usize = 4;

type Commands = Vec<Vec<Vec<u8>>>;

/// The target.
pub fn run(data: &[u8]) {
    let Some((head, stream)) = data.split_at_checked(HEAD) else { return };
    let stream = &stream[..stream.len().min(STREAM_MAX)];
    let limits = Limits {
        bulk_max: if head[0] & 2 == 0 { 512 << 20 } else { 1000 },
        authenticated: head[0] & 1 == 0,
    };
    let whole = parse(stream, &limits, usize::MAX >> 1, std::iter::repeat(usize::MAX));
    let at_once = usize::from(head[1] % 64) + 1;
    let cuts = head[2..].iter().cycle().map(|&cut| usize::from(cut) + 1);
    let parts = parse(stream, &limits, at_once, cuts);
    assert_eq!(whole, parts, "the split matters: {}", stream.escape_ascii());
    let bytes: usize = whole.0.iter().flatten().map(Vec::len).sum();
    assert!(bytes <= stream.len(), "more came out than went in");
}

/// Feeds a stream in pieces of these lengths, as a connection does.
fn parse(
    stream: &[u8],
    limits: &Limits,
    at_once: usize,
    mut pieces: impl Iterator<Item = usize>,
) -> (Commands, Option<ProtocolError>) {
    let mut parser = Parser::default();
    let (mut commands, mut buffer, mut rest) = (Commands::new(), Vec::new(), stream);
    loop {
        let piece = pieces.next().unwrap_or(1).min(rest.len());
        let (now, later) = rest.split_at(piece);
        buffer.extend_from_slice(now);
        rest = later;
        loop {
            let mut batch = Batch::default();
            let parsed = parser.parse(&mut buffer, limits, at_once, &mut batch);
            assert!(parsed.consumed <= buffer.len());
            assert_eq!(parsed.consumed, batch.bytes_of(batch.len()));
            for index in 0..batch.len() {
                let words = batch.command(index, &buffer).iter().map(<[u8]>::to_vec);
                commands.push(words.collect());
            }
            if parsed.error.is_some() {
                return (commands, parsed.error);
            }
            if parsed.consumed == 0 {
                break;
            }
            buffer.drain(..parsed.consumed);
        }
        if rest.is_empty() {
            return (commands, None);
        }
    }
}

/// Inputs to begin with: every form a request has.
pub fn seeds() -> Vec<Vec<u8>> {
    let streams: [&[u8]; 8] = [
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n*1\r\n$4\r\nPING\r\n",
        b"PING\r\nSET \"a b\" 'c'\r\n\r\n*0\r\n*-1\r\nGET k\n",
        b"*2\r\n$3\r\nGET\r\n$0\r\n\r\nSET k \"\\x41\\n\\\"\"\r\n",
        b"*1\r\n$-1\r\n",
        b"*1048577\r\n",
        b"*1\r\n$536870913\r\n",
        b"*11\r\n$16385\r\n",
        b"SET k \"open\r\n",
    ];
    streams.iter().map(|stream| [&[0, 1, 3, 7], *stream].concat()).collect()
}
