//! libredpoll, as programs in C use it: installed below a prefix and found by pkg-config; by
//! itself, and under hiredis 1.x with and without event loops.
//!
//! Debian 12 has hiredis 0.14, which knows no other transport than sockets. The source package of
//! the Python module `hiredis` holds a newer one, which is built here. The adapters for event
//! libraries, which it lacks, are headers that have not changed much: Debian's fit.

use super::{against_server, directory, once, skipped, succeed};
use crate::{install_c, repo};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files of hiredis that make the library, without TLS.
const SOURCES: &[&str] = &["alloc", "async", "dict", "hiredis", "net", "read", "sds", "sockcompat"];

/// Where Debian's hiredis has its adapters.
const ADAPTERS: &str = "/usr/include/hiredis/adapters";

/// Flags for our own programs.
const STRICT: &[&str] = &["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1"];

/// A program: its source, further flags, what is linked, and whether it needs hiredis.
struct Program {
    source: &'static str,
    name: &'static str,
    flags: &'static [&'static str],
    libraries: &'static [&'static str],
    hiredis: bool,
}

const PROGRAMS: &[Program] = &[
    Program { source: "plain.c", name: "plain", flags: &[], libraries: &[], hiredis: false },
    Program { source: "shm.c", name: "shm", flags: &[], libraries: &["-lpthread"], hiredis: true },
    Program {
        source: "shm_async.c",
        name: "libevent",
        flags: &[],
        libraries: &["-levent"],
        hiredis: true,
    },
    Program {
        source: "shm_async.c",
        name: "libev",
        // libev's own header does not keep to the rules of aliasing.
        flags: &["-DWITH_LIBEV", "-Wno-strict-aliasing"],
        libraries: &["-lev"],
        hiredis: true,
    },
];

/// Runs the check.
///
/// # Errors
/// If something does not compile or install, the server does not build or start, or a check fails.
pub fn run() -> Result<(), String> {
    let directory = directory("c")?;
    let prefix = directory.join("prefix");
    install_c::install(&prefix, None, "dev")?;
    let hiredis = directory.join("hiredis");
    let requirements = repo::root().join("tests/clients/c/requirements.txt");
    let fetched = once(&directory, &requirements, || fetch(&directory, &requirements));
    for program in PROGRAMS.iter().filter(|program| fetched.is_ok() || !program.hiredis) {
        let built = compile(program, &prefix, &hiredis, &directory)?;
        against_server(Command::new(built), &directory)?;
    }
    static_link(&prefix, &directory)?;
    // A build machine can fetch it; there, what is not tested is a fault.
    fetched.or_else(|why| match std::env::var_os("CI") {
        Some(_) => Err(format!("hiredis cannot be fetched: {why}")),
        None => skipped(&why),
    })
}

/// Fetches hiredis and builds it: `hiredis/*.h`, `hiredis/adapters/*.h` and `hiredis/*.o`.
fn fetch(directory: &Path, requirements: &Path) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let (packed, hiredis) = (directory.join("packed"), directory.join("hiredis"));
    for old in [&packed, &hiredis] {
        let _ = fs::remove_dir_all(old);
        fs::create_dir_all(old).map_err(text)?;
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]);
    succeed(pip.arg("--dest").arg(&packed).arg("-r").arg(requirements))?;
    let archive = fs::read_dir(&packed).map_err(text)?.next().ok_or("pip has fetched nothing")?;
    let mut tar = Command::new("tar");
    tar.arg("xzf").arg(archive.map_err(text)?.path()).arg("-C").arg(&packed);
    succeed(tar.arg("--strip-components=1"))?;
    let sources = packed.join("vendor/hiredis");
    for entry in fs::read_dir(&sources).map_err(text)? {
        let path = entry.map_err(text)?.path();
        if let (Some("h"), Some(name)) =
            (path.extension().and_then(|e| e.to_str()), path.file_name())
        {
            fs::copy(&path, hiredis.join(name)).map_err(text)?;
        }
    }
    fs::create_dir_all(hiredis.join("adapters")).map_err(text)?;
    for name in ["libevent.h", "libev.h"] {
        let from = Path::new(ADAPTERS).join(name);
        fs::copy(from, hiredis.join("adapters").join(name)).map_err(text)?;
    }
    for name in SOURCES {
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-w", "-c"]).arg(sources.join(format!("{name}.c")));
        succeed(compiler.arg("-o").arg(hiredis.join(format!("{name}.o"))))?;
    }
    Ok(())
}

/// What pkg-config says of the installed library.
fn flags(prefix: &Path, more: &[&str]) -> Result<Vec<String>, String> {
    let mut pkg_config = Command::new("pkg-config");
    pkg_config.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let output = pkg_config.args(["--cflags", "--libs"]).args(more).arg("redpoll").output();
    let output = output.map_err(|error| format!("pkg-config: {error}"))?;
    if !output.status.success() {
        return Err(format!("pkg-config: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let words = String::from_utf8_lossy(&output.stdout);
    Ok(words.split_whitespace().map(str::to_owned).collect())
}

fn compile(
    program: &Program,
    prefix: &Path,
    hiredis: &Path,
    directory: &Path,
) -> Result<PathBuf, String> {
    let built = directory.join(program.name);
    let mut compiler = Command::new("cc");
    compiler.args(STRICT).args(program.flags);
    compiler.arg(repo::root().join("tests/clients/c").join(program.source));
    if program.hiredis {
        // As an installed hiredis is found, and as its own adapters find it.
        compiler.arg("-I").arg(hiredis).arg("-I").arg(hiredis.parent().unwrap_or(hiredis));
        compiler.args(SOURCES.iter().map(|name| hiredis.join(format!("{name}.o"))));
    }
    compiler.arg("-o").arg(&built).args(flags(prefix, &[])?).args(program.libraries);
    compiler.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    succeed(&mut compiler)?;
    Ok(built)
}

/// Whether the static library can be linked with what pkg-config says.
fn static_link(prefix: &Path, directory: &Path) -> Result<(), String> {
    let built = directory.join("static");
    let mut compiler = Command::new("cc");
    compiler.args(STRICT).arg(repo::root().join("tests/clients/c/plain.c")).arg("-o").arg(&built);
    let flags = flags(prefix, &["--static"])?.into_iter().map(|flag| match flag.as_str() {
        "-lredpoll" => prefix.join("lib/libredpoll.a").display().to_string(),
        _ => flag,
    });
    succeed(compiler.args(flags))?;
    against_server(Command::new(built), directory)
}
