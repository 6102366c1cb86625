//! What the guest boots: Debian's kernel, and a few first files with the modules it needs.

use super::is_file;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the guest starts as its first process.
const INIT: &str = include_str!("init.sh");

/// Modules that are loaded, each with those it depends on. `libnvdimm` is named by itself: Debian
/// has modprobe load it by a command that is of no use here.
const MODULES: &[&str] = &[
    "virtio_pci",
    "9pnet_virtio",
    "9p",
    "crc32c_generic",
    "ext4",
    "libnvdimm",
    "nfit",
    "nd_btt",
    "nd_pmem",
    "device_dax",
    "dax_pmem",
    "kmem",
    "veth",
    "bridge",
    "sch_netem",
    // An RDMA device of software computes its sums with these.
    "crc32_generic",
    "rdma_rxe",
    "ib_uverbs",
    "rdma_ucm",
];

/// A kernel and its first files.
pub struct Image {
    /// The kernel.
    pub kernel: PathBuf,
    /// The packed files.
    pub initrd: PathBuf,
}

/// Makes the image in a directory, where the kernel is kept for the next time.
///
/// # Errors
/// If the kernel cannot be fetched, or a program fails.
pub fn make(directory: &Path) -> Result<Image, String> {
    let unpacked = directory.join("kernel");
    if find_kernel(&unpacked).is_none() {
        fetch(directory, &unpacked)?;
    }
    let (kernel, version) = find_kernel(&unpacked).ok_or("the package holds no kernel")?;
    succeed(Command::new("depmod").arg("-b").arg(&unpacked).arg(&version))?;
    let files = directory.join("files");
    let _ = fs::remove_dir_all(&files);
    for name in ["bin", "proc", "sys", "dev", "host", "modules"] {
        fs::create_dir_all(files.join(name)).map_err(|error| error.to_string())?;
    }
    copy(Path::new("/bin/busybox"), &files.join("bin/busybox"))?;
    copy_modules(&unpacked, &version, &files.join("modules"))?;
    fs::write(files.join("init"), INIT).map_err(|error| error.to_string())?;
    succeed(Command::new("chmod").arg("755").arg(files.join("init")))?;
    let initrd = directory.join("initrd");
    let pack = format!("find . | cpio -o -H newc --quiet > '{}'", initrd.display());
    succeed(Command::new("sh").args(["-c", &pack]).current_dir(&files))?;
    Ok(Image { kernel, initrd })
}

/// The kernel below a directory, and its version.
fn find_kernel(unpacked: &Path) -> Option<(PathBuf, String)> {
    let version = fs::read_dir(unpacked.join("lib/modules")).ok()?.next()?.ok()?.file_name();
    let version = version.into_string().ok()?;
    let kernel = unpacked.join("boot").join(format!("vmlinuz-{version}"));
    is_file(&kernel).then_some((kernel, version))
}

/// Fetches Debian's kernel and unpacks it.
fn fetch(directory: &Path, unpacked: &Path) -> Result<(), String> {
    let depends = Command::new("apt-cache").args(["depends", "linux-image-amd64"]).output();
    let depends = depends.map_err(|error| format!("apt-cache: {error}"))?.stdout;
    let depends = String::from_utf8_lossy(&depends).into_owned();
    let package = depends.lines().find_map(|line| line.trim().strip_prefix("Depends: "));
    let package = package.ok_or("Debian's package of the kernel is not known to apt")?;
    let fetched = directory.join("package");
    let _ = fs::remove_dir_all(&fetched);
    fs::create_dir_all(&fetched).map_err(|error| error.to_string())?;
    let mut download = Command::new("apt-get");
    succeed(download.args(["download", "-qq", package]).current_dir(&fetched))?;
    let unpack = format!("dpkg -x *.deb '{}'", unpacked.display());
    succeed(Command::new("sh").args(["-c", &unpack]).current_dir(&fetched))?;
    fs::remove_dir_all(&fetched).map_err(|error| error.to_string())
}

/// Copies the modules and writes down in which order they are loaded.
fn copy_modules(unpacked: &Path, version: &str, to: &Path) -> Result<(), String> {
    let mut order: Vec<PathBuf> = Vec::new();
    for module in MODULES {
        let known = if *module == "libnvdimm" {
            let drivers = unpacked.join("lib/modules").join(version).join("kernel/drivers");
            vec![drivers.join("nvdimm/libnvdimm.ko")]
        } else {
            dependencies(unpacked, version, module)?
        };
        order.extend(known);
    }
    let mut names = String::new();
    for path in order {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.ok_or("a module without a name")?;
        if !names.lines().any(|known| known == name) {
            copy(&path, &to.join(&name))?;
            names.push_str(&name);
            names.push('\n');
        }
    }
    fs::write(to.join("order"), names).map_err(|error| error.to_string())
}

/// A module and what it depends on, in the order of loading; nothing if it is part of the kernel.
fn dependencies(unpacked: &Path, version: &str, module: &str) -> Result<Vec<PathBuf>, String> {
    let mut modprobe = Command::new("modprobe");
    modprobe.arg("-d").arg(unpacked).args(["-S", version, "--show-depends", module]);
    let output = modprobe.output().map_err(|error| format!("modprobe: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("insmod "));
    Ok(paths.filter_map(|rest| rest.split_whitespace().next()).map(PathBuf::from).collect())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("{}: {error}", from.display()))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
