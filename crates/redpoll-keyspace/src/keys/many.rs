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

    /// As [`Keys::read_many`], for values of several types; a value of none of these is an error.
    pub fn read_many_of<'k>(
        &mut self,
        types: &[Type],
        keys: impl Iterator<Item = &'k [u8]> + Clone,
    ) -> Result<Vec<Option<&Value>>, WrongType> {
        for key in keys.clone() {
            let hash = self.hash(key);
            let Some(place) = self.read_place(hash, key) else { continue };
            let kind = type_of(&self.db_of(hash).table.entry(place).payload());
            if !types.contains(&kind) {
                return Err(WrongType);
            }
        }
        let this = &*self;
        Ok(keys.map(|key| this.found_value(key)).collect())
    }

    /// The value at a key that has been looked up already.
    fn found<T: Typed>(&self, key: &[u8]) -> Option<&T> {
        T::of(self.found_value(key)?)
    }

    pub(super) fn found_value(&self, key: &[u8]) -> Option<&Value> {
        let hash = self.hash(key);
        let table = &self.guards.stripe(self.keyspace.stripe_of(hash)).dbs()[self.db].table;
        match table.entry(table.find(hash, key)?).into_payload() {
            Payload::Value(value) => Some(value),
            _ => None,
        }
    }
}
