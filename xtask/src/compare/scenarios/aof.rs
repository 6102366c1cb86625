//! What the append-only file costs: writes that are on disk before their replies, and writes that
//! are flushed each second beside writes that are not logged at all.
//!
//! Both servers and the load share both cores, as on a machine of their own: what is compared is
//! what comes out of the machine. Over TCP, the load generator alone takes a third of it; over a
//! Unix socket, the servers' own part weighs more, and so both are measured. The disk is that of
//! the directory for temporary files, and has to be a real one for the figures to mean anything.

use super::super::load::{self, BOTH_CORES, Tool};
use super::Session;

/// Clients, each with one command at a time.
const LOAD: &str = "-t set -c 50 -d 100 -r 100000";

/// Measures one side once.
pub fn run(session: &mut Session<'_>) -> Result<(), String> {
    let requests = session.requests(300_000);
    let rate = |log: &[&str], unix: bool| -> Result<f64, String> {
        let server = session.server_with(BOTH_CORES, 2, log)?;
        let program = Tool::Redpoll.program(session.settings);
        let place = match unix {
            true => format!("-s {}", server.socket().display()),
            false => format!("-p {}", server.port),
        };
        let run =
            |requests| load::run_at(program, BOTH_CORES, &format!("{place} {LOAD} -n {requests}"));
        // The first ones warm everything up, the disk too.
        run(requests / 10)?;
        run(requests)
    };
    let logged = |policy| ["--appendonly", "yes", "--appendfsync", policy];
    let always = rate(&logged("always"), false)?;
    let unix = rate(&logged("always"), true)?;
    let everysec = rate(&logged("everysec"), false)?;
    let without = rate(&[], false)?;
    session.add("aof.always", always)?;
    session.add("aof.unix", unix)?;
    session.add("aof.everysec", everysec)?;
    session.add("aof.kept", everysec / without)
}
