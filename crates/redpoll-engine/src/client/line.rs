//! A client's line in CLIENT LIST: its fields have the names and the order of Redis 7.2, and those
//! of later versions follow.
//!
//! What Redis tells of its buffers' insides has no counterpart here and is 0: `qbuf-free`,
//! `argv-mem`, `rbs`, `rbp`, `oll`. What is unread is one buffer, shown by `obl` and `omem` alike.

use super::{Client, flags};
use crate::engine::Engine;
use redpoll_resp::Proto;
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

/// Appends the line with its end.
pub fn push(text: &mut String, engine: &Engine, client: &Client, now: i64) {
    identity(text, client, now);
    state(text, client);
    memory(text, client);
    let last = client.figures.last_command.load(Relaxed).checked_sub(1);
    let command = last.map_or("NULL", |id| &engine.commands.row(id as usize).full_name);
    let proto = if client.proto() == Proto::Resp3 { 3 } else { 2 };
    let names = client.names.lock();
    let (user, library, version) = (&names.user, &names.lib_name, &names.lib_version);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        " cmd={command} user={user} redir={} resp={proto} lib-name={library} lib-ver={version}",
        client.redirection()
    );
    newer(text, client);
}

/// What Redis 8 and Valkey 9 tell beyond Redis 7.2, and what is ours.
fn newer(text: &mut String, client: &Client) {
    let figures = &client.figures;
    let _ = writeln!(
        text,
        " watch={} tot-net-in={} tot-net-out={} tot-cmds={} capa={} transport={}",
        figures.watched.load(Relaxed),
        figures.bytes_in.load(Relaxed),
        figures.bytes_out.load(Relaxed),
        figures.commands.load(Relaxed),
        client.capabilities(),
        client.transport()
    );
}

fn identity(text: &mut String, client: &Client, now: i64) {
    let origin = &client.origin;
    let (age, idle) = (now - client.created, now - client.figures.last_active.load(Relaxed));
    let _ = write!(
        text,
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={}",
        client.id,
        origin.address,
        origin.local_address,
        origin.descriptor,
        client.names.lock().name,
        age.max(0) / 1000,
        idle.max(0) / 1000,
        letters(client)
    );
}

fn state(text: &mut String, client: &Client) {
    let figures = &client.figures;
    let queued = i64::from(figures.queued.load(Relaxed)) - 1;
    let _ = write!(
        text,
        " db={} sub={} psub={} ssub={} multi={queued}",
        figures.db.load(Relaxed),
        figures.channels.load(Relaxed),
        figures.patterns.load(Relaxed),
        figures.shard_channels.load(Relaxed)
    );
}

fn memory(text: &mut String, client: &Client) {
    let figures = &client.figures;
    let (query, queued) = (figures.query_bytes.load(Relaxed), figures.queued_bytes.load(Relaxed));
    let (output, outbox) = (figures.output_bytes.load(Relaxed), client.outbox_len());
    let total = client.memory();
    let unread = output + outbox + figures.stream_bytes.load(Relaxed);
    let events = if unread > 0 { "rw" } else { "r" };
    let _ = write!(
        text,
        " qbuf={query} qbuf-free=0 argv-mem=0 multi-mem={queued} rbs=0 rbp=0 obl={unread} oll=0 \
         omem={unread} tot-mem={total} events={events}"
    );
}

/// The letters of the client's state; `N` if there are none.
pub fn letters(client: &Client) -> String {
    let figures = &client.figures;
    let subscribed = [&figures.channels, &figures.patterns, &figures.shard_channels];
    let letters = [
        ('O', client.has_flag(flags::MONITOR)),
        ('S', client.has_flag(flags::REPLICA)),
        ('M', client.has_flag(flags::PRIMARY)),
        ('P', subscribed.iter().any(|count| count.load(Relaxed) > 0)),
        ('x', figures.queued.load(Relaxed) > 0),
        ('b', client.has_flag(flags::BLOCKED)),
        ('r', client.has_flag(flags::READS_HERE)),
        ('d', client.has_flag(flags::DIRTY_EXEC)),
        ('t', client.has_flag(flags::TRACKING)),
        ('R', client.has_flag(flags::BROKEN_REDIRECT)),
        ('B', client.has_flag(flags::BROADCAST)),
        ('c', client.has_flag(flags::CLOSING)),
        ('U', client.origin.unix),
        ('e', client.has_flag(flags::NO_EVICT)),
        ('T', client.has_flag(flags::NO_TOUCH)),
        ('I', client.has_flag(flags::IMPORT_SOURCE)),
        ('g', client.has_flag(flags::BACKGROUND)),
    ];
    let text: String = letters.iter().filter(|(_, on)| *on).map(|(letter, _)| *letter).collect();
    if text.is_empty() { "N".to_owned() } else { text }
}
