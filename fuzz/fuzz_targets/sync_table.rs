//! `sync_table` for cargo-fuzz; what it checks is said in `redpoll-fuzz`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| redpoll_fuzz::sync_table::run(data));
