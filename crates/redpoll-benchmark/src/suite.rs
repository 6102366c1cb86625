//! The tests: redis-benchmark's list with its titles, or the command from the command line.

use crate::options::Options;
use crate::random::Random;
use crate::template::{DATA_MARK, find};
use redpoll_client::request;

/// A command to be sent again and again.
#[derive(Debug, Clone)]
pub struct Test {
    /// As printed.
    pub title: String,
    /// The command's bytes; `__rand_int__` is still in them.
    pub command: Vec<u8>,
    /// What "bytes payload" says.
    pub payload: usize,
}

/// One row of the default list.
struct Row {
    title: &'static str,
    /// Names that choose it. Without `-t` every row runs that is not [`Row::on_request`].
    names: &'static [&'static str],
    /// Arguments, with marks. The inline PING has none.
    arguments: &'static [&'static str],
    on_request: bool,
}

const fn row(
    title: &'static str,
    names: &'static [&'static str],
    arguments: &'static [&'static str],
) -> Row {
    Row { title, names, arguments, on_request: false }
}

/// Replaced by a random number when there is a keyspace, and by 0 otherwise.
const SCORE: &str = "__score__";
const KEY: &str = "key:__rand_int__";
const ELEMENT: &str = "element:__rand_int__";
const DATA: &str = "__data__";

const ROWS: &[Row] = &[
    row("PING_INLINE", &["ping", "ping_inline"], &[]),
    row("PING_MBULK", &["ping", "ping_mbulk"], &["PING"]),
    row("SET", &["set"], &["SET", KEY, DATA]),
    row("GET", &["get"], &["GET", KEY]),
    row("INCR", &["incr"], &["INCR", "counter:__rand_int__"]),
    row("LPUSH", &["lpush"], &["LPUSH", "mylist", DATA]),
    row("RPUSH", &["rpush"], &["RPUSH", "mylist", DATA]),
    row("LPOP", &["lpop"], &["LPOP", "mylist"]),
    row("RPOP", &["rpop"], &["RPOP", "mylist"]),
    row("SADD", &["sadd"], &["SADD", "myset", ELEMENT]),
    row("HSET", &["hset"], &["HSET", "myhash", ELEMENT, DATA]),
    row("SPOP", &["spop"], &["SPOP", "myset"]),
    row("ZADD", &["zadd"], &["ZADD", "myzset", SCORE, ELEMENT]),
    row("ZPOPMIN", &["zpopmin"], &["ZPOPMIN", "myzset"]),
    row(
        "LPUSH (needed to benchmark LRANGE)",
        &["lrange", "lrange_100", "lrange_300", "lrange_500", "lrange_600"],
        &["LPUSH", "mylist", DATA],
    ),
    row(
        "LRANGE_100 (first 100 elements)",
        &["lrange", "lrange_100"],
        &["LRANGE", "mylist", "0", "99"],
    ),
    row(
        "LRANGE_300 (first 300 elements)",
        &["lrange", "lrange_300"],
        &["LRANGE", "mylist", "0", "299"],
    ),
    row(
        "LRANGE_500 (first 500 elements)",
        &["lrange", "lrange_500"],
        &["LRANGE", "mylist", "0", "499"],
    ),
    row(
        "LRANGE_600 (first 600 elements)",
        &["lrange", "lrange_600"],
        &["LRANGE", "mylist", "0", "599"],
    ),
    row(
        "MSET (10 keys)",
        &["mset"],
        &[
            "MSET", KEY, DATA, KEY, DATA, KEY, DATA, KEY, DATA, KEY, DATA, KEY, DATA, KEY, DATA,
            KEY, DATA, KEY, DATA, KEY, DATA,
        ],
    ),
    // Newer than the list above, and only run when named, so that a plain run stays comparable.
    Row {
        title: "XADD",
        names: &["xadd"],
        arguments: &["XADD", "mystream", "*", "myfield", DATA],
        on_request: true,
    },
];

/// The tests that the options ask for, in order.
pub fn tests(options: &Options) -> Vec<Test> {
    let data = value(options.data_size);
    if !options.command.is_empty() {
        return vec![own(&options.command, &data)];
    }
    let wanted = |row: &&Row| match &options.tests {
        Some(names) => names.iter().any(|name| row.names.contains(&name.as_str())),
        None => !row.on_request,
    };
    ROWS.iter().filter(wanted).map(|row| listed(row, options, &data)).collect()
}

/// Names among `chosen` that choose nothing.
pub fn unknown(chosen: &[String]) -> impl Iterator<Item = &str> {
    let known = |name: &&str| ROWS.iter().any(|row| row.names.contains(name));
    chosen.iter().map(String::as_str).filter(move |name| !name.is_empty() && !known(name))
}

fn listed(row: &Row, options: &Options, data: &[u8]) -> Test {
    let score = if options.keyspace.is_some() { "__rand_int__" } else { "0" };
    let arguments: Vec<&[u8]> = row
        .arguments
        .iter()
        .map(|argument| match *argument {
            SCORE => score.as_bytes(),
            DATA => data,
            other => other.as_bytes(),
        })
        .collect();
    let mut command = Vec::new();
    if arguments.is_empty() {
        command.extend_from_slice(b"PING\r\n");
    } else {
        request::encode(&mut command, &arguments);
    }
    Test { title: row.title.into(), command, payload: data.len() }
}

/// A command of one's own. Its payload is the whole command, as redis-benchmark counts it.
fn own(words: &[Vec<u8>], data: &[u8]) -> Test {
    let title: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
    let arguments: Vec<Vec<u8>> = words.iter().map(|word| with_data(word, data)).collect();
    let mut command = Vec::new();
    request::encode(&mut command, &arguments);
    Test { title: title.join(" "), payload: command.len(), command }
}

fn with_data(word: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(at) = find(word, DATA_MARK, from) {
        out.extend_from_slice(&word[from..at]);
        out.extend_from_slice(data);
        from = at + DATA_MARK.len();
    }
    out.extend_from_slice(&word[from..]);
    out
}

/// A value of letters and digits. It is the same in every run, so that runs can be compared.
fn value(bytes: usize) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = Random::new(1);
    (0..bytes).map(|_| LETTERS[random.below(LETTERS.len() as u64) as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::tests as suite;
    use super::*;

    fn titles(tests: Option<&str>) -> Vec<String> {
        let tests = tests.map(|names| names.split(',').map(String::from).collect());
        let options = Options { tests, ..Options::default() };
        suite(&options).into_iter().map(|test| test.title).collect()
    }

    #[test]
    fn all_tests_run_when_none_is_named() {
        let all = titles(None);
        assert_eq!(all.len(), 20);
        assert_eq!((all[0].as_str(), all[19].as_str()), ("PING_INLINE", "MSET (10 keys)"));
    }

    #[test]
    fn names_choose() {
        assert_eq!(titles(Some("ping,set")), ["PING_INLINE", "PING_MBULK", "SET"]);
        assert_eq!(
            titles(Some("lrange_300")),
            ["LPUSH (needed to benchmark LRANGE)", "LRANGE_300 (first 300 elements)"]
        );
        assert_eq!(titles(Some("xadd")), ["XADD"]);
        assert_eq!(titles(Some("nonesuch")), [""; 0]);
        let chosen = ["get".to_string(), "nonesuch".to_string()];
        assert_eq!(unknown(&chosen).collect::<Vec<_>>(), ["nonesuch"]);
    }

    #[test]
    fn scores_are_random_only_with_a_keyspace() {
        let command = |keyspace| {
            let tests = Some(vec!["zadd".to_string()]);
            let options = Options { tests, keyspace, ..Options::default() };
            String::from_utf8(suite(&options).remove(0).command).expect("text")
        };
        let common = "*4\r\n$4\r\nZADD\r\n$6\r\nmyzset\r\n";
        assert!(command(None).starts_with(&format!("{common}$1\r\n0\r\n")));
        assert!(command(Some(5)).starts_with(&format!("{common}$12\r\n__rand_int__\r\n")));
    }

    #[test]
    fn own_commands_get_data_in_place_and_are_their_own_payload() {
        let command = vec![b"set".to_vec(), b"a".to_vec(), b"<__data__>".to_vec()];
        let options = Options { command, data_size: 5, ..Options::default() };
        let test = suite(&options).remove(0);
        assert_eq!(test.title, "set a <__data__>");
        assert!(test.command.starts_with(b"*3\r\n$3\r\nset\r\n$1\r\na\r\n$7\r\n<"));
        assert_eq!(test.payload, test.command.len());
    }
}
