//! `--rdb`, `--functions-rdb`: a snapshot of the server's data, fetched as a replica fetches it.
//!
//! Nothing is written under the file's name before all of it is there and on disk, so that what is
//! left of a broken transfer is never taken for a copy.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{Duration, Instant};

use redpoll_client::{Transport, request};

use crate::session::Session;
use crate::stop::Stop;

/// Bytes moved at a time.
const BLOCK: usize = 64 << 10;
/// The longest line that announces a snapshot.
const LINE_MAX: usize = 1 << 10;
/// The length of the mark that ends a snapshot whose size is not known.
const MARK: usize = 40;
/// How often the progress line is drawn.
const REDRAW: Duration = Duration::from_millis(200);

/// Fetches the snapshot, or one that holds the libraries of functions only.
pub fn run(session: &mut Session, functions_only: bool) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let path = session.options.rdb_file.clone().unwrap_or_default();
    // Older servers know none of these, and need not.
    let _ = session.ask(&["REPLCONF", "capa", "eof"]);
    let _ = session.ask(&["REPLCONF", "rdb-only", "1"]);
    if functions_only {
        let filter = session.ask(&["REPLCONF", "rdb-filter-only", "functions"]);
        if !filter.is_ok_and(|reply| reply.error_text().is_none()) {
            let text = "Failed requesting functions only RDB from server, aborting";
            return Err(Stop::failed(text));
        }
    }
    let Some(link) = session.take_link() else { return Err(Stop::Code(1)) };
    let mut stream = link.transport().duplicate().map_err(broken)?;
    stream.set_read_timeout(None).map_err(broken)?;
    let mut sync = Vec::new();
    request::encode(&mut sync, &["SYNC"]);
    stream.write_all(&sync).map_err(broken)?;
    let end = announced(&mut *stream)?;
    let name = path.display();
    match &end {
        End::Length(length) => eprintln!("SYNC sent to master, writing {length} bytes to '{name}'"),
        End::Mark(_) => eprintln!(
            "SYNC sent to master, writing bytes of bulk transfer until EOF marker to '{name}'"
        ),
    }
    let count = if path == Path::new("-") {
        let count = copy(&mut *stream, &mut io::stdout().lock(), &end)?;
        io::stdout().lock().flush()?;
        count
    } else {
        to_file(&mut *stream, &path, &end)?
    };
    match end {
        End::Length(_) => eprintln!("Transfer finished with success."),
        End::Mark(_) => eprintln!("Transfer finished with success after {count} bytes"),
    }
    Ok(())
}

fn broken(error: io::Error) -> Stop {
    Stop::failed(format!("Error reading the snapshot from the server: {error}"))
}

/// How a snapshot's end is known.
enum End {
    /// So many bytes.
    Length(u64),
    /// These bytes stand behind it.
    Mark(Vec<u8>),
}

/// Reads the line that announces the snapshot. Until it is ready, the server sends line ends.
fn announced(stream: &mut dyn Transport) -> Result<End, Stop> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(broken)?;
        match byte[0] {
            b'\n' if line.is_empty() => {}
            b'\n' => break,
            _ if line.len() == LINE_MAX => break,
            byte => line.push(byte),
        }
    }
    let text = String::from_utf8_lossy(&line);
    let text = text.trim_end();
    if let Some(error) = text.strip_prefix('-') {
        return Err(Stop::failed(format!("SYNC with master failed: -{error}")));
    }
    let end = match text.strip_prefix('$') {
        Some(rest) => match rest.strip_prefix("EOF:") {
            Some(mark) if mark.len() == MARK => Some(End::Mark(mark.into())),
            _ => rest.parse().ok().map(End::Length),
        },
        None => None,
    };
    end.ok_or_else(|| Stop::failed(format!("SYNC with master failed: it says '{text}'")))
}

fn to_file(stream: &mut dyn Transport, path: &Path, end: &End) -> Result<u64, Stop> {
    let name = path.display();
    let failed = |error: io::Error| Stop::failed(format!("Error writing '{name}': {error}"));
    if path.exists() && !path.is_file() {
        // A device, a pipe: there is nothing to rename.
        let mut file = File::options().write(true).open(path).map_err(failed)?;
        return copy(stream, &mut file, end);
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".part-{}", process::id()));
    let temporary = PathBuf::from(temporary);
    let mut file = File::create(&temporary).map_err(failed)?;
    let copied = copy(stream, &mut file, end).and_then(|count| {
        file.sync_all().and_then(|()| fs::rename(&temporary, path)).map_err(failed)?;
        Ok(count)
    });
    if copied.is_err() {
        // The failure is told already.
        let _ = fs::remove_file(&temporary);
    }
    copied
}

/// Copies the snapshot and answers its size.
fn copy(stream: &mut dyn Transport, out: &mut dyn Write, end: &End) -> Result<u64, Stop> {
    let mut progress = Progress::new(end);
    let mut block = vec![0; BLOCK];
    // What may be the mark, or a part of it.
    let mut kept = Vec::new();
    let mut count = 0;
    let written = |error: io::Error| Stop::failed(format!("Error writing the snapshot: {error}"));
    loop {
        let wanted = match end {
            End::Length(length) if *length == count => return Ok(count),
            End::Length(length) => usize::try_from(length - count).unwrap_or(BLOCK).min(BLOCK),
            End::Mark(_) => BLOCK,
        };
        let got = match stream.read(&mut block[..wanted]) {
            Ok(0) => return Err(broken(io::ErrorKind::UnexpectedEof.into())),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        match end {
            End::Length(_) => {
                out.write_all(&block[..got]).map_err(written)?;
                count += got as u64;
            }
            End::Mark(mark) => {
                kept.extend_from_slice(&block[..got]);
                let whole = kept.ends_with(mark);
                let sure = kept.len().saturating_sub(mark.len());
                out.write_all(&kept[..sure]).map_err(written)?;
                count += sure as u64;
                kept.drain(..sure);
                if whole {
                    return Ok(count);
                }
            }
        }
        progress.draw(count);
    }
}

/// A line on the terminal that says how much is there.
struct Progress {
    total: Option<u64>,
    drawn: Option<Instant>,
    shown: bool,
}

impl Progress {
    fn new(end: &End) -> Self {
        let total = if let End::Length(length) = end { Some(*length) } else { None };
        let drawn = io::stderr().is_terminal().then(Instant::now);
        Progress { total, drawn, shown: false }
    }

    fn draw(&mut self, count: u64) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() >= REDRAW) {
            self.drawn = Some(Instant::now());
            self.shown = true;
            let mebibytes = count as f64 / f64::from(1 << 20);
            match self.total.filter(|total| *total > 0) {
                Some(total) => {
                    let share = u128::from(count) * 100 / u128::from(total);
                    eprint!("\r\x1b[0K{mebibytes:.1} MiB, {share} %");
                }
                None => eprint!("\r\x1b[0K{mebibytes:.1} MiB"),
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[0K");
        }
    }
}
