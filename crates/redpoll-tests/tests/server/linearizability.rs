//! Histories of many clients on few keys, checked for an order that explains every answer.
//!
//! Each part is a group of keys: a register, a list, or a pair of accounts between which
//! transactions move money. Clients choose at random; their random numbers are seeded, the
//! interleaving is the machine's.

use redpoll_client::Value;
use redpoll_tests::linearize::{Model, Operation, Verdict, check};
use redpoll_tests::{Server, Talk};
use std::collections::VecDeque;
use std::sync::Barrier;
use std::time::Instant;

const CLIENTS: u64 = 6;
const ROUNDS: usize = 400;
const PARTS: usize = 6;
/// Steps of the search on one part: far more than a right history takes.
const BUDGET: u64 = 20_000_000;

/// What one part holds; every part is used as one of the three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    register: Option<i64>,
    list: VecDeque<i64>,
    accounts: (i64, i64),
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Get,
    Set(i64),
    SetNx(i64),
    GetSet(i64),
    GetDel,
    Incr,
    PushLeft(i64),
    PushRight(i64),
    PopLeft,
    PopRight,
    Length,
    /// Reads both ends of the list in one transaction.
    Range,
    /// Takes from one account and gives to the other, in one transaction.
    Transfer(i64),
    /// Reads both accounts with one command.
    Balance,
}

struct Store;

impl Model for Store {
    type State = State;
    type Call = Call;
    type Answer = Vec<Option<i64>>;

    fn apply(state: &mut State, call: &Call) -> Vec<Option<i64>> {
        let State { register, list, accounts } = state;
        let length = |list: &VecDeque<i64>| Some(list.len() as i64);
        let one = match *call {
            Call::Get => *register,
            Call::Set(value) => {
                *register = Some(value);
                None
            }
            Call::SetNx(value) => {
                let free = register.is_none();
                register.get_or_insert(value);
                Some(i64::from(free))
            }
            Call::GetSet(value) => register.replace(value),
            Call::GetDel => register.take(),
            Call::Incr => {
                *register = Some(register.unwrap_or(0) + 1);
                *register
            }
            Call::PushLeft(value) => {
                list.push_front(value);
                length(list)
            }
            Call::PushRight(value) => {
                list.push_back(value);
                length(list)
            }
            Call::PopLeft => list.pop_front(),
            Call::PopRight => list.pop_back(),
            Call::Length => length(list),
            Call::Range => return vec![list.front().copied(), list.back().copied(), length(list)],
            Call::Transfer(amount) => {
                *accounts = (accounts.0 - amount, accounts.1 + amount);
                return vec![Some(accounts.0), Some(accounts.1)];
            }
            Call::Balance => return vec![Some(accounts.0), Some(accounts.1)],
        };
        vec![one]
    }
}

/// A small generator of random numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) % end
    }
}

/// A call that suits the part: parts 0, 3, … are registers, 1, 4, … lists, 2, 5, … accounts.
fn choose(part: usize, random: &mut Random) -> Call {
    let value = random.below(1_000_000) as i64;
    match (part % 3, random.below(6)) {
        (0, 0) => Call::Get,
        (0, 1) => Call::Set(value),
        (0, 2) => Call::SetNx(value),
        (0, 3) => Call::GetSet(value),
        (0, 4) => Call::GetDel,
        (0, _) => Call::Incr,
        (1, 0) => Call::PushLeft(value),
        (1, 1) => Call::PushRight(value),
        (1, 2) => Call::PopLeft,
        (1, 3) => Call::PopRight,
        (1, 4) => Call::Length,
        (1, _) => Call::Range,
        (_, 0..4) => Call::Transfer(value % 100),
        _ => Call::Balance,
    }
}

/// Carries a call out on the server.
fn perform(talk: &mut Talk, part: usize, call: Call) -> Vec<Option<i64>> {
    let one = match call {
        Call::Get => format!("GET r{part}"),
        Call::Set(value) => {
            assert_eq!(talk.ask(&format!("SET r{part} {value}")), "OK");
            return vec![None];
        }
        Call::SetNx(value) => format!("SETNX r{part} {value}"),
        Call::GetSet(value) => format!("SET r{part} {value} GET"),
        Call::GetDel => format!("GETDEL r{part}"),
        Call::Incr => format!("INCR r{part}"),
        Call::PushLeft(value) => format!("LPUSH l{part} {value}"),
        Call::PushRight(value) => format!("RPUSH l{part} {value}"),
        Call::PopLeft => format!("LPOP l{part}"),
        Call::PopRight => format!("RPOP l{part}"),
        Call::Length => format!("LLEN l{part}"),
        Call::Range => {
            let commands = [
                format!("LINDEX l{part} 0"),
                format!("LINDEX l{part} -1"),
                format!("LLEN l{part}"),
            ];
            return transaction(talk, &commands);
        }
        Call::Transfer(amount) => {
            let commands = [format!("DECRBY a{part} {amount}"), format!("INCRBY b{part} {amount}")];
            return transaction(talk, &commands);
        }
        Call::Balance => {
            let values = talk.connection.command(&words(&format!("MGET a{part} b{part}")));
            let values = values.expect("an answer");
            let values = values.as_slice().expect("an array");
            return values.iter().map(|value| Some(number(value).unwrap_or(0))).collect();
        }
    };
    vec![number(&talk.connection.command(&words(&one)).expect("an answer"))]
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Sends MULTI, the commands and EXEC at once.
fn transaction(talk: &mut Talk, commands: &[String]) -> Vec<Option<i64>> {
    talk.connection.queue(&["MULTI"]);
    commands.iter().for_each(|line| talk.connection.queue(&words(line)));
    talk.connection.queue(&["EXEC"]);
    talk.connection.flush().expect("the connection is open");
    (0..=commands.len()).for_each(|_| drop(talk.receive()));
    let answer = talk.connection.receive().expect("an answer");
    answer.as_slice().expect("an array").iter().map(number).collect()
}

#[track_caller]
fn number(value: &Value) -> Option<i64> {
    assert!(!value.is_error(), "{value:?}");
    value.as_i64()
}

fn record(server: &Server, seed: u64) -> Vec<Operation<Store>> {
    let start = Instant::now();
    let barrier = Barrier::new(CLIENTS as usize);
    let client = |number: u64| {
        let mut talk = server.talk();
        let mut random = Random(seed * 1000 + number);
        let mut history = Vec::new();
        talk.ask("PING");
        barrier.wait();
        for _ in 0..ROUNDS {
            let part = random.below(PARTS as u64) as usize;
            let call = choose(part, &mut random);
            let called = start.elapsed().as_nanos() as u64;
            let answer = perform(&mut talk, part, call);
            let returned = start.elapsed().as_nanos() as u64;
            history.push(Operation { part, called, returned, call, answer });
        }
        history
    };
    std::thread::scope(|scope| {
        let client = &client;
        let threads: Vec<_> = (0..CLIENTS).map(|n| scope.spawn(move || client(n))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a client")).collect()
    })
}

#[test]
fn every_history_has_an_order_that_explains_it() {
    for (seed, workers) in [(1, "2"), (2, "4"), (3, "1")] {
        let server = Server::start(&["--io-threads", workers]);
        let mut history = record(&server, seed);
        assert_eq!(check(&history, BUDGET), Verdict::Explained, "{workers} workers");
        // The check is worth something only if it finds what is wrong.
        let last = history.iter().position(|o| matches!(o.call, Call::Balance)).expect("one");
        history[last].answer[0] = Some(123_456_789);
        assert!(matches!(check(&history, BUDGET), Verdict::Violation { .. }));
    }
}
