//! The elements to sort, in one buffer.

use super::options::{By, Options};
use crate::prelude::*;
use redpoll_engine::background::step;
use redpoll_keyspace::Keys;
use redpoll_types::list::List;
use redpoll_types::listpack::Element;
use redpoll_types::set::Set;
use redpoll_types::value::Type;
use redpoll_types::zset::ZSet;

/// Copies of the elements, numbered as they came.
#[derive(Default)]
pub struct Elements {
    bytes: Vec<u8>,
    /// Where each element ends.
    ends: Vec<usize>,
    /// Whether they stand in an order of their own: a list's or a sorted set's.
    pub ordered: bool,
}

impl Elements {
    /// The elements of the collection at `key`; none if there is no key. Of a list or a sorted set
    /// that is not to be sorted, only the wanted part is read, in its order.
    pub fn read(keys: &mut Keys<'_>, key: &[u8], options: &Options<'_>) -> Result<Self> {
        let mut elements = Elements::default();
        let as_they_stand = matches!(options.by, By::Nothing);
        let part = |len: usize| {
            let window = if as_they_stand { options.window(len) } else { 0..len };
            match as_they_stand && options.descending {
                true => len - window.end..len - window.start,
                false => window,
            }
        };
        // What is read is shared, not copied, and can be walked without the lock.
        let unlock = |keys: &mut Keys<'_>| {
            if options.unlocks {
                keys.unlock_walk();
            }
        };
        match keys.type_of(key) {
            Some(Type::List) => {
                let Some(list) = keys.read::<List>(key)?.cloned() else { return Ok(elements) };
                unlock(keys);
                let part = part(list.len());
                if !part.is_empty() {
                    let range = list.range(part.start as i64, part.end as i64 - 1);
                    range.for_each(|element| elements.push(element));
                }
                elements.ordered = true;
            }
            Some(Type::ZSet) => {
                let Some(zset) = keys.read::<ZSet>(key)?.cloned() else { return Ok(elements) };
                unlock(keys);
                zset.range(part(zset.len())).for_each(|(member, _)| elements.push(member));
                elements.ordered = true;
            }
            Some(Type::Set) => {
                let Some(set) = keys.read::<Set>(key)?.cloned() else { return Ok(elements) };
                unlock(keys);
                set.iter().for_each(|member| elements.push(member));
            }
            other => {
                keys.exists(key);
                unlock(keys);
                return if other.is_some() { Err(Error::WrongType) } else { Ok(elements) };
            }
        }
        Ok(elements)
    }

    fn push(&mut self, element: Element<'_>) {
        step(1);
        self.bytes.extend_from_slice(element.as_bytes(&mut [0; 21]));
        self.ends.push(self.bytes.len());
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The `index`th element.
    #[inline]
    pub fn get(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }
}
