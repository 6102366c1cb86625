//! Loading beside the data that there are: a replica answers from the old data until the new are
//! whole (`repl-diskless-load swapdb`).
//!
//! What is loaded goes into a keyspace of its own, of which nobody hears. When all is there, all
//! stripes of both are locked, and the tables change hands: that takes a moment for each segment,
//! whatever the keys hold. Snapshots that are being taken keep what was there.

use super::intake::Functions;
use super::load::{BESIDE, LoadError, Loaded, Merge};
use crate::engine::Engine;
use redpoll_keyspace::{Keys, clock};

impl Engine {
    /// Whether these keys are not those that clients see, but will take their place.
    pub(super) fn are_beside(&self, keys: &Keys<'_>) -> bool {
        !std::ptr::eq(keys.keyspace(), &self.keyspace)
    }

    /// Loads data beside those that there are, which are served meanwhile, and lets them take their
    /// place at one moment, libraries of functions too. Before that moment, with everything locked,
    /// `give_way` is asked, and nothing changes if it refuses or if the load fails; then the
    /// answer is `None`, or an error.
    pub fn load_beside(
        &self,
        load: impl FnOnce(&Engine, &mut Keys<'_>) -> Result<Loaded, LoadError>,
        give_way: impl FnOnce() -> bool,
    ) -> Result<Option<Loaded>, LoadError> {
        let beside = self.keyspace.beside();
        let mut new = beside.keys(0, clock::now_ms());
        new.see_expired(true);
        let _loading = self.begin_loading_as(BESIDE);
        let mut loaded = load(self, &mut new)?;
        let mut functions = Functions::new(self, Merge::Replace);
        let code = std::mem::take(&mut loaded.libraries);
        let mut libraries: Vec<_> = code.into_iter().map(|code| (code, 0)).collect();
        functions.check_all(&libraries)?;
        let mut keys = self.keyspace.keys(0, clock::now_ms());
        keys.lock_all();
        if !give_way() {
            return Ok(None);
        }
        new.lock_all();
        let emptied = keys.replace_all(&mut new);
        self.scripts.flush_libraries();
        let taken_in = functions.add_all(&mut libraries);
        if let Some(mut rare) = keys.effects.take_rare() {
            self.invalidate(&mut rare, None);
        }
        keys.unlock();
        emptied.into_iter().for_each(|part| part.free_later(&self.keyspace));
        taken_in?;
        self.loaded(loaded).map(Some)
    }
}
