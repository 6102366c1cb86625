//! Regions of far memory: one range of addresses each, mapped once and for ever.
//!
//! All regions lie in one reserved range, so that one comparison tells near from far. A region's
//! space is reserved up front (`fallocate` for files): writing to it can then fail neither with
//! SIGBUS on a full disk nor with a kill for want of memory.

use super::arena::Arena;
use super::spec::FarSpec;
use super::usage::REGIONS_MAX;
use rustix::fs::{FallocateFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use std::ffi::c_void;
use std::fmt;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Regions start at multiples of this, the largest page that far memory comes in.
const ALIGNMENT: usize = 1 << 30;
/// A region of less is of no use.
const LEN_MIN: u64 = 8 << 20;
/// The first bytes of a file with a name that this program made.
const MARK: &[u8] = b"redpoll far memory: scratch, made anew at each start\n";
/// Bytes at a region's start that hold the mark.
const HEAD: usize = 4096;
/// Left free on a NUMA node whose size is not given.
const NODE_SPARE: u64 = 64 << 20;

static REGIONS: OnceLock<&'static [Region]> = OnceLock::new();
static ARENAS: OnceLock<Vec<Arena>> = OnceLock::new();
/// The range in which all regions lie: eight tebibytes that no program is loaded to and no kernel
/// hands out by itself, so that an address tells by its leading bits whether it is far.
const RANGE_BITS: u32 = 43;
const RANGE: usize = 6;

/// Mapped far memory.
#[derive(Debug)]
pub(super) struct Region {
    spec: FarSpec,
    start: usize,
    len: usize,
    /// Where the part that nobody has taken yet begins.
    next: AtomicUsize,
    /// Whether that part is zeros.
    zeroed: bool,
    /// Kept open for its lock.
    _file: Option<File>,
}

/// Why far memory cannot be used. The message says what to do.
#[derive(Debug)]
pub struct FarError {
    name: String,
    what: String,
}

impl fmt::Display for FarError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "far-memory {}: {}", self.name, self.what)
    }
}

impl std::error::Error for FarError {}

/// Maps far memory and makes it available. Once in a process, before its threads start; a second
/// call is refused. Errors: whatever cannot be opened, is too small or has no room is named, and
/// nothing is installed.
pub fn install(specs: &[FarSpec]) -> Result<(), FarError> {
    if specs.is_empty() {
        return Ok(());
    }
    let all = || specs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let fail = |what: &str| FarError { name: all(), what: what.into() };
    if specs.len() > REGIONS_MAX {
        return Err(fail(&format!("at most {REGIONS_MAX} may be named")));
    }
    if REGIONS.get().is_some() {
        return Err(fail("far memory is chosen at the start; start again to change it"));
    }
    if !crate::allocator::is_global() {
        return Err(fail("this program was built with another allocator"));
    }
    let sources = specs.iter().map(Source::open).collect::<Result<Vec<_>, _>>()?;
    let room = sources.iter().try_fold(0usize, |room, source| {
        room.checked_add(source.len.checked_next_multiple_of(ALIGNMENT)?)
    });
    let room = room.filter(|room| *room <= 1 << RANGE_BITS);
    let room = room.ok_or_else(|| fail("more than 8 TiB in all"))?;
    let start = reserve(room).map_err(|errno| {
        fail(&format!("the addresses for far memory are taken in this process: {errno}"))
    })?;
    let regions = map_all(sources, start).inspect_err(|_| release(start, room))?;
    let regions: &'static [Region] = Vec::leak(regions);
    let arenas = regions.iter().enumerate().map(|(at, region)| Arena::over(region, at));
    let arenas = arenas.collect::<Option<Vec<_>>>();
    let arenas = arenas.ok_or_else(|| fail("the allocator has no arena left"))?;
    if REGIONS.set(regions).is_err() || ARENAS.set(arenas).is_err() {
        return Err(fail("far memory is being chosen twice at once"));
    }
    Ok(())
}

/// Maps one source after the other from an address on that is reserved for them.
fn map_all(sources: Vec<Source>, start: usize) -> Result<Vec<Region>, FarError> {
    let mut at = start;
    let mut regions = Vec::new();
    for source in sources {
        let taken = source.len.next_multiple_of(ALIGNMENT);
        regions.push(source.map(at)?);
        at += taken;
    }
    Ok(regions)
}

/// The regions, in the order in which they are filled.
pub(super) fn all() -> &'static [Region] {
    REGIONS.get().copied().unwrap_or_default()
}

/// The regions' arenas, in the same order.
pub(super) fn arenas() -> &'static [Arena] {
    ARENAS.get().map_or(&[], Vec::as_slice)
}

/// Whether an address lies in far memory.
#[inline]
pub(crate) fn is_far(address: usize) -> bool {
    address >> RANGE_BITS == RANGE
}

/// Which region holds an address; none if it is in DRAM.
#[inline]
pub(super) fn index_at(address: usize) -> Option<usize> {
    if !is_far(address) {
        return None;
    }
    all().iter().position(|region| address.wrapping_sub(region.start) < region.len)
}

/// The arena whose region holds an address that [`is_far`].
#[inline]
pub(super) fn arena_at(address: usize) -> Option<&'static Arena> {
    arenas().get(index_at(address)?)
}

impl Region {
    /// The next piece of that size which nobody has had, aligned to a power of two; none at the
    /// end.
    pub(super) fn take(&self, size: usize, alignment: usize) -> Option<NonNull<u8>> {
        let end = self.start + self.len;
        let place = |next: usize| {
            let from = next.checked_next_multiple_of(alignment.max(1))?;
            let to = from.checked_add(size)?;
            (to <= end).then_some((from, to))
        };
        let next = self.next.fetch_update(Relaxed, Relaxed, |next| Some(place(next)?.1)).ok()?;
        NonNull::new(std::ptr::with_exposed_provenance_mut(place(next)?.0))
    }

    /// Whether pieces that are taken are zeros.
    pub(super) fn is_zeroed(&self) -> bool {
        self.zeroed
    }

    /// What the operator named.
    pub(super) fn spec(&self) -> &FarSpec {
        &self.spec
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// Opened far memory that is not mapped yet.
struct Source {
    spec: FarSpec,
    file: Option<File>,
    len: usize,
    zeroed: bool,
}

impl Source {
    fn open(spec: &FarSpec) -> Result<Self, FarError> {
        let fail = |what: String| FarError { name: spec.to_string(), what };
        let (file, len, zeroed) = match spec {
            FarSpec::Numa { node, size } => (None, node_len(*node, *size).map_err(fail)?, true),
            FarSpec::Dax { path, size } => {
                let (file, len) = open_device(path, *size).map_err(fail)?;
                (Some(file), len, false)
            }
            FarSpec::File { path, size } => {
                (Some(open_file(path, *size).map_err(fail)?), *size, true)
            }
        };
        if len < LEN_MIN {
            return Err(fail(format!("{len} bytes are too few; at least {LEN_MIN} are needed")));
        }
        let len = usize::try_from(len).ok().filter(|len| *len <= isize::MAX as usize / 16);
        let len = len.ok_or_else(|| fail("more than can be addressed".into()))?;
        Ok(Self { spec: spec.clone(), file, len: len & !(HEAD - 1), zeroed })
    }

    /// Maps it to an address within the reserved range.
    fn map(self, at: usize) -> Result<Region, FarError> {
        let fail = |what: String| FarError { name: self.spec.to_string(), what };
        let address = std::ptr::with_exposed_provenance_mut::<c_void>(at);
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the addresses are within the range that was reserved for this, and used by
        // nothing else.
        let mapped = unsafe {
            match &self.file {
                Some(file) => {
                    let flags = MapFlags::SHARED | MapFlags::FIXED;
                    rustix::mm::mmap(address, self.len, access, flags, file, 0)
                }
                None => {
                    let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
                    rustix::mm::mmap_anonymous(address, self.len, access, flags)
                }
            }
        };
        mapped.map_err(|errno| fail(format!("cannot be mapped: {errno}")))?;
        if let FarSpec::Numa { node, .. } = self.spec {
            bind(address, self.len, node)
                .map_err(|error| fail(format!("memory cannot be bound to the node: {error}")))?;
        }
        Ok(Region {
            start: at,
            len: self.len,
            next: AtomicUsize::new(at + HEAD),
            zeroed: self.zeroed,
            _file: self.file,
            spec: self.spec,
        })
    }
}

/// Reserves the range's first addresses, without memory behind them, and returns the first one.
fn reserve(len: usize) -> Result<usize, Errno> {
    let at = std::ptr::without_provenance_mut(RANGE << RANGE_BITS);
    // SAFETY: a mapping that replaces none touches nothing that exists.
    let start = unsafe {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED_NOREPLACE;
        rustix::mm::mmap_anonymous(at, len, ProtFlags::empty(), flags)?
    };
    // A kernel before 4.17 takes the address for a wish.
    if start.addr() != at.addr() { Err(Errno::EXIST) } else { Ok(start.expose_provenance()) }
}

/// Gives back what was reserved, and what has been mapped there.
fn release(start: usize, len: usize) {
    // SAFETY: the range is this module's, and no block in it has been handed out. That a mapping
    // which is not needed stays is no fault.
    let _ = unsafe { rustix::mm::munmap(std::ptr::with_exposed_provenance_mut(start), len) };
}

/// Prefers a node for a mapping's pages. Prefers only: a node that is full sends pages elsewhere,
/// where a strict binding would have the process killed.
fn bind(start: *mut c_void, len: usize, node: u32) -> Result<(), std::io::Error> {
    let mut mask = [0u64; 1024 / 64 + 1];
    mask[node as usize / 64] = 1 << (node % 64);
    // SAFETY: the mapping is this function's caller's; the kernel reads a mask of the given number
    // of bits.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            start,
            len,
            libc::MPOL_PREFERRED,
            mask.as_ptr(),
            (mask.len() * 64) as libc::c_ulong,
            0,
        )
    };
    if failed == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

/// Bytes to use of a node: those asked for, or what is free on it.
fn node_len(node: u32, size: Option<u64>) -> Result<u64, String> {
    let path = format!("/sys/devices/system/node/node{node}/meminfo");
    let text = std::fs::read_to_string(&path)
        .map_err(|_| format!("this machine has no node {node} (`numactl -H` lists them)"))?;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.contains(name))?;
        line.split_whitespace().rev().nth(1)?.parse::<u64>().ok()?.checked_mul(1024)
    };
    let total = value("MemTotal:").ok_or("the node does not say how much memory it has")?;
    if let Some(size) = size {
        return if size <= total {
            Ok(size)
        } else {
            Err(format!("{size} bytes are asked for, the node has {total}"))
        };
    }
    Ok(value("MemFree:").unwrap_or(total).saturating_sub(NODE_SPARE))
}

/// Opens a DAX device and says how long it is.
fn open_device(path: &Path, size: Option<u64>) -> Result<(File, u64), String> {
    let file = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| format!("cannot be opened: {errno}"))?;
    let file = File::from(file);
    let device = file.metadata().map_err(|error| error.to_string())?;
    if FileType::from_raw_mode(device.mode()) != FileType::CharacterDevice {
        return Err("is no character device; use file: for a file".into());
    }
    lock(&file)?;
    let (major, minor) = (rustix::fs::major(device.rdev()), rustix::fs::minor(device.rdev()));
    let path = format!("/sys/dev/char/{major}:{minor}/size");
    let len = std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let len = len.ok_or("is no DAX device: the kernel tells no size of it")?;
    match size {
        Some(size) if size > len => Err(format!("{size} bytes are asked for, it has {len}")),
        Some(size) => Ok((file, size)),
        None => Ok((file, len)),
    }
}

/// Opens or makes the file, or one without a name where the path is a directory, and reserves its
/// space.
fn open_file(path: &Path, size: u64) -> Result<File, String> {
    let cannot = |errno: Errno| format!("cannot be opened: {errno}");
    let mode = Mode::RUSR | Mode::WUSR;
    let file = if path.is_dir() {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        File::from(rustix::fs::open(path, flags, mode).map_err(cannot)?)
    } else {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = File::from(rustix::fs::open(path, flags, mode).map_err(cannot)?);
        claim(&file)?;
        file
    };
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, size).map_err(
        |errno| match errno {
            Errno::NOSPC | Errno::FBIG | Errno::DQUOT => {
                format!("the file system has no room for {size} bytes: {errno}")
            }
            Errno::OPNOTSUPP => "the file system cannot reserve space (fallocate)".into(),
            errno => format!("space cannot be reserved: {errno}"),
        },
    )?;
    Ok(file)
}

/// Makes a file with a name this process's own and empties it; refuses one that holds anything
/// else.
fn claim(file: &File) -> Result<(), String> {
    let found = file.metadata().map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("is no regular file; use dax: for a device".into());
    }
    lock(file)?;
    let mut head = vec![0; MARK.len()];
    let marked = file.read_exact_at(&mut head, 0).is_ok() && head == MARK;
    if found.len() > 0 && !marked {
        return Err("holds something else, which would be lost; name another file".into());
    }
    let emptied = file.set_len(0).and_then(|()| file.write_all_at(MARK, 0));
    emptied.map_err(|error| format!("cannot be written: {error}"))
}

fn lock(file: &File) -> Result<(), String> {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        "is in use by another process, or named twice; each server needs its own".into()
    })
}
