//! Target: users that rules make are described so that the description makes the same user.
//!
//! The input is lines; each is the words of one ACL SETUSER, split at spaces. After each that is
//! accepted, the users as an ACL file and as lines of redis.conf must be read back to the same
//! description, and permissions must agree. At last the input is read as an ACL file itself, which
//! is taken whole or leaves everything as it was.

use redpoll_config::Config;
use redpoll_config::quote::split_args;
use redpoll_engine::Engine;
use redpoll_engine::acl::check::Call;
use redpoll_engine::acl::{Grammar, User, check, file, rule};
use redpoll_engine::engine::ProcessInfo;
use redpoll_resp::OwnedArgs;
use std::cell::OnceCell;
use std::sync::Arc;

/// The longest input that is tried.
const INPUT_MAX: usize = 4096;

/// Calls whose permission is compared.
const CALLS: [&str; 8] = [
    "get a",
    "set b v get",
    "sort a store c by store",
    "publish a m",
    "psubscribe a*",
    "select 3",
    "config get maxmemory",
    "flushall",
];

thread_local! {
    static ENGINE: OnceCell<Engine> = const { OnceCell::new() };
}

/// The target.
pub fn run(data: &[u8]) {
    ENGINE.with(|engine| {
        let new = || {
            let config = Arc::new(Config::new());
            Engine::new(config, redpoll_commands::all(), ProcessInfo::default())
        };
        run_with(engine.get_or_init(new), &data[..data.len().min(INPUT_MAX)]);
    });
}

fn run_with(engine: &Engine, data: &[u8]) {
    let grammar = engine.acl_grammar();
    let mut user = User::new(b"u", 1, &grammar);
    for line in data.split(|byte| *byte == b'\n') {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let Ok(rules) = rule::join_selectors(&words) else { continue };
        let Ok(changed) = user.with(rules.iter().map(Vec::as_slice), &grammar) else { continue };
        read_back(engine, &changed, &grammar);
        user = changed;
    }
    let before = engine.users.all();
    match file::parse(&engine.users, data, "f", &grammar) {
        Ok(users) => users.iter().for_each(|user| read_back(engine, user, &grammar)),
        Err(errors) => assert!(errors.contains("no change to the previously active ACL rules")),
    }
    assert_eq!(before.len(), engine.users.all().len(), "reading alone changes nothing");
}

/// Reads the user's description back, as both kinds of files have it.
fn read_back(engine: &Engine, user: &User, grammar: &Grammar<'_>) {
    let text = file::write([user]);
    let shown = text.escape_ascii();
    let again = file::parse(&engine.users, &text, "f", grammar);
    let again = again.unwrap_or_else(|errors| panic!("{errors}: {shown}"));
    same(engine, user, &again[0]);
    let line = file::config_line(user);
    let words = split_args(&line).unwrap_or_else(|| panic!("unbalanced: {shown}"));
    let rules: Vec<&[u8]> = words[1..].iter().map(Vec::as_slice).collect();
    let rules = rule::join_selectors(&rules).unwrap_or_else(|_| panic!("open: {shown}"));
    let new = User::new(&user.name, 1, grammar);
    let again = new.with(rules.iter().map(Vec::as_slice), grammar);
    same(engine, user, &again.unwrap_or_else(|(_, error)| panic!("{error:?}: {shown}")));
}

fn same(engine: &Engine, one: &User, other: &User) {
    let text = one.describe();
    assert_eq!(text.escape_ascii().to_string(), other.describe().escape_ascii().to_string());
    for line in CALLS {
        let args: OwnedArgs = line.split(' ').map(str::as_bytes).collect();
        let table = &engine.commands;
        let Some(id) = table.find(line.split(' ').next().unwrap_or_default().as_bytes()) else {
            continue;
        };
        let call = Call { command: table.row(id).command, id, args: args.as_args(), db: 0 };
        assert_eq!(check(one, call), check(other, call), "{line}: {}", text.escape_ascii());
    }
}

/// Inputs to begin with: every kind of rule.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "on >pw +@all -@dangerous +config|get ~* &*",
        "+@read -get +select|0 ~a %R~b* %W~c %RW~d &x\n(+get ~k) (-@all\n+set %W~w) reset",
        "allkeys allchannels allcommands\nresetkeys resetchannels nocommands nopass resetpass off",
        "db=0,3 (alldbs +get) (resetdbs)\nclearselectors skip-sanitize-payload sanitize-payload",
        "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 <pw !12 >pw",
        "user a on +@all\nuser default on nopass ~* &* +@all\n\nuser b (+get",
        "~a\"b ~'c' (~d) &) %~x +get|\" (+get ~\"e)",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}
