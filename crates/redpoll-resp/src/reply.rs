//! Replies: one method for each kind of reply, written in the protocol the client speaks.
//!
//! A command says what it answers (`map_len`, `double`, `null`), never how it looks on the wire;
//! the difference between RESP2 and RESP3 lives here alone. All methods append to one byte vector,
//! so a pipeline's replies leave with one write.

use crate::double::DoubleText;

/// The protocol version that a client has chosen with HELLO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proto {
    /// RESP2, the default.
    #[default]
    Resp2,
    /// RESP3.
    Resp3,
}

/// Takes a reply in parts while it is still being written.
pub trait Valve {
    /// Takes what is in `part`, and leaves it empty. `elements` have been written since the last
    /// call. It may take as long as the client needs to read what it was sent before.
    fn pass(&mut self, part: &mut Vec<u8>, elements: usize);
}

/// Bytes that gather before a valve is asked to take them.
const PART: usize = 64 << 10;

/// The encoder of one client's replies.
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    proto: Proto,
    /// Who takes long replies in parts, if anybody does.
    valve: Option<&'a mut (dyn Valve + 'static)>,
    /// From how many bytes on; out of reach where nobody does.
    full: usize,
    /// Elements since a part was taken.
    elements: usize,
}

impl<'a> Reply<'a> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, proto: Proto) -> Self {
        Reply { out, proto, valve: None, full: usize::MAX, elements: 0 }
    }

    /// An encoder that lets `valve` take what has been written whenever that is much; see
    /// [`Reply::flow`].
    pub fn flowing(
        out: &'a mut Vec<u8>,
        proto: Proto,
        valve: &'a mut (dyn Valve + 'static),
    ) -> Self {
        Reply { valve: Some(valve), full: PART, ..Reply::new(out, proto) }
    }

    /// To be called behind each element of a reply that may be long: lets go of what is written so
    /// far if that is much and somebody takes it. Nothing before may be taken back afterwards, so
    /// the reply's head must be final and no error may follow.
    #[inline]
    pub fn flow(&mut self) {
        self.elements += 1;
        if self.out.len() >= self.full {
            self.pass();
        }
    }

    #[cold]
    fn pass(&mut self) {
        if let Some(valve) = &mut self.valve {
            valve.pass(self.out, std::mem::take(&mut self.elements));
        }
    }

    /// The protocol in use.
    pub fn proto(&self) -> Proto {
        self.proto
    }

    /// Switches the protocol for what follows (HELLO answers in the new one).
    pub fn set_proto(&mut self, proto: Proto) {
        self.proto = proto;
    }

    /// The bytes written so far, those of earlier replies in the same buffer included.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// `+text`: a status. `text` must hold no line break.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// `+OK`.
    pub fn ok(&mut self) {
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// `-text`: an error. Line breaks in `text` become blanks, so that no input that is quoted in a
    /// message can forge a second reply.
    pub fn error(&mut self, text: &[u8]) {
        self.out.push(b'-');
        self.out.extend(text.iter().map(|&b| if b == b'\r' || b == b'\n' { b' ' } else { b }));
        self.out.extend_from_slice(b"\r\n");
    }

    /// `:value`.
    pub fn int(&mut self, value: i64) {
        self.header(b':', value);
    }

    /// An unsigned count as an integer reply; above `i64::MAX` it is held at that.
    pub fn count(&mut self, value: usize) {
        self.int(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// `1` or `0`, as Redis answers yes/no questions in both protocols.
    pub fn int_bool(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b":1\r\n" } else { b":0\r\n" });
    }

    /// `#t`/`#f` in RESP3, `:1`/`:0` in RESP2.
    pub fn boolean(&mut self, value: bool) {
        match self.proto {
            Proto::Resp2 => self.int_bool(value),
            Proto::Resp3 => self.out.extend_from_slice(if value { b"#t\r\n" } else { b"#f\r\n" }),
        }
    }

    /// A bulk string.
    pub fn bulk(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len() + 16);
        self.header(b'$', bytes.len() as i64);
        self.out.extend_from_slice(bytes);
        self.out.extend_from_slice(b"\r\n");
    }

    /// A bulk string that may be very long: where somebody takes the reply in parts, so it goes.
    /// What holds for [`Reply::flow`] holds here.
    pub fn long_bulk(&mut self, bytes: &[u8]) {
        if self.full == usize::MAX {
            return self.bulk(bytes);
        }
        self.header(b'$', bytes.len() as i64);
        for part in bytes.chunks(PART) {
            self.out.extend_from_slice(part);
            self.flow();
        }
        self.out.extend_from_slice(b"\r\n");
    }

    /// A bulk string holding an integer's decimal text.
    pub fn bulk_int(&mut self, value: i64) {
        let mut digits = itoa::Buffer::new();
        self.bulk(digits.format(value).as_bytes());
    }

    /// The absent value: `$-1` or `_`.
    pub fn null(&mut self) {
        match self.proto {
            Proto::Resp2 => self.out.extend_from_slice(b"$-1\r\n"),
            Proto::Resp3 => self.out.extend_from_slice(b"_\r\n"),
        }
    }

    /// The absent array: `*-1` or `_`.
    pub fn null_array(&mut self) {
        match self.proto {
            Proto::Resp2 => self.out.extend_from_slice(b"*-1\r\n"),
            Proto::Resp3 => self.out.extend_from_slice(b"_\r\n"),
        }
    }

    /// A bulk string, or [`Reply::null`].
    pub fn bulk_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null(),
        }
    }

    /// The head of an array of `len` elements, which must follow.
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len as i64);
    }

    /// The head of a map of `len` pairs: `%len`, or in RESP2 an array of twice the length.
    pub fn map(&mut self, len: usize) {
        match self.proto {
            Proto::Resp2 => self.header(b'*', 2 * len as i64),
            Proto::Resp3 => self.header(b'%', len as i64),
        }
    }

    /// The head of a set: `~len`, or in RESP2 an array.
    pub fn set(&mut self, len: usize) {
        match self.proto {
            Proto::Resp2 => self.header(b'*', len as i64),
            Proto::Resp3 => self.header(b'~', len as i64),
        }
    }

    /// The head of an out-of-band message: `>len`, or in RESP2 an array.
    pub fn push(&mut self, len: usize) {
        match self.proto {
            Proto::Resp2 => self.header(b'*', len as i64),
            Proto::Resp3 => self.header(b'>', len as i64),
        }
    }

    /// The head of an attribute of `len` pairs (RESP3 only; nothing is written in RESP2).
    pub fn attribute(&mut self, len: usize) {
        if self.proto == Proto::Resp3 {
            self.header(b'|', len as i64);
        }
    }

    /// A floating-point number: `,value` in RESP3, a bulk string in RESP2.
    pub fn double(&mut self, value: f64) {
        let text = DoubleText::new(value);
        match self.proto {
            Proto::Resp2 => self.bulk(text.as_bytes()),
            Proto::Resp3 => self.line(b',', text.as_bytes()),
        }
    }

    /// A floating-point number whose text the caller has made: `,text` in RESP3, a bulk string in
    /// RESP2.
    pub fn double_text(&mut self, text: &[u8]) {
        match self.proto {
            Proto::Resp2 => self.bulk(text),
            Proto::Resp3 => self.line(b',', text),
        }
    }

    /// A number too large for an integer: `(digits` in RESP3, a bulk string in RESP2.
    pub fn big_number(&mut self, digits: &str) {
        match self.proto {
            Proto::Resp2 => self.bulk(digits.as_bytes()),
            Proto::Resp3 => self.line(b'(', digits.as_bytes()),
        }
    }

    /// Text for people, with a three-letter format such as `txt`: `=…` or a bulk string.
    pub fn verbatim(&mut self, format: &str, text: &[u8]) {
        debug_assert_eq!(format.len(), 3);
        match self.proto {
            Proto::Resp2 => self.bulk(text),
            Proto::Resp3 => {
                self.header(b'=', text.len() as i64 + 4);
                self.out.extend_from_slice(format.as_bytes());
                self.out.push(b':');
                self.out.extend_from_slice(text);
                self.out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Where the next reply starts; see [`Reply::rewind`].
    pub fn mark(&self) -> usize {
        self.out.len()
    }

    /// Takes back everything written since `mark`.
    pub fn rewind(&mut self, mark: usize) {
        self.out.truncate(mark);
    }

    /// Writes `body` as an array whose length is known only afterwards: `body` returns it.
    ///
    /// Costs one move of the body's bytes.
    pub fn array_later(&mut self, body: impl FnOnce(&mut Reply<'_>) -> usize) {
        let start = self.out.len();
        // The head is not there yet.
        let full = std::mem::replace(&mut self.full, usize::MAX);
        let len = body(self);
        self.full = full;
        let end = self.out.len();
        self.array(len);
        let head = self.out.len() - end;
        self.out[start..].rotate_right(head);
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        self.out.push(kind);
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(b"\r\n");
    }

    /// `kind`, a number, a line end. Lengths below ten, the usual ones, skip the formatter.
    #[inline]
    fn header(&mut self, kind: u8, value: i64) {
        if (0..10).contains(&value) {
            self.out.extend_from_slice(&[kind, b'0' + value as u8, b'\r', b'\n']);
            return;
        }
        if (10..100).contains(&value) {
            let (tens, ones) = (value as u8 / 10, value as u8 % 10);
            self.out.extend_from_slice(&[kind, b'0' + tens, b'0' + ones, b'\r', b'\n']);
            return;
        }
        let mut digits = itoa::Buffer::new();
        self.line(kind, digits.format(value).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(proto: Proto, write: impl FnOnce(&mut Reply<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Reply::new(&mut out, proto));
        String::from_utf8(out).expect("test replies are text")
    }

    #[test]
    fn the_protocols_differ_where_they_should() {
        let body = |r: &mut Reply<'_>| {
            r.map(1);
            r.null();
            r.double(1.5);
            r.set(0);
            r.boolean(true);
            r.verbatim("txt", b"hi");
            r.big_number("123");
        };
        assert_eq!(
            encode(Proto::Resp2, body),
            "*2\r\n$-1\r\n$3\r\n1.5\r\n*0\r\n:1\r\n$2\r\nhi\r\n$3\r\n123\r\n"
        );
        assert_eq!(
            encode(Proto::Resp3, body),
            "%1\r\n_\r\n,1.5\r\n~0\r\n#t\r\n=6\r\ntxt:hi\r\n(123\r\n"
        );
    }

    #[test]
    fn errors_cannot_smuggle_a_line() {
        assert_eq!(encode(Proto::Resp2, |r| r.error(b"ERR a\r\n+OK")), "-ERR a  +OK\r\n");
    }

    #[test]
    fn lengths_known_late() {
        let text = encode(Proto::Resp2, |r| {
            r.ok();
            r.array_later(|r| {
                (0..3).for_each(|i| r.int(i));
                3
            });
        });
        assert_eq!(text, "+OK\r\n*3\r\n:0\r\n:1\r\n:2\r\n");
    }

    #[test]
    fn long_replies_go_in_parts() {
        struct Taken(Vec<usize>);
        impl Valve for Taken {
            fn pass(&mut self, part: &mut Vec<u8>, elements: usize) {
                self.0.extend([part.len(), elements]);
                part.clear();
            }
        }
        let (mut out, mut taken) = (Vec::new(), Taken(Vec::new()));
        let mut reply = Reply::flowing(&mut out, Proto::Resp2, &mut taken);
        reply.array(3);
        for len in [PART, 5, PART] {
            reply.bulk(&vec![b'x'; len]);
            reply.flow();
        }
        // Not before its head is there.
        reply.array_later(|reply| {
            reply.bulk(&vec![b'x'; PART]);
            reply.flow();
            1
        });
        let head = "$65536\r\n".len() + 2;
        assert_eq!(taken.0, [PART + head + 4, 1, PART + head + 11, 2]);
        assert_eq!(out.len(), PART + head + 4);
    }

    #[test]
    fn headers_of_every_width() {
        for value in [0i64, 9, 10, 99, 100, 12345, -1, i64::MIN] {
            assert_eq!(encode(Proto::Resp2, |r| r.int(value)), format!(":{value}\r\n"));
        }
    }
}
