//! What is to be moved, and the judge of single values.

use super::SMALLEST;
use super::sorter::Lines;
use redpoll_keyspace::tiering::Met;
use redpoll_memory::tiers::Tier;

/// What is to be moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// Nothing.
    Rest,
    /// Values of this size and larger to far memory, others to DRAM.
    Settle(usize),
    /// So many bytes to DRAM (positive) or to far memory (negative).
    Shift(i64),
    /// The hottest values to DRAM and others away: there are so many bytes of room in DRAM, and so
    /// many are wanted.
    Sort { lines: Lines, room: i64, wanted: i64 },
}

impl Aim {
    /// Where a value that the walk has met should be, if elsewhere. Keeps account of what moves.
    pub(super) fn judge(&mut self, met: Met) -> Option<Tier> {
        let bytes = i64::try_from(met.bytes).unwrap_or(i64::MAX);
        match self {
            Aim::Rest => None,
            Aim::Settle(threshold) => {
                let is_far = met.bytes >= (*threshold).max(SMALLEST);
                Some(if is_far { Tier::Far } else { Tier::Near })
            }
            Aim::Shift(left) if met.bytes < SMALLEST || *left == 0 => None,
            Aim::Shift(left) if *left > 0 && met.tier == Tier::Far => {
                *left = (*left - bytes).max(0);
                Some(Tier::Near)
            }
            Aim::Shift(left) if *left < 0 && met.tier == Tier::Near => {
                *left = (*left + bytes).min(0);
                Some(Tier::Far)
            }
            Aim::Shift(_) => None,
            Aim::Sort { lines, room, wanted } => match met.tier {
                Tier::Near if met.bytes < SMALLEST => None,
                Tier::Near if met.heat <= lines.down && *room < *wanted => {
                    *room += bytes;
                    Some(Tier::Far)
                }
                Tier::Far if met.heat >= lines.up && *room > bytes => {
                    *room -= bytes;
                    Some(Tier::Near)
                }
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(bytes: usize, heat: u8, tier: Tier) -> Met {
        Met { bytes, heat, tier }
    }

    #[test]
    fn sorting_moves_cold_values_down_and_hot_ones_up_as_far_as_there_is_room() {
        let lines = Lines { down: 20, up: 40 };
        let mut aim = Aim::Sort { lines, room: 150, wanted: 100 };
        assert_eq!(aim.judge(met(100, 39, Tier::Far)), None, "not worth an exchange");
        assert_eq!(aim.judge(met(100, 40, Tier::Far)), Some(Tier::Near));
        assert_eq!(aim.judge(met(100, 50, Tier::Far)), None, "no room");
        assert_eq!(aim.judge(met(100, 21, Tier::Near)), None, "hot enough to stay");
        assert_eq!(aim.judge(met(100, 20, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(100, 1, Tier::Near)), None, "enough room");
        assert_eq!(aim.judge(met(100, 50, Tier::Far)), Some(Tier::Near), "room again");
        assert_eq!(aim.judge(met(10, 0, Tier::Near)), None, "too small to be worth it");
        let mut full = Aim::Sort { lines, room: -150, wanted: 0 };
        assert_eq!(full.judge(met(100, 2, Tier::Near)), Some(Tier::Far));
        assert_eq!(full.judge(met(100, 2, Tier::Near)), Some(Tier::Far));
        assert_eq!(full.judge(met(100, 2, Tier::Near)), None, "enough");
    }

    #[test]
    fn a_threshold_says_where_each_value_belongs() {
        let mut aim = Aim::Settle(1000);
        assert_eq!(aim.judge(met(1000, 0, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(999, 0, Tier::Near)), Some(Tier::Near));
        assert_eq!(Aim::Settle(0).judge(met(63, 0, Tier::Near)), Some(Tier::Near), "too small");
        assert_eq!(Aim::Settle(usize::MAX).judge(met(5000, 0, Tier::Far)), Some(Tier::Near));
    }

    #[test]
    fn a_ratio_moves_values_one_way_until_it_is_reached() {
        let mut aim = Aim::Shift(-150);
        assert_eq!(aim.judge(met(100, 9, Tier::Far)), None);
        assert_eq!(aim.judge(met(100, 9, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(100, 9, Tier::Near)), Some(Tier::Far));
        assert_eq!(aim.judge(met(100, 9, Tier::Near)), None);
        let mut up = Aim::Shift(50);
        assert_eq!(up.judge(met(63, 0, Tier::Far)), None);
        assert_eq!(up.judge(met(100, 0, Tier::Far)), Some(Tier::Near));
        assert_eq!(up.judge(met(100, 0, Tier::Far)), None);
    }
}
