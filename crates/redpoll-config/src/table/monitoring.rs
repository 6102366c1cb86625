//! What the server tells about itself: log, slow log, latency.

use super::*;
use crate::choice::{LogFormat, LogLevel, LogTimestampFormat, SyslogFacility};
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::special::Special;
use crate::value::{Text, Value};
use std::sync::Arc;

directives! {
    after cluster::END;
    section "Monitoring";

    loglevel: Word(LogLevel, Notice), "loglevel", [],
        "How much is logged.";
    logfile: Str(""), "logfile", [IMMUTABLE],
        "File to log to; empty logs to standard output.";
    log_format: Word(LogFormat, Text), "log-format", [],
        "Form of the log: text as Redis writes it, or one JSON object a line.";
    log_timestamp_format: Word(LogTimestampFormat, Legacy), "log-timestamp-format", [],
        "How the log tells the time.";
    syslog_enabled: Bool(false), "syslog-enabled", [IMMUTABLE],
        "Log to the system's log as well.";
    syslog_ident: Str("redis"), "syslog-ident", [IMMUTABLE],
        "Name in the system's log.";
    syslog_facility: Word(SyslogFacility, Local0), "syslog-facility", [IMMUTABLE],
        "Facility in the system's log.";
    crash_log_enabled: Bool(true), "crash-log-enabled", [],
        "Log what is known when the server crashes.";
    crash_memcheck_enabled: Bool(true), "crash-memcheck-enabled", [],
        "Test the memory when the server crashes.";
    slowlog_log_slower_than: Int(10000, -1, LONG_MAX),
        "slowlog-log-slower-than" | "commandlog-execution-slower-than", [],
        "Microseconds from which a command is noted in SLOWLOG; 0 notes all, -1 none.";
    slowlog_max_len: Count(128, 0, LONG_MAX),
        "slowlog-max-len" | "commandlog-slow-execution-max-len", [],
        "Entries SLOWLOG keeps.";
    commandlog_request_larger_than: Int(1048576, -1, LONG_MAX),
        "commandlog-request-larger-than", [],
        "Bytes from which a request is noted in COMMANDLOG; 0 notes all, -1 none.";
    commandlog_large_request_max_len: Count(128, 0, LONG_MAX),
        "commandlog-large-request-max-len", [],
        "Entries COMMANDLOG keeps of large requests.";
    commandlog_reply_larger_than: Int(1048576, -1, LONG_MAX), "commandlog-reply-larger-than", [],
        "Bytes from which a reply is noted in COMMANDLOG; 0 notes all, -1 none.";
    commandlog_large_reply_max_len: Count(128, 0, LONG_MAX),
        "commandlog-large-reply-max-len", [],
        "Entries COMMANDLOG keeps of large replies.";
    latency_monitor_threshold: Int(0, 0, LONG_MAX), "latency-monitor-threshold", [],
        "Milliseconds from which an event is noted for LATENCY; 0 notes none.";
    latency_tracking: Bool(true), "latency-tracking", [],
        "Keep the distribution of every command's latency.";
    latency_tracking_info_percentiles: Percentiles, "latency-tracking-info-percentiles", [MULTI],
        "Percentiles of latency INFO shows.";
    metrics_port: Port(0), "metrics-port", [],
        "Port of the HTTP endpoint with figures for Prometheus; 0 has none.";
    metrics_bind: Str("127.0.0.1"), "metrics-bind", [],
        "Address of the HTTP endpoint with figures for Prometheus.";
}
