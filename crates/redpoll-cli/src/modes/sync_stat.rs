//! `--sync-stat`: how far a replica's full sync is, until it is done.
//!
//! On a terminal one line is drawn again and again, with a bar; elsewhere there is a line for each
//! look, for logs and pipes. Asked of a primary, it tells of its replicas.

use crate::options::stdout_is_terminal;
use crate::session::Session;
use crate::stop::Stop;
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// Characters of a bar.
const BAR: usize = 30;

/// Prints how far it is until there is nothing more to wait for.
pub fn run(session: &mut Session) -> Result<(), Stop> {
    session.connect_or_stop()?;
    let terminal = stdout_is_terminal();
    let interval = match (session.options.interval, terminal) {
        (Duration::ZERO, true) => Duration::from_millis(100),
        (Duration::ZERO, false) => Duration::from_secs(1),
        (said, _) => said,
    };
    loop {
        let reply = session.ask_persistently(&["INFO", "replication"])?;
        if let Some(text) = reply.error_text() {
            return Err(Stop::failed(format!("ERROR: {}", String::from_utf8_lossy(text))));
        }
        let info = String::from_utf8_lossy(reply.as_bytes().unwrap_or_default()).into_owned();
        let look = Look::of(&Info::of(&info));
        let (begin, end) = match (terminal, look.done) {
            (true, false) => ("\r\x1b[0K", ""),
            (true, true) => ("\r\x1b[0K", "\n"),
            (false, _) => ("", "\n"),
        };
        let bar = match (terminal, look.share) {
            (true, Some(share)) => bar(share),
            _ => String::new(),
        };
        session.print(format!("{begin}{bar}{}{end}", look.text).as_bytes())?;
        if look.done {
            return Ok(());
        }
        thread::sleep(interval);
    }
}

/// The fields of INFO.
struct Info<'i>(BTreeMap<&'i str, &'i str>);

impl<'i> Info<'i> {
    fn of(text: &'i str) -> Self {
        Info(text.lines().filter_map(|line| line.split_once(':')).collect())
    }

    fn word(&self, name: &str) -> &'i str {
        self.0.get(name).copied().unwrap_or("")
    }

    fn number(&self, name: &str) -> f64 {
        self.word(name).parse().unwrap_or(0.0)
    }
}

/// What is to be shown.
#[derive(Debug, PartialEq)]
struct Look {
    text: String,
    /// How much of it is done, if that is known.
    share: Option<f64>,
    /// There is nothing more to wait for.
    done: bool,
}

impl Look {
    fn of(info: &Info<'_>) -> Look {
        match info.word("role") {
            "slave" if info.word("master_sync_in_progress") == "1" => Look::of_sync(info),
            "slave" => Look::of_link(info),
            _ => Look::of_primary(info),
        }
    }

    fn of_sync(info: &Info<'_>) -> Look {
        let (bytes, total) =
            (info.number("master_sync_read_bytes"), info.number("master_sync_total_bytes"));
        let carrier = info.word("master_sync_carrier");
        if carrier.is_empty() {
            let share = (total > 0.0).then(|| bytes / total);
            let text = format!("stream  {}{}", percent(share), megabytes(bytes));
            return Look { text, share, done: false };
        }
        let (keys, all) = (info.number("master_sync_keys"), info.number("master_sync_total_keys"));
        let share = (all > 0.0).then(|| (keys / all).min(1.0));
        let rate = megabytes(info.number("master_sync_bytes_per_sec"));
        let left = match info.number("master_sync_seconds_left") {
            left if left >= 0.0 => format!(", {left:.1} s left"),
            _ => String::new(),
        };
        let text = format!(
            "{carrier}  {}{keys:.0} of {all:.0} keys, {} in {} chunks, {rate}/s{left}",
            percent(share),
            megabytes(bytes),
            info.word("master_sync_chunks")
        );
        Look { text, share, done: false }
    }

    fn of_link(info: &Info<'_>) -> Look {
        let last = match info.word("master_last_sync_carrier") {
            "" => String::new(),
            carrier => format!(
                "; the last full sync came by {carrier}: {} keys, {} in {} s, {}/s",
                info.word("master_last_sync_keys"),
                megabytes(info.number("master_last_sync_bytes")),
                info.word("master_last_sync_seconds"),
                megabytes(info.number("master_last_sync_bytes_per_sec")),
            ),
        };
        let done = info.word("master_link_status") == "up";
        let state = if done { "the link is up" } else { "the link is down" };
        Look { text: format!("{state}{last}"), share: done.then_some(1.0), done }
    }

    fn of_primary(info: &Info<'_>) -> Look {
        let states: Vec<&str> = (0..)
            .map(|number| info.word(&format!("slave{number}")))
            .take_while(|line| !line.is_empty())
            .collect();
        let online = states.iter().filter(|line| line.contains("state=online")).count();
        let mut text = format!("primary: {online} of {} replicas are online", states.len());
        if info.word("sync_table_active") == "1" {
            text += &format!(
                "; {} read a sync table, {} chunks so far, {} wait to be read",
                info.word("sync_table_readers"),
                info.word("sync_table_chunks"),
                megabytes(info.number("sync_table_held_bytes"))
            );
        }
        Look { text, share: None, done: online == states.len() }
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or(String::new(), |share| format!("{:.1} %, ", share * 100.0))
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// A share as a bar.
fn bar(share: f64) -> String {
    let full = (share.clamp(0.0, 1.0) * BAR as f64).round() as usize;
    format!("[{}{}] ", "#".repeat(full), "-".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Look {
        Look::of(&Info::of(text))
    }

    #[test]
    fn a_table_is_shown_with_its_rate_and_the_time_left() {
        let shown = look(
            "role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n\
             master_sync_read_bytes:250000000\r\nmaster_sync_carrier:shm\r\n\
             master_sync_chunks:240\r\nmaster_sync_keys:25\r\nmaster_sync_total_keys:100\r\n\
             master_sync_bytes_per_sec:1000000000\r\nmaster_sync_seconds_left:0.75\r\n",
        );
        assert_eq!(
            shown.text,
            "shm  25.0 %, 25 of 100 keys, 250.0 MB in 240 chunks, 1000.0 MB/s, 0.8 s left"
        );
        assert_eq!((shown.share, shown.done), (Some(0.25), false));
        assert_eq!(bar(0.5).len(), BAR + 3);
        assert!(bar(9.0).starts_with("[##############################]"));
    }

    #[test]
    fn a_stream_of_unknown_length_has_no_share() {
        let shown = look(
            "role:slave\r\nmaster_sync_in_progress:1\r\nmaster_sync_read_bytes:1000000\r\n\
             master_sync_total_bytes:0\r\n",
        );
        assert_eq!(shown, Look { text: "stream  1.0 MB".to_owned(), share: None, done: false });
    }

    #[test]
    fn it_ends_when_the_link_is_up() {
        let shown = look("role:slave\r\nmaster_link_status:down\r\nmaster_sync_in_progress:0\r\n");
        assert!(!shown.done);
        let shown = look(
            "role:slave\r\nmaster_link_status:up\r\nmaster_last_sync_carrier:tcp\r\n\
             master_last_sync_keys:7\r\nmaster_last_sync_bytes:2000000\r\n\
             master_last_sync_seconds:0.010\r\nmaster_last_sync_bytes_per_sec:200000000\r\n",
        );
        assert!(shown.done);
        assert_eq!(
            shown.text,
            "the link is up; the last full sync came by tcp: 7 keys, 2.0 MB in 0.010 s, 200.0 MB/s"
        );
    }

    #[test]
    fn a_primary_tells_of_its_replicas() {
        let shown = look(
            "role:master\r\nslave0:ip=1,state=online,offset=1\r\nslave1:ip=2,state=wait_bgsave\r\n\
             sync_table_active:1\r\nsync_table_readers:1\r\nsync_table_chunks:5\r\n\
             sync_table_held_bytes:4000000\r\n",
        );
        assert!(!shown.done);
        assert_eq!(
            shown.text,
            "primary: 1 of 2 replicas are online; 1 read a sync table, 5 chunks so far, 4.0 MB \
             wait to be read"
        );
        assert!(look("role:master\r\n").done);
    }
}
