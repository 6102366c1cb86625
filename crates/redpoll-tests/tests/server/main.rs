//! All integration tests in one program, so that it is linked once.

mod acl;
mod append_only;
mod background;
mod blocking;
mod clients;
mod configuration;
mod crashes;
mod ending;
mod eviction;
mod faults;
mod files;
mod full_sync;
mod linearizability;
mod metrics;
mod persistence;
mod pressure;
mod propagation;
mod protocol;
mod redis_crate;
mod replication;
mod scripts;
mod shm;
mod tls;
mod tools;
