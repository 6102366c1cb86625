//! `cargo xtask guest`: tests on hardware that this machine does not have, in a virtual machine.
//!
//! QEMU emulates a processor and an NVDIMM; the kernel is Debian's, unpacked and not installed; the
//! root file system is this machine's, seen through 9p, so that the test program and the server run
//! there as they were built here. There are three parts:
//!
//! * `tiers`: the guest makes of the NVDIMM what is to be tried, one after the other: a DAX device
//!   mapped directly, memory of a NUMA node without processors, a file system with DAX; and runs
//!   the tests of the tiers on each;
//! * `net`: its kernel can delay and lose what goes over a network, and the test that needs that is
//!   run;
//! * `rdma`: it makes an RDMA device of software and runs the tests of RDMA.
//!
//! It shows function, not speed: everything is emulated. Nothing is changed on this machine but for
//! packages that root lets it install.

mod image;

use crate::packages;
use crate::repo::{self, cargo};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What the guest runs, in the host's root.
const SCRIPT: &str = include_str!("run.sh");
/// Its parts.
const PARTS: &[(&str, &str)] = &[
    ("tiers", include_str!("tiers.sh")),
    ("net", include_str!("net.sh")),
    ("rdma", include_str!("rdma.sh")),
];
/// The line with which it ends if all is well.
const PASSED: &str = "guest: passed";
/// How long everything may take.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Programs that are needed, and how to find out whether they are there.
const NEEDS: &[packages::Need] = &[
    need("qemu-system-x86", &["qemu-system-x86_64", "--version"], "the virtual machine"),
    need("busybox-static", &["busybox", "true"], "what the guest starts with"),
    need("cpio", &["cpio", "--version"], "packs the guest's first files"),
    need("kmod", &["modprobe", "--version"], "finds the kernel's modules"),
    need("ndctl", &["ndctl", "--version"], "sets the NVDIMM up"),
    need("daxctl", &["daxctl", "--version"], "turns it into memory of a node"),
    need("numactl", &["numactl", "--show"], "shows the nodes"),
    need("e2fsprogs", &["mkfs.ext4", "-V"], "makes a file system"),
    need("iproute2", &["rdma", "-V"], "makes an RDMA device"),
    need("ibverbs-providers", PROVIDERS, "drivers of RDMA devices"),
    need("librdmacm1", MANAGER, "connections over RDMA"),
];

/// Libraries are no programs: they are looked for by their files.
const PROVIDERS: &[&str] = &["sh", "-c", "ls /usr/lib/*/libibverbs/librxe-rdmav*.so"];
const MANAGER: &[&str] = &["sh", "-c", "ls /usr/lib/*/librdmacm.so.1"];

const fn need(
    package: &'static str,
    probe: &'static [&'static str],
    purpose: &'static str,
) -> packages::Need {
    packages::Need { package, probe, purpose }
}

/// Runs the command.
pub fn run(args: &[String]) -> ExitCode {
    let known = |arg: &String| PARTS.iter().any(|(name, _)| name == arg);
    if !args.iter().all(known) {
        eprintln!("Usage: cargo xtask guest [tiers] [net] [rdma]");
        return ExitCode::from(2);
    }
    let chosen = |name: &str| args.is_empty() || args.iter().any(|arg| arg == name);
    let parts: Vec<&str> =
        PARTS.iter().map(|(name, _)| *name).filter(|name| chosen(name)).collect();
    match check_parts(&parts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("guest: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the tests in the guest; says so and succeeds where there can be none.
///
/// # Errors
/// If something cannot be built or started, or a test fails.
pub fn check() -> Result<(), String> {
    check_parts(&PARTS.iter().map(|(name, _)| *name).collect::<Vec<_>>())
}

fn check_parts(parts: &[&str]) -> Result<(), String> {
    if let Err(missing) = packages::ensure_all(NEEDS) {
        return skipped(&missing);
    }
    let directory = repo::root().join("target/guest");
    std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    let (server, tests) = (build_server()?, build_tests()?);
    let image = match image::make(&directory) {
        Ok(image) => image,
        Err(why) => return skipped(&why),
    };
    let script = directory.join("run.sh");
    std::fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
    for (name, text) in PARTS {
        let part = directory.join(format!("{name}.sh"));
        std::fs::write(part, text).map_err(|error| error.to_string())?;
    }
    let words = [&script, &directory, &server, &tests].map(|path| path.display().to_string());
    let words = [&words.join(","), &*parts.join(",")].join(",");
    watch(start(&image, &words)?)
}

/// Says why there were no tests. That is no fault of what is tested.
fn skipped(why: &str) -> Result<(), String> {
    println!("skipped: no guest can be run here\n{why}");
    Ok(())
}

/// Builds the server and says where it is.
fn build_server() -> Result<PathBuf, String> {
    let lines = build(&["build", "-p", "redpoll-server"])?;
    executable(&lines, "redpoll-server").ok_or("cargo did not say where the server is".into())
}

/// Builds the integration tests and says where they are.
fn build_tests() -> Result<PathBuf, String> {
    // As the step before builds them: with the features of the whole workspace.
    let lines = build(&["test", "--workspace", "--test", "server", "--no-run"])?;
    executable(&lines, "server").ok_or("cargo did not say where the tests are".into())
}

fn build(args: &[&str]) -> Result<String, String> {
    let output = cargo()
        .args(args)
        .arg("--message-format=json")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo {}`: {}", args.join(" "), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program of a target in what cargo tells as JSON, one object a line.
fn executable(lines: &str, target: &str) -> Option<PathBuf> {
    let name = format!("\"name\":\"{target}\"");
    let of_target = lines.lines().filter(|line| line.contains(&name));
    let path = of_target.filter_map(|line| line.split("\"executable\":\"").nth(1)).next_back()?;
    Some(PathBuf::from(path.split('"').next()?))
}

/// Starts the machine.
fn start(image: &image::Image, words: &str) -> Result<Child, String> {
    let append = format!("console=ttyS0 quiet panic=-1 guest_run={words}");
    let mut qemu = Command::new("qemu-system-x86_64");
    // Hardware virtualisation hangs in many containers even where the device is there.
    qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-machine", "q35,nvdimm=on"]);
    qemu.args(["-m", "2048,slots=4,maxmem=8G", "-smp", "2", "-nographic", "-no-reboot"]);
    qemu.args(["-object", "memory-backend-ram,id=near,size=2048M"]);
    qemu.args(["-numa", "node,nodeid=0,memdev=near,cpus=0-1", "-numa", "node,nodeid=1"]);
    // With a small label area the region would be misaligned and could not be used.
    qemu.args(["-object", "memory-backend-ram,id=far,size=1040M", "-device"]);
    qemu.arg("nvdimm,id=nvdimm1,memdev=far,label-size=16M,unarmed=off,node=1");
    qemu.args(["-virtfs", "local,path=/,mount_tag=host,security_model=none,multidevs=remap"]);
    qemu.arg("-kernel").arg(&image.kernel).arg("-initrd").arg(&image.initrd);
    qemu.arg("-append").arg(append);
    qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    qemu.spawn().map_err(|error| format!("the virtual machine could not be started: {error}"))
}

/// Shows what the guest says until it ends.
fn watch(mut machine: Child) -> Result<(), String> {
    let console = machine.stdout.take().ok_or("the guest has no console")?;
    let reader = thread::spawn(move || {
        let mut seen = Seen::default();
        for line in BufReader::new(console).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            println!("    {line}");
            seen.look_at(line);
        }
        seen
    });
    let begun = Instant::now();
    let ended = loop {
        match machine.try_wait().map_err(|error| error.to_string())? {
            Some(_) => break true,
            None if begun.elapsed() > PATIENCE => {
                let _ = machine.kill();
                let _ = machine.wait();
                break false;
            }
            None => thread::sleep(Duration::from_millis(200)),
        }
    };
    let seen = reader.join().map_err(|_| "what the guest said cannot be read")?;
    seen.judge(ended)
}

/// What of the guest's words decides.
#[derive(Default)]
struct Seen {
    started: bool,
    passed: bool,
    failed: bool,
}

impl Seen {
    fn look_at(&mut self, line: &str) {
        self.started |= line.contains("guest: ");
        self.passed |= line.ends_with(PASSED);
        self.failed |= line.contains("FAILED");
    }

    /// A machine that does not start, or is too slow to come to an end, shows nothing of what is
    /// tested.
    fn judge(&self, ended: bool) -> Result<(), String> {
        let minutes = PATIENCE.as_secs() / 60;
        match self {
            Seen { passed: true, .. } => Ok(()),
            Seen { failed: false, .. } if !ended => {
                skipped(&format!("the guest was not done within {minutes} minutes"))
            }
            Seen { started: false, .. } => skipped("the guest does not start"),
            _ => Err("a test failed in the guest (see above)".into()),
        }
    }
}

/// Whether something is a file.
fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(lines: &[&str], ended: bool) -> Result<(), String> {
        let mut seen = Seen::default();
        lines.iter().for_each(|line| seen.look_at(line));
        seen.judge(ended)
    }

    #[test]
    fn only_tests_that_fail_are_faults() {
        assert!(
            judged(&["guest: a device", "test result: ok. 7 passed; 0 failed", PASSED], true)
                .is_ok()
        );
        assert!(judged(&["Booting"], true).is_ok(), "it does not start");
        assert!(judged(&["guest: a device"], false).is_ok(), "it is too slow");
        assert!(judged(&["guest: a device"], true).is_err(), "it ended without a word");
        assert!(judged(&["guest: a device", "test x ... FAILED"], false).is_err());
    }

    #[test]
    fn programs_are_found_in_what_cargo_says() {
        let lines = "{\"target\":{\"name\":\"server\"},\"executable\":null}\n\
                     {\"target\":{\"name\":\"server\"},\"executable\":\"/t/server-1\",\"x\":0}\n\
                     {\"target\":{\"name\":\"other\"},\"executable\":\"/t/other\"}";
        assert_eq!(executable(lines, "server"), Some(PathBuf::from("/t/server-1")));
        assert_eq!(executable(lines, "none"), None);
    }
}
