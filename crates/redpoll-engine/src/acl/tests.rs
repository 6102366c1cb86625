//! Rules as text and back.

use super::file;
use super::*;
use crate::spec::{Command, Flags, Spec};
use crate::table::CommandTable;
use proptest::prelude::*;

static GET: Command = Command {
    spec: Spec { name: "get", flags: Flags::READONLY.with(Flags::FAST), ..Spec::EMPTY },
    run: |_, _| Ok(()),
};
static SET: Command =
    Command { spec: Spec { name: "set", flags: Flags::WRITE, ..Spec::EMPTY }, run: |_, _| Ok(()) };
static SUB: Command = Command {
    spec: Spec { name: "rewrite", flags: Flags::ADMIN, ..Spec::EMPTY },
    run: |_, _| Ok(()),
};
static CONFIG: Command = Command {
    spec: Spec { name: "config", subcommands: &[&SUB], ..Spec::EMPTY },
    run: |_, _| Ok(()),
};

fn table() -> CommandTable {
    CommandTable::new([&GET, &SET, &CONFIG])
}

fn grammar(commands: &CommandTable) -> Grammar<'_> {
    Grammar { commands, channels_by_default: false, databases: 16 }
}

fn described(rules: &[&str]) -> String {
    let table = table();
    let grammar = grammar(&table);
    let user = User::new(b"u", 1, &grammar).with(rules.iter().map(|r| r.as_bytes()), &grammar);
    String::from_utf8(user.expect("right rules").describe()).expect("text")
}

#[test]
fn the_order_of_command_rules_is_kept() {
    let head = "off sanitize-payload resetchannels";
    for (rules, expected) in [
        (&["+get", "-get"][..], "-@all -get"),
        (&["+@read", "-get", "+@read"], "-@all -get +@read"),
        (&["+get|a", "+GET|A", "+get"], "-@all +get"),
        (&["+config|rewrite", "+get", "-config"], "-@all +get -config"),
        (&["+get", "allcommands", "-@Read"], "+@all -@read"),
        (&["+@all", "nocommands"], "-@all"),
        (&["+set|X"], "-@all +set|x"),
    ] {
        assert_eq!(described(rules), format!("{head} {expected}"), "{rules:?}");
    }
}

#[test]
fn patterns_add_up() {
    let text = described(&["%R~a", "%w~a", "~b", "%W~b", "%rw~c", "%R~d", "&x", "&x"]);
    assert_eq!(text, "off sanitize-payload ~a ~b ~c %R~d resetchannels &x -@all");
    let text = described(&["~a", "allkeys", "&x", "allchannels", "on", "nopass"]);
    assert_eq!(text, "on nopass sanitize-payload ~* &* -@all");
    let text = described(&["%RW~*", "~", "~a"]);
    assert_eq!(text, "off sanitize-payload ~* resetchannels -@all");
    assert_eq!(described(&["~a", "on", "reset"]), "off sanitize-payload resetchannels -@all");
}

fn word() -> impl Strategy<Value = String> {
    let name = "(get|set|config|config\\|rewrite|get\\|[a-z\"' )]{0,3}|nope|@read|@all|@admin|@x)";
    let pattern = "[a-c*\"' )(\\\\?\\[-]{0,4}";
    let flag = prop::sample::select(vec![
        "on",
        "off",
        "nopass",
        "resetpass",
        "reset",
        "allkeys",
        "resetkeys",
        "allchannels",
        "resetchannels",
        "allcommands",
        "nocommands",
        "clearselectors",
        "skip-sanitize-payload",
        "sanitize-payload",
        "alldbs",
        "resetdbs",
        "db=1,2",
        "db=0",
        "db=99",
        ">pw",
        "<pw",
        "#12",
    ]);
    prop_oneof![
        3 => (prop::sample::select(vec!["+", "-"]), name)
            .prop_map(|(sign, name)| sign.to_owned() + &name),
        3 => (prop::sample::select(vec!["~", "%R~", "%W~", "%RW~", "%~", "%", "&"]), pattern)
            .prop_map(|(sign, pattern)| sign.to_owned() + &pattern),
        2 => flag.prop_map(str::to_owned),
        1 => "[(]?[+~&%-][a-z@|~ \"')*]{0,12}[)]?",
    ]
}

fn words() -> impl Strategy<Value = Vec<String>> {
    let selector =
        prop::collection::vec(word(), 0..4).prop_map(|words| format!("({})", words.join(" ")));
    prop::collection::vec(prop_oneof![4 => word(), 1 => selector], 0..10)
}

/// What a description means: everything that checks look at.
fn meaning(user: &User) -> impl PartialEq + std::fmt::Debug {
    let selectors = user.selectors.iter().map(|selector| {
        let commands: Vec<bool> = (0..4)
            .flat_map(|id| {
                [None, Some(&b"a"[..]), Some(b"b")].map(|arg| selector.commands.allow(id, arg))
            })
            .collect();
        // Not the empty key: `*` does not match it, but `%RW~*` is described as `~*`, as in Redis.
        let keys: Vec<bool> = [&b"a"[..], b"b", b"("]
            .iter()
            .flat_map(|key| {
                [patterns::Access::NONE, patterns::Access::READ, patterns::Access::WRITE]
                    .map(|access| selector.keys.allow(key, access))
            })
            .collect();
        (commands, keys, selector.channels.clone(), selector.databases.clone())
    });
    let flags = (user.enabled, user.nopass, user.skips_sanitizing, user.passwords.clone());
    (flags, selectors.collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn a_description_leads_back_to_the_same_user(words in words()) {
        let table = table();
        let grammar = grammar(&table);
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let Ok(rules) = rule::join_selectors(&words) else { return Ok(()) };
        let new = User::new(b"u", 1, &grammar);
        let Ok(user) = new.with(rules.iter().map(|rule| &**rule), &grammar) else { return Ok(()) };
        let users = Users::new(&grammar);
        let text = file::write([&user]);
        let again = file::parse(&users, &text, "f", &grammar);
        let again = again.map_err(|error| TestCaseError::fail(format!("{error}: {text:?}")))?;
        prop_assert_eq!(&again[0].describe(), &user.describe());
        prop_assert_eq!(meaning(&again[0]), meaning(&user));
        // In redis.conf, too.
        let line = file::config_line(&user);
        let words = redpoll_config::quote::split_args(&line).expect("balanced quotes");
        let words: Vec<&[u8]> = words[1..].iter().map(Vec::as_slice).collect();
        let rules = rule::join_selectors(&words).expect("whole selectors");
        let again = new.with(rules.iter().map(|rule| &**rule), &grammar).expect("right rules");
        prop_assert_eq!(again.describe(), user.describe());
    }
}
