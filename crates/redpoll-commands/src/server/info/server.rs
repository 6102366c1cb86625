//! INFO's section `Server`: the program and how it runs.

use super::text::Text;
use crate::connection::{REDIS_VERSION, VALKEY_VERSION};
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_config::Compat;
use redpoll_keyspace::{access, clock};

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    build(text);
    if ctx.engine.config.compat() == Compat::Valkey {
        text.field("server_name", "valkey");
        text.field("valkey_version", VALKEY_VERSION);
    }
    let (process, config) = (&ctx.engine.process, &ctx.engine.config);
    let now = clock::now_us();
    let uptime = (now / 1000 - ctx.engine.started).max(0) / 1000;
    text.field("process_id", std::process::id());
    let supervised = if process.supervised.is_empty() { "no" } else { process.supervised };
    text.field("process_supervised", supervised);
    text.field("run_id", &process.run_id);
    text.field("tcp_port", if config.port() == 0 { config.tls_port() } else { config.port() });
    text.field("server_time_usec", now);
    text.field("uptime_in_seconds", uptime);
    text.field("uptime_in_days", uptime / (24 * 3600));
    text.field("hz", config.hz());
    text.field("configured_hz", config.hz());
    text.field("lru_clock", access::created(now / 1000, false));
    text.field("executable", &process.executable);
    let file = process.config_file.as_ref().map(|file| file.display().to_string());
    text.field("config_file", file.unwrap_or_default());
    text.field("io_threads_active", u8::from(process.workers > 1));
    if let Some(until) = ctx.engine.waits_for_replicas_until() {
        text.field("shutdown_in_milliseconds", until - ctx.keys.now());
    }
    listeners(text, ctx);
}

fn build(text: &mut Text) {
    text.field("redis_version", REDIS_VERSION);
    text.field("redpoll_version", env!("CARGO_PKG_VERSION"));
    text.field("redis_git_sha1", "00000000");
    text.field("redis_git_dirty", 0);
    text.field("redis_build_id", 0);
    text.field("redis_mode", "standalone");
    text.field("os", os());
    text.field("arch_bits", usize::BITS);
    text.field("monotonic_clock", "quanta");
    text.field("multiplexing_api", "epoll");
    text.field("atomicvar_api", "rust-std");
    text.field("gcc_version", "0.0.0");
}

fn os() -> String {
    let Ok(name) = nix::sys::utsname::uname() else { return String::new() };
    let part = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
    format!("{} {} {}", part(name.sysname()), part(name.release()), part(name.machine()))
}

/// A field for each way to connect.
fn listeners(text: &mut Text, ctx: &Ctx<'_>) {
    let config = &ctx.engine.config;
    let mut listeners = Vec::new();
    let addresses: String =
        config.bind().iter().map(|bind| format!(",bind={}", bind.to_str_lossy())).collect();
    for (name, port) in [("tcp", config.port()), ("tls", config.tls_port())] {
        if port != 0 {
            listeners.push(format!("name={name}{addresses},port={port}"));
        }
    }
    if config.rdma_port() != 0 {
        let bind = config.rdma_bind();
        let places: String =
            bind.iter().map(|bind| format!(",bind={}", bind.to_str_lossy())).collect();
        listeners.push(format!("name=rdma{places},port={}", config.rdma_port()));
    }
    if let Some(path) = config.unixsocket() {
        listeners.push(format!("name=unix,bind={}", path.to_str_lossy()));
    }
    for (number, listener) in listeners.iter().enumerate() {
        text.field(&format!("listener{number}"), listener);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    #[test]
    fn fields_stand_in_the_order_of_redis() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "INFO server");
        let names: Vec<&str> =
            info.lines().skip(1).filter_map(|line| line.split(':').next()).collect();
        assert_eq!(
            names,
            [
                "redis_version",
                "redpoll_version",
                "redis_git_sha1",
                "redis_git_dirty",
                "redis_build_id",
                "redis_mode",
                "os",
                "arch_bits",
                "monotonic_clock",
                "multiplexing_api",
                "atomicvar_api",
                "gcc_version",
                "process_id",
                "process_supervised",
                "run_id",
                "tcp_port",
                "server_time_usec",
                "uptime_in_seconds",
                "uptime_in_days",
                "hz",
                "configured_hz",
                "lru_clock",
                "executable",
                "config_file",
                "io_threads_active",
                "listener0",
            ]
        );
        assert!(info.contains("redis_version:7.2.4\r\n"), "{info}");
    }
}
