//! `HOTKEYS`: which keys take the most time, and which the most bytes.

use crate::prelude::*;
use crate::server::process::{Who, cpu_time};

mod get;
mod help;
mod start;
mod stop;

pub const HOTKEYS: Command = Command {
    spec: Spec {
        name: "hotkeys",
        arity: -2,
        group: Group::Server,
        since: "8.6.0",
        summary: "Commands about the keys that are used most.",
        complexity: "Depends on the subcommand.",
        subcommands: &[&get::GET, &help::HELP, &stop::RESET, &start::START, &stop::STOP],
        ..Spec::EMPTY
    },
    run: container,
};

/// The process's time so far in milliseconds: in the program, and in the kernel.
fn cpu_ms() -> (i64, i64) {
    let time = cpu_time(Who::Process);
    (time.user / 1000, time.system / 1000)
}

#[cfg(test)]
mod tests {
    use crate::testing::{TestServer, check};

    #[test]
    fn finds_the_heaviest() {
        let mut server = TestServer::new();
        let mut session = server.client();
        assert_eq!(server.run(&mut session, "HOTKEYS GET"), "nil");
        assert_eq!(server.run(&mut session, "HOTKEYS START METRICS 1 NET COUNT 2"), "OK");
        for _ in 0..3 {
            server.run(&mut session, "SET big 0123456789");
        }
        server.run(&mut session, "MGET big small");
        server.run(&mut session, "GET small");
        server.run(&mut session, "PING");
        server.now += 40;
        let report = server.run(&mut session, "HOTKEYS GET");
        let (before, after) = report.split_once("all-commands-all-slots-us ").expect("a time");
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        assert_eq!(
            format!("{before}{after}"),
            "[[tracking-active 1 sample-ratio 1 selected-slots [[0 16383]]  \
             net-bytes-all-commands-all-slots 133 \
             collection-start-time-unix-ms 1700000000000 collection-duration-ms 40 \
             total-net-bytes 133 by-net-bytes [big 96 small 37]]]"
        );
    }

    #[test]
    fn both_metrics_and_an_end() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let start = "HOTKEYS START METRICS 2 CPU NET DURATION 1 SAMPLE 1";
        assert_eq!(server.run(&mut session, start), "OK");
        let refused = server.run(&mut session, start);
        assert_eq!(refused, "ERR hotkey tracking session already in progress");
        let refused = server.run(&mut session, "HOTKEYS RESET");
        assert_eq!(refused, "ERR hotkey tracking session in progress, stop tracking first");
        server.run(&mut session, "SET k v");
        server.now += 1000;
        server.run(&mut session, "SET late v");
        let report = server.run(&mut session, "HOTKEYS GET");
        assert!(report.starts_with("[[tracking-active 0 "), "{report}");
        assert!(report.contains("collection-duration-ms 1000 total-cpu-time-user-ms "), "{report}");
        assert!(report.contains("by-net-bytes [k "), "{report}");
        assert!(!report.contains("late"), "{report}");
        assert_eq!(server.run(&mut session, "HOTKEYS STOP"), "nil");
        assert_eq!(server.run(&mut session, "HOTKEYS RESET"), "OK");
        assert_eq!(server.run(&mut session, "HOTKEYS GET"), "nil");
    }

    #[test]
    fn looks_into_transactions() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in [
            "CONFIG SET commandlog-reply-larger-than 20",
            "HOTKEYS START METRICS 1 NET",
            "MULTI",
            "SET k 0123456789012345678901234567890123456789",
            "GET k",
            "EXEC",
        ] {
            server.run(&mut session, command);
        }
        let report = server.run(&mut session, "HOTKEYS GET");
        assert!(report.contains("by-net-bytes [k "), "{report}");
        let log = server.run(&mut session, "COMMANDLOG GET -1 large-reply");
        assert!(log.contains("[GET k]") && !log.contains("EXEC"), "{log}");
    }

    #[test]
    fn refuses() {
        for (options, error) in [
            ("", "METRICS parameter is required"),
            ("COUNT 3 METRICS 1 CPU", "METRICS parameter is required"),
            ("METRICS 3 CPU", "METRICS count must be > 0 and <= 2"),
            ("METRICS x CPU", "METRICS count must be > 0 and <= 2"),
            ("METRICS 2 CPU", "METRICS count does not match number of metric types provided"),
            ("METRICS 2 CPU CPU", "METRICS CPU defined more than once!"),
            ("METRICS 1 DISK", "METRICS no valid metrics passed. Supported: CPU|NET"),
            ("METRICS 1 CPU COUNT 65", "COUNT must be between 1 and 64"),
            ("METRICS 1 CPU DURATION 0", "DURATION must be between 1 and 1000000"),
            ("METRICS 1 CPU SAMPLE 0", "SAMPLE ratio must be positive"),
            ("METRICS 1 CPU SLOTS 1 5", "SLOTS parameter cannot be used in non-cluster mode"),
            ("METRICS 1 CPU COUNT", "syntax error"),
            ("METRICS 1 CPU NET", "syntax error"),
        ] {
            check(&format!("HOTKEYS START {options}"), &format!("ERR {error}"));
        }
    }
}
