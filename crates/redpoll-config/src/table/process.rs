//! The process: threads, files, supervision, shutdown.

use super::*;
use crate::choice::{Compat, OomScoreAdj, ShutdownFlags, Supervised};
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::special::Special;
use crate::value::{Text, Value};

directives! {
    after tls::END;
    section "Process";

    compat: Word(Compat, Redis), "compat", [],
        "Whom to follow where Redis and Valkey define the same thing differently.";
    import_mode: Bool(false), "import-mode", [],
        "Let expired keys stay while data comes in from another server (CLIENT IMPORT-SOURCE).";
    io_threads: Int(0, 0, 1024), "io-threads", [IMMUTABLE],
        "Worker threads; 0 takes one for each core.";
    io_threads_do_reads: Bool(false), "io-threads-do-reads", [IMMUTABLE],
        "Accepted without effect: every worker reads, executes and writes.";
    databases: Int(16, 1, INT_MAX), "databases", [IMMUTABLE],
        "Number of databases for SELECT.";
    dir: Dir, "dir", [PROTECTED DENY_LOADING VOLATILE],
        "Working directory: data files are written here and relative paths start here.";
    daemonize: Bool(false), "daemonize", [IMMUTABLE],
        "Go into the background once started.";
    supervised: Word(Supervised, No), "supervised", [IMMUTABLE],
        "Which supervisor is told when the server is ready.";
    pidfile: OptStr, "pidfile", [IMMUTABLE],
        "File the process id is written to.";
    set_proc_title: Bool(true), "set-proc-title", [IMMUTABLE],
        "Show the server's state in the title of the process.";
    proc_title_template: Str("{title} {listen-addr} {server-mode}"), "proc-title-template", [],
        check title_template,
        "What the title of the process shows.";
    always_show_logo: Bool(false), "always-show-logo", [IMMUTABLE],
        "Show the start-up banner also where the log is no terminal.";
    locale_collate: Str(""), "locale-collate", [],
        "Accepted without effect: SORT ALPHA compares bytes.";
    hz: Int(10, 0, INT_MAX), "hz", [], check cap_hz,
        "How often a second background work is done, 1 to 500.";
    dynamic_hz: Bool(true), "dynamic-hz", [],
        "Do background work more often while many clients are connected.";
    server_cpulist: OptStr, "server_cpulist", [IMMUTABLE],
        "CPUs of the worker threads, such as 0-3,6.";
    bio_cpulist: OptStr, "bio_cpulist", [IMMUTABLE],
        "CPUs of background threads.";
    aof_rewrite_cpulist: OptStr, "aof_rewrite_cpulist", [IMMUTABLE],
        "CPUs for rewriting the append-only file.";
    bgsave_cpulist: OptStr, "bgsave_cpulist", [IMMUTABLE],
        "CPUs for writing snapshots.";
    oom_score_adj: Word(OomScoreAdj, No), "oom-score-adj", [],
        "Tell the kernel whom to stop first when memory runs out.";
    oom_score_adj_values: OomScores, "oom-score-adj-values", [MULTI],
        "Scores told to the kernel: for primaries, replicas and background processes.";
    disable_thp: Bool(true), "disable-thp", [IMMUTABLE],
        "Turn transparent huge pages off, which add latency, but for what a load fills.";
    shutdown_timeout: Int(10, 0, INT_MAX), "shutdown-timeout", [],
        "Seconds a shutdown waits for replicas to catch up.";
    shutdown_on_sigint: Signal, "shutdown-on-sigint", [MULTI], check save_or_not,
        "How SIGINT shuts the server down.";
    shutdown_on_sigterm: Signal, "shutdown-on-sigterm", [MULTI], check save_or_not,
        "How SIGTERM shuts the server down.";
    ignore_warnings: Str(""), "ignore-warnings", [],
        "Start-up warnings about the system to leave out.";
}
