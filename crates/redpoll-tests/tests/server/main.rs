//! All integration tests in one program, so that it is linked once.

mod blocking;
mod clients;
mod configuration;
mod linearizability;
mod pressure;
mod protocol;
mod redis_crate;
mod scripts;
mod tools;
