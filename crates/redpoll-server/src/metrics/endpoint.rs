//! As much of HTTP as Prometheus needs: one request a connection, answered and closed.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Connections at a time; when more come, the oldest goes.
const CONNECTIONS_MAX: usize = 16;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest head of a request.
const REQUEST_MAX: usize = 8 << 10;

const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A connection on its way.
struct Visit {
    stream: TcpStream,
    since: Instant,
    request: Vec<u8>,
    answer: Vec<u8>,
    sent: usize,
}

/// How far a visit has come.
#[derive(PartialEq, Eq)]
enum Progress {
    Waits,
    Over,
}

/// Says that the endpoint is to end.
pub(super) struct Stop(OwnedFd);

impl Stop {
    pub fn new() -> io::Result<Self> {
        Ok(Stop(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    pub fn set(&self) {
        // It can only fail because it is set.
        let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
    }

    fn is_set(&self) -> bool {
        rustix::io::read(&self.0, &mut [0; 8]).is_ok()
    }
}

/// Answers requests until it is to stop; `text` makes the figures.
pub(super) fn serve(listener: &TcpListener, stop: &Stop, mut text: impl FnMut() -> String) {
    let mut visits: Vec<Visit> = Vec::new();
    while !stop.is_set() {
        wait(listener, stop, &visits);
        visits.retain_mut(|visit| {
            visit.since.elapsed() < PATIENCE && visit.go_on(&mut text) == Progress::Waits
        });
        match listener.accept() {
            Ok((stream, _)) => {
                if visits.len() == CONNECTIONS_MAX {
                    visits.remove(0);
                }
                if let Ok(visit) = Visit::new(stream) {
                    visits.push(visit);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Out of descriptors, most likely: waiting beats spinning.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

/// Waits until there is something to do, or a visit may have to end.
fn wait(listener: &TcpListener, stop: &Stop, visits: &[Visit]) {
    let mut ready = vec![PollFd::new(listener, PollFlags::IN), PollFd::new(&stop.0, PollFlags::IN)];
    ready.extend(visits.iter().map(|visit| {
        let flags = if visit.answer.is_empty() { PollFlags::IN } else { PollFlags::OUT };
        PollFd::new(&visit.stream, flags)
    }));
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    // Interrupted or not, the next thing is to look.
    let _ = poll(&mut ready, if visits.is_empty() { None } else { Some(&second) });
}

impl Visit {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (request, answer) = (Vec::new(), Vec::new());
        Ok(Visit { stream, since: Instant::now(), request, answer, sent: 0 })
    }

    fn go_on(&mut self, text: &mut impl FnMut() -> String) -> Progress {
        if self.answer.is_empty() {
            match self.read() {
                Ok(true) => self.answer = answer(&self.request, text),
                Ok(false) => return Progress::Waits,
                Err(_) => return Progress::Over,
            }
        }
        while self.sent < self.answer.len() {
            match self.stream.write(&self.answer[self.sent..]) {
                Ok(0) => return Progress::Over,
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Progress::Waits,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Progress::Over,
            }
        }
        // The rest of a request that was too long is read, or else closing would reset the
        // connection and the answer with it.
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        let _ = self.stream.read(&mut [0; 4096]);
        Progress::Over
    }

    /// Reads what has arrived. True: the head is complete, or too long.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 2048];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.request.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if head_ends(&self.request) || self.request.len() > REQUEST_MAX {
                return Ok(true);
            }
        }
    }
}

fn head_ends(request: &[u8]) -> bool {
    request.windows(4).any(|bytes| bytes == b"\r\n\r\n")
        || request.windows(2).any(|bytes| bytes == b"\n\n")
}

/// The whole answer to a request.
fn answer(request: &[u8], text: &mut impl FnMut() -> String) -> Vec<u8> {
    if request.len() > REQUEST_MAX && !head_ends(request) {
        return response("431 Request Header Fields Too Large", FORM, "", "too long\n", true);
    }
    let line = request.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [method, target, version] = words[..] else {
        return response("400 Bad Request", FORM, "", "not HTTP\n", true);
    };
    if !version.starts_with("HTTP/1.") {
        return response("400 Bad Request", FORM, "", "not HTTP/1\n", true);
    }
    let with_body = match method {
        "GET" => true,
        "HEAD" => false,
        _ => {
            let allow = "Allow: GET, HEAD\r\n";
            return response("405 Method Not Allowed", FORM, allow, "only GET\n", true);
        }
    };
    match target.split('?').next() {
        Some("/metrics") => response("200 OK", FORM, "", &text(), with_body),
        Some("/") => response("200 OK", FORM, "", "Redpoll: see /metrics\n", with_body),
        _ => response("404 Not Found", FORM, "", "see /metrics\n", with_body),
    }
}

fn response(status: &str, form: &str, more: &str, body: &str, with_body: bool) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {form}\r\nContent-Length: {length}\r\n{more}\
         Connection: close\r\n\r\n"
    );
    let body = if with_body { body } else { "" };
    [head.as_bytes(), body.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(request: &str) -> String {
        let mut text = || "figure 1\n".to_owned();
        String::from_utf8(answer(request.as_bytes(), &mut text)).expect("text")
    }

    #[test]
    fn answers_what_it_knows_and_refuses_the_rest() {
        let answer = ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"));
        assert!(answer.ends_with("Content-Length: 9\r\nConnection: close\r\n\r\nfigure 1\n"));
        assert!(ask("GET /metrics?a=b HTTP/1.0\n\n").contains("figure"));
        let head = ask("HEAD /metrics HTTP/1.1\r\n\r\n");
        assert!(head.contains("Content-Length: 9") && !head.contains("figure"));
        for (request, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "200"),
            ("GET /other HTTP/1.1\r\n\r\n", "404"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405"),
            ("*1\r\n$4\r\nPING\r\n\r\n", "400"),
            ("GET /metrics HTTP/2\r\n\r\n", "400"),
            ("GET /metrics\r\n\r\n", "400"),
            (&"x".repeat(REQUEST_MAX + 1), "431"),
        ] {
            assert!(ask(request).starts_with(&format!("HTTP/1.1 {status} ")), "{request}");
        }
    }
}
