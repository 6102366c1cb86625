//! Listpack: format vectors checked by hand, and random operations against a `Vec`.

use super::*;
use proptest::prelude::*;

fn check_format(texts: &[&str], bytes: &[u8]) {
    let listpack: Listpack = texts.iter().collect();
    assert_eq!(listpack.as_bytes(), bytes, "{texts:?}");
    assert_eq!(Listpack::from_bytes(bytes.into()).as_ref(), Ok(&listpack));
}

#[test]
fn bytes_are_the_public_format() {
    check_format(&[], &[7, 0, 0, 0, 0, 0, 0xff]);
    check_format(&["a", "0", "127"], &[14, 0, 0, 0, 3, 0, 0x81, b'a', 2, 0, 1, 127, 1, 0xff]);
    check_format(
        &["128", "-1", "-4096"],
        &[16, 0, 0, 0, 3, 0, 0xc0, 0x80, 2, 0xdf, 0xff, 2, 0xd0, 0x00, 2, 0xff],
    );
    check_format(
        &["4096", "-32768"],
        &[15, 0, 0, 0, 2, 0, 0xf1, 0x00, 0x10, 3, 0xf1, 0x00, 0x80, 3, 0xff],
    );
    check_format(
        &["-8388608", "8388608"],
        &[18, 0, 0, 0, 2, 0, 0xf2, 0, 0, 0x80, 4, 0xf3, 0, 0, 0x80, 0, 5, 0xff],
    );
    check_format(
        &["-9223372036854775808"],
        &[17, 0, 0, 0, 1, 0, 0xf4, 0, 0, 0, 0, 0, 0, 0, 0x80, 9, 0xff],
    );
    check_format(&["01", ""], &[13, 0, 0, 0, 2, 0, 0x82, b'0', b'1', 3, 0x80, 1, 0xff]);
}

#[test]
fn long_strings_take_longer_heads_and_backlens() {
    for (len, head, back) in [
        (63, &[0xbf][..], &[64][..]),
        (64, &[0xe0, 64], &[66]),
        (125, &[0xe0, 125], &[127]),
        (126, &[0xe0, 126], &[1, 0x80]),
        (4095, &[0xef, 0xff], &[32, 0x81]),
        (4096, &[0xf0, 0, 16, 0, 0], &[32, 0x85]),
        (16377, &[0xf0, 0xf9, 0x3f, 0, 0], &[127, 0xfe]),
        (16378, &[0xf0, 0xfa, 0x3f, 0, 0], &[0, 0xff, 0xff]),
        (2097146, &[0xf0, 0xfa, 0xff, 0x1f, 0], &[0, 0xff, 0xff, 0xff]),
    ] {
        let text = vec![b'x'; len];
        let mut listpack = Listpack::new();
        listpack.push_back(&text);
        let entry = &listpack.as_bytes()[6..listpack.bytes_len() - 1];
        assert!(entry.starts_with(head) && entry.ends_with(back), "{len}");
        assert_eq!(entry.len(), head.len() + len + back.len());
        assert_eq!(listpack.iter().next_back(), Some(Element::Bytes(&text)));
        assert!(Listpack::from_bytes(listpack.as_bytes().into()).is_ok());
    }
}

#[test]
fn the_count_saturates() {
    let mut listpack: Listpack = (0..65_534).map(|_| "x").collect();
    assert_eq!((listpack.stated_count(), listpack.len()), (65_534, 65_534));
    listpack.push_back(b"y");
    listpack.push_back(b"z");
    assert_eq!((listpack.stated_count(), listpack.len()), (COUNT_UNKNOWN, 65_536));
    assert_eq!(listpack.get(-2), Some(Element::Bytes(b"y")));
    assert_eq!(listpack.remove_range(1, 65_534), 65_534);
    assert_eq!((listpack.stated_count(), listpack.len()), (COUNT_UNKNOWN, 2));
    assert!(Listpack::from_bytes(listpack.as_bytes().into()).is_ok());
}

#[test]
fn corrupt_bytes_are_refused() {
    for bytes in [
        &[][..],
        &[6, 0, 0, 0, 0, 0],
        &[8, 0, 0, 0, 0, 0, 0xff],
        &[7, 0, 0, 0, 1, 0, 0xff],
        &[7, 0, 0, 0, 0, 0, 0],
        &[8, 0, 0, 0, 1, 0, 1, 0xff],
        &[9, 0, 0, 0, 1, 0, 1, 2, 0xff],
        &[9, 0, 0, 0, 1, 0, 0xf5, 1, 0xff],
        &[9, 0, 0, 0, 1, 0, 0xff, 1, 0xff],
        &[9, 0, 0, 0, 1, 0, 0xbf, 1, 0xff],
        &[12, 0, 0, 0, 1, 0, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[8, 0, 0, 0, 1, 0, 0xe0, 0xff],
    ] {
        assert_eq!(Listpack::from_bytes(bytes.into()), Err(Corrupt), "{bytes:?}");
    }
}

#[test]
fn foreign_strings_that_look_like_integers_are_found() {
    // Another writer may have stored 12 as a string: that is well formed.
    let bytes = [11, 0, 0, 0, 1, 0, 0x82, b'1', b'2', 3, 0xff];
    let listpack = Listpack::from_bytes(Box::new(bytes)).expect("well formed");
    assert!(listpack.find(b"12", 0).is_some());
    assert_eq!(listpack.get(0).and_then(|element| element.as_i64()), Some(12));
}

#[test]
fn find_skips_values() {
    let listpack: Listpack = ["a", "b", "b", "1", "7", "a"].into_iter().collect();
    let found = |text: &[u8], skip| {
        listpack.find(text, skip).and_then(|cursor| listpack.next(cursor)).map(|c| listpack.at(c))
    };
    assert_eq!(found(b"b", 1), Some(Element::Int(1)));
    assert_eq!(found(b"7", 1), Some(Element::Bytes(b"a")));
    assert_eq!(found(b"1", 1), None);
    assert_eq!(found(b"1", 0), Some(Element::Int(7)));
}

#[derive(Clone, Debug)]
enum Op {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    InsertBefore(usize, Vec<u8>),
    InsertAfter(usize, Vec<u8>),
    Replace(usize, Vec<u8>),
    Remove(usize),
    RemoveRange(i64, usize),
    SplitAndRejoin(i64),
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string().into_bytes()),
        (any::<i64>(), 0u32..63).prop_map(|(value, shift)| (value >> shift).to_string().into()),
        proptest::collection::vec(any::<u8>(), 0..80),
        (60usize..140, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
        (4090usize..4100, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        text().prop_map(Op::PushBack),
        text().prop_map(Op::PushFront),
        (any::<usize>(), text()).prop_map(|(at, text)| Op::InsertBefore(at, text)),
        (any::<usize>(), text()).prop_map(|(at, text)| Op::InsertAfter(at, text)),
        (any::<usize>(), text()).prop_map(|(at, text)| Op::Replace(at, text)),
        any::<usize>().prop_map(Op::Remove),
        (-20i64..20, 0usize..4).prop_map(|(index, count)| Op::RemoveRange(index, count)),
        (-20i64..20).prop_map(Op::SplitAndRejoin),
    ]
}

fn apply(listpack: &mut Listpack, model: &mut Vec<Vec<u8>>, op: Op) {
    let spot = |at: usize, len: usize| (len > 0).then(|| at % len);
    match op {
        Op::PushBack(text) => {
            listpack.push_back(&text);
            model.push(text);
        }
        Op::PushFront(text) => {
            listpack.push_front(&text);
            model.insert(0, text);
        }
        Op::InsertBefore(at, text) => {
            let Some(at) = spot(at, model.len()) else { return };
            let cursor = listpack.seek(at as i64).expect("in range");
            let cursor = listpack.insert_before(cursor, &text);
            assert!(listpack.at(cursor).eq_bytes(&text));
            model.insert(at, text);
        }
        Op::InsertAfter(at, text) => {
            let Some(at) = spot(at, model.len()) else { return };
            let cursor = listpack.seek(at as i64).expect("in range");
            let cursor = listpack.insert_after(cursor, &text);
            assert!(listpack.at(cursor).eq_bytes(&text));
            model.insert(at + 1, text);
        }
        Op::Replace(at, text) => {
            let Some(at) = spot(at, model.len()) else { return };
            listpack.replace(listpack.seek(at as i64).expect("in range"), &text);
            model[at] = text;
        }
        Op::Remove(at) => {
            let Some(at) = spot(at, model.len()) else { return };
            let next = listpack.remove(listpack.seek(at as i64).expect("in range"));
            model.remove(at);
            assert_eq!(next.map(|cursor| listpack.at(cursor).to_vec()), model.get(at).cloned());
        }
        Op::RemoveRange(index, count) => {
            let len = model.len() as i64;
            let start = if index < 0 { index + len } else { index };
            let removed = listpack.remove_range(index, count);
            if (0..len).contains(&start) {
                let end = model.len().min(start as usize + count);
                assert_eq!(model.drain(start as usize..end).count(), removed);
            } else {
                assert_eq!(removed, 0);
            }
        }
        Op::SplitAndRejoin(index) => {
            let before = listpack.clone();
            let tail = listpack.split_off(index);
            assert_eq!(listpack.len() + tail.len(), model.len());
            listpack.append(&tail);
            assert!(*listpack == before);
        }
    }
}

fn check_against(listpack: &Listpack, model: &[Vec<u8>]) {
    assert_eq!(listpack.len(), model.len());
    let forward: Vec<_> = listpack.iter().map(|element| element.to_vec()).collect();
    assert_eq!(forward, model);
    let backward: Vec<_> = listpack.iter().rev().map(|element| element.to_vec()).collect();
    assert!(backward.iter().eq(model.iter().rev()));
    assert!(listpack.iter().zip(model).all(|(element, text)| element.len() == text.len()));
    for text in model {
        let index = model.iter().position(|other| other == text).expect("it is there");
        assert_eq!(listpack.find(text, 0), listpack.seek(index as i64));
    }
    assert_eq!(Listpack::from_bytes(listpack.as_bytes().into()).as_ref(), Ok(listpack));
    assert_eq!(&model.iter().collect::<Listpack>(), listpack);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_like_a_vec(ops in proptest::collection::vec(op(), 0..40)) {
        let (mut listpack, mut model) = (Listpack::new(), Vec::new());
        for op in ops {
            apply(&mut listpack, &mut model, op);
        }
        check_against(&listpack, &model);
    }
}

/// Walks whatever was accepted, both ways: accepted bytes must be safe to use.
fn exercise(bytes: Vec<u8>) {
    if let Ok(mut listpack) = Listpack::from_bytes(bytes.into()) {
        let forward = listpack.iter().count();
        assert_eq!(listpack.iter().rev().count(), forward);
        assert_eq!(listpack.len(), forward);
        listpack.push_front(b"front");
        listpack.push_back(b"77");
        assert_eq!(listpack.remove_range(0, usize::MAX), forward + 2);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_safe(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..40),
        repair in any::<bool>(),
    ) {
        if repair && bytes.len() >= 7 {
            let total = (bytes.len() as u32).to_le_bytes();
            bytes[..4].copy_from_slice(&total);
            bytes[4..6].fill(0xff);
            *bytes.last_mut().expect("not empty") = END;
        }
        exercise(bytes);
    }

    #[test]
    fn damaged_listpacks_are_refused_or_safe(
        texts in proptest::collection::vec(text(), 1..6),
        at in any::<usize>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = texts.iter().collect::<Listpack>().as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        exercise(bytes);
    }
}
