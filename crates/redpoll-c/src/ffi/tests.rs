//! The header says what the code says; and the library does so, as C would call it.

use super::*;
use redpoll_shm::{Channel as Server, handshake};
use std::ffi::CStr;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

const HEADER: &str = include_str!("../../include/redpoll.h");
const CODE: &str = include_str!("../ffi.rs");

/// A text without comments, on one line, with single blanks.
fn words(text: &str) -> String {
    let mut rest = text;
    let mut plain = String::new();
    while let Some((before, after)) = rest.split_once("/*") {
        plain += before;
        rest = after.split_once("*/").expect("a comment ends").1;
    }
    plain += rest;
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What C calls a type.
fn in_c(rust: &str) -> &'static str {
    match rust.trim() {
        "c_int" => "int ",
        "usize" => "size_t ",
        "isize" => "ssize_t ",
        "*const c_char" => "const char *",
        "*mut c_void" => "void *",
        "*const c_void" => "const void *",
        "*mut usize" => "size_t *",
        "*mut Channel" => "redpoll_channel *",
        "*const Channel" => "const redpoll_channel *",
        other => panic!("no C type is known for {other}"),
    }
}

/// The prototypes of everything that is exported.
fn prototypes() -> Vec<String> {
    let mut found = Vec::new();
    for part in CODE.split("#[unsafe(no_mangle)]").skip(1) {
        let part = part.split_once("extern \"C\" fn ").expect("a function").1;
        let (name, rest) = part.split_once('(').expect("its parameters");
        let (parameters, rest) = rest.split_once(')').expect("their end");
        let result = rest.split_once('{').expect("a body").0.trim();
        let parameters: Vec<String> = parameters
            .split(',')
            .filter(|parameter| !parameter.trim().is_empty())
            .map(|parameter| {
                let (name, kind) = parameter.split_once(':').expect("a type");
                format!("{}{}", in_c(kind), name.trim())
            })
            .collect();
        let parameters = if parameters.is_empty() { "void".into() } else { parameters.join(", ") };
        let result = result.strip_prefix("->").map_or("void ", in_c);
        found.push(format!("{result}{name}({parameters});"));
    }
    found
}

#[test]
fn the_header_declares_what_is_exported() {
    let header = words(HEADER);
    let prototypes = prototypes();
    assert!(prototypes.len() > 15);
    for prototype in &prototypes {
        assert!(header.contains(prototype), "the header lacks: {prototype}");
    }
    let calls = header.match_indices('(').filter_map(|(at, _)| {
        header[..at].rsplit([' ', '*']).next().filter(|name| name.starts_with("redpoll_"))
    });
    assert_eq!(calls.count(), prototypes.len(), "the header declares more than there is");
    for (name, value) in [
        ("REDPOLL_PENDING", REDPOLL_PENDING),
        ("REDPOLL_SHM", REDPOLL_SHM),
        ("REDPOLL_SOCKET", REDPOLL_SOCKET),
        ("REDPOLL_BYTES", REDPOLL_BYTES),
        ("REDPOLL_ROOM", REDPOLL_ROOM),
    ] {
        assert!(header.contains(&format!("#define {name} {value}")), "{name}");
    }
}

/// A server that grants the memory and answers every byte with itself.
fn serve(mut socket: UnixStream) {
    let mut request = [0; 100];
    let count = socket.read(&mut request).expect("a request");
    assert!(request[..count].starts_with(b"*"));
    let (mut server, memory) = Server::create(4096).expect("memory");
    let answer = handshake::answer(1, 4096);
    handshake::send(&socket, &answer, memory.as_fd()).expect("sent");
    let (mut pending, mut buffer) = (Vec::new(), Vec::with_capacity(1000));
    loop {
        buffer.clear();
        let read = server.read(&mut buffer, socket.as_fd()).expect("correct");
        pending.extend_from_slice(&buffer);
        let written = server.write(&pending, socket.as_fd()).expect("correct");
        pending.drain(..written);
        if read + written == 0 && server.sleep(true, !pending.is_empty()) {
            match socket.read(&mut [0]) {
                Ok(1..) => server.wake_up(),
                _ => return,
            }
        }
    }
}

fn text(
    channel: *const Channel,
    of: unsafe extern "C" fn(*const Channel) -> *const c_char,
) -> String {
    // SAFETY: a live channel, and its text, which is copied at once.
    unsafe { CStr::from_ptr(of(channel)) }.to_string_lossy().into_owned()
}

#[test]
fn bytes_go_through_the_rings_and_the_descriptor_stays() {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let server = thread::spawn(move || serve(theirs));
    // SAFETY: the channel lives from `redpoll_new` to `redpoll_free`, on this thread; buffers have
    // the lengths that are passed.
    unsafe {
        let channel = redpoll_new(ours.as_raw_fd());
        assert_eq!(redpoll_transport(channel), REDPOLL_SOCKET);
        assert_eq!(redpoll_open(channel, 4096, 20_000), REDPOLL_SHM);
        assert_eq!(redpoll_open(channel, 4096, 20_000), -1);
        assert_eq!(redpoll_set_timeouts(channel, 20_000, 20_000), 0);
        let mut back = [0u8; 5];
        for _ in 0..100 {
            assert_eq!(redpoll_write(channel, b"hello".as_ptr().cast(), 5), 5);
            let mut got = 0;
            while got < 5 {
                let at = back[got..].as_mut_ptr().cast();
                let count = redpoll_read(channel, at, 5 - got);
                assert!(count > 0);
                got += count as usize;
            }
            assert_eq!(&back, b"hello");
        }
        assert_eq!(redpoll_set_timeouts(channel, 1, 1), 0);
        assert_eq!(redpoll_read(channel, back.as_mut_ptr().cast(), 5), -1);
        assert_eq!(errno::errno().0, code::AGAIN);
        assert_eq!(redpoll_set_nonblocking(channel, 1), 0);
        assert_eq!(redpoll_read(channel, back.as_mut_ptr().cast(), 5), -1);
        assert_eq!(errno::errno().0, code::AGAIN);
        assert_eq!(redpoll_arm(channel, REDPOLL_BYTES), 1);
        // An exchange waits for as long as a read may; a busy machine takes more than the above.
        assert_eq!(redpoll_set_timeouts(channel, 20_000, 20_000), 0);
        let mut written = 0;
        let byte = b"x".as_ptr().cast();
        let mut read =
            redpoll_exchange(channel, byte, 1, &raw mut written, back.as_mut_ptr().cast(), 5);
        assert_eq!(written, 1);
        while read == 0 {
            let null = ptr::null_mut();
            read = redpoll_exchange(channel, byte, 0, null, back.as_mut_ptr().cast(), 5);
        }
        assert_eq!((read, back[0]), (1, b'x'));
        assert_eq!(redpoll_fd(channel), ours.as_raw_fd());
        redpoll_free(channel);
    }
    ours.shutdown(std::net::Shutdown::Both).expect("it is still open");
    server.join().expect("no panic");
}

#[test]
fn a_refusal_leaves_the_socket() {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair");
    theirs.write_all(b"-ERR no such thing\r\n").expect("written");
    // SAFETY: as above.
    unsafe {
        let channel = redpoll_new(ours.as_raw_fd());
        assert_eq!(redpoll_open(channel, 0, 20_000), REDPOLL_SOCKET);
        assert_eq!(text(channel, redpoll_refusal), "ERR no such thing");
        assert_eq!(redpoll_write(channel, b"PING\r\n".as_ptr().cast(), 6), 6);
        theirs.write_all(b"+PONG\r\n").expect("written");
        let mut back = [0u8; 7];
        assert_eq!(redpoll_read(channel, back.as_mut_ptr().cast(), 7), 7);
        assert_eq!(&back, b"+PONG\r\n");
        assert_eq!(redpoll_arm(channel, REDPOLL_BYTES), 1);
        assert_eq!(redpoll_ready(channel, REDPOLL_BYTES), 0);
        assert_eq!(redpoll_wait(channel, REDPOLL_BYTES, 1), 0);
        redpoll_free(channel);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    // SAFETY: null is allowed; the channel is live until it is freed.
    unsafe {
        assert!(redpoll_new(-1).is_null());
        assert_eq!(redpoll_open(ptr::null_mut(), 0, 0), -1);
        assert_eq!(errno::errno().0, code::INVALID);
        assert_eq!(text(ptr::null(), redpoll_error), "");
        redpoll_free(ptr::null_mut());
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        let channel = redpoll_new(ours.as_raw_fd());
        assert_eq!(redpoll_read(channel, ptr::null_mut(), 5), -1);
        assert_eq!(errno::errno().0, code::INVALID);
        assert_eq!(redpoll_arm(channel, 7), -1);
        assert_eq!(redpoll_open(channel, 0, 10), -1);
        assert_eq!(errno::errno().0, code::TIMED_OUT);
        assert!(!text(channel, redpoll_error).is_empty());
        redpoll_free(channel);
    }
}
