//! Links that are being closed: what was written last is let arrive, and what the device has is
//! taken back, by a thread of its own, as both take time that whoever closes may not have.

use crate::link::Link;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long the other side may take to receive what was written last.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often it is looked at whether it has.
const LOOK: Duration = Duration::from_millis(1);

/// Closes a link without waiting for anything.
pub fn close_later(link: Link) {
    static CLOSER: OnceLock<Option<Sender<Link>>> = OnceLock::new();
    let closer = CLOSER.get_or_init(|| {
        let (sender, links) = channel();
        let name = "rdma-close".to_owned();
        thread::Builder::new().name(name).spawn(move || run(&links)).ok().map(|_| sender)
    });
    if let Some(closer) = closer {
        // Without the thread the link is closed here, with what it has under way.
        let _ = closer.send(link);
    }
}

fn run(links: &Receiver<Link>) {
    let mut open: Vec<(Link, Instant)> = Vec::new();
    loop {
        let next = match open.is_empty() {
            true => links.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => links.recv_timeout(LOOK),
        };
        match next {
            Ok(link) => open.push((link, Instant::now() + PATIENCE)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = Instant::now();
        open.retain_mut(|(link, deadline)| now < *deadline && !link.is_settled());
    }
}
