//! A client of the older protocol is a few writes to a file.

use super::*;
use std::os::unix::fs::{FileExt, MetadataExt, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// A directory that is gone in the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Relaxed);
        let path =
            std::env::temp_dir().join(format!("redpoll-legacy-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a directory");
        Directory(path)
    }

    /// A file as a client makes it.
    fn file(&self, name: &str) -> File {
        let options = File::options().read(true).write(true).create(true).clone();
        let file = options.open(self.0.join(name)).expect("a file");
        file.set_len(FILE_LEN as u64).expect("its length");
        for ring in [0, REPLIES_AT] {
            put(&file, ring + 16, SIZE);
        }
        file
    }

    fn owner(&self) -> u32 {
        self.0.metadata().expect("it is there").uid()
    }

    fn open(&self, name: &str) -> Result<Legacy, Refusal> {
        Legacy::open_in(&self.0, name, self.owner())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn put(file: &File, at: usize, value: usize) {
    file.write_all_at(&value.to_ne_bytes(), at as u64).expect("written");
}

fn word(file: &File, at: usize) -> usize {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, at as u64).expect("read");
    usize::from_ne_bytes(bytes)
}

#[test]
fn names_are_plain() {
    for good in ["/a", "/0123456789-0123456789-0123456789-012", "/.a", "/a b"] {
        assert_eq!(check_name(good.as_bytes()).expect("plain"), &good[1..]);
    }
    let long = format!("/{}", "x".repeat(NAME_MAX));
    for bad in ["", "/", "a", "//a", "/a/b", "/..", "/.", "/../etc/passwd", "/a\0b", &long] {
        assert!(check_name(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert!(check_name(b"/\xff").is_err());
}

#[test]
fn bytes_go_round_in_both_directions() {
    let directory = Directory::new();
    let file = directory.file("memory");
    let mut legacy = directory.open("memory").expect("a memory");
    let (mut at, mut answered) = (0, 0);
    for len in [1, 100, 16_000, 16_383, 7, 10_000, 16_383] {
        let sent: Vec<u8> = (0..len).map(|i| (i * 7 + len) as u8).collect();
        for byte in &sent {
            file.write_all_at(&[*byte], (BYTES_AT + at) as u64).expect("written");
            at = (at + 1) % SIZE;
        }
        put(&file, 8, at);
        assert!(legacy.has_bytes());
        let mut got = Vec::with_capacity(20_000);
        assert_eq!(legacy.read(&mut got).expect("correct"), len);
        assert!(got == sent && !legacy.has_bytes());
        assert_eq!(word(&file, 0), at);

        assert_eq!(legacy.write(&got).expect("correct"), len);
        let back: Vec<u8> = (0..len)
            .map(|i| {
                let mut byte = [0];
                let from = REPLIES_AT + BYTES_AT + (answered + i) % SIZE;
                file.read_exact_at(&mut byte, from as u64).expect("read");
                byte[0]
            })
            .collect();
        assert!(back == sent);
        answered = (answered + len) % SIZE;
        assert_eq!(word(&file, REPLIES_AT + 8), answered);
        if len == 16_383 {
            assert!(!legacy.has_room());
            assert_eq!(legacy.write(b"x").expect("correct"), 0);
        }
        put(&file, REPLIES_AT, answered);
        assert!(legacy.has_room());
    }
}

#[test]
fn what_is_no_such_file_is_not_opened() {
    let directory = Directory::new();
    let file = directory.file("memory");
    let path = directory.0.join("memory");
    symlink(&path, directory.0.join("link")).expect("a link");
    assert!(matches!(directory.open("link"), Err(Refusal::NoFile)));
    std::fs::create_dir(directory.0.join("directory")).expect("a directory");
    assert!(matches!(directory.open("directory"), Err(Refusal::NoFile)));
    let pipe = directory.0.join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .expect("a pipe");
    assert!(matches!(directory.open("pipe"), Err(Refusal::NoFile)));
    let _socket = std::os::unix::net::UnixListener::bind(directory.0.join("s")).expect("a socket");
    assert!(matches!(directory.open("s"), Err(Refusal::NoFile)));
    assert!(matches!(directory.open("nothing"), Err(Refusal::Missing(_))));
    let stranger = Legacy::open_in(&directory.0, "memory", directory.owner() + 1);
    assert!(matches!(stranger, Err(Refusal::Owner)));
    // A device, where no rights are needed to look at it.
    assert!(matches!(Legacy::open_in(Path::new("/dev"), "null", 0), Err(Refusal::NoFile)));

    for len in [0, 100, FILE_LEN as u64 - 1, FILE_MAX as u64 + 1, 1 << 40] {
        file.set_len(len).expect("a length");
        assert!(matches!(directory.open("memory"), Err(Refusal::Length(is)) if is == len));
    }
    let file = directory.file("memory");
    for (at, value) in [(16, 16385), (REPLIES_AT + 16, 0), (8, SIZE), (0, 1), (REPLIES_AT, 5)] {
        let good = word(&file, at);
        put(&file, at, value);
        assert!(matches!(directory.open("memory"), Err(Refusal::Rings)), "{value} at {at}");
        put(&file, at, good);
    }
    assert!(directory.open("memory").is_ok());
}

#[test]
fn whoever_breaks_the_rules_is_found_out() {
    let directory = Directory::new();
    let mut out = Vec::with_capacity(100);
    let broken = |result: io::Result<usize>| {
        result.is_err_and(|error| error.kind() == io::ErrorKind::InvalidData)
    };
    for (at, value) in [(8, SIZE), (8, usize::MAX), (0, 99_999), (16, 1 << 40), (16, 0)] {
        let file = directory.file("memory");
        let mut legacy = directory.open("memory").expect("a memory");
        put(&file, at, value);
        assert!(legacy.has_bytes() && broken(legacy.read(&mut out)), "{value} at {at}");
        put(&file, at, 0);
        std::fs::remove_file(directory.0.join("memory")).expect("it is there");
    }
    // Fewer bytes than there were.
    let file = directory.file("memory");
    let mut legacy = directory.open("memory").expect("a memory");
    put(&file, 8, 1000);
    out.clear();
    assert_eq!(legacy.read(&mut out).expect("correct"), 100);
    put(&file, 8, 200);
    out.clear();
    assert!(broken(legacy.read(&mut Vec::with_capacity(2000))));
    // More replies taken than there were.
    put(&file, REPLIES_AT, 5);
    assert!(broken(legacy.write(&[b'x'; SIZE])));
    // No memory any more.
    file.set_len(0).expect("cut short");
    assert!(legacy.has_bytes());
    assert!(broken(legacy.read(&mut Vec::with_capacity(2000))));
    file.set_len(REPLIES_AT as u64 + 10).expect("cut short");
    assert!(broken(legacy.write(&[b'x'; SIZE])));
}
