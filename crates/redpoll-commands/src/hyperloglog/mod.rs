//! HyperLogLogs: how many different elements were added, without keeping them.
//!
//! They are strings; the algorithms are in `redpoll_types::hll`. `value` reads them and words what
//! is wrong with them; all other files are commands.

mod value;

group! {
    pfadd: PFADD;
    pfcount: PFCOUNT;
    pfdebug: PFDEBUG;
    pfmerge: PFMERGE;
    pfselftest: PFSELFTEST;
}
