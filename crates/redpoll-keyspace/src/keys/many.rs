//! Several values at once, for commands that compute with more than one (SINTER, ZUNION, PFCOUNT).

use super::*;

impl Keys<'_> {
    /// The values of type `T` at these keys, for reading, in their order; a missing key is `None`,
    /// a key that is given twice comes twice. Each counts as a read. The first value of another
    /// type, in the order of the keys, is an error.
    pub fn read_many<'k, T: Typed>(
        &mut self,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
    ) -> Result<Vec<Option<&T>>, WrongType> {
        // Looking may remove expired keys, so that places and references hold only afterwards.
        for key in keys.clone() {
            self.read::<T>(key)?;
        }
        let this = &*self;
        Ok(keys.map(|key| this.found(key)).collect())
    }

    /// The value at a key that has been looked up already.
    fn found<T: Typed>(&self, key: &[u8]) -> Option<&T> {
        let hash = self.hash(key);
        let table = &self.guards.stripe(self.keyspace.stripe_of(hash)).dbs[self.db].table;
        match table.entry(table.find(hash, key)?).into_payload() {
            Payload::Value(value) => T::of(value),
            _ => None,
        }
    }
}
