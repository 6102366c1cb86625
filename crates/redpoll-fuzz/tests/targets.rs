//! The targets as property tests: random bytes, and a short failing input when there is one.

use proptest::prelude::*;
use redpoll_fuzz::TARGETS;

#[test]
fn the_first_inputs_pass() {
    for target in TARGETS {
        (target.seeds)().iter().for_each(|seed| (target.run)(seed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_engine_agrees_with_the_model(data in prop::collection::vec(any::<u8>(), 0..900)) {
        redpoll_fuzz::command_sequences::run(&data);
    }

    #[test]
    fn the_split_of_a_request_never_matters(
        head in any::<[u8; 4]>(),
        stream in prop::collection::vec(
            prop::sample::select(b"*$-0123456789\r\n\"'\\x ab\0".to_vec()), 0..300))
    {
        redpoll_fuzz::request_parser::run(&[&head[..], &stream].concat());
    }
}
