//! Values of every type and encoding go round, and damage does no harm.

use super::*;
use crate::file::pass;
use proptest::prelude::*;
use redpoll_types::hash::{Hash, Ttl};
use redpoll_types::list::List;
use redpoll_types::set::Set;
use redpoll_types::stream::{Stream, StreamId};
use redpoll_types::string::Str;
use redpoll_types::suggestions::Suggestions;
use redpoll_types::value::Value;
use redpoll_types::zset::ZSet;

fn limits() -> Limits {
    Limits {
        hash_max_listpack_entries: 8,
        set_max_listpack_entries: 8,
        set_max_intset_entries: 8,
        zset_max_listpack_entries: 8,
        list_max_listpack_size: 8,
        ..Limits::default()
    }
}

/// What a value holds, in an order that does not depend on its encoding.
fn contents(value: &Value) -> Vec<String> {
    let text = |bytes: Vec<u8>| format!("{:?}", bytes);
    let mut parts: Vec<String> = match value {
        Value::Str(own) => return vec![text(own.as_bytes().to_vec())],
        Value::List(list) => return list.iter().map(|element| text(element.to_vec())).collect(),
        Value::Set(set) => set.iter().map(|member| text(member.to_vec())).collect(),
        Value::ZSet(set) => {
            set.iter().map(|(member, score)| format!("{} {score}", text(member.to_vec()))).collect()
        }
        Value::Stream(stream) => return stream_contents(stream),
        Value::Suggestions(suggestions) => {
            let mut parts = Vec::new();
            suggestions.each(|own, score, payload| {
                parts.push(format!("{} {score} {payload:?}", text(own.to_vec())));
            });
            parts
        }
        Value::Hash(hash) => hash
            .iter()
            .map(|field| {
                let (name, value) = (text(field.name.to_vec()), text(field.value.to_vec()));
                format!("{name} {value} {:?}", field.expiry)
            })
            .collect(),
    };
    parts.sort();
    parts
}

/// The same of a stream: entries, then groups.
fn stream_contents(stream: &Stream) -> Vec<String> {
    let log = stream.log();
    let numbers = (log.last_id(), log.first_id(), log.max_deleted_id(), log.added());
    let mut parts = vec![format!("{numbers:?}")];
    for (id, bytes) in log.nodes() {
        parts.push(format!("{id:?} {bytes:?}"));
    }
    for (name, group) in stream.groups() {
        let pending: Vec<_> = group.pending_from(StreamId::MIN).collect();
        let owners: Vec<_> = pending.iter().map(|pending| group.owner_name(pending)).collect();
        let times: Vec<_> = pending
            .iter()
            .map(|pending| (pending.id(), pending.delivered(), pending.deliveries()))
            .collect();
        let consumers: Vec<_> =
            group.consumers().map(|consumer| (consumer.name(), consumer.seen())).collect();
        let position = (group.last_delivered(), group.entries_read());
        parts.push(format!("{name:?} {position:?} {times:?} {owners:?} {consumers:?}"));
    }
    parts
}

fn read_back(bytes: &[u8]) -> Result<Object> {
    let payload = Payload::open(bytes, true)?;
    let object = payload.read(&limits())?;
    // Whoever passes over it comes to the same end.
    let mut source = SliceSource::new(&payload.body[1..]);
    let dialect = if payload.version == 80 { Dialect::Valkey } else { Dialect::Redis };
    pass::value(&mut source, payload.body[0], dialect).expect("what can be read");
    assert!(source.is_at_end());
    Ok(object)
}

fn packed(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, ValueRef::Value(value), true);
    out
}

#[track_caller]
fn round(value: &Value) {
    let bytes = packed(value);
    match read_back(&bytes).expect("what was written") {
        Object::Value(read) => {
            assert_eq!(contents(&read), contents(value));
            assert_eq!(read.encoding(), value.encoding());
        }
        Object::Text(text) => assert_eq!(vec![format!("{text:?}")], contents(value)),
    }
}

/// What a value is made of.
#[derive(Clone, Debug)]
enum Plan {
    Text(Vec<u8>),
    List(Vec<Vec<u8>>),
    Set(Vec<Vec<u8>>),
    ZSet(Vec<(Vec<u8>, f64)>),
    Hash(Vec<(Vec<u8>, Vec<u8>, Option<u64>)>),
    /// Ids, and whether each is deleted, pending or neither.
    Stream(Vec<(u64, u8)>),
    Suggestions(Vec<(Vec<u8>, f64, Option<Vec<u8>>)>),
}

impl Plan {
    fn value(&self) -> Value {
        match self {
            Plan::Text(text) => Value::Str(Str::new(text.clone())),
            Plan::List(elements) => {
                let mut list = List::new();
                elements.iter().for_each(|element| list.push_back(element, &limits()));
                list.into()
            }
            Plan::Set(members) => {
                let mut set = Set::new();
                for member in members {
                    set.add(member, &limits());
                }
                set.into()
            }
            Plan::ZSet(pairs) => ZSet::from_members(pairs.clone(), &limits()).into(),
            Plan::Hash(fields) => {
                let mut hash = Hash::new();
                for (at, (name, value, expiry)) in fields.iter().enumerate() {
                    // A value that is replaced may have been the only large one: the hash would
                    // keep the form that it asked for, and what is read again would not.
                    if fields[at + 1..].iter().all(|(later, ..)| later != name) {
                        hash.restore(name, value, *expiry, &limits());
                    }
                }
                hash.into()
            }
            Plan::Stream(ids) => stream_of(ids).into(),
            Plan::Suggestions(entries) => {
                let mut suggestions = Suggestions::new();
                for (text, score, payload) in entries {
                    suggestions.add(text, *score, false, payload.as_deref());
                }
                suggestions.into()
            }
        }
    }
}

fn stream_of(ids: &[(u64, u8)]) -> Stream {
    let mut stream = Stream::new();
    let ids: Vec<_> = ids
        .iter()
        .scan(0, |last, (step, fate)| {
            *last += step;
            Some((StreamId::new(*last, 1), *fate))
        })
        .collect();
    for (id, _) in &ids {
        let words = [&b"field"[..], b"value"];
        stream.log_mut().add(*id, words.into_iter(), &limits());
    }
    let group = stream.load_group(b"group", ids[0].0, Some(1)).expect("a new group");
    let consumer = group.load_consumer(b"consumer", 5, Some(5)).expect("a new consumer");
    group.load_consumer(b"other", 7, Some(7)).expect("a new consumer");
    for (id, _) in ids.iter().filter(|(_, fate)| *fate == 1) {
        group.load_pending(*id, 9, 2).expect("not pending yet");
        group.load_owner(*id, consumer).expect("nobody has it");
    }
    for (id, _) in ids.iter().filter(|(_, fate)| *fate == 2) {
        stream.log_mut().delete(*id);
    }
    stream
}

/// Plans for values of all types, small and big.
fn plans() -> impl Strategy<Value = Plan> {
    let text = || {
        prop_oneof![
            "[a-c]{0,4}".prop_map(String::into_bytes),
            any::<i64>().prop_map(|number| number.to_string().into_bytes()),
            prop::collection::vec(0u8..3, 0..90),
        ]
    };
    let number = any::<i64>().prop_map(|number| number.to_string().into_bytes());
    let score = prop_oneof![any::<i32>().prop_map(f64::from), -10.0f64..10.0];
    let expiry = prop::option::of(1u64..1 << 45);
    let (weight, payload) = (-10.0f64..10.0, prop::option::of(text()));
    prop_oneof![
        text().prop_map(Plan::Text),
        prop::collection::vec(text(), 1..24).prop_map(Plan::List),
        prop::collection::vec(text(), 1..24).prop_map(Plan::Set),
        prop::collection::vec(number, 1..8).prop_map(Plan::Set),
        prop::collection::vec((text(), score), 1..24).prop_map(Plan::ZSet),
        prop::collection::vec((text(), text(), expiry), 1..24).prop_map(Plan::Hash),
        prop::collection::vec((1u64..100, 0u8..4), 1..40).prop_map(Plan::Stream),
        prop::collection::vec((text(), weight, payload), 1..24).prop_map(Plan::Suggestions),
    ]
}

proptest! {
    #[test]
    fn every_value_goes_round(plan in plans()) {
        round(&plan.value());
    }

    #[test]
    fn damage_does_no_harm(
        plan in plans(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = packed(&plan.value());
        bytes.truncate(bytes.len() - FOOTER);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(1.max(cut.index(bytes.len())));
        }
        for version in [10, 12, 80] {
            let mut sealed = Vec::new();
            seal(&mut sealed, &bytes, version);
            if let Ok(Object::Value(value)) = read_back(&sealed) {
                // Whatever was made of it is a sound value.
                round_contents(&value);
            }
        }
    }
}

fn round_contents(value: &Value) {
    match read_back(&packed(value)) {
        Ok(Object::Value(read)) => assert_eq!(contents(&read), contents(value)),
        _ => panic!("a value that was read cannot be written"),
    }
}

#[test]
fn is_what_redis_dumps() {
    let mut out = Vec::new();
    write(&mut out, ValueRef::Int(10), true);
    assert_eq!(out, *b"\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb");
}

#[test]
fn fields_that_expire_need_a_newer_version() {
    let mut hash = Hash::new();
    hash.set(b"f", b"v", Ttl::Clear, 0, &limits());
    let version = |hash: &Hash| {
        let bytes = packed(&hash.clone().into());
        bytes[bytes.len() - FOOTER]
    };
    assert_eq!(version(&hash), 10);
    hash.restore(b"g", b"v", Some(9_000), &limits());
    assert_eq!(version(&hash), 12);
    round(&hash.clone().into());
    hash.delete(b"g", 0);
    assert_eq!((version(&hash), hash.encoding()), (10, "listpackex"));
}

#[test]
fn bad_payloads_are_refused() {
    let fault = |bytes: &[u8]| read_back(bytes).err().map(|error| error.fault);
    assert_eq!(fault(b""), Some(Fault::Ended));
    let mut good = Vec::new();
    write(&mut good, ValueRef::Text(b"hello"), true);
    assert_eq!(fault(&good), None);
    let mut wrong = good.clone();
    wrong[2] ^= 1;
    assert_eq!(fault(&wrong), Some(Fault::Checksum));
    let sealed = |body: &[u8], version| {
        let mut out = Vec::new();
        seal(&mut out, body, version);
        fault(&out)
    };
    assert_eq!(sealed(b"\x00\x01x", 79), Some(Fault::Version(79)));
    assert_eq!(sealed(b"\x00\x01xx", 9), Some(Fault::Trailing));
    assert_eq!(sealed(b"\x04\x00", 9), Some(Fault::Empty));
    assert_eq!(sealed(b"\x63", 9), Some(Fault::Type(99)));
    assert_eq!(sealed(b"\x02\x02\x01a\x01a", 9), Some(Fault::Duplicate));
    assert_eq!(sealed(b"\x03\x01\x01a\xfd", 9), Some(Fault::Score));
    assert_eq!(sealed(b"\x12\x01\x07\x01a", 9), Some(Fault::ListNode(7)));
}

#[test]
fn what_older_and_other_servers_write() {
    let read = |body: &[u8], version| {
        let mut out = Vec::new();
        seal(&mut out, body, version);
        match read_back(&out).expect("a value") {
            Object::Value(value) => contents(&value),
            Object::Text(text) => vec![String::from_utf8_lossy(&text).into_owned()],
        }
    };
    assert_eq!(read(b"\x03\x02\x01a\x031.5\x01b\xff", 1), ["[97] 1.5", "[98] -inf"]);
    let valkey = b"\x16\x02\x01a\x01b\xff\xff\xff\xff\xff\xff\xff\xff\x01c\x01d\x09\0\0\0\0\0\0\0";
    assert_eq!(read(valkey, 80), ["[97] [98] None", "[99] [100] Some(9)"]);
    let early = b"\x16\x02\x00\x01a\x01b\x09\x01c\x01d";
    assert_eq!(read(early, 12), ["[97] [98] None", "[99] [100] Some(9)"]);
    let released = b"\x18\x08\0\0\0\0\0\0\0\x02\x00\x01a\x01b\x02\x01c\x01d";
    assert_eq!(read(released, 12), ["[97] [98] None", "[99] [100] Some(9)"]);
    assert_eq!(read(b"\x01\x02\x01a\xc0\x05", 1), ["[97]", "[53]"]);
    let zipmap = b"\x09\x0c\x01\x03foo\x03\x01bar_\xff";
    assert_eq!(read(zipmap, 1), [format!("{:?} {:?} None", b"foo", b"bar")]);
}

#[test]
fn suggestions_of_every_version() {
    let read = |version: u8, items: &[u8]| {
        let mut body = b"\x07\x81".to_vec();
        let id = kind::module::SUGGESTIONS << kind::module::VERSION_BITS | u64::from(version);
        body.extend_from_slice(&id.to_be_bytes());
        body.extend_from_slice(b"\x02\x01\x05\x03hi\0\x04\0\0\0\0\0\0\xf8\x3f");
        body.extend_from_slice(items);
        let mut out = Vec::new();
        seal(&mut out, &body, 10);
        match read_back(&out) {
            Ok(Object::Value(value)) => Ok(contents(&value)),
            Ok(_) => panic!("no string"),
            Err(error) => Err(error.fault),
        }
    };
    assert_eq!(read(0, b"\0"), Ok(vec!["[104, 105] 1.5 None".to_owned()]));
    assert_eq!(read(1, b"\x05\x01\0\0"), read(0, b"\0"));
    assert_eq!(read(1, b"\x05\x02p\0\0"), Ok(vec!["[104, 105] 1.5 Some([112])".to_owned()]));
    assert_eq!(read(2, b"\x05\x01\0\x02\x07\0"), read(0, b"\0"));
    assert_eq!(read(3, b"\0"), Err(Fault::Module));
    assert_eq!(read(1, b"\x05\x01p\0"), Err(Fault::Module));
    assert_eq!(read(0, b"\x02"), Err(Fault::Module));
}

#[test]
fn huge_promises_cost_nothing() {
    for body in [
        &b"\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x04\x81\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x05\x80\xff\xff\xff\xff",
        b"\x02\x80\xff\xff\xff\xff\x01a",
        b"\x00\xc3\x01\x80\xff\xff\xff\xff\x00",
        b"\x12\x80\xff\xff\xff\xff",
    ] {
        let mut out = Vec::new();
        seal(&mut out, body, 10);
        assert!(read_back(&out).is_err(), "{body:?}");
    }
}
