//! `notify-keyspace-events`: which events are published, one letter a class.

use std::ops::BitOr;

/// A set of event classes. The bits are Redis's, so that logs and tests can be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotifyFlags(u32);

impl NotifyFlags {
    /// Nothing is published.
    pub const NONE: Self = Self(0);
    /// `K`: publish to `__keyspace@N__:key`.
    pub const KEYSPACE: Self = Self(1 << 0);
    /// `E`: publish to `__keyevent@N__:event`.
    pub const KEYEVENT: Self = Self(1 << 1);
    /// `g`: commands of any type, such as DEL and EXPIRE.
    pub const GENERIC: Self = Self(1 << 2);
    /// `$`: string commands.
    pub const STRING: Self = Self(1 << 3);
    /// `l`: list commands.
    pub const LIST: Self = Self(1 << 4);
    /// `s`: set commands.
    pub const SET: Self = Self(1 << 5);
    /// `h`: hash commands.
    pub const HASH: Self = Self(1 << 6);
    /// `z`: sorted set commands.
    pub const ZSET: Self = Self(1 << 7);
    /// `x`: keys that expire.
    pub const EXPIRED: Self = Self(1 << 8);
    /// `e`: keys evicted for `maxmemory`.
    pub const EVICTED: Self = Self(1 << 9);
    /// `t`: stream commands.
    pub const STREAM: Self = Self(1 << 10);
    /// `m`: reads of keys that do not exist. Not part of `A`.
    pub const KEY_MISS: Self = Self(1 << 11);
    /// `d`: events of modules.
    pub const MODULE: Self = Self(1 << 13);
    /// `n`: keys that are new. Not part of `A`.
    pub const NEW: Self = Self(1 << 14);
    /// `S`: publish the fields too, to `__subkeyspace@N__:key`.
    pub const SUBKEYSPACE: Self = Self(1 << 19);
    /// `T`: publish the fields too, to `__subkeyevent@N__:event`.
    pub const SUBKEYEVENT: Self = Self(1 << 20);
    /// `I`: publish to `__subkeyspaceitem@N__:key`, a line feed, and the field.
    pub const SUBKEYSPACE_ITEM: Self = Self(1 << 21);
    /// `V`: publish the fields to `__subkeyspaceevent@N__:event|key`.
    pub const SUBKEYSPACE_EVENT: Self = Self(1 << 22);
    /// Every channel that tells of fields.
    pub const SUBKEYS: Self = Self(
        Self::SUBKEYSPACE.0
            | Self::SUBKEYEVENT.0
            | Self::SUBKEYSPACE_ITEM.0
            | Self::SUBKEYSPACE_EVENT.0,
    );
    /// Every channel: without one of them, nothing is published.
    pub const CHANNELS: Self = Self(Self::KEYSPACE.0 | Self::KEYEVENT.0 | Self::SUBKEYS.0);
    /// `A`: all classes of events but `m` and `n`.
    pub const ALL: Self = Self(
        Self::GENERIC.0
            | Self::STRING.0
            | Self::LIST.0
            | Self::SET.0
            | Self::HASH.0
            | Self::ZSET.0
            | Self::EXPIRED.0
            | Self::EVICTED.0
            | Self::STREAM.0
            | Self::MODULE.0,
    );

    /// Letters of the classes within `A` and of `n`, in the order Redis writes them.
    const CLASSES: [(u8, Self); 11] = [
        (b'g', Self::GENERIC),
        (b'$', Self::STRING),
        (b'l', Self::LIST),
        (b's', Self::SET),
        (b'h', Self::HASH),
        (b'z', Self::ZSET),
        (b'x', Self::EXPIRED),
        (b'e', Self::EVICTED),
        (b't', Self::STREAM),
        (b'd', Self::MODULE),
        (b'n', Self::NEW),
    ];

    /// Letters written after the classes.
    const WHERE: [(u8, Self); 7] = [
        (b'K', Self::KEYSPACE),
        (b'E', Self::KEYEVENT),
        (b'm', Self::KEY_MISS),
        (b'S', Self::SUBKEYSPACE),
        (b'T', Self::SUBKEYEVENT),
        (b'I', Self::SUBKEYSPACE_ITEM),
        (b'V', Self::SUBKEYSPACE_EVENT),
    ];

    /// Reads letters, or `None` if one has no meaning.
    #[must_use]
    pub fn parse(letters: &[u8]) -> Option<Self> {
        letters.iter().try_fold(Self::NONE, |flags, letter| {
            let known = Self::CLASSES.iter().chain(&Self::WHERE);
            let flag = match letter {
                b'A' => Self::ALL,
                _ => known.into_iter().find(|(known, _)| known == letter)?.1,
            };
            Some(flags | flag)
        })
    }

    /// The letters, in Redis's order, with `A` where all its classes are set.
    ///
    /// Redis forgets `n` beside `A`; here it is kept, or CONFIG REWRITE would lose it.
    #[must_use]
    pub fn letters(self) -> String {
        let all = self.contains(Self::ALL);
        let classes = Self::CLASSES
            .iter()
            .filter(|(_, flag)| self.contains(*flag) && !(all && Self::ALL.contains(*flag)));
        let places = Self::WHERE.iter().filter(|(_, flag)| self.contains(*flag));
        let letters = classes.chain(places).map(|(letter, _)| char::from(*letter));
        all.then_some('A').into_iter().chain(letters).collect()
    }

    /// Whether all of `other` is in the set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any of `other` is in the set.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set as bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_number(bits: i64) -> Self {
        Self(bits as u32)
    }
}

impl BitOr for NotifyFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_are_written_in_order() {
        for (given, shown) in [
            ("", ""),
            ("KEAm", "AKEm"),
            ("xK", "xK"),
            ("g$lshzxetd", "A"),
            ("ElK", "lKE"),
            ("nA", "An"),
            ("ggg", "g"),
            ("VhITS", "hSTIV"),
        ] {
            assert_eq!(NotifyFlags::parse(given.as_bytes()).unwrap().letters(), shown, "{given}");
        }
        assert_eq!(NotifyFlags::parse(b"Kq"), None);
        assert_eq!(NotifyFlags::parse(b"k"), None);
    }

    #[test]
    fn sets_are_asked() {
        let flags = NotifyFlags::parse(b"Kx").unwrap();
        assert!(flags.contains(NotifyFlags::EXPIRED));
        assert!(!flags.contains(NotifyFlags::EXPIRED | NotifyFlags::KEYEVENT));
        assert!(flags.intersects(NotifyFlags::KEYSPACE | NotifyFlags::KEYEVENT));
        assert_eq!(flags.bits(), 0x101);
    }

    proptest! {
        #[test]
        fn letters_come_back(letters in "[Ag$lshzxeKEtmdnSTIV]{0,20}") {
            let flags = NotifyFlags::parse(letters.as_bytes()).unwrap();
            prop_assert_eq!(NotifyFlags::parse(flags.letters().as_bytes()), Some(flags));
        }
    }
}
