//! Tests of the window.

use super::*;

const NOW: Duration = Duration::ZERO;

fn window() -> Window {
    Window::new(SLOTS_MIN * crate::memory::PAGE, 7).unwrap()
}

fn admit(window: &Window, name: u64) -> (Reader, Token) {
    let token = Token::new().unwrap();
    (window.admit(name, token.clone()).unwrap(), token)
}

fn publish(window: &Window, text: &[u8]) -> Published {
    let mut slot = window.acquire(NOW).expect("a free slot");
    slot.room()[..text.len()].copy_from_slice(text);
    slot.publish(text.len(), Kind::Whole, 1, Sum::default()).expect("a reader")
}

#[test]
fn a_slot_is_free_when_all_have_read_it() {
    let window = window();
    let (one, _) = admit(&window, 1);
    let (two, _) = admit(&window, 2);
    let first = publish(&window, b"a");
    assert!(window.done(one, &[first.number]));
    assert!(!window.done(one, &[first.number]), "once");
    assert!(!window.done(one, &[99]));
    assert!(!window.drain(NOW));
    let second = publish(&window, b"b");
    assert_ne!(first.slot, second.slot);
    assert!(window.done(two, &[first.number]));
    assert_eq!(publish(&window, b"c").slot, first.slot, "the last one freed comes first");
    window.leave(one);
    window.leave(two);
    assert!(window.drain(NOW));
    assert!(window.acquire(NOW).unwrap().publish(1, Kind::Whole, 1, Sum::default()).is_none());
}

#[test]
fn bytes_are_for_those_who_still_read_them() {
    let window = window();
    let (one, token) = admit(&window, 1);
    let stranger = Token::new().unwrap();
    let chunk = publish(&window, b"abc");
    assert!(window.pin(&stranger, chunk.number).is_none());
    assert!(window.pin(&token, chunk.number + 1).is_none());
    let pin = window.pin(&token, chunk.number).expect("it may");
    let (header, payload) = Header::check(&pin).expect("it is whole");
    assert_eq!((header.number, header.epoch, payload), (0, 7, &b"abc"[..]));
    assert!(window.done(one, &[chunk.number]));
    assert!(!window.drain(NOW), "the pin holds it");
    assert!(window.pin(&token, chunk.number).is_none());
    drop(pin);
    assert!(window.drain(NOW));
    window.leave(one);
    assert!(!window.knows(&token));
}

#[test]
fn who_holds_others_up_is_known() {
    let window = window();
    let (quick, _) = admit(&window, 1);
    admit(&window, 2);
    for _ in 0..SLOTS_MIN {
        let number = publish(&window, b"x").number;
        window.done(quick, &[number]);
    }
    assert!(window.acquire(Duration::from_millis(20)).is_none(), "the window is full");
    let patience = Duration::from_millis(10);
    let hour = Duration::from_secs(3600);
    assert_eq!(window.overdue(hour, patience), [(2, Overdue::Slow)]);
    assert_eq!(window.overdue(hour, hour), []);
    assert_eq!(window.overdue(patience, hour), [(2, Overdue::Silent)]);
    window.leave(window.named(2).unwrap());
    assert!(window.acquire(NOW).is_some());
}

#[test]
fn who_is_waited_for_outside_must_keep_pace() {
    let window = Window::new(SLOTS_MIN * SLOT, 7).unwrap();
    let (one, _) = admit(&window, 1);
    let second = Duration::from_secs(1);
    window.awaited(10 * second);
    assert_eq!(window.overdue(60 * second, second), [], "there was nothing to read");
    let chunk = |len: usize| {
        let slot = window.acquire(NOW).expect("a slot");
        slot.publish(len - HEADER_LEN, Kind::Whole, 1, Sum::default()).expect("a reader").number
    };
    let chunks = [chunk(PACE / 2), chunk(PACE / 2), chunk(PACE / 2)];
    window.awaited(2 * second);
    assert_eq!(window.overdue(60 * second, second), [(1, Overdue::Slow)]);
    assert!(window.done(one, &chunks[..2]));
    assert_eq!(window.overdue(60 * second, second), [], "it has made good for a second");
    window.awaited(second / 2);
    assert_eq!(window.overdue(60 * second, second), [(1, Overdue::Slow)]);
    assert!(window.done(one, &chunks[2..]));
    assert_eq!(window.overdue(60 * second, NOW), [], "it has read everything");
}

#[test]
fn an_unpublished_slot_is_free_again() {
    let window = window();
    let slots = SLOTS_MIN;
    for _ in 0..2 * slots {
        assert!(window.acquire(NOW).is_some());
    }
    assert_eq!(window.published(), 0);
}

#[test]
fn readers_are_bounded() {
    let window = window();
    for name in 0..READERS_MAX as u64 {
        admit(&window, name);
    }
    assert!(window.admit(99, Token::new().unwrap()).is_none());
    window.leave(window.named(3).unwrap());
    assert!(window.admit(99, Token::new().unwrap()).is_some());
}

#[test]
fn new_memory_is_for_those_who_have_little_to_read() {
    let window = Window::new(16 * SLOT, 7).unwrap();
    let (slow, _) = admit(&window, 1);
    let fill = || {
        let slot = window.acquire(NOW)?;
        slot.publish(SLOT - HEADER_LEN, Kind::Whole, 1, Sum::default())
    };
    let enough = AHEAD / SLOT;
    let first: Vec<Published> = (0..enough).map(|_| fill().unwrap()).collect();
    assert!(window.acquire(NOW).is_none(), "it has enough to read");
    assert!(window.done(slow, &[first[1].number]));
    assert_eq!(fill().unwrap().slot, first[1].slot);
    let (quick, _) = admit(&window, 2);
    let more = fill().unwrap();
    assert_eq!(more.slot, enough, "for the one that has nothing to read");
    assert!(window.done(quick, &[more.number]));
    assert_eq!(fill().unwrap().slot, enough + 1);
    window.leave(quick);
    assert!(window.acquire(NOW).is_none());
    window.leave(slow);
    assert!(window.acquire(NOW).is_some());
}

#[test]
fn the_reader_with_the_fewest_bytes_counts() {
    let window = window();
    let (one, _) = admit(&window, 1);
    let chunks = [publish(&window, b"a"), publish(&window, b"bc")];
    let lens = chunks.map(|chunk| chunk.len);
    assert_eq!(chunks.map(|chunk| chunk.least_unread), [lens[0], lens[0] + lens[1]]);
    let (two, _) = admit(&window, 2);
    let third = publish(&window, b"d");
    assert_eq!(third.least_unread, third.len, "the second one has not seen the others");
    assert!(window.done(one, &chunks.map(|chunk| chunk.number)));
    assert!(!window.done(two, &[0, third.number]), "not the first, but the third");
    assert!(!window.drain(NOW));
    assert!(window.done(one, &[third.number]) && window.drain(NOW));
}
