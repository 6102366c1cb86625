//! What tests of replication ask of servers again and again.

use crate::{PATIENCE, Server, Talk, eventually};

/// Lets a server follow another one.
///
/// # Panics
/// If it refuses.
#[track_caller]
pub fn follow(replica: &Server, primary: &Server) {
    let answer = replica.talk().ask(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    assert_eq!(answer, "OK");
}

/// Waits until a replica holds what its primary holds. Both allow DEBUG.
///
/// # Panics
/// If that takes too long.
#[track_caller]
pub fn converge(primary: &Server, replica: &Server) {
    let digest = |server: &Server| server.talk().ask("DEBUG DIGEST");
    eventually("the data agree", || digest(primary) == digest(replica));
}

/// A field of `INFO replication`; empty if there is none such. A server whose role changes may
/// close connections: then it is asked again.
pub fn info(server: &Server, field: &str) -> String {
    let ask = || Talk::try_tcp(server.port, PATIENCE)?.try_ask("INFO replication");
    let info = std::iter::repeat_with(ask).take(20).flatten().next().unwrap_or_default();
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_default().to_owned()
}

/// Whether a replica's link stands.
pub fn is_up(replica: &Server) -> bool {
    info(replica, "master_link_status") == "up"
}
