//! The programs the checks need beside the Rust toolchain, and where Debian has them.
//!
//! As root the missing ones are installed; as anyone else they are named, with the command that
//! would install them, and the checks go on: what needs them will say so.

use std::process::{Command, Stdio};

/// A program that some check runs.
pub struct Need {
    /// Debian's package.
    pub package: &'static str,
    /// A command that succeeds when it is there.
    pub probe: &'static [&'static str],
    /// What it is for, shown when it is missing.
    pub purpose: &'static str,
}

const NEEDS: &[Need] = &[
    Need { package: "gcc", probe: &["cc", "--version"], purpose: "builds the C parts" },
    Need { package: "make", probe: &["make", "--version"], purpose: "builds the allocator" },
    Need {
        package: "redis-server",
        probe: &["redis-server", "--version"],
        purpose: "the peer that tests and measurements compare with",
    },
    Need {
        package: "redis-tools",
        probe: &["redis-benchmark", "--version"],
        purpose: "redis-cli and redis-benchmark, run against the server by tests",
    },
    Need {
        package: "tcl",
        probe: &["tclsh", "/dev/null"],
        purpose: "runs public test suites against the server",
    },
    Need {
        package: "python3",
        probe: &["python3", "--version"],
        purpose: "runs client libraries against the server",
    },
    Need {
        package: "python3-pip",
        probe: &["python3", "-m", "pip", "--version"],
        purpose: "fetches client libraries",
    },
    Need {
        package: "python3-venv",
        probe: &["python3", "-c", "import ensurepip"],
        purpose: "keeps client libraries apart from the system's",
    },
    Need {
        package: "nodejs",
        probe: &["node", "--version"],
        purpose: "runs ioredis against the server",
    },
    Need { package: "npm", probe: &["npm", "--version"], purpose: "fetches ioredis" },
    Need {
        package: "pkg-config",
        probe: &["pkg-config", "--version"],
        purpose: "finds the C client library",
    },
    Need {
        package: "libhiredis-dev",
        probe: &["pkg-config", "--exists", "hiredis"],
        purpose: "the C client library, run against the server",
    },
    Need {
        package: "libevent-dev",
        probe: &["pkg-config", "--exists", "libevent"],
        purpose: "an event loop, for the asynchronous client in C",
    },
    Need {
        package: "libev-dev",
        // It has no pkg-config file.
        probe: &["test", "-e", "/usr/include/ev.h"],
        purpose: "another event loop, for the same",
    },
    Need {
        package: "util-linux",
        probe: &["taskset", "--version"],
        purpose: "pins programs to cores",
    },
];

/// Makes sure that everything in the table is there.
///
/// # Errors
/// A sentence for each missing program, when it cannot be installed here.
pub fn ensure() -> Result<(), String> {
    ensure_all(NEEDS)
}

/// The same for a table of one's own.
///
/// # Errors
/// As [`ensure`].
pub fn ensure_all(needs: &[Need]) -> Result<(), String> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !succeeds(need.probe)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if is_root() && succeeds(&["apt-get", "--version"]) {
        install(&packages)?;
        let left: Vec<&Need> = missing.into_iter().filter(|need| !succeeds(need.probe)).collect();
        return if left.is_empty() { Ok(()) } else { Err(describe(&left)) };
    }
    Err(describe(&missing))
}

fn install(packages: &[&str]) -> Result<(), String> {
    println!("installing {}", packages.join(" "));
    // A fresh container has no package lists; an old one may have stale ones. Failing to refresh
    // them is no fault yet: the installation may still work from what is there.
    if !apt_get(&["update", "-qq"]) {
        println!("apt-get update failed; trying with the lists at hand");
    }
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(packages);
    if apt_get(&args) {
        Ok(())
    } else {
        Err(format!("apt-get could not install {}", packages.join(" ")))
    }
}

fn apt_get(args: &[&str]) -> bool {
    // Services must not start as a side effect of a test run: redis-server's package would.
    Command::new("apt-get")
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn describe(missing: &[&Need]) -> String {
    let mut text = String::from("missing on this machine:\n");
    for need in missing {
        text.push_str(&format!("  {:<13} {}\n", need.package, need.purpose));
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    text.push_str(&format!("install with: sudo apt-get install {}", packages.join(" ")));
    text
}

fn succeeds(probe: &[&str]) -> bool {
    let Some((program, args)) = probe.split_first() else { return false };
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_packages_purposes_and_the_remedy() {
        let need = Need { package: "sheep", probe: &["false"], purpose: "wool" };
        let text = describe(&[&need]);
        assert!(text.contains("sheep         wool"), "{text}");
        assert!(text.ends_with("sudo apt-get install sheep"), "{text}");
    }

    #[test]
    fn a_probe_tells_presence_from_absence() {
        assert!(succeeds(&["true"]));
        assert!(!succeeds(&["false"]));
        assert!(!succeeds(&["no-such-program-here"]));
        assert!(!succeeds(&[]));
    }
}
