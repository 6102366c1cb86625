//! A worker: one thread, one event loop, its share of the connections.
//!
//! It waits for descriptors, reads what a connection has sent, executes it as a batch and answers
//! with one write, before it turns to the next connection: one with a pipeline of ten thousand
//! commands gets one buffer's worth at a time, so that the others wait a fraction of a millisecond
//! at most.

use crate::aof::{self, Lead};
use crate::common::{ALARM, Common, EVENTS, MAILBOX};
use crate::hands::{Hands, Lane};
use crate::mailbox::Mailbox;
use crate::pollers::Pollers;
use arrayvec::ArrayVec;
use redpoll_engine::client::ClientId;
use redpoll_engine::{Engine, meanwhile};
use redpoll_keyspace::clock;
use redpoll_shm::spin::Spin;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::cmp::Reverse;
use std::hint::spin_loop;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Connections served together.
const LANES: usize = 16;
/// Commands planned together at most: what is asked for must still be in the nearest cache when it
/// is used.
const PLANNED_MAX: usize = 48;
/// How long commands that take long are executed at least before the worker looks for others.
const LATER_MIN: Duration = Duration::from_micros(50);
/// How often connections are looked over for timeouts, in milliseconds.
const LOOK_OVER_MS: i64 = 1000;
/// How often clients that wait for the end of a pause try again, in milliseconds.
const PAUSE_RETRY_MS: i64 = 5;

/// Looks at all rings in vain until the clock is read and the descriptors are looked at.
const LOOKS: u32 = 64;
/// Turns with requests from rings between two looks at the descriptors.
const TURNS: u32 = 128;

/// Connections whose bytes are in lanes.
type Ready = ArrayVec<(ClientId, Lane), LANES>;

/// See the module's head.
pub struct Worker {
    common: Rc<Common>,
    hands: Hands,
    /// Lanes that are not in use.
    lanes: Vec<Lane>,
    next_look_over: i64,
    spin: Spin,
    is_polling: bool,
    /// When it last looked at all rings in vain.
    last_look: Option<Instant>,
    /// When to put the log on disk, although others are still waited for.
    lead_at: Option<Instant>,
}

impl Worker {
    /// A worker with this mailbox, and the pollers to whom connections move that go over to shared
    /// memory; a poller has none.
    pub fn new(
        engine: Arc<Engine>,
        (mailbox, pollers): (Arc<Mailbox>, Arc<Pollers>),
        number: usize,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let data = epoll::EventData::new_u64(MAILBOX);
        epoll::add(&epoll, mailbox.as_fd(), data, epoll::EventFlags::IN)?;
        let seed = clock::now_ms() as u64 ^ (number as u64 + 2) << 48;
        let hands = Hands::new(&engine, seed);
        let polls = pollers.is_empty();
        let common = Rc::new(Common::new(engine, (mailbox, pollers), epoll, seed));
        if polls {
            common.add_timer()?;
        }
        let shared = Rc::clone(&common);
        meanwhile::serve_by(Rc::new(move || shared.meanwhile()));
        let lanes = (0..LANES).map(|_| Lane::with_buffer()).collect();
        Ok(Worker {
            common,
            hands,
            lanes,
            next_look_over: 0,
            spin: Spin::new(Duration::MAX),
            is_polling: false,
            last_look: None,
            lead_at: None,
        })
    }

    /// Serves its connections for ever.
    pub fn run(&mut self) {
        let mut events = Vec::with_capacity(EVENTS);
        loop {
            self.poll(&mut events);
            events.clear();
            self.common.set_alarm();
            let timeout = self.timeout(clock::now_ms());
            if let Err(error) =
                epoll::wait(&self.common.epoll, spare_capacity(&mut events), Some(&timeout))
                && error != rustix::io::Errno::INTR
            {
                log::error!("Waiting for events failed: {error}");
            }
            self.common.engine.standstill.wait();
            let woken = Instant::now();
            let rung = events.iter().any(|event| event.data.u64() == ALARM);
            self.common.look_ahead(woken, rung);
            let now = clock::now_ms();
            let executed = self.hands.executor.stats().executed.get();
            for group in events.chunks(LANES) {
                self.serve_group(group, now);
            }
            let now = clock::now_ms();
            self.common.catch_up(&mut self.hands, now);
            self.common.go_on(&mut self.hands, now);
            self.common.send_gathered(&mut self.hands, now);
            self.common.end_waits(&mut self.hands, now);
            self.common.release_held(&mut self.hands, now);
            self.run_later(Some(woken));
            self.lead_log();
            if now >= self.next_look_over {
                self.next_look_over = now + LOOK_OVER_MS;
                self.common.look_over(&mut self.hands, now);
                self.hands.executor.learn_times();
            }
            let stats = self.hands.executor.stats();
            let micros = woken.elapsed().as_micros() as u64;
            stats.turns.add(1);
            stats.turn_micros.add(micros);
            stats.longest_turn_micros.raise(micros);
            stats.most_in_turn.raise(stats.executed.get().saturating_sub(executed));
        }
    }

    /// Puts the log on disk if replies wait for that, and nobody else is to do it.
    fn lead_log(&mut self) {
        self.lead_at = None;
        let log = aof::log().filter(|_| self.common.holds_replies());
        match log.map_or(Lead::Others, |log| log.lead()) {
            Lead::Done => self.common.release_held(&mut self.hands, clock::now_ms()),
            Lead::At(due) => self.lead_at = Some(due),
            Lead::Others => {}
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
        let is_busy = !(common.again.borrow().is_empty()
            && common.hot.borrow().is_empty()
            && common.later.is_empty());
        let wait = if is_busy { 0 } else { (until - now).max(0) };
        let mut wait = Duration::from_millis(wait as u64);
        let gathered = common.gathering.borrow().next();
        for due in self.lead_at.into_iter().chain(gathered) {
            wait = wait.min(due.saturating_duration_since(Instant::now()));
        }
        Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() }
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
                ALARM => {}
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
        for (client, mut lane) in ready.drain(..) {
            if self.hands.executor.is_long(&lane.plan) && common.later.has_room() {
                common.later.add(client, &mut lane);
                self.lanes.push(lane);
            } else {
                common.ready.borrow_mut().push_back((client, lane));
            }
        }
        // Another client's long command may have come in between.
        while let Some(lane) = common.run_lane(&mut self.hands, clock::now_ms()) {
            self.lanes.push(lane);
        }
    }

    /// Executes what has been left for later: for as long as the turn has taken since it began, so
    /// that nobody waits for ever, and for a moment at least, as it takes some time to look for
    /// others.
    fn run_later(&mut self, begun: Option<Instant>) {
        let common = Rc::clone(&self.common);
        if common.later.is_empty() {
            return;
        }
        let mut now = Instant::now();
        let taken = begun.map_or(Duration::ZERO, |begun| now - begun);
        let until = now + taken.max(LATER_MIN);
        while now < until
            && let Some(next) = common.later.next()
        {
            common.ready.borrow_mut().push_back(next);
            common.run_lane(&mut self.hands, clock::now_ms());
            now = Instant::now();
        }
    }
}

/// Polling: connections that go through shared memory.
impl Worker {
    /// Serves hot connections until it is time to look at the descriptors again. Returns at once
    /// if there are none.
    fn poll(&mut self, events: &mut Vec<epoll::Event>) {
        let mut turns = 0;
        let mut looks = 0;
        while self.goes_on_polling() {
            events.clear();
            self.common.add_ready(events, LANES);
            if !events.is_empty() {
                self.serve_ready(events);
                self.run_later(None);
                turns += 1;
                looks = 0;
                if turns == TURNS || self.common.has_more() {
                    return;
                }
            } else if !self.common.later.is_empty() {
                return;
            } else if looks < LOOKS {
                looks += 1;
                spin_loop();
            } else {
                return self.looked_in_vain(turns > 0);
            }
        }
    }

    /// Whether anything is hot; keeps INFO's figure of threads that poll.
    #[inline]
    fn goes_on_polling(&mut self) -> bool {
        let any = !self.common.hot.borrow().is_empty();
        if any != self.is_polling {
            self.is_polling = any;
            let polling = &self.common.engine.shared_memory.polling;
            if any {
                polling.fetch_add(1, Relaxed);
            } else {
                polling.fetch_sub(1, Relaxed);
                self.last_look = None;
            }
        }
        any
    }

    /// Serves connections whose rings have something.
    fn serve_ready(&mut self, events: &[epoll::Event]) {
        self.common.engine.standstill.wait();
        let now = clock::now_ms();
        match events {
            // Most often there is one, and it is the next to be answered.
            [one] => self.common.serve_rings(&mut self.hands, one.data.u64(), now),
            several => self.serve_group(several, now),
        }
    }

    /// Parks what has been idle for long enough: at once, if others want the core.
    fn looked_in_vain(&mut self, after_work: bool) {
        let now = Instant::now();
        let last = self.last_look.replace(now).filter(|_| !after_work);
        if let Some(last) = last {
            self.spin.passed(now, now - last);
        }
        if after_work {
            self.spin.paid_off();
        }
        let after = match self.spin.rests(now) {
            true => Duration::ZERO,
            false => Duration::from_micros(self.common.engine.config.shm_spin_us() as u64),
        };
        let stats = self.hands.executor.stats();
        stats.spins.add(1);
        self.common.cool(now, after.min(self.spin.budget()), stats);
        // Before it sleeps, if nothing is hot any more: the time of that is no jump of the clock.
        self.goes_on_polling();
    }
}
