//! The ring under the model checker: every order in which two threads may meet.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p redpoll-shm --release`. The ring has four bytes here, each
//! of which notices when it is read and written at once.

use crate::ring::{Area, Bell, Consumer, Control, FUTEX, Out, Producer, WaitLine};
use loom::cell::UnsafeCell;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

const SIZE: usize = 4;

#[derive(Clone)]
struct Model(Arc<Shared>);

struct Shared {
    control: Control,
    bytes: [UnsafeCell<u8>; SIZE],
    /// Somebody rang.
    rang: Mutex<bool>,
    heard: Condvar,
}

impl Model {
    fn new() -> Self {
        Model(Arc::new(Shared {
            control: Control::default(),
            bytes: std::array::from_fn(|_| UnsafeCell::new(0)),
            rang: Mutex::new(false),
            heard: Condvar::new(),
        }))
    }

    /// Sleeps until somebody rings. If nobody does, the model checker says so.
    fn sleep(&self) {
        let mut rang = self.0.rang.lock().expect("no panic");
        while !*rang {
            rang = self.0.heard.wait(rang).expect("no panic");
        }
        *rang = false;
    }
}

impl Area for Model {
    fn control(&self) -> &Control {
        &self.0.control
    }

    fn size(&self) -> usize {
        SIZE
    }

    #[allow(unsafe_code)]
    fn put(&self, at: usize, bytes: &[u8]) {
        for (cell, byte) in self.0.bytes[at..].iter().zip(bytes) {
            // SAFETY: what is to be shown: the model checker fails if anybody else is here.
            cell.with_mut(|cell| unsafe { *cell = *byte });
        }
    }

    fn append(&self, at: usize, len: usize, out: &mut Vec<u8>) {
        let mut bytes = vec![0; len];
        self.take(at, &mut bytes);
        out.extend_from_slice(&bytes);
    }

    #[allow(unsafe_code)]
    fn take(&self, at: usize, out: &mut [u8]) {
        for (cell, byte) in self.0.bytes[at..].iter().zip(out) {
            // SAFETY: as above.
            *byte = cell.with(|cell| unsafe { *cell });
        }
    }
}

struct Ring<'a>(&'a Model);

impl Bell for Ring<'_> {
    fn ring(&self, _wait: &WaitLine, how: u32) {
        assert_eq!(how, FUTEX);
        *self.0.0.rang.lock().expect("no panic") = true;
        self.0.0.heard.notify_one();
    }
}

/// Out of the ring, without the copy that rides along.
struct Slow(Vec<u8>);

impl Out for Slow {
    fn room(&self) -> usize {
        self.0.capacity() - self.0.len()
    }

    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn pull(&mut self, area: &impl Area, at: usize, len: usize) {
        area.append(at, len, &mut self.0);
    }
}

/// Writes messages; the consumer reads without sleeping.
fn stream(messages: &'static [&'static [u8]]) {
    loom::model(move || {
        let model = Model::new();
        let writer = model.clone();
        let thread = thread::spawn(move || {
            let mut producer = Producer::new(writer.clone());
            for message in messages {
                let mut rest = *message;
                while !rest.is_empty() {
                    let count = producer.write(rest, &Ring(&writer)).expect("correct");
                    rest = &rest[count..];
                    if count == 0 {
                        thread::yield_now();
                    }
                }
            }
        });
        let wanted = messages.concat();
        let mut consumer = Consumer::new(model.clone());
        let mut out = Slow(Vec::with_capacity(wanted.len()));
        while out.0.len() < wanted.len() {
            if consumer.read(&mut out, &Ring(&model)).expect("correct") == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(out.0, wanted);
        thread.join().expect("no panic");
    });
}

#[test]
fn messages_arrive_whole_and_in_order() {
    stream(&[b"ab", b"c"]);
}

#[test]
fn a_message_longer_than_the_ring_flows_through() {
    stream(&[b"abcde"]);
}

#[test]
fn a_copy_is_never_taken_torn() {
    stream(&[b"a", b"b", b"c"]);
}

#[test]
fn a_consumer_that_sleeps_is_woken() {
    loom::model(|| {
        let model = Model::new();
        let writer = model.clone();
        let thread = thread::spawn(move || {
            let mut producer = Producer::new(writer.clone());
            for byte in [b"a", b"b"] {
                assert_eq!(producer.write(byte, &Ring(&writer)), Ok(1));
            }
        });
        let mut consumer = Consumer::new(model.clone());
        let mut out = Slow(Vec::with_capacity(2));
        while out.0.len() < 2 {
            if consumer.read(&mut out, &Ring(&model)).expect("correct") == 0 && consumer.arm(FUTEX)
            {
                model.sleep();
            }
        }
        assert_eq!(out.0, b"ab");
        thread.join().expect("no panic");
    });
}

#[test]
fn a_producer_that_sleeps_is_woken() {
    loom::model(|| {
        let model = Model::new();
        let mut producer = Producer::new(model.clone());
        assert_eq!(producer.write(b"abcd", &Ring(&model)), Ok(4));
        let reader = model.clone();
        let thread = thread::spawn(move || {
            let mut consumer = Consumer::new(reader.clone());
            let mut out = Slow(Vec::with_capacity(2));
            while out.0.len() < 2 {
                if consumer.read(&mut out, &Ring(&reader)).expect("correct") == 0 {
                    thread::yield_now();
                }
            }
        });
        while producer.write(b"e", &Ring(&model)).expect("correct") == 0 {
            if producer.arm(FUTEX) {
                model.sleep();
            }
        }
        thread.join().expect("no panic");
    });
}
