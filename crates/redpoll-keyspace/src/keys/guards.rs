//! The stripes that a view holds locked.

use crate::lock::MutexGuard;
use crate::stripe::Stripe;

/// Locked stripes. Locks are always taken in ascending order, so that no two views wait for each
/// other.
pub enum Guards<'a> {
    /// None.
    None,
    /// One, with its number.
    One(usize, MutexGuard<'a, Stripe>),
    /// Several, ascending.
    Many(Vec<(usize, MutexGuard<'a, Stripe>)>),
    /// All.
    All(Vec<MutexGuard<'a, Stripe>>),
}

impl Guards<'_> {
    /// Whether there are none.
    pub fn are_none(&self) -> bool {
        match self {
            Guards::None => true,
            Guards::One(..) => false,
            Guards::Many(held) => held.is_empty(),
            Guards::All(held) => held.is_empty(),
        }
    }

    /// Whether this stripe is among them.
    pub fn holds(&self, number: usize) -> bool {
        match self {
            Guards::None => false,
            Guards::One(held, _) => *held == number,
            Guards::Many(held) => held.binary_search_by_key(&number, |(held, _)| *held).is_ok(),
            Guards::All(held) => number < held.len(),
        }
    }

    /// Calls `act` for each locked stripe, with its number.
    pub fn each_mut(&mut self, mut act: impl FnMut(usize, &mut Stripe)) {
        match self {
            Guards::None => {}
            Guards::One(number, guard) => act(*number, guard),
            Guards::Many(held) => held.iter_mut().for_each(|(number, guard)| act(*number, guard)),
            Guards::All(held) => held.iter_mut().enumerate().for_each(|(at, it)| act(at, it)),
        }
    }

    /// A locked stripe, for reading. Panics if it is not locked.
    #[inline]
    pub fn stripe(&self, number: usize) -> &Stripe {
        match self {
            Guards::One(held, guard) if *held == number => guard,
            Guards::Many(held) => match held.binary_search_by_key(&number, |(held, _)| *held) {
                Ok(index) => &held[index].1,
                Err(_) => not_locked(),
            },
            Guards::All(held) => &held[number],
            _ => not_locked(),
        }
    }

    /// A locked stripe. Panics if it is not: a command touches a key that its metadata does not
    /// name.
    #[inline]
    pub fn stripe_mut(&mut self, number: usize) -> &mut Stripe {
        match self {
            Guards::One(held, guard) if *held == number => guard,
            Guards::Many(held) => match held.binary_search_by_key(&number, |(held, _)| *held) {
                Ok(index) => &mut held[index].1,
                Err(_) => not_locked(),
            },
            Guards::All(held) => &mut held[number],
            _ => not_locked(),
        }
    }
}

#[cold]
fn not_locked() -> ! {
    panic!("a command touched a key that its key specification does not name")
}
