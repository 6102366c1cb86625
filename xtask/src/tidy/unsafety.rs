//! `unsafe` lives in few crates, and each use says why it is sound.
//!
//! Crates that are not on the list forbid it at each of their roots, which the compiler then
//! enforces; this check makes sure that the forbidding is there.

use super::{Finding, RustFile};

/// Crates that may contain `unsafe`.
const ALLOWED: &[&str] = &["redpoll-memory", "redpoll-keyspace"];

/// Crates that contain `unsafe` in one module only, and how that module's path begins; and the
/// model of the rings, which shows the model checker where bytes are touched.
const MODULES: &[(&str, &str)] = &[
    ("redpoll-script", "crates/redpoll-script/src/stack"),
    ("redpoll-c", "crates/redpoll-c/src/ffi"),
    ("redpoll-preload", "crates/redpoll-preload/src/border"),
    ("redpoll-shm", "crates/redpoll-shm/src/memory"),
    ("redpoll-rdma", "crates/redpoll-rdma/src/verbs"),
    ("redpoll-shm", "crates/redpoll-shm/src/model"),
    ("redpoll-sync", "crates/redpoll-sync/src/memory"),
];

/// Written at the root of a crate with such a module, which allows it there.
const DENY: &str = "#![deny(unsafe_code)]";

/// Written at the root of every crate that is not on the list.
const FORBID: &str = "#![forbid(unsafe_code)]";

/// Checks each file's uses of `unsafe` and each crate root's attribute.
pub fn check(files: &[RustFile<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rust in files {
        let path = &rust.file.path;
        let allowed = ALLOWED.iter().any(|name| path.starts_with(&format!("crates/{name}/")));
        let in_part = MODULES.iter().any(|(name, _)| path.starts_with(&format!("crates/{name}/")));
        let wanted = if in_part { DENY } else { FORBID };
        if !allowed && is_root(path) && !rust.source.code.contains(wanted) {
            findings.push(Finding::new(path, 1, format!("crate root without `{wanted}`")));
        }
        let allowed = allowed || MODULES.iter().any(|(_, module)| path.starts_with(module));
        for at in rust.source.words("unsafe") {
            let line = rust.source.line_of(at);
            if !allowed {
                let message = format!(
                    "`unsafe` outside of {}: move it there behind a safe function",
                    ALLOWED.join(", ")
                );
                findings.push(Finding::new(path, line, message));
            } else if needs_reason(&rust.source.code[at..]) && !has_reason(rust, line) {
                let message = "`unsafe` without a `// SAFETY:` comment that says why it is sound";
                findings.push(Finding::new(path, line, message));
            }
        }
    }
    findings
}

/// Whether a path is the root of a library or a program.
fn is_root(path: &str) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") || path.contains("/src/bin/")
}

/// Blocks, impls and extern blocks carry a reason; an `unsafe fn` has its `# Safety` section, and
/// an `unsafe(attribute)` is covered by the item's.
fn needs_reason(code: &str) -> bool {
    let rest = code.trim_start_matches("unsafe").trim_start();
    // A function, or the type of one, is named before its body begins; a block of them is not.
    let place = |of: &str| rest.find(of).unwrap_or(usize::MAX);
    let is_block = rest.starts_with("extern") && place("{") < place("fn");
    rest.starts_with('{') || rest.starts_with("impl") || is_block
}

/// Looks for the word on the line itself and upwards through the statement it belongs to and the
/// comments above it.
fn has_reason(rust: &RustFile<'_>, line: usize) -> bool {
    let code: Vec<&str> = rust.source.code.lines().collect();
    let comments: Vec<&str> = rust.source.comments.lines().collect();
    let text = |lines: &[&str], line: usize| -> String {
        lines.get(line - 1).map(|text| text.trim().to_string()).unwrap_or_default()
    };
    let mut at = line;
    loop {
        if text(&comments, at).contains("SAFETY") {
            return true;
        }
        at -= 1;
        let above = text(&code, at.max(1));
        let ends_statement = above.ends_with([';', '{', '}']);
        if at == 0 || ends_statement || (above.is_empty() && text(&comments, at).is_empty()) {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{places, rust, tree};
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let tree = tree(&[(path, text)]);
        places(&check(&rust(&tree)))
    }

    const INSIDE: &str = "crates/redpoll-memory/src/a.rs";

    #[test]
    fn reasons_are_found_where_people_write_them() {
        let good = [
            "// SAFETY: why.\nunsafe { a() }\n",
            "unsafe { a() } // SAFETY: why.\n",
            "// SAFETY: why,\n// in two lines.\nlet a =\n    unsafe { a() };\n",
            "// SAFETY: why.\n#[inline]\nunsafe impl Send for A {}\n",
            "/// # Safety\n/// When.\nunsafe fn a() {}\n",
            "/// # Safety\n/// When.\npub unsafe extern \"C\" fn a() {}\n",
            "type A = unsafe extern \"C\" fn(u8);\n",
            "// SAFETY: why.\nunsafe extern \"C\" { fn a(); }\n",
            "// unsafe { } in a comment, and \"unsafe {\" in words\n",
        ];
        for text in good {
            assert_eq!(findings(INSIDE, text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn missing_reasons_are_found() {
        assert_eq!(findings(INSIDE, "a();\nunsafe { b() }\n"), [format!("{INSIDE}:2")]);
        let other = "// SAFETY: of the first.\nunsafe { a() };\nunsafe { b() };\n";
        assert_eq!(findings(INSIDE, other), [format!("{INSIDE}:3")]);
        let far = "// SAFETY: too far.\n\nunsafe impl Send for A {}\n";
        assert_eq!(findings(INSIDE, far), [format!("{INSIDE}:3")]);
        assert_eq!(findings(INSIDE, "unsafe { b() }\n"), [format!("{INSIDE}:1")]);
        let block = "unsafe extern \"C\" {\n    fn a();\n}\n";
        assert_eq!(findings(INSIDE, block), [format!("{INSIDE}:1")]);
    }

    #[test]
    fn other_crates_forbid_it() {
        let root = "crates/redpoll-cli/src/main.rs";
        assert_eq!(findings(root, "//! Head.\nfn main() {}\n"), [format!("{root}:1")]);
        assert_eq!(findings(root, "//! Head.\n#![forbid(unsafe_code)]\n"), Vec::<String>::new());
        let part = "crates/redpoll-script/src/lib.rs";
        assert_eq!(findings(part, "//! Head.\n#![deny(unsafe_code)]\n"), Vec::<String>::new());
        assert_eq!(findings(part, "//! Head.\n"), [format!("{part}:1")]);
        for (file, places) in [("stack.rs", 0), ("stack/native.rs", 0), ("api.rs", 1)] {
            let path = format!("crates/redpoll-script/src/{file}");
            assert_eq!(findings(&path, "// SAFETY: yes.\nunsafe { a() }\n").len(), places);
        }
        let inner = "crates/redpoll-cli/src/a.rs";
        assert_eq!(findings(inner, "// SAFETY: no.\nunsafe { a() }\n"), [format!("{inner}:2")]);
    }
}
