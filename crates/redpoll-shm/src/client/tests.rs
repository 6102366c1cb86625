//! Both sides in one process: what a server does with a [`Channel`] is done by a thread.

use super::*;
use crate::{Channel, Violation};
use std::os::fd::OwnedFd;
use std::thread;

fn pair(ring: usize) -> (Channel, UnixStream, Client) {
    let (channel, fd) = Channel::create(ring).expect("memory");
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    (channel, ours, Client::over(theirs, Memory::open(&fd).expect("mapped")))
}

/// A server that answers every byte with itself until the client is gone.
fn echo(mut channel: Channel, socket: UnixStream) {
    let mut buffer = Vec::with_capacity(777);
    let mut pending: Vec<u8> = Vec::new();
    loop {
        buffer.clear();
        if pending.len() < 4096 {
            channel.read(&mut buffer, socket.as_fd()).expect("correct");
            pending.extend_from_slice(&buffer);
        }
        let count = channel.write(&pending, socket.as_fd()).expect("correct");
        pending.drain(..count);
        if count == 0
            && buffer.is_empty()
            && channel.sleep(pending.len() < 4096, !pending.is_empty())
        {
            let mut byte = [0];
            match (&socket).read(&mut byte) {
                Ok(1..) => channel.wake_up(),
                _ => return,
            }
        }
    }
}

#[test]
fn bytes_come_back_in_order_whatever_their_number() {
    for ring in [4096, 65536] {
        let (channel, socket, mut client) = pair(ring);
        let server = thread::spawn(move || echo(channel, socket));
        let mut sent = Vec::new();
        for len in (1..200).chain([4095, 4096, 4097, 300_000]) {
            sent.clear();
            sent.extend((0..len).map(|i| (i * 7 + len) as u8));
            let (mut written, mut got) = (0, Vec::new());
            let mut chunk = vec![0; 10_000];
            while got.len() < len {
                written += client.try_write(&sent[written..]).expect("correct");
                let count = client.try_read(&mut chunk).expect("correct");
                got.extend_from_slice(&chunk[..count]);
            }
            assert!(got == sent, "{len} bytes through {ring}");
        }
        drop(client);
        server.join().expect("no panic");
    }
}

#[test]
fn both_sleep_and_wake_without_losing_anything() {
    let (channel, socket, mut client) = pair(4096);
    let server = thread::spawn(move || echo(channel, socket));
    client.set_spin(Duration::ZERO);
    client.link().set_read_timeout(Some(Duration::from_secs(20)));
    for round in 0..2000u32 {
        client.write_all(&round.to_ne_bytes()).expect("written");
        let mut answer = [0; 4];
        client.read_exact(&mut answer).expect("an answer");
        assert_eq!(u32::from_ne_bytes(answer), round);
    }
    drop(client);
    server.join().expect("no panic");
}

#[test]
fn a_server_that_closes_is_noticed_behind_its_last_words() {
    let (mut channel, socket, mut client) = pair(4096);
    channel.write(b"bye", socket.as_fd()).expect("correct");
    let mut answer = [0; 10];
    let waiter = thread::spawn(move || {
        let first = client.read(&mut answer).expect("bytes");
        (first, client.read(&mut answer).expect("the end"), client.write(b"x").is_err())
    });
    // sleep: so that the client is asleep when the server goes.
    thread::sleep(Duration::from_millis(20));
    drop(channel);
    drop(socket);
    assert_eq!(waiter.join().expect("no panic"), (3, 0, true));
}

#[test]
fn a_server_that_is_killed_is_noticed_within_a_second() {
    let (channel, socket, mut client) = pair(4096);
    // Its descriptors close, and it says nothing.
    std::mem::forget(channel);
    drop(socket);
    let begun = Instant::now();
    assert_eq!(client.read(&mut [0; 8]).expect("the end"), 0);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn waiting_ends_in_time_and_nonblocking_does_not_wait() {
    let (_channel, _socket, mut client) = pair(4096);
    client.link().set_read_timeout(Some(Duration::from_millis(10)));
    let error = client.read(&mut [0; 8]).expect_err("nothing comes");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    client.link().set_write_timeout(Some(Duration::from_millis(10)));
    assert_eq!(client.write(&[0; 5000]).expect("a full ring"), 4096);
    assert_eq!(client.write(b"x").expect_err("full").kind(), io::ErrorKind::TimedOut);
    client.link().set_nonblocking(true);
    assert_eq!(client.write(b"x").expect_err("full").kind(), io::ErrorKind::WouldBlock);
    assert_eq!(client.read(&mut [0; 8]).expect_err("nothing").kind(), io::ErrorKind::WouldBlock);
}

/// A memory that a hostile client writes to as it likes.
fn hostile(write: impl FnOnce(&OwnedFd)) -> (Channel, UnixStream, OwnedFd) {
    let (channel, fd) = Channel::create(4096).expect("memory");
    write(&fd);
    let (socket, _) = UnixStream::pair().expect("a pair");
    (channel, socket, fd)
}

fn put(fd: &OwnedFd, at: usize, value: u64) {
    rustix::io::pwrite(fd, &value.to_ne_bytes(), at as u64).expect("written");
}

#[test]
fn counters_that_cannot_be_are_violations() {
    use crate::layout::{REPLIES_AT, REQUESTS_AT};
    for written in [4097, u64::MAX, 1 << 63, u64::MAX - 4096] {
        let (mut channel, socket, _) = hostile(|fd| put(fd, REQUESTS_AT, written));
        let mut out = Vec::with_capacity(100);
        let result = channel.read(&mut out, socket.as_fd());
        assert!(matches!(result, Err(Violation::Written { .. })), "{written}: {result:?}");
        assert!(out.is_empty());
    }
    for taken in [1u64, 4096, u64::MAX] {
        let (mut channel, socket, _) = hostile(|fd| put(fd, REPLIES_AT + 128, taken));
        assert_eq!(channel.write(b"abc", socket.as_fd()), Ok(3));
        // Looked at once the ring seems to be full.
        let result = channel.write(&[0; 4096], socket.as_fd());
        match taken {
            1 => assert_eq!(result, Ok(4094)),
            _ => assert!(matches!(result, Err(Violation::Taken { .. })), "{taken}: {result:?}"),
        }
    }
    // Back behind what was announced, with bytes still unread.
    let (mut channel, socket, fd) = hostile(|_| {});
    put(&fd, REQUESTS_AT, 100);
    assert_eq!(channel.read(&mut Vec::with_capacity(10), socket.as_fd()), Ok(10));
    put(&fd, REQUESTS_AT, 50);
    let result = channel.read(&mut Vec::with_capacity(200), socket.as_fd());
    assert!(matches!(result, Err(Violation::Written { .. })), "{result:?}");
}

#[test]
fn a_riding_copy_with_another_counter_is_not_taken() {
    use crate::layout::{HEADER_LEN, REQUESTS_AT};
    let (mut channel, socket, _) = hostile(|fd| {
        put(fd, HEADER_LEN, u64::from_ne_bytes(*b"in ring!"));
        put(fd, REQUESTS_AT + 16, u64::from_ne_bytes(*b"in line!"));
        // Of an earlier message.
        put(fd, REQUESTS_AT + 8, 7 << 6 | 8);
        put(fd, REQUESTS_AT, 8);
    });
    let mut out = Vec::with_capacity(100);
    assert_eq!(channel.read(&mut out, socket.as_fd()), Ok(8));
    assert_eq!(out, b"in ring!");
}

#[test]
fn the_file_can_neither_shrink_nor_grow() {
    let (_channel, fd) = Channel::create(4096).expect("memory");
    assert!(rustix::fs::ftruncate(&fd, 0).is_err());
    assert!(rustix::fs::ftruncate(&fd, 1 << 20).is_err());
    // What is not sealed is not mapped.
    let flags = rustix::fs::MemfdFlags::CLOEXEC | rustix::fs::MemfdFlags::ALLOW_SEALING;
    let open = rustix::fs::memfd_create("x", flags).expect("a file");
    rustix::fs::ftruncate(&open, 12288).expect("sized");
    assert!(Memory::open(&open).is_err());
}

#[test]
fn an_event_loop_is_woken_by_the_socket() {
    let (mut channel, socket, mut client) = pair(4096);
    assert!(client.arm(Want::Bytes));
    channel.write(b"news", socket.as_fd()).expect("correct");
    let mut ready = [PollFd::new(&client, PollFlags::IN)];
    let second = Timespec { tv_sec: 5, tv_nsec: 0 };
    assert_eq!(poll(&mut ready, Some(&second)), Ok(1));
    assert!(client.link().answer().expect("alive"));
    let mut news = [0; 10];
    assert_eq!(client.try_read(&mut news).expect("correct"), 4);
    assert!(client.arm(Want::Bytes), "nothing more");
    channel.write(b"x", socket.as_fd()).expect("correct");
    assert!(!client.arm(Want::Bytes), "there is something");
    drop((channel, socket));
    assert!(!client.link().answer().expect("alive"));
}

#[test]
fn more_than_both_rings_hold_goes_there_and_back_on_one_thread() {
    let (channel, socket, mut client) = pair(4096);
    let server = thread::spawn(move || echo(channel, socket));
    let sent: Vec<u8> = (0..2_000_000u32).map(|i| (i % 251) as u8).collect();
    let (mut rest, mut got, mut chunk) = (&sent[..], Vec::new(), vec![0; 3000]);
    while got.len() < sent.len() {
        let (written, read) = client.exchange(rest, &mut chunk).expect("correct");
        assert!(written + read > 0, "the server is there");
        rest = &rest[written..];
        got.extend_from_slice(&chunk[..read]);
    }
    assert!(got == sent);
    drop(client);
    server.join().expect("no panic");
}

#[test]
fn another_thread_can_end_a_wait() {
    let (_channel, _socket, mut client) = pair(4096);
    let link = Arc::clone(client.link());
    let waiter = thread::spawn(move || client.read(&mut [0; 8]).expect("the end"));
    // sleep: so that the client is asleep.
    thread::sleep(Duration::from_millis(20));
    let begun = Instant::now();
    link.shutdown().expect("it is open");
    assert_eq!(waiter.join().expect("no panic"), 0);
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
}

#[test]
fn whoever_wakes_the_server_says_when() {
    let (mut channel, socket, mut client) = pair(4096);
    assert_eq!(channel.rang_before(), None);
    assert!(channel.sleep(true, false));
    client.write_all(b"x").expect("written");
    let first = channel.rang_before().expect("it has rung");
    assert!(first < Duration::from_secs(30) && client.rung() == 1);
    channel.wake_up();
    // To one that is awake it says nothing.
    client.write_all(b"y").expect("written");
    assert!(channel.rang_before().is_some_and(|before| before >= first) && client.rung() == 1);
    let mut got = Vec::with_capacity(10);
    assert_eq!(channel.read(&mut got, socket.as_fd()).expect("correct"), 2);
}
