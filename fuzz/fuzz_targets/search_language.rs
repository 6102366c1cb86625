//! `search_language` for cargo-fuzz; what it checks is said in `redpoll-fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redpoll_fuzz::search_language::run(data));
