//! Memory that is offered to be read.

use super::device;
use redpoll_rdma::remote::{self, Admits, Offer, Reader, Word};
use redpoll_rdma::verbs::Pages;
use redpoll_rdma::{Listener, dial};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const WORD: Word = [7; 32];

/// Lets readers in until it is dropped.
struct Door {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Door {
    fn open(host: &str) -> Door {
        let at = format!("{host}:0").parse().expect("an address");
        let listener = Listener::bind(at, 8).expect("a port");
        let (address, closed) = (listener.address(), Arc::new(AtomicBool::new(false)));
        let ends = Arc::clone(&closed);
        let thread = thread::spawn(move || {
            while !ends.load(Relaxed) {
                let soon = Instant::now() + Duration::from_millis(20);
                let _ = dial::wait(&listener, soon);
                while let Some(request) = listener.next().expect("it listens") {
                    // A word that is wrong is an error.
                    let _ = remote::admit(request);
                }
            }
        });
        Door { address, closed, thread: Some(thread) }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.closed.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn memory_is_read_by_those_who_know_the_word_while_it_is_offered() {
    let Some(host) = device() else { return };
    let door = Door::open(&host);
    let pages = Arc::new(Pages::new(3 << 20).expect("memory"));
    let bytes: Vec<u8> = (0..pages.len()).map(|at| (at * 31 % 251) as u8).collect();
    pages.copy_in(0, &bytes);
    let admits: Arc<Admits> = Arc::new(|word| *word == WORD);
    let offer = Offer::new(pages.clone(), admits);
    assert!(Reader::connect(door.address, &[8; 32], PATIENCE).is_err(), "a stranger");
    let mut reader = Reader::connect(door.address, &WORD, PATIENCE).expect("it is admitted");
    assert_eq!(reader.region().length, bytes.len() as u64);
    let mut got = vec![0; bytes.len()];
    reader.read_into(0, &mut got).expect("it is read");
    assert!(got == bytes);
    for (offset, count) in [(0, 1), (4095, 2), (1 << 20, 300_000), (bytes.len() - 1, 1)] {
        reader.read_into(offset as u64, &mut got[..count]).expect("it is read");
        assert_eq!(got[..count], bytes[offset..offset + count]);
    }
    assert!(reader.read_into(bytes.len() as u64, &mut got[..1]).is_err(), "behind the end");

    // Several at once, and what changes is seen.
    pages.copy_in(10, b"changed");
    let mut readers: Vec<Reader> = (0..3)
        .map(|_| Reader::connect(door.address, &WORD, PATIENCE).expect("it is admitted"))
        .collect();
    for reader in &mut readers {
        reader.read_into(10, &mut got[..7]).expect("it is read");
        assert_eq!(&got[..7], b"changed");
    }
    readers.truncate(1);
    drop(offer);
    assert!(readers[0].read_into(0, &mut got[..1]).is_err(), "it is not offered any more");
    assert!(Reader::connect(door.address, &WORD, PATIENCE).is_err());
}
