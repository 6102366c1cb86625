//! Reads along while bytes go over the socket, to know when the server may be asked.
//!
//! The question may only be sent when everything that was asked before has been answered, and when
//! the next bytes from the server will be the answer: not inside a transaction, not to a
//! subscriber. So requests and replies are counted, from the first byte on. Commands that change
//! what follows (subscriptions, transactions, MONITOR, replication) end the counting, as does every
//! byte that is not understood. At least one whole exchange has to be seen: it shows that the other
//! side speaks RESP, and that the program both reads and writes through functions that we see.

/// Longest line whose contents matter.
const LINE_MAX: usize = 64;
/// Bytes of an argument that are kept: names of commands.
const WORD_MAX: usize = 16;
/// Deepest reply.
const DEPTH_MAX: usize = 32;

/// Something was seen that is not understood, or after which nothing can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenUp(pub &'static str);

/// After these one request is no longer one reply, or the server would refuse the question.
const ENDING: &[&[u8]] = &[
    b"MULTI",
    b"SUBSCRIBE",
    b"PSUBSCRIBE",
    b"SSUBSCRIBE",
    b"UNSUBSCRIBE",
    b"PUNSUBSCRIBE",
    b"SUNSUBSCRIBE",
    b"MONITOR",
    b"SYNC",
    b"PSYNC",
    b"REPLCONF",
    b"QUIT",
    b"RESET",
    b"SHUTDOWN",
    b"DEBUG",
    b"SHM.OPEN",
];

/// CLIENT is harmless with these.
const CLIENT_HARMLESS: &[&[u8]] =
    &[b"SETINFO", b"SETNAME", b"GETNAME", b"ID", b"INFO", b"LIST", b"NO-EVICT", b"NO-TOUCH"];

/// Before these the question is not worth it, or comes too early.
const NOT_BEFORE: &[&[u8]] =
    &[b"AUTH", b"HELLO", b"QUIT", b"SYNC", b"PSYNC", b"REPLCONF", b"SHM.OPEN", b"SHUTDOWN"];

/// The one request without RESP that cannot be anything else.
const INLINE: &[u8] = b"PING\r\n";

/// See the module's head.
#[derive(Debug, Default)]
pub struct Dialogue {
    requests: Requests,
    replies: Replies,
    asked: u64,
    answered: u64,
    /// Replies that must have come before the question.
    wanted: u64,
}

impl Dialogue {
    /// Of a new connection.
    pub fn new() -> Dialogue {
        Dialogue { wanted: 1, ..Dialogue::default() }
    }

    /// Whether the question may be sent before these bytes, which are about to be written.
    pub fn may_ask_before(&self, next: &[u8]) -> bool {
        let quiet = self.asked == self.answered && self.answered >= self.wanted;
        let whole = self.requests.is_between() && self.replies.is_between();
        quiet && whole && opens_request(next)
    }

    /// The server did not want to, for now: not before another exchange.
    pub fn postpone(&mut self) {
        self.wanted = self.answered + 1;
    }

    /// Bytes that were written.
    pub fn wrote(&mut self, bytes: &[u8]) -> Result<(), GivenUp> {
        self.asked += self.requests.take(bytes)?;
        Ok(())
    }

    /// Bytes that were read.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), GivenUp> {
        self.answered += self.replies.take(bytes)?;
        if self.answered > self.asked {
            return Err(GivenUp("a reply without a request"));
        }
        Ok(())
    }
}

/// Whether bytes begin with a request before which the question makes sense.
fn opens_request(next: &[u8]) -> bool {
    if next.first() == Some(&INLINE[0]) {
        return next.len().is_multiple_of(INLINE.len())
            && next.chunks(INLINE.len()).all(|request| request == INLINE);
    }
    let mut reader = Requests::default();
    // The beginning of a command is enough, and what comes behind it does not matter.
    let known = next.iter().take(8 * LINE_MAX).find_map(|byte| match reader.take(&[*byte]) {
        Ok(0) if reader.words_known == 0 => None,
        taken => Some(taken.is_ok() || !reader.word(0).is_empty()),
    });
    known == Some(true) && !NOT_BEFORE.contains(&reader.word(0).as_slice())
}

/// Counts commands.
#[derive(Debug, Default)]
struct Requests {
    line: Line,
    /// Arguments of the command that are still to come.
    arguments: u64,
    /// Bytes of the present argument and its end that are still to come.
    skip: u64,
    words: [[u8; WORD_MAX]; 2],
    lengths: [usize; 2],
    /// Arguments that have begun.
    begun: usize,
    /// Names that are known in full.
    words_known: usize,
}

impl Requests {
    fn is_between(&self) -> bool {
        self.arguments == 0 && self.skip == 0 && self.line.is_empty()
    }

    fn word(&self, index: usize) -> Vec<u8> {
        self.words[index][..self.lengths[index]].to_ascii_uppercase()
    }

    /// How many commands end within these bytes.
    fn take(&mut self, mut bytes: &[u8]) -> Result<u64, GivenUp> {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.skip > 0 {
                bytes = self.pass_argument(bytes);
            } else {
                let Some(line) = self.line.take(&mut bytes)? else { break };
                self.take_line(line.as_slice())?;
            }
            if self.skip == 0 && self.arguments == 0 && self.line.is_empty() {
                self.end()?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Takes a part of an argument.
    fn pass_argument<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        let (now, rest) = bytes.split_at(count);
        if let Some(index) = self.begun.checked_sub(1).filter(|index| *index < 2) {
            // The last two bytes are no part of it.
            let room = WORD_MAX - self.lengths[index];
            let own = (self.skip.saturating_sub(2) as usize).min(now.len()).min(room);
            self.words[index][self.lengths[index]..][..own].copy_from_slice(&now[..own]);
            self.lengths[index] += own;
        }
        self.skip -= count as u64;
        if self.skip == 0 {
            self.arguments -= 1;
            self.words_known = self.begun;
        }
        rest
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), GivenUp> {
        let number = |digits: &[u8]| {
            std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok())
        };
        match (line, self.arguments) {
            (b"PING", 0) => {
                self.words_known = 0;
                self.begun = 0;
            }
            ([b'*', digits @ ..], 0) => {
                self.arguments = number(digits)
                    .filter(|count| (1..1 << 20).contains(count))
                    .ok_or(GivenUp("a request of an odd length"))?;
                (self.begun, self.words_known, self.lengths) = (0, 0, [0, 0]);
            }
            ([b'$', digits @ ..], 1..) => {
                let len = number(digits).filter(|len| *len < 1 << 40);
                self.skip = len.ok_or(GivenUp("an argument of an odd length"))? + 2;
                self.begun += 1;
            }
            _ => return Err(GivenUp("a request that is no command")),
        }
        Ok(())
    }

    /// A whole command was seen.
    fn end(&mut self) -> Result<(), GivenUp> {
        let begun = std::mem::take(&mut self.begun);
        if begun == 0 {
            return Ok(());
        }
        let name = self.word(0);
        let harmless = match name.as_slice() {
            b"CLIENT" => begun > 1 && CLIENT_HARMLESS.contains(&self.word(1).as_slice()),
            name => !ENDING.contains(&name),
        };
        self.words_known = 0;
        if harmless { Ok(()) } else { Err(GivenUp("a command after which replies differ")) }
    }
}

/// Counts replies.
#[derive(Debug, Default)]
struct Replies {
    line: Line,
    skip: u64,
    /// Elements that are still to come, of each aggregate around the present place.
    open: Vec<u64>,
}

impl Replies {
    fn is_between(&self) -> bool {
        self.skip == 0 && self.open.is_empty() && self.line.is_empty()
    }

    /// How many replies end within these bytes.
    fn take(&mut self, mut bytes: &[u8]) -> Result<u64, GivenUp> {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.skip > 0 {
                let count = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
                bytes = &bytes[count..];
                self.skip -= count as u64;
                if self.skip > 0 {
                    break;
                }
            } else {
                let Some(line) = self.line.take(&mut bytes)? else { break };
                if self.opens(line.as_slice())? {
                    continue;
                }
            }
            ended += self.close();
        }
        Ok(ended)
    }

    /// Takes a line. Whether more of the same element follows.
    fn opens(&mut self, line: &[u8]) -> Result<bool, GivenUp> {
        let (kind, rest) = line.split_first().ok_or(GivenUp("an empty line as a reply"))?;
        let number = || {
            let number = std::str::from_utf8(rest).ok().and_then(|rest| rest.parse::<i64>().ok());
            number.filter(|n| *n < 1 << 40).ok_or(GivenUp("a reply of an odd length"))
        };
        match kind {
            b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => Ok(false),
            b'$' | b'=' | b'!' => {
                let len = number()?;
                self.skip = u64::try_from(len).map_or(0, |len| len + 2);
                Ok(self.skip > 0)
            }
            b'*' | b'~' | b'%' => {
                let count = u64::try_from(number()?).unwrap_or(0);
                let count = if *kind == b'%' { count * 2 } else { count };
                if count == 0 {
                    return Ok(false);
                }
                if self.open.len() == DEPTH_MAX {
                    return Err(GivenUp("a reply that is too deep"));
                }
                self.open.push(count);
                Ok(true)
            }
            b'>' => Err(GivenUp("a push")),
            _ => Err(GivenUp("a reply that is none")),
        }
    }

    /// An element has ended, and with it perhaps those around it. Replies that have ended: 0 or 1.
    fn close(&mut self) -> u64 {
        while let Some(left) = self.open.last_mut() {
            *left -= 1;
            if *left > 0 {
                return 0;
            }
            self.open.pop();
        }
        1
    }
}

/// A line as it comes. Of a long one only the beginning is kept.
#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    len: usize,
    last: u8,
}

impl Line {
    fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The line, if it ends within `bytes`, which are moved behind it.
    fn take(&mut self, bytes: &mut &[u8]) -> Result<Option<Vec<u8>>, GivenUp> {
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            self.len += 1;
            if *byte == b'\n' {
                if self.last != b'\r' {
                    return Err(GivenUp("a line that ends oddly"));
                }
                let mut line = std::mem::take(self).bytes;
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            self.last = *byte;
            if self.bytes.len() < LINE_MAX {
                self.bytes.push(*byte);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";

    fn command(words: &[&str]) -> Vec<u8> {
        let mut bytes = format!("*{}\r\n", words.len());
        for word in words {
            bytes += &format!("${}\r\n{word}\r\n", word.len());
        }
        bytes.into_bytes()
    }

    #[test]
    fn the_question_comes_after_an_exchange_with_nothing_outstanding() {
        let mut dialogue = Dialogue::new();
        assert!(!dialogue.may_ask_before(GET), "nothing was seen yet");
        dialogue.wrote(GET).expect("a command");
        assert!(!dialogue.may_ask_before(GET), "outstanding");
        dialogue.read(b"$1\r\n").expect("a reply's beginning");
        assert!(!dialogue.may_ask_before(GET), "half a reply");
        dialogue.read(b"v\r\n").expect("its end");
        assert!(dialogue.may_ask_before(GET));
        for early in ["AUTH", "hello", "QUIT"] {
            assert!(!dialogue.may_ask_before(&command(&[early, "x"])), "{early}");
        }
        for words in [&["SUBSCRIBE", "x"][..], &["MULTI"], &["PING"]] {
            assert!(dialogue.may_ask_before(&command(words)), "{words:?}");
        }
        assert!(!dialogue.may_ask_before(&command(&["QUIT"])));
        assert!(!dialogue.may_ask_before(b"GET k\r\n") && dialogue.may_ask_before(INLINE));
        dialogue.postpone();
        assert!(!dialogue.may_ask_before(GET));
        dialogue.wrote(GET).expect("a command");
        dialogue.read(b"$-1\r\n").expect("a reply");
        assert!(dialogue.may_ask_before(GET));
    }

    #[test]
    fn it_does_not_matter_how_bytes_are_cut() {
        let requests = [command(&["SET", "k", &"v".repeat(100)]), GET.to_vec(), GET.repeat(3)];
        let requests = [requests.concat(), INLINE.to_vec()].concat();
        let replies =
            b"+OK\r\n*2\r\n$1\r\nv\r\n*-1\r\n%1\r\n+a\r\n~0\r\n-ERR no\r\n:1\r\n+PONG\r\n";
        for cut in 1..40 {
            let mut dialogue = Dialogue::new();
            for part in requests.chunks(cut) {
                dialogue.wrote(part).expect("commands");
            }
            for part in replies.chunks(cut) {
                dialogue.read(part).expect("replies");
            }
            assert_eq!((dialogue.asked, dialogue.answered), (6, 6), "cut at {cut}");
            assert!(dialogue.may_ask_before(GET));
        }
    }

    #[test]
    fn what_changes_the_dialogue_ends_it() {
        for words in [
            &["MULTI"][..],
            &["subscribe", "c"],
            &["MONITOR"],
            &["CLIENT", "REPLY", "OFF"],
            &["CLIENT", "TRACKING", "ON"],
            &["CLIENT"],
            &["PSYNC", "?", "-1"],
            &["SHM.OPEN", "2"],
        ] {
            assert!(Dialogue::new().wrote(&command(words)).is_err(), "{words:?}");
        }
        for words in [&["CLIENT", "setinfo", "a", "b"][..], &["AUTH", "p"], &["HELLO", "3"]] {
            assert!(Dialogue::new().wrote(&command(words)).is_ok(), "{words:?}");
        }
    }

    #[test]
    fn other_protocols_are_left_alone() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"EHLO me\r\n",
            b"l\0\0\x01",
            b"*x\r\n",
            b"*1\r\nx\r\n",
            b"*1\r\n$-1\r\n",
            b"PING\n",
            b"\r\n",
        ] {
            let mut dialogue = Dialogue::new();
            let seen = dialogue.wrote(bytes);
            assert!(seen.is_err() || dialogue.asked == 0, "{bytes:?}");
        }
        for bytes in [&b"HTTP/1.1 200 OK\r\n"[..], b"\r\n", b">1\r\n", b"$x\r\n", b"+OK\n"] {
            let mut dialogue = Dialogue::new();
            dialogue.wrote(GET).expect("a command");
            assert!(dialogue.read(bytes).is_err(), "{bytes:?}");
        }
        let mut dialogue = Dialogue::new();
        assert!(dialogue.read(b"+hello\r\n").is_err(), "it speaks first");
    }
}
