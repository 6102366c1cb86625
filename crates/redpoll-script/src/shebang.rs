//! The first line of a script or library, `#!lua name=x flags=a,b`, and the flags it may name.

use redpoll_config::quote::split_args;

/// Bits of what a script or function may do and needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptFlags(u8);

impl ScriptFlags {
    /// It writes nothing.
    pub const NO_WRITES: ScriptFlags = ScriptFlags(1);
    /// It may run above maxmemory.
    pub const ALLOW_OOM: ScriptFlags = ScriptFlags(2);
    /// It may run on a replica with old data.
    pub const ALLOW_STALE: ScriptFlags = ScriptFlags(4);
    /// It must not run in cluster mode.
    pub const NO_CLUSTER: ScriptFlags = ScriptFlags(8);
    /// It may touch keys of several slots.
    pub const CROSS_SLOT: ScriptFlags = ScriptFlags(16);
    /// It has no shebang line: the rules of old apply.
    pub const COMPATIBLE: ScriptFlags = ScriptFlags(32);

    /// The flags that have names, in the order of their listing.
    pub const NAMES: &'static [(ScriptFlags, &'static str)] = &[
        (ScriptFlags::NO_WRITES, "no-writes"),
        (ScriptFlags::ALLOW_OOM, "allow-oom"),
        (ScriptFlags::ALLOW_STALE, "allow-stale"),
        (ScriptFlags::NO_CLUSTER, "no-cluster"),
        (ScriptFlags::CROSS_SLOT, "allow-cross-slot-keys"),
    ];

    /// Whether all of `other` are here.
    pub fn has(self, other: ScriptFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together.
    pub fn with(self, other: ScriptFlags) -> ScriptFlags {
        ScriptFlags(self.0 | other.0)
    }

    /// The flag with this name.
    pub fn named(name: &[u8]) -> Option<ScriptFlags> {
        let mut all = Self::NAMES.iter();
        all.find(|(_, text)| text.as_bytes() == name).map(|(flag, _)| *flag)
    }

    /// The names of what is here.
    pub fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| *name)
    }
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where the first line ends.
fn line_end(body: &[u8]) -> Option<usize> {
    body.iter().position(|&byte| byte == b'\n')
}

/// The words of the first line, which may be quoted.
fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    split_args(line).filter(|words| !words.is_empty())
}

/// A script's flags and the length of its shebang line; its line end is not part of it, so that
/// Lua counts lines as the author does.
pub(crate) fn of_script(body: &[u8]) -> Result<(ScriptFlags, usize), String> {
    if !body.starts_with(b"#!") {
        return Ok((ScriptFlags::COMPATIBLE, 0));
    }
    let end = line_end(body).ok_or("Invalid script shebang")?;
    let words = words(&body[..end]).ok_or("Invalid engine in script shebang")?;
    let (engine, options) = words.split_first().ok_or("Invalid engine in script shebang")?;
    if engine != b"#!lua" {
        return Err(format!("Unexpected engine in script shebang: {}", show(engine)));
    }
    let mut flags = ScriptFlags::default();
    for option in options {
        let Some(names) = option.strip_prefix(b"flags=") else {
            return Err(format!("Unknown lua shebang option: {}", show(option)));
        };
        for name in names.split(|&byte| byte == b',').filter(|_| !names.is_empty()) {
            let flag = ScriptFlags::named(name)
                .ok_or_else(|| format!("Unexpected flag in script shebang: {}", show(name)))?;
            flags = flags.with(flag);
        }
    }
    Ok((flags, end))
}

/// What a script's first line says of it; `None` if that is wrong.
pub fn script_flags(body: &[u8]) -> Option<ScriptFlags> {
    of_script(body).ok().map(|(flags, _)| flags)
}

/// A library's name and the length of its shebang line.
pub(crate) fn of_library(code: &[u8]) -> Result<(String, usize), String> {
    if !code.starts_with(b"#!") {
        return Err("Missing library metadata".to_owned());
    }
    let end = line_end(code).ok_or("Invalid library metadata")?;
    let words = words(&code[..end]).ok_or("Invalid library metadata")?;
    let (engine, options) = words.split_first().ok_or("Invalid library metadata")?;
    let mut name = None;
    for option in options {
        if option.len() < 5 || !option[..5].eq_ignore_ascii_case(b"name=") {
            return Err(format!("Invalid metadata value given: {}", show(option)));
        }
        if name.replace(&option[5..]).is_some() {
            let text = "Invalid metadata value, name argument was given multiple times";
            return Err(text.to_owned());
        }
    }
    let name = name.ok_or("Library name was not given")?;
    check_name(name)?;
    let engine = engine.get(2..).unwrap_or_default();
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err(format!("Engine '{}' not found", show(engine)));
    }
    Ok((show(name), end))
}

/// The name that a library's code gives it, or what is wrong with its first line.
pub fn library_name(code: &[u8]) -> Result<String, String> {
    of_library(code).map(|(name, _)| name)
}

/// Refuses a name of a library or function that has other characters than letters, digits and `_`.
pub(crate) fn check_name(name: &[u8]) -> Result<(), String> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if name.is_empty() || !name.iter().all(fits) {
        return Err("Library names can only contain letters, numbers, or underscores(_) and must \
                    be at least one character long"
            .to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts() {
        assert_eq!(of_script(b"return 1"), Ok((ScriptFlags::COMPATIBLE, 0)));
        assert_eq!(of_script(b"#!lua\nreturn 1"), Ok((ScriptFlags::default(), 5)));
        let both = ScriptFlags::NO_WRITES.with(ScriptFlags::ALLOW_OOM);
        assert_eq!(of_script(b"#!lua flags=no-writes,allow-oom\n"), Ok((both, 31)));
        for (body, error) in [
            ("#!lua", "Invalid script shebang"),
            ("#!not-lua\n", "Unexpected engine in script shebang: #!not-lua"),
            ("#!lua badger=data\n", "Unknown lua shebang option: badger=data"),
            ("#!lua flags=no-more\n", "Unexpected flag in script shebang: no-more"),
        ] {
            assert_eq!(of_script(body.as_bytes()), Err(error.to_owned()));
        }
    }

    #[test]
    fn libraries() {
        assert_eq!(of_library(b"#!LUA name=lib\nx"), Ok(("lib".to_owned(), 14)));
        for (code, error) in [
            ("return 1", "Missing library metadata"),
            ("#!lua name=x", "Invalid library metadata"),
            ("#!lua\n", "Library name was not given"),
            ("#!lua nam=x\n", "Invalid metadata value given: nam=x"),
            ("#!js name=x\n", "Engine 'js' not found"),
        ] {
            assert_eq!(of_library(code.as_bytes()), Err(error.to_owned()));
        }
        assert!(of_library(b"#!lua name=a-b\n").is_err());
    }
}
