//! Target: a client of shared memory that writes anything anywhere.
//!
//! The input is a list of steps: the client stores a word in a control block or bytes in a ring,
//! the server reads, writes, sleeps, wakes. The server must not panic, must take no more than it
//! has room for, and every byte that it takes must be one that lies in the ring, or in the copy
//! that rides along, at that moment. The connection ends with the first violation that it finds.

use redpoll_shm::ring::RIDE_MAX;
use redpoll_shm::{Channel, layout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// The ring's size: small, so that it wraps and fills.
const RING: usize = layout::RING_MIN;
/// Bytes of a step.
const STEP: usize = 10;
/// Steps that are taken at most.
const STEPS_MAX: usize = 200;

/// The target.
pub fn run(data: &[u8]) {
    let (channel, memory) = Channel::create(RING).expect("a memory file can be made");
    let (ours, _theirs) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("it is a socket");
    let mut server = Server { channel, memory, socket: ours, taken: 0 };
    for step in data.chunks_exact(STEP).take(STEPS_MAX) {
        let mut number = [0; 8];
        number.copy_from_slice(&step[2..]);
        if !server.step(step[0], step[1], u64::from_le_bytes(number)) {
            return;
        }
    }
}

struct Server {
    channel: Channel,
    memory: OwnedFd,
    socket: UnixStream,
    /// Bytes taken so far.
    taken: u64,
}

impl Server {
    /// Takes a step. False: the client has broken the rules, and the connection is closed.
    fn step(&mut self, kind: u8, place: u8, number: u64) -> bool {
        match kind % 8 {
            // Control blocks: the words that matter are among the first few.
            0 => self.put(layout::REQUESTS_AT + usize::from(place % 8) * 8, number),
            1 => self.put(layout::REQUESTS_AT + usize::from(place % 64) * 8, number),
            2 => self.put(layout::REPLIES_AT + usize::from(place % 64) * 8, number),
            3 => {
                let at = number as usize % (layout::HEADER_LEN + 2 * RING - 8);
                self.put(at, number.rotate_left(u32::from(place)));
            }
            // As a correct client: so many bytes more.
            4 => self.put(layout::REQUESTS_AT, self.taken.wrapping_add(number % 5000)),
            5 => return self.read(number as usize % 5000),
            6 => {
                let bytes = vec![place; number as usize % 5000];
                let written = self.channel.write(&bytes, self.socket.as_fd());
                return written.is_ok_and(|count| count <= bytes.len().min(RING));
            }
            _ => {
                let slept = self.channel.sleep(place & 1 == 0, place & 2 == 0);
                if slept || place & 4 == 0 {
                    self.channel.wake_up();
                }
            }
        }
        true
    }

    fn put(&self, at: usize, number: u64) {
        rustix::io::pwrite(&self.memory, &number.to_ne_bytes(), at as u64).expect("it is there");
    }

    fn get(&self, at: usize, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let count = rustix::io::pread(&self.memory, &mut bytes, at as u64).expect("it is there");
        assert_eq!(count, len);
        bytes
    }

    fn read(&mut self, room: usize) -> bool {
        let mut out = Vec::with_capacity(room);
        let room = out.capacity();
        let Ok(count) = self.channel.read(&mut out, self.socket.as_fd()) else {
            assert!(out.is_empty());
            return false;
        };
        assert!(count == out.len() && count <= room.min(RING), "{count} bytes");
        let ring = self.get(layout::HEADER_LEN, RING);
        let at = self.taken as usize % RING;
        let lies_there = (0..count).all(|i| ring[(at + i) % RING] == out[i]);
        let rode = count <= RIDE_MAX && self.get(layout::REQUESTS_AT + 16, count) == out;
        assert!(lies_there || rode, "bytes from nowhere");
        self.taken += count as u64;
        true
    }
}

/// Inputs to begin with: a client that is correct, and one that is not.
pub fn seeds() -> Vec<Vec<u8>> {
    let step = |kind: u8, place: u8, number: u64| {
        let mut bytes = vec![kind, place];
        bytes.extend(number.to_le_bytes());
        bytes
    };
    vec![
        [step(4, 0, 14), step(5, 0, 100), step(6, b'+', 7), step(7, 0, 0)].concat(),
        [step(4, 0, 4096), step(5, 0, 4000), step(5, 0, 4000), step(6, 1, 4096)].concat(),
        [step(0, 0, 20), step(0, 1, 20 << 6 | 20), step(0, 2, 7), step(5, 0, 30)].concat(),
        [step(0, 0, u64::MAX), step(5, 0, 10)].concat(),
        [step(2, 16, 9), step(6, 0, 4096), step(6, 0, 4096)].concat(),
    ]
}
