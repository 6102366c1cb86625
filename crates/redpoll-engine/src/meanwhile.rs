//! What a thread does for its other clients while a script keeps it busy.
//!
//! A script runs on the thread that serves its client, and with it many others. Once it has run for
//! too long, it stops at times to let the thread serve those others: all they get is that the
//! server is busy, but they get that, and may end the script.

use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static SERVE: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Tells how this thread serves its other clients. `serve` must not wait for anything.
pub fn serve_by(serve: Rc<dyn Fn()>) {
    SERVE.with(|slot| *slot.borrow_mut() = Some(serve));
}

/// Serves the thread's other clients once, if it has any.
pub(crate) fn serve() {
    let serve = SERVE.with(|slot| slot.borrow().clone());
    if let Some(serve) = serve {
        serve();
    }
}
