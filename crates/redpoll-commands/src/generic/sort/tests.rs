//! SORT over lists, sets and sorted sets, made with the types themselves.

use crate::testing::TestServer;
use redpoll_engine::Session;
use redpoll_keyspace::Owned;
use redpoll_resp::OwnedArgs;
use redpoll_types::hash::{Hash, Ttl};
use redpoll_types::limits::Limits;
use redpoll_types::list::List;
use redpoll_types::set::Set;
use redpoll_types::value::Value;
use redpoll_types::zset::ZSet;

struct Sorter {
    server: TestServer,
    client: Session,
}

impl Sorter {
    fn new() -> Self {
        let server = TestServer::new();
        let client = server.client();
        Sorter { server, client }
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        let keyspace = &self.server.engine.keyspace;
        let mut keys = keyspace.keys(0, self.server.now);
        keys.lock_key(key.as_bytes());
        keys.put(key.as_bytes(), Owned::Value(value.into()), None);
    }

    fn list(&mut self, key: &str, elements: &str) {
        let mut list = List::new();
        for element in elements.split(' ') {
            list.push_back(element.as_bytes(), &Limits::default());
        }
        self.put(key, list);
    }

    fn set(&mut self, key: &str, members: &str) {
        let mut set = Set::new();
        for member in members.split(' ') {
            set.add(member.as_bytes(), &Limits::default());
        }
        self.put(key, set);
    }

    fn zset(&mut self, key: &str, members: &[(&str, f64)]) {
        let mut zset = ZSet::new();
        for (member, score) in members {
            zset.insert(member.as_bytes(), *score, &Limits::default());
        }
        self.put(key, zset);
    }

    fn hash(&mut self, key: &str, field: &str, value: &str) {
        let mut hash = Hash::new();
        let now = self.server.now as u64;
        hash.set(field.as_bytes(), value.as_bytes(), Ttl::Clear, now, &Limits::default());
        self.put(key, hash);
    }

    #[track_caller]
    fn check(&mut self, commands: &str, expected: &str) {
        let replies: Vec<String> =
            commands.split(" | ").map(|line| self.server.run(&mut self.client, line)).collect();
        assert_eq!(replies.join(" | "), expected, "{commands}");
    }
}

#[test]
fn numbers_and_texts() {
    let mut sorter = Sorter::new();
    sorter.list("l", "3 10 1.5 -2 1e1");
    sorter.check("SORT l | SORT l DESC", "[-2 1.5 3 10 1e1] | [1e1 10 3 1.5 -2]");
    sorter.check("SORT l ALPHA", "[-2 1.5 10 1e1 3]");
    sorter.set("s", "pear apple fig");
    sorter.check("SORT s ALPHA | SORT s alpha desc", "[apple fig pear] | [pear fig apple]");
    sorter.check("SORT s", "ERR One or more scores can't be converted into double");
    sorter.check("SORT none | SORT none STORE x | EXISTS x", "[] | 0 | 0");
    sorter.check(
        "SET k v | SORT k",
        "OK | WRONGTYPE Operation against a key holding the wrong kind of value",
    );
}

#[test]
fn windows() {
    let mut sorter = Sorter::new();
    sorter.list("l", "5 3 9 1 7");
    for (limit, expected) in [
        ("0 2", "[1 3]"),
        ("3 10", "[7 9]"),
        ("5 1", "[]"),
        ("1 0", "[]"),
        ("-4 2", "[1 3]"),
        ("2 -1", "[5 7 9]"),
        ("0 9223372036854775807", "[1 3 5 7 9]"),
    ] {
        sorter.check(&format!("SORT l LIMIT {limit}"), expected);
    }
    sorter.check("SORT l DESC LIMIT 1 2 | SORT l BY nosort LIMIT 1 2", "[7 5] | [3 9]");
    sorter.check("SORT l BY nosort DESC | SORT l BY nosort DESC LIMIT 0 2", "[7 1 9 3 5] | [7 1]");
    sorter.zset("z", &[("c", 1.0), ("a", 2.0), ("b", 3.0)]);
    sorter.check(
        "SORT z BY nosort | SORT z BY nosort DESC LIMIT 1 5 | SORT z ALPHA",
        "[c a b] | [a c] | [a b c]",
    );
}

#[test]
fn weights_in_other_keys() {
    let mut sorter = Sorter::new();
    sorter.list("l", "1 2 3");
    sorter.check(
        "MSET w_1 30 w_2 10 w_3 20 | SORT l BY w_* | SORT l BY w_* DESC",
        "OK | [2 3 1] | [1 3 2]",
    );
    sorter.check("DEL w_1 | SORT l BY w_* | SORT l BY w_* LIMIT 1 1", "1 | [1 2 3] | [2]");
    sorter.check("MSET n_1 pear n_2 fig n_3 apple | SORT l BY n_* ALPHA", "OK | [3 2 1]");
    sorter.check("SORT l BY n_*", "ERR One or more scores can't be converted into double");
    sorter
        .check("DEL n_2 | SORT l BY n_* ALPHA | SORT l BY n_* ALPHA DESC", "1 | [2 3 1] | [1 3 2]");
    for (number, weight) in [("1", "9"), ("2", "7"), ("3", "8")] {
        sorter.hash(&format!("h_{number}"), "weight", weight);
    }
    sorter.check("SORT l BY h_*->weight | SORT l BY h_*->none", "[2 3 1] | [1 2 3]");
    sorter.check("SORT l BY h_*", "[1 2 3]");
}

#[test]
fn equal_weights_go_by_element_or_stay() {
    let mut sorter = Sorter::new();
    sorter.list("l", "c a b");
    sorter.check("SORT l BY w_* | SORT l BY w_* DESC", "[a b c] | [c b a]");
    sorter.check("SORT l BY w_* ALPHA | SORT l BY w_* ALPHA DESC", "[c a b] | [c a b]");
}

#[test]
fn values_in_other_keys() {
    let mut sorter = Sorter::new();
    sorter.list("l", "2 1");
    sorter.hash("h_1", "f", "one");
    sorter.check("MSET o_1 a o_2 12 | SORT l GET o_*", "OK | [a 12]");
    sorter.check("SORT l GET # GET o_* GET h_*->f GET fixed", "[1 a one nil 2 12 nil nil]");
    sorter.check("SORT l GET h_* GET o_*->f GET h_*->", "[nil nil nil nil nil nil]");
    sorter.check("SORT_RO l BY nosort GET #", "[2 1]");
}

#[test]
fn stores_a_list() {
    let mut sorter = Sorter::new();
    sorter.list("l", "3 1 2");
    sorter.check("SET d x EX 9 | SORT l STORE d | TYPE d | TTL d", "OK | 3 | list | -1");
    sorter.check(
        "SORT d BY nosort | SORT d DESC STORE d | SORT d BY nosort",
        "[1 2 3] | 3 | [3 2 1]",
    );
    sorter.check("SET o_1 x | SORT l GET o_* STORE d | SORT d BY nosort", "OK | 3 | [x \"\" \"\"]");
    sorter.check("SORT l LIMIT 9 1 STORE d | EXISTS d", "0 | 0");
    sorter.set("s", "c b a");
    sorter.check("SORT s BY nosort STORE d | SORT d BY nosort", "3 | [a b c]");
    sorter.check(
        "SORT s STORE d | SORT d BY nosort",
        "ERR One or more scores can't be converted into double | [a b c]",
    );
}

#[test]
fn refuses_bad_options() {
    let mut sorter = Sorter::new();
    for options in ["FOO", "LIMIT 1", "BY", "GET", "STORE"] {
        sorter.check(&format!("SORT l {options}"), "ERR syntax error");
    }
    sorter.check("SORT_RO l STORE d", "ERR syntax error");
    sorter.check("SORT l LIMIT x 1", "ERR value is not an integer or out of range");
}

#[test]
fn the_last_destination_counts() {
    let mut sorter = Sorter::new();
    sorter.list("l", "2 1");
    sorter.check("SORT l STORE x STORE y | EXISTS x | EXISTS y", "2 | 0 | 1");
    let keys = |line: &str| {
        let args: OwnedArgs = line.split(' ').map(str::as_bytes).collect();
        let args = args.as_args();
        let positions = super::SORT.spec.key_positions(args);
        let names = positions.iter().map(|key| String::from_utf8_lossy(args.at(key.index)));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(keys("SORT l"), "l");
    assert_eq!(keys("SORT l STORE x ALPHA store y"), "l y");
    assert_eq!(keys("SORT store ALPHA"), "store");
}
