//! What the server says about its commands (`COMMAND DOCS`): the source of help, completion and
//! hints. Nothing is compiled in, so that they are right for whatever server is connected,
//! commands of modules included.

use redpoll_client::Value;

/// How deep argument blocks may nest; a server that says more is not believed.
const DEPTH_MAX: usize = 16;

/// All commands, in the order of their names.
#[derive(Debug, Default)]
pub struct Docs {
    /// Commands and subcommands.
    pub commands: Vec<Command>,
    /// The names of all groups, in order.
    pub groups: Vec<String>,
}

/// One command or subcommand.
#[derive(Debug, Default)]
pub struct Command {
    /// The words of its name, in upper case: one, or two for a subcommand.
    pub words: Vec<String>,
    /// One sentence.
    pub summary: String,
    /// The version that had it first.
    pub since: String,
    /// The group it belongs to.
    pub group: String,
    /// Its arguments.
    pub arguments: Vec<Argument>,
}

/// One argument of a command.
#[derive(Debug, Default)]
pub struct Argument {
    /// What it is called in a syntax line.
    pub name: String,
    /// What it may be.
    pub kind: Kind,
    /// The literal word in front of it, or instead of it.
    pub token: Option<String>,
    /// It may be left out.
    pub optional: bool,
    /// It may be repeated.
    pub multiple: bool,
    /// Its token is repeated with it.
    pub multiple_token: bool,
    /// The parts of a block, or the alternatives.
    pub parts: Vec<Argument>,
}

/// What an argument may be.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any word.
    #[default]
    Word,
    /// An integer.
    Integer,
    /// A number.
    Double,
    /// Only its token.
    Token,
    /// One of its parts.
    OneOf,
    /// All of its parts, in order.
    Block,
}

impl Docs {
    /// Reads the reply of `COMMAND DOCS`, in either protocol version.
    pub fn from_reply(reply: &Value) -> Self {
        let mut docs = Self::default();
        for (name, details) in reply.pairs() {
            docs.add(&[&text(name)], details);
        }
        docs.commands.sort_by(|a, b| a.words.cmp(&b.words));
        docs.groups = docs.commands.iter().map(|command| command.group.clone()).collect();
        docs.groups.retain(|group| !group.is_empty());
        docs.groups.sort();
        docs.groups.dedup();
        docs
    }

    /// Reads the reply of `COMMAND`, for servers that know no more: names and the number of
    /// arguments.
    pub fn from_command_reply(reply: &Value) -> Self {
        let commands = reply.as_slice().unwrap_or_default();
        let mut docs = Self::default();
        for command in commands {
            let [name, arity, _flags, first_key, ..] = command.as_slice().unwrap_or_default()
            else {
                continue;
            };
            docs.commands.push(Command {
                words: vec![text(name).to_uppercase()],
                summary: "Help not available".to_owned(),
                since: "Not known".to_owned(),
                group: "generic".to_owned(),
                arguments: counted(arity.as_i64().unwrap_or(0), first_key.as_i64() == Some(1)),
            });
        }
        docs.commands.sort_by(|a, b| a.words.cmp(&b.words));
        docs.groups = vec!["generic".to_owned()];
        docs
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// The command that a line begins with: the one with the longest name.
    pub fn find(&self, words: &[String]) -> Option<&Command> {
        self.commands
            .iter()
            .filter(|command| {
                command.words.len() <= words.len()
                    && command.words.iter().zip(words).all(|(a, b)| a.eq_ignore_ascii_case(b))
            })
            .max_by_key(|command| command.words.len())
    }

    /// Adds a command and its subcommands.
    fn add(&mut self, name: &[&str], details: &Value) {
        let field = |key: &str| details.field(key).map(text).unwrap_or_default();
        self.commands.push(Command {
            words: name.iter().map(|word| word.to_uppercase()).collect(),
            summary: field("summary"),
            since: field("since"),
            group: field("group"),
            arguments: details
                .field("arguments")
                .map(|list| arguments(list, 0))
                .unwrap_or_default(),
        });
        // Subcommands have none themselves.
        let [parent] = name else { return };
        let Some(subcommands) = details.field("subcommands") else { return };
        for (name, details) in subcommands.pairs() {
            let name = text(name);
            let own = name.split_once('|').map_or(name.as_str(), |(_, own)| own);
            self.add(&[*parent, own], details);
        }
    }
}

impl Command {
    /// The name as one text.
    pub fn name(&self) -> String {
        self.words.join(" ")
    }
}

fn arguments(list: &Value, depth: usize) -> Vec<Argument> {
    if depth == DEPTH_MAX {
        return Vec::new();
    }
    list.as_slice().unwrap_or_default().iter().map(|one| argument(one, depth)).collect()
}

fn argument(details: &Value, depth: usize) -> Argument {
    let field = |key: &str| details.field(key).map(text);
    let flags: Vec<String> = details
        .field("flags")
        .and_then(Value::as_slice)
        .map(|flags| flags.iter().map(text).collect())
        .unwrap_or_default();
    let flag = |name: &str| flags.iter().any(|flag| flag == name);
    let kind = match field("type").as_deref() {
        Some("integer" | "unix-time") => Kind::Integer,
        Some("double") => Kind::Double,
        Some("pure-token") => Kind::Token,
        Some("oneof") => Kind::OneOf,
        Some("block") => Kind::Block,
        _ => Kind::Word,
    };
    Argument {
        name: field("display_text").or(field("name")).unwrap_or_default(),
        kind,
        token: field("token"),
        optional: flag("optional"),
        multiple: flag("multiple"),
        multiple_token: flag("multiple_token"),
        parts: details.field("arguments").map(|l| arguments(l, depth + 1)).unwrap_or_default(),
    }
}

/// Arguments made up from a command's arity.
fn counted(arity: i64, has_key: bool) -> Vec<Argument> {
    let named = |name: &str| Argument { name: name.to_owned(), ..Argument::default() };
    // The name counts; no command demands more than a handful.
    let required = arity.unsigned_abs().saturating_sub(1).min(8);
    let mut list: Vec<Argument> =
        (0..required).map(|i| named(if i == 0 && has_key { "key" } else { "arg" })).collect();
    if arity < 0 {
        list.push(Argument { optional: true, multiple: true, ..named("arg") });
    }
    list
}

fn text(value: &Value) -> String {
    value.as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::Bulk(text.as_bytes().to_vec())
    }

    #[test]
    fn subcommands_are_commands_of_two_words() {
        let list = Value::Array(vec![
            bulk("client|list"),
            Value::Array(vec![bulk("summary"), bulk("Lists."), bulk("group"), bulk("g")]),
        ]);
        let client = Value::Map(vec![(bulk("group"), bulk("g")), (bulk("subcommands"), list)]);
        let docs = Docs::from_reply(&Value::Map(vec![(bulk("client"), client)]));
        let names: Vec<String> = docs.commands.iter().map(Command::name).collect();
        assert_eq!(names, ["CLIENT", "CLIENT LIST"]);
        assert_eq!(docs.groups, ["g"]);
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(docs.find(&words("client list x")).unwrap().summary, "Lists.");
        assert_eq!(docs.find(&words("client x")).unwrap().name(), "CLIENT");
        assert!(docs.find(&words("clien")).is_none());
    }

    #[test]
    fn nonsense_from_a_server_is_survived() {
        let docs = Docs::from_reply(&Value::Array(vec![Value::Null, Value::Null, Value::Null]));
        assert_eq!(docs.commands.len(), 1);
        assert!(Docs::from_reply(&Value::Integer(1)).is_empty());
        assert!(Docs::from_command_reply(&Value::Array(vec![bulk("x")])).is_empty());
    }
}
