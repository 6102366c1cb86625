//! `--rdb FILE`, `--functions-rdb FILE`: a snapshot from the server, as a replica gets it, into a
//! file. `--replica`: the same without the file, and then the commands that replicas are sent.

use crate::session::Session;
use crate::stop::Stop;
use redpoll_client::full_sync::{End, Marked};
use redpoll_client::{Connection, Error, Transport};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// The longest line that a server may answer with.
const LINE_MAX: usize = 4096;

/// Fetches a snapshot into the file that the options name; `-` is standard output.
pub fn fetch(session: &mut Session) -> Result<(), Stop> {
    let Some(path) = session.options.rdb_file.clone() else { return Err(Stop::Code(1)) };
    let mut link = introduce(session)?;
    configure(&mut link, "rdb-only", "1")?;
    let functions_only = session.options.functions_only;
    if functions_only && !configure(&mut link, "rdb-filter-only", "functions")? {
        let text = "Failed requesting functions only RDB from server, aborting";
        return Err(Stop::failed(text));
    }
    let mut stream = synchronize(&link)?;
    let end = announced_end(&mut *stream)?;
    let name = path.display();
    match &end {
        End::Length(length) => {
            eprintln!("SYNC sent to master, writing {length} bytes to '{name}'");
        }
        End::Mark(_) => {
            eprintln!(
                "SYNC sent to master, writing bytes of bulk transfer until EOF marker to '{name}'"
            );
        }
    }
    let mut out: Box<dyn Write> = if path == Path::new("-") {
        Box::new(io::stdout().lock())
    } else {
        let opened = File::create(&path);
        Box::new(opened.map_err(|error| {
            Stop::failed(format!("Error opening '{name}': {}", Error::Io(error)))
        })?)
    };
    let written = copy(&mut *stream, &end, &mut *out).map_err(|error| {
        Stop::failed(format!("I/O Error transferring the RDB payload: {}", Error::Io(error)))
    })?;
    drop(out);
    if path != Path::new("-") {
        let synced = File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|error| {
            Stop::failed(format!("Fail to fsync '{name}': {}", Error::Io(error)))
        })?;
    }
    match end {
        End::Length(_) => eprintln!("Transfer finished with success."),
        End::Mark(_) => eprintln!("Transfer finished with success after {written} bytes"),
    }
    Ok(())
}

/// Plays a replica: shows the commands that come, each as a line of CSV.
pub fn follow(session: &mut Session) -> Result<(), Stop> {
    let link = introduce(session)?;
    let mut stream = synchronize(&link)?;
    let end = announced_end(&mut *stream)?;
    match &end {
        End::Length(length) => {
            eprintln!("Full resync with master, discarding {length} bytes of bulk transfer...");
        }
        End::Mark(_) => {
            eprintln!(
                "Full resync with master, discarding bytes of bulk transfer until EOF marker..."
            );
        }
    }
    let discarded = copy(&mut *stream, &end, &mut io::sink()).map_err(|error| {
        Stop::failed(format!("Error reading the RDB payload: {}", Error::Io(error)))
    })?;
    let mut link = Connection::over(stream);
    match end {
        End::Length(_) => eprintln!("Full resync done. Logging commands from master."),
        End::Mark(_) => {
            eprintln!("Full resync done after {discarded} bytes. Logging commands from master.");
            // Some servers look for this no sooner than they have seen the snapshot off.
            thread::sleep(Duration::from_secs(1));
            link.queue(&["REPLCONF", "ACK", "0"]);
            link.flush().map_err(broken)?;
        }
    }
    loop {
        let command = link.receive().map_err(broken)?;
        let mut line = Vec::new();
        crate::format::csv::write(&mut line, &command);
        line.push(b'\n');
        session.print(&line)?;
    }
}

fn broken(error: Error) -> Stop {
    Stop::failed(format!("Error: {error}"))
}

/// Connects, and says that a snapshot of unknown length is understood.
fn introduce(session: &mut Session) -> Result<Connection, Stop> {
    session.connect_or_stop()?;
    let mut link = session.take_link().ok_or(Stop::Code(1))?;
    configure(&mut link, "capa", "eof")?;
    Ok(link)
}

/// Says something of this replica; answers whether the server has understood. One that does not
/// know it works without.
fn configure(link: &mut Connection, name: &str, value: &str) -> Result<bool, Stop> {
    eprintln!("sending REPLCONF {name} {value}");
    let reply = link.command(&["REPLCONF", name, value]).map_err(broken)?;
    if let Some(error) = reply.error_text() {
        eprintln!("REPLCONF {name} error: {}", String::from_utf8_lossy(error));
    }
    Ok(!reply.is_error())
}

/// Asks for the snapshot; answers where it comes from. Nothing is left in the link: all it was
/// asked has been answered.
fn synchronize(link: &Connection) -> Result<Box<dyn Transport>, Stop> {
    let opened = link.transport().duplicate().and_then(|mut stream| {
        // A snapshot may be long in coming.
        stream.set_read_timeout(None)?;
        stream.write_all(b"SYNC\r\n")?;
        Ok(stream)
    });
    opened.map_err(|error| Stop::failed(format!("Error writing to master: {}", Error::Io(error))))
}

/// The line that says where the snapshot ends. Empty lines show that the server lives.
fn announced_end(stream: &mut dyn Transport) -> Result<End, Stop> {
    let line = loop {
        let line = line(stream).map_err(|error| {
            let error = Error::Io(error);
            Stop::failed(format!("Error reading bulk length while SYNCing: {error}"))
        })?;
        if !line.is_empty() {
            break line;
        }
    };
    End::announced(&line).ok_or_else(|| Stop::failed(format!("SYNC with master failed: {line}")))
}

/// Reads to a line's end and not a byte further.
fn line(stream: &mut dyn Transport) -> io::Result<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while line.len() < LINE_MAX {
        stream.read_exact(&mut byte)?;
        if byte == [b'\n'] {
            break;
        }
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
}

/// Copies the snapshot; answers its length. Behind a mark nothing comes before it is asked for.
fn copy(from: &mut dyn Read, end: &End, out: &mut dyn Write) -> io::Result<u64> {
    let copied = io::copy(&mut Marked::new(from, Vec::new(), end.clone()), out)?;
    out.flush()?;
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(out.len()).min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn a_snapshot_ends_at_its_mark_or_length() {
        let mark = vec![b'm'; 40];
        let stream = [&b"data"[..], &mark].concat();
        for step in [1, 3, 39, 40, 41, 1000] {
            let mut out = Vec::new();
            let copied = copy(&mut Drops(&stream, step), &End::Mark(mark.clone()), &mut out);
            assert_eq!((copied.ok(), &out[..]), (Some(4), &b"data"[..]), "{step}");
            let (mut out, mut from) = (Vec::new(), Drops(&stream, step));
            assert_eq!(copy(&mut from, &End::Length(4), &mut out).ok(), Some(4));
            assert_eq!((&out[..], from.0.len()), (&b"data"[..], mark.len()));
        }
        let short = copy(&mut Drops(b"da", 1), &End::Length(4), &mut io::sink());
        assert!(short.is_err());
        assert!(copy(&mut Drops(b"data", 1), &End::Mark(mark), &mut io::sink()).is_err());
    }
}
