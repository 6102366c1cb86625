//! A server under measurement: started fresh on its core, asked a few things, and stopped.

use super::load::Tool;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Time a server has to answer after its start, and a client waits for a reply.
const PATIENCE: Duration = Duration::from_secs(60);

/// The two sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    /// This project's server.
    Ours,
    /// The server it is compared with.
    Peer,
}

impl Flavor {
    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Flavor::Ours => "Redpoll",
            Flavor::Peer => "Redis",
        }
    }

    /// Place in arrays of both.
    pub fn index(self) -> usize {
        match self {
            Flavor::Ours => 0,
            Flavor::Peer => 1,
        }
    }
}

/// What is the same for the whole run.
pub struct Settings {
    /// The programs of both sides, in the order of [`Flavor::index`].
    pub binaries: [PathBuf; 2],
    /// The load generator of this project.
    pub benchmark: PathBuf,
    /// The command-line client of this project.
    pub cli: PathBuf,
    /// The load generator of the throughput scenario.
    pub tool: Tool,
    /// Whether a first look is enough.
    pub quick: bool,
}

/// A running server.
pub struct Server {
    process: Child,
    binary: PathBuf,
    cores: String,
    workers: usize,
    more: Vec<String>,
    directory: PathBuf,
    /// Where it listens on the loopback address.
    pub port: u16,
}

impl Server {
    /// Starts a server with so many worker threads, pinned to the cores, without persistence.
    pub fn start(binary: &Path, cores: &str, workers: usize) -> Result<Server, String> {
        Self::start_with(binary, cores, workers, &[])
    }

    /// The same with further settings.
    pub fn start_with(
        binary: &Path,
        cores: &str,
        workers: usize,
        more: &[&str],
    ) -> Result<Server, String> {
        let more: Vec<String> = more.iter().map(|word| word.to_string()).collect();
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| format!("no free port: {error}"))?
            .port();
        let directory = std::env::temp_dir().join(format!("compare-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let process = spawn(binary, (cores, workers), &more, &directory, port)?;
        let (binary, cores) = (binary.to_owned(), cores.to_owned());
        let mut server = Server { process, binary, cores, workers, more, directory, port };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Ends the server, hard, and starts it again with the files it has left.
    pub fn restart(mut self) -> Result<Server, String> {
        self.process.kill().map_err(|error| error.to_string())?;
        self.process.wait().map_err(|error| error.to_string())?;
        let place = (&*self.cores, self.workers);
        self.process = spawn(&self.binary, place, &self.more, &self.directory, self.port)?;
        self.wait_until_ready()?;
        Ok(self)
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let binary = &self.binary;
        let start = Instant::now();
        loop {
            if self.connect().and_then(|mut client| client.ask(&["PING"])).is_ok() {
                return Ok(());
            }
            let ended = self.process.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || start.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                return Err(format!("{} does not answer; it said:\n{log}", binary.display()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The path of its Unix socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// A new connection.
    pub fn connect(&self) -> Result<Client, String> {
        Client::open(self.port)
    }

    /// A number from INFO.
    pub fn info(&self, field: &str) -> Result<f64, String> {
        self.info_of(&mut self.connect()?, ("default", field))
    }

    /// A number from a section of INFO, asked for on a connection that is there.
    pub fn info_of(
        &self,
        client: &mut Client,
        (section, field): (&str, &str),
    ) -> Result<f64, String> {
        let text = client.ask(&["INFO", section])?;
        let value = info_field(&text, field);
        value.and_then(|v| v.parse().ok()).ok_or(format!("INFO tells no {field}"))
    }

    /// Memory in use: the server's resident pages, and those of what it has forked that are no
    /// longer shared. (How much each shares is not asked of the server itself: it would stand still
    /// for the answer.)
    pub fn memory_bytes(&self) -> Result<f64, String> {
        let own = self.process.id();
        let read = |path: String| fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"));
        let statm = read(format!("/proc/{own}/statm"))?;
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok());
        let children = read(format!("/proc/{own}/task/{own}/children"))?;
        let copied = |id: &str| -> Option<f64> {
            let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Private_Dirty:"))?;
            line.trim().strip_suffix(" kB")?.parse().ok()
        };
        // One that has ended meanwhile uses none.
        let copied: f64 = children.split_whitespace().filter_map(copied).sum();
        Ok(pages.ok_or("no resident pages")? * PAGE + copied * 1024.0)
    }

    /// Processor time used so far, in seconds, by all threads.
    pub fn cpu_seconds(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        cpu_ticks(&stat).map(|ticks| ticks / TICKS_A_SECOND).ok_or(format!("{path}: unreadable"))
    }

    /// The same with that of the processes it has forked, those that have ended.
    pub fn cpu_seconds_of_all(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let ticks = cpu_ticks(&stat).zip(children_ticks(&stat)).map(|(own, theirs)| own + theirs);
        ticks.map(|ticks| ticks / TICKS_A_SECOND).ok_or(format!("{path}: unreadable"))
    }

    /// Processor time used so far by the threads that live, in nanoseconds, as the scheduler
    /// counts it.
    pub fn cpu_nanoseconds(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/task", self.process.id());
        let threads = fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
        let of_thread = |thread: fs::DirEntry| -> Option<f64> {
            let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse().ok()
        };
        Ok(threads.flatten().filter_map(of_thread).sum())
    }
}

fn spawn(
    binary: &Path,
    (cores, workers): (&str, usize),
    more: &[String],
    directory: &Path,
    port: u16,
) -> Result<Child, String> {
    let log = fs::File::create(directory.join("log")).map_err(|error| error.to_string())?;
    Command::new("taskset")
        .args(["-c", cores])
        .arg(binary)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--io-threads", &workers.to_string()])
        .args(["--save", "", "--appendonly", "no", "--unixsocket"])
        .arg(directory.join("socket"))
        .args(more)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(log)
        .spawn()
        .map_err(|error| format!("{}: {error}", binary.display()))
}

impl Drop for Server {
    fn drop(&mut self) {
        // There is nothing to save, and nobody to tell when it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Bytes of a page of memory.
const PAGE: f64 = 4096.0;

/// Linux counts processor time in this unit whatever its own timer does.
const TICKS_A_SECOND: f64 = 100.0;

/// User and system time from the text of `/proc/PID/stat`, in ticks.
fn cpu_ticks(stat: &str) -> Option<f64> {
    // Fields 14 and 15 of the whole line.
    sum_of_fields(stat, 11)
}

/// The same of children that have ended.
fn children_ticks(stat: &str) -> Option<f64> {
    sum_of_fields(stat, 13)
}

fn sum_of_fields(stat: &str, first: usize) -> Option<f64> {
    // The program's name is in parentheses and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some(field(first)? + field(first + 1)?)
}

/// The value of a field in INFO's text.
pub fn info_field<'a>(text: &'a str, field: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim_end().strip_prefix(field)?.strip_prefix(':'))
}

/// A connection that asks one thing at a time.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn open(port: u16) -> Result<Client, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
        let ready = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        ready.map_err(|error| error.to_string())?;
        Ok(Client { stream: BufReader::with_capacity(256 * 1024, stream) })
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.get_mut().write_all(bytes).map_err(|error| error.to_string())
    }

    /// Reads `count` bytes and forgets them.
    pub fn skip(&mut self, count: usize) -> Result<(), String> {
        let mut left = count;
        while left > 0 {
            let available = self.stream.fill_buf().map_err(|error| error.to_string())?.len();
            if available == 0 {
                return Err("the server closed the connection".into());
            }
            let taken = available.min(left);
            self.stream.consume(taken);
            left -= taken;
        }
        Ok(())
    }

    /// Sends a command and reads its reply, which must be a line or a string.
    pub fn ask(&mut self, command: &[&str]) -> Result<String, String> {
        self.send_request(command)?;
        self.reply()?.ok_or(format!("{}: no line and no string", command.join(" ")))
    }

    /// Sends a command whose reply may be anything but an error.
    pub fn command(&mut self, command: &[&str]) -> Result<(), String> {
        self.send_request(command)?;
        self.reply().map(|_| ())
    }

    /// Sends what asks for a command.
    fn send_request(&mut self, command: &[&str]) -> Result<(), String> {
        self.send(&Client::request(command))
    }

    /// The bytes that ask for a command.
    pub fn request(command: &[&str]) -> Vec<u8> {
        let mut request = format!("*{}\r\n", command.len());
        for word in command {
            request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        request.into_bytes()
    }

    /// Reads a whole reply, which must not be an error, and forgets it: at as little cost as can
    /// be, since the load shares its cores with the server.
    pub fn swallow(&mut self) -> Result<(), String> {
        let (mut line, mut left) = (Vec::new(), 1u64);
        while left > 0 {
            left -= 1;
            line.clear();
            self.stream.read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
            let text = || String::from_utf8_lossy(&line).trim_end().to_owned();
            let number = |digits: &[u8]| -> Option<i64> {
                std::str::from_utf8(digits).ok()?.trim_end().parse().ok()
            };
            match line.split_first() {
                Some((b'+' | b':', _)) => {}
                Some((b'$', digits)) => {
                    let length = number(digits).ok_or_else(text)?;
                    self.skip(usize::try_from(length).map_or(0, |length| length + 2))?;
                }
                Some((b'*', digits)) => {
                    left += u64::try_from(number(digits).ok_or_else(text)?).unwrap_or(0);
                }
                _ => return Err(text()),
            }
        }
        Ok(())
    }

    /// Reads a whole reply; answers what it says if it is a line or a string.
    fn reply(&mut self) -> Result<Option<String>, String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(|error| error.to_string())?;
        let line = line.trim_end();
        let count = |text: &str| text.parse::<i64>().map_err(|_| format!("no reply: {line}"));
        match line.split_at_checked(1) {
            Some(("+" | ":", rest)) => Ok(Some(rest.to_string())),
            Some(("$", length)) => {
                let Ok(length) = usize::try_from(count(length)?) else { return Ok(None) };
                let mut body = vec![0; length + 2];
                self.stream.read_exact(&mut body).map_err(|error| error.to_string())?;
                body.truncate(length);
                Ok(Some(String::from_utf8_lossy(&body).into_owned()))
            }
            Some(("*", length)) => {
                for _ in 0..count(length)? {
                    self.reply()?;
                }
                Ok(None)
            }
            _ => Err(line.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0";
        assert_eq!(cpu_ticks(stat), Some(300.0));
        assert_eq!(cpu_ticks("42 (a) S 1"), None);
    }

    #[test]
    fn fields_of_info_are_whole_names() {
        let text = "# Memory\r\nused_memory_rss:9\r\nused_memory:1234\r\n";
        assert_eq!(info_field(text, "used_memory"), Some("1234"));
        assert_eq!(info_field(text, "used"), None);
    }
}
