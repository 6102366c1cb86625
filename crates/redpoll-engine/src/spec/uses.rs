//! What a call does to its keys, where that depends on its other words.
//!
//! Key specifications say where keys are as well as clients can be told. For a few commands that is
//! not exact: SET reads only with GET, and in `SORT k STORE a BY store` the last `store` is no
//! option. Locks and permissions need the exact answer, which is here.

use super::{KeyFlags, KeyPosition, KeySpec, Spec};
use redpoll_resp::Args;

impl Spec {
    /// The positions of all keys of a call, and what this call does to each.
    pub fn key_uses(&self, args: Args<'_>) -> Vec<KeyPosition> {
        let mut positions = self.key_positions(args);
        for position in positions.iter_mut().filter(|position| position.flags.varies()) {
            position.flags = settled(self.name, args).unwrap_or(position.flags);
        }
        positions
    }
}

/// What a call does to its key, where the specification leaves that open.
fn settled(name: &str, args: Args<'_>) -> Option<KeyFlags> {
    let has = |word: &str| (3..args.len()).any(|index| args.is(index, word));
    match name {
        "set" if has("get") => Some(KeySpec::at(1).rw().access().update().flags),
        "set" => Some(KeySpec::at(1).ow().update().flags),
        "bitfield" if has("set") || has("incrby") || args.is(2, "set") || args.is(2, "incrby") => {
            Some(KeySpec::at(1).rw().access().update().flags)
        }
        "bitfield" => Some(KeySpec::at(1).ro().access().flags),
        _ => None,
    }
}

/// Finds the keys of a call; the first specification is of the key that is read, the second of
/// the one that is stored to.
type Scan = fn(&[KeySpec], Args<'_>) -> Vec<KeyPosition>;

/// How a command's keys are found whose options must be read for it.
pub(super) fn scan(name: &str) -> Option<Scan> {
    match name {
        "sort" => Some(|specs, args| {
            stored(specs, args, 2, |word| match word {
                _ if is(word, "limit") => Some(3),
                _ if is(word, "get") || is(word, "by") => Some(2),
                _ => None,
            })
        }),
        "georadius" => Some(|specs, args| stored(specs, args, 6, |_| None)),
        "georadiusbymember" => Some(|specs, args| stored(specs, args, 5, |_| None)),
        "migrate" => Some(migrated),
        _ => None,
    }
}

fn is(word: &[u8], option: &str) -> bool {
    word.eq_ignore_ascii_case(option.as_bytes())
}

/// The key at 1, and the one behind the last STORE or STOREDIST, which is the one that counts.
/// `option` says how many words an option takes that is neither of them.
fn stored(
    specs: &[KeySpec],
    args: Args<'_>,
    from: usize,
    option: fn(&[u8]) -> Option<usize>,
) -> Vec<KeyPosition> {
    let flags = |index: usize| specs.get(index).map(|spec| spec.flags).unwrap_or_default();
    let mut positions = vec![KeyPosition { index: 1, flags: flags(0) }];
    let mut at = from;
    while let Some(word) = args.get(at) {
        let stores = is(word, "store") || is(word, "storedist");
        if stores && at + 1 < args.len() {
            positions.truncate(1);
            positions.push(KeyPosition { index: at + 1, flags: flags(1) });
        }
        at += if stores { 2 } else { option(word).unwrap_or(1) };
    }
    positions.retain(|position| position.index < args.len());
    positions
}

/// MIGRATE's key, or those behind KEYS where the one is empty. A password may be the word itself.
fn migrated(specs: &[KeySpec], args: Args<'_>) -> Vec<KeyPosition> {
    let flags = |index: usize| specs.get(index).map(|spec| spec.flags).unwrap_or_default();
    let mut at = 6;
    while let Some(word) = args.get(at) {
        at += match word {
            _ if is(word, "keys") && !args.at(3).is_empty() => return Vec::new(),
            _ if is(word, "keys") => {
                let rest = at + 1..args.len();
                return rest.map(|index| KeyPosition { index, flags: flags(1) }).collect();
            }
            _ if is(word, "auth") => 2,
            _ if is(word, "auth2") => 3,
            _ => 1,
        };
    }
    vec![KeyPosition { index: 3, flags: flags(0) }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use redpoll_resp::OwnedArgs;

    fn keys(spec: &Spec, line: &str) -> String {
        let args: OwnedArgs = line.split(' ').map(str::as_bytes).collect();
        let args = args.as_args();
        let words = spec.key_uses(args).into_iter().filter_map(|position| args.get(position.index));
        words.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_that_look_like_others_hide_no_key() {
        const STORES: &[KeySpec] =
            &[KeySpec::at(1).ro().access(), KeySpec::after("STORE", -2).ow().update()];
        let sort = Spec { name: "sort", keys: STORES, ..Spec::EMPTY };
        assert_eq!(keys(&sort, "SORT k"), "k");
        assert_eq!(keys(&sort, "SORT k STORE secret BY store ASC"), "k secret");
        assert_eq!(keys(&sort, "SORT k STORE a LIMIT 0 1 STORE b GET store"), "k b");
        let geo = Spec { name: "georadius", keys: STORES, ..Spec::EMPTY };
        let line = "GEORADIUS k 1 2 3 m STOREDIST store STORE secret";
        assert_eq!(keys(&geo, line), "k secret");
    }
}
