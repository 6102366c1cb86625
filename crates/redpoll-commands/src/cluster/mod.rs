//! The cluster, which the server is no part of.

mod disabled;
mod nodes;
mod slots;

group! {
    cluster: CLUSTER, ASKING, READONLY, READWRITE;
}
