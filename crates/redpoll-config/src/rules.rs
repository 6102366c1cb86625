//! What a value must obey beyond its kind. A row of the table names its rule after `check`.

use crate::choice::ShutdownFlags;
use crate::error::ValueError;
use crate::kind::Stage;
use crate::value::Value;

/// Calls per second of background work, at least and at most.
const HZ: std::ops::RangeInclusive<i64> = 1..=500;

/// A backlog smaller than this would be of no use.
const BACKLOG_BYTES_MIN: i64 = 16 << 10;

/// Host names are shorter than this.
const HOST_NAME_MAX: usize = 256;

/// A rule: refuses a value, or passes it on, perhaps bent into its bounds.
pub(crate) type Rule = fn(Value, Stage) -> Result<Value, ValueError>;

/// The rule of directives that have none.
pub(crate) fn anything(value: Value, _: Stage) -> Result<Value, ValueError> {
    Ok(value)
}

/// `hz` takes any number and caps it.
pub(crate) fn cap_hz(value: Value, _: Stage) -> Result<Value, ValueError> {
    match value {
        Value::Number(hz) => Ok(Value::Number(hz.clamp(*HZ.start(), *HZ.end()))),
        other => Ok(other),
    }
}

/// `repl-backlog-size` takes any size and raises small ones.
pub(crate) fn raise_backlog(value: Value, _: Stage) -> Result<Value, ValueError> {
    match value {
        Value::Number(bytes) => Ok(Value::Number(bytes.max(BACKLOG_BYTES_MIN))),
        other => Ok(other),
    }
}

/// The carriers of sync tables are known ones.
pub(crate) fn sync_carriers(value: Value, _: Stage) -> Result<Value, ValueError> {
    check_text(value, |names| {
        let mut names = names.split(|byte| *byte == b',');
        match names.all(|name| [&b"rdma"[..], b"shm", b"tcp"].contains(&name.trim_ascii())) {
            true => Ok(()),
            false => Err("carriers are rdma, shm and tcp, separated by commas"),
        }
    })
}

/// The allocator cannot tell which pages are fragmented. A file that asks for defragmentation still
/// starts the server; asking for it at run time is answered honestly.
pub(crate) fn no_defragmentation(value: Value, stage: Stage) -> Result<Value, ValueError> {
    match value {
        Value::Number(1) if stage == Stage::Run => Err(ValueError::Rule(
            "Active defragmentation cannot be enabled: it requires a Redis server compiled with a \
             modified Jemalloc like the one shipped by default with the Redis source distribution",
        )),
        other => Ok(other),
    }
}

/// Saving and not saving exclude each other.
pub(crate) fn save_or_not(value: Value, _: Stage) -> Result<Value, ValueError> {
    if let Value::Number(bits) = value {
        let flags = ShutdownFlags::from_number(bits);
        if flags.save() && flags.nosave() {
            return Err(ValueError::Rule(
                "shutdown options SAVE and NOSAVE can't be used simultaneously",
            ));
        }
    }
    Ok(value)
}

/// A snapshot's name has no directory.
pub(crate) fn snapshot_name(value: Value, _: Stage) -> Result<Value, ValueError> {
    check_text(value, |name| match name {
        _ if is_path(name) => Err("dbfilename can't be a path, just a filename"),
        _ => Ok(()),
    })
}

/// An append-only file's name has no directory and is not empty.
pub(crate) fn append_file_name(value: Value, _: Stage) -> Result<Value, ValueError> {
    check_text(value, |name| match name {
        b"" => Err("appendfilename can't be empty"),
        _ if is_path(name) => Err("appendfilename can't be a path, just a filename"),
        _ => Ok(()),
    })
}

/// The append-only directory is a direct child of `dir`.
pub(crate) fn append_dir_name(value: Value, _: Stage) -> Result<Value, ValueError> {
    check_text(value, |name| match name {
        b"" => Err("appenddirname can't be empty"),
        _ if is_path(name) => Err("appenddirname can't be a path, just a dirname"),
        _ => Ok(()),
    })
}

/// A host name other nodes can write into their files.
pub(crate) fn host_name(value: Value, _: Stage) -> Result<Value, ValueError> {
    check_text(value, |name| match name {
        _ if name.len() >= HOST_NAME_MAX => Err("Hostnames must be less than 256 characters"),
        _ if name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte)) => Ok(()),
        _ => Err("Hostnames may only contain alphanumeric characters, hyphens or dots"),
    })
}

/// A node's name for people, free of what separates fields in cluster files.
pub(crate) fn node_name(value: Value, _: Stage) -> Result<Value, ValueError> {
    const RESERVED: &[u8] = b"!#$%&()*+:;<>?@[]^{|}~\0";
    check_text(value, |name| match name.iter().any(|byte| RESERVED.contains(byte)) {
        true => Err("Announced human node name contained invalid character"),
        false => Ok(()),
    })
}

/// The template of the process title: known variables in braces, `{{` for a brace, and a result
/// that is not blank where the title itself is.
pub(crate) fn title_template(value: Value, _: Stage) -> Result<Value, ValueError> {
    check_text(value, |template| match template_leaves_text(template) {
        Some(true) => Ok(()),
        _ => Err("template format is invalid or contains unknown variables"),
    })
}

/// Whether expanding the template gives anything, or `None` if it is malformed.
fn template_leaves_text(mut rest: &[u8]) -> Option<bool> {
    let mut leaves = false;
    loop {
        rest = match rest {
            [] => return Some(leaves),
            [b'{', b'{', after @ ..] => {
                leaves = true;
                after
            }
            [b'{', after @ ..] => {
                let end = after.iter().position(|byte| *byte == b'}')?;
                match &after[..end] {
                    // These may all be empty, and are when the template is checked.
                    b"title" | b"server-mode" | b"unixsocket" | b"config-file" => {}
                    b"listen-addr" | b"port" | b"tls-port" => leaves = true,
                    _ => return None,
                }
                &after[end + 1..]
            }
            [byte, after @ ..] => {
                leaves |= *byte != b' ';
                after
            }
        }
    }
}

fn is_path(name: &[u8]) -> bool {
    name.iter().any(|byte| matches!(byte, b'/' | b'\\'))
}

fn check_text(
    value: Value,
    check: impl FnOnce(&[u8]) -> Result<(), &'static str>,
) -> Result<Value, ValueError> {
    if let Value::Text(text) = &value {
        check(text).map_err(ValueError::Rule)?;
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(rule: Rule, text: &str) -> bool {
        rule(Value::Text(text.into()), Stage::Run).is_ok()
    }

    #[test]
    fn file_names_are_no_paths() {
        assert!(passes(snapshot_name, "dump.rdb") && passes(snapshot_name, ""));
        assert!(!passes(snapshot_name, "a/b") && !passes(snapshot_name, "a\\b"));
        assert!(!passes(append_file_name, "") && !passes(append_dir_name, ""));
        assert!(!passes(append_file_name, "../x") && !passes(append_dir_name, "x/y"));
    }

    #[test]
    fn names_of_hosts_and_nodes() {
        assert!(passes(host_name, "node-1.example") && passes(host_name, ""));
        assert!(!passes(host_name, "node_1") && !passes(host_name, &"a".repeat(256)));
        assert!(passes(node_name, "shard one, node-2") && !passes(node_name, "a:b"));
    }

    #[test]
    fn title_templates() {
        for good in ["{title} {listen-addr} {server-mode}", "a {{b", "{port}", "x"] {
            assert!(passes(title_template, good), "{good}");
        }
        for bad in ["", "  ", "{title} {server-mode}", "a {b", "{", "{nothing}", "{title"] {
            assert!(!passes(title_template, bad), "{bad}");
        }
    }

    #[test]
    fn carriers_are_known() {
        for good in ["tcp", "rdma,shm,tcp", "tcp, shm"] {
            assert!(passes(sync_carriers, good), "{good}");
        }
        for bad in ["", "udp", "tcp,", "tcp shm"] {
            assert!(!passes(sync_carriers, bad), "{bad}");
        }
    }

    #[test]
    fn numbers_are_bent_or_refused() {
        assert_eq!(cap_hz(Value::Number(0), Stage::Load).unwrap(), Value::Number(1));
        assert_eq!(cap_hz(Value::Number(1000), Stage::Load).unwrap(), Value::Number(500));
        assert_eq!(raise_backlog(Value::Number(1), Stage::Run).unwrap(), Value::Number(16384));
        assert!(no_defragmentation(Value::Number(1), Stage::Load).is_ok());
        assert!(no_defragmentation(Value::Number(1), Stage::Run).is_err());
        assert!(no_defragmentation(Value::Number(0), Stage::Run).is_ok());
        assert!(save_or_not(Value::Number(3), Stage::Run).is_err());
        assert!(save_or_not(Value::Number(12), Stage::Run).is_ok());
    }
}
