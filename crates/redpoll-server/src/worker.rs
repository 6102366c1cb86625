//! A worker: one thread, one event loop, its share of the connections.
//!
//! It waits for descriptors, reads what a connection has sent, executes it as a batch and answers
//! with one write, before it turns to the next connection: one with a pipeline of ten thousand
//! commands gets one buffer's worth at a time, so that the others wait a fraction of a millisecond
//! at most.

use crate::common::{Common, EVENTS, MAILBOX};
use crate::hands::{Hands, Lane};
use crate::mailbox::Mailbox;
use arrayvec::ArrayVec;
use redpoll_engine::client::ClientId;
use redpoll_engine::{Engine, meanwhile};
use redpoll_keyspace::clock;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::cmp::Reverse;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// Connections served together.
const LANES: usize = 16;
/// Commands planned together at most: what is asked for must still be in the nearest cache when it
/// is used.
const PLANNED_MAX: usize = 48;
/// How often connections are looked over for timeouts, in milliseconds.
const LOOK_OVER_MS: i64 = 1000;
/// How often clients that wait for the end of a pause try again, in milliseconds.
const PAUSE_RETRY_MS: i64 = 5;

/// Connections whose bytes are in lanes.
type Ready = ArrayVec<(ClientId, Lane), LANES>;

/// See the module's head.
pub struct Worker {
    common: Rc<Common>,
    hands: Hands,
    /// Lanes that are not in use.
    lanes: Vec<Lane>,
    next_look_over: i64,
}

impl Worker {
    pub fn new(engine: Arc<Engine>, mailbox: Arc<Mailbox>, number: usize) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(MAILBOX);
        epoll::add(&epoll, mailbox.as_fd(), data, epoll::EventFlags::IN)?;
        let seed = clock::now_ms() as u64 ^ (number as u64 + 2) << 48;
        let hands = Hands::new(&engine, seed);
        let common = Rc::new(Common::new(engine, mailbox, epoll, seed));
        let shared = Rc::clone(&common);
        meanwhile::serve_by(Rc::new(move || shared.meanwhile()));
        let lanes = (0..LANES).map(|_| Lane::with_buffer()).collect();
        Ok(Worker { common, hands, lanes, next_look_over: 0 })
    }

    /// Serves its connections for ever.
    pub fn run(&mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            let timeout = self.timeout(clock::now_ms());
            if let Err(error) =
                epoll::wait(&self.common.epoll, spare_capacity(&mut events), Some(&timeout))
                && error != rustix::io::Errno::INTR
            {
                log::error!("Waiting for events failed: {error}");
            }
            self.common.engine.standstill.wait();
            let woken = Instant::now();
            let now = clock::now_ms();
            let executed = self.hands.executor.stats().executed.get();
            for group in events.chunks(LANES) {
                self.serve_group(group, now);
            }
            let now = clock::now_ms();
            self.common.catch_up(&mut self.hands, now);
            self.common.go_on(&mut self.hands, now);
            self.common.end_waits(&mut self.hands, now);
            self.common.release_held(&mut self.hands, now);
            if now >= self.next_look_over {
                self.next_look_over = now + LOOK_OVER_MS;
                self.common.look_over(&mut self.hands, now);
            }
            let stats = self.hands.executor.stats();
            let micros = woken.elapsed().as_micros() as u64;
            stats.turns.add(1);
            stats.turn_micros.add(micros);
            stats.longest_turn_micros.raise(micros);
            stats.most_in_turn.raise(stats.executed.get().saturating_sub(executed));
        }
    }

    /// How long to wait for events.
    fn timeout(&self, now: i64) -> Timespec {
        let common = &self.common;
        let mut until = self.next_look_over;
        if let Some(Reverse((deadline, _))) = common.deadlines.borrow().peek() {
            until = until.min(*deadline);
        }
        if !common.paused.borrow().is_empty() || common.has_put_off() {
            until = until.min(now + PAUSE_RETRY_MS);
        }
        let wait = if common.again.borrow().is_empty() { (until - now).max(0) } else { 0 };
        Timespec { tv_sec: wait / 1000, tv_nsec: wait % 1000 * 1_000_000 }
    }

    /// Serves a few connections together: all are read, parsed and planned before the first
    /// executes, so that the cache misses of commands that come one by one from many clients
    /// overlap as those of a pipeline do.
    fn serve_group(&mut self, events: &[epoll::Event], now: i64) {
        let mut ready: Ready = ArrayVec::new();
        let mut planned = 0;
        for event in events {
            match event.data.u64() {
                MAILBOX => self.common.read_mail(&mut self.hands, now),
                client => {
                    let mut lane = self.lanes.pop().unwrap_or_else(Lane::with_buffer);
                    if self.common.arrived(&mut self.hands, client, event.flags, &mut lane, now) {
                        planned += lane.batch.len();
                        ready.push((client, lane));
                    } else {
                        self.lanes.push(lane);
                    }
                }
            }
            if planned >= PLANNED_MAX {
                self.run_lanes(&mut ready);
                planned = 0;
            }
        }
        self.run_lanes(&mut ready);
    }

    fn run_lanes(&mut self, ready: &mut Ready) {
        let common = Rc::clone(&self.common);
        if ready.len() > 1 {
            for (client, lane) in ready.iter_mut() {
                if let Some(connection) = common.find(*client) {
                    self.hands.executor.prefetch(&connection.borrow().session, &lane.plan);
                    lane.prefetched = true;
                }
            }
        }
        common.ready.borrow_mut().extend(ready.drain(..));
        // Another client's long command may have come in between.
        while let Some(lane) = common.run_lane(&mut self.hands, clock::now_ms()) {
            self.lanes.push(lane);
        }
    }
}
