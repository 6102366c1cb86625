//! `--stat`: a line on the server's load in each interval.

use std::thread;
use std::time::Duration;

use crate::numbers::atoi;
use crate::session::Session;
use crate::stop::Stop;

const TITLES: &str = "\
------- data ------ --------------------- load -------------------- - child -
keys       mem      clients blocked requests            connections          
";

/// Lines between two titles.
const LINES_A_TITLE: u64 = 20;

/// Prints lines without end.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let interval = match session.options.interval {
        Duration::ZERO => Duration::from_secs(1),
        said => said,
    };
    let mut requests = None;
    for number in 0u64.. {
        let reply = session.ask_persistently(&["INFO"])?;
        if let Some(text) = reply.error_text() {
            return Err(Stop::failed(format!("ERROR: {}", String::from_utf8_lossy(text))));
        }
        let info = String::from_utf8_lossy(reply.as_bytes().unwrap_or_default());
        if number % LINES_A_TITLE == 0 {
            session.print(TITLES.as_bytes())?;
        }
        let (line, now) = line(&info, requests);
        requests = Some(now);
        session.print(line.as_bytes())?;
        thread::sleep(interval);
    }
    Ok(())
}

/// The line for an INFO text, and its count of requests, from which the next line subtracts.
fn line(info: &str, requests_before: Option<i64>) -> (String, i64) {
    let field = |name: &str| field(info, name).unwrap_or(0);
    let requests = field("total_commands_processed");
    let load = format!("{requests} (+{})", requests - requests_before.unwrap_or(requests));
    let mut child = Vec::new();
    if field("loading") > 0 {
        child.push("LOAD");
    }
    if field("rdb_bgsave_in_progress") > 0 {
        child.push("SAVE");
    }
    if field("aof_rewrite_in_progress") > 0 {
        child.push("AOF");
    }
    let line = format!(
        "{:<11}{:<8} {:<8}{:<8}{load:<19} {:<12}{}\n",
        keys(info),
        human(field("used_memory")),
        field("connected_clients"),
        field("blocked_clients"),
        field("total_connections_received"),
        child.join("+")
    );
    (line, requests)
}

/// The keys of all databases: lines like `db0:keys=12,expires=0`.
fn keys(info: &str) -> i64 {
    info.lines()
        .filter_map(|line| line.strip_prefix("db")?.split_once(":keys="))
        .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        .map(|(_, count)| atoi(count.as_bytes()))
        .sum()
}

fn field(info: &str, name: &str) -> Option<i64> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .map(|value| atoi(value.as_bytes()))
}

/// A number of bytes in the largest unit it reaches.
fn human(bytes: i64) -> String {
    const UNITS: [(&str, u32); 4] = [("T", 40), ("G", 30), ("M", 20), ("K", 10)];
    for (unit, bits) in UNITS {
        if bytes >= 1i64 << bits {
            return format!("{:.2}{unit}", bytes as f64 / (1i64 << bits) as f64);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_made_from_info() {
        let info = "used_memory:1048576\r\nused_memory_rss:5\r\nconnected_clients:2\r\n\
            blocked_clients:1\r\nloading:0\r\nrdb_bgsave_in_progress:1\r\n\
            aof_rewrite_in_progress:1\r\ntotal_connections_received:7\r\n\
            total_commands_processed:110\r\ndb0:keys=3,expires=1\r\ndb11:keys=4,expires=0\r\n";
        let (text, requests) = line(info, Some(100));
        assert_eq!(requests, 110);
        assert_eq!(
            text,
            "7          1.00M    2       1       110 (+10)           7           SAVE+AOF\n"
        );
        assert!(line(info, None).0.contains("110 (+0)"));
    }

    #[test]
    fn sizes_are_shown_in_their_unit() {
        let cases = [(0, "0B"), (1023, "1023B"), (1024, "1.00K"), (1 << 40, "1.00T")];
        for (bytes, expected) in cases {
            assert_eq!(human(bytes), expected);
        }
    }
}
