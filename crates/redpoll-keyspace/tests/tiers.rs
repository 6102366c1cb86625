//! Values and the parts of large ones, moved between the tiers while they are read, changed and
//! shared: whatever moves, everybody sees what he saw before. One test, since far memory is chosen
//! once in a process.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use redpoll_keyspace::tiering::Walk;
use redpoll_keyspace::{Expiry, Keyspace};
use redpoll_memory::Allocator;
use redpoll_memory::tiers::{FarSpec, Rule, Tier, far_used, install};
use redpoll_types::hash::{Hash, Ttl};
use redpoll_types::limits::Limits;
use redpoll_types::list::List;
use redpoll_types::set::Set;
use redpoll_types::stream::{Stream, StreamId};
use redpoll_types::value::Value;
use redpoll_types::zset::ZSet;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// The keys, one of each kind.
const KINDS: [&[u8]; 6] = [b"list", b"hash", b"set", b"stream", b"string", b"zset"];

/// What happens to one of them.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// So many elements are added.
    Grow(usize, u16),
    /// It is deleted.
    Delete(usize),
    /// Somebody begins to read it; the last one who has begun so ends.
    Share(usize),
    Release,
    /// The walk goes on by so many steps and moves everything to a tier, or what has an even size.
    Walk(u16, Option<Tier>),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let kind = 0..KINDS.len();
    let tier = prop_oneof![Just(Some(Tier::Near)), Just(Some(Tier::Far)), Just(None)];
    let act = prop_oneof![
        3 => (kind.clone(), 1u16..700).prop_map(|(kind, count)| Act::Grow(kind, count)),
        1 => kind.clone().prop_map(Act::Delete),
        2 => kind.prop_map(Act::Share),
        1 => Just(Act::Release),
        4 => (1u16..600, tier).prop_map(|(steps, tier)| Act::Walk(steps, tier)),
    ];
    vec(act, 1..24)
}

/// The elements of a value.
fn contents(value: &Value) -> Vec<Vec<u8>> {
    let mut buffer = [0; 21];
    let mut all: Vec<Vec<u8>> = match value {
        Value::Str(text) => vec![text.as_bytes().to_vec()],
        Value::List(list) => list.iter().map(|it| it.as_bytes(&mut buffer).to_vec()).collect(),
        Value::Set(set) => set.iter().map(|it| it.as_bytes(&mut buffer).to_vec()).collect(),
        Value::Hash(hash) => {
            let field = |it: redpoll_types::hash::FieldRef<'_>| {
                let mut text = it.name.as_bytes(&mut [0; 21]).to_vec();
                text.extend_from_slice(it.value.as_bytes(&mut [0; 21]));
                text
            };
            hash.iter().map(field).collect()
        }
        Value::Stream(stream) => stream.log().nodes().map(|(_, bytes)| bytes.to_vec()).collect(),
        Value::ZSet(zset) => members(zset),
        Value::Suggestions(_) => Vec::new(),
    };
    if matches!(value, Value::Set(_) | Value::Hash(_)) {
        all.sort_unstable();
    }
    all
}

/// The members of a sorted set in order, and what its table says of each.
fn members(zset: &ZSet) -> Vec<Vec<u8>> {
    let member = |(member, score): (redpoll_types::listpack::Element<'_>, f64)| {
        let text = member.as_bytes(&mut [0; 21]).to_vec();
        assert_eq!(zset.score(&text), Some(score), "both indexes agree");
        text
    };
    zset.iter().map(member).collect()
}

/// Adds a member, and changes or removes one of those before.
fn change_members(zset: &mut ZSet, text: &[u8], number: u64, limits: &Limits) {
    // Some have equal scores, so that it is their bytes that are compared.
    zset.insert(text, (number * 7919 % 64) as f64, limits);
    let rank = (number * 104_729) as usize % zset.len();
    let other = zset.get(rank).map(|(member, _)| member.to_vec()).expect("it is there");
    match number % 5 {
        0 => drop(zset.remove(&other)),
        1 | 2 => drop(zset.insert(&other, (number % 61) as f64, limits)),
        _ => {}
    }
}

struct World {
    keyspace: Keyspace,
    walk: Walk,
    /// Elements added so far: what makes them differ.
    added: u64,
    /// What each key should hold, by its kind.
    wanted: [Vec<Vec<u8>>; KINDS.len()],
    /// Values that somebody reads, with what he saw at first.
    shared: Vec<(Value, Vec<Vec<u8>>)>,
}

impl World {
    fn value(&self, kind: usize) -> Option<Value> {
        let key = KINDS[kind];
        let mut keys = self.keyspace.keys_one(self.keyspace.hash(key), 0, 1000);
        let entry = keys.peek(key)?;
        match entry.payload() {
            redpoll_keyspace::entry::Payload::Value(value) => Some(value.clone()),
            _ => None,
        }
    }

    fn far_bytes(&self, kind: usize) -> usize {
        let key = KINDS[kind];
        let mut keys = self.keyspace.keys_one(self.keyspace.hash(key), 0, 1000);
        match keys.peek(key).map(|entry| entry.into_payload()) {
            Some(redpoll_keyspace::entry::Payload::Value(value)) => value.far_bytes(),
            _ => 0,
        }
    }

    fn grow(&mut self, kind: usize, count: u16) {
        let (key, limits) = (KINDS[kind], Limits::default());
        let mut keys = self.keyspace.keys_one(self.keyspace.hash(key), 0, 1000);
        for _ in 0..count {
            self.added += 1;
            let number = self.added;
            let text = format!("{number}:{}", "x".repeat(20 + (number % 90) as usize));
            let text = text.as_bytes();
            match kind {
                0 => {
                    let list = keys.write_or_new::<List>(key).expect("a list");
                    list.push_back(text, &limits);
                }
                1 => {
                    let hash = keys.write_or_new::<Hash>(key).expect("a hash");
                    hash.set(text, text, Ttl::Clear, 0, &limits);
                }
                2 => {
                    keys.write_or_new::<Set>(key).expect("a set").add(text, &limits);
                }
                3 => {
                    let stream = keys.write_or_new::<Stream>(key).expect("a stream");
                    let words = [&b"field"[..], text].into_iter();
                    stream.log_mut().add(StreamId::new(number, 0), words, &limits);
                }
                5 => {
                    let zset = keys.write_or_new::<ZSet>(key).expect("a sorted set");
                    change_members(zset, text, number, &limits);
                }
                _ => {
                    let long = [text, &[b'y'; 800]].concat();
                    keys.set_string(key, &long, Expiry::Clear);
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Grow(kind, count) => {
                self.grow(kind, count);
                self.wanted[kind] = self.value(kind).as_ref().map(contents).unwrap_or_default();
            }
            Act::Delete(kind) => {
                let key = KINDS[kind];
                self.keyspace.keys_one(self.keyspace.hash(key), 0, 1000).delete(key);
                self.wanted[kind].clear();
            }
            Act::Share(kind) => {
                let value = self.value(kind);
                self.shared.extend(value.map(|value| (value.clone(), contents(&value))));
            }
            Act::Release => drop(self.shared.pop()),
            Act::Walk(steps, tier) => {
                for _ in 0..steps {
                    self.keyspace.tier_step(&mut self.walk, &mut |met| match tier {
                        Some(tier) => Some(tier),
                        None if met.bytes % 2 == 0 => Some(Tier::Far),
                        None => Some(Tier::Near),
                    });
                }
            }
        }
    }

    /// Moves everything to a tier.
    fn move_all(&mut self, tier: Tier) {
        let mut rounds = 0;
        while rounds < 2 {
            let step = self.keyspace.tier_step(&mut self.walk, &mut |_| Some(tier));
            rounds += usize::from(step.round_over);
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        for (kind, wanted) in self.wanted.iter().enumerate() {
            let found = self.value(kind).as_ref().map(contents).unwrap_or_default();
            prop_assert_eq!(&found, wanted, "key {}", kind);
        }
        for (value, seen) in &self.shared {
            prop_assert_eq!(&contents(value), seen, "what is read stays");
        }
        Ok(())
    }
}

fn run(acts: &[Act]) -> Result<(), TestCaseError> {
    let wanted = [const { Vec::new() }; KINDS.len()];
    let (walk, shared) = (Walk::default(), Vec::new());
    let mut world = World { keyspace: Keyspace::new(2), walk, added: 0, wanted, shared };
    for act in acts {
        world.act(*act);
        world.check()?;
    }
    world.shared.clear();
    world.move_all(Tier::Far);
    world.check()?;
    for kind in 0..KINDS.len() {
        let bytes: usize = world.wanted[kind].iter().map(Vec::len).sum();
        prop_assert!(world.far_bytes(kind) >= bytes, "everything of key {} is far", kind);
    }
    world.move_all(Tier::Near);
    prop_assert_eq!(far_used(), 0, "everything is in DRAM");
    world.check()
}

#[test]
fn nobody_sees_that_values_and_their_parts_move() {
    let folder = tempfile::tempdir().expect("a folder");
    let far = FarSpec::File { path: folder.path().into(), size: 256 << 20 };
    install(&[far]).expect("far memory");
    Rule::NEAR.apply(false);
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&acts(), |acts| run(&acts)).expect("the property holds");
    // A large value takes many steps, each of which looks at some parts only.
    let wanted = [const { Vec::new() }; KINDS.len()];
    let (walk, shared) = (Walk::default(), Vec::new());
    let mut world = World { keyspace: Keyspace::new(1), walk, added: 0, wanted, shared };
    world.act(Act::Grow(1, 20_000));
    let (mut steps, mut most) = (0, 0);
    loop {
        let step = world.keyspace.tier_step(&mut world.walk, &mut |_| Some(Tier::Far));
        steps += usize::from(step.demoted.0 > 0);
        most = most.max(step.demoted.1);
        if step.round_over {
            break;
        }
    }
    assert!(steps > 80 && most < 64 << 10, "{steps} steps of {most} bytes at most");
    world.check().expect("all fields are there");
    assert!(far_used() > 1 << 20);
}
