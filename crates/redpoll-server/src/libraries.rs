//! Libraries of functions that a snapshot holds: they are loaded as clients load them.

use redpoll_engine::client::Client;
use redpoll_engine::{Engine, Executor, Session};
use redpoll_keyspace::clock;
use redpoll_resp::request::encode_words;
use redpoll_resp::{Batch, Limits, Parser};
use std::sync::Arc;

/// Loads libraries in place of those of the same names. The error is for the log.
pub fn load(engine: &Arc<Engine>, codes: &[Vec<u8>]) -> Result<(), String> {
    if codes.is_empty() {
        return Ok(());
    }
    let mut executor = Executor::new(Arc::clone(engine), clock::now_ms() as u64);
    let mut session = Session::new(Client::nobody(), true);
    session.is_primary = true;
    let limits = Limits { bulk_max: u64::MAX >> 1, authenticated: true };
    for code in codes {
        let (mut request, mut batch, mut out) = (Vec::new(), Batch::default(), Vec::new());
        let words = [&b"FUNCTION"[..], b"LOAD", b"REPLACE", code];
        encode_words(&mut request, words.into_iter());
        Parser::default().parse(&mut request, &limits, 1, &mut batch);
        let out_to = (&mut out, usize::MAX);
        executor.run_batch(&mut session, (&batch, &request), out_to, clock::now_ms());
        if out.first() == Some(&b'-') {
            let why = String::from_utf8_lossy(&out[1..]).trim().to_owned();
            return Err(format!("a library of functions cannot be loaded: {why}"));
        }
    }
    Ok(())
}
